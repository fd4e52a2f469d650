"""What the transports say when no answer arrives, or too much: the same words, whatever the library."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from realtimekit.errors import APIConnectionError, APITimeoutError
from realtimekit.interfaces import MAX_RESPONSE_BYTES

if TYPE_CHECKING:
    from realtimekit.interfaces import Request


def failure(
    request: Request, reason: str, *, never_sent: bool, timed_out: bool = False, malformed: bool = False
) -> APIConnectionError:
    """The error for a request without an answer.

    Args:
        request: what was to be sent. Neither its headers nor its query stand in the message.
        reason: what the library says; it must quote neither.
        never_sent: whether it is certain that the server has not seen the request.
        timed_out: whether the time was up.
        malformed: whether the request itself cannot be sent.
    """
    host, target = host_and_target(request.url)
    if timed_out:
        text = f"no {'connection to' if never_sent else 'answer from'} {host} within {request.timeout:g} s"
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
        text = f"no complete answer from {host} ({reason})"
    kind = APITimeoutError if timed_out else APIConnectionError
    return kind(text, maybe_processed=not never_sent, method=request.method, path=target.partition("?")[0])


def too_large(request: Request) -> APIConnectionError:
    """The error for an answer that has more than `MAX_RESPONSE_BYTES` bytes."""
    host, target = host_and_target(request.url)
    text = (
        f"the answer from {host} has more than {MAX_RESPONSE_BYTES // 2**20} MiB, and the rest was not read. "
        "Ask for less at once, of a list with page_size()"
    )
    error = APIConnectionError(text, maybe_processed=True, method=request.method, path=target.partition("?")[0])
    error._retryable = False
    return error


def without_frames(error: BaseException) -> BaseException:
    """The error and what caused it, without the frames they came through: variables there hold the request."""
    cause: BaseException | None = error
    while cause is not None:
        cause.__traceback__ = None
        cause = cause.__cause__ or cause.__context__
    return error


def host_and_target(url: str) -> tuple[str, str]:
    """Of a URL: "host" or "host:port" as it says it, and what is to stand in the request line."""
    authority, target = re.findall(r"^(?:[^:/?#]*://)?([^/?#]*)([^#]*)", url)[0]
    return authority.rpartition("@")[2], target if target.startswith("/") else f"/{target}"
