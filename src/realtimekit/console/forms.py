"""Reads what a browser sends: the parameters of a page, and forms."""

from __future__ import annotations

import hmac
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from realtimekit.paths import encode_segment

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from starlette.requests import Request

MAX_FORM_BYTES = 256 * 1024
MAX_PAGE = 1_000_000
FORM_TOKEN = "form_token"  # noqa: S105 - the name of the field


class BadInputError(Exception):
    """What was sent cannot be used; the message says why.

    Attributes:
        status: of the response.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def read_form(request: Request, form_token: str) -> dict[str, str]:
    """Return the fields of a form that a page of the console has sent.

    Raises:
        BadInputError: it is not a form, or not one of a page of the console.
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/x-www-form-urlencoded":
        raise BadInputError("The request must be a form.", 415)
    body = bytearray()
    async for chunk in request.stream():
        body += chunk
        if len(body) > MAX_FORM_BYTES:
            raise BadInputError("The form is too large.", 413)
    fields = dict(parse_qsl(body.decode("utf-8", "replace"), keep_blank_values=True, max_num_fields=None))
    if not hmac.compare_digest(fields.pop(FORM_TOKEN, "").encode(), form_token.encode()):
        raise BadInputError("This form is out of date: go back and reload the page.", 403)
    return fields


def path_id(request: Request, name: str) -> str:
    """Return an id in the path of a page.

    Raises:
        BadInputError: it cannot be one.
    """
    value: str = request.path_params[name]
    try:
        encode_segment(name, value)
    except ValueError as error:
        raise BadInputError(f"There is no such page: {error}.", 404) from None
    return value


def text(parameters: Mapping[str, str], name: str) -> str | None:
    """Return a parameter; None if it is empty or missing."""
    return parameters.get(name, "").strip() or None


def required(fields: Mapping[str, str], name: str, what: str) -> str:
    """Return a field.

    Raises:
        BadInputError: it is empty; `what` names it.
    """
    value = text(fields, name)
    if value is None:
        raise BadInputError(f"Enter {what}.")
    return value


def choice(parameters: Mapping[str, str], name: str, allowed: Collection[str]) -> str | None:
    """Return a parameter that has one of a few values.

    Raises:
        BadInputError: it has another.
    """
    value = text(parameters, name)
    if value is not None and value not in allowed:
        raise BadInputError(f"{name} must be one of {', '.join(allowed)}, not {value[:50]!r}.")
    return value


def page_number(parameters: Mapping[str, str]) -> int:
    """Return `page`, from 1.

    Raises:
        BadInputError: it is not a page number.
    """
    value = parameters.get("page") or "1"
    if not (value.isascii() and value.isdigit() and len(value) <= len(str(MAX_PAGE)) and 1 <= int(value) <= MAX_PAGE):
        raise BadInputError(f"The page number must be from 1 to {MAX_PAGE:,}.")
    return int(value)


def number(fields: Mapping[str, str], name: str, what: str, *, least: float = 0, most: float = 1e12) -> float | None:
    """Return a field with a number; None if it is empty.

    Raises:
        BadInputError: it is not a number, or out of bounds; `what` names it.
    """
    value = text(fields, name)
    if value is None:
        return None
    try:
        found = float(value)
    except ValueError:
        found = float("nan")
    if not least <= found <= most:
        raise BadInputError(f"{what} must be a number from {least:,.15g} to {most:,.15g}.")
    return found


def days(parameters: Mapping[str, str]) -> tuple[datetime | None, datetime | None]:
    """Return the start of the day `since` and the end of the day `until`, in UTC; None for one that is not given.

    Raises:
        BadInputError: one of them is not a date, or the first is later than the second.
    """
    since, until = _day(parameters, "since"), _day(parameters, "until", end=True)
    if since is not None and until is not None and since > until:
        raise BadInputError(f"since, {since:%Y-%m-%d}, is later than until, {until:%Y-%m-%d}: the range is empty.")
    return since, until


def _day(parameters: Mapping[str, str], name: str, *, end: bool = False) -> datetime | None:
    value = text(parameters, name)
    if value is None:
        return None
    try:
        start = datetime.strptime(value, "%Y-%m-%d").replace(tzinfo=UTC)
        return start + timedelta(days=1, milliseconds=-1) if end else start
    except (ValueError, OverflowError):
        raise BadInputError(f"{name} must be a date such as 2026-06-03, not {value[:50]!r}.") from None
