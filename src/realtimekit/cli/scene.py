"""A meeting to look at: three people plan a release. Played through the API, as a backend and three browsers would."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit import RealtimeKit
    from realtimekit.emulator import Emulator, Peer

TITLE = "Release planning"
PEOPLE = ("Alice", "Bob", "Carol")


class Credentials(TypedDict, total=False):
    """What an emulator is made with."""

    account_id: str
    app_id: str
    api_token: str


# Names that can be typed. The token opens nothing but an emulator.
CREDENTIALS: Credentials = {"account_id": "acc-1", "app_id": "app-1", "api_token": "emulator-token"}

# In the order in which the emulator asks for new ids, so that the README's examples can name them.
NAMED_IDS = (
    "meet-1",
    "part-1",
    "part-2",
    "part-3",
    "sess-1",
    "live-1",
    "rec-1",
    "peer-1",
    "live-session-1",
    "peer-2",
    "peer-3",
)

# seconds after the start, who, what
SAID = (
    (5, 0, "Good morning. Today we decide whether the release goes out on Thursday."),
    (17, 1, "The tests have been green for three days. I see no reason to wait."),
    (30, 2, "Documentation still lacks the upgrade notes. I can have them by Wednesday."),
    (44, 0, "Then Thursday it is, if Carol's notes are in by Wednesday evening."),
)
WRITTEN = (
    (20, 1, "https://ci.example.com/builds/4711"),
    (33, 2, 'Draft: "Upgrade notes", first half'),
)
SPOKEN = 60  # milliseconds for a character
JOIN_GAP = 20  # seconds between one coming and the next
TALK = 400  # seconds that they stay together
ALONE = 30  # seconds that the others stay after one has left
AFTERWARDS = 10  # seconds until the recording and the summary are there
LENGTH = JOIN_GAP * len(PEOPLE) + TALK + ALONE + AFTERWARDS


class People(Protocol):
    """`Emulator`, or `RemoteEmulator`."""

    def join(self, meeting_id: str, participant_id: str) -> Peer: ...
    def leave(self, meeting_id: str, peer_id: str) -> None: ...
    def chat(self, session_id: str, peer_id: str, text: str) -> str: ...
    def speech(self, session_id: str, peer_id: str, text: str, start_ms: int, end_ms: int) -> None: ...
    def end(self, meeting_id: str) -> str: ...
    def advance(self, seconds: float) -> str: ...


def play(client: RealtimeKit, people: People, tell: Callable[[str], object] = lambda _: None) -> list[Peer]:
    """Let them meet.

    Args:
        client: what creates the meeting and adds the participants.
        people: what joins, talks and leaves.
        tell: is told what happens.

    Returns:
        The peers, in the order in which they came; all of one session.
    """
    meeting = client.meetings.create(
        title=TITLE,
        transcribe_on_end=True,
        summarize_on_end=True,
        live_stream_on_start=True,
        record_on_start=True,
    )
    tell(f"created the meeting {TITLE!r}")
    participants = [
        meeting.participants.create(
            name=name, custom_participant_id=f"user-{name.lower()}", preset_name="group_call_participant"
        )
        for name in PEOPLE
    ]
    tell(f"added {', '.join(PEOPLE)}; each has a token to join with")
    peers = []
    for name, participant in zip(PEOPLE, participants, strict=True):
        peers.append(people.join(meeting.id, participant.id))
        tell(f"{name} joins")
        people.advance(JOIN_GAP)
    session_id = peers[0].session_id
    begun = JOIN_GAP * len(PEOPLE)
    for second, who, text in SAID:
        start = (begun + second) * 1000
        people.speech(session_id, peers[who].peer_id, text, start, start + len(text) * SPOKEN)
    now = 0
    for second, who, text in WRITTEN:
        people.advance(second - now)
        people.chat(session_id, peers[who].peer_id, text)
        now = second
    tell(f"they talk ({len(SAID)} sentences) and write ({len(WRITTEN)} messages)")
    people.advance(TALK - now)
    people.leave(meeting.id, peers[1].peer_id)
    tell(f"{PEOPLE[1]} leaves")
    people.advance(ALONE)
    people.end(meeting.id)
    tell("the meeting ends")
    people.advance(AFTERWARDS)
    tell("its recording is uploaded, and its summary written")
    return peers


def begin(emulator: Emulator) -> None:
    """Turn a new emulator's clock back, so that what is played on it has just ended."""
    from realtimekit.emulator.clock import Clock  # noqa: PLC0415 - of the extra `emulator`

    with emulator.world.lock, emulator.world.store.transaction():
        emulator.world.clock = Clock(emulator.world.clock.ahead.total_seconds() - LENGTH)
        emulator.world.store.run("update apps set created_at = min(created_at, ?)", emulator.now())
