"""How results look in a notebook: short HTML tables. All text is escaped, because participants wrote some of it."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from datetime import datetime
from html import escape
from typing import Any

from realtimekit.errors import RealtimeKitError
from realtimekit.safe_text import clean

MAX_ROWS = 10
MAX_CHARS = 120  # of a cell
MAX_TEXT = 400  # of a sentence


def html_table(caption: str, headers: Sequence[str], rows: Iterable[Sequence[Any]], note: str = "") -> str:
    """Return a table as HTML.

    Args:
        caption: what it is.
        headers: of its columns; [] for none.
        rows: the values of each row; of more than ten, the first ten are shown. A list is text in pieces, each with
            whether it is marked.
        note: a sentence below it.
    """
    listed = list(rows)
    if len(listed) > MAX_ROWS:
        more = f"{len(listed) - MAX_ROWS} more rows are not shown."
        note = f"{note} {more}".strip()
    head = "".join(f"<th>{_cell(header)}</th>" for header in headers)
    body = "".join(
        "<tr>" + "".join(f'<td dir="auto" style="text-align: left">{_cell(value)}</td>' for value in row) + "</tr>"
        for row in listed[:MAX_ROWS]
    )
    return (
        f'<table><caption style="text-align: left">{_cell(caption)}</caption>'
        + (f"<thead><tr>{head}</tr></thead>" if headers else "")
        + f"<tbody>{body}</tbody></table>"
        + (html_text(note) if note else "")
    )


def relation_html(relation: Any) -> str:
    """Return the first records of a list as HTML: see `Relation._repr_html_`."""
    if relation._client.asynchronous:
        return html_text(f"{relation!r}: nothing was requested. Use `await relation.all()` or `async for`.")
    if relation._selection is not None:
        return html_text(f"{relation!r}: nothing was requested. Use `relation.all()`, or iterate.")
    page_no = int(relation._query.get("page_no", 1))
    per_page = min(relation._limit or MAX_ROWS, MAX_ROWS) if page_no == 1 else None
    once = relation._clone(_client=relation._client.with_options(max_retries=0))
    try:
        page = once._client.run(once._fetch_page(page_no, per_page))
    except RealtimeKitError as error:
        return html_text(f"{relation!r}: the first page could not be read: {error}")
    record = relation._record
    names = record._html_fields or record._repr_fields
    records = page.records[: min(relation._limit or MAX_ROWS, MAX_ROWS)]
    total = page.paging.total_count
    of = "" if total is None else f" of {total}"
    note = "Displaying a list requests its first page: one request."
    rows = [[one._shown(name) for name in names] for one in records]
    return html_table(f"{relation!r}: {len(rows)}{of}", names, rows, note)


def html_text(text: str) -> str:
    """Return a sentence as HTML."""
    return f"<p>{_shortened(text, MAX_TEXT)}</p>"


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case datetime():
            text = f"{value:%Y-%m-%d %H:%M:%S}"
        case list():
            return _marked(value)
        case float():
            text = f"{value:.4f}".rstrip("0").rstrip(".")
        case _:
            text = str(value)
    return _shortened(text, MAX_CHARS)


def _marked(pieces: list[tuple[str, bool]]) -> str:
    """Return a text in pieces, of which some are marked; no more of it than of other cells."""
    html, left = "", MAX_CHARS
    for piece, is_marked in pieces:
        text = re.sub(r"\s+", " ", clean(piece))
        shown = escape(text if len(text) <= left else text[: max(left - 1, 0)] + "\u2026")
        html += f"<b>{shown}</b>" if is_marked else shown
        left -= len(text)
        if left <= 0:
            break
    return html


def _shortened(text: str, length: int) -> str:
    text = " ".join(clean(text).split())
    return escape(text if len(text) <= length else text[: length - 1] + "\u2026")
