"""Error responses: which responses are errors, which exception they become, and its message. No I/O."""

from __future__ import annotations

import re
from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

from realtimekit import errors
from realtimekit.interfaces import Response
from realtimekit.responses import to_int
from realtimekit.retries import retry_after

_ERROR_CLASSES: dict[int, type[errors.APIError]] = {
    400: errors.ValidationError,
    401: errors.AuthenticationError,
    403: errors.PermissionDeniedError,
    404: errors.NotFoundError,
    409: errors.ConflictError,
    422: errors.ValidationError,
    429: errors.RateLimitError,
}
_HINTS = {
    401: "check the API token (api_token= or CLOUDFLARE_API_TOKEN)",
    403: 'the token needs the permission "Realtime" or "Realtime Admin" for this account',
}
_MAX_EXCERPT = 100  # characters, of a body that is not JSON
_MAX_MESSAGE = 500  # characters, of the server's message in an error's text; `.message` and `.body` have all of it


def is_error(response: Response, body: Any) -> bool:
    """Return whether the response is an error, by its status or by `"success": false` in its body."""
    return not 200 <= response.status < 300 or (isinstance(body, dict) and body.get("success") is False)


def error_from(
    response: Response,
    body: Any,
    method: str,
    path: str,
    *,
    now: float | None = None,
    hints: Mapping[int, str] = MappingProxyType(_HINTS),
) -> errors.APIError:
    """Return the error that a response means. All known forms are read:

    `{"success": false, "error": {"code", "message"}}`, `{"success": false, "errors": [{"code", "message"}], ...}`
    (the gateway's), `{"message"}` alone, HTML or text, and an empty body.

    Args:
        response: the response.
        body: its decoded body.
        method: the HTTP method of the call.
        path: the path of the call, without its query.
        now: Unix seconds, for `retry_after`.
        hints: advice by status, for the message; other than the default where the API's token was not sent.
    """
    code, message = _parse_error_body(body)
    status = response.status if not 200 <= response.status < 300 else code or response.status
    kind = _ERROR_CLASSES.get(status) or (errors.ServerError if 500 <= status < 600 else errors.APIError)
    text = f"{method} {path} returned {response.status}"
    if code is not None and code != response.status:
        text += f" (code {code})"
    text += f": {sanitize(message) or _describe_body(body)}"
    if hint := hints.get(status):
        text += f"; {hint}"
    error = kind(
        text,
        status=response.status,
        code=code,
        message=message,
        body=body,
        request_id=response.headers.get("cf-ray") or response.headers.get("x-request-id"),
        method=method,
        path=path,
    )
    if isinstance(error, errors.RateLimitError):
        error.retry_after = retry_after(response.headers, now)
    return error


def _parse_error_body(body: Any) -> tuple[int | None, str]:
    if not isinstance(body, dict):
        return None, ""
    several = body.get("errors")
    candidates: list[Any] = [body.get("error"), *(several if isinstance(several, list) else [])]
    for found in [item for item in candidates if isinstance(item, dict)] or [body]:
        message = found.get("message")
        return to_int(found.get("code")), message if isinstance(message, str) else ""
    return None, ""


def _describe_body(body: Any) -> str:
    if not isinstance(body, str):
        return "no message"
    text = re.sub(r"<[^>]*>", " ", sanitize(body))  # most often it is HTML, or a storage's XML
    text = " ".join(re.sub(r"\?\S+", "?...", text).split())  # a page may repeat the URL, whose query is a secret
    return f"the body is not JSON: {text[:_MAX_EXCERPT]}".rstrip(": ")


def sanitize(text: str) -> str:
    """Return untrusted text, truncated to a few lines and without control characters, safe for a terminal."""
    clean = "".join(character if character.isprintable() else " " for character in text)
    return clean if len(clean) <= _MAX_MESSAGE else clean[:_MAX_MESSAGE] + " ..."
