"""Runs the protocol in a task, over an asyncio WebSocket."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress
from typing import Any, cast

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidStatus

from realtimekit.flow import Sleep, run_async
from realtimekit.live.backlog import Backlog
from realtimekit.live.protocol import EndReason, Protocol
from realtimekit.live.steps import (
    Closed,
    Connect,
    CountOthers,
    Deliver,
    Disconnect,
    Joined,
    Message,
    Receive,
    Refusal,
    Send,
    Step,
)
from realtimekit.live.websocket import (
    CONNECT_ERRORS,
    RefusedError,
    Target,
    closed_by,
    connect_options,
    connection_error,
    refusal_of,
)

_YIELD_EVERY = 100  # messages


class _Connection(ClientConnection):
    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().handshake(*args, **kwargs)
        except InvalidStatus as error:
            raise refusal_of(error) from None


class AsyncDriver:
    """A listener's task, and the backlog that its consumer reads.

    Args:
        protocol: what to do.
        target: where to connect.
        backlog: where the events go.
        count_others: whether anyone but the agent is in a session, by the API.
    """

    def __init__(
        self,
        protocol: Protocol,
        target: Target,
        backlog: Backlog,
        count_others: Callable[[str | None], Awaitable[bool | None]],
    ) -> None:
        self._protocol, self._target, self._backlog = protocol, target, backlog
        self._performers: dict[type[Step], Callable[..., Any]] = {
            Connect: self._connect,
            Joined: self._note_joined,
            Receive: self._receive,
            Send: self._send,
            Disconnect: self._close,
            Deliver: self._deliver,
            CountOthers: count_others,
            Sleep: self._sleep,
        }
        self._arrived = asyncio.Event()  # a message, or the end
        self._room = asyncio.Event()
        self._joined = asyncio.Event()
        self.end_reason: EndReason | None = None
        self._socket: ClientConnection | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._taken = 0

    # --- for the consumer ---------------------------------------------------------------------------------------------

    async def start(self) -> None:
        """Connect.

        Raises:
            RealtimeKitError: as `Protocol.run`.
        """
        self._task = asyncio.create_task(self._run(), name="realtimekit.live")
        try:
            await self._joined.wait()
        except BaseException:
            await self.leave()
            raise
        if self._ended:
            self._raise_error()

    async def next(self) -> Message | None:
        """Return the next message; None at the end.

        Raises:
            RealtimeKitError: as `Protocol.run`, after the messages that arrived before.
        """
        while not len(self._backlog):
            if self._ended:
                self._raise_error()
                return None
            self._arrived.clear()
            await self._arrived.wait()
        message = self._backlog.take()
        self._taken += 1
        if self._taken % _YIELD_EVERY == 0:
            await asyncio.sleep(0)  # a consumer that never waits lets the connection do its work, too
        self._room.set()
        return message

    async def leave(self) -> None:
        """Close the connection with 1000: the agent leaves the meeting at once. What was not read is dropped.

        A cancellation waits until that is done.
        """
        task = self._task
        if task is None:
            return
        task.cancel()
        canceled = False
        while not task.done():
            try:
                await asyncio.wait([task])
            except asyncio.CancelledError:
                canceled = True
        while len(self._backlog):
            self._backlog.take()
        self._error = None
        if canceled:
            raise asyncio.CancelledError

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # the traceback would hold itself

    # --- the task -----------------------------------------------------------------------------------------------------

    async def _run(self) -> None:
        try:
            self.end_reason = await run_async(self._protocol.run(), self._perform)
        except asyncio.CancelledError:
            pass  # the consumer has left
        except BaseException as error:  # noqa: BLE001 - raised in the consumer's task
            self._error = error
        finally:
            await self._close(1000, "")
            self._ended = True
            self._joined.set()
            self._arrived.set()

    async def _perform(self, step: Step) -> Any:
        return await self._performers[type(step)](*step)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _note_joined(self) -> None:
        self._joined.set()

    async def _connect(self, query: Any) -> Refusal | None:
        url, options = connect_options(self._target, query)
        try:
            self._socket = await connect(url, create_connection=_Connection, **options)
        except RefusedError as error:
            return error.refusal
        except CONNECT_ERRORS as error:
            raise connection_error(self._target, error) from None
        return None

    async def _receive(self, seconds: float) -> bytes | Closed | None:
        socket = cast("ClientConnection", self._socket)
        try:
            async with asyncio.timeout(min(seconds, 1e9)):
                return await socket.recv(decode=False)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            closed = closed_by(error)
        await self._close(1000, "")
        return closed

    async def _send(self, text: str) -> None:
        socket = cast("ClientConnection", self._socket)
        with suppress(ConnectionClosed):
            await socket.send(text)

    async def _deliver(self, message: Message, seconds: float) -> bool:
        if not self._backlog.has_room:
            self._room.clear()
            try:
                async with asyncio.timeout(seconds):
                    await self._room.wait()
            except TimeoutError:
                return False
            if not self._backlog.has_room:
                return False
        self._backlog.add(message)
        self._arrived.set()
        return True

    async def _close(self, code: int, reason: str) -> None:
        """Close the connection, if there is one."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close(code, reason)
