"""How the SDK responds to each fault: the source of the tests in this folder, and of the table in docs/faults.md.

`python -m tests.faults.outcomes` writes the table.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Any, Literal, NamedTuple, TypeAlias

from realtimekit import APIConnectionError, APIError, APITimeoutError, ConflictError, RateLimitError, ServerError
from realtimekit.emulator.faults import Fault

Retried: TypeAlias = Literal["all", "idempotent", "none"]  # which requests are retried

IDEMPOTENT = ("GET", "PUT", "DELETE")
OTHERS = ("POST", "PATCH")
TRIES = 3  # with the default `max_retries`
OWN_WAITS = ((0.25, 0.5), (0.5, 1.0))  # seconds, from and to
ELSEWHERE = "http://elsewhere.invalid/"  # stands for another host, which the tests bring


class Outcome(NamedTuple):
    """A fault that applies to every request, and what the caller gets."""

    name: str
    fault: Fault | None  # None: the connection is refused
    retried: Retried
    error: type[APIConnectionError | APIError]
    attributes: dict[str, Any]  # of the error
    waits: float | None = None  # seconds before each retry; None: the SDK's own
    timeout: float = 20.0  # seconds, of each call

    def tries(self, method: str) -> int:
        retried = self.retried == "all" or (self.retried == "idempotent" and method in IDEMPOTENT)
        return TRIES if retried else 1

    @property
    def carried_out(self) -> bool:
        """Whether the server carries the request out, whatever the client sees of it."""
        fault = self.fault
        return fault is not None and fault.get("carried_out", "status" not in fault)


LOST = {"maybe_processed": True}
HTML = "<html><body><h1>502 Bad Gateway</h1></body></html>"
SHORT = 0.2  # seconds: longer than a response takes, and short enough for many tests


def limited(**fault: Any) -> Fault:
    return {"status": 429, **fault}  # type: ignore[typeddict-item]


OUTCOMES = [
    Outcome("connection refused", None, "all", APIConnectionError, {"maybe_processed": False}),
    Outcome(
        "reset before the response", {"cut": "before", "carried_out": True}, "idempotent", APIConnectionError, LOST
    ),
    Outcome("reset within the body", {"cut": "within"}, "idempotent", APIConnectionError, LOST),
    Outcome("no response in time", {"latency_seconds": 60}, "idempotent", APITimeoutError, LOST, timeout=SHORT),
    Outcome(
        "a body that arrives too slowly", {"drip_seconds": 0.5}, "idempotent", APITimeoutError, LOST, timeout=SHORT
    ),
    Outcome("408", {"status": 408, "carried_out": True}, "idempotent", APIError, {"status": 408}),
    Outcome("409", {"status": 409}, "none", ConflictError, {"status": 409}),
    Outcome("425", {"status": 425}, "none", APIError, {"status": 425}),
    Outcome("429, no `Retry-After`", limited(), "all", RateLimitError, {"retry_after": None}),
    Outcome(
        "429, `Retry-After: 0`", limited(headers={"Retry-After": "0"}), "all", RateLimitError, {"retry_after": 0.0}, 0
    ),
    Outcome(
        "429, `Retry-After: 2`", limited(headers={"Retry-After": "2"}), "all", RateLimitError, {"retry_after": 2.0}, 2
    ),
    Outcome("429, a date 30 s ahead", limited(retry_after_date=30), "all", RateLimitError, {}, 30),
    Outcome(
        "429, `Retry-After: 250`", limited(headers={"Retry-After": "250"}), "none", RateLimitError, {"retry_after": 250}
    ),
    Outcome(
        "429, `Retry-After: soon`",
        limited(headers={"Retry-After": "soon"}),
        "all",
        RateLimitError,
        {"retry_after": None},
    ),
    Outcome(
        '429, `Ratelimit: "default";r=0;t=7`',
        limited(headers={"Ratelimit": '"default";r=0;t=7'}),
        "all",
        RateLimitError,
        {"retry_after": 7.0},
        7,
    ),
    Outcome("500", {"status": 500, "carried_out": True}, "idempotent", ServerError, {"status": 500}),
    Outcome(
        "502 with HTML",
        {"status": 502, "body": HTML, "carried_out": True},
        "idempotent",
        ServerError,
        {"status": 502, "body": HTML},
    ),
    Outcome(
        "503, empty",
        {"status": 503, "body": "", "carried_out": True},
        "idempotent",
        ServerError,
        {"status": 503, "body": None},
    ),
    Outcome("200, invalid JSON", {"json": "invalid"}, "none", APIError, {}),
    Outcome("200, truncated JSON", {"json": "truncated"}, "none", APIError, {}),
    Outcome(
        '200, `"success": false`',
        {"status": 200, "body": {"success": False, "error": {"code": 409, "message": "no"}}},
        "none",
        ConflictError,
        {"status": 200, "code": 409},
    ),
    Outcome(
        "a redirect to another host",
        {"status": 307, "headers": {"Location": ELSEWHERE}, "body": ""},
        "none",
        APIError,
        {"status": 307},
    ),
]

DOCUMENT = Path(__file__).parents[2] / "docs" / "faults.md"
HEAD = ["what happens to every request", "GET, PUT, DELETE are sent", "POST, PATCH are sent", "waits", "error"]


def table() -> str:
    """The table in the document."""
    rows = [HEAD, ["---"] * len(HEAD), *(_row(outcome) for outcome in OUTCOMES)]
    return "".join(f"| {' | '.join(row)} |\n" for row in rows)


def _row(outcome: Outcome) -> list[str]:
    shown = {name: value for name, value in outcome.attributes.items() if name in {"maybe_processed", "retry_after"}}
    error = " ".join([f"`{outcome.error.__name__}`", *(f"`{name}={value}`" for name, value in shown.items())])
    sent = ["once" if outcome.tries(methods[0]) == 1 else f"{TRIES} times" for methods in (IDEMPOTENT, OTHERS)]
    if outcome.retried == "none":
        waits = "-"
    elif outcome.waits is None:
        waits = ", ".join(f"{low:g} to {high:g} s" for low, high in OWN_WAITS)
    else:
        waits = ", ".join([f"{outcome.waits:g} s"] * (TRIES - 1))
    return [outcome.name, *sent, waits, error]


def documented() -> str:
    """The table that is in the document."""
    found = re.search(
        rf"^\| {re.escape(HEAD[0])} .*?(?=^[^|]|\Z)", DOCUMENT.read_text("utf-8"), re.MULTILINE | re.DOTALL
    )
    assert found, f"{DOCUMENT.name} has no table"
    return found[0].rstrip("\n") + "\n"


if __name__ == "__main__":
    DOCUMENT.write_text(DOCUMENT.read_text("utf-8").replace(documented(), table()), "utf-8")
