"""How responses are sent: whole, or as badly as a fault says."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
from collections.abc import Awaitable, Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from realtimekit.emulator.faults import FaultyResponse

if TYPE_CHECKING:
    from realtimekit.emulator.http import Response

Receive: TypeAlias = Callable[[], Awaitable[Any]]
Send: TypeAlias = Callable[[Any], Awaitable[None]]

CONNECTION = "realtimekit.connection"  # the ASGI extension that holds the connection
DRIPS = 20  # pieces of a dripped body


async def send(response: Response, receive: Receive, send: Send, connection: asyncio.Transport) -> None:
    """Send a response: whole, or as badly as its impairment says."""
    if isinstance(response, FaultyResponse):
        await _send_faulty(response, receive, send, connection)
    else:
        await _send_whole(response, send)


async def _send_whole(response: Response, send: Send) -> None:
    head = [*response.headers.items(), ("content-length", str(len(response.body)))]
    wire_head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head]
    await send({"type": "http.response.start", "status": response.status, "headers": wire_head})
    await send({"type": "http.response.body", "body": response.body})


async def _send_faulty(response: FaultyResponse, receive: Receive, send: Send, connection: asyncio.Transport) -> None:
    impairment = response.impairment
    if impairment.latency_seconds and not await sleep_while_connected(receive, impairment.latency_seconds):
        return
    if impairment.cut in {None, "after"} and not impairment.drip_seconds and impairment.content_length is None:
        await _send_whole(response, send)
        if impairment.cut:
            connection.close()
        return
    if impairment.cut != "before":
        await _write(response, receive, connection)
    if impairment.cut in {"before", "within"}:
        reset(connection)
    connection.close()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(response: FaultyResponse, receive: Receive, connection: asyncio.Transport) -> None:
    """Write past h11, which does not allow a wrong length."""
    impairment, body = response.impairment, response.body
    length = len(body) if impairment.content_length is None else impairment.content_length
    headers = {**response.headers, "content-length": str(length), "connection": "close"}
    lines = [f"HTTP/1.1 {response.status} ", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.write("\r\n".join(lines).encode("latin-1"))
    if impairment.cut == "within":
        body = body[: len(body) // 2]
    size = math.ceil(len(body) / DRIPS) if impairment.drip_seconds else len(body)
    for start in range(0, len(body), size or 1):
        if impairment.drip_seconds and not await sleep_while_connected(receive, impairment.drip_seconds / DRIPS):
            return
        connection.write(body[start : start + size])


async def sleep_while_connected(receive: Receive, seconds: float) -> bool:
    """Sleep. Returns False as soon as the client disconnects."""
    try:
        async with asyncio.timeout(seconds):
            await receive()  # the request is complete: only a disconnect can follow
    except TimeoutError:
        return True
    return False


def reset(connection: asyncio.Transport) -> None:
    """Close a connection as a crash or a firewall would: with RST, not with FIN."""
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.abort()
