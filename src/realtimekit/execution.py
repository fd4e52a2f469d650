"""One call, from its parts to its result: build the request, send it (again, where that is safe), read the answer."""

from __future__ import annotations

import itertools
import json
import os
import time
from typing import TYPE_CHECKING, Any

from realtimekit import protocol
from realtimekit.errors import APIConnectionError, RateLimitError
from realtimekit.flow import Request, Sleep, Turn
from realtimekit.instrumentation import retried, sent
from realtimekit.settings import Secret, checked_timeout
from realtimekit.values import json_default, query_value

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.flow import Flow, Response
    from realtimekit.kwargs import Options
    from realtimekit.limits import Limiter, Place
    from realtimekit.settings import Settings


def build(
    settings: Settings,
    method: str,
    path: str,
    query: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    options: Options | None = None,
) -> Request:
    """The request for a call. Query parameters that are None are left out; in a body None is JSON's null.

    Raises:
        TypeError, ValueError: something in it cannot be sent.
    """
    options = options or {}
    query = {**(query or {}), **(options.get("extra_query") or {})}
    pairs = [(name, query_value(name, value)) for name, value in query.items() if value is not None]
    if extra := options.get("extra_body"):
        if method == "GET":
            raise TypeError("a GET has no body: use extra_query= instead of extra_body=")
        body = {**(body or {}), **extra}
    content = None
    if body is not None:
        content = json.dumps(body, separators=(",", ":"), allow_nan=False, default=json_default).encode()
    timeout = _timeout(settings, options)
    url = settings.base_url + path
    if pairs:
        from urllib.parse import urlencode  # noqa: PLC0415 - most calls have no query

        url += "?" + urlencode(pairs)
    return Request(method, url, _headers(settings, with_body=content is not None), content, timeout)


def _headers(settings: Settings, *, with_body: bool) -> dict[str, str]:
    headers = {"authorization": Secret(f"Bearer {settings.api_token}"), "accept": "application/json"}
    return {**headers, "content-type": "application/json"} if with_body else headers


def _timeout(settings: Settings, options: Options | None) -> float:
    given = (options or {}).get("timeout")
    return settings.timeout if given is None else checked_timeout(given)


def execute(
    settings: Settings,
    method: str,
    path: str,
    query: Mapping[str, Any] | None = None,
    body: Mapping[str, Any] | None = None,
    options: Options | None = None,
) -> Flow[Any]:
    """Send a call and return the decoded body of its success.

    Raises:
        APIConnectionError: no answer arrived, and sending again is not safe or did not help.
        APIError: the answer is an error (its class tells which).
    """
    request = build(settings, method, path, query, body, options)
    del query, body, options  # whatever fails from here on, no error tracker finds them among the local variables
    response, answer = yield from _deliver(settings, request, path)
    if isinstance(answer, str):
        # A captive portal, a proxy's login page: a 200 that is no answer of the API.
        raise protocol.error_from(response, answer, method, path)
    return answer


def _deliver(settings: Settings, request: Request, path: str) -> Flow[tuple[Response, Any]]:
    """Send a request until it succeeds, is refused for good, or may not be sent again."""
    method, maybe_processed = request.method, False
    failure: Response | APIConnectionError
    for attempt in itertools.count(1):
        limiter, place = yield from _turn(method, path)
        try:
            response = yield from _limited(limiter, place, sent(settings, request, path, attempt))
        except APIConnectionError as error:
            error.method, error.path = method, path
            if attempt > settings.max_retries or not protocol.may_resend(method, error):
                raise
            maybe_processed |= error.maybe_processed
            failure, asked, queued = error, None, False
        else:
            answer = protocol.decode(response)
            if not protocol.failed(response, answer):
                return response, answer
            if protocol.gone_already(method, response.status, maybe_processed=maybe_processed):
                return response, None
            now = time.time()
            asked = protocol.asked_wait(response.headers, now)
            # The limiter has heard a 429, too, and makes everybody wait: this call with the others.
            queued = limiter is not None and response.status == 429 and asked is not None
            longest = limiter.max_wait if limiter is not None and queued else protocol.LONGEST_WAIT
            too_long = asked is not None and asked > longest
            if attempt > settings.max_retries or too_long or not protocol.may_resend(method, response):
                raise protocol.error_from(response, answer, method, path, now=now)
            maybe_processed |= response.status != 429
            failure = response
        wait = protocol.backoff(attempt, _random()) if asked is None else asked
        retried(settings, failure, method, path, attempt, wait)
        if not queued:
            yield Sleep(wait)
    raise AssertionError  # pragma: no cover - count() has no end


def _turn(method: str, path: str) -> Flow[tuple[Limiter | None, Place | None]]:
    """Wait for the client's turn."""
    place: Place | None = None
    while True:
        try:
            turn: tuple[Limiter, Place] | None = yield Turn(place)
        except RateLimitError as error:
            error.method, error.path = method, path
            raise
        if turn is None:
            return None, None
        limiter, place = turn
        if not place.wait:
            return limiter, place
        yield Sleep(place.wait)


def _limited(limiter: Limiter | None, place: Place | None, sending: Flow[Response]) -> Flow[Response]:
    """Send, and tell the limiter how it ended, whatever the end."""
    if limiter is None:
        return (yield from sending)
    response = None
    try:
        response = yield from sending
        return response
    finally:
        limiter.heard(response, place)


def _random() -> float:
    return int.from_bytes(os.urandom(4)) / 2**32  # `random` would load hashlib
