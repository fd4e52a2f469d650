"""Runs the protocol in a thread, with blocking I/O."""

from __future__ import annotations

import atexit
import os
import threading
from collections.abc import Callable, Mapping
from typing import Any, cast

from realtimekit.agent.backlog import Backlog
from realtimekit.agent.protocol import EndReason, Protocol
from realtimekit.agent.sockets import Opener, Socket
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
from realtimekit.flow import Sleep, run

_LEAVE_TIMEOUT = 3.0  # seconds to wait for the thread, which may be connecting to a server that does not respond


class _Left(BaseException):
    """The consumer has left: ends the protocol, whatever it waits for."""


class SyncDriver:
    """A listener's thread, and the backlog that its consumer reads.

    Args:
        protocol: what to do.
        open_socket: opens a connection.
        backlog: where the events go.
        check_for_others: returns whether anyone but the agent is in a session; None if the API does not say.
    """

    def __init__(
        self,
        protocol: Protocol,
        open_socket: Opener,
        backlog: Backlog,
        check_for_others: Callable[[str | None], bool | None],
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
        self._pid = os.getpid()
        self._changed = threading.Condition()  # the backlog, or one of the next four
        self._joined = False
        self._leaving = False
        self._ended = False
        self._error: BaseException | None = None
        self.end_reason: EndReason | None = None
        self._socket: Socket | None = None
        self._thread = threading.Thread(target=self._run, name="realtimekit.live", daemon=True)

    # --- for the consumer ---------------------------------------------------------------------------------------------

    def start(self) -> None:
        """Connect.

        Raises:
            RealtimeKitError: as `Protocol.run`.
        """
        atexit.register(self.leave)  # if the caller forgets to
        try:
            self._thread.start()
            with self._changed:
                self._changed.wait_for(lambda: self._joined or self._ended)
            if not self._joined:
                self._raise_error()
        except BaseException:
            self.leave()
            raise

    def next(self) -> Message | None:
        """Return the next message; None at the end.

        Raises:
            RealtimeKitError: as `Protocol.run`, after the messages that arrived before.
            RuntimeError: this is a forked child, which the thread did not follow.
        """
        if os.getpid() != self._pid:
            raise RuntimeError(
                "this process was forked after the agent joined, and receives no events: call listen() in this process"
            )
        with self._changed:
            while not len(self._backlog):
                if self._ended or self._leaving:
                    break
                self._changed.wait()
            else:
                had_room = self._backlog.has_room
                message = self._backlog.take()
                if not had_room:
                    self._changed.notify_all()
                return message
        if not self._leaving:
            self._raise_error()
        return None

    def leave(self) -> None:
        """Close the connection with 1000: the agent leaves the meeting at once. What was not read is dropped.

        A connection that is being opened is closed as soon as it is open, or ends with the process.
        """
        atexit.unregister(self.leave)
        if os.getpid() != self._pid:  # a forked child, whose parent is still there
            return
        with self._changed:
            self._leaving = True
            self._changed.notify_all()
            socket = self._socket
        if socket is not None:
            socket.close(1000, "")
        if self._thread.ident is not None:
            self._thread.join(_LEAVE_TIMEOUT)

    def _raise_error(self) -> None:
        error, self._error = self._error, None
        if error is not None:
            try:
                raise error
            finally:
                del error  # the traceback would hold itself

    # --- the thread ---------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        try:
            self.end_reason = run(self._protocol.run(), self._perform)
        except _Left:
            pass
        except BaseException as error:  # noqa: BLE001 - raised in the consumer's thread
            self._error = error
        finally:
            self._close(1000, "")
            with self._changed:
                self._ended = True
                self._changed.notify_all()

    def _perform(self, step: Step) -> Any:
        if self._leaving:
            raise _Left
        return self._performers[type(step)](*step)

    def _sleep(self, seconds: float) -> None:
        with self._changed:
            self._changed.wait_for(lambda: self._leaving, seconds)

    def _note_joined(self) -> None:
        with self._changed:
            self._joined = True
            self._changed.notify_all()

    def _connect(self, query: Mapping[str, str]) -> Refusal | None:
        opened = self._open(query)
        if isinstance(opened, Refusal):
            return opened
        with self._changed:
            self._socket = opened
        return None

    def _receive(self, seconds: float) -> bytes | Closed | None:
        received = cast("Socket", self._socket).receive(seconds)
        if isinstance(received, Closed):
            self._close(1000, "")  # it is closed; this releases it
        return received

    def _send(self, text: str) -> None:
        cast("Socket", self._socket).send(text)

    def _deliver(self, message: Message, seconds: float) -> bool:
        with self._changed:
            if not self._backlog.has_room:
                self._changed.wait_for(lambda: self._backlog.has_room or self._leaving, seconds)
                if not self._backlog.has_room:
                    return False
            self._backlog.add(message)
            self._changed.notify()
        return True

    def _close(self, code: int, reason: str) -> None:
        """Close the connection, if there is one, and wait until its thread has ended."""
        with self._changed:
            socket, self._socket = self._socket, None
        if socket is not None:
            socket.close(code, reason)
