"""Fault injection: rules that make requests and responses fail between a client and RealtimeKit."""

from __future__ import annotations

import difflib
import json
import math
import random
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import datetime, timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import Any, Literal, NamedTuple, TypeAlias, TypedDict

from realtimekit.emulator.clock import MAX_ADVANCE_SECONDS
from realtimekit.emulator.http import HTTPError, Request, Response, bad_request, json_response
from realtimekit.emulator.schema import (
    ANY,
    BOOLEAN,
    INTEGER,
    STRING,
    Schema,
    array_of,
    enum,
    map_of,
    request_object,
    required,
)


class RateLimit(TypedDict):
    """A number of requests in a window; more are refused until the block ends."""

    requests: int
    window_seconds: float
    block_seconds: float


CloseReason: TypeAlias = Literal[
    "queue_overflow", "upstream_lost", "upstream_unavailable", "upstream_rejected", "replaced", "reset"
]


class Fault(TypedDict, total=False):
    """A rule: which requests it applies to, and what happens to them."""

    method: str  # without one, every method
    path: str  # a glob for the whole path; `*` matches anything, slashes included
    calls: list[int]  # only these of the matching requests: 1 is the first after the rule was added
    probability: float  # from 0 to 1, for each matching request
    seed: int  # of the probability: the same rule applies to the same requests in each run (0)
    times: int  # apply at most this often
    carried_out: bool  # whether RealtimeKit carries the request out, whatever the client sees of it
    status: int  # respond with this status instead
    headers: dict[str, str]  # of the response, added to its own or replacing them
    body: Any  # a string is sent as it is, anything else as JSON; without one, RealtimeKit's error body
    retry_after_date: float  # Retry-After as an HTTP date, this many seconds from now
    json: Literal["truncated", "invalid"]  # what happens to the response body
    content_length: int  # the Content-Length that is sent, right or wrong; then the connection is closed
    latency_seconds: float  # before the response
    drip_seconds: float  # over which the response body arrives, in small pieces; then the connection is closed
    cut: Literal["before", "within", "after"]  # the connection is cut before, within or after the response body
    limit: RateLimit  # only together with `method` and `path`
    close: CloseReason  # why the connection of an agent is closed, instead of being sent the next frame
    repeat: int  # with `close`: how many of the last events are sent once more when the agent resumes


# The codes with which connections of agents are closed. With "reset" they are cut: no frame says so.
CLOSE_CODES = {
    "queue_overflow": 1013,
    "upstream_lost": 1013,
    "upstream_unavailable": 1013,
    "upstream_rejected": 4403,
    "replaced": 4409,
    "reset": 1006,
}
_SECONDS = Schema("number", minimum=0, maximum=MAX_ADVANCE_SECONDS)
_COUNT = Schema("integer", minimum=1)
RULE: Mapping[str, Schema] = {
    "method": enum("GET", "POST", "PUT", "PATCH", "DELETE"),
    "path": STRING,
    "calls": array_of(_COUNT),
    "probability": Schema("number", minimum=0, maximum=1),
    "seed": INTEGER,
    "times": _COUNT,
    "carried_out": BOOLEAN,
    "status": Schema("integer", minimum=200, maximum=599),
    "headers": map_of(Schema("string", pattern="([!-~]([ -~]*[!-~])?)?")),
    "body": ANY,
    "retry_after_date": _SECONDS,
    "json": enum("truncated", "invalid"),
    "content_length": Schema("integer", minimum=0),
    "latency_seconds": _SECONDS,
    "drip_seconds": _SECONDS,
    "cut": enum("before", "within", "after"),
    "limit": request_object(
        {"requests": required(_COUNT), "window_seconds": required(_SECONDS), "block_seconds": required(_SECONDS)}
    ),
    "close": enum(*CLOSE_CODES),
    "repeat": Schema("integer", minimum=1, maximum=100),
}
FAULTS = {"faults": required(array_of(ANY))}  # each is validated as a RULE, and further than a schema can say

_MATCHERS = {"method", "path", "calls", "probability", "seed", "times"}
_NAME = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # of a header (RFC 9110, 5.1)
_NO_BODY = {204, 304}
_INVALID_JSON = b'{"success": true, "data": }'
_NO_RESPONSE = Response(0, {}, b"")  # where the request is not carried out; nothing of it is sent


class Impairment(NamedTuple):
    """How the transmission of a response is impaired. The fields are those of `Fault`."""

    latency_seconds: float = 0.0
    drip_seconds: float = 0.0
    content_length: int | None = None
    cut: str | None = None


class FaultyResponse(Response):
    """A response whose transmission is impaired. The server and the transport each do that in their own way."""

    impairment: Impairment

    @classmethod
    def of(cls, response: Response, impairment: Impairment) -> FaultyResponse:
        faulty = cls(*response)
        faulty.impairment = impairment
        return faulty


def with_headers(response: Response, headers: Mapping[str, str]) -> Response:
    """Return the response with these headers, and as faulty as before."""
    changed = Response(response.status, headers, response.body)
    return FaultyResponse.of(changed, response.impairment) if isinstance(response, FaultyResponse) else changed


class Rule:
    """A fault, and how many requests it has matched and applied to so far.

    Raises:
        HTTPError: 400, the rule is not valid; the message names the field.
    """

    def __init__(self, fault: Any, name: str) -> None:
        self.fault: dict[str, Any] = _validate(fault, name)
        self.matched: int = 0
        self.applied: int = 0
        self.limiter: RateLimiter | None = RateLimiter(**self.fault["limit"]) if "limit" in self.fault else None
        self._random = random.Random(self.fault.get("seed", 0))  # noqa: S311 - to be repeatable

    def applies_to(self, request: Request) -> bool:
        """Count the request if it matches. Returns whether the fault applies to it."""
        rule = self.fault
        if rule.get("method", request.method) != request.method or not fnmatchcase(request.path, rule.get("path", "*")):
            return False
        self.matched += 1
        return (
            self.matched in rule.get("calls", (self.matched,))
            and self.applied < rule.get("times", math.inf)
            and self._random.random() < rule.get("probability", 1.0)
        )

    def apply(self, carry_out: Callable[[], Response], now: datetime, error: type[HTTPError]) -> Response:
        """Return the response instead of the one of RealtimeKit."""
        self.applied += 1
        response = carry_out() if _is_carried_out(self.fault) else _NO_RESPONSE
        if "status" in self.fault:
            response = _response(self.fault["status"], self.fault.get("body"), error)
        headers = {**response.headers, **{name.lower(): value for name, value in self.fault.get("headers", {}).items()}}
        if "retry_after_date" in self.fault:
            then = now + timedelta(seconds=self.fault["retry_after_date"])
            headers["retry-after"] = format_datetime(then, usegmt=True)
        body = response.body
        if body and "json" in self.fault:
            body = _INVALID_JSON if self.fault["json"] == "invalid" else body[: len(body) // 2]
        response = Response(response.status, headers, body)
        impairment = Impairment(**{name: self.fault[name] for name in Impairment._fields if name in self.fault})
        return response if impairment == Impairment() else FaultyResponse.of(response, impairment)


class RateLimiter:
    """A rate limit like Cloudflare's: too many requests in a window are refused, and so is every request for a while.

    The documented limit of the API is 1200 requests in 300 s, then 300 s of refusals. The headers have the form of
    those that it sends: `Ratelimit: "default";r=50;t=30` and `Ratelimit-Policy: "default";q=100;w=60`.
    """

    def __init__(self, requests: int, window_seconds: float, block_seconds: float) -> None:
        self._requests, self._window, self._block = requests, window_seconds, block_seconds
        self._left = 0
        self._ends = -math.inf  # of the window or the block, in Unix seconds
        self._blocked = False

    def take(self, now: float) -> tuple[bool, dict[str, str]]:
        """Return whether one more request is allowed, and the rate limit headers of its response."""
        if now >= self._ends:
            self._left, self._ends, self._blocked = self._requests, now + self._window, False
        allowed = self._left > 0
        if allowed:
            self._left -= 1
        elif not self._blocked:
            self._ends, self._blocked = now + self._block, True
        seconds = math.ceil(self._ends - now)
        headers = {
            "ratelimit": f'"default";r={self._left};t={seconds}',
            "ratelimit-policy": f'"default";q={self._requests};w={math.ceil(self._window)}',
        }
        return allowed, headers if allowed else {**headers, "retry-after": str(seconds)}


class Faults:
    """The rules in force. Of those that apply to a request, only the first does."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, rules: Iterable[Any]) -> None:
        """Add all of these rules, or none if one is not valid."""
        self._rules += [Rule(rule, f"faults[{index}]") for index, rule in enumerate(rules)]

    def clear(self) -> None:
        self._rules.clear()

    def rules(self) -> list[dict[str, Any]]:
        return [{**rule.fault, "matched": rule.matched, "applied": rule.applied} for rule in self._rules]

    def handle(
        self, request: Request, carry_out: Callable[[], Response], now: datetime, error: type[HTTPError]
    ) -> Response:
        """Return the response to a request that `carry_out` would answer without faults.

        Args:
            request: the request.
            carry_out: answers it.
            now: the time, by the emulator's clock.
            error: has the form of RealtimeKit's error bodies for this request.
        """
        limit_headers: dict[str, str] = {}
        for rule in self._rules:
            if "close" in rule.fault or not rule.applies_to(request):
                continue
            if rule.limiter is None:
                response = rule.apply(carry_out, now, error)
                break
            allowed, limit_headers = rule.limiter.take(now.timestamp())
            if not allowed:
                rule.applied += 1
                response = _response(429, None, error)
                break
        else:
            response = carry_out()
        return with_headers(response, {**limit_headers, **response.headers}) if limit_headers else response

    def close(self, upgrade: Request) -> tuple[int, str, int] | None:
        """Return how the connection of an agent is closed instead of being sent a frame, or None if it is sent.

        Args:
            upgrade: the request that opened the connection: rules match its method and path, and count its frames.

        Returns:
            The code, the reason, and how many events are repeated.
        """
        for rule in self._rules:
            if "close" in rule.fault and rule.applies_to(upgrade):
                rule.applied += 1
                reason = rule.fault["close"]
                return CLOSE_CODES[reason], "" if reason == "reset" else reason, rule.fault.get("repeat", 0)
        return None


def _is_carried_out(rule: Mapping[str, Any]) -> bool:
    """Return whether the request is carried out: by default, if RealtimeKit's own response is needed."""
    return bool(rule.get("carried_out", "status" not in rule and rule.get("cut") != "before"))


def _response(status: int, body: Any, error: type[HTTPError]) -> Response:
    if isinstance(body, str):
        media_type = "text/html" if body.lstrip().startswith("<") else "text/plain"
        return Response(status, {"content-type": f"{media_type}; charset=utf-8"} if body else {}, body.encode())
    if body is not None:
        return json_response(status, body)
    if status < 400:
        return Response(status, {}, b"")
    known = status in HTTPStatus._value2member_map_
    return error(status, HTTPStatus(status).phrase if known else f"status {status}").response()


def _validate(fault: Any, name: str) -> dict[str, Any]:
    rule: dict[str, Any] = request_object(RULE).validate(name, fault)

    def expect(condition: object, field: str, problem: str) -> None:
        if not condition:
            raise bad_request(f'"{name}{field and "."}{field}" {problem}')

    for field in rule:
        close = difflib.get_close_matches(str(field), RULE, 1)
        expect(field in RULE, str(field), "is not allowed" + (f'; did you mean "{close[0]}"?' if close else ""))
    effects = rule.keys() - _MATCHERS - {"carried_out"}
    expect(effects, "", f"must have an effect: one of [{', '.join(name for name in RULE if name not in _MATCHERS)}]")
    expect("limit" not in rule or rule.keys() <= {"method", "path", "limit"}, "limit", "goes with method and path only")
    others = rule.keys() - _MATCHERS - {"close", "repeat"}
    expect("close" not in rule or not others, "close", "goes with no other effect than repeat")
    expect("repeat" not in rule or "close" in rule, "repeat", "needs a close to go with")
    expect(rule.get("calls") != [], "calls", "must not be empty")
    expect("seed" not in rule or "probability" in rule, "seed", "is for a probability")
    for field in ("body", "retry_after_date"):
        expect(field not in rule or "status" in rule, field, "needs a status to go with")
    if not _is_carried_out(rule):
        own = "status" in rule or rule.get("cut") == "before" or "limit" in rule
        expect(own, "carried_out", "must be true if there is no status: RealtimeKit's own response is needed")
    for header in rule.get("headers", {}):
        expect(_is_header(header), f"headers.{header}", "cannot be a header; the length is content_length")
    if "body" in rule:
        expect(rule["body"] == "" or rule["status"] not in _NO_BODY, "body", f"cannot go with {rule['status']}")
        expect(_can_be_sent(rule["body"]), "body", "must be a string or JSON")
    return rule


def _is_header(name: str) -> bool:
    return bool(re.fullmatch(_NAME, name)) and name.lower() not in {"content-length", "transfer-encoding", "connection"}


def _can_be_sent(body: Any) -> bool:
    try:
        (body if isinstance(body, str) else json.dumps(body, allow_nan=False)).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True
