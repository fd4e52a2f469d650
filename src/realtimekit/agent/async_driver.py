"""Runs the protocol in a task, with asyncio."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any, cast

from realtimekit.agent.backlog import Backlog
from realtimekit.agent.protocol import EndReason, Protocol
from realtimekit.agent.sockets import AsyncOpener, AsyncSocket
from realtimekit.agent.steps import (
    CheckForOthers,
    Closed,
    Connect,
    Deliver,
    Disconnect,
    Joined,
    Message,
    Receive,
    Refusal,
    Send,
    Step,
)
from realtimekit.flow import Sleep, run_async

_YIELD_EVERY = 100  # messages
_YIELD_AFTER = 0.0005  # seconds; more often takes time that nobody gains


class AsyncDriver:
    """A listener's task, and the backlog that its consumer reads.

    Args:
        protocol: what to do.
        open_socket: opens a connection.
        backlog: where the events go.
        check_for_others: returns whether anyone but the agent is in a session; None if the API does not say.
    """

    def __init__(
        self,
        protocol: Protocol,
        open_socket: AsyncOpener,
        backlog: Backlog,
        check_for_others: Callable[[str | None], Awaitable[bool | None]],
    ) -> None:
        self._protocol, self._open, self._backlog = protocol, open_socket, backlog
        self._performers: dict[type[Step], Callable[..., Any]] = {
            Connect: self._connect,
            Joined: self._note_joined,
            Receive: self._receive,
            Send: self._send,
            Disconnect: self._close,
            Deliver: self._deliver,
            CheckForOthers: check_for_others,
            Sleep: self._sleep,
        }
        self._arrived = asyncio.Event()  # a message, or the end
        self._room = asyncio.Event()
        self._joined = asyncio.Event()
        self.end_reason: EndReason | None = None
        self._socket: AsyncSocket | None = None
        self._task: asyncio.Task[None] | None = None
        self._ended = False
        self._error: BaseException | None = None
        self._taken = 0
        self._yielded_at = 0.0

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
        if not task.cancelling():  # a second cancellation would interrupt the closing
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
            try:
                await self._close(1000, "")
            finally:
                self._ended = True
                self._joined.set()
                self._arrived.set()

    async def _perform(self, step: Step) -> Any:
        return await self._performers[type(step)](*step)

    async def _sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)

    async def _note_joined(self) -> None:
        self._joined.set()

    async def _connect(self, query: Mapping[str, str]) -> Refusal | None:
        opened = await self._open(query)
        if isinstance(opened, Refusal):
            return opened
        self._socket = opened
        return None

    async def _receive(self, seconds: float) -> bytes | Closed | None:
        received = await cast("AsyncSocket", self._socket).receive(seconds)
        if isinstance(received, Closed):
            await self._close(1000, "")  # it is closed; this releases it
        return received

    async def _send(self, text: str) -> None:
        await cast("AsyncSocket", self._socket).send(text)

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
        now = time.monotonic()
        if now - self._yielded_at > _YIELD_AFTER:
            self._yielded_at = now
            await asyncio.sleep(0)  # in a burst, receiving never waits: let the consumer run now
        return True

    async def _close(self, code: int, reason: str) -> None:
        """Close the connection, if there is one."""
        socket, self._socket = self._socket, None
        if socket is not None:
            await socket.close(code, reason)
