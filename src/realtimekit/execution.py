"""The execution of a call: build the request, send it, retry it where that is safe, decode the response."""

from __future__ import annotations

import itertools
import json
import os
import re
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from realtimekit import error_responses, responses, retries
from realtimekit.errors import APIConnectionError, RateLimitError
from realtimekit.flow import Flow, Reserve, Sleep
from realtimekit.instrumentation import is_observed, report_retry, report_wait, send_observed
from realtimekit.interfaces import Limiter, Request, Reservation, Response
from realtimekit.kwargs import RequestOptions
from realtimekit.settings import Secret, Settings, validate_timeout
from realtimekit.values import encode_query_value, json_default


class Call(NamedTuple):
    """One call of the API, before it becomes an HTTP request.

    Its repr hides the query, body and options: error trackers send local variables, and a body may hold the secrets of
    a storage or the name of a person.
    """

    method: str
    path: str = ""  # below the base URL; in the methods of a record, below its own path
    query: Mapping[str, Any] | None = None  # values that are None are left out
    body: Mapping[str, Any] | None = None  # None inside it is JSON's null
    options: RequestOptions = RequestOptions()

    def __repr__(self) -> str:
        return f"<Call {self.method} {self.path}>"

    def __sentry_repr__(self) -> str:  # Sentry would serialize the fields of a tuple
        return repr(self)

    def with_prefix(self, path: str) -> Call:
        """Return the same call, with its path appended to this one."""
        return Call(self.method, path + self.path, self.query, self.body, self.options)


def build_request(settings: Settings, call: Call) -> Request:
    """Return the HTTP request of a call.

    Raises:
        TypeError, ValueError: something in it cannot be sent.
    """
    content, headers = _content(call), {"authorization": settings.authorization, "accept": "application/json"}
    if content is not None:
        headers["content-type"] = "application/json"
    if "extra_headers" in call.options:
        headers |= _extra_headers(call)
    timeout = call.options.get("timeout")
    seconds = settings.timeout if timeout is None else validate_timeout(timeout)
    return Request(call.method, settings.base_url + call.path + _query_string(call), headers, content, seconds)


def _query_string(call: Call) -> str:
    query = {**(call.query or {}), **(call.options.get("extra_query") or {})}
    pairs = [(name, encode_query_value(name, value)) for name, value in query.items() if value is not None]
    if not pairs:
        return ""
    from urllib.parse import urlencode  # most calls have no query

    return "?" + urlencode(pairs)


def _content(call: Call) -> bytes | None:
    extra = call.options.get("extra_body")
    if extra and call.method == "GET":
        raise TypeError("a GET request has no body: use extra_query= instead of extra_body=")
    if call.body is None and not extra:
        return None
    body = {**(call.body or {}), **(extra or {})}
    return json.dumps(body, separators=(",", ":"), allow_nan=False, default=json_default).encode()


_RESERVED_HEADERS = frozenset({"authorization", "connection", "content-length", "host", "transfer-encoding"})
_HEADER_NAME = re.compile(r"[!#$%&'*+.^_`|~0-9A-Za-z-]+")  # RFC 9110, 5.6.2


def _extra_headers(call: Call) -> dict[str, str]:
    headers: dict[str, str] = {}
    given: Mapping[str, object] = call.options.get("extra_headers") or {}
    for name, value in given.items():
        if problem := _header_problem(name, value):
            kind = ValueError if isinstance(value, str) else TypeError
            # Of an invalid name only its beginning is shown: somebody may have put "name: value" there.
            valid = _HEADER_NAME.match(name)
            shown = name if valid and valid[0] == name else (valid[0] if valid else "") + "..."
            raise kind(f"extra_headers={{{shown!r}: ...}}: {problem}")
        headers[name.lower()] = Secret(value)
    return headers


def _header_problem(name: str, value: object) -> str | None:
    """Return what is wrong with a header, without quoting its value; None if it can be sent."""
    if not _HEADER_NAME.fullmatch(name):
        return "this is not the name of an HTTP header"
    if name.lower() == "authorization":
        return "set by the client; use api_token=, or client.with_options(api_token=...)"
    if name.lower() in _RESERVED_HEADERS:
        return "set by the client; leave it out"
    if not isinstance(value, str):
        return f"the value must be a string, not {type(value).__name__}"
    if not value.isascii() or not value.isprintable() or value != value.strip():
        return "the value must be printable ASCII, without spaces at its ends"
    return None


def execute(settings: Settings, call: Call) -> Flow[Any]:
    """Carry out a call and return the decoded body of its response.

    Raises:
        APIConnectionError: there is no response, and a retry is not safe or did not help.
        APIError: the response is an error (its class says which).
    """
    _, body = yield from exchange(settings, call)
    return body


def exchange(settings: Settings, call: Call) -> Flow[tuple[Response, Any]]:
    """As `execute`, returning the response, too."""
    request = build_request(settings, call)
    response, body = yield from _send_with_retries(settings, request, call.path)
    if isinstance(body, str):
        # A captive portal, a proxy's login page: a 200 that does not come from the API.
        raise error_responses.error_from(response, body, call.method, call.path)
    return response, body


def _send_with_retries(settings: Settings, request: Request, path: str) -> Flow[tuple[Response, Any]]:
    """Send a request until it succeeds, fails for good, or may not be retried. Returns response and decoded body."""
    method, maybe_processed = request.method, False
    failure: Response | APIConnectionError
    for attempt in itertools.count(1):
        try:
            response, limiter = yield from _send_once(settings, request, path, attempt)
        except (APIConnectionError, RateLimitError) as error:
            error.method, error.path = method, path
            if isinstance(error, RateLimitError):  # the limiter's: nothing was sent
                raise
            if attempt > settings.max_retries or not retries.may_retry(method, error):
                raise
            maybe_processed |= error.maybe_processed
            failure, retry_after, queued = error, None, False
        else:
            body = responses.decode(response)
            if not error_responses.is_error(response, body):
                return response, body
            if retries.already_deleted(method, response.status, maybe_processed=maybe_processed):
                return response, None
            now = time.time()
            retry_after = retries.retry_after(response.headers, now)
            # The limiter has observed the 429, too, and makes everybody wait: this call with the others.
            queued = limiter is not None and response.status == 429 and retry_after is not None
            max_wait = limiter.max_wait if limiter is not None and queued else retries.MAX_RETRY_AFTER
            too_long = retry_after is not None and retry_after > max_wait
            if attempt > settings.max_retries or too_long or not retries.may_retry(method, response):
                raise error_responses.error_from(response, body, method, path, now=now)
            maybe_processed |= response.status != 429
            failure = response
        wait = retries.backoff(attempt, _random()) if retry_after is None else retry_after
        report_retry(settings, failure, method, path, attempt, wait)
        if not queued:
            yield Sleep(wait)
    raise AssertionError  # pragma: no cover - count() has no end


_RESERVE = Reserve(None)


def _send_once(settings: Settings, request: Request, path: str, attempt: int) -> Flow[tuple[Response, Limiter | None]]:
    """Send a request when the client's limiter lets it go, and let the limiter observe the outcome, whatever it is."""
    reserved: tuple[Limiter, Reservation] | None = yield _RESERVE
    waited = 0.0
    while reserved is not None and reserved[1].wait:
        yield Sleep(reserved[1].wait)
        waited += reserved[1].wait
        reserved = yield Reserve(reserved[1])
    if waited:
        report_wait(settings, request.method, path, attempt, waited)
    limiter, reservation = reserved or (None, None)
    response = None
    try:
        if is_observed(settings):
            response = yield from send_observed(settings, request, path, attempt)
        else:
            response = yield request
        return response, limiter
    finally:
        if limiter is not None:
            limiter.observe(response, reservation)


def _random() -> float:
    return int.from_bytes(os.urandom(4)) / 2**32  # `random` would load hashlib
