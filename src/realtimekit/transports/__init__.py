"""How requests travel: one small file per HTTP library, each one method.

A transport takes a `Request` and gives the `Response`, or raises `APIConnectionError` (or `APITimeoutError`) whose
`maybe_processed` is False only if it is certain that the server never saw the request. It follows no redirects,
keeps no cookies, retries nothing and adds no credentials: all of that is decided above it.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, Any, Protocol

from realtimekit.errors import ConfigurationError

if TYPE_CHECKING:
    from realtimekit.flow import Request, Response
    from realtimekit.settings import TransportName


class Transport(Protocol):
    """The blocking kind. If it has `close()`, the client calls that on a transport it made itself."""

    def send(self, request: Request, /) -> Response: ...


class AsyncTransport(Protocol):
    """The awaiting kind. If it has `async close()`, the client calls that on a transport it made itself."""

    async def send(self, request: Request, /) -> Response: ...


# pyreqwest cannot be used in a process that forked after it was loaded.
_LOADED_IN = os.getpid()


def built_in(name: TransportName, *, asynchronous: bool) -> Any:
    """A new transport: the one named, or with "auto" pyreqwest where it is installed and works, else httpx2.

    Raises:
        ConfigurationError: pyreqwest was asked for and is not installed.
    """
    if name == "pyreqwest" or (name == "auto" and os.getpid() == _LOADED_IN):
        try:
            from realtimekit.transports import pyreqwest  # noqa: PLC0415 - only the chosen library is loaded
        except ImportError:
            if name != "auto":
                raise ConfigurationError(
                    "transport='pyreqwest' needs the extra `fast`: pip install 'realtimekit[fast]'"
                ) from None
        else:
            return pyreqwest.AsyncPyreqwestTransport() if asynchronous else pyreqwest.PyreqwestTransport()
    from realtimekit.transports import httpx2  # noqa: PLC0415 - as above

    return httpx2.AsyncHttpx2Transport() if asynchronous else httpx2.Httpx2Transport()
