"""Listening to a scripted WebSocket server: what each client gets, and what the server sees."""

from __future__ import annotations

import asyncio
import json
import logging
import pickle
import threading
import time
import traceback
from collections.abc import AsyncGenerator, Callable, Generator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from realtimekit import APIConnectionError, AuthenticationError, NotFoundError, ServerError, ValidationError
from realtimekit.errors import APIError, ConfigurationError
from realtimekit.live import (
    BroadcastReceived,
    ConnectionReplacedError,
    Gap,
    LiveEvent,
    ParticipantJoined,
    ParticipantLeft,
    SessionEnded,
    TranscriptReceived,
    UnknownEvent,
    UpstreamRejectedError,
    connect,
)

from .listening import listen, names
from .scripted_server import (
    TOKEN,
    Act,
    Refuse,
    ScriptedServer,
    Visit,
    kicked,
    participant,
    transcript,
)

pytestmark = pytest.mark.parametrize("asynchronous", [False, True], ids=["sync", "async"])


def until_closed(visit: Visit) -> None:
    visit.started()
    visit.wait_closed()


# --- events -----------------------------------------------------------------------------------------------------------


def everything(visit: Visit) -> None:
    """Send every frame of the reference, and some that it does not know."""
    visit.started()
    visit.event("participant.join", participant("Alice"))
    visit.event("transcript.received", transcript("hel", final=False))
    visit.event("transcript.received", {**transcript("hello", second=65), "language": "en"})
    wave = {"type": "wave", "payload": {"n": [1, None]}, "created_at": "2026-11-29T10:00:05Z"}
    visit.event("broadcast.received", wave, a_new_field=1)
    visit.event("participant.leave", kicked("Alice"))
    visit.event("hand.raised", {"peer_id": "peer-Alice"})
    visit.send({"category": "tomorrow", "name": "x"})
    visit.event("participant.kick_all")
    visit.ended("force_cleanup")


def test_every_event(asynchronous: bool) -> None:
    with ScriptedServer(everything) as server:
        found = listen(server, asynchronous=asynchronous, subscriptions=["transcript", "participant", "broadcast"])
    assert [event.name for event in found] == [
        "session.started", "participant.join", "transcript.received", "transcript.received", "broadcast.received",
        "participant.leave", "hand.raised", "participant.kick_all", "session.ended",
    ]  # fmt: skip
    _, joined, partial, final, broadcast, left, unknown, _, ended = found
    assert isinstance(joined, ParticipantJoined)
    assert joined.participant.display_name == "Alice"
    assert joined.participant.waitlisted is False
    assert isinstance(partial, TranscriptReceived)
    assert not partial.is_final
    assert isinstance(final, TranscriptReceived)
    assert final["language"] == "en", "unknown fields are kept"
    assert final.started_at == datetime(2026, 11, 29, 10, 1, 5, 250_000, tzinfo=UTC)
    segment = final.segment()
    assert (segment.start, segment.end) == (timedelta(seconds=65.25), timedelta(seconds=65.25)), "the end is truncated"
    assert (segment.speaker, segment.text) == ("Alice", "hello")
    assert segment.peer == ("peer-Alice", "part-Alice", "alice")
    assert isinstance(broadcast, BroadcastReceived)
    assert (broadcast.type, broadcast.payload) == ("wave", {"n": [1, None]})
    assert isinstance(left, ParticipantLeft)
    assert (left.participant.peer_id, left.participant.display_name) == ("peer-Alice", None)
    assert isinstance(unknown, UnknownEvent)
    assert unknown["peer_id"] == "peer-Alice"
    assert isinstance(ended, SessionEnded)
    assert (ended.reason, ended.ended_at) == ("force_cleanup", datetime(2026, 11, 29, 11, tzinfo=UTC))
    assert {(event.session_id, event.meeting_id) for event in found} == {("s-1", "m-1")}
    assert server.queries == [{"subscriptions": "transcript,participant,broadcast"}]
    assert server.headers[0]["authorization"] == f"Bearer {TOKEN}"
    assert server.headers[0]["sec-websocket-protocol"] == "realtimekit.v1"


def test_events_can_be_pickled_and_not_changed(asynchronous: bool) -> None:
    with ScriptedServer(everything) as server:
        found = listen(server, asynchronous=asynchronous)
    again = pickle.loads(pickle.dumps(found))
    assert again == found
    assert [(event.name, event.session_id) for event in again] == [(event.name, event.session_id) for event in found]
    with pytest.raises(AttributeError):
        setattr(found[3], "text", "other")  # noqa: B010 - type checkers know that it cannot be


def test_names_are_hostile(asynchronous: bool) -> None:
    evil = "\x1b[31m\u202eevil\n"

    def act(visit: Visit) -> None:
        visit.started()
        visit.event(evil, {"participant": evil})
        visit.event("participant.join", {"participant": {"peer_id": "../x", "display_name": evil}})
        visit.ended(evil)

    with ScriptedServer(act) as server:
        _, unknown, joined, ended = listen(server, asynchronous=asynchronous)
    assert "\x1b" not in repr([unknown, joined, ended])
    assert isinstance(ended, SessionEnded)
    assert ended.reason == evil


def test_fragments_and_large_frames(asynchronous: bool) -> None:
    long = "ü" * 1_000_000

    def act(visit: Visit) -> None:
        visit.started()
        text = json.dumps({"category": "message", "name": "transcript.received", "data": transcript("in pieces é")})
        visit.send_raw(list(text))
        visit.send_raw(json.dumps({"category": "message", "name": "x", "data": {"text": long}}).encode())
        visit.ended()

    with ScriptedServer(act) as server:
        found = listen(server, asynchronous=asynchronous)
    assert names(found)[1:3] == ["in pieces é", long]


def test_captions_and_segments(asynchronous: bool) -> None:
    def act(visit: Visit) -> None:
        visit.started()
        visit.said("good", final=False)
        visit.said("good morning", final=False)
        visit.said("hi", speaker="Bob")
        visit.said("good morning all")
        visit.event("participant.leave", participant("Bob"))
        visit.ended()

    def captions() -> list[list[str]]:
        with connect(TOKEN, agent_url=server.url) as events:
            return [[f"{each.speaker}: {each.text}" for each in captions] for captions in events.captions()]

    async def captions_async() -> list[list[str]]:
        async with connect(TOKEN, agent_url=server.url) as events:
            return [[f"{each.speaker}: {each.text}" for each in captions] async for captions in events.captions()]

    def segments() -> list[str]:
        with connect(TOKEN, agent_url=server.url) as events:
            return [segment.text for segment in events.segments()]

    async def segments_async() -> list[str]:
        async with connect(TOKEN, agent_url=server.url) as events:
            return [segment.text async for segment in events.segments()]

    with ScriptedServer(act) as server:
        assert (asyncio.run(captions_async()) if asynchronous else captions()) == [
            ["Alice: good"],
            ["Alice: good morning"],
            ["Alice: good morning", "Bob: hi"],
            ["Bob: hi", "Alice: good morning all"],
            ["Alice: good morning all"],
        ]
        assert (asyncio.run(segments_async()) if asynchronous else segments()) == ["hi", "good morning all"]


# --- leaving ----------------------------------------------------------------------------------------------------------


class Stop(BaseException):
    """Not an Exception: as KeyboardInterrupt and CancelledError are not."""


@pytest.mark.parametrize("error", [None, ValueError, Stop, KeyboardInterrupt])
def test_the_block_ends_with_1000(asynchronous: bool, error: type[BaseException] | None) -> None:
    def leave(_event: LiveEvent[Any]) -> None:
        if error is not None:
            raise error

    with ScriptedServer(until_closed) as server:
        if error is not None:
            with pytest.raises(error):
                listen(server, asynchronous=asynchronous, each=leave)
        else:
            first_event(server, asynchronous=asynchronous)
    assert server.close_codes == [1000]


def first_event(server: ScriptedServer, *, asynchronous: bool) -> LiveEvent[Any]:
    async def main() -> LiveEvent[Any]:
        async with connect(TOKEN, agent_url=server.url) as events:
            return await anext(events)

    if asynchronous:
        return asyncio.run(main())
    with connect(TOKEN, agent_url=server.url) as events:
        return next(events)


def test_a_generator_that_is_closed_leaves(asynchronous: bool) -> None:
    def notes() -> Generator[LiveEvent[Any]]:
        with connect(TOKEN, agent_url=server.url) as events:
            yield from events

    async def main() -> None:
        async def notes() -> AsyncGenerator[LiveEvent[Any]]:
            async with connect(TOKEN, agent_url=server.url) as events:
                async for event in events:
                    yield event

        generator = notes()
        await anext(generator)
        await generator.aclose()

    with ScriptedServer(until_closed) as server:
        if asynchronous:
            asyncio.run(main())
        else:
            generator = notes()
            next(generator)
            generator.close()
    assert server.close_codes == [1000]


def test_a_wait_that_is_interrupted_leaves(asynchronous: bool) -> None:
    """A canceled task; another thread that leaves while this one waits."""

    async def main() -> None:
        async def wait() -> None:
            async with connect(TOKEN, agent_url=server.url) as events:
                async for _ in events:
                    started.set()

        started = asyncio.Event()
        task = asyncio.create_task(wait())
        await started.wait()
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with ScriptedServer(until_closed) as server:
        if asynchronous:
            asyncio.run(main())
        else:
            with connect(TOKEN, agent_url=server.url) as events:
                next(events)
                timer = threading.Timer(0.02, events.leave)
                timer.start()
                assert list(events) == []
                timer.join()
    assert server.close_codes == [1000]


def test_leaving_while_the_backlog_is_full(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("realtimekit.agent.websocket.CLOSE_TIMEOUT", 0.2)

    def act(visit: Visit) -> None:
        visit.started()
        for number in range(2000):
            visit.said("x" * 1000, second=number % 60)
        visit.wait_closed()

    with ScriptedServer(act) as server:
        began = time.monotonic()
        with pytest.raises(ValueError, match="enough"):
            listen(server, asynchronous=asynchronous, each=_enough, max_backlog=1)
        assert time.monotonic() - began < 5
    assert not [thread for thread in threading.enumerate() if thread.name == "realtimekit.live"]


def _enough(_event: LiveEvent[Any]) -> None:
    time.sleep(0.05)
    raise ValueError("enough")


def test_max_idle(asynchronous: bool) -> None:
    with ScriptedServer(until_closed) as server:
        assert names(listen(server, asynchronous=asynchronous, max_idle=0.05)) == ["session.started"]
    assert server.close_codes == [1000]


# --- closes and cuts --------------------------------------------------------------------------------------------------


def closing(code: int, reason: str) -> Act:
    def act(visit: Visit) -> None:
        visit.started()
        visit.wait_for_request()
        visit.said("one")
        visit.close(code, reason)

    return act


def two(visit: Visit) -> None:
    visit.said("two", second=2)
    visit.ended()


@pytest.mark.parametrize(
    ("code", "reason", "expected"),
    [
        (1000, "session_ended", ["session.started", "one"]),
        (1013, "queue_overflow", ["session.started", "one", "queue_overflow", "two", "all_participants_left"]),
        (1013, "upstream_lost", ["session.started", "one", "two", "all_participants_left"]),
        (1013, "upstream_unavailable", ["session.started", "one", "two", "all_participants_left"]),
        (1011, "", ["session.started", "one", "two", "all_participants_left"]),
        (4403, "upstream_rejected", UpstreamRejectedError),
        (4409, "replaced", ConnectionReplacedError),
    ],
)
def test_close_codes(asynchronous: bool, code: int, reason: str, expected: Any) -> None:
    with ScriptedServer(closing(code, reason), two) as server:
        if isinstance(expected, list):
            assert names(listen(server, asynchronous=asynchronous)) == expected
        else:
            with pytest.raises(expected):
                listen(server, asynchronous=asynchronous)
        ids = [query.get("connection_id") for query in server.queries]
    resumed = code not in {1000, 4403, 4409}
    assert ids == [None, *([None if reason == "queue_overflow" else "connection-1"] * resumed)]


FRAMES: list[Callable[[Visit], None]] = [
    lambda visit: visit.event("participant.join", participant("Alice")),
    lambda visit: visit.said("a"),
    lambda visit: visit.said("b", second=2),
    lambda visit: visit.event("broadcast.received", {"type": "x", "payload": 1, "created_at": "2026-11-29T10:00:00Z"}),
    lambda visit: visit.event("participant.leave", participant("Alice")),
    lambda visit: visit.said("c", second=3),
]


@pytest.mark.parametrize("at", range(len(FRAMES) + 1))
def test_a_cut_at_every_point_loses_and_repeats_nothing(asynchronous: bool, at: int) -> None:
    """The server sends the last two again, as it may; one cut is in the middle of a frame."""

    def cut(visit: Visit) -> None:
        visit.started()
        visit.wait_for_request()
        for send in FRAMES[:at]:
            send(visit)
        visit.send_half_a_frame()
        visit.cut()

    def rest(visit: Visit) -> None:
        for send in FRAMES[max(0, at - 2) :]:
            send(visit)
        visit.ended()

    with ScriptedServer(cut, rest) as server:
        found = listen(server, asynchronous=asynchronous, subscriptions=["transcript", "participant", "broadcast"])
    expected = ["participant.join", "a", "b", "broadcast.received", "participant.leave", "c"]
    assert names(found) == ["session.started", *expected, "all_participants_left"]


def test_200_resumes(asynchronous: bool) -> None:
    def part(number: int) -> Act:
        def act(visit: Visit) -> None:
            if not number:
                visit.started()
            visit.wait_for_request()
            visit.said(str(number), second=number)
            if number % 2:
                visit.cut()
            else:
                visit.close(1013, "upstream_lost")

        return act

    with ScriptedServer(*map(part, range(200)), Visit.ended) as server:
        found = listen(server, asynchronous=asynchronous)
    assert names(found) == ["session.started", *map(str, range(200)), "all_participants_left"]
    assert len(server.queries) == 201


def test_a_server_that_closes_and_keeps_the_line_open(asynchronous: bool) -> None:
    """The grace period is 5 seconds: nobody waits that long for the end of a closed connection."""

    def act(visit: Visit) -> None:
        visit.started()
        visit.wait_for_request()
        visit.send_close_frame_only(1013, "upstream_lost")

    with ScriptedServer(act, two) as server:
        began = time.monotonic()
        assert names(listen(server, asynchronous=asynchronous))[1:] == ["two", "all_participants_left"]
        assert time.monotonic() - began < 4


# --- refusals ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("refusal", "kind", "cure"),
    [
        (Refuse(400, "BAD_REQUEST", "Sec-WebSocket-Protocol is missing"), ValidationError, "subprotocol"),
        (Refuse(400, "INVALID_QUERY", "unknown parameter"), ValidationError, "subscriptions"),
        (Refuse(401, "UNAUTHENTICATED", "Invalid token"), AuthenticationError, "token of a participant"),
        (Refuse(404, "CONNECTION_NOT_FOUND", "none"), NotFoundError, "another participant"),
        (Refuse(403, body=b"<html>blocked</html>"), APIError, "token of a participant"),
        (Refuse(200, body=b"hello"), APIError, "agent_url="),
        (Refuse(302, body=b""), APIError, "agent_url="),
    ],
)
def test_refusals(asynchronous: bool, refusal: Refuse, kind: type[Exception], cure: str) -> None:
    with ScriptedServer(refusal) as server, pytest.raises(kind, match=cure) as caught:
        listen(server, asynchronous=asynchronous)
    assert len(server.queries) == 1
    if refusal.body is None:
        assert refusal.message in str(caught.value)
        assert isinstance(caught.value, APIError)
        assert caught.value.body["error"]["code"] == refusal.code


def test_a_busy_server_is_asked_again(asynchronous: bool) -> None:
    busy = Refuse(503, "BUSY", "later", retryable=True)
    with ScriptedServer(busy, Visit.ended) as server:
        assert len(listen(server, asynchronous=asynchronous)) == 1
    with ScriptedServer(busy) as server, pytest.raises(ServerError, match="later"):
        listen(server, asynchronous=asynchronous)
    assert len(server.queries) == 3


def test_nobody_is_there(asynchronous: bool) -> None:
    with ScriptedServer(until_closed) as server:
        pass
    with pytest.raises(APIConnectionError, match=r"cannot connect to 127\.0\.0\.1"):
        listen(server, asynchronous=asynchronous)


# --- arguments --------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("options", "kind", "message"),
    [
        ({"subscriptions": ["chat"]}, ValueError, "there is no 'chat'; choose from 'transcript', 'participant'"),
        ({"subscriptions": []}, ValueError, "is empty"),
        ({"subscriptions": "transcript"}, TypeError, "must be a list"),
        ({"max_idle": 0}, ValueError, "max_idle=0"),
        ({"max_backlog": 0}, ValueError, "max_backlog=0"),
        ({"timeout": -1}, ConfigurationError, "timeout=-1"),
        ({"agent_url": "http://127.0.0.1/"}, ConfigurationError, "must start with wss://"),
        ({"client": "me"}, TypeError, "must be a RealtimeKit"),
    ],
)
def test_a_wrong_argument_is_refused_before_anything_is_sent(
    asynchronous: bool, options: dict[str, Any], kind: type[Exception], message: str
) -> None:
    given: dict[str, Any] = {"agent_url": "ws://127.0.0.1:9/", **options}
    with pytest.raises(kind, match=message):
        connect(TOKEN, **given)


@pytest.mark.parametrize("token", [None, b"token", "", "  ", "two words", "a\nb", "é"])
def test_a_wrong_token_is_refused_before_anything_is_sent(asynchronous: bool, token: Any) -> None:
    with pytest.raises((TypeError, ValueError), match="token"):
        connect(token, agent_url="ws://127.0.0.1:9/")


def test_a_listener_is_no_iterator(asynchronous: bool) -> None:
    listener = connect(TOKEN, agent_url="ws://127.0.0.1:9/")
    with pytest.raises(TypeError, match=r"use `with"):
        listener.__aiter__() if asynchronous else listener.__iter__()


# --- secrets ----------------------------------------------------------------------------------------------------------


def test_the_token_appears_nowhere(asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    texts: list[str] = []

    def look(error: BaseException) -> None:
        texts.extend(traceback.format_exception(error))
        frame = error.__traceback__
        while frame is not None:
            if (
                "/realtimekit/" in frame.tb_frame.f_code.co_filename
                or "/websockets/" in frame.tb_frame.f_code.co_filename
            ):
                texts.extend(map(repr, frame.tb_frame.f_locals.values()))
            frame = frame.tb_next

    refused = Refuse(401, "UNAUTHENTICATED", "no")
    for acts in ([refused], [closing(4403, "upstream_rejected")], [closing(1011, ""), refused]):
        with ScriptedServer(*acts) as server:
            try:
                listen(server, asynchronous=asynchronous)
            except Exception as error:
                look(error)
    try:
        listen(server, asynchronous=asynchronous)  # it is gone
    except APIConnectionError as error:
        look(error)
    listener = connect(TOKEN, agent_url=server.url)
    texts.extend([repr(listener), repr(vars(listener))])
    logged = [record.getMessage() for record in caplog.records if record.name != "websockets.server"]
    assert [text for text in logged if "> Authorization" in text], "the library logs its requests"
    texts.extend(logged)
    assert not [text for text in texts if TOKEN in text]


# --- slow consumers ---------------------------------------------------------------------------------------------------


def test_what_arrives_while_a_consumer_stops_waits_for_it(asynchronous: bool) -> None:
    sent = threading.Event()

    def act(visit: Visit) -> None:
        visit.started()
        for number in range(2000):
            visit.said(str(number), second=number)
        sent.set()
        visit.ended()

    def stop(event: LiveEvent[Any]) -> None:
        if event.name == "session.started" and not asynchronous:
            assert sent.wait(10)
        elif event.name == "session.started":
            time.sleep(0.1)  # the loop stands still

    with ScriptedServer(act) as server:
        found = listen(server, asynchronous=asynchronous, each=stop)
    assert names(found)[1:-1] == list(map(str, range(2000)))


def test_a_full_backlog_waits_on_the_server(asynchronous: bool) -> None:
    """Reading stops: the rest stays with the server, and arrives when reading goes on."""
    sent: list[int] = []

    def act(visit: Visit) -> None:
        visit.started()
        for number in range(2000):
            visit.said(f"{number} {'x' * 10_000}", second=number)
            sent.append(number)
        visit.ended()

    def slow(event: LiveEvent[Any]) -> None:
        if event.name == "session.started":
            before = -1
            while len(sent) != before:  # until the server is stuck
                before = len(sent)
                time.sleep(0.2)
            stuck.append(before)

    stuck: list[int] = []
    with ScriptedServer(act) as server:
        found = listen(server, asynchronous=asynchronous, each=slow, max_backlog=100_000)
    assert stuck[0] < 1900, "the rest waits in the server"
    assert len(found) == 2002
    assert not [event for event in found if isinstance(event, Gap)]
