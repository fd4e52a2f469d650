"""Observability: one log line per request, hooks, OpenTelemetry spans.

Nothing is imported for its own sake: a program that never imported `logging` or `opentelemetry.trace` pays nothing.
"""

from __future__ import annotations

import sys
import time
from typing import TYPE_CHECKING, Any

from realtimekit.errors import APIConnectionError
from realtimekit.flow import Flow
from realtimekit.interfaces import Attempt, Hook, Request, Response
from realtimekit.settings import Settings

if TYPE_CHECKING:
    from logging import Logger

LOGGER = "realtimekit"
_DEBUG, _INFO = 10, 20  # as in `logging`


def is_observed(settings: Settings) -> bool:
    """Return whether a log, a tracer or a hook observes the requests of a client."""
    return bool(
        _logger_for(_DEBUG) or "opentelemetry.trace" in sys.modules or settings.on_request or settings.on_response
    )


def send_observed(settings: Settings, request: Request, path: str, number: int) -> Flow[Response]:
    """Send a request once, and report the attempt to the log, the hooks and the tracer.

    Raises:
        APIConnectionError: as the transport does.
    """
    logger, trace = _logger_for(_DEBUG), sys.modules.get("opentelemetry.trace")
    attempt = Attempt(request.method, path, number)
    _call_hook(settings.on_request, attempt)
    span = trace and _start_span(trace, request, attempt)
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
    finally:  # also if the caller was canceled and waits for no response
        attempt = attempt._replace(seconds=time.perf_counter() - started)
        if logger:
            logger.debug("%s %s %s", request.method, path, _outcome(attempt))
        if span:
            _end_span(trace, span, attempt)
        _call_hook(settings.on_response, attempt)


def report_retry(
    settings: Settings, failure: Response | APIConnectionError, method: str, path: str, number: int, wait: float
) -> None:
    """Report to the log and the hook that a request is retried in `wait` seconds."""
    logger = _logger_for(_INFO)
    if not (logger or settings.on_retry):
        return
    error = failure if isinstance(failure, APIConnectionError) else None
    status = None if isinstance(failure, APIConnectionError) else failure.status
    attempt = Attempt(method, path, number, status, error=error, wait=wait)
    if logger:
        logger.info("%s %s is retried in %.3g s: %s", method, path, wait, status or type(error).__name__)
    _call_hook(settings.on_retry, attempt)


def report_wait(settings: Settings, method: str, path: str, number: int, seconds: float) -> None:
    """Report to the log and the hook that a request has waited for the rate limit, and is sent now."""
    if logger := _logger_for(_INFO):
        logger.info("%s %s has waited %.3g s for the rate limit", method, path, seconds)
    _call_hook(settings.on_wait, Attempt(method, path, number, wait=seconds))


_logger: Logger | None = None


def _logger_for(level: int) -> Logger | None:
    """Return the logger if it is enabled for this level. A program that never imported `logging` has no handler."""
    # Looked up once: `getLogger` takes a lock, which an interrupted thread could keep.
    global _logger  # noqa: PLW0603
    logger = _logger
    if logger is None:
        get_logger = getattr(sys.modules.get("logging"), "getLogger", None)
        if get_logger is None:
            return None
        logger = _logger = get_logger(LOGGER)
    return logger if logger.isEnabledFor(level) else None


def _outcome(attempt: Attempt) -> str:
    what = attempt.status or (attempt.error and type(attempt.error).__name__) or "canceled"
    return f"{what} in {1000 * (attempt.seconds or 0):.0f} ms, attempt {attempt.number}"


def _call_hook(hook: Hook | None, attempt: Attempt) -> None:
    """Call a hook. An exception from it is only logged: a create whose hook fails was carried out all the same."""
    if hook is None:
        return
    try:
        hook(attempt)
    except Exception:
        import logging  # as rare as the error

        logging.getLogger(LOGGER).exception("a hook failed: %r", hook)


# --- OpenTelemetry (https://opentelemetry.io/docs/specs/semconv/http/http-spans/) ------------------------------------


def _start_span(trace: Any, request: Request, attempt: Attempt) -> Any:
    from urllib.parse import urlsplit  # only where there are spans

    url = urlsplit(request.url)
    template = url_template(attempt.path)
    attributes: dict[str, str | int] = {
        "http.request.method": attempt.method,
        "server.address": url.hostname or "",
        "server.port": url.port or (443 if url.scheme == "https" else 80),
        "url.full": f"{url.scheme}://{url.netloc.rpartition('@')[2]}{url.path}",
        "url.template": template,
    }
    if attempt.number > 1:
        attributes["http.request.resend_count"] = attempt.number - 1
    tracer = trace.get_tracer("realtimekit")
    return tracer.start_span(f"{attempt.method} {template}", kind=trace.SpanKind.CLIENT, attributes=attributes)


# Path segment -> the parameter that follows it, unless a fixed segment (`_WORDS`) does.
_IDS = {
    "accounts": "account_id",
    "kit": "app_id",
    "apps": "app_id",
    "meetings": "meeting_id",
    "participants": "participant_id",
    "sessions": "session_id",
    "peer-report": "peer_id",
    "recordings": "recording_id",
    "active-recording": "meeting_id",
    "livestreams": "livestream_id",
    "livestreams/sessions": "livestream_session_id",
    "presets": "preset_id",
    "webhooks": "webhook_id",
}
_WORDS = {
    "kit": {"apps"},
    "sessions": {"peer-report"},
    "recordings": {"active-recording", "track"},
    "livestreams": {"sessions", "daywise", "overall"},
    "webhooks": {"all"},
}


def url_template(path: str) -> str:
    """Return the path template, with names instead of ids, so that all spans and metrics of an operation share it."""
    if "/realtime/kit/" not in path:
        return "/{file}"  # a download from a storage
    template: list[str] = []
    before = ""
    for word in path.split("/"):
        name = _IDS.get(before)
        if name is not None and word not in _WORDS.get(before, ()):
            template.append(f"{{{name}}}")
            before = ""
        else:
            template.append(word)
            before = f"{before}/{word}" if f"{before}/{word}" in _IDS else word
    return "/".join(template)


def _end_span(trace: Any, span: Any, attempt: Attempt) -> None:
    if attempt.status is not None:
        span.set_attribute("http.response.status_code", attempt.status)
    if attempt.error is not None or (attempt.status or 0) >= 400:
        span.set_attribute("error.type", str(attempt.status or type(attempt.error).__qualname__))
        span.set_status(trace.StatusCode.ERROR, str(attempt.error or ""))
    span.end()
