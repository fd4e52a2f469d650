"""How a WebSocket is opened with `websockets`, and what its errors mean: shared by both drivers."""

from __future__ import annotations

import logging
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlencode

from realtimekit.errors import APIConnectionError, ConfigurationError
from realtimekit.interfaces import Request
from realtimekit.live.steps import Closed, Refusal
from realtimekit.settings import Secret
from realtimekit.transports.failures import failure

try:
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus, InvalidURI
    from websockets.typing import Subprotocol
except ImportError:
    raise ConfigurationError("live meetings need the extra `live`: pip install 'realtimekit[live]'") from None

if TYPE_CHECKING:
    from websockets.http11 import Response

SUBPROTOCOL = "realtimekit.v1"
MAX_FRAME_BYTES = 16 * 2**20
CLOSE_TIMEOUT = 5.0  # seconds to wait for the server's answer to our close

# What opening a connection raises: OSError is also what TLS raises; ValueError comes from a proxy's URL.
CONNECT_ERRORS = (OSError, TimeoutError, InvalidHandshake, InvalidURI, EOFError)


class Target(NamedTuple):
    """Where to connect, and as whom."""

    url: str
    token: Secret
    timeout: float  # seconds to open a connection

    def __repr__(self) -> str:
        return f"<Target {self.url}>"


class RefusedError(Exception):
    """A refused upgrade. Not the library's exception, for which it follows redirects."""

    def __init__(self, refusal: Refusal) -> None:
        super().__init__(refusal.status)
        self.refusal = refusal


def refusal_of(error: InvalidStatus) -> RefusedError:
    """Return what a response means that is not 101."""
    response: Response = error.response
    headers = {name.lower(): value for name, value in response.headers.raw_items()}
    return RefusedError(Refusal(response.status_code, headers, bytes(response.body or b"")))


def connect_options(target: Target, query: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the URL, and the options of `connect`, in both modes.

    The heartbeat is the protocol's own, so the library sends no pings. Events are small: compression would take more
    memory for each connection than it saves.
    """
    hide_tokens_in_logs()
    options: dict[str, Any] = {
        "subprotocols": [Subprotocol(SUBPROTOCOL)],
        "additional_headers": {"Authorization": Secret(f"Bearer {target.token}")},
        "compression": None,
        "open_timeout": target.timeout,
        "close_timeout": CLOSE_TIMEOUT,
        "ping_interval": None,
        "max_size": MAX_FRAME_BYTES,
    }
    if target.url.startswith("wss:"):
        from realtimekit.transports.httpcore2.tls import ssl_context

        options["ssl"] = ssl_context()
    return f"{target.url}?{urlencode(query, safe=',')}", options


def connection_error(target: Target, error: BaseException) -> APIConnectionError:
    """Return the exception for a connection that could not be opened."""
    request = Request("GET", target.url, {}, None, target.timeout)
    cause = error.__cause__
    reason = str(error) or (str(cause) if cause else "") or type(error).__name__
    timed_out = isinstance(error, TimeoutError)
    return failure(request, reason, never_sent=isinstance(error, OSError), timed_out=timed_out)


def closed_by(error: ConnectionClosed) -> Closed:
    """Return how the server closed a connection; 1006 without a close frame."""
    close = error.rcvd
    return Closed(1006, "") if close is None else Closed(int(close.code), close.reason)


class _HideTokens(logging.Filter):
    """At DEBUG, the library logs the headers of its requests."""

    def filter(self, record: logging.LogRecord) -> bool:
        args = record.args
        if isinstance(args, tuple) and len(args) == 2 and str(args[0]).lower() == "authorization":
            record.args = (args[0], "...")
        return True


_HIDE_TOKENS = _HideTokens()


def hide_tokens_in_logs() -> None:
    """Add the filter to the library's logger; adding it again has no effect."""
    logging.getLogger("websockets.client").addFilter(_HIDE_TOKENS)
