"""Watching requests: a line of `logging` for each, hooks of your own, OpenTelemetry spans.

None of it is loaded for its own sake: what nobody has imported, nobody looks at.
"""

from __future__ import annotations

import re
import sys
import time
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.errors import APIConnectionError

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.flow import Flow, Request, Response
    from realtimekit.settings import Settings

LOGGER = "realtimekit"


class Attempt(NamedTuple):
    """One sending of a request, and what became of it. It holds no token, no query and no body.

    Attributes:
        method: e.g. "GET".
        path: without its query, e.g. "/accounts/.../sessions/sess-1".
        number: 1 for the first sending of a call, 2 for the next, ...
        status: of the answer; None where there is none (yet).
        seconds: from the sending to the end of the answer, or of the waiting for one; None before that.
        request_id: the answer's `cf-ray` (or `x-request-id`) header, to quote to support, or None.
        error: why there is no answer, or None. Neither status nor error: the caller was cancelled.
        wait: seconds until the call is sent again, for `on_retry`; else None.
    """

    method: str
    path: str
    number: int
    status: int | None = None
    seconds: float | None = None
    request_id: str | None = None
    error: APIConnectionError | None = None
    wait: float | None = None


def sent(settings: Settings, request: Request, path: str, number: int) -> Flow[Response]:
    """Send a request once, and tell those who watch.

    Raises:
        APIConnectionError: as the transport does.
    """
    log, trace = _log("DEBUG"), sys.modules.get("opentelemetry.trace")
    if not (log or trace or settings.on_request or settings.on_response):
        unwatched: Response = yield request
        return unwatched
    attempt = Attempt(request.method, path, number)
    _tell(settings.on_request, attempt)
    span = trace and _span(trace, request, attempt)
    started = time.perf_counter()
    try:
        response: Response = yield request
        request_id = response.headers.get("cf-ray") or response.headers.get("x-request-id")
        attempt = attempt._replace(status=response.status, request_id=request_id)
    except APIConnectionError as error:
        attempt = attempt._replace(error=error)
        raise
    else:
        return response
    finally:  # also where the caller was cancelled, and waits for no answer
        attempt = attempt._replace(seconds=time.perf_counter() - started)
        if log:
            log("%s %s %s", request.method, path, _outcome(attempt))
        if span:
            _end(trace, span, attempt)
        _tell(settings.on_response, attempt)


def retried(
    settings: Settings, failure: Response | APIConnectionError, method: str, path: str, number: int, wait: float
) -> None:
    """Tell those who watch that a call is sent again, in `wait` seconds."""
    log = _log("INFO")
    if not (log or settings.on_retry):
        return
    error = failure if isinstance(failure, APIConnectionError) else None
    status = None if isinstance(failure, APIConnectionError) else failure.status
    attempt = Attempt(method, path, number, status, error=error, wait=wait)
    if log:
        log("%s %s is sent again in %.3g s: %s", method, path, wait, status or type(error).__name__)
    _tell(settings.on_retry, attempt)


def _log(level: str) -> Callable[..., None] | None:
    """The method of the logger for this level, if anybody hears it. Who never loaded `logging` has set up none."""
    logging = sys.modules.get("logging")
    logger: Any = logging and logging.getLogger(LOGGER)
    if logger and logger.isEnabledFor(getattr(logging, level)):
        method: Callable[..., None] = getattr(logger, level.lower())
        return method
    return None


def _outcome(attempt: Attempt) -> str:
    what = attempt.status or (attempt.error and type(attempt.error).__name__) or "cancelled"
    return f"{what} in {1000 * (attempt.seconds or 0):.0f} ms, attempt {attempt.number}"


def _tell(hook: Callable[[Attempt], object] | None, attempt: Attempt) -> None:
    """Call a hook. Who watches cannot break what is watched: a create whose hook fails has been carried out."""
    if hook is None:
        return
    try:
        hook(attempt)
    except Exception:
        import logging  # noqa: PLC0415 - as rare as the error

        logging.getLogger(LOGGER).exception("a hook failed: %r", hook)


# --- OpenTelemetry (https://opentelemetry.io/docs/specs/semconv/http/http-spans/) ------------------------------------


def _span(trace: Any, request: Request, attempt: Attempt) -> Any:
    from urllib.parse import urlsplit  # noqa: PLC0415 - only where spans are made

    url = urlsplit(request.url)
    template = _template(attempt.path)
    attributes: dict[str, str | int] = {
        "http.request.method": attempt.method,
        "server.address": url.hostname or "",
        "server.port": url.port or (443 if url.scheme == "https" else 80),
        "url.full": f"{url.scheme}://{url.hostname}{url.path}",
        "url.template": template,
    }
    if attempt.number > 1:
        attributes["http.request.resend_count"] = attempt.number - 1
    tracer = trace.get_tracer("realtimekit")
    return tracer.start_span(f"{attempt.method} {template}", kind=trace.SpanKind.CLIENT, attributes=attributes)


def _template(path: str) -> str:
    """The path without its ids, so that an operation's spans have one name. The API's own words have no digits."""
    words = path.partition("/realtime/kit/")[2].split("/")
    words = ["{id}" if not re.fullmatch(r"[a-z]+(-[a-z]+)*", word) else word for word in words]
    return "/".join(["", words[0] if words == ["apps"] else "{id}", *words[1:]])


def _end(trace: Any, span: Any, attempt: Attempt) -> None:
    if attempt.status is not None:
        span.set_attribute("http.response.status_code", attempt.status)
    if attempt.error is not None or (attempt.status or 0) >= 400:
        span.set_attribute("error.type", str(attempt.status or type(attempt.error).__qualname__))
        span.set_status(trace.StatusCode.ERROR, str(attempt.error or ""))
    span.end()
