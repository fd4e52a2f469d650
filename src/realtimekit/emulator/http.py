"""HTTP requests and responses, and the bodies that RealtimeKit sends.

Written independently of the SDK on purpose: the two share nothing but HTTP, so a mistake in one cannot be hidden by the
same mistake in the other.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, NamedTuple, TypeAlias


class Request(NamedTuple):
    """A request as it arrives."""

    method: str
    path: str  # still percent-encoded
    query: str  # still percent-encoded
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Response(NamedTuple):
    """A response as it leaves."""

    status: int
    headers: Mapping[str, str]
    body: bytes


# The body of a successful response, as a handler returns it. The route knows its status.
JSON: TypeAlias = dict[str, Any]


def json_response(status: int, body: Any) -> Response:
    return Response(status, {"content-type": "application/json"}, json.dumps(body, separators=(",", ":")).encode())


def is_json(request: Request) -> bool:
    """Whether the request says that its body is JSON."""
    return request.headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json"


def ok(data: Any, *, paging: dict[str, int] | None = None) -> JSON:
    """Return `{"success": true, "data": ..., "paging": ...}`."""
    body = {"success": True, "data": data}
    return body if paging is None else {**body, "paging": paging}


class HTTPError(Exception):
    """The emulator refuses a request or a call of one of `Emulator`'s methods, and has changed nothing.

    Over HTTP it is a response in RealtimeKit's own form: `{"success": false, "error": {"code", "message"}}`.

    Attributes:
        status: the HTTP status, for example 404.
    """

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    def response(self) -> Response:
        return json_response(self.status, {"success": False, "error": {"code": self.status, "message": str(self)}})


class GatewayError(HTTPError):
    """Cloudflare's gateway refuses a request before it reaches RealtimeKit: in the v4 form, with a code of its own."""

    def __init__(self, status: int, code: int, message: str) -> None:
        super().__init__(status, message)
        self.code = code

    def response(self) -> Response:
        errors = [{"code": self.code, "message": str(self)}]
        return json_response(self.status, {"success": False, "errors": errors, "messages": [], "result": None})


class UpgradeError(HTTPError):
    """An upgrade to a WebSocket is refused: in the form of the agents' endpoint, with a code that is a word.

    Args:
        code: by default the one that is documented for the status, or the name of the status.
    """

    def __init__(self, status: int, message: str, code: str | None = None) -> None:
        super().__init__(status, message)
        documented = {401: "UNAUTHENTICATED", 404: "CONNECTION_NOT_FOUND"}
        known = status in HTTPStatus._value2member_map_
        self.code: str = code or documented.get(status) or (HTTPStatus(status).name if known else "UNKNOWN")

    def response(self) -> Response:
        error = {"code": self.code, "message": str(self), "retryable": self.status >= 500 or self.status == 429}
        return json_response(self.status, {"success": False, "error": error})


def not_found() -> HTTPError:
    # the only text that the API's description gives for this
    return HTTPError(404, "Error: resource not found")


def bad_request(problem: str) -> HTTPError:
    return HTTPError(400, f"BAD_REQUEST: {problem}")
