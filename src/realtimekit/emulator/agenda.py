"""What will happen by itself: a session closes, a recording is ready. Kept in the store, carried out by the clock."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from realtimekit.emulator.store import Store


# What carries a thing out: it is given the id and the time, which may lie in the past.
Happening: TypeAlias = Callable[[str, str], None]


class Due(NamedTuple):
    what: str
    id: str  # of the row that it happens to
    at: str


class Agenda:
    """One thing of a kind for each row; planning it again moves it."""

    def __init__(self, store: Store) -> None:
        self._store = store

    def plan(self, what: str, id: str, at: str) -> None:  # noqa: A002
        self._store.run("insert or replace into agenda (what, id, at) values (?, ?, ?)", what, id, at)

    def cancel(self, what: str, id: str) -> None:  # noqa: A002
        self._store.run("delete from agenda where what = ? and id = ?", what, id)

    def take(self, now: str) -> Due | None:
        """The earliest thing that is due, no longer on the agenda."""
        row = self._store.row("select * from agenda where at <= ? order by at, number limit 1", now)
        if row is None:
            return None
        self._store.run("delete from agenda where number = ?", row["number"])
        return Due(row["what"], row["id"], row["at"])

    def anything(self, now: str) -> bool:
        return self._store.row("select 1 from agenda where at <= ?", now) is not None
