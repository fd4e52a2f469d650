"""The network layer under httpcore2: deadlines, and connections that are released after failures."""

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
from realtimekit.transports.httpcore2 import AsyncHttpcore2Transport, Httpcore2Transport, network
from realtimekit.transports.httpcore2.connection_pool import ConnectionPool
from realtimekit.transports.httpcore2.pools import AsyncConnectionPool, AsyncPoolShards

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


@pytest.mark.parametrize("timeout", [0.2, 0.8], ids=["no connection is free in time", "one is free, but too slow"])
def test_waiting_for_a_connection_counts(monkeypatch: pytest.MonkeyPatch, timeout: float) -> None:
    """One connection, and calls of 0.5 s each; a second call has to wait for the connection, and has less than 1 s."""
    monkeypatch.setattr(ConnectionPool, "MAX_CONNECTIONS", 1)
    transport = Httpcore2Transport()
    with Server(answers_late) as server, ThreadPoolExecutor(1) as threads:
        first = threads.submit(transport.send, ask(server.url))
        while not server.requests:
            time.sleep(0.01)
        with pytest.raises(APITimeoutError) as caught:
            transport.send(ask(server.url, method="POST", timeout=timeout))
        assert caught.value.maybe_processed == (timeout > 0.5)
        assert first.result().status == 200
    assert len(server.requests) == 1 + (timeout > 0.5)
    transport.close()


def test_waiting_for_an_async_connection_counts(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(AsyncConnectionPool, "MAX_CONNECTIONS", 1)
    monkeypatch.setattr(AsyncPoolShards, "MAX_SHARDS", 1)

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
    """A clock that stands still at its last entry."""
    times = [0.0]
    monkeypatch.setattr(network, "monotonic", lambda: times[-1])
    return times


class RecordingStream(httpcore2.NetworkStream, httpcore2.NetworkBackend):
    """A backend and its stream, which record their timeouts. Only one address accepts connections."""

    def __init__(self, alive: str = "") -> None:
        self.alive = alive
        self.timeouts: list[Any] = []

    def connect_tcp(self, host: str, port: int, timeout: Any = None, *_: Any, **__: Any) -> httpcore2.NetworkStream:
        self.timeouts.append(timeout)
        if host != self.alive:
            raise httpcore2.ConnectTimeout
        return self

    def read(self, max_bytes: int, timeout: Any = None) -> bytes:
        self.timeouts.append(timeout)
        return b""

    def write(self, buffer: bytes, timeout: Any = None) -> None:
        self.timeouts.append((len(buffer), timeout))

    def start_tls(self, ssl_context: Any, server_hostname: Any = None, timeout: Any = None) -> httpcore2.NetworkStream:
        self.timeouts.append(timeout)
        return self

    def close(self) -> None:
        self.timeouts.append("closed")


class AsyncRecordingStream(httpcore2.AsyncNetworkStream, httpcore2.AsyncNetworkBackend):
    """As `RecordingStream`, async."""

    def __init__(self) -> None:
        self.recorder = RecordingStream("h")
        self.timeouts = self.recorder.timeouts

    async def connect_tcp(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        self.recorder.connect_tcp(*args, **kwargs)
        return self

    async def read(self, *args: Any, **kwargs: Any) -> bytes:
        return self.recorder.read(*args, **kwargs)

    async def write(self, *args: Any, **kwargs: Any) -> None:
        self.recorder.write(*args, **kwargs)

    async def start_tls(self, *args: Any, **kwargs: Any) -> httpcore2.AsyncNetworkStream:
        self.recorder.start_tls(*args, **kwargs)
        return self

    async def aclose(self) -> None:
        self.recorder.close()


def test_each_operation_has_the_remaining_time(clock: list[float]) -> None:
    recorder, deadline, body, context = (
        RecordingStream(),
        network.Deadline.after(10),
        b"x" * 40_000,
        ssl.create_default_context(),
    )
    stream = network.DeadlineStream(recorder)
    clock.append(4)
    stream.write(body, deadline)
    clock.append(7)
    encrypted = stream.start_tls(context, "h", deadline)
    assert isinstance(encrypted, network.DeadlineStream)
    encrypted.read(1, deadline)
    encrypted.read(1, 10.0)  # not a deadline: passed on unchanged
    assert recorder.timeouts == [(16384, 6), (16384, 6), (7232, 6), 3, 3, 10]
    clock.append(10)
    recorder.timeouts.clear()
    with pytest.raises(httpcore2.WriteTimeout):
        stream.write(body, deadline)
    with pytest.raises(httpcore2.ReadTimeout):
        stream.read(1, deadline)
    with pytest.raises(httpcore2.ConnectTimeout):
        stream.start_tls(context, "h", deadline)
    assert recorder.timeouts == ["closed"]


def test_each_async_operation_has_the_remaining_time(clock: list[float]) -> None:
    async def story() -> None:
        recorder, deadline, context = AsyncRecordingStream(), network.Deadline.after(10), ssl.create_default_context()
        clock.append(2)
        stream = await network.AsyncDeadlineBackend(recorder).connect_tcp("h", 1, deadline)
        clock.append(4)
        await stream.write(b"x" * 40_000, deadline)
        clock.append(7)
        encrypted = await stream.start_tls(context, "h", deadline)
        assert isinstance(encrypted, network.AsyncDeadlineStream)
        await encrypted.read(1, deadline)
        await encrypted.read(1, 10.0)
        assert recorder.timeouts == [8, (40_000, 6), 3, 3, 10]
        clock.append(10)
        recorder.timeouts.clear()
        with pytest.raises(httpcore2.WriteTimeout):
            await stream.write(b"x", deadline)
        with pytest.raises(httpcore2.ReadTimeout):
            await stream.read(1, deadline)
        with pytest.raises(httpcore2.ConnectTimeout):
            await stream.start_tls(context, "h", deadline)
        with pytest.raises(httpcore2.ConnectTimeout):
            await network.AsyncDeadlineBackend(recorder).connect_tcp("h", 1, deadline)
        assert recorder.timeouts == ["closed"]

    asyncio.run(story())


@pytest.mark.parametrize(
    ("alive", "timeouts"), [("::1", [5]), ("127.0.0.1", [5, 5]), ("127.0.0.2", [5, 5, 10]), ("", [5, 5, 10])]
)
def test_dead_addresses_share_the_time(
    monkeypatch: pytest.MonkeyPatch, clock: list[float], alive: str, timeouts: list[float]
) -> None:
    """Each address except the last has half of the remaining time, which is all of it: the clock stands still."""
    found = [(0, 0, 0, "", (address, 1)) for address in ("::1", "127.0.0.1", "127.0.0.2")]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: found)
    recorder, deadline = RecordingStream(alive), network.Deadline.after(10)
    if alive:
        assert isinstance(network.DeadlineBackend(recorder).connect_tcp("three", 1, deadline), network.DeadlineStream)
    else:
        with pytest.raises(httpcore2.ConnectTimeout):
            network.DeadlineBackend(recorder).connect_tcp("three", 1, deadline)
    assert recorder.timeouts == timeouts
    clock.append(10)
    with pytest.raises(httpcore2.ConnectTimeout):
        network.DeadlineBackend(recorder).connect_tcp("three", 1, deadline)
    assert recorder.timeouts == timeouts


def test_a_host_with_several_addresses(sender: Sender, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nothing listens at the first."""
    if "Pyreqwest" in sender.name or "Async" in sender.name:
        pytest.skip("these resolve addresses elsewhere")
    resolve = socket.getaddrinfo

    def both(host: Any, *args: Any, **kwargs: Any) -> Any:
        if host != "two.example.invalid":
            return resolve(host, *args, **kwargs)
        return [*resolve("127.0.0.2", *args, **kwargs), *resolve("127.0.0.1", *args, **kwargs)]

    monkeypatch.setattr(socket, "getaddrinfo", both)
    with Server(answer(b"found")) as server:
        assert sender.send(ask(f"http://two.example.invalid:{server.port}")).content == b"found"


def test_a_canceled_handshake_closes_its_connection() -> None:
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


def test_the_environment_is_read_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """Also for the pools that many concurrent requests add."""

    async def story() -> None:
        with Server(answer(b"direct")) as server, Server(answer(b"proxy")) as proxy:
            transport = AsyncHttpcore2Transport()
            monkeypatch.setenv("HTTP_PROXY", proxy.url)
            answers = await asyncio.gather(*[transport.send(ask(server.url)) for _ in range(20)])
            assert {found.content for found in answers} == {b"direct"}
            await transport.close()

    asyncio.run(story())


def test_the_log_of_httpcore2_holds_no_secret(
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
def test_a_proxy_that_does_not_speak_socks(open_sender: Open, monkeypatch: pytest.MonkeyPatch, said: bytes) -> None:
    def script(connection: Connection) -> None:
        connection.socket.recv(100)
        connection.send(said)

    with Server(script) as server:
        monkeypatch.setenv("ALL_PROXY", f"socks5://127.0.0.1:{server.port}")
        assert not failure(open_sender(), "http://api.example.invalid").maybe_processed


@pytest.mark.parametrize("script", [speaks_no_tls, says_nothing])
def test_a_tunnel_that_fails_is_released(open_sender: Open, monkeypatch: pytest.MonkeyPatch, script: Script) -> None:
    """Otherwise no connection would be available after as many failures as there may be connections."""
    monkeypatch.setattr(ConnectionPool, "MAX_CONNECTIONS", 2)
    monkeypatch.setattr(AsyncConnectionPool, "MAX_CONNECTIONS", 2)
    with Server(connects_and(script)) as server:
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        sender = open_sender()
        for number in range(1, 5):
            failure(sender, "https://api.example.invalid", timeout=TIMEOUT)
            assert server.connections_within(5, number) == number
