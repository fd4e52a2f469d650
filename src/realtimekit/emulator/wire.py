"""What goes in and out of the emulator, and the shapes of RealtimeKit's answers.

Written apart from the SDK on purpose: they share the wire alone, so that a mistake in one cannot agree with itself in
the other.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from collections.abc import Mapping


class Incoming(NamedTuple):
    """A request as it arrives."""

    method: str
    path: str  # still percent-encoded
    query: str  # still percent-encoded
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Outgoing(NamedTuple):
    """An answer as it leaves."""

    status: int
    headers: Mapping[str, str]
    body: bytes


# What a handler returns: the body of a success. Its status stands in the route.
Answer: TypeAlias = dict[str, Any]


def as_json(status: int, body: Any) -> Outgoing:
    return Outgoing(status, {"content-type": "application/json"}, json.dumps(body, separators=(",", ":")).encode())


def ok(data: Any, *, paging: dict[str, int] | None = None) -> Answer:
    """`{"success": true, "data": ..., "paging": ...}`."""
    body = {"success": True, "data": data}
    return body if paging is None else {**body, "paging": paging}


class Refusal(Exception):  # noqa: N818 - not an error of the emulator: the caller's
    """Answers with an error in RealtimeKit's own shape, `{"success": false, "error": {"code", "message"}}`."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def answer(self) -> Outgoing:
        return as_json(self.status, {"success": False, "error": {"code": self.status, "message": str(self)}})


class GatewayRefusal(Refusal):
    """Answers as Cloudflare's gateway does before RealtimeKit sees a request: in the v4 shape, with its own code."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(status, message)
        self.code = code

    def answer(self) -> Outgoing:
        errors = [{"code": self.code, "message": str(self)}]
        return as_json(self.status, {"success": False, "errors": errors, "messages": [], "result": None})


def missing_extra(error: ImportError) -> ImportError:
    """What to raise where a library of the extra `emulator` is not there."""
    return ImportError(f"the emulator needs {error.name}: pip install 'realtimekit[emulator]'", name=error.name)


def not_found() -> Refusal:
    # the only text that the API's description gives for this
    return Refusal(404, "Error: resource not found")


def bad_request(problem: str) -> Refusal:
    return Refusal(400, f"BAD_REQUEST: {problem}")
