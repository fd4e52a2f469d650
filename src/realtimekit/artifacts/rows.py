"""Tables as a session leaves them: CSV with or without a header row, or JSON; told apart by their content."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, Any, TypeVar

from realtimekit.errors import DecodeError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Mapping

Item = TypeVar("Item")
Row = tuple[str, "Mapping[str, Any] | str"]  # where it stands ("line 3"), and its cells by column or why there are none

_BOMS = ((b"\xff\xfe", "utf-16-le"), (b"\xfe\xff", "utf-16-be"), (b"\xef\xbb\xbf", "utf-8"))


def text_of(content: bytes) -> str:
    """The text of a file: UTF-8, or what its byte order mark says; bytes that are no text become U+FFFD."""
    for bom, encoding in _BOMS:
        if content.startswith(bom):
            return content[len(bom) :].decode(encoding, "replace")
    return content.decode("utf-8", "replace")


def read_each(
    rows: Iterable[Row],
    read: Callable[[Mapping[str, Any]], Item],
    problems: list[DecodeError] | None,
) -> list[Item]:
    """What `read` makes of each row.

    Args:
        rows: as `table` gives them.
        read: raises TypeError, ValueError or OverflowError for a row that it cannot read.
        problems: where rows that cannot be read are reported, while the others are read.

    Raises:
        DecodeError: a row cannot be read, and there is no list for problems. It names the line.
    """
    items: list[Item] = []
    for place, row in rows:
        try:
            if isinstance(row, str):
                raise ValueError(row)  # noqa: TRY004 - it is the reason why there is no row
            items.append(read(row))
        except (TypeError, ValueError, OverflowError) as error:
            problem = DecodeError(f"{place} of the file cannot be read: {error}")
            if problems is None:
                raise problem from None
            problems.append(problem)
    return items


def table(text: str, columns: tuple[str, ...], aliases: Mapping[str, str]) -> Iterator[Row]:
    """The rows of a file, their cells by column. Blank lines are no rows.

    Args:
        text: the file.
        columns: the documented ones, for a CSV without a header row; a header row's own names count otherwise.
        aliases: other names of columns, in small letters without `_`.

    Raises:
        DecodeError: the file as a whole is no JSON.
    """
    names = {_plain(name): name for name in columns} | dict(aliases)
    if text.lstrip()[:1] in {"[", "{"}:
        return _objects(text, names)
    return _lines(text, columns, names)


def _plain(name: str) -> str:
    return name.strip().replace("_", "").replace(" ", "").lower()


def _objects(text: str, names: Mapping[str, str]) -> Iterator[Row]:
    try:
        found: Any = _decoded(text)
    except (ValueError, RecursionError) as error:
        raise DecodeError(f"the file begins like JSON and is none: {error}") from None
    if isinstance(found, dict):
        lists = [value for value in found.values() if isinstance(value, list)]
        found = lists[0] if len(lists) == 1 else [found]  # an envelope, or one item alone
    for number, item in enumerate(found, 1):
        if isinstance(item, dict):
            yield f"item {number}", {names.get(_plain(name), name): value for name, value in item.items()}
        else:
            yield f"item {number}", f"expected an object, got {type(item).__name__}"


def _decoded(text: str) -> Any:
    """JSON; halves of surrogate pairs (a name that was cut inside an emoji) become U+FFFD: no file can have them."""
    found = json.loads(text)
    if re.search(r"\\u[dD][89a-fA-F]", text) is None:
        return found
    units = json.dumps(found, ensure_ascii=False).encode("utf-16-le", "surrogatepass")
    return json.loads(units.decode("utf-16-le", "replace"))


def _lines(text: str, columns: tuple[str, ...], names: Mapping[str, str]) -> Iterator[Row]:
    # strict: an open quote would otherwise swallow the rest of the file without a word
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    first = True
    while True:
        place = f"line {reader.line_num + 1}"
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            yield place, str(error)
            continue
        if len(cells) < 2 and not "".join(cells).strip():
            continue
        if first:
            first = False
            # Who writes a chat chooses some of its cells, but never most of them.
            if sum(_plain(cell) in names for cell in cells) * 2 > len(cells):
                columns = tuple(names.get(_plain(cell), cell) for cell in cells)
                continue
        if len(cells) == len(columns):
            yield place, dict(zip(columns, cells, strict=True))
        else:
            yield place, f"it has {len(cells)} fields, not {len(columns)}"
