"""The frames of the protocol: JSON objects. No I/O."""

from __future__ import annotations

import json
from typing import Any, NamedTuple

from realtimekit.responses import loads


class UnreadableFrameError(ValueError):
    """A frame is not a JSON object of the protocol."""


class Frame(NamedTuple):
    """A frame of the server.

    Attributes:
        category: "message", "result", or one that this version does not know.
        name: the name of the event, or of the request.
        data: the object in the frame; {} if there is none.
        request_id: the id of the request, if this is its result.
    """

    category: str
    name: str
    data: dict[str, Any]
    request_id: str | None


def parse_frame(raw: bytes) -> Frame:
    """Return the frame in these bytes.

    Raises:
        UnreadableFrameError: they are not UTF-8, not a JSON object, or an event without a name.
    """
    try:
        body = loads(raw)
    except (ValueError, RecursionError):
        raise UnreadableFrameError("not JSON") from None
    if not isinstance(body, dict):
        raise UnreadableFrameError("not an object")
    category, name, data, request_id = (body.get(key) for key in ("category", "name", "data", "request_id"))
    if data is None:
        data = {}
    if not isinstance(category, str):
        raise UnreadableFrameError("no category")
    if category == "message" and not (isinstance(name, str) and isinstance(data, dict)):
        raise UnreadableFrameError("an event without name or data")
    return Frame(
        category,
        name if isinstance(name, str) else "",
        data if isinstance(data, dict) else {},
        request_id if isinstance(request_id, str) else None,
    )


def request_frame(request_id: str, name: str) -> str:
    """Return the frame of a request, such as "connection.ping"."""
    return json.dumps({"category": "request", "request_id": request_id, "name": name, "data": {}})
