"""What arrives at the server, and what comes back."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from typing import TYPE_CHECKING

import pytest

from realtimekit.errors import APIConnectionError

from .loopback import Server, answer
from .transport_checks import TOKEN, Sender, ask

if TYPE_CHECKING:
    from .loopback import Connection


@pytest.mark.parametrize("method", ["GET", "POST", "PUT", "PATCH", "DELETE"])
def test_arrives_byte_for_byte(sender: Sender, method: str) -> None:
    target = "/v4/a%2Fb/c%20d/%C3%A9;x=1/~u,v'w/?q=%2F&r=a+b&s[]=%7Bx%7D&t=http://h/&empty="
    content = None if method == "GET" else bytes(range(256)) * 500
    with Server(answer(b'{"ok": true}', status="201 Created", headers=("X-Thing: A", "x-thing: b"))) as server:
        response = sender.send(ask(server.url + target, method=method, content=content))
    (request,) = server.requests
    assert (request.method, request.target, request.body) == (method, target, content or b"")
    assert request.headers["authorization"] == f"Bearer {TOKEN}"
    assert request.headers["user-agent"] == "tests"
    assert request.headers["host"] == f"127.0.0.1:{server.port}"
    assert "cookie" not in request.headers
    assert (response.status, response.content) == (201, b'{"ok": true}')
    assert response.headers["x-thing"] == "A, b"


@pytest.mark.parametrize("tail", ["", "?", "?q=a/b", "/", "/?", "//double//", "/a/b?c#fragment"])
def test_odd_urls(sender: Sender, tail: str) -> None:
    with Server(answer()) as server:
        sender.send(ask(server.url + tail))
    target = tail.partition("#")[0]
    assert server.requests[0].target == (target if target.startswith("/") else f"/{target}")


@pytest.mark.parametrize("target", ["/a/%2e%2e/b", "/a/%2E/b", "/a/../b", "/a/./b", "/a?q='", '/a?q="'])
def test_a_url_is_sent_as_it_is_or_not_at_all(sender: Sender, target: str) -> None:
    with Server(answer()) as server:
        if "Pyreqwest" in sender.name:
            with pytest.raises(APIConnectionError, match="would rewrite this URL") as caught:
                sender.send(ask(server.url + target))
            assert not caught.value.maybe_processed
        else:
            sender.send(ask(server.url + target))
    assert [request.target for request in server.requests] == ([] if "Pyreqwest" in sender.name else [target])


@pytest.mark.parametrize("method", ["POST", "PUT", "PATCH"])
@pytest.mark.parametrize("content", [None, b""])
def test_an_empty_body_says_its_length(sender: Sender, method: str, content: bytes | None) -> None:
    with Server(answer()) as server:
        sender.send(ask(server.url, method=method, content=content))
    assert server.requests[0].headers["content-length"] == "0"


def test_keeps_the_connection(sender: Sender) -> None:
    with Server(answer()) as server:
        for _ in range(5):
            sender.send(ask(server.url))
    assert (len(server.requests), server.connections) == (5, 1)


def test_follows_no_redirect(sender: Sender) -> None:
    with Server(answer(status="307 Temporary Redirect", headers=("Location: /elsewhere",))) as server:
        response = sender.send(ask(server.url))
    assert (response.status, response.headers["location"], len(server.requests)) == (307, "/elsewhere", 1)


def test_keeps_no_cookies(sender: Sender) -> None:
    with Server(answer(headers=("Set-Cookie: a=1; Path=/", "Set-Cookie: b=2"))) as server:
        response = sender.send(ask(server.url))
        sender.send(ask(server.url))
    assert response.headers["set-cookie"] == "a=1; Path=/, b=2"
    assert not any("cookie" in request.headers for request in server.requests)


@pytest.mark.parametrize("status", ["204 No Content", "404 Not Found", "429 Too Many Requests", "503 Unavailable"])
def test_every_status_is_a_response(sender: Sender, status: str) -> None:
    with Server(answer(b"" if status.startswith("204") else b"why", status=status)) as server:
        assert sender.send(ask(server.url)).status == int(status[:3])


@pytest.mark.parametrize(
    ("encoding", "encoded"),
    [
        ("gzip", gzip.compress(b"hello " * 1000)),
        ("deflate", zlib.compress(b"hello " * 1000)),
        ("identity", b"hello " * 1000),
        ("unknown", b"hello " * 1000),
    ],
    ids=["gzip", "deflate", "identity", "unknown"],  # the bytes of gzip contain the time
)
def test_decompresses(sender: Sender, encoding: str, encoded: bytes) -> None:
    with Server(answer(encoded, headers=(f"Content-Encoding: {encoding}",))) as server:
        assert sender.send(ask(server.url)).content == b"hello " * 1000
    assert "gzip" in server.requests[0].headers["accept-encoding"]


@pytest.mark.parametrize("size", [2**20 - 1, 2**20, 2**20 + 1, 3 * 2**20])
def test_decompresses_sizes_around_the_chunk_size(sender: Sender, size: int) -> None:
    with Server(answer(gzip.compress(bytes(size)), headers=("Content-Encoding: gzip",))) as server:
        assert sender.send(ask(server.url)).content == bytes(size)


@pytest.mark.parametrize("padding", [b"\n", bytes(512)])
def test_padding_after_gzip_is_ignored(sender: Sender, padding: bytes) -> None:
    with Server(answer(gzip.compress(b"hello") + padding, headers=("Content-Encoding: gzip",))) as server:
        assert sender.send(ask(server.url)).content == b"hello"


@pytest.mark.parametrize(
    ("encoding", "parts"), [("GZIP", [1000]), ("gzip", [400, 600])], ids=["in capitals", "several members"]
)
def test_decompresses_all_variants_of_gzip(sender: Sender, encoding: str, parts: list[int]) -> None:
    if "Pyreqwest" in sender.name:
        pytest.skip("pyreqwest reads only the first member, and only lower case")
    encoded = b"".join(gzip.compress(b"hello " * count) for count in parts)
    with Server(answer(encoded, headers=(f"Content-Encoding: {encoding}",))) as server:
        assert sender.send(ask(server.url)).content == b"hello " * 1000


def test_chunked_and_unframed_bodies(sender: Sender) -> None:
    def until_the_end(connection: Connection) -> None:
        connection.receive()
        connection.send(b"HTTP/1.1 200 OK\r\nConnection: close\r\n\r\nall of it")

    with Server(b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n2\r\nde\r\n0\r\n\r\n") as server:
        assert sender.send(ask(server.url)).content == b"abcde"
    with Server(until_the_end) as server:
        assert sender.send(ask(server.url)).content == b"all of it"


def test_headers_that_are_not_ascii(sender: Sender) -> None:
    utf_8 = "été".encode().decode("latin-1")
    with Server(answer(b"fine", headers=("X-Name: \xe9t\xe9", f"Location: /{utf_8}", "X-Other: a"))) as server:
        response = sender.send(ask(server.url))
    assert (response.content, response.headers["x-other"]) == (b"fine", "a")
    if "Pyreqwest" not in sender.name:  # which leaves these headers out
        assert (response.headers["x-name"], response.headers["location"]) == ("été", "/été")


def test_concurrent_requests_share_one_transport(sender: Sender) -> None:
    def echo(connection: Connection) -> None:
        while request := connection.receive():
            connection.send(answer(request.target.encode()))

    with Server(echo) as server:
        responses = sender.send_all([ask(f"{server.url}/{number}") for number in range(50)])
    assert [response.content for response in responses] == [f"/{number}".encode() for number in range(50)]


@pytest.mark.parametrize("library", ["httpcore2.Httpcore2Transport", "pyreqwest.PyreqwestTransport"])
def test_the_blocking_transport_does_not_load_asyncio(library: str) -> None:
    module, _, kind = library.partition(".")
    with Server(answer()) as server:
        script = (
            "import sys; from realtimekit.interfaces import Request\n"
            f"from realtimekit.transports.{module} import {kind}\n"
            f"{kind}().send(Request('GET', {server.url!r}, {{}}, None, 5.0)); sys.exit('asyncio' in sys.modules)"
        )
        assert subprocess.run([sys.executable, "-c", script], check=False).returncode == 0
