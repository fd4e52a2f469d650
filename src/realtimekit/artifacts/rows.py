"""Parse tables: CSV with or without a header row, or JSON; the format is detected from the content."""

from __future__ import annotations

import json
import re
import unicodedata
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, TypeVar

from realtimekit.errors import DecodeError
from realtimekit.kwargs import validate_type
from realtimekit.readable import pluralize

Item = TypeVar("Item")
Row = tuple[str, Mapping[str, Any] | str]  # its position ("line 3"), and its cells by column or an error message

# Spaces and invisible characters, which some spreadsheets skip before a formula.
_BLANKS = " \t\r\n\v\f\xa0\u200b\u2060\u3000\ufeff"
LINE_END = re.compile(r"\r\n?|\n")
_BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))


def decode_text(content: bytes) -> str:
    """Decode a file: as UTF-8, or as its byte order mark says; invalid bytes become U+FFFD."""
    validate_type("content", content, (bytes, bytearray), "the bytes of a file")
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return content[len(bom) :].decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def convert_rows(
    rows: Iterable[Row],
    convert: Callable[[Mapping[str, Any]], Item],
    errors: list[DecodeError] | None,
) -> list[Item]:
    """Convert each row to an item.

    Args:
        rows: as `parse_table` yields them.
        convert: raises TypeError, ValueError or OverflowError for a row that it cannot convert.
        errors: if given, rows that cannot be read are appended here instead of raised.

    Raises:
        DecodeError: a row cannot be read, and `errors` is None. The message names the line.
    """
    items: list[Item] = []
    for position, row in rows:
        try:
            if isinstance(row, str):
                raise ValueError(row)  # noqa: TRY004 - the row is an error message
            items.append(convert(row))
        except (TypeError, ValueError, OverflowError) as error:
            decode_error = DecodeError(f"{position} of the file cannot be read: {error}")
            if errors is None:
                raise decode_error from None
            errors.append(decode_error)
    return items


def parse_table(text: str, columns: tuple[str, ...], aliases: Mapping[str, str]) -> Iterator[Row]:
    """Return the rows of a file, their cells by column, without blank lines.

    Args:
        text: the content of the file.
        columns: the documented columns, for a CSV file without a header row.
        aliases: other names of columns, in lower case and without `_`.

    Raises:
        DecodeError: the file looks like JSON but is not.
    """
    names = {_normalize(name): name for name in columns} | dict(aliases)
    if text.lstrip()[:1] in {"[", "{"}:
        return _json_rows(text, names)
    return _csv_rows(text, columns, names)


def _normalize(name: str) -> str:
    return name.strip().replace("_", "").replace(" ", "").lower()


def _json_rows(text: str, names: Mapping[str, str]) -> Iterator[Row]:
    try:
        found: Any = _decode_json(text)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the file looks like JSON but is not valid: {error}") from None
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else [found]  # an envelope, or a single item
    for number, item in enumerate(found, 1):
        if isinstance(item, dict):
            yield f"item {number}", {names.get(_normalize(name), name): value for name, value in item.items()}
        else:
            yield f"item {number}", f"expected an object, got {type(item).__name__}"


def _decode_json(text: str) -> Any:
    """Decode JSON; unpaired surrogates (a name that was cut inside an emoji) become U+FFFD, so that it can be saved."""
    found = json.loads(text)
    if re.search(r"\\u[dD][89a-fA-F]", text) is None:
        return found
    units = json.dumps(found, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    return json.loads(units.decode("utf-16-le", "replace"))


def _csv_rows(text: str, columns: tuple[str, ...], names: Mapping[str, str]) -> Iterator[Row]:
    first = True
    for line, cells in read_csv(text):
        position = f"line {line}"
        if isinstance(cells, str):
            yield position, cells
            continue
        if len(cells) < 2 and not "".join(cells).strip():
            continue
        if first:
            first = False
            # A header row has column names in most cells. Participants can write some cells of a chat, but not most.
            if sum(_normalize(cell) in names for cell in cells) * 2 > len(cells):
                columns = tuple(names.get(_normalize(cell), cell) for cell in cells)
                continue
        if len(cells) == len(columns):
            yield position, dict(zip(columns, cells, strict=True))
        else:
            yield position, f"it has {pluralize(len(cells), 'field')}, not {len(columns)}"


# A cell with its end, matched without backtracking. A quote that is not the first character has no meaning.
_CELL = re.compile(r'(?:"([^"]*+(?:""[^"]*+)*+)"|(?!")([^,\r\n]*+))(,|\r\n?|\n|\Z)')
_QUOTED = re.compile(r'"[^"]*+(?:""[^"]*+)*+"')


def read_csv(text: str) -> Iterator[tuple[int, list[str] | str]]:
    """Yield the number of the first line of each row, and its cells or what is wrong with it (RFC 4180).

    The module `csv` cannot be used: it rejects cells above 131,072 characters and then parses their rest as rows, and
    this limit can only be changed for the whole process.
    """
    line, position = 1, 0
    while position < len(text):
        start, cells, error, end = position, list[str](), None, ","
        while end == "," and error is None:
            if match := _CELL.match(text, position):
                quoted, plain, end = match.groups()
                cells.append(plain if quoted is None else quoted.replace('""', '"'))
                position = match.end()
            elif match := _QUOTED.match(text, position):
                error = "a comma or the end of the line is expected after a closing quote"
                rest = LINE_END.search(text, match.end())
                position = rest.end() if rest else len(text)
            else:
                error = "a quote is never closed, so that the rest of the file cannot be read"
                position = len(text)
        yield line, cells if error is None else error
        line += text.count("\n", start, position) + text.count("\r", start, position)
        line -= text.count("\r\n", start, position)


def quote_formula(text: str) -> str:
    """Return the text for a cell of a CSV file, with a `'` before it if a spreadsheet would evaluate it."""
    return f"'{text}" if _is_formula(text) else text


def unquote_formula(text: str) -> str:
    """Return the text of a cell that `quote_formula` wrote."""
    return text[1:] if text.startswith("'") and _is_formula(text) else text


def _is_formula(text: str) -> bool:
    text = text.lstrip("'")  # so that a text that begins with quotes itself is read back unchanged
    first = unicodedata.normalize("NFKC", text.lstrip(_BLANKS)[:1])  # full-width and small forms count as well
    return text[:1] in {"\t", "\r", "\n"} or first in {"=", "+", "-", "@"}
