"""No token and no signature of a link is in a log, a repr, an error or the local variables that error trackers send."""

from __future__ import annotations

import asyncio
import io
import json
import logging
import pprint
import traceback
from collections.abc import Callable
from datetime import datetime
from functools import partial
from typing import Any

import pytest

import realtimekit
from realtimekit import (
    APIConnectionError,
    APIError,
    AsyncRealtimeKit,
    DecodeError,
    Meeting,
    RealtimeKit,
    RealtimeKitError,
    Recording,
    Session,
)
from realtimekit.interfaces import Request, Response
from realtimekit.record import Record
from realtimekit.settings import HOOKS, TransportName
from realtimekit.webhooks import (
    AsyncEndpoint,
    AsyncReceiver,
    AsyncRouter,
    Endpoint,
    Receiver,
    Router,
    WebhookError,
    parse_event,
)
from realtimekit.webhooks.adapters import asgi, wsgi

from .conftest import Demo
from .webhooks.platform import Signer
from .whole_run import leaves

TOKEN = "s3cret-of-nobody"


def tracked(error: BaseException) -> str:
    """Return what error trackers and debug pages show of an error, with local variables, except those of the test."""
    assert error.__traceback__ is not None
    below = error.__traceback__.tb_next
    told = "".join(traceback.TracebackException(type(error), error, below, capture_locals=True).format())
    for frame, _ in traceback.walk_tb(below):
        told += pprint.pformat(frame.f_locals) + "".join(leaves(frame.f_locals))
    return told


def raised(call: Callable[[], object], kind: type[BaseException] | tuple[type[BaseException], ...]) -> BaseException:
    """Return the exception of a call, without the frames of this function and of the caller."""
    with pytest.raises(kind) as caught:
        call()
    frames = caught.value.__traceback__
    assert frames is not None
    if not isinstance(call, partial):
        caught.value.__traceback__ = frames.tb_next  # the lambda's
    return caught.value


def test_logs_contain_no_secret(demo: Demo, transport: TransportName, caplog: pytest.LogCaptureFixture) -> None:
    """At DEBUG, for every logger: the SDK's, the transports' and the emulator's."""
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


def test_reprs_and_tracebacks_contain_no_secret(demo: Demo, transport: TransportName) -> None:
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


def test_requests_that_cannot_be_sent_show_no_token(transport: TransportName) -> None:
    nobody = "http://127.0.0.1:9"  # discard: nobody listens
    with RealtimeKit(api_token=TOKEN, account_id="a", app_id="b", base_url=nobody, transport=transport) as client:
        with pytest.raises(APIConnectionError) as caught:
            client.with_options(max_retries=0).sessions.find("s")
        assert TOKEN not in tracked(caught.value)


# Each is refused before anything is sent.
REFUSED: dict[str, Callable[[RealtimeKit], object]] = {
    "a body": lambda c: c.meetings.create(recording_config={"a": object()}),  # type: ignore[typeddict-unknown-key]
    "a number in the body": lambda c: c.meetings.create(session_keep_alive_time_in_secs=float("nan")),
    "a time in the body": lambda c: c.meetings.create(title="t", extra_body={"at": datetime(2026, 6, 3)}),
    "a time in the query": lambda c: c.sessions.where(start_time=datetime(2026, 6, 3)),
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
def test_a_rejected_call_shows_no_token(refused: Callable[[RealtimeKit], object]) -> None:
    client = RealtimeKit(api_token=TOKEN, account_id="a", app_id="b", base_url="http://127.0.0.1:9")
    with pytest.raises((TypeError, ValueError, AttributeError, RealtimeKitError)) as caught:
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
def test_an_invalid_client_option_shows_no_token(make: Callable[..., object], wrong: dict[str, Any]) -> None:
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


PASSWORDS: list[Any] = [
    f"https://me:{TOKEN}@127.0.0.1",
    f"  https://me:{TOKEN}@127.0.0.1/",
    f"https://{TOKEN}@127.0.0.1",
    f"https://me:{TOKEN}@127.0.0.1:port",
    f"https://me:{TOKEN}@[::1",
    f"https://me:{TOKEN}@example.com/?query",
    f"ftp://me:{TOKEN}@example.com",
    f"me:{TOKEN}@example.com",
    f"https://me:{TOKEN} @example.com",
    f"https://me:{TOKEN}\\@example.com".encode(),
]


@pytest.mark.parametrize("url", PASSWORDS)
@pytest.mark.parametrize("make", [RealtimeKit, AsyncRealtimeKit, realtimekit.configure])
def test_a_password_in_base_url_is_not_shown(make: Callable[..., object], url: Any) -> None:
    error = raised(partial(make, api_token="t", base_url=url), realtimekit.ConfigurationError)
    assert TOKEN not in tracked(error)


def test_a_password_in_base_url_from_the_environment_is_not_shown(monkeypatch: pytest.MonkeyPatch) -> None:
    client = RealtimeKit(api_token="t")
    error = raised(partial(client.with_options, base_url=PASSWORDS[0]), realtimekit.ConfigurationError)
    assert TOKEN not in tracked(error)
    monkeypatch.setenv("REALTIMEKIT_BASE_URL", PASSWORDS[0])
    assert TOKEN not in tracked(raised(partial(RealtimeKit, api_token="t"), realtimekit.ConfigurationError))


# --- what is sent and what comes back ---------------------------------------------------------------------------------


class Answering:
    """A transport that always returns the same response, or none."""

    def __init__(self, status: int, body: str = "", **headers: str) -> None:
        self.response = Response(status, headers, body.encode())

    def send(self, request: Request, /) -> Response:
        if self.response.status == 0:
            raise APIConnectionError("nobody is there", maybe_processed=False)
        return self.response


STORAGE: Any = {"type": "aws", "access_key": TOKEN, "secret": TOKEN, "bucket": "b", "region": "r"}
SENT: dict[str, Callable[[Any], Any]] = {
    "create": lambda c: c.recordings.create(meeting_id="m", storage_config=STORAGE),
    "create, nested": lambda c: c.meetings.create(title="t", recording_config={"storage_config": STORAGE}),
    "update": lambda c: c.meetings.ref("m").update(recording_config={"storage_config": STORAGE}),
    "replace": lambda c: c.meetings.ref("m").replace(title="t", recording_config={"storage_config": STORAGE}),
    "extra_body": lambda c: c.recordings.create(meeting_id="m", extra_body={"storage_config": STORAGE}),
    "extra_headers": lambda c: c.meetings.create(title="t", extra_headers={"x-key": TOKEN}),
    "extra_headers, find": lambda c: c.meetings.find("m", extra_headers={"x-key": TOKEN}),
}
# Sent by generators and by lists; an empty response is not an error for these.
SENT_WITH_HEADERS: dict[str, Callable[[Any], Any]] = {
    "list": lambda c: c.sessions.where(extra_headers={"x-key": TOKEN}).page_size(5).first(),
    "destroy": lambda c: c.webhooks.ref("w").destroy(extra_headers={"x-key": TOKEN}),
    "end": lambda c: c.meetings.ref("m").end(extra_headers={"x-key": TOKEN}),
    "analytics": lambda c: c.analytics.daywise(extra_headers={"x-key": TOKEN}),
}
FAILING = {
    "no answer": Answering(0),
    "an error": Answering(400, '{"success": false, "error": {"code": 400, "message": "no"}}'),
    "no API": Answering(200, "<html>"),
    "no record": Answering(200, '{"success": true, "data": []}'),
}


CASES = [(name, failure) for name in SENT for failure in FAILING] + [
    (name, failure) for name in SENT_WITH_HEADERS for failure in FAILING if failure != "no record"
]


@pytest.mark.parametrize(("name", "failure"), CASES)
@pytest.mark.parametrize("kind", [RealtimeKit, AsyncRealtimeKit])
def test_a_failed_call_shows_nothing_that_it_sent(kind: Any, name: str, failure: str) -> None:
    call, failing = {**SENT, **SENT_WITH_HEADERS}[name], FAILING[failure]
    client = kind(api_token="t", account_id="a", app_id="b", transport=failing, max_retries=0, limiter="off")

    def run() -> None:
        done = call(client)
        if client.asynchronous:
            asyncio.run(done)

    error: Any = raised(run, RealtimeKitError)
    if not client.asynchronous:
        error.__traceback__ = error.__traceback__.tb_next  # the table's lambda
    assert TOKEN not in tracked(error)


SENT_BY_CLASSES: dict[str, Callable[[], object]] = {
    "create": lambda: Recording.create(meeting_id="m", storage_config=STORAGE),
    "find": lambda: Meeting.find("m", extra_headers={"x-key": TOKEN}),
    "first": lambda: Session.where(extra_headers={"x-key": TOKEN}).first(),
    "all": lambda: Session.all(extra_headers={"x-key": TOKEN}),
}


@pytest.mark.parametrize("call", SENT_BY_CLASSES.values(), ids=SENT_BY_CLASSES)
def test_a_failed_call_of_a_class_shows_nothing_that_it_sent(call: Callable[[], object]) -> None:
    realtimekit.configure(api_token="t", account_id="a", app_id="b", transport=FAILING["an error"], max_retries=0)
    assert TOKEN not in tracked(raised(call, APIError))


def test_extra_headers_are_not_logged_and_not_shown_to_hooks(caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    attempts: list[object] = []
    hooks: Any = dict.fromkeys(HOOKS, attempts.append)
    settings: Any = {"api_token": "t", "account_id": "a", "app_id": "b", "limiter": "off", "max_retries": 1}
    transport = Answering(429, "", **{"retry-after": "0"})
    client = RealtimeKit(**settings, **hooks, transport=transport)
    relation = client.sessions.where(extra_headers={"x-key": TOKEN})
    with pytest.raises(APIError):
        relation.all()
    assert len(attempts) == 5
    assert caplog.text
    assert TOKEN not in f"{caplog.text} {attempts!r} {relation!r} {client!r}"


UNSENT: dict[str, Callable[[RealtimeKit], object]] = {
    "a header": lambda c: c.recordings.create(meeting_id="m", extra_headers={"x-key": f"{TOKEN}\n"}),
    "a header of the client": lambda c: c.sessions.find("s", extra_headers={"Authorization": f"Bearer {TOKEN}"}),
    "the name of a header": lambda c: c.sessions.where(extra_headers={"x key": TOKEN}).all(),
    "no JSON": lambda c: c.recordings.create(meeting_id="m", max_seconds=object(), storage_config=STORAGE),  # type: ignore[arg-type]
    "an unknown keyword": lambda c: c.recordings.create(meeting_id="m", seconds=1, storage_config=STORAGE),  # type: ignore[call-arg]
    "a timeout": lambda c: c.recordings.create(meeting_id="m", timeout=-1, storage_config=STORAGE),
    "a missing id": lambda c: c.recordings.create(storage_config=STORAGE),  # type: ignore[call-arg]
}


@pytest.mark.parametrize("call", UNSENT.values(), ids=UNSENT.keys())
def test_the_error_of_a_rejected_call_contains_no_argument(call: Callable[[RealtimeKit], object]) -> None:
    """Its local variables, though, may contain the arguments: the only exception.

    It is a mistake in the program and shows when the line is first run; json's own frames have the body at that
    moment, and the caller's frames have it anyway. The API token is hidden there, too.
    """
    client = RealtimeKit(api_token=TOKEN.upper(), account_id="a", app_id="b", transport=Answering(500))
    error = raised(partial(call, client), (TypeError, ValueError, RealtimeKitError))
    assert TOKEN not in f"{error!r} {error}"
    assert TOKEN.upper() not in tracked(error)


class Kept(Record):
    """A record with a secret next to fields that cannot be read."""

    token: str
    name: str
    created_at: datetime
    layers: list[dict[str, Any]]


@pytest.mark.parametrize("field", ["name", "created_at", "layers"])
def test_an_unreadable_field_shows_no_other_field(field: str) -> None:
    record = Kept({"token": TOKEN, "created_at": "never", "layers": {"download_url": TOKEN}})
    assert TOKEN not in tracked(raised(partial(getattr, record, field), DecodeError))


LINK = f"https://files.example/chat.csv?signature={TOKEN}"
STORAGE_ANSWERS = {
    "elsewhere": Answering(302, location=f"http://evil.example/?signature={TOKEN}"),
    "to no URL": Answering(302, location=f"https://[?signature={TOKEN}"),
    "in a circle": Answering(302, location=f"?signature={TOKEN}"),
    "gone": Answering(404),
    "failed": Answering(500),
    "nobody": Answering(0),
}


@pytest.mark.parametrize("storage", STORAGE_ANSWERS.values(), ids=STORAGE_ANSWERS.keys())
def test_a_failed_download_shows_no_link(storage: Answering) -> None:
    client = RealtimeKit(api_token="t", account_id="a", app_id="b", transport=storage, max_retries=0, limiter="off")
    data = {"event": "meeting.chatSynced", "sessionId": "s", "chatDownloadUrl": LINK}
    chat: Any = parse_event(data, client=client)
    assert TOKEN not in tracked(raised(partial(chat.chat.download, io.BytesIO()), RealtimeKitError))


# --- deliveries -------------------------------------------------------------------------------------------------------


class Ended(BaseException):
    """Like KeyboardInterrupt: the program should exit."""


EVENT = {"event": "livestreaming.statusUpdate", "streamKey": TOKEN, "meeting": {"id": "m"}, "organizedBy": {"id": "a"}}


@pytest.fixture(scope="module")
def signer(tmp_path_factory: pytest.TempPathFactory) -> Signer:
    return Signer.made_in(tmp_path_factory.mktemp("keys"))


def test_a_rejected_delivery_is_not_shown(signer: Signer) -> None:
    body, headers = signer.delivery(EVENT)
    other, of_other = signer.delivery({"streamKey": TOKEN})
    text: Any = body.decode()
    parsed: Any = json.loads(body)
    calls: list[tuple[Any, Any, dict[str, Any]]] = [
        (body + b" ", headers, {}),
        (body, {}, {}),
        (body, 5, {}),
        (text, headers, {}),
        (parsed, headers, {}),
        (bytearray(body), headers, {}),
        (other, of_other, {}),
        (body, headers, {"max_body": 10}),
        (body, headers, {"app_id": "another"}),
        (body, headers, {"webhook_ids": ["another"]}),
    ]
    for raw, named, options in calls:
        refused: tuple[type[BaseException], ...] = (WebhookError, TypeError)
        receiver = Receiver(signer.pem, **options)
        assert TOKEN not in tracked(raised(partial(receiver.verify, raw, named), refused))
        awaiting = AsyncReceiver(signer.pem, **options)
        assert TOKEN not in tracked(raised(partial(asyncio.run, awaiting.verify(raw, named)), refused))


def test_a_delivery_with_a_failing_handler_is_not_shown(signer: Signer, caplog: pytest.LogCaptureFixture) -> None:
    """Error trackers get the error from the log, or from the server if the program exits."""
    router, awaiting = Router(), AsyncRouter()
    failure: list[type[BaseException]] = [RuntimeError]

    def fail(event: Any) -> None:
        raise failure[-1]

    router.on()(fail)
    awaiting.on()(fail)
    endpoint = Endpoint(router, receiver=Receiver(signer.pem))
    async_endpoint = AsyncEndpoint(awaiting, receiver=AsyncReceiver(signer.pem))
    body, headers = signer.delivery(EVENT)
    assert endpoint.handle(body, headers).status == 500
    assert asyncio.run(async_endpoint.handle(body, headers)).status == 500
    told = [record.exc_info[1] for record in caplog.records if record.exc_info]
    failure.append(Ended)
    app, async_app = wsgi.WebhookApp(endpoint), asgi.WebhookApp(async_endpoint)
    environ = {"REQUEST_METHOD": "POST", "CONTENT_LENGTH": str(len(body)), "wsgi.input": io.BytesIO(body)}
    environ |= {f"HTTP_{name.upper().replace('-', '_')}": value for name, value in headers.items()}
    scope = {"type": "http", "method": "POST", "headers": [(k.encode(), v.encode()) for k, v in headers.items()]}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body}

    told.append(raised(partial(endpoint.handle, body, headers), Ended))
    told.append(raised(partial(app, environ, print), Ended))
    told.append(raised(lambda: asyncio.run(async_app(scope, receive, receive)), Ended))  # type: ignore[arg-type]
    text: Any = body.decode()
    told.append(raised(partial(endpoint.handle, text, headers), TypeError))
    told.append(raised(partial(asyncio.run, async_endpoint.handle(*signer.delivery(EVENT))), Ended))
    told.append(raised(partial(asyncio.run, async_endpoint.handle(text, headers)), TypeError))
    assert len(told) == 8
    for error in told:
        assert error is not None
        assert TOKEN not in tracked(error)


def test_a_hidden_body_is_bytes(signer: Signer) -> None:
    """As the function is that tells deliveries apart."""
    seen: list[bytes] = []
    router = Router()
    router.on()(lambda event: None)

    def key(_: object, body: bytes) -> str:
        seen.append(body)
        return "key"

    endpoint = Endpoint(router, receiver=Receiver(signer.pem), idempotency_key=key)
    body, headers = signer.delivery(EVENT)
    assert endpoint.handle(body, headers).status == 200
    assert seen == [body]
    assert TOKEN not in repr(seen)


def test_a_partly_initialized_client_has_a_repr() -> None:
    client = RealtimeKit.__new__(RealtimeKit)
    assert repr(client) == "<RealtimeKit>"
