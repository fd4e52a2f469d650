"""The errors that transports raise: the same messages, whatever the HTTP library."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from realtimekit.errors import APIConnectionError, APITimeoutError
from realtimekit.interfaces import MAX_RESPONSE_BYTES

if TYPE_CHECKING:
    from realtimekit.interfaces import Request

_URL = re.compile(r"(?:([^:/?#]*)://)?([^/?#]*)([^#]*)")


def failure(
    request: Request, reason: str, *, never_sent: bool, timed_out: bool = False, malformed: bool = False
) -> APIConnectionError:
    """Create the error for a request without a complete response.

    Args:
        request: what was to be sent. The message contains neither its headers nor its query.
        reason: the library's message; it must not quote them either.
        never_sent: whether it is certain that the server has not seen the request.
        timed_out: whether the request timed out.
        malformed: whether the request itself cannot be sent.
    """
    _, host, target = split_url(request.url)
    if timed_out:
        text = f"no {'connection to' if never_sent else 'response from'} {host} within {request.timeout:g} s"
    elif malformed:
        text = f"the request to {host} cannot be sent: its URL or one of its headers is malformed"
    elif never_sent and "certificate" in reason.lower():
        text = (
            f"the TLS certificate of {host} was not accepted ({reason}). "
            "If your network has its own certificate authority, set SSL_CERT_FILE to its PEM file"
        )
    elif never_sent:
        text = f"cannot connect to {host}: {reason}"
    else:
        text = f"no complete response from {host} ({reason})"
    error_class = APITimeoutError if timed_out else APIConnectionError
    return error_class(text, maybe_processed=not never_sent, method=request.method, path=target.partition("?")[0])


def response_too_large(request: Request) -> APIConnectionError:
    """Create the error for a response of more than `MAX_RESPONSE_BYTES`."""
    _, host, target = split_url(request.url)
    text = (
        f"the response from {host} has more than {MAX_RESPONSE_BYTES // 2**20} MiB, and the rest was not read. "
        "Ask for less at once, of a list with page_size()"
    )
    error = APIConnectionError(text, maybe_processed=True, method=request.method, path=target.partition("?")[0])
    error._retryable = False
    return error


def without_tracebacks(error: BaseException) -> BaseException:
    """Remove the tracebacks of an error and its causes: local variables in the frames hold the request."""
    cause: BaseException | None = error
    while cause is not None:
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__
    return error


def split_url(url: str) -> tuple[str, str, str]:
    """Split a URL into its scheme, "host" or "host:port" as written, and the target of the request line."""
    scheme, authority, target = _URL.match(url).groups()  # type: ignore[union-attr]  # it matches any string
    return scheme or "", authority.rpartition("@")[2], target if target.startswith("/") else f"/{target}"
