"""What lies under httpcore2: where the time of a call goes, and that its connections are given back."""

from __future__ import annotations

import asyncio
import logging
import socket
import ssl
import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import httpcore2
import pytest

from realtimekit.errors import APITimeoutError
from realtimekit.transports import httpcore2 as over_httpcore2
from realtimekit.transports import network
from realtimekit.transports.httpcore2 import AsyncHttpcore2Transport, Httpcore2Transport

from .loopback import Server, answer, socks
from .test_deadlines import TIMEOUT, connects_and, says_nothing
from .test_transport_failures import speaks_no_tls
from .transport_checks import PASSWORD, QUERY, TOKEN, Sender, ask, failure

if TYPE_CHECKING:
    from .loopback import Connection, Script

Open = Callable[[], Sender]


def answers_late(connection: Connection) -> None:
    while connection.receive():
        time.sleep(0.5)
        connection.send(answer())


@pytest.mark.parametrize("patience", [0.2, 0.8], ids=["no connection is free in time", "one is, and is slow"])
def test_waiting_for_a_connection_counts(monkeypatch: pytest.MonkeyPatch, patience: float) -> None:
    """As many calls as connections, which take 0.5 s each; one more that has less than 1 s."""
    monkeypatch.setattr(over_httpcore2, "CONNECTIONS", 1)
    transport = Httpcore2Transport()
    with Server(answers_late) as server, ThreadPoolExecutor(1) as threads:
        first = threads.submit(transport.send, ask(server.url))
        while not server.requests:
            time.sleep(0.01)
        with pytest.raises(APITimeoutError) as caught:
            transport.send(ask(server.url, method="POST", timeout=patience))
        assert caught.value.maybe_processed == (patience > 0.5)
        assert first.result().status == 200
    assert len(server.requests) == 1 + (patience > 0.5)
    transport.close()


def test_waiting_for_a_connection_counts_when_awaited(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(over_httpcore2, "SMALL", 1)
    monkeypatch.setattr(over_httpcore2, "POOLS", 1)

    async def story(url: str) -> None:
        transport = AsyncHttpcore2Transport()
        results = await asyncio.gather(
            transport.send(ask(url)),
            transport.send(ask(url, timeout=0.2)),
            transport.send(ask(url, timeout=0.8)),
            return_exceptions=True,
        )
        assert not isinstance(results[0], BaseException)
        late = [result for result in results[1:] if isinstance(result, APITimeoutError)]
        assert [error.maybe_processed for error in late] == [False, True]
        await transport.close()

    with Server(answers_late) as server:
        asyncio.run(story(server.url))


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """A clock that stands still, at its last entry."""
    times = [0.0]
    monkeypatch.setattr(network, "monotonic", lambda: times[-1])
    return times


class Noting(httpcore2.NetworkStream, httpcore2.NetworkBackend):
    """A network, and a connection, that note how long they were given. It has one address that is alive."""

    def __init__(self, alive: str = "") -> None:
        self.alive = alive
        self.given: list[Any] = []

    def connect_tcp(self, host: str, port: int, timeout: Any = None, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        self.given.append(timeout)
        if host != self.alive:
            raise httpcore2.ConnectTimeout
        return self

    def read(self, max_bytes: int, timeout: Any = None) -> bytes:
        self.given.append(timeout)
        return b""

    def write(self, buffer: bytes, timeout: Any = None) -> None:
        self.given.append((len(buffer), timeout))

    def start_tls(self, ssl_context: Any, server_hostname: Any = None, timeout: Any = None) -> httpcore2.NetworkStream:
        self.given.append(timeout)
        return self

    def close(self) -> None:
        self.given.append("closed")


class AsyncNoting(httpcore2.AsyncNetworkStream, httpcore2.AsyncNetworkBackend):
    """The same, awaited."""

    def __init__(self) -> None:
        self.noting = Noting("h")

    async def connect_tcp(self, *given: Any, **named: Any) -> httpcore2.AsyncNetworkStream:
        self.noting.connect_tcp(*given, **named)
        return self

    async def read(self, *given: Any, **named: Any) -> bytes:
        return self.noting.read(*given, **named)

    async def write(self, *given: Any, **named: Any) -> None:
        self.noting.write(*given, **named)

    async def start_tls(self, *given: Any, **named: Any) -> httpcore2.AsyncNetworkStream:
        self.noting.start_tls(*given, **named)
        return self

    async def aclose(self) -> None:
        self.noting.close()


def test_each_wait_has_what_is_left(clock: list[float]) -> None:
    noting, late, body, context = Noting(), network.Deadline.after(10), b"x" * 40_000, ssl.create_default_context()
    stream = network.Stream(noting)
    clock.append(4)
    stream.write(body, late)
    clock.append(7)
    encrypted = stream.start_tls(context, "h", late)
    assert isinstance(encrypted, network.Stream)
    encrypted.read(1, late)
    encrypted.read(1, 10.0)  # no deadline: as it is
    assert noting.given == [(16384, 6), (16384, 6), (7232, 6), 3, 3, 10]
    clock.append(10)
    noting.given.clear()
    with pytest.raises(httpcore2.WriteTimeout):
        stream.write(body, late)
    with pytest.raises(httpcore2.ReadTimeout):
        stream.read(1, late)
    with pytest.raises(httpcore2.ConnectTimeout):
        stream.start_tls(context, "h", late)
    assert noting.given == ["closed"]


def test_each_wait_has_what_is_left_when_awaited(clock: list[float]) -> None:
    async def story() -> None:
        noting, late, context = AsyncNoting(), network.Deadline.after(10), ssl.create_default_context()
        clock.append(2)
        stream = await network.AsyncBackend(noting).connect_tcp("h", 1, late)
        clock.append(4)
        await stream.write(b"x" * 40_000, late)
        clock.append(7)
        encrypted = await stream.start_tls(context, "h", late)
        assert isinstance(encrypted, network.AsyncStream)
        await encrypted.read(1, late)
        await encrypted.read(1, 10.0)
        assert noting.noting.given == [8, (40_000, 6), 3, 3, 10]
        clock.append(10)
        noting.noting.given.clear()
        with pytest.raises(httpcore2.WriteTimeout):
            await stream.write(b"x", late)
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(1, late)
        with pytest.raises(httpcore2.ConnectTimeout):
            await stream.start_tls(context, "h", late)
        with pytest.raises(httpcore2.ConnectTimeout):
            await network.AsyncBackend(noting).connect_tcp("h", 1, late)
        assert noting.noting.given == ["closed"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("alive", "given"), [("::1", [5]), ("127.0.0.1", [5, 5]), ("127.0.0.2", [5, 5, 10]), ("", [5, 5, 10])]
)
def test_dead_addresses_share_the_time(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], alive: str, given: list[float]
) -> None:
    """Half of what is left for each but the last; all of it is left here, where the clock stands still."""
    found = [(0, 0, 0, "", (address, 1)) for address in ("::1", "127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    noting, late = Noting(alive), network.Deadline.after(10)
    if alive:
        assert isinstance(network.Backend(noting).connect_tcp("three", 1, late), network.Stream)
    else:
        with pytest.raises(httpcore2.ConnectTimeout):
            network.Backend(noting).connect_tcp("three", 1, late)
    assert noting.given == given
    clock.append(10)
    with pytest.raises(httpcore2.ConnectTimeout):
        network.Backend(noting).connect_tcp("three", 1, late)
    assert noting.given == given


def test_a_host_with_several_addresses(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nobody listens at the first."""
    if "Pyreqwest" in sender.name or "Async" in sender.name:
        pytest.skip("these look addresses up elsewhere")
    look_up = socket.getaddrinfo

    def both(host: Any, *more: Any, **others: Any) -> Any:
        if host != "two.example.invalid":
            return look_up(host, *more, **others)
        return [*look_up("127.0.0.2", *more, **others), *look_up("127.0.0.1", *more, **others)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with Server(answer(b"found")) as server:
        assert sender.send(ask(f"http://two.example.invalid:{server.port}")).content == b"found"


def test_a_cancelled_handshake_closes_its_connection() -> None:
    closed = threading.Event()

    def script(connection: Connection) -> None:
        connection.wait_for_close()
        closed.set()

    async def story() -> None:
        with Server(script) as server:
            sending = asyncio.create_task(AsyncHttpcore2Transport().send(ask(f"https://127.0.0.1:{server.port}")))
            await asyncio.sleep(0.2)
            assert server.connections == 1
            sending.cancel()
            with pytest.raises(asyncio.CancelledError):
                await sending
            assert await asyncio.to_thread(closed.wait, 3)

    asyncio.run(story())


def test_the_environment_of_the_start_holds(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for the pools that many requests at once bring."""

    async def story() -> None:
        with Server(answer(b"direct")) as server, Server(answer(b"proxy")) as proxy:
            transport = AsyncHttpcore2Transport()
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            answers = await asyncio.gather(*[transport.send(ask(server.url)) for _ in range(20)])
            assert {found.content for found in answers} == {b"direct"}
            await transport.close()

    asyncio.run(story())


def test_the_log_of_the_library_holds_no_secret(
    open_sender: Open, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.DEBUG)
    told: list[bytes] = []
    found = answer(status="302 Found", headers=(f"Location: https://files.test/a?signature={QUERY}",))
    with Server(found) as origin, Server(socks(origin.port, told)) as server:
        monkeypatch.setenv("ALL_PROXY", f"socks5://u:{PASSWORD}@127.0.0.1:{server.port}")
        assert QUERY in open_sender().send(ask(f"http://127.0.0.1:{origin.port}/x?q={QUERY}")).headers["location"]
    assert not [secret for secret in (QUERY, PASSWORD, TOKEN) if secret in caplog.text]


@pytest.mark.parametrize("said", [b"", b"\x04", b"garbage", b"\x05\xff"])
def test_a_proxy_that_speaks_no_socks(open_sender: Open, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    def script(connection: Connection) -> None:
        connection.socket.recv(100)
        connection.send(said)

    with Server(script) as server:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{server.port}")
        assert not failure(open_sender(), "http://api.example.invalid").maybe_processed


@pytest.mark.parametrize("script", [speaks_no_tls, says_nothing])
def test_a_tunnel_that_fails_is_given_back(open_sender: Open, monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    """Else there would be no connection left after as many failures as there may be connections."""
    monkeypatch.setattr(over_httpcore2, "CONNECTIONS", 2)
    monkeypatch.setattr(over_httpcore2, "SMALL", 2)
    with Server(connects_and(script)) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        sender = open_sender()
        for number in range(1, 5):
            failure(sender, "https://api.example.invalid", timeout=TIMEOUT)
            assert server.connections == number
