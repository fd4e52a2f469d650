"""Routers: handlers by name, by class, for everything; merged; sync and async; mistakes are reported at once."""

from __future__ import annotations

import asyncio
import functools
import re
import threading
from typing import Any

import pytest

from realtimekit import Async
from realtimekit.webhooks import (
    AsyncRouter,
    Event,
    MeetingEnded,
    MeetingEvent,
    ParticipantEvent,
    Router,
    UnknownEvent,
    parse_event,
)

from . import samples

UNKNOWN = {"event": "meeting.raisedHand"}


def event(sample: dict[str, Any]) -> Event:
    return parse_event(sample)


def registered(router: Router, *what: Any, **options: Any) -> list[str]:
    """The names of the events that reach a handler registered this way."""
    seen: list[str] = []
    router.on(*what, **options)(lambda event: seen.append(event.type))
    for sample in [*samples.ALL, UNKNOWN]:
        router.dispatch(event(sample))
    return seen


EVERYTHING = [sample["event"] for sample in [*samples.ALL, UNKNOWN]]
OF_MEETINGS = [name for name in EVERYTHING if name.startswith("meeting.") and name != "meeting.chatSynced"][:-1]


@pytest.mark.parametrize(
    ("what", "seen"),
    [
        (("meeting.ended",), ["meeting.ended"]),
        ((MeetingEnded,), ["meeting.ended"]),
        (("meeting.ended", "recording.statusUpdate"), ["meeting.ended", "recording.statusUpdate"]),
        (("meeting.ended", MeetingEnded, Event), EVERYTHING),
        ((ParticipantEvent,), ["meeting.participantJoined", "meeting.participantLeft"]),
        ((MeetingEvent,), OF_MEETINGS),
        ((UnknownEvent,), ["meeting.raisedHand"]),
        ((Event,), EVERYTHING),
        ((), EVERYTHING),
    ],
    ids=str,
)
def test_which_events_a_handler_gets(what: tuple[Any, ...], seen: list[str]) -> None:
    assert registered(Router(), *what) == seen


def test_a_name_that_this_version_does_not_know() -> None:
    assert registered(Router(), "meeting.raisedHand", allow_unknown=True) == ["meeting.raisedHand"]


@pytest.mark.parametrize(
    ("name", "meant"),
    [
        ("meeting.end", "meeting.ended"),
        ("participant.joined", "meeting.participantJoined"),
        ("meeting.participant_left", "meeting.participantLeft"),
        ("MEETING.STARTED", "meeting.started"),
        ("recording.status_update", "recording.statusUpdate"),
    ],
)
def test_a_wrong_name_is_an_error_with_a_hint(name: str, meant: str) -> None:
    with pytest.raises(ValueError, match=re.escape(f"no event is named {name!r}; did you mean {meant!r}?")):
        Router().on(name)


def test_arguments_that_are_not_events() -> None:
    with pytest.raises(ValueError, match=r"the names are livestreaming.statusUpdate, "):
        Router().on("zzz")
    with pytest.raises(ValueError, match="no event is named ''"):
        Router().on("", allow_unknown=True)
    nothing: list[Any] = [1, str, None, lambda event: event]
    for wrong in nothing:
        with pytest.raises(TypeError, match="takes event names and event classes"):
            Router().on(wrong)
    with pytest.raises(TypeError, match="a handler is a function"):
        Router().on()("not a function")  # type: ignore[arg-type]


def test_order_and_the_first_failure() -> None:
    router, calls = Router(), list[str]()
    router.on()(lambda _: calls.append("first"))

    @router.on("meeting.ended")
    def fails(_: MeetingEnded) -> None:
        calls.append("second")
        raise LookupError("no such thing")

    router.on()(lambda _: calls.append("third"))
    with pytest.raises(LookupError):
        router.dispatch(event(samples.ENDED))
    assert calls == ["first", "second"]
    router.dispatch(event(samples.STARTED))
    assert calls[2:] == ["first", "third"]


def test_the_decorator_returns_the_function() -> None:
    def handler(event: Event) -> str:
        return event.type

    assert Router().on()(handler) is handler


def test_merged_routers_see_handlers_registered_later() -> None:
    calls: list[str] = []
    meetings, recordings = Router(), Router()
    both = Router(meetings, recordings)
    both.on()(lambda _: calls.append("own"))
    meetings.on("meeting.ended")(lambda _: calls.append("meetings"))
    recordings.on("recording.statusUpdate")(lambda _: calls.append("recordings"))
    for sample in (samples.ENDED, samples.UPLOADED, samples.STARTED):
        both.dispatch(event(sample))
    assert calls == ["meetings", "own", "recordings", "own", "own"]
    assert meetings.handles(event(samples.ENDED))
    assert not meetings.handles(event(samples.STARTED))
    assert repr(meetings) == "<Router meeting.ended>"


# --- sync and async ---------------------------------------------------------------------------------------------------


class AwaitingCallable:
    async def __call__(self, event: Event) -> None:
        raise AssertionError


async def awaiting(_: Any) -> None:
    raise AssertionError


@pytest.mark.parametrize(
    "handler", [awaiting, AwaitingCallable(), functools.partial(awaiting)], ids=["function", "object", "partial"]
)
def test_a_router_refuses_an_async_handler(handler: Any) -> None:
    with pytest.raises(TypeError, match="is async, and a Router cannot await it: use an AsyncRouter"):
        Router().on()(handler)


def test_a_handler_that_returns_an_awaitable_raises_when_called() -> None:
    router = Router()
    router.on()(lambda event: awaiting(event))  # noqa: PLW0108 - a plain function
    with pytest.raises(TypeError, match="returned an awaitable"):
        router.dispatch(event(samples.ENDED))


def test_an_async_router_awaits_and_does_not_block_the_loop() -> None:
    router, calls = AsyncRouter(), list[tuple[str, bool]]()
    main_thread = threading.current_thread()

    def note(name: str) -> None:
        calls.append((name, threading.current_thread() is main_thread))

    @router.on("meeting.ended")
    async def one(_: MeetingEnded[Async]) -> None:
        await asyncio.sleep(0)
        note("async")

    @router.on(MeetingEnded)
    def two(_: MeetingEnded[Async]) -> None:
        note("plain")

    async def three(_: Event[Async]) -> None:
        note("hidden")

    router.on()(lambda event: three(event))  # noqa: PLW0108 - a plain function
    awaited: Event[Async] = parse_event(samples.ENDED)
    asyncio.run(router.dispatch(awaited))
    assert calls == [("async", True), ("plain", False), ("hidden", True)]
