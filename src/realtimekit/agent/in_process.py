"""Connections to an emulator in this process: without a network, and without the library `websockets`."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from contextlib import suppress
from typing import TYPE_CHECKING
from urllib.parse import urlencode

from realtimekit.agent.sockets import Target
from realtimekit.agent.steps import Closed, Refusal
from realtimekit.transports.emulator import AgentSocket, EmulatorTransport, SocketClosedError

if TYPE_CHECKING:
    from realtimekit.interfaces import Response


class InProcessSocket:
    """A connection for a thread."""

    def __init__(self, socket: AgentSocket) -> None:
        self._socket = socket

    def receive(self, seconds: float) -> bytes | Closed | None:
        try:
            return self._socket.receive(seconds).encode()
        except TimeoutError:
            return None
        except SocketClosedError as error:
            return Closed(*error.close)

    def send(self, text: str) -> None:
        with suppress(SocketClosedError):
            self._socket.send(text)

    def close(self, code: int, reason: str) -> None:
        self._socket.close(code, reason)


class AsyncInProcessSocket:
    """A connection for a task."""

    def __init__(self, socket: AgentSocket) -> None:
        self._socket = socket
        self._sync = InProcessSocket(socket)

    async def receive(self, seconds: float) -> bytes | Closed | None:
        try:
            async with asyncio.timeout(seconds):
                return (await self._socket.receive_async()).encode()
        except TimeoutError:
            return None
        except SocketClosedError as error:
            return Closed(*error.close)

    async def send(self, text: str) -> None:
        self._sync.send(text)

    async def close(self, code: int, reason: str) -> None:
        self._sync.close(code, reason)


def open_in_process(
    transport: EmulatorTransport, target: Target, query: Mapping[str, str]
) -> InProcessSocket | Refusal:
    """Open a connection for a thread.

    Raises:
        APIConnectionError: a fault of the emulator prevents it.
    """
    response, socket = transport.upgrade(target.request(urlencode(query, safe=",")))
    return _refusal(response) if socket is None else InProcessSocket(socket)


async def open_async_in_process(
    transport: EmulatorTransport, target: Target, query: Mapping[str, str]
) -> AsyncInProcessSocket | Refusal:
    """Open a connection for a task. Raises as `open_in_process`."""
    response, socket = transport.upgrade(target.request(urlencode(query, safe=",")))
    return _refusal(response) if socket is None else AsyncInProcessSocket(socket)


def _refusal(response: Response) -> Refusal:
    return Refusal(response.status, response.headers, response.content)
