"""The API's conventions as pure functions: envelopes, errors, pagination, which requests may be retried, and when.

Where the API's description and its examples disagree, both forms are accepted. Nothing here does I/O or reads a clock.
"""

from __future__ import annotations

import json
import re
import sys
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit import errors

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.interfaces import Response

# --- bodies -----------------------------------------------------------------------------------------------------------


def loads(content: bytes) -> Any:
    """Decode JSON, with orjson where it is installed and worth its import.

    orjson rejects some valid JSON: a lone surrogate, as in a name that was truncated inside an emoji, and `1e999`. The
    standard module decodes it, so that one such name does not make a whole list unreadable.

    Raises:
        ValueError, RecursionError: the content is not JSON.
    """
    try:
        return _decoder.decode(content)
    except ValueError:
        return json.loads(content)


class _Decoder:
    """Decodes with the standard module at first, and with orjson after a megabyte.

    Importing orjson takes 8 ms and more than a megabyte of memory, a tenth of a whole short program; on small responses
    it saves a few microseconds each.
    """

    def __init__(self, threshold: int = 2**20) -> None:
        self._decoded, self._threshold = 0, threshold  # bytes
        self.decode: Callable[[bytes], Any] = self._decode_and_count

    def _decode_and_count(self, content: bytes) -> Any:
        self._decoded += len(content)
        if self._decoded >= self._threshold or "orjson" in sys.modules:
            try:
                import orjson
            except ImportError:
                self.decode = json.loads
            else:
                self.decode = orjson.loads
            return self.decode(content)
        return json.loads(content)


_decoder = _Decoder()


def decode(response: Response) -> Any:
    """Decode a body: JSON, or a string if it is not JSON, or None if it is empty."""
    content = response.content
    if content.startswith(b"\xef\xbb\xbf"):  # a byte order mark, which only some decoders accept
        content = content[3:]
    content = content.strip()
    if not content:
        return None
    try:
        return loads(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")


def unwrap(body: Any, key: str | None = None) -> Any:
    """Return the content of a response body without its envelope.

    RealtimeKit wraps it in `data`, the rest of Cloudflare's API in `result`. Some operations nest it once more
    (`data.app`, `data.sessions`): `key` names that level; a body without it is not unwrapped further.
    """
    if isinstance(body, dict):
        for envelope in ("data", "result"):
            if envelope in body:
                body = body[envelope]
                break
    if key is not None and isinstance(body, dict) and isinstance(body.get(key), dict | list):
        return body[key]
    return body


def unwrap_list(body: Any, key: str | None = None) -> list[dict[str, Any]] | None:
    """As `unwrap`, for a list of objects; None if the body contains no such list."""
    items = unwrap(body, key)
    return items if isinstance(items, list) and {*map(type, items)} <= {dict} else None


class Paging(NamedTuple):
    """The position of a page in the whole list. Offsets are 1-based and inclusive; None if the server did not say."""

    total_count: int | None = None
    start_offset: int | None = None
    end_offset: int | None = None


def paging(body: Any) -> Paging:
    """Return the `paging` of a list, which is next to `data` or inside it."""
    for parent in (body, unwrap(body)):
        if isinstance(parent, dict) and isinstance(found := parent.get("paging"), dict):
            return Paging(*(_to_int(found.get(name)) for name in Paging._fields))
    return Paging()


def _to_int(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        return None


class Paginator:
    """Decides which page to request next, and when to stop.

    `paging` is trusted if it fits its page and lies after every `paging` trusted before. If it is missing or wrong,
    pagination continues until a page is empty or contains nothing new, so that it also ends with a server that ignores
    `page_no`. A short page does not end it: the server may send fewer records than it was asked for.
    """

    def __init__(self, first_page: int = 1, limit: int | None = None) -> None:
        self.page_no: int | None = first_page  # the page to request next; None at the end
        self.last_page: int | None = None  # the last page to request, if it is known
        self._limit_left = limit
        self._previous: list[Any] = []
        self._end = 0  # the last offset that was trusted
        self._seen: set[Any] = set()  # keys of pages without a trusted `paging`, and of the page before each

    def accept(self, keys: list[Any], paging: Paging) -> int:
        """Record a page and return how many of its records count. `keys` are the ids of the records."""
        if self.page_no is None or not keys or keys == self._previous:
            self.page_no = None
            return 0
        before, self._previous = self._previous, keys
        count, remaining = len(keys), None
        total, start, end = paging
        if (
            total is not None
            and end is not None
            and self._end + count <= end <= total
            and start in (None, end - count + 1)
        ):
            remaining, self._end = total - end, end
        else:
            self._seen.update(before)
            if self._seen.issuperset(keys):
                self.page_no = None
                return 0
            self._seen.update(keys)
        if self._limit_left is not None:
            count = min(count, self._limit_left)
            self._limit_left -= count
            remaining = self._limit_left if remaining is None else min(remaining, self._limit_left)
            if self._limit_left == 0:
                remaining = 0
        self.last_page = None if remaining is None else self.page_no - (-remaining // len(keys))
        self.page_no = None if remaining == 0 else self.page_no + 1
        return count


# --- errors -----------------------------------------------------------------------------------------------------------

_BY_STATUS: dict[int, type[errors.APIError]] = {
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
    kind = _BY_STATUS.get(status) or (errors.ServerError if 500 <= status < 600 else errors.APIError)
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
        return _to_int(found.get("code")), message if isinstance(message, str) else ""
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


# --- retries ----------------------------------------------------------------------------------------------------------

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
