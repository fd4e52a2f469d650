"""Retries: which requests may be sent again, and after which wait. No I/O, no clock."""

from __future__ import annotations

import re
from collections.abc import Mapping

from realtimekit import errors
from realtimekit.interfaces import Response

_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_INITIAL_BACKOFF = 0.5  # seconds; doubled with each attempt
_MAX_BACKOFF = 8.0
_MAX_PARSED_WAIT = 2.0**31  # seconds, 68 years; time.sleep() and the like reject larger numbers
MAX_RETRY_AFTER = 60.0  # seconds; if the server asks for a longer wait, the caller decides


def may_retry(method: str, failure: Response | errors.APIConnectionError) -> bool:
    """Return whether a request may be retried without the risk that it is carried out twice.

    GET, HEAD, PUT and DELETE may be retried after a connection error, 408, 429 and 5xx; POST and PATCH only if it is
    certain that nothing was processed: the connection was never made, or the status is 429.
    """
    idempotent = method in _IDEMPOTENT
    if isinstance(failure, errors.APIConnectionError):
        return failure._retryable and (idempotent or not failure.maybe_processed)
    return failure.status == 429 or (idempotent and (failure.status == 408 or 500 <= failure.status < 600))


def already_deleted(method: str, status: int, *, maybe_processed: bool) -> bool:
    """Return whether a 404 means that an earlier attempt succeeded: a DELETE whose response was lost."""
    return method == "DELETE" and status == 404 and maybe_processed


def backoff(attempt: int, jitter: float) -> float:
    """Return the seconds to wait after an attempt (1, 2, ...) if the server does not say; `jitter` is from 0 to 1."""
    # The exponent is bounded because 2.0 ** 1024 raises.
    return min(_INITIAL_BACKOFF * 2.0 ** min(attempt - 1, 10), _MAX_BACKOFF) * (0.5 + jitter / 2)


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Return the seconds that the server asks to wait, at most 2**31; None if it does not ask.

    Reads `Retry-After`, in seconds or as a date (RFC 9110, 10.2.3); without it `Ratelimit: "default";r=0;t=30`
    (Cloudflare's form of draft-ietf-httpapi-ratelimit-headers), which counts if nothing remains.

    Args:
        headers: the response headers, with names in lower case.
        now: Unix seconds, for a date in `Retry-After` if the response has no `Date` to count from.
    """
    seconds = _parse_retry_after(headers, now)
    return None if seconds is None else min(seconds, _MAX_PARSED_WAIT)


def _parse_retry_after(headers: Mapping[str, str], now: float | None) -> float | None:
    if value := headers.get("retry-after", "").strip():
        if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
            return float(value)
        then, sent = parse_http_date(value), parse_http_date(headers.get("date", ""))
        clock = now if sent is None else sent
        if then is not None and clock is not None:
            return max(0.0, then - clock)
    waits = [
        float(reset[1])
        for policy in headers.get("ratelimit", "").split(",")
        if re.search(r";\s*r=0\b", policy) and (reset := re.search(r";\s*t=(\d+)", policy))
    ]
    return max(waits, default=None)


def parse_http_date(text: str) -> float | None:
    """Return the Unix seconds of a date in an HTTP header; None if it is not a date."""
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()  # without a zone it is UTC
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
