"""A wrong argument is one clear error that names it, not an AttributeError from somewhere inside."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import ActiveSession, ConfigurationError, PeerReport, RealtimeKit, Session, Thresholds, report
from realtimekit.artifacts.formats import to_json, to_markdown, to_srt, to_vtt
from realtimekit.artifacts.messages import parse_chat
from realtimekit.artifacts.segments import parse_transcript, speaking_time, to_text
from realtimekit.limits import AsyncRedisLimiter, RedisLimiter
from realtimekit.resources.session_quality import iter_quality, session_quality
from realtimekit.webhooks import (
    AsyncEndpoint,
    AsyncReceiver,
    AsyncRouter,
    Endpoint,
    Receiver,
    RedisStore,
    Router,
    parse_event,
)

from .scripted import Script, client_of, ok

WRONG = [5, "x", b"x", 1.5, True, object()]
SAMPLES = {"quality": {"audio_producer": [{"audio_stats": [{"rtt": 0.1}]}]}}


def client() -> RealtimeKit:
    return client_of(Script())


def session() -> Session:
    return client().sessions.ref("sess-1")


def live_session() -> ActiveSession:
    return client_of(Script(ok({"id": "s"}))).meetings.ref("m").active_session


# what is called -> with what, and what the error has to say
CALLS: dict[str, tuple[Callable[[Any], object], list[Any], str]] = {
    "session.quality(thresholds=)": (
        lambda wrong: session().quality(thresholds=wrong),
        [*WRONG, 0, {}],
        r"thresholds must be realtimekit.Thresholds\(...\), not ",
    ),
    "findings(thresholds=)": (
        lambda wrong: PeerReport({}).findings(wrong),
        [*WRONG, 0, {}],
        r"thresholds must be realtimekit.Thresholds\(...\), not ",
    ),
    "Thresholds(units=)": (
        lambda wrong: PeerReport({}).findings(Thresholds(units=wrong)),
        [*WRONG, None],
        r"thresholds.units must be a Units\(...\), not ",
    ),
    "quality.summary(units=)": (
        PeerReport(SAMPLES).quality.summary,
        [*WRONG, 0, {}],
        r"units must be a Units\(...\), not ",
    ),
    "quality.to_pandas(units=)": (
        lambda wrong: PeerReport(SAMPLES).quality.to_pandas(units=wrong),
        [*WRONG, 0, {}],
        r"units must be a Units\(...\), not ",
    ),
    "report.collect": (report.collect, [*WRONG, None, {}], "session must be a session, such as .*, not "),
    "session_quality": (session_quality, [*WRONG, None, {}], "session must be a session, such as .*, not "),
    "iter_quality": (iter_quality, [*WRONG, None, {}], "session must be a session, such as .*, not "),
    "parse_event": (parse_event, [*WRONG, None, []], "data must be the decoded JSON object of a delivery, not "),
    "parse_event(client=)": (
        lambda wrong: parse_event({"event": "meeting.ended"}, client=wrong),
        WRONG,
        "client must be a RealtimeKit or an AsyncRealtimeKit, not ",
    ),
    "event.bind": (
        lambda wrong: parse_event({"event": "meeting.ended"}).bind(wrong),
        [*WRONG, None],
        "client must be a RealtimeKit or an AsyncRealtimeKit, not ",
    ),
    "parse_chat": (parse_chat, [5, "x", None, []], "content must be the bytes of a file, not "),
    "parse_transcript": (parse_transcript, [5, "x", None, []], "content must be the bytes of a file, not "),
    **{
        function.__name__: (function, [*WRONG, None, ["x"], [("a", "b")]], "segments must be a list of Segment, .*not ")
        for function in (to_srt, to_vtt, to_markdown, to_json, to_text, speaking_time)
    },
    "order_by": (client().sessions.order_by, [5, None, b"x"], "order_by.* must be the name of a "),
    "extra_query= of where": (
        lambda wrong: client().sessions.where(extra_query=wrong),
        [5, "x", ["x"], [("a", "b")]],
        "extra_query= must be a mapping of names to values, not ",
    ),
    "extra_query= of find": (
        lambda wrong: client().sessions.find("s", extra_query=wrong),
        [5, "x", ["x"]],
        "extra_query= must be a mapping of names to values, not ",
    ),
    "extra_body=": (
        lambda wrong: client().meetings.create(title="x", extra_body=wrong),
        [5, "x", ["x"]],
        "extra_body= must be a mapping of names to values, not ",
    ),
    "kick": (
        lambda wrong: live_session().kick(participant_ids=wrong),
        [5, "x", None],
        "participant_ids must be a list of ids, not ",
    ),
    "mute": (
        lambda wrong: live_session().mute(custom_participant_ids=wrong),
        [5, "x", None],
        "custom_participant_ids must be a list of ids, not ",
    ),
    "create_poll": (
        lambda wrong: live_session().create_poll("?", wrong),
        [5, "x", None],
        "options must be a list of answers, not ",
    ),
    "a router of routers": (Router, [5, "x", print], "each argument must be a router; .*, not "),
    "the store of an endpoint": (
        lambda wrong: Endpoint(Router(), receiver=Receiver(), store=wrong),
        [5, "x", {}],
        "store must be a store of deliveries, not ",
    ),
    "the store of an async endpoint": (
        lambda wrong: AsyncEndpoint(AsyncRouter(), receiver=AsyncReceiver(), store=wrong),
        [5, "x", {}],
        "store must be a store of deliveries, not ",
    ),
    "RedisStore": (RedisStore, [5, "x", None], "client must be a client of the package redis, not "),
    "RedisLimiter": (RedisLimiter, [5, "x", None], "client must be a client of the package redis, not "),
    "the client of a receiver": (lambda wrong: Receiver(client=wrong), [5, "x"], "Receiver takes a RealtimeKit, not "),
    "the app of a receiver": (
        lambda wrong: Receiver(app_id=wrong),
        [5, "app 1", "app-1\n"],
        "app_id(='app.*' contains a space| must be a string)",
    ),
    "the webhooks of a receiver": (lambda wrong: Receiver(webhook_ids=wrong), [5, 1.5], "webhook_ids must be a list"),
    "the key of a receiver": (lambda wrong: Receiver(key_url=wrong), [5, b"x"], "key_url=.* is not a URL"),
}


@pytest.mark.parametrize("name", CALLS)
def test_a_wrong_argument_is_named(name: str) -> None:
    call, arguments, message = CALLS[name]
    for wrong in arguments:
        with pytest.raises((TypeError, ConfigurationError), match=message):
            call(wrong)


@pytest.mark.parametrize(
    "made", [RealtimeKit, Receiver, AsyncReceiver, Router, AsyncRouter, Endpoint, RedisLimiter, AsyncRedisLimiter]
)
def test_an_unknown_keyword_names_the_class_that_was_called(made: Any) -> None:
    """Not `BaseReceiver`, which nobody wrote."""
    with pytest.raises(TypeError, match="unexpected keyword argument 'nonsense'") as caught:
        made(nonsense=1)
    assert str(caught.value).startswith((f"{made.__name__}.__init__()", "__init__()"))


def test_a_subclass_keeps_its_constructor() -> None:
    class Mine(Receiver):
        def __init__(self, name: str) -> None:
            super().__init__(app_id=name)

    assert Mine("app-1").app_id == "app-1"
    assert "webhook_ids" in inspect.signature(Receiver).parameters
    with pytest.raises(TypeError, match=r"Mine\.__init__"):
        Mine(nonsense=1)  # type: ignore[call-arg]


def test_a_type_that_is_wrong_is_shown_without_its_value() -> None:
    with pytest.raises(TypeError) as caught:
        parse_event("a signed link or a token")  # type: ignore[arg-type]
    assert "token" not in str(caught.value)
