"""Refused upgrades, as exceptions with a hint how to fix them. No I/O."""

from __future__ import annotations

from typing import Any

from realtimekit.agent.steps import Refusal
from realtimekit.error_responses import error_from
from realtimekit.errors import APIError
from realtimekit.interfaces import Response
from realtimekit.responses import decode

PATH = "/agent-ws/v1"
CONNECTION_NOT_FOUND = "CONNECTION_NOT_FOUND"

_HINTS = {
    "BAD_REQUEST": "the server does not speak the subprotocol realtimekit.v1, or a proxy removed it from the request",
    "INVALID_QUERY": "the server does not know one of the subscriptions",
    "UNAUTHENTICATED": (
        "pass the token of a participant of this app (`participant.token`), not the API token; "
        "participant.regenerate_token() gets a new one"
    ),
    CONNECTION_NOT_FOUND: "the connection is unknown, or belongs to another participant",
}
_RETRYABLE_STATUSES = {408, 425, 429, 500, 502, 503, 504}


def refusal_code(refusal: Refusal) -> str:
    """Return the code in the body, e.g. "UNAUTHENTICATED"; "" if there is none."""
    return str(_error(_body(refusal)).get("code") or "")


def is_retryable(refusal: Refusal) -> bool:
    """Return whether to connect again: the body says so, else the status."""
    retryable = _error(_body(refusal)).get("retryable")
    return retryable if isinstance(retryable, bool) else refusal.status in _RETRYABLE_STATUSES


def error_of(refusal: Refusal, *, token_hint: str = "") -> APIError:
    """Return the exception that a refusal becomes: the class of its status, and the message of the server.

    Args:
        refusal: the response.
        token_hint: what is known about the token, for a 401, e.g. that it has expired.
    """
    body = _body(refusal)
    hint = _HINTS.get(refusal_code(refusal)) or (_HINTS["UNAUTHENTICATED"] if refusal.status in {401, 403} else "")
    if refusal.status == 401 and token_hint:
        hint = f"{token_hint}; {hint}"
    if 200 <= refusal.status < 400:
        hint = "this server has no endpoint for live meetings: check agent_url= or REALTIMEKIT_AGENT_URL"
    response = Response(refusal.status, refusal.headers, refusal.body)
    return error_from(response, body, "GET", PATH, hints={refusal.status: hint} if hint else {})


def _body(refusal: Refusal) -> Any:
    return decode(Response(refusal.status, refusal.headers, refusal.body))


def _error(body: Any) -> dict[str, Any]:
    error = body.get("error") if isinstance(body, dict) else None
    return error if isinstance(error, dict) else {}
