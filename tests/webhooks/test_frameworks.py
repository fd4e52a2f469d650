"""The same behavior in each framework, over real HTTP, with signed deliveries of every size and shape."""

from __future__ import annotations

import asyncio
import json
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from typing import Any
from urllib.parse import urlsplit

import pytest

from realtimekit import ConfigurationError
from realtimekit.webhooks import AsyncEndpoint, AsyncReceiver, AsyncRouter, Endpoint, MemoryStore, Receiver, Router

from . import samples
from .frameworks import (
    ASYNC,
    BLOCKING,
    NO_CHUNKS,
    of_asgi,
    of_django_asgi,
    of_flask,
    of_starlette,
    of_wsgi,
    post,
)
from .platform import Signer

MAX_BODY = 4000


class Setup:
    """A sync or async endpoint whose handler collects its events."""

    def __init__(self, signer: Signer, *, asynchronous: bool) -> None:
        self.events: list[Any] = []
        self.fail = False
        router: Any = AsyncRouter() if asynchronous else Router()
        router.on()(self.handle)
        self._store = MemoryStore()
        options: dict[str, Any] = {"store": self._store}
        if asynchronous:
            self.endpoint: Any = AsyncEndpoint(router, receiver=AsyncReceiver(signer.pem, max_body=MAX_BODY), **options)
        else:
            self.endpoint = Endpoint(router, receiver=Receiver(signer.pem, max_body=MAX_BODY), **options)

    def forget(self) -> None:
        self.events.clear()
        self._store._completed.clear()
        self.fail = False

    def handle(self, event: Any) -> None:
        if self.fail:
            raise LookupError("injected")
        self.events.append(event)


@pytest.fixture(scope="module", params=[*ASYNC, *BLOCKING], ids=lambda make: make.__name__.removeprefix("of_"))
def make(request: pytest.FixtureRequest) -> Any:
    return request.param


@pytest.fixture(scope="module")
def running(make: Any, signer: Signer) -> Iterator[tuple[Setup, str]]:
    setup = Setup(signer, asynchronous=make in ASYNC)
    with make(setup.endpoint) as origin:
        yield setup, origin


@pytest.fixture
def setup(running: tuple[Setup, str]) -> Iterator[Setup]:
    yield running[0]
    running[0].forget()


@pytest.fixture
def origin(running: tuple[Setup, str]) -> str:
    return running[1]


def padded(size: int) -> bytes:
    """An event of this size, with odd whitespace, letters and escapes: nothing of it may be changed in transit."""
    start = '{"event" :\t"meeting.ended","x":1.0,  "é": "\\u00e9\\/ \U0001f600",\r\n "pad": "'.encode()
    return start + b"x" * (size - len(start) - 2) + b'"}'


def test_the_raw_body_arrives_intact(origin: str, setup: Setup, signer: Signer) -> None:
    for size in (500, MAX_BODY):
        body = padded(size)
        assert len(body) == size
        # of whatever type it says it is: a framework may want to parse forms
        for kind in ("application/json", "application/x-www-form-urlencoded", "text/plain"):
            headers = {**signer.headers(body, webhook_id=f"{kind} {size}"), "content-type": kind}
            assert post(origin, body, headers) == (200, "handled")
        assert setup.events[-1].to_dict() == json.loads(body)
    assert len(setup.events) == 6


def test_a_chunked_body(make: Any, origin: str, setup: Setup, signer: Signer) -> None:
    if make in NO_CHUNKS:
        pytest.skip("wsgiref knows no chunked bodies")
    body = padded(3000)
    headers = {**signer.headers(body), "transfer-encoding": "chunked"}
    chunks = iter([body[:1], body[1:2500], body[2500:]])
    assert post(origin, chunks, headers, chunked=True) == (200, "handled")
    assert setup.events[0].to_dict() == json.loads(body)


def test_a_slow_client_that_expects_100_continue(make: Any, origin: str, setup: Setup, signer: Signer) -> None:
    body = padded(3000)
    url = urlsplit(origin)
    with socket.create_connection((str(url.hostname), url.port or 0), timeout=20) as connection:
        head = f"POST /webhooks HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {len(body)}\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in signer.headers(body).items())
        if make in NO_CHUNKS:  # HTTP/1.0, which has no such question
            connection.sendall(f"{head}\r\n".encode())
        else:
            connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
            assert connection.recv(1000).startswith(b"HTTP/1.1 100 ")
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(body), 100):
            connection.sendall(body[start : start + 100])
            time.sleep(0.001)
        answer = b""
        while b"\r\n\r\n" not in answer.replace(b"HTTP/1.1 100 Continue\r\n\r\n", b""):  # Werkzeug says it twice
            answer += connection.recv(1000)
        assert b" 200 " in answer
    assert setup.events[0].to_dict() == json.loads(body)


def test_repeated_headers(origin: str, setup: Setup, signer: Signer) -> None:
    body, headers = signer.delivery(samples.ENDED)
    url = urlsplit(origin)
    for extra, status in (("rtk-signature: AAAA", b" 401 "), ("x-other: 1\r\nx-other: 2", b" 200 ")):
        with socket.create_connection((str(url.hostname), url.port or 0), timeout=20) as connection:
            head = f"POST /webhooks HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: {len(body)}\r\n{extra}\r\n"
            head += "".join(f"{name}: {value}\r\n" for name, value in headers.items())
            connection.sendall(f"{head}\r\n".encode() + body)
            assert status in connection.recv(1000).split(b"\r\n")[0]
    assert len(setup.events) == 1


def test_a_body_that_is_too_large(origin: str, setup: Setup, signer: Signer) -> None:
    body = padded(MAX_BODY + 1)
    status, text = post(origin, body, signer.headers(body))
    assert (status, text) == (413, f"the body has more than {MAX_BODY} bytes; the limit is max_body= of the receiver")
    assert setup.events == []


def test_a_body_declared_too_large_is_refused_unread(make: Any, origin: str, setup: Setup) -> None:
    """Its length is declared and nothing is sent: the response comes anyway."""
    if make is of_django_asgi:
        pytest.skip("Django reads all of a body under ASGI before it calls a view")
    url = urlsplit(origin)
    with socket.create_connection((str(url.hostname), url.port or 0), timeout=20) as connection:
        head = f"POST /webhooks HTTP/1.1\r\nHost: {url.netloc}\r\nContent-Length: 1000000000\r\n\r\n"
        connection.sendall(head.encode())
        assert b" 413 " in connection.recv(1000).split(b"\r\n")[0]


def test_an_endless_chunked_body_is_not_buffered(make: Any, origin: str, setup: Setup) -> None:
    if make in NO_CHUNKS or make is of_django_asgi:
        pytest.skip("knows no chunked bodies, or reads them into a file")
    url = urlsplit(origin)
    chunk = b"3e8\r\n" + b"x" * 1000 + b"\r\n"
    with socket.create_connection((str(url.hostname), url.port or 0), timeout=20) as connection:
        head = f"POST /webhooks HTTP/1.1\r\nHost: {url.netloc}\r\nTransfer-Encoding: chunked\r\n\r\n"
        connection.sendall(head.encode() + chunk * (MAX_BODY // 1000 + 1))
        assert b" 413 " in connection.recv(1000).split(b"\r\n")[0]


def test_other_methods(origin: str, setup: Setup, signer: Signer) -> None:
    body, headers = signer.delivery(samples.ENDED)
    for method in ("GET", "PUT", "DELETE"):
        assert post(origin, body, headers, method=method)[0] == 405
    assert setup.events == []


def test_a_handler_that_fails(origin: str, setup: Setup, signer: Signer) -> None:
    body, headers = signer.delivery(samples.ENDED)
    setup.fail = True
    assert post(origin, body, headers) == (500, "a handler failed")
    setup.fail = False
    assert post(origin, body, headers) == (200, "handled")
    assert post(origin, body, headers) == (200, "already handled")
    assert [(event.delivery_id, event.webhook_id) for event in setup.events] == [(headers["rtk-uuid"], "hook-1")]


def test_the_wrong_kind_of_endpoint(signer: Signer) -> None:
    blocking, awaiting = Setup(signer, asynchronous=False), Setup(signer, asynchronous=True)
    for make, wrong in [
        *((make, blocking) for make in (of_asgi, of_starlette)),
        (of_wsgi, awaiting),
        (of_flask, awaiting),
    ]:
        with pytest.raises(ConfigurationError, match="sync and async parts do not mix"):
            make(wrong.endpoint)


@pytest.mark.parametrize("framework", ["starlette", "fastapi", "flask", "django"])
def test_only_its_adapter_loads_a_framework(framework: str) -> None:
    script = "import sys, realtimekit.webhooks, realtimekit.webhooks.adapters.asgi, realtimekit.webhooks.adapters.wsgi"
    script += "\nprint(*{name.split('.')[0] for name in sys.modules})"
    result = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    loaded = set(result.stdout.split())
    assert "realtimekit" in loaded
    assert not loaded & {framework, "cryptography", "redis", "sqlite3", "asyncio", "httpcore2", "pyreqwest"}


def test_a_body_that_ends_early(signer: Signer) -> None:
    """An incomplete body is not a delivery."""
    from realtimekit.webhooks.adapters.asgi import WebhookApp

    setup = Setup(signer, asynchronous=True)
    body, headers = signer.delivery(samples.ENDED)
    sent: list[Any] = []

    async def main() -> None:
        messages = iter([{"type": "http.request", "body": body[:10], "more_body": True}, {"type": "http.disconnect"}])

        async def receive() -> Any:
            return next(messages)

        async def send(message: Any) -> None:
            sent.append(message)

        pairs = [(name.encode(), value.encode()) for name, value in headers.items()]
        await WebhookApp(setup.endpoint)({"type": "http", "method": "POST", "headers": pairs}, receive, send)

    asyncio.run(main())
    assert sent[0]["status"] == 401
    assert setup.events == []
