"""The server of the console and of the MCP server."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from realtimekit.web_server import Protocol, listen

CHUNKED = b"POST /%s HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"


async def app(scope: Any, receive: Any, send: Any) -> None:
    """Respond at once, or when the request is complete, or in two parts of which the second waits for the client."""
    if scope["path"] == "/complete":
        while (await receive()).get("more_body"):
            pass
    in_parts = scope["path"] == "/parts"
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
    await send({"type": "http.response.body", "body": b"h" if in_parts else b"hi", "more_body": in_parts})
    if in_parts:
        await receive()
        await send({"type": "http.response.body", "body": b"i"})


@asynccontextmanager
async def served(protocol: type[Protocol], connections: set[Any] | None = None) -> AsyncGenerator[tuple[str, int]]:
    config = uvicorn.Config(app, http=protocol, log_config=None, ws="none", lifespan="off")
    config.load()
    state = ServerState()
    if connections is not None:
        state.connections = connections
    listener = listen("127.0.0.1", 0)
    server = await asyncio.get_running_loop().create_server(lambda: protocol(config, state, {}), sock=listener)
    async with server:
        yield listener.getsockname()


async def responses(address: tuple[str, int], *parts: bytes) -> bytes:
    """Return what a client receives; each further part is sent when something was received."""
    reader, writer = await asyncio.open_connection(*address)
    received = b""
    for number, part in enumerate(parts):
        if number:
            received += await reader.readuntil(b"\r\n\r\nh")
        writer.write(part)
    received += await asyncio.wait_for(reader.read(), 5)
    writer.close()
    await writer.wait_closed()
    return received


def test_a_response_does_not_wait_for_the_acknowledgment_of_its_head() -> None:
    """Linux waits 40 ms for it, unless TCP_NODELAY is set; asyncio sets that only on sockets that it made itself."""
    options: list[int] = []

    class Observed(Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            options.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async def main() -> bytes:
        async with served(Observed) as address:
            return await responses(address, b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")

    assert asyncio.run(main()).endswith(b"\r\n\r\nhi")
    assert options == [1]


@pytest.mark.parametrize(
    ("parts", "statuses"),
    [
        ([b"junk\r\n\r\n"], [b"400"]),
        ([CHUNKED % b"complete" + b"zz\r\n"], [b"400"]),
        ([CHUNKED % b"" + b"zz\r\n"], [b"400"]),
        ([CHUNKED % b"", b"zz\r\n"], [b"200"]),
        ([CHUNKED % b"parts", b"zz\r\n"], [b"200"]),
        ([b"GET / HTTP/1.1\r\nHost: localhost\r\n\r\n", b"junk\r\n\r\n"], [b"200", b"400"]),
    ],
)
def test_what_is_not_http_gets_one_response_and_one_line(
    parts: list[bytes], statuses: list[bytes], caplog: pytest.LogCaptureFixture
) -> None:
    async def main() -> bytes:
        async with served(Protocol) as address:
            return await responses(address, *parts)

    found = asyncio.run(main())
    assert [part[:3] for part in found.split(b"HTTP/1.1 ")[1:]] == statuses
    assert [record.getMessage() for record in caplog.records if record.levelno >= logging.WARNING] == [
        "Invalid HTTP request received."
    ]


def test_an_upgrade_is_not_answered_with_advice_in_the_terminal(caplog: pytest.LogCaptureFixture) -> None:
    async def main() -> bytes:
        async with served(Protocol) as address:
            head = b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\nConnection: Upgrade\r\n"
            return await responses(address, head + b"Upgrade: websocket\r\n\r\n")

    assert asyncio.run(main()).startswith(b"HTTP/1.1 200")
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]


def test_a_shutdown_does_not_wait_for_the_rest_of_a_request(caplog: pytest.LogCaptureFixture) -> None:
    connections: set[Any] = set()

    async def main() -> bytes:
        async with served(Protocol, connections) as address:
            reader, writer = await asyncio.open_connection(*address)
            writer.write((CHUNKED % b"complete").replace(b"Host", b"Expect: 100-continue\r\nHost"))
            await reader.readuntil(b"\r\n\r\n")  # the application waits for the body
            for connection in connections:
                connection.shutdown()
            received = await asyncio.wait_for(reader.read(), 5)
            writer.close()
            await writer.wait_closed()
            return received

    assert asyncio.run(main()) == b""
    assert not [record for record in caplog.records if record.levelno >= logging.WARNING]
