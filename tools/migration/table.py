"""A row of a migration guide, and the table of a page."""

from __future__ import annotations

from typing import NamedTuple

# What is created, as Python writes it.
PERSON = 'custom_participant_id="user-4", preset_name="group_call_host", name="Dan"'
PARTS = 'name="guest", config=config, permissions=permissions, ui=ui'
HOOK = 'name="mine", url="https://example.com/hook", events=["meeting.ended"]'


class Row(NamedTuple):
    """One call. tests/test_migration.py runs `ours`, and `theirs` if it is Python.

    The names in both are those of the page: `client`, `meeting`, `session_id`, ...
    """

    theirs: str
    ours: str
    returns: str  # the class of what `ours` returns; `list[X]` for lists and for collections, which are lazy lists


def table(rows: list[Row], theirs: str) -> str:
    """Return the rows as Markdown, under a heading for what is on the left."""
    lines = [f"| {theirs} | here | returns |", "|---|---|---|"]
    lines += [f"| {_code(row.theirs)} | {_code(row.ours)} | {_code(row.returns)} |" for row in rows]
    return "\n".join(lines)


def _code(text: str) -> str:
    return "`" + text.replace("|", r"\|") + "`"
