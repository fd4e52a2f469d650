"""The connections of agents as WebSockets."""

from __future__ import annotations

import asyncio
import contextlib
import logging
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, TypeAlias

from uvicorn.protocols.websockets.websockets_sansio_impl import WebSocketsSansIOProtocol

from realtimekit.emulator import sending
from realtimekit.emulator.faults import FaultyResponse
from realtimekit.emulator.http import Request, Response
from realtimekit.emulator.sending import CONNECTION
from realtimekit.emulator.services.agent_socket import ABNORMAL, AgentSocket, Close, SocketClosedError

if TYPE_CHECKING:
    from realtimekit.emulator.sending import Receive, Send

# Answers an upgrade: with a response and, if its status is 101, with the connection.
Upgrade: TypeAlias = Callable[[Request], tuple[Response, AgentSocket | None]]

_SILENT = logging.getLogger(__name__)
_SILENT.disabled = True


class Protocol(WebSocketsSansIOProtocol):
    """Logs nothing, and gives the application the connection."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.logger = self.conn.logger = _SILENT  # the request's head has the token
        app = self.app

        async def connected(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "extensions": {CONNECTION: self.transport}}, receive, send)

        self.app = connected


async def serve(scope: Any, headers: dict[str, str], upgrade: Upgrade, receive: Receive, send: Send) -> None:
    """Serve one connection that was to become a WebSocket."""
    await receive()  # that it is opened
    path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
    response, socket = upgrade(Request("GET", path, query, headers, b""))
    connection = scope["extensions"][CONNECTION]
    if socket is None:
        await sending.send(response, _as_http_receive(receive), _as_http_send(send), connection)
        return
    try:
        if await _accept(response, receive, send, connection):
            await _serve(socket, receive, send, connection)
    finally:
        socket.close(ABNORMAL)  # without effect if it has ended


def _as_http_receive(receive: Receive) -> Receive:
    async def adapted() -> Any:
        return {"type": (await receive())["type"].replace("websocket.", "http.")}

    return adapted


def _as_http_send(send: Send) -> Send:
    async def adapted(message: Any) -> None:
        await send({**message, "type": f"websocket.{message['type']}"})

    return adapted


async def _accept(response: Response, receive: Receive, send: Send, connection: asyncio.Transport) -> bool:
    """Accept the upgrade, unless a fault has it fail. Returns whether the connection is usable."""
    latency, cut = 0.0, None
    if isinstance(response, FaultyResponse):
        latency, cut = response.impairment.latency_seconds, response.impairment.cut
    if latency and not await sending.sleep_while_connected(receive, latency):
        return False
    if cut != "before":
        headers = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in response.headers.items()]
        await send({"type": "websocket.accept", "headers": headers})
    if cut is not None:
        sending.reset(connection)
        while (await receive())["type"] != "websocket.disconnect":
            pass
    return cut is None


async def _serve(socket: AgentSocket, receive: Receive, send: Send, connection: asyncio.Transport) -> None:
    reader = asyncio.create_task(_read(socket, receive))
    writer = asyncio.create_task(_write(socket, send))
    closing = asyncio.create_task(socket.closing())
    tasks = (reader, writer, closing)
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
    closed_by_agent, *closed = [result if isinstance(result, Close) else None for result in results]
    if closed_by_agent is not None:
        socket.end(closed_by_agent, by_agent=True)
    elif close := next(filter(None, closed), None):
        socket.end(close, by_agent=False)
        if close.code == ABNORMAL:
            sending.reset(connection)
        else:
            await send({"type": "websocket.close", "code": close.code, "reason": close.reason})


async def _read(socket: AgentSocket, receive: Receive) -> Close:
    """Hand over what is received. Returns how the agent has closed the connection."""
    while (event := await receive())["type"] == "websocket.receive":
        with contextlib.suppress(SocketClosedError):  # too late
            socket.send(event["text"] if event.get("text") is not None else event["bytes"])
    return Close(event["code"], event.get("reason") or "")


async def _write(socket: AgentSocket, send: Send) -> Close:
    """Send what there is to send. Returns how the connection is to be closed."""
    while not isinstance(item := await socket.next(), Close):
        await send({"type": "websocket.send", "text": item})
        socket.sent()
        await asyncio.sleep(0)  # a long queue must not keep out everything else
    return item
