"""The raw body of a delivery: kept out of tracebacks, limited in size, parsed as JSON."""

from __future__ import annotations

from typing import Any

from realtimekit import responses
from realtimekit.webhooks.errors import BodyTooLargeError, MalformedEventError


class RawBody(bytes):
    """A body whose repr hides its content: error trackers send local variables, and it may hold a stream key."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


def hide_body(body: Any) -> Any:
    """Return the body as a `RawBody`; of anything but bytes only its type, which is enough to refuse it."""
    if isinstance(body, bytes):
        return body if isinstance(body, RawBody) else RawBody(body)
    return body if isinstance(body, type) else type(body)


def validate_body(body: bytes | type, max_body: int) -> None:
    """Check the result of `hide_body`.

    Raises:
        TypeError: it is not bytes.
        BodyTooLargeError: it has more than `max_body` bytes.
    """
    if not isinstance(body, bytes):
        if issubclass(body, str):
            why = "encoding a decoded string may not restore the bytes that were signed"
        else:
            why = "the signature is for the bytes as received, and parsed JSON does not preserve them"
        raise TypeError(f"body must be the raw bytes, not {body.__name__}: {why}")
    if len(body) > max_body:
        raise body_too_large(max_body)


def body_too_large(max_body: int) -> BodyTooLargeError:
    """Return the error for a body that exceeds the limit."""
    return BodyTooLargeError(f"the body has more than {max_body} bytes; the limit is max_body= of the receiver")


def parse_body(body: bytes) -> dict[str, Any]:
    """Return the JSON object in a verified body.

    Raises:
        MalformedEventError: it is not a JSON object with the name of an event.
    """
    try:
        data = responses.loads(body)
    except (ValueError, RecursionError):
        raise MalformedEventError("the body is not JSON") from None
    if not isinstance(data, dict) or not isinstance(data.get("event"), str):
        del data  # as secret as the body
        raise MalformedEventError('the body is not a JSON object with the name of an event as "event"')
    return data
