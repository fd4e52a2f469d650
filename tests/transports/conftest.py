from __future__ import annotations

import asyncio
import os
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from typing import TYPE_CHECKING

import pytest
import trustme

from realtimekit.transports.httpcore2 import AsyncHttpcore2Transport, Httpcore2Transport
from realtimekit.transports.pyreqwest import AsyncPyreqwestTransport, PyreqwestTransport

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from realtimekit.interfaces import AsyncTransport, Request, Response, Transport

    from .transport_checks import Sender


class BlockingSender:
    def __init__(self, transport: type[Httpcore2Transport | PyreqwestTransport]) -> None:
        self.name = transport.__name__
        self.transport: Transport = (made := transport())
        self.close = made.close

    def send(self, request: Request) -> Response:
        return self.transport.send(request)

    def send_all(self, requests: list[Request]) -> list[Response]:
        with ThreadPoolExecutor(20) as threads:
            return list(threads.map(self.send, requests))


class AwaitingSender:
    def __init__(self, transport: type[AsyncHttpcore2Transport | AsyncPyreqwestTransport]) -> None:
        self.name = transport.__name__
        self._runner = asyncio.Runner()
        self._made = transport()
        self.transport: AsyncTransport = self._made

    def send(self, request: Request) -> Response:
        return self._runner.run(self.transport.send(request))

    def send_all(self, requests: list[Request]) -> list[Response]:
        async def gathered() -> list[Response]:
            return await asyncio.gather(*[self.transport.send(request) for request in requests])

        return self._runner.run(gathered())

    def close(self) -> None:
        self._runner.run(self._made.close())
        self._runner.close()


@pytest.fixture(autouse=True)
def _plain_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        if name.lower().endswith("_proxy") or name in {"SSL_CERT_FILE", "SSL_CERT_DIR", "REQUEST_METHOD"}:
            monkeypatch.delenv(name)


@pytest.fixture(params=[Httpcore2Transport, AsyncHttpcore2Transport, PyreqwestTransport, AsyncPyreqwestTransport])
def open_sender(request: pytest.FixtureRequest) -> Iterator[Callable[[], Sender]]:
    """Make a transport now, in the environment as the test has set it."""
    kind = request.param
    asynchronous = kind in {AsyncHttpcore2Transport, AsyncPyreqwestTransport}
    with ExitStack() as stack:

        def opened() -> Sender:
            sender: Sender = AwaitingSender(kind) if asynchronous else BlockingSender(kind)
            stack.callback(sender.close)
            return sender

        yield opened


@pytest.fixture
def sender(open_sender: Callable[[], Sender]) -> Sender:
    return open_sender()


@pytest.fixture(scope="session")
def authority() -> trustme.CA:
    return trustme.CA()
