"""How lists and records are shown: columns of a table, and fields that stay hidden."""

from __future__ import annotations

from typing import NamedTuple


class Column(NamedTuple):
    """A column of a table and of its CSV."""

    name: str
    """The name of the record's field. It is the header in CSV."""
    header: str | None = None
    """The header in the table, if it differs from the name."""
    fold: bool = False
    """Whether long values are folded. Ids and times are not, so that they can be copied."""
    wide_only: bool = False
    """Whether narrow terminals leave the column out. The CSV always has it."""


class SecretField(NamedTuple):
    """A field that is printed only with its own flag."""

    field: str
    flag: str
    help: str
