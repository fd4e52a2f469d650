"""The exceptions of httpcore2, and what the caller gets instead."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpcore2

from realtimekit.transports.failures import failure, without_tracebacks
from realtimekit.transports.httpcore2.decompression import DecompressionError

if TYPE_CHECKING:
    from realtimekit.errors import APIConnectionError
    from realtimekit.interfaces import Request

MAX_REASON_LENGTH = 200  # characters: the text may come from a proxy

_NEVER_SENT = (
    httpcore2.LocalProtocolError,
    httpcore2.ConnectError,
    httpcore2.ConnectTimeout,
    httpcore2.PoolTimeout,
    httpcore2.ProxyError,
)
_CONNECTION_ERRORS = (httpcore2.ProtocolError, httpcore2.NetworkError, httpcore2.TimeoutException, OSError)
SEND_ERRORS = (httpcore2.ProxyError, *_CONNECTION_ERRORS)
READ_ERRORS = (DecompressionError, *_CONNECTION_ERRORS)


def connection_error(request: Request, error: Exception, *, sent: bool = False) -> APIConnectionError:
    """Return the error for the caller.

    Raise it outside the `except` block: the original error would become its context, whose frames hold the request.

    Args:
        request: what was to be sent.
        error: one of `SEND_ERRORS` or `READ_ERRORS`.
        sent: whether a response has begun, so that the server has certainly seen the request.
    """
    never_sent = isinstance(error, _NEVER_SENT) and not sent
    malformed = isinstance(error, httpcore2.LocalProtocolError) and not sent
    readable = never_sent or isinstance(error, DecompressionError)
    result = failure(
        request,
        str(error)[:MAX_REASON_LENGTH] if readable else type(error).__name__,
        never_sent=never_sent,
        timed_out=isinstance(error, httpcore2.TimeoutException),
        malformed=malformed,
    )
    if not malformed:  # that error quotes the header, which may be the token
        result.__cause__ = without_tracebacks(error)
    return result


def raise_proxy_error(error: BaseException) -> None:
    """Convert errors of socksio, which httpcore2 does not handle, to its `ProxyError`."""
    if type(error).__module__.startswith("socksio"):
        raise httpcore2.ProxyError("the proxy does not speak SOCKS5") from error
