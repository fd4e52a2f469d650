"""Response bodies that are streamed in chunks."""

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


class ChunkCollector:
    """Collects the chunks of a response, up to a number of them."""

    def __init__(self, chunks: int | None = None) -> None:
        self.head: Response | None = None
        self.chunks: list[bytes] = []
        self._left = chunks

    def on_response(self, head: Response) -> Callable[[bytes], bool]:
        assert self.head is None
        self.head = head
        return self.write

    def write(self, chunk: bytes) -> bool:
        self.chunks.append(chunk)
        return self._left is None or len(self.chunks) < self._left


def streamed(url: str, collector: ChunkCollector, *, timeout: float = 5.0) -> StreamedRequest:
    return StreamedRequest.from_request(ask(f"{url}/the/path?q={QUERY}", timeout=timeout), collector.on_response)


@pytest.mark.parametrize("body", [BODY, b"x", b""], ids=["large", "one byte", "empty"])
def test_a_body_arrives_in_chunks(sender: Sender, body: bytes) -> None:
    collector = ChunkCollector()
    with Server(answer(body, headers=("X-Thing: A",))) as server:
        response = sender.send(streamed(server.url, collector))
    assert b"".join(collector.chunks) == body
    assert max(map(len, collector.chunks), default=0) < 1_000_000
    assert collector.head == response
    assert (response.status, response.headers["x-thing"], response.content) == (200, "A", b"")
    assert server.requests[0].target == f"/the/path?q={QUERY}"


def test_every_status_arrives(sender: Sender) -> None:
    collector = ChunkCollector()
    with Server(answer(b"why", status="404 Not Found")) as server:
        assert sender.send(streamed(server.url, collector)).status == 404
    assert collector.chunks == [b"why"]


def test_an_endless_body_can_be_abandoned(sender: Sender) -> None:
    def endless(connection: Connection) -> None:
        connection.receive()
        connection.send(b"HTTP/1.1 200 OK\r\n\r\n")
        while True:
            connection.send(b"x" * 65536)

    collector = ChunkCollector(3)
    with Server(endless) as server:
        assert sender.send(streamed(server.url, collector)).status == 200
    assert len(collector.chunks) == 3


def test_the_timeout_is_for_each_read(sender: Sender) -> None:
    def slow(connection: Connection) -> None:
        connection.receive()
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\n")
        for byte in b"abcde":
            time.sleep(0.2)
            connection.send(bytes([byte]))

    collector = ChunkCollector()
    with Server(slow) as server:
        sender.send(streamed(server.url, collector, timeout=0.7))
    assert b"".join(collector.chunks) == b"abcde"


@pytest.mark.parametrize("begun", [b"", b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n{"])
def test_a_silent_server(sender: Sender, begun: bytes) -> None:
    def silent(connection: Connection) -> None:
        connection.receive()
        connection.send(begun)
        connection.wait_for_close()

    collector = ChunkCollector()
    with Server(silent) as server, pytest.raises(APITimeoutError) as caught:
        sender.send(streamed(server.url, collector, timeout=0.3))
    assert caught.value.maybe_processed
    assert b"".join(collector.chunks) == begun[-1:]


@pytest.mark.parametrize("script", BROKEN.values(), ids=BROKEN.keys())
def test_a_broken_response(sender: Sender, script: Script) -> None:
    with Server(script) as server, pytest.raises(APIConnectionError) as caught:
        sender.send(streamed(server.url, ChunkCollector()))
    assert type(caught.value) is APIConnectionError
    assert caught.value.maybe_processed
    assert server.connections == 1
    assert_tells_no_secret(caught.value)


@pytest.mark.parametrize("error", [OSError(28, "no space"), ValueError("wrong"), KeyError("x")], ids=repr)
@pytest.mark.parametrize("where", ["on_response", "write"])
def test_errors_of_the_receiver_are_passed_on(sender: Sender, error: Exception, where: str) -> None:
    class Raising(ChunkCollector):
        def on_response(self, head: Response) -> Callable[[bytes], bool]:
            if where == "on_response":
                raise error
            return self.write

        def write(self, chunk: bytes) -> bool:
            raise error

    with Server(answer(BODY)) as server:
        with pytest.raises(type(error)) as caught:
            sender.send(streamed(server.url, Raising()))
        assert caught.value is error
        assert sender.send(ask(server.url)).content == BODY  # and the transport still works


def test_connection_refused(sender: Sender) -> None:
    with Server(answer()) as server:
        pass
    with pytest.raises(APIConnectionError) as caught:
        sender.send(streamed(server.url, ChunkCollector()))
    assert not caught.value.maybe_processed
    assert_tells_no_secret(caught.value)
