"""How requests travel: one small file per HTTP library, each one method.

A transport takes a `Request` and gives the `Response`, or raises `APIConnectionError` (or `APITimeoutError`) whose
`maybe_processed` is False only if it is certain that the server never saw the request. It follows no redirects,
keeps no cookies, retries nothing and adds no credentials: all of that is decided above it.

The whole call, from `send` to the last byte of the answer, ends within `request.timeout` seconds, and the answer has at
most `LARGEST_ANSWER` bytes. A `Streamed` request may take longer and give more: there the time is that of each wait.
"""

from __future__ import annotations

import os
import sys
import threading
from importlib import import_module
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Protocol, TypeAlias

from realtimekit.errors import ConfigurationError
from realtimekit.flow import Request

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.flow import Response
    from realtimekit.settings import TransportName

# Bytes, decompressed: no server can fill the memory, be it with a few kilobytes of gzip. The largest known answer, the
# peer report of a long call with many people, has some 10 MB.
LARGEST_ANSWER = 64 * 2**20

Write: TypeAlias = "Callable[[bytes], bool]"


class Streamed(Request):
    """A request for a body that is not to be held whole.

    A transport that knows it calls `receive` with the head of the answer (a `Response` without content), and what that
    returns with each piece of the body until it says False: enough. It returns the head. What either of the two raises
    goes through as it is. A transport that does not know it answers as ever, which takes the memory for the body.
    """

    receive: Callable[[Response], Write]

    @classmethod
    def of(cls, request: Request, receive: Callable[[Response], Write]) -> Streamed:
        """The request, its answer's body to be handed on in pieces."""
        streamed = cls(*request)
        streamed.receive = receive
        return streamed


class Transport(Protocol):
    """The blocking kind. If it has `close()`, the client calls that on a transport it made itself."""

    def send(self, request: Request, /) -> Response: ...


class AsyncTransport(Protocol):
    """The awaiting kind. If it has `async close()`, the client calls that on a transport it made itself."""

    async def send(self, request: Request, /) -> Response: ...


# pyreqwest cannot be used in a process that forked after it was loaded.
_LOADED_IN = os.getpid()


def _load_pyreqwest() -> None:
    """Load it where it can stay: it crashes the interpreter once the thread that loaded it has ended (0.15.1).

    So a thread other than the main one leaves the loading to a thread that waits for ever.

    Raises:
        ImportError: it is not installed.
    """
    module = "realtimekit.transports.pyreqwest"
    if module in sys.modules or threading.current_thread() is threading.main_thread():
        return
    if find_spec("pyreqwest") is None:
        raise ImportError(name="pyreqwest")
    loaded = threading.Event()

    def load_and_stay() -> None:
        try:
            import_module(module)
        finally:
            loaded.set()
        threading.Event().wait()

    threading.Thread(target=load_and_stay, name="pyreqwest-stays-loaded", daemon=True).start()
    loaded.wait()


def built_in(name: TransportName, *, asynchronous: bool) -> Any:
    """A new transport: the one named, or with "auto" pyreqwest where it is installed and works, else httpcore2.

    Raises:
        ConfigurationError: pyreqwest was asked for and is not installed.
    """
    if name == "pyreqwest" or (name == "auto" and os.getpid() == _LOADED_IN):
        try:
            _load_pyreqwest()
            from realtimekit.transports import pyreqwest  # noqa: PLC0415 - only the chosen library is loaded
        except ImportError:
            if name != "auto":
                raise ConfigurationError(
                    "transport='pyreqwest' needs the extra `fast`: pip install 'realtimekit[fast]'"
                ) from None
        else:
            return pyreqwest.AsyncPyreqwestTransport() if asynchronous else pyreqwest.PyreqwestTransport()
    from realtimekit.transports import httpcore2  # noqa: PLC0415 - as above

    return httpcore2.AsyncHttpcore2Transport() if asynchronous else httpcore2.Httpcore2Transport()
