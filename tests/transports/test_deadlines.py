"""A call ends within its timeout, whatever it waits for and however slowly data keeps arriving."""

from __future__ import annotations

import asyncio
import ssl
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit.errors import APITimeoutError
from realtimekit.transports.httpcore2 import AsyncHttpcore2Transport
from realtimekit.transports.pyreqwest import AsyncPyreqwestTransport

from .loopback import Server, answer
from .transport_checks import Sender, ask, failure

if TYPE_CHECKING:
    import trustme

    from .loopback import Connection, Script

Open = Callable[[], Sender]

TIMEOUT = 0.6  # seconds; connecting takes a part of them on a busy machine
TICK = 0.05  # seconds between two bytes, so that no single wait is long
TICKS = 80  # in total far longer than any call may take; ends a test whose call would not end


def drips(data: bytes, *, first: bytes = b"") -> Script:
    """Answer a request with `first`, and then with one byte at a time."""

    def script(connection: Connection) -> None:
        if connection.receive():
            connection.send(first)
            for byte in data:
                connection.send(bytes([byte]))
                time.sleep(TICK)

    return script


def interim_answers(connection: Connection) -> None:
    connection.receive()
    for _ in range(TICKS):
        connection.send(b"HTTP/1.1 103 Early Hints\r\n\r\n")
        time.sleep(TICK)


def chunks(connection: Connection) -> None:
    connection.receive()
    connection.send(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n")
    for _ in range(TICKS):
        connection.send(b"1\r\n{\r\n")
        time.sleep(TICK)


def reads_slowly(connection: Connection) -> None:
    while connection.socket.recv(500_000):
        time.sleep(TICK)


def reads_nothing(_: Connection) -> None:
    time.sleep(2 * TIMEOUT)


def says_nothing(connection: Connection) -> None:
    connection.wait_for_close()


# --- slow responses --------------------------------------------------------------------------------------------------

LONG = b"x" * TICKS
SLOW: dict[str, Script] = {
    "says nothing": says_nothing,
    "drips the head": drips(b"HTTP/1.1 200 OK\r\nX-Thing: " + LONG),
    "drips the body": drips(LONG, first=b"HTTP/1.1 200 OK\r\nContent-Length: 1000\r\n\r\n"),
    "drips a body that ends with the connection": drips(LONG, first=b"HTTP/1.1 200 OK\r\n\r\n"),
    "drips chunks": chunks,
    "drips interim answers": interim_answers,
}


@pytest.mark.parametrize("script", SLOW.values(), ids=SLOW.keys())
def test_a_slow_response(sender: Sender, script: Script) -> None:
    with Server(script) as server:
        error = failure(sender, server.url, timeout=TIMEOUT)
    assert type(error) is APITimeoutError
    assert error.maybe_processed
    assert str(error) == f"no response from 127.0.0.1:{server.port} within {TIMEOUT} s"


@pytest.mark.parametrize("script", [reads_nothing, reads_slowly])
def test_a_request_body_that_is_not_read(sender: Sender, script: Script) -> None:
    with Server(script) as server:
        error = failure(sender, server.url, content=b"x" * 60_000_000, timeout=TIMEOUT)
    assert type(error) is APITimeoutError
    assert error.maybe_processed


def test_each_call_on_a_kept_connection_has_its_own_deadline(sender: Sender) -> None:
    def later_and_later(connection: Connection) -> None:
        for _ in range(3):
            connection.receive()
            time.sleep(0.4)
            connection.send(answer())
        drips(b"HTTP/1.1 200 OK\r\nX-Thing: " + LONG)(connection)

    with Server(later_and_later) as server:
        for _ in range(3):
            assert sender.send(ask(server.url, timeout=1.0)).status == 200
        with pytest.raises(APITimeoutError):
            sender.send(ask(server.url, timeout=1.0))
        assert server.connections == 1
        assert sender.send(ask(server.url, timeout=1.0)).status == 200
        assert server.connections == 2


# --- handshakes and proxies -------------------------------------------------------------------------------------------


def drips_a_handshake(connection: Connection) -> None:
    connection.socket.recv(65536)
    for byte in b"\x16\x03\x03\x40\x00" + LONG:  # the header of a long TLS record
        connection.send(bytes([byte]))
        time.sleep(TICK)


@pytest.mark.parametrize("script", [says_nothing, drips_a_handshake])
def test_a_handshake_that_takes_too_long(sender: Sender, script: Script) -> None:
    with Server(script) as server:
        error = failure(sender, f"https://127.0.0.1:{server.port}", timeout=TIMEOUT)
    assert type(error) is APITimeoutError
    assert error.maybe_processed == ("Pyreqwest" in sender.name)  # pyreqwest cannot tell


def connects_and(then: Script) -> Script:
    """The script of a proxy that opens the requested tunnel."""

    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(b"HTTP/1.1 200 Connection established\r\n\r\n")
        then(connection)

    return script


PROXIES: dict[str, tuple[str, Script]] = {
    "says nothing": ("http", says_nothing),
    "says nothing to CONNECT": ("https", says_nothing),
    "drips an answer": ("http", drips(b"HTTP/1.1 200 OK\r\nX-Thing: " + LONG)),
    "drips an answer to CONNECT": ("https", drips(b"HTTP/1.1 200 OK\r\nX-Thing: " + LONG)),
    "leads to silence": ("https", connects_and(says_nothing)),
    "leads to a handshake that drips": ("https", connects_and(drips_a_handshake)),
}


@pytest.mark.parametrize(("scheme", "script"), PROXIES.values(), ids=PROXIES.keys())
def test_a_slow_proxy(open_sender: Open, monkeypatch: pytest.MonkeyPatch, scheme: str, script: Script) -> None:
    with Server(script) as server:
        monkeypatch.setenv("ALL_PROXY", server.url)
        error = failure(open_sender(), f"{scheme}://api.example.invalid", timeout=TIMEOUT)
    assert type(error) is APITimeoutError
    assert server.connections == 1


def test_a_slow_response_through_a_tunnel(
    open_sender: Open, monkeypatch: pytest.MonkeyPatch, authority: trustme.CA, tmp_path: Any
) -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    authority.issue_cert("api.example.invalid").configure_cert(context)
    authority.cert_pem.write_to_path(str(tmp_path / "ca.pem"))

    def tunnel(connection: Connection) -> None:
        with context.wrap_socket(connection.socket, server_side=True) as encrypted:
            connection.socket = encrypted
            drips(b"HTTP/1.1 200 OK\r\nX-Thing: " + LONG)(connection)

    with Server(connects_and(tunnel)) as server:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "ca.pem"))
        monkeypatch.setenv("HTTPS_PROXY", server.url)
        error = failure(open_sender(), "https://api.example.invalid", timeout=0.6)
    assert type(error) is APITimeoutError
    assert error.maybe_processed
    assert len(server.requests) == 2, "CONNECT, and the request through the tunnel"


# --- timeouts of the caller -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", [AsyncHttpcore2Transport, AsyncPyreqwestTransport])
def test_timeouts_and_cancellation_of_the_caller_are_passed_on(kind: type[Any]) -> None:
    async def story(url: str) -> None:
        transport = kind()
        with pytest.raises(TimeoutError) as caught:
            async with asyncio.timeout(0.1):
                await transport.send(ask(url, timeout=1.0))
        assert not isinstance(caught.value, APITimeoutError)
        with pytest.raises(TimeoutError):
            await asyncio.wait_for(transport.send(ask(url, timeout=1.0)), 0.1)
        task = asyncio.ensure_future(transport.send(ask(url, timeout=1.0)))
        await asyncio.sleep(0.1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        with pytest.raises(APITimeoutError):
            async with asyncio.timeout(5):
                await transport.send(ask(url, timeout=0.1))
        await transport.close()

    with Server(says_nothing) as server:
        asyncio.run(story(server.url))
