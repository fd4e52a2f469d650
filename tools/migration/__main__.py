"""Writes the tables into the migration guides; with `--check`, says which page has another table."""

from __future__ import annotations

import sys
from pathlib import Path

from tools.migration import cloudflare, dyte, ruby
from tools.migration.table import Row, table

DOCS = Path(__file__).parents[2] / "docs"
BEGIN, END = "<!-- begin: make migration -->\n", "<!-- end: make migration -->"

# page -> what the left column is called, and the rows
PAGES: dict[str, tuple[str, list[Row]]] = {
    "migrating-from-cloudflare.md": ("`cloudflare`", cloudflare.rows()),
    "migrating-from-dyte.md": ("Dyte v2", dyte.ROWS),
    "migrating-from-ruby.md": ("Ruby", ruby.ROWS),
}


def written(page: str, text: str) -> str:
    """Return the text of a page with its table."""
    heading, rows = PAGES[page]
    before, begin, rest = text.partition(BEGIN)
    _, end, after = rest.partition(END)
    assert begin and end, f"{page} has no place for the table"  # noqa: PT018 - one place, one message
    return f"{before}{begin}{table(rows, heading)}\n{end}{after}"


def main() -> None:
    stale = []
    for page in PAGES:
        path = DOCS / page
        text = path.read_text(encoding="utf-8")
        if written(page, text) != text:
            stale.append(page)
            if "--check" not in sys.argv:
                path.write_text(written(page, text), encoding="utf-8")
    if stale and "--check" in sys.argv:
        sys.exit(f"make migration would change {', '.join(stale)}")


if __name__ == "__main__":
    main()
