"""The server of the console and of the MCP server."""

from __future__ import annotations

import asyncio
import socket
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from realtimekit.web_server import Protocol, listen


def test_a_response_does_not_wait_for_the_acknowledgment_of_its_head() -> None:
    """Linux waits 40 ms for it, unless TCP_NODELAY is set; asyncio sets that only on sockets that it made itself."""
    options: list[int] = []

    class Observed(Protocol):
        def connection_made(self, transport: Any) -> None:
            super().connection_made(transport)
            options.append(transport.get_extra_info("socket").getsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY))

    async def app(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"2")]})
        await send({"type": "http.response.body", "body": b"hi"})

    async def main() -> bytes:
        config = uvicorn.Config(app, http=Observed, log_config=None, ws="none", lifespan="off")
        config.load()
        loop = asyncio.get_running_loop()
        listener = listen("127.0.0.1", 0)
        server = await loop.create_server(lambda: Observed(config, ServerState(), {}), sock=listener)
        async with server:
            reader, writer = await asyncio.open_connection(*listener.getsockname())
            writer.write(b"GET / HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
            response = await reader.read()
            writer.close()
            await writer.wait_closed()
        return response

    assert asyncio.run(main()).endswith(b"\r\n\r\nhi")
    assert options == [1]
