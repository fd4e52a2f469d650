"""No token and no signature of a link reaches a log, a repr, an error or what an error tracker sends along."""

from __future__ import annotations

import logging
import pprint
import traceback
from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any

import pytest

import realtimekit
from realtimekit import APIConnectionError, APIError, AsyncRealtimeKit, RealtimeKit
from realtimekit.settings import TransportName

from .conftest import Demo

TOKEN = "s3cret-of-nobody"


def tracked(error: BaseException) -> str:
    """What error trackers and debug pages tell of an error: the local variables, too, but those of the test itself."""
    assert error.__traceback__ is not None
    below = error.__traceback__.tb_next
    told = "".join(traceback.TracebackException(type(error), error, below, capture_locals=True).format())
    for frame, _ in traceback.walk_tb(below):
        told += pprint.pformat(frame.f_locals) + "".join(leaves(frame.f_locals, 6))
    return told


def leaves(value: object, depth: int) -> Iterator[str]:
    """What a tracker sees that looks into containers, named tuples among them."""
    if depth and isinstance(value, Mapping):
        for item in value.items():
            yield from leaves(item, depth - 1)
    elif depth and isinstance(value, Sequence) and not isinstance(value, str | bytes):
        for item in value:
            yield from leaves(item, depth - 1)
    else:
        yield repr(value)


def test_logs_hold_no_secret(demo: Demo, transport: TransportName, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, of every logger: ours, the transports', the emulator's."""
    caplog.set_level(logging.DEBUG)
    with RealtimeKit(**demo.settings, transport=transport) as client:
        session = client.sessions.find("sess-1")
        link = session.chat.download_url
        assert link is not None
        assert session.chat.read()
        person = client.meetings.ref("meet-1").participants.find("part-1")
        token = person.regenerate_token().token
        assert token is not None
        with pytest.raises(APIError):
            client.with_options(api_token="another-token").sessions.find("sess-1")
        logging.getLogger(__name__).info("%s of %s with %s", session, client, token)
    said = caplog.text + repr(demo.emulator.requests())
    assert "sess-1" in said
    for secret in (demo.emulator.api_token, "another-token", token.reveal(), link.partition("?")[2]):
        assert secret not in said


def test_reprs_and_tracebacks_hold_no_secret(demo: Demo, transport: TransportName) -> None:
    with RealtimeKit(**demo.settings, transport=transport) as client:
        session = client.sessions.find("sess-1")
        person = client.meetings.ref("meet-1").participants.find("part-1").regenerate_token()
        token = person.token
        assert token is not None
        shown = [client, client.settings, client.sessions, session, session.chat, session.transcript, session.summary]
        told = repr([*shown, person, token, demo.emulator])
        with pytest.raises(APIError) as caught:
            client.sessions.find("nothing")
        told += tracked(caught.value)
    link = session.chat.download_url
    assert link is not None
    for secret in (demo.emulator.api_token, token.reveal(), link.partition("?")[2]):
        assert secret not in told


def test_what_cannot_be_sent_shows_no_token(transport: TransportName) -> None:
    nobody = "http://127.0.0.1:9"  # discard: nobody listens
    with RealtimeKit(api_token=TOKEN, account_id="a", app_id="b", base_url=nobody, transport=transport) as client:
        with pytest.raises(APIConnectionError) as caught:
            client.with_options(max_retries=0).sessions.find("s")
        assert TOKEN not in tracked(caught.value)


# Each is refused before anything is sent.
REFUSED: dict[str, Callable[[RealtimeKit], object]] = {
    "a body": lambda c: c.meetings.create(recording_config={"a": object()}),  # type: ignore[typeddict-unknown-key]
    "a number in the body": lambda c: c.meetings.create(session_keep_alive_time_in_secs=float("nan")),
    "a time in the body": lambda c: c.meetings.create(title="t", extra_body={"at": datetime(2026, 6, 3)}),  # noqa: DTZ001
    "a time in the query": lambda c: c.sessions.where(start_time=datetime(2026, 6, 3)),  # noqa: DTZ001
    "an extra query": lambda c: c.sessions.find("s", extra_query={"x": object()}),
    "a body of a GET": lambda c: c.sessions.find("s", extra_body={"x": 1}),
    "a timeout": lambda c: c.sessions.find("s", timeout=-1),
    "a timeout of a list": lambda c: c.sessions.where(timeout=0).all(),
    "an id": lambda c: c.sessions.find(".."),
    "no id": lambda c: c.sessions.find(None),  # type: ignore[arg-type]
    "a missing parent": lambda c: c.participants.all(),
    "an unknown keyword": lambda c: c.meetings.create(titel="x"),  # type: ignore[call-arg]
    "an unknown filter": lambda c: c.sessions.where(statsu="LIVE"),  # type: ignore[call-arg]
    "a write that is none": lambda c: c.sessions.ref("s").update(title="x"),  # type: ignore[attr-defined]
    "an option": lambda c: c.with_options(api_token=TOKEN, timeout=-1),
    "an unknown option": lambda c: c.with_options(api_token=TOKEN, tiemout=1),  # type: ignore[call-arg]
    "a pickle": lambda c: c.__reduce__(),
}


@pytest.mark.parametrize("refused", REFUSED.values(), ids=REFUSED.keys())
def test_what_is_refused_before_it_is_sent_shows_no_token(refused: Callable[[RealtimeKit], object]) -> None:
    client = RealtimeKit(api_token=TOKEN, account_id="a", app_id="b", base_url="http://127.0.0.1:9")
    with pytest.raises((TypeError, ValueError, AttributeError, realtimekit.RealtimeKitError)) as caught:
        refused(client)
    assert not isinstance(caught.value, APIConnectionError), "it was sent"
    frames = caught.value.__traceback__
    assert frames is not None
    caught.value.__traceback__ = frames.tb_next  # the lambda's frame is a user's
    assert TOKEN not in tracked(caught.value)


WRONG: list[dict[str, Any]] = [
    {"timeout": -1},
    {"max_retries": -1},
    {"base_url": "http://example.com"},
    {"transport": "requests"},
    {"unknown": 1},
    {"api_token": f"Bearer {TOKEN}"},
    {"api_token": f"{TOKEN} {TOKEN}"},
    {"api_token": TOKEN.encode()},
    {"api_token": [TOKEN]},
]


@pytest.mark.parametrize("wrong", WRONG, ids=", ".join)
@pytest.mark.parametrize("make", [RealtimeKit, AsyncRealtimeKit, realtimekit.configure])
def test_a_client_that_cannot_be_made_shows_no_token(make: Callable[..., object], wrong: dict[str, Any]) -> None:
    with pytest.raises((realtimekit.ConfigurationError, TypeError)) as caught:
        make(**{"api_token": TOKEN, **wrong})
    assert TOKEN not in tracked(caught.value)


@pytest.mark.parametrize("variable", ["CLOUDFLARE_API_TOKEN", "REALTIMEKIT_BASE_URL"])
def test_a_wrong_environment_shows_no_token(monkeypatch: pytest.MonkeyPatch, variable: str) -> None:
    monkeypatch.setenv("CLOUDFLARE_API_TOKEN", TOKEN)
    monkeypatch.setenv(variable, f"Bearer {TOKEN}" if variable == "CLOUDFLARE_API_TOKEN" else "http://example.com")
    with pytest.raises(realtimekit.ConfigurationError) as caught:
        RealtimeKit()
    assert TOKEN not in tracked(caught.value)


def test_a_half_made_client_has_a_repr() -> None:
    client = RealtimeKit.__new__(RealtimeKit)
    assert repr(client) == "<RealtimeKit>"
