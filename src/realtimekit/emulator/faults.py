"""Faults: what goes wrong between a client and RealtimeKit, by rules that somebody laid down beforehand."""

from __future__ import annotations

import difflib
import json
import math
import random
import re
from datetime import timedelta
from email.utils import format_datetime
from fnmatch import fnmatchcase
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypedDict

from realtimekit.emulator.clock import FURTHEST
from realtimekit.emulator.shapes import ANY, FLAG, TEXT, WHOLE, Shape, fields, list_of, map_of, needed, one_of
from realtimekit.emulator.wire import Outgoing, Refusal, as_json, bad_request

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping
    from datetime import datetime

    from realtimekit.emulator.wire import Incoming


class Limit(TypedDict):
    """So many requests in a window; who asks for more is refused for a while."""

    requests: int
    window_seconds: float
    block_seconds: float


class Fault(TypedDict, total=False):
    """A rule: which requests, and what happens to them."""

    method: str  # without one, every method
    path: str  # a glob for the whole path; `*` stands for anything, slashes included
    calls: list[int]  # of the requests that fit, these alone: 1 is the first after the rule was made
    probability: float  # from 0 to 1, for each request that fits
    seed: int  # of that chance: the same rule strikes the same requests in each run (0)
    times: int  # strikes at most so often
    carried_out: bool  # whether RealtimeKit carries the request out, whatever the client sees of it
    status: int  # answer so instead
    headers: dict[str, str]  # of the answer, beside or instead of its own
    body: Any  # a text is sent as it is, anything else as JSON; without one, RealtimeKit's form of an error
    retry_after_date: float  # Retry-After as an HTTP date, so many seconds from now
    json: Literal["truncated", "invalid"]  # what becomes of the answer's body
    content_length: int  # what the answer says of its length; then the connection is closed
    latency_seconds: float  # before the answer
    drip_seconds: float  # over which the answer's body arrives, in small pieces; then the connection is closed
    cut: Literal["before", "within", "after"]  # the connection is cut before, within or after the answer's body
    limit: Limit  # stands alone, beside `method` and `path`


_SECONDS = Shape("number", minimum=0, maximum=FURTHEST)
_COUNT = Shape("integer", minimum=1)
RULE: Mapping[str, Shape] = {
    "method": one_of("GET", "POST", "PUT", "PATCH", "DELETE"),
    "path": TEXT,
    "calls": list_of(_COUNT),
    "probability": Shape("number", minimum=0, maximum=1),
    "seed": WHOLE,
    "times": _COUNT,
    "carried_out": FLAG,
    "status": Shape("integer", minimum=200, maximum=599),
    "headers": map_of(Shape("text", pattern="([!-~]([ -~]*[!-~])?)?")),
    "body": ANY,
    "retry_after_date": _SECONDS,
    "json": one_of("truncated", "invalid"),
    "content_length": Shape("integer", minimum=0),
    "latency_seconds": _SECONDS,
    "drip_seconds": _SECONDS,
    "cut": one_of("before", "within", "after"),
    "limit": fields(
        {"requests": needed(_COUNT), "window_seconds": needed(_SECONDS), "block_seconds": needed(_SECONDS)}
    ),
}
FAULTS = {"faults": needed(list_of(ANY))}  # each is looked at as a RULE, which knows more than a shape can say

_WHICH = {"method", "path", "calls", "probability", "seed", "times"}
_NAME = "[A-Za-z0-9!#$%&'*+.^_`|~-]+"  # of a header (RFC 9110, 5.1)
_NO_BODY = {204, 304}
_INVALID = b'{"success": true, "data": }'
_UNSEEN = Outgoing(0, {}, b"")  # stands where there is no answer, and nothing of it is sent


class Delivery(NamedTuple):
    """How an answer travels where it does not simply arrive. Fields as in `Fault`."""

    latency_seconds: float = 0.0
    drip_seconds: float = 0.0
    content_length: int | None = None
    cut: str | None = None


class Disturbed(Outgoing):
    """An answer that does not simply arrive; each face of the emulator sees to it in its own way."""

    delivery: Delivery

    @classmethod
    def of(cls, answer: Outgoing, delivery: Delivery) -> Disturbed:
        disturbed = cls(*answer)
        disturbed.delivery = delivery
        return disturbed


def with_headers(answer: Outgoing, headers: Mapping[str, str]) -> Outgoing:
    """The answer with other headers; what disturbs it stays."""
    changed = Outgoing(answer.status, headers, answer.body)
    return Disturbed.of(changed, answer.delivery) if isinstance(answer, Disturbed) else changed


class Rule:
    """A fault, and what it has met so far.

    Raises:
        Refusal: the rule cannot be; the message names the field.
    """

    def __init__(self, given: Any, name: str) -> None:
        self.given: dict[str, Any] = _checked(given, name)
        self.seen: int = 0  # requests that fit
        self.struck: int = 0
        self.limiter: Limiter | None = Limiter(**self.given["limit"]) if "limit" in self.given else None
        self._random = random.Random(self.given.get("seed", 0))  # noqa: S311 - chance that can be repeated

    def fits(self, request: Incoming) -> bool:
        rule = self.given
        if rule.get("method", request.method) != request.method or not fnmatchcase(request.path, rule.get("path", "*")):
            return False
        self.seen += 1
        return (
            self.seen in rule.get("calls", (self.seen,))
            and self.struck < rule.get("times", math.inf)
            and self._random.random() < rule.get("probability", 1.0)
        )

    def strike(self, carry_out: Callable[[], Outgoing], now: datetime) -> Outgoing:
        """What is answered instead of what RealtimeKit would answer."""
        self.struck += 1
        answer = carry_out() if _carried_out(self.given) else _UNSEEN
        if "status" in self.given:
            answer = _answer(self.given["status"], self.given.get("body"))
        headers = {**answer.headers, **{name.lower(): value for name, value in self.given.get("headers", {}).items()}}
        if "retry_after_date" in self.given:
            then = now + timedelta(seconds=self.given["retry_after_date"])
            headers["retry-after"] = format_datetime(then, usegmt=True)
        body = answer.body
        if body and "json" in self.given:
            body = _INVALID if self.given["json"] == "invalid" else body[: len(body) // 2]
        answer = Outgoing(answer.status, headers, body)
        delivery = Delivery(**{name: self.given[name] for name in Delivery._fields if name in self.given})
        return answer if delivery == Delivery() else Disturbed.of(answer, delivery)


class Limiter:
    """A rate limit as Cloudflare's: what is too much in a window is refused, and so is all that follows for a while.

    The documented limit of the API is 1200 requests in 300 s, then 300 s of refusals; the headers have the form of
    those that it sends, `Ratelimit: "default";r=50;t=30` and `Ratelimit-Policy: "default";q=100;w=60`.
    """

    def __init__(self, requests: int, window_seconds: float, block_seconds: float) -> None:
        self._requests, self._window, self._block = requests, window_seconds, block_seconds
        self._left = 0
        self._ends = -math.inf  # of the window or the block, in Unix seconds
        self._blocked = False

    def take(self, now: float) -> tuple[bool, dict[str, str]]:
        """Whether one more request is let through, and what the headers of its answer say."""
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
    """The rules in force. The first that strikes a request is the only one that does."""

    def __init__(self) -> None:
        self._rules: list[Rule] = []

    def add(self, rules: Iterable[Any]) -> None:
        """All of these rules, or none where one cannot be."""
        self._rules += [Rule(rule, f"faults[{place}]") for place, rule in enumerate(rules)]

    def clear(self) -> None:
        self._rules.clear()

    def listed(self) -> list[dict[str, Any]]:
        return [{**rule.given, "seen": rule.seen, "struck": rule.struck} for rule in self._rules]

    def answer(self, request: Incoming, carry_out: Callable[[], Outgoing], now: datetime) -> Outgoing:
        """What becomes of a request that `carry_out` would answer."""
        told: dict[str, str] = {}
        for rule in self._rules:
            if not rule.fits(request):
                continue
            if rule.limiter is None:
                answer = rule.strike(carry_out, now)
                break
            allowed, told = rule.limiter.take(now.timestamp())
            if not allowed:
                rule.struck += 1
                answer = _answer(429, None)
                break
        else:
            answer = carry_out()
        return with_headers(answer, {**told, **answer.headers}) if told else answer


def _carried_out(rule: Mapping[str, Any]) -> bool:
    """By default, where its own answer is needed."""
    return bool(rule.get("carried_out", "status" not in rule and rule.get("cut") != "before"))


def _answer(status: int, body: Any) -> Outgoing:
    if isinstance(body, str):
        kind = "text/html" if body.lstrip().startswith("<") else "text/plain"
        return Outgoing(status, {"content-type": f"{kind}; charset=utf-8"} if body else {}, body.encode())
    if body is not None:
        return as_json(status, body)
    if status < 400:
        return Outgoing(status, {}, b"")
    known = status in HTTPStatus._value2member_map_
    return Refusal(status, HTTPStatus(status).phrase if known else f"status {status}").answer()


def _checked(given: Any, name: str) -> dict[str, Any]:
    rule: dict[str, Any] = fields(RULE).check(name, given)

    def expect(condition: object, field: str, problem: str) -> None:
        if not condition:
            raise bad_request(f'"{name}{field and "."}{field}" {problem}')

    for field in rule:
        near = difflib.get_close_matches(str(field), RULE, 1)
        expect(field in RULE, str(field), "is not allowed" + (f'; did you mean "{near[0]}"?' if near else ""))
    effects = rule.keys() - _WHICH - {"carried_out"}
    expect(effects, "", f"must say what goes wrong: one of [{', '.join(name for name in RULE if name not in _WHICH)}]")
    expect("limit" not in rule or rule.keys() <= {"method", "path", "limit"}, "limit", "goes with method and path only")
    expect(rule.get("calls") != [], "calls", "must not be empty")
    expect("seed" not in rule or "probability" in rule, "seed", "is for a probability")
    for field in ("body", "retry_after_date"):
        expect(field not in rule or "status" in rule, field, "needs a status to go with")
    if not _carried_out(rule):
        own = "status" in rule or rule.get("cut") == "before" or "limit" in rule
        expect(own, "carried_out", "must be true where there is no status: RealtimeKit's own answer is needed")
    for header in rule.get("headers", {}):
        expect(_is_header(header), f"headers.{header}", "cannot be a header; the length is content_length")
    if "body" in rule:
        expect(rule["body"] == "" or rule["status"] not in _NO_BODY, "body", f"cannot go with {rule['status']}")
        expect(_can_be_sent(rule["body"]), "body", "must be a text or JSON")
    return rule


def _is_header(name: str) -> bool:
    return bool(re.fullmatch(_NAME, name)) and name.lower() not in {"content-length", "transfer-encoding", "connection"}


def _can_be_sent(body: Any) -> bool:
    try:
        (body if isinstance(body, str) else json.dumps(body, allow_nan=False)).encode()
    except (TypeError, ValueError, RecursionError):
        return False
    return True
