"""Listening to the meetings of an emulator, over its WebSocket and in process, with both clients."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator
from typing import Any, NamedTuple

import pytest

from realtimekit import AsyncRealtimeKit, AuthenticationError, NotFoundError, RealtimeKit, ValidationError
from realtimekit.emulator import Emulator
from realtimekit.live import (
    BroadcastReceived,
    Gap,
    LiveEvent,
    ParticipantJoined,
    ParticipantLeft,
    ParticipantsKicked,
    SessionEnded,
    SessionStarted,
    TranscriptReceived,
    connect,
)
from realtimekit.transports.emulator import connected

PRESET = "group_call_host"
ALL = ("transcript", "participant", "broadcast")


class Way(NamedTuple):
    """An emulator and the settings of a client of it."""

    emulator: Emulator
    settings: dict[str, Any]


@pytest.fixture(scope="module")
def served() -> Iterator[Emulator]:
    with Emulator() as emulator, emulator.serve():
        yield emulator


@pytest.fixture(params=["served", "in process"])
def way(request: pytest.FixtureRequest, served: Emulator) -> Iterator[Way]:
    settings: dict[str, Any] = {**connected(served)}
    if request.param == "served":
        del settings["transport"]
        settings["base_url"] = f"{served.world.origin}/client/v4"
    yield Way(served, settings)
    served.reset()


class Meeting:
    """A meeting of the emulator, from the outside."""

    def __init__(self, way: Way) -> None:
        self.emulator = way.emulator
        self.client = RealtimeKit(**connected(way.emulator))
        self.id = self.client.meetings.create(title="Weekly").id
        preset = next(preset for preset in self.client.presets.all() if preset.name == PRESET)
        preset.update(permissions={"transcription_enabled": True})

    def join(self, name: str) -> Any:
        fields: dict[str, Any] = {
            "meeting_id": self.id,
            "preset_name": PRESET,
            "custom_participant_id": name.lower(),
            "name": name,
        }
        return self.emulator.join(self.id, self.client.participants.create(**fields).id)

    def sessions(self) -> list[str]:
        return [session.status for session in self.client.sessions.where(associated_id=self.id)]


def names(events: list[LiveEvent[Any]]) -> list[str]:
    return [event.name for event in events]


Story = Callable[[Meeting, str], None]


def story(meeting: Meeting, session_id: str) -> None:
    alice = meeting.join("Alice")
    meeting.emulator.speak(session_id, alice.peer_id, "good morning", 0, 900)
    meeting.emulator.broadcast(session_id, alice.peer_id, "reaction", {"emoji": "wave"})
    meeting.emulator.leave(meeting.id, alice.peer_id)
    meeting.emulator.end(meeting.id)


def wait_for_id(events: Any) -> None:
    """Wait until the listener has the id of its connection: before, nothing of it can be resumed."""
    for _ in range(1000):
        if events._driver._protocol._connection_id is not None:
            return
        time.sleep(0.005)
    pytest.fail("the listener has no id")


def listened(
    way: Way,
    meeting: Meeting,
    tell: Story,
    *,
    asynchronous: bool,
    after: Story | None = None,
    **options: Any,
) -> list[LiveEvent[Any]]:
    """Listen until the end of the session, and return the events.

    Args:
        way: the emulator, and how to reach it.
        meeting: the meeting.
        tell: what happens when the session has started.
        asynchronous: which client to use.
        after: what happens when a participant has joined.
        options: of `listen`.
    """
    stories: dict[type[LiveEvent[Any]], Story | None] = {SessionStarted: tell, ParticipantJoined: after}
    found: list[LiveEvent[Any]] = []
    if asynchronous:

        async def main() -> None:
            async with AsyncRealtimeKit(**way.settings) as client:
                ref = client.meetings.ref(meeting.id)
                async with ref.listen(preset_name=PRESET, subscriptions=ALL, **options) as events:
                    async for event in events:
                        found.append(event)
                        if happens := stories.get(type(event)):
                            await asyncio.to_thread(wait_for_id, events)
                            await asyncio.to_thread(happens, meeting, str(event.session_id))

        asyncio.run(main())
    else:
        with (
            RealtimeKit(**way.settings) as client,
            client.meetings.ref(meeting.id).listen(preset_name=PRESET, subscriptions=ALL, **options) as events,
        ):
            for event in events:
                found.append(event)
                if happens := stories.get(type(event)):
                    wait_for_id(events)
                    happens(meeting, str(event.session_id))
    return found


both_modes = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


@both_modes
def test_a_session(way: Way, asynchronous: bool) -> None:
    events = listened(way, Meeting(way), story, asynchronous=asynchronous, name="Notes bot")
    texts = [event for event in events if isinstance(event, TranscriptReceived)]
    assert [event.text for event in texts if event.is_final] == ["good morning"]
    assert texts[-1].speaker.display_name == "Alice"
    others = [event for event in events if not isinstance(event, TranscriptReceived)]
    kinds = [SessionStarted, ParticipantJoined, BroadcastReceived, ParticipantLeft, SessionEnded]
    assert list(map(type, others)) == kinds
    _, joined, broadcast, _, ended = others
    assert isinstance(joined, ParticipantJoined)
    assert (joined.participant.display_name, joined.participant.preset_name) == ("Alice", PRESET)
    assert isinstance(broadcast, BroadcastReceived)
    assert (broadcast.type, broadcast.payload) == ("reaction", {"emoji": "wave"})
    assert isinstance(ended, SessionEnded)
    assert ended.reason == "host_ended_meeting"
    assert ended.ended_at is not None


@both_modes
def test_kick_all(way: Way, asynchronous: bool) -> None:
    def kick(meeting: Meeting, _session_id: str) -> None:
        meeting.join("Alice")
        meeting.client.meetings.ref(meeting.id).active_session.kick_all()
        meeting.emulator.advance(600)  # the session outlives them for a while

    events = listened(way, Meeting(way), kick, asynchronous=asynchronous)
    assert [type(event) for event in events[-2:]] == [ParticipantsKicked, SessionEnded]


def test_a_kick(way: Way) -> None:
    def kick(meeting: Meeting, session_id: str) -> None:
        alice = meeting.join("Alice")
        meeting.client.meetings.ref(meeting.id).active_session.kick(custom_participant_ids=["alice"])
        assert alice.session_id == session_id
        meeting.emulator.end(meeting.id)

    events = listened(way, Meeting(way), kick, asynchronous=False)
    (left,) = [event for event in events if isinstance(event, ParticipantLeft)]
    assert left.participant.peer_id
    assert left.participant.display_name is None


def test_events_lead_into_the_api(way: Way) -> None:
    meeting = Meeting(way)
    with RealtimeKit(**way.settings) as client, client.meetings.ref(meeting.id).listen(preset_name=PRESET) as events:
        started = next(events)
        alice = meeting.join("Alice")
        joined = next(events)
        assert isinstance(joined, ParticipantJoined)
        assert joined.participant_record.id == alice.peer_id
        assert started.session is started.session
        assert (started.session.id, started.session.status) == (alice.session_id, "LIVE")
        assert joined.meeting_id == meeting.id


def test_events_lead_into_the_api_async(way: Way) -> None:
    meeting = Meeting(way)

    async def main() -> None:
        async with (
            AsyncRealtimeKit(**way.settings) as client,
            client.meetings.ref(meeting.id).listen(preset_name=PRESET) as events,
        ):
            session = await (await anext(events)).session
            assert session.status == "LIVE"

    asyncio.run(main())


@both_modes
def test_the_agent_leaves_when_the_block_ends(way: Way, asynchronous: bool) -> None:
    meeting = Meeting(way)

    class Stop(Exception):  # noqa: N818 - of this test alone
        pass

    def stop(_meeting: Meeting, _session_id: str) -> None:
        assert meeting.sessions() == ["LIVE"], "the agent counts as a participant"
        raise Stop

    with pytest.raises(Stop):
        listened(way, meeting, stop, asynchronous=asynchronous)
    for _ in range(500):  # until the server has processed the close
        way.emulator.advance(600)
        if meeting.sessions() == ["ENDED"]:
            return
        time.sleep(0.01)
    pytest.fail("the agent is still there")


def test_max_idle_asks_who_was_there_before(way: Way) -> None:
    meeting = Meeting(way)
    alice = meeting.join("Alice")
    with (
        RealtimeKit(**way.settings) as client,
        client.meetings.ref(meeting.id).listen(preset_name=PRESET, max_idle=0.1) as events,
    ):
        next(events)
        way.emulator.leave(meeting.id, alice.peer_id)
        assert names(list(events)) == ["participant.leave"]
        assert events.end_reason == "idle"


def test_from_a_token_alone(way: Way) -> None:
    meeting = Meeting(way)
    meeting.join("Alice")
    agent = meeting.client.meetings.ref(meeting.id).participants.create(preset_name=PRESET, custom_participant_id="bot")
    with RealtimeKit(**way.settings) as client:
        assert agent.token is not None
        with connect(agent.token, client=client) as events:
            assert isinstance(next(events), SessionStarted)


def test_a_wrong_token_or_preset(way: Way) -> None:
    meeting = Meeting(way)
    with RealtimeKit(**way.settings) as client:
        for token in ("nonsense", way.emulator.api_token):
            with pytest.raises(AuthenticationError, match="pass the token of a participant") as caught:
                connect(token, client=client).__enter__()
            assert token not in str(caught.value)
        with pytest.raises((ValidationError, NotFoundError), match=PRESET):
            client.meetings.ref(meeting.id).listen(preset_name="no-such-preset").__enter__()
        assert meeting.sessions() == [], "nobody joined"


def _final(event: LiveEvent[Any]) -> bool:
    return isinstance(event, TranscriptReceived) and event.is_final


@both_modes
@pytest.mark.parametrize("reason", ["reset", "upstream_lost"])
def test_connections_that_break_lose_nothing(way: Way, asynchronous: bool, reason: Any) -> None:
    meeting = Meeting(way)

    def speak(meeting: Meeting, session_id: str) -> None:
        way.emulator.add_fault(path="/agent-ws/v1", close=reason, repeat=3, times=3)
        for number in range(20):
            meeting.emulator.speak(session_id, bob.peer_id, f"word {number}", number * 1000, number * 1000 + 900)
        meeting.emulator.leave(meeting.id, bob.peer_id)
        meeting.emulator.end(meeting.id)

    bob = meeting.join("Bob")
    events = listened(way, meeting, lambda meeting, _: meeting.join("Alice"), asynchronous=asynchronous, after=speak)
    assert [event["text"] for event in events if _final(event)] == [f"word {number}" for number in range(20)]
    assert names(events).count("participant.leave") == 1
    assert not [event for event in events if isinstance(event, Gap) and event.reason != "session_started_again"]
