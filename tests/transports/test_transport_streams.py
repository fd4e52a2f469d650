"""Bodies that are handed on piece by piece."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING

import pytest

from realtimekit.errors import APIConnectionError, APITimeoutError
from realtimekit.interfaces import Response, StreamedRequest

from .loopback import Server, answer
from .test_transport_failures import BROKEN
from .transport_checks import QUERY, Sender, ask, assert_tells_no_secret

if TYPE_CHECKING:
    from collections.abc import Callable

    from .loopback import Connection, Script

BODY = bytes(range(256)) * 16384  # 4 MB


class Taker:
    """Takes what arrives, up to a number of pieces."""

    def __init__(self, pieces: int | None = None) -> None:
        self.head: Response | None = None
        self.pieces: list[bytes] = []
        self._left = pieces

    def receive(self, head: Response) -> Callable[[bytes], bool]:
        assert self.head is None
        self.head = head
        return self.write

    def write(self, piece: bytes) -> bool:
        self.pieces.append(piece)
        return self._left is None or len(self.pieces) < self._left


def streamed(url: str, taker: Taker, *, timeout: float = 5.0) -> StreamedRequest:
    return StreamedRequest.from_request(ask(f"{url}/the/path?q={QUERY}", timeout=timeout), taker.receive)


@pytest.mark.parametrize("body", [BODY, b"x", b""], ids=["large", "one byte", "empty"])
def test_arrives_in_pieces(sender: Sender, body: bytes) -> None:
    taker = Taker()
    with Server(answer(body, headers=("X-Thing: A",))) as server:
        response = sender.send(streamed(server.url, taker))
    assert b"".join(taker.pieces) == body
    assert max(map(len, taker.pieces), default=0) < 1_000_000
    assert taker.head == response
    assert (response.status, response.headers["x-thing"], response.content) == (200, "A", b"")
    assert server.requests[0].target == f"/the/path?q={QUERY}"


def test_every_status_arrives(sender: Sender) -> None:
    taker = Taker()
    with Server(answer(b"why", status="404 Not Found")) as server:
        assert sender.send(streamed(server.url, taker)).status == 404
    assert taker.pieces == [b"why"]


def test_an_endless_body_can_be_left(sender: Sender) -> None:
    def endless(connection: Connection) -> None:
        connection.receive()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.send(b"x" * 65536)

    taker = Taker(3)
    with Server(endless) as server:
        assert sender.send(streamed(server.url, taker)).status == 200
    assert len(taker.pieces) == 3


def test_the_timeout_is_for_each_wait(sender: Sender) -> None:
    def slow(connection: Connection) -> None:
        connection.receive()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        for byte in b"abcde":
            time.sleep(0.2)
            connection.send(bytes([byte]))

    taker = Taker()
    with Server(slow) as server:
        sender.send(streamed(server.url, taker, timeout=0.7))
    assert b"".join(taker.pieces) == b"abcde"


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
def test_a_silent_server(sender: Sender, begun: bytes) -> None:
    def silent(connection: Connection) -> None:
        connection.receive()
        connection.send(begun)
        connection.wait_for_close()

    taker = Taker()
    with Server(silent) as server, pytest.raises(APITimeoutError) as caught:
        sender.send(streamed(server.url, taker, timeout=0.3))
    assert caught.value.maybe_processed
    assert b"".join(taker.pieces) == begun[-1:]


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_answer(sender: Sender, script: Script) -> None:
    with Server(script) as server, pytest.raises(APIConnectionError) as caught:
        sender.send(streamed(server.url, Taker()))
    assert type(caught.value) is APIConnectionError
    assert caught.value.maybe_processed
    assert server.connections == 1
    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("error", [OSError(28, "no space"), ValueError("wrong"), KeyError("x")], ids=repr)
@pytest.mark.parametrize("where", ["receive", "write"])
def test_what_the_receiver_raises_goes_through(sender: Sender, error: Exception, where: str) -> None:
    class Raising(Taker):
        def receive(self, head: Response) -> Callable[[bytes], bool]:
            if where == "receive":
                raise error
            return self.write

        def write(self, piece: bytes) -> bool:
            raise error

    with Server(answer(BODY)) as server:
        with pytest.raises(type(error)) as caught:
            sender.send(streamed(server.url, Raising()))
        assert caught.value is error
        assert sender.send(ask(server.url)).content == BODY  # and the transport still works


def test_nobody_listens(sender: Sender) -> None:
    with Server(answer()) as server:
        pass
    with pytest.raises(APIConnectionError) as caught:
        sender.send(streamed(server.url, Taker()))
    assert not caught.value.maybe_processed
    assert_tells_no_secret(caught.value)
