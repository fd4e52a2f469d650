"""The demo scenario: three people plan a release. It makes the calls that a backend and three browsers would make."""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol, TypedDict

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit import RealtimeKit
    from realtimekit.archive import Archive
    from realtimekit.archive.verify import Verification
    from realtimekit.emulator import Emulator, Peer

TITLE = "Release planning"
PARTICIPANTS = ("Alice", "Bob", "Carol")


class Credentials(TypedDict, total=False):
    """Arguments of an emulator."""

    account_id: str
    app_id: str
    api_token: str


# Easy to type. The token is valid only for an emulator.
CREDENTIALS: Credentials = {"account_id": "acc-1", "app_id": "app-1", "api_token": "emulator-token"}

# In the order in which the emulator takes new ids. The README's examples use them.
FIXED_IDS = (
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

# (seconds after all have joined, index of the participant, text)
SPEECH = (
    (5, 0, "Good morning. Today we decide whether the release goes out on Thursday."),
    (17, 1, "The tests have been green for three days. I see no reason to wait."),
    (30, 2, "Documentation still lacks the upgrade notes. I can have them by Wednesday."),
    (44, 0, "Then Thursday it is, if Carol's notes are in by Wednesday evening."),
)
CHAT_MESSAGES = (
    (20, 1, "https://ci.example.com/builds/4711"),
    (33, 2, 'Draft: "Upgrade notes", first half'),
)
SPEECH_MS_PER_CHARACTER = 60
JOIN_INTERVAL = 20  # seconds between two who join
TALK_TIME = 400  # seconds with all participants
REMAINING_TIME = 30  # seconds after one has left
PROOF_TIME = 3700  # seconds until nothing of the session can appear late
SEARCH = "Thursday"
PROCESSING_TIME = 10  # seconds until the recording and the summary are ready
TOTAL_TIME = JOIN_INTERVAL * len(PARTICIPANTS) + TALK_TIME + REMAINING_TIME + PROCESSING_TIME


class Simulation(Protocol):
    """The methods of `Emulator` and `RemoteEmulator` that simulate participants and time."""

    def join(self, meeting_id: str, participant_id: str) -> Peer: ...
    def leave(self, meeting_id: str, peer_id: str) -> None: ...
    def chat(self, session_id: str, peer_id: str, text: str) -> str: ...
    def speak(self, session_id: str, peer_id: str, text: str, start_ms: int, end_ms: int) -> None: ...
    def end(self, meeting_id: str) -> str: ...
    def advance(self, seconds: float) -> str: ...


def archive(client: RealtimeKit, emulator: Emulator, folder: str) -> tuple[Archive, Verification]:
    """Archive the sessions of the demo, and prove that none is missing.

    Args:
        client: reads the sessions.
        emulator: its clock is advanced: only a time that is over for good can be proven.
        folder: where to.
    """
    from realtimekit.archive import Archive  # its libraries take a moment to load

    made = Archive(folder)
    made.sync(client)
    emulator.advance(PROOF_TIME)
    made.sync(client)
    return made, made.verify(deep=True)


def run(client: RealtimeKit, simulation: Simulation, report: Callable[[str], object] = lambda _: None) -> list[Peer]:
    """Run the scenario.

    Args:
        client: creates the meeting and adds the participants.
        simulation: simulates what the participants do.
        report: called with a line for each step.

    Returns:
        The peers of the session, in the order in which they joined.
    """
    meeting = client.meetings.create(
        title=TITLE,
        transcribe_on_end=True,
        summarize_on_end=True,
        live_stream_on_start=True,
        record_on_start=True,
    )
    report(f"created the meeting {TITLE!r}")
    participants = [
        meeting.participants.create(
            name=name, custom_participant_id=f"user-{name.lower()}", preset_name="group_call_participant"
        )
        for name in PARTICIPANTS
    ]
    report(f"added {', '.join(PARTICIPANTS)}; each has a token to join with")
    peers = []
    for name, participant in zip(PARTICIPANTS, participants, strict=True):
        peers.append(simulation.join(meeting.id, participant.id))
        report(f"{name} joins")
        simulation.advance(JOIN_INTERVAL)
    session_id = peers[0].session_id
    all_joined = JOIN_INTERVAL * len(PARTICIPANTS)
    for second, who, text in SPEECH:
        start = (all_joined + second) * 1000
        simulation.speak(session_id, peers[who].peer_id, text, start, start + len(text) * SPEECH_MS_PER_CHARACTER)
    now = 0
    for second, who, text in CHAT_MESSAGES:
        simulation.advance(second - now)
        simulation.chat(session_id, peers[who].peer_id, text)
        now = second
    report(f"they talk ({len(SPEECH)} sentences) and write ({len(CHAT_MESSAGES)} messages)")
    simulation.advance(TALK_TIME - now)
    simulation.leave(meeting.id, peers[1].peer_id)
    report(f"{PARTICIPANTS[1]} leaves")
    simulation.advance(REMAINING_TIME)
    simulation.end(meeting.id)
    report("the meeting ends")
    simulation.advance(PROCESSING_TIME)
    report("its recording is uploaded, and its summary is ready")
    return peers


def backdate_clock(emulator: Emulator) -> None:
    """Set back the clock of a new emulator, so that the scenario ends at the present time."""
    from realtimekit.emulator.clock import Clock  # needs the extra `emulator`

    with emulator.world.lock, emulator.world.store.transaction():
        emulator.world.clock = Clock(emulator.world.clock.ahead.total_seconds() - TOTAL_TIME)
        emulator.world.store.run("update apps set created_at = min(created_at, ?)", emulator.now())
