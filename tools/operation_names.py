"""The operations of the API, with their names here and in the `cloudflare` package, parsed from docs/operations.md."""

from __future__ import annotations

import re
from pathlib import Path
from typing import NamedTuple


class Name(NamedTuple):
    """One operation."""

    number: int
    method: str
    path: str  # below /accounts/{account_id}/realtime/kit
    ours: str  # `client` is a client, any other beginning a record of that kind; `where` is the list
    official: str | None  # None: the package lacks it


_TABLE = Path(__file__).parents[1] / "docs" / "operations.md"
_ROW = re.compile(r"^\| (\d+) \| `(\w+) (\S+)` \| `(\S+)` \| (?:-|`(\S+)`) \|$", re.MULTILINE)
OPERATION_NAMES = [
    Name(int(number), method, path, ours, official or None)
    for number, method, path, ours, official in _ROW.findall(_TABLE.read_text(encoding="utf-8"))
]
