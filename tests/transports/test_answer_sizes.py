"""The size limit of responses: no server can fill the memory, whatever it announces, sends or compresses."""

from __future__ import annotations

import gzip
import subprocess
import sys
import zlib
from collections.abc import Callable

import pytest

from realtimekit.errors import APIConnectionError
from realtimekit.interfaces import MAX_RESPONSE_BYTES, Response, StreamedRequest

from .loopback import Connection, Server, answer
from .transport_checks import QUERY, Sender, ask, assert_tells_no_secret

TIMEOUT = 30.0  # seconds; no test waits that long
MEGABYTE = bytes(2**20)
OK = b"HTTP/1.1 200 OK\r\n"


def compressed(megabytes: int, window: int) -> bytes:
    """Megabytes of zeros, compressed to a thousandth and without an end; `window` 31 is gzip, 15 is deflate."""
    compressor = zlib.compressobj(wbits=window)
    first = compressor.compress(MEGABYTE) + compressor.flush(zlib.Z_FULL_FLUSH)
    again = compressor.compress(MEGABYTE) + compressor.flush(zlib.Z_FULL_FLUSH)
    return first + again * (megabytes - 1)


def sized(size: int) -> Callable[[Connection], None]:
    def script(connection: Connection) -> None:
        connection.receive()
        connection.send(OK + b"Content-Length: %d\r\n\r\n" % size)
        for start in range(0, size, len(MEGABYTE)):
            connection.send(MEGABYTE[: size - start])

    return script


def endless(connection: Connection) -> None:
    connection.receive()
    connection.send(OK + b"\r\n")
    while True:
        connection.send(MEGABYTE)


def endless_chunks(connection: Connection) -> None:
    connection.receive()
    connection.send(OK + b"Transfer-Encoding: chunked\r\n\r\n")
    while True:
        connection.send(b"100000\r\n" + MEGABYTE + b"\r\n")


def test_the_largest_response(sender: Sender) -> None:
    with Server(sized(MAX_RESPONSE_BYTES)) as server:
        assert len(sender.send(ask(server.url, timeout=TIMEOUT)).content) == MAX_RESPONSE_BYTES


def test_one_byte_too_many(sender: Sender) -> None:
    with Server(sized(MAX_RESPONSE_BYTES + 1)) as server, pytest.raises(APIConnectionError, match="64 MiB"):
        sender.send(ask(server.url, timeout=TIMEOUT))


TOO_LARGE = {
    "announces that it is far too large": sized(10**12),
    "endless": endless,
    "endless chunks": endless_chunks,
    "gzip": answer(compressed(1000, 31), headers=("Content-Encoding: gzip",)),
    "deflate": answer(compressed(1000, 15), headers=("Content-Encoding: deflate",)),
}


@pytest.mark.parametrize("script", TOO_LARGE.values(), ids=TOO_LARGE.keys())
def test_a_larger_response_is_rejected_and_its_connection_closed(
    sender: Sender, script: Callable[[Connection], None] | bytes
) -> None:
    with Server(script) as server:
        with pytest.raises(APIConnectionError) as caught:
            sender.send(ask(f"{server.url}/the/path?{QUERY}", method="POST", timeout=TIMEOUT))
        error = caught.value
        assert type(error) is APIConnectionError
        assert error.maybe_processed
        assert (error.method, error.path) == ("POST", "/the/path")
        assert str(error).startswith(f"the response from 127.0.0.1:{server.port} has more than 64 MiB")
        assert "page_size" in str(error)
        assert_tells_no_secret(error)
        with pytest.raises(APIConnectionError):
            sender.send(ask(server.url, timeout=TIMEOUT))
        assert server.connections == 2


def test_gzip_in_gzip_is_passed_on_unchanged(sender: Sender) -> None:
    """It was not asked for, and each layer could expand a thousandfold."""
    twice = gzip.compress(compressed(1000, 31))
    with Server(answer(twice, headers=("Content-Encoding: gzip, gzip",))) as server:
        assert sender.send(ask(server.url, timeout=TIMEOUT)).content == twice


def test_a_streamed_response_has_no_limit(sender: Sender) -> None:
    size = 0

    def write(chunk: bytes) -> bool:
        nonlocal size
        size += len(chunk)
        return True

    def receive(_: Response) -> Callable[[bytes], bool]:
        return write

    with Server(sized(MAX_RESPONSE_BYTES + 2)) as server:
        sender.send(StreamedRequest.from_request(ask(server.url, timeout=TIMEOUT), receive))
    assert size == MAX_RESPONSE_BYTES + 2


HOG = r"""
import asyncio, inspect, re, sys
from importlib import import_module
from pathlib import Path
from realtimekit.errors import APIConnectionError
from realtimekit.interfaces import Request

module, kind, url = sys.argv[1:]
transport = getattr(import_module(f"realtimekit.transports.{module}"), kind)()

def peak():  # megabytes, until now
    return int(re.search(r"VmHWM:\s*(\d+) kB", Path("/proc/self/status").read_text())[1]) // 1024

before = peak()

async def send():
    sent = transport.send(Request("GET", url, {}, None, 60.0))
    return await sent if inspect.iscoroutine(sent) else sent

try:
    asyncio.run(send())
except APIConnectionError as error:
    assert "64 MiB" in str(error), error
else:
    raise SystemExit("no error")
print(peak() - before)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads the memory use from /proc")
@pytest.mark.parametrize(
    "name",
    [
        "httpcore2.Httpcore2Transport",
        "httpcore2.AsyncHttpcore2Transport",
        "pyreqwest.PyreqwestTransport",
        "pyreqwest.AsyncPyreqwestTransport",
    ],
)
def test_a_decompression_bomb_takes_no_more_memory_than_the_largest_response(name: str) -> None:
    """In a separate process, whose memory can be measured: 2 GB that arrive as 2 MB."""
    with Server(answer(compressed(2000, 31), headers=("Content-Encoding: gzip",))) as server:
        arguments = [sys.executable, "-c", HOG, *name.split("."), server.url]
        ran = subprocess.run(arguments, check=False, capture_output=True, text=True)
    assert ran.returncode == 0, ran.stderr
    assert int(ran.stdout) < 300, "megabytes"
