"""Shutdown of commands that run until they are stopped."""

from __future__ import annotations

import os
import signal
import socket
from contextlib import suppress
from typing import NoReturn, Self

OUTPUT_TIMEOUT = 2.0  # seconds to wait, after a shutdown, for a line that is being printed
_REQUEST = 0  # no signal has this number


class Shutdown:
    """Waits for SIGINT, SIGTERM, or a `request()` from any thread. In a `with` block, signals are as before afterwards.

    It waits for a byte on a socket, which the handler in C writes at whichever point and in whichever thread a signal
    arrives. A `threading.Event` or a queue is set by the handler in Python, which runs in the main thread alone: there
    it may wait for a lock that this thread holds, and a signal that does not wake the thread from its wait is lost.
    """

    def __init__(self) -> None:
        self._reader, self._writer = socket.socketpair()
        self._writer.settimeout(0)
        self._handlers = {number: signal.signal(number, _ignore) for number in (signal.SIGINT, signal.SIGTERM)}
        self._wakeup_fd: int = signal.set_wakeup_fd(self._writer.fileno(), warn_on_full_buffer=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        signal.set_wakeup_fd(self._wakeup_fd)
        for number, handler in self._handlers.items():
            signal.signal(number, handler)
        self._reader.close()
        self._writer.close()

    def request(self) -> None:
        """End `wait()`, now or when it is called."""
        with suppress(OSError):  # it is full of requests, or the wait is over
            self._writer.send(bytes([_REQUEST]))

    def wait(self) -> None:
        """Return when a shutdown was requested."""
        while self._reader.recv(1)[0] not in {_REQUEST, *self._handlers}:
            pass  # another signal that has a handler in Python


def exit_without_output() -> NoReturn:
    """End the process although a thread is printing, to a pipe that nobody reads: a regular exit would wait for it."""
    os._exit(1)


def _ignore(*_: object) -> None:
    """Do nothing: the byte of the signal ends the wait."""
