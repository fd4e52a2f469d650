"""Delivery stores: what remembers which deliveries were handled, so that each is handled once.

A delivery is claimed before its handlers run, committed when they are through, released when one failed. A claim is
a lease: when a worker dies with it, it runs out, and the next try of the platform can have it.
"""

from __future__ import annotations

import enum
import os
import threading
import time
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from realtimekit.errors import ConfigurationError

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Callable


class Claim(enum.IntEnum):
    """What came of a claim."""

    MINE = 0
    """The caller is to handle the delivery, and to commit or release it."""
    RUNNING = 1
    """Somebody else is at it."""
    DONE = 2
    """It was handled before."""


class DeliveryStore(Protocol):
    """What an `Endpoint` remembers deliveries with. Each call is atomic, for all that share the store.

    `key` is a short text that stands for the delivery, `owner` one for the caller; `lease` and `keep` are seconds.
    """

    def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        """Take the delivery for so long, if nobody has it and it was not handled before.

        Whose it is can ask again, and it is still theirs: a client that lost its answer sends a call twice.
        """
        ...

    def commit(self, key: str, owner: str, keep: float, /) -> None:  # noqa: ARG002 - a store's signature
        """It was handled: remember that for so long. Also if the lease ran out meanwhile."""
        ...

    def release(self, key: str, owner: str, /) -> None:
        """It was not handled: free it, if it is still the owner's."""
        ...


class AsyncDeliveryStore(Protocol):
    """As `DeliveryStore`, awaited."""

    async def claim(self, key: str, owner: str, lease: float, /) -> Claim: ...
    async def commit(self, key: str, owner: str, keep: float, /) -> None: ...
    async def release(self, key: str, owner: str, /) -> None: ...


class MemoryStore:
    """In this process alone: for one worker, and for tests. What it knows is gone when the process ends.

    Args:
        max_size: how many handled deliveries it remembers; beyond it the oldest are forgotten.
        clock: seconds that never go back, for tests.
    """

    def __init__(self, *, max_size: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_size, self._clock = max_size, clock
        self._lock = threading.Lock()
        self._running: dict[str, tuple[str, float]] = {}  # key -> owner, end of the lease
        self._done: dict[str, float] = {}  # key -> when it may be forgotten; the oldest first

    def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        with self._lock:
            now = self._clock()
            if self._done.get(key, now) > now:
                return Claim.DONE
            holder, until = self._running.get(key, (owner, now))
            if until > now and holder != owner:
                return Claim.RUNNING
            self._running.pop(key, None)  # so that it goes to the end
            while self._running and self._running[first := next(iter(self._running))][1] <= now:
                del self._running[first]  # of workers that never came back
            self._running[key] = (owner, now + lease)
            return Claim.MINE

    def commit(self, key: str, owner: str, keep: float, /) -> None:  # noqa: ARG002 - a store's signature
        with self._lock:
            now = self._clock()
            self._running.pop(key, None)
            self._done.pop(key, None)  # so that it goes to the end
            self._done[key] = now + keep
            while (oldest := next(iter(self._done))) != key:
                if self._done[oldest] > now and len(self._done) <= self._max_size:
                    break
                del self._done[oldest]

    def release(self, key: str, owner: str, /) -> None:
        with self._lock:
            if self._running.get(key, ("", 0))[0] == owner:
                del self._running[key]


class SQLiteStore:
    """In a file, for all processes of one machine. Not on a network drive, where SQLite cannot lock.

    Args:
        path: the file; it is made where there is none.
        timeout: seconds to wait for another process that writes.
        clock: Unix seconds, for tests.

    Raises:
        ConfigurationError: the file cannot be made or written.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, timeout: float = 10.0, clock: Callable[[], float] = time.time
    ) -> None:
        import sqlite3

        if str(path) in {":memory:", ""}:
            raise ValueError("SQLiteStore needs a file; for this process alone there is MemoryStore()")
        self._path, self._timeout, self._clock = path, timeout, clock
        try:
            self._prepare()
        except sqlite3.Error as error:
            raise ConfigurationError(f"SQLiteStore cannot use the file {os.fspath(path)!r}: {error}") from None

    def _prepare(self) -> None:
        with closing(self._connect()) as database:
            database.execute("pragma journal_mode=wal")  # readers do not wait for writers
            database.execute(
                "create table if not exists realtimekit_deliveries"
                " (key text primary key, owner text not null, done integer not null, expires real not null)"
            )
            database.execute(
                "create index if not exists realtimekit_deliveries_expires on realtimekit_deliveries (expires)"
            )

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        # One for each call, some 100 us: it can be used from any thread, and after a fork.
        database = sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None)
        # Survives a killed process; a loss of power may forget the last deliveries. `full` takes four times as long.
        try:
            database.execute("pragma synchronous=normal")
        except BaseException:
            database.close()
            raise
        return database

    def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        now = self._clock()
        with closing(self._connect()) as database:
            taken = database.execute(
                "insert into realtimekit_deliveries values (?, ?, 0, ?) on conflict (key) do update"
                " set owner = excluded.owner, done = 0, expires = excluded.expires where expires <= ?"
                " or (done = 0 and owner = excluded.owner) returning 1",
                (key, owner, now + lease, now),
            ).fetchall()
            if taken:
                return Claim.MINE
            row = database.execute("select done from realtimekit_deliveries where key = ?", (key,)).fetchone()
            return Claim.DONE if row and row[0] else Claim.RUNNING

    def commit(self, key: str, owner: str, keep: float, /) -> None:  # noqa: ARG002 - a store's signature
        now = self._clock()
        with closing(self._connect()) as database:
            database.execute(
                "insert or replace into realtimekit_deliveries values (?, ?, 1, ?)", (key, owner, now + keep)
            )
            database.execute("delete from realtimekit_deliveries where expires <= ?", (now,))

    def release(self, key: str, owner: str, /) -> None:
        with closing(self._connect()) as database:
            database.execute(
                "delete from realtimekit_deliveries where key = ? and owner = ? and done = 0", (key, owner)
            )
