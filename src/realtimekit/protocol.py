"""The rules of the wire, as pure functions: envelopes, errors, paging, what may be sent again, how long to wait.

Where the API's description and its examples disagree, both are read. Nothing here does I/O or reads a clock.
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
    """JSON, decoded: by orjson, where it is installed and pays.

    orjson refuses some of what JSON allows (half of a surrogate pair, as in a name that was cut inside an emoji;
    `1e999`). The standard module reads it, and one such name does not make a whole list unreadable.

    Raises:
        ValueError, RecursionError: it is no JSON.
    """
    try:
        return _decoder.decode(content)
    except ValueError:
        return json.loads(content)


class _Decoder:
    """The standard module at first, orjson after a megabyte.

    Importing orjson takes 8 ms and more than a megabyte of memory, a tenth of a whole short program; on small answers
    it saves some microseconds each.
    """

    def __init__(self, pays: int = 2**20) -> None:
        self._decoded, self._pays = 0, pays  # bytes
        self.decode: Callable[[bytes], Any] = self._first

    def _first(self, content: bytes) -> Any:
        self._decoded += len(content)
        if self._decoded >= self._pays or "orjson" in sys.modules:
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
    """The JSON body; text where it is no JSON; None where it is empty."""
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
    """What an answer is about.

    RealtimeKit wraps it in `data`, the rest of Cloudflare's API in `result`; some operations nest it once more
    (`data.app`, `data.sessions`): then `key` names the nested place, and an answer without it is taken as it is.
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
    """As `unwrap`, for a list of objects; None where the answer holds no such list."""
    items = unwrap(body, key)
    return items if isinstance(items, list) and {*map(type, items)} <= {dict} else None


class Paging(NamedTuple):
    """Where a page lies in the whole: offsets are 1-based and inclusive. None: the server did not say."""

    total_count: int | None = None
    start_offset: int | None = None
    end_offset: int | None = None


def paging(body: Any) -> Paging:
    """The `paging` of a list: beside `data`, or inside it."""
    data = unwrap(body)
    for place in (body, data):
        if isinstance(place, dict) and isinstance(found := place.get("paging"), dict):
            return Paging(*(_whole(found.get(name)) for name in Paging._fields))
    return Paging()


def _whole(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        return None


class Paginator:
    """Which page to request next, and when to stop.

    `paging` is believed where it fits the page it came with, and lies behind all that was believed before. Where it is
    missing or wrong, pagination goes on until a page is empty or holds nothing new, so that a server that ignores
    `page_no` is read once and not for ever. A short page ends nothing: the server may send fewer records than it was
    asked for.
    """

    def __init__(self, first_page: int = 1, limit: int | None = None) -> None:
        self.page_no: int | None = first_page  # the page to request next; None at the end
        self.last_page: int | None = None  # the last page to request, where it is known
        self._left = limit
        self._previous: list[Any] = []
        self._end = 0  # the last offset that was believed
        self._seen: set[Any] = set()  # keys of pages without a `paging` to believe, and of the page before each

    def accept(self, keys: list[Any], paging: Paging) -> int:
        """Take note of a page: how many of its records count. `keys` (their ids) tell one page from another."""
        if self.page_no is None or not keys or keys == self._previous:
            self.page_no = None
            return 0
        before, self._previous = self._previous, keys
        count, missing = len(keys), None
        total, start, end = paging
        if (
            total is not None
            and end is not None
            and self._end + count <= end <= total
            and start in (None, end - count + 1)
        ):
            missing, self._end = total - end, end
        else:
            self._seen.update(before)
            if self._seen.issuperset(keys):
                self.page_no = None
                return 0
            self._seen.update(keys)
        if self._left is not None:
            count = min(count, self._left)
            self._left -= count
            missing = self._left if missing is None else min(missing, self._left)
            if self._left == 0:
                missing = 0
        self.last_page = None if missing is None else self.page_no - (-missing // len(keys))
        self.page_no = None if missing == 0 else self.page_no + 1
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
_FIRST_WORDS = 100  # characters, of a body that is no JSON
_LONGEST_TEXT = 500  # characters of the server's words in an error's text; `.message` and `.body` have them all


def is_error(response: Response, body: Any) -> bool:
    """An error by its status, or a success that says it is none."""
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
    """The error that an answer means. All shapes seen are read:

    `{"success": false, "error": {"code", "message"}}`, `{"success": false, "errors": [{"code", "message"}], ...}`
    (the gateway's), `{"message"}` alone, HTML or text, and an empty body.

    Args:
        response: the answer.
        body: its decoded body.
        method: of the call.
        path: of the call, without its query.
        now: for `retry_after`.
        hints: what to do about a status, for the message; others than those for the API's token, where none was sent.
    """
    code, message = _code_and_message(body)
    meant = response.status if not 200 <= response.status < 300 else code or response.status
    kind = _BY_STATUS.get(meant) or (errors.ServerError if 500 <= meant < 600 else errors.APIError)
    text = f"{method} {path} answered {response.status}"
    if code is not None and code != response.status:
        text += f" (code {code})"
    text += f": {printable(message) or _no_message(body)}"
    if cure := hints.get(meant):
        text += f"; {cure}"
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


def _code_and_message(body: Any) -> tuple[int | None, str]:
    if not isinstance(body, dict):
        return None, ""
    places: list[Any] = [body.get("error"), *(body.get("errors") or [] if isinstance(body.get("errors"), list) else [])]
    for place in [place for place in places if isinstance(place, dict)] or [body]:
        message = place.get("message")
        return _whole(place.get("code")), message if isinstance(message, str) else ""
    return None, ""


def _no_message(body: Any) -> str:
    if not isinstance(body, str):
        return "no message"
    words = re.sub(r"<[^>]*>", " ", printable(body))  # mostly it is HTML, or a storage's XML
    words = " ".join(re.sub(r"\?\S+", "?...", words).split())  # a page may repeat the link, whose query is a secret
    return f"the body is no JSON: {words[:_FIRST_WORDS]}".rstrip(": ")


def printable(text: str) -> str:
    """Words from outside, safe for a terminal and not longer than a few lines."""
    clean = "".join(character if character.isprintable() else " " for character in text)
    return clean if len(clean) <= _LONGEST_TEXT else clean[:_LONGEST_TEXT] + " ..."


# --- sending again ----------------------------------------------------------------------------------------------------

_IDEMPOTENT = frozenset({"GET", "HEAD", "PUT", "DELETE"})
_FIRST_WAIT = 0.5  # seconds; doubled with each attempt
_LONGEST_BACKOFF = 8.0
_LONGEST_ASKED = 2.0**31  # seconds, 68 years; time.sleep() and its like cannot take just any number
MAX_RETRY_AFTER = 60.0  # the longest wait asked for by the server that is taken; beyond it the caller decides


def may_retry(method: str, failure: Response | errors.APIConnectionError) -> bool:
    """Whether a request may be sent again without a risk that it is carried out twice.

    GET, HEAD, PUT and DELETE: after a connection error, 408, 429 and 5xx. POST and PATCH: only if it is certain that
    nothing was processed, i.e. the connection was never made, or 429.
    """
    idempotent = method in _IDEMPOTENT
    if isinstance(failure, errors.APIConnectionError):
        return failure._retryable and (idempotent or not failure.maybe_processed)
    return failure.status == 429 or (idempotent and (failure.status == 408 or 500 <= failure.status < 600))


def already_deleted(method: str, status: int, *, maybe_processed: bool) -> bool:
    """Whether a refusal means that an earlier attempt did it: a DELETE whose answer was lost finds nothing any more."""
    return method == "DELETE" and status == 404 and maybe_processed


def backoff(attempt: int, jitter: float) -> float:
    """Seconds to wait after the given attempt (1, 2, ...) when the server does not say; `jitter` is from 0 to 1."""
    # The exponent is bounded because 2.0 ** 1024 raises.
    return min(_FIRST_WAIT * 2.0 ** min(attempt - 1, 10), _LONGEST_BACKOFF) * (0.5 + jitter / 2)


def retry_after(headers: Mapping[str, str], now: float | None = None) -> float | None:
    """Seconds that the server asks to wait, or None. What is longer than anybody waits is 2**31 s.

    `Retry-After` as seconds or as a date (RFC 9110, 10.2.3); without it `Ratelimit: "default";r=0;t=30` (Cloudflare's
    form of draft-ietf-httpapi-ratelimit-headers), which counts where nothing remains.

    Args:
        headers: names in lower case.
        now: Unix seconds, for a date in `Retry-After` where the answer has no `Date` of its own to count from.
    """
    asked = _asked_wait(headers, now)
    return None if asked is None else min(asked, _LONGEST_ASKED)


def _asked_wait(headers: Mapping[str, str], now: float | None) -> float | None:
    if value := headers.get("retry-after", "").strip():
        if re.fullmatch(r"\d+(\.\d+)?", value, re.ASCII):
            return float(value)
        then, sent = _http_date(value), _http_date(headers.get("date", ""))
        clock = now if sent is None else sent
        if then is not None and clock is not None:
            return max(0.0, then - clock)
    waits = [
        float(reset[1])
        for policy in headers.get("ratelimit", "").split(",")
        if re.search(r";\s*r=0\b", policy) and (reset := re.search(r";\s*t=(\d+)", policy))
    ]
    return max(waits, default=None)


def _http_date(text: str) -> float | None:
    from datetime import UTC
    from email.utils import parsedate_to_datetime

    try:
        date = parsedate_to_datetime(text)
        return (date if date.tzinfo else date.replace(tzinfo=UTC)).timestamp()  # without a zone it is UTC, too
    except (TypeError, ValueError, IndexError, OverflowError):
        return None
