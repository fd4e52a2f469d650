"""Delivery stores: remember which deliveries were handled, so that each is handled once.

A delivery is claimed before its handlers run, committed after they succeed, and released if one fails. A claim is a
lease: if a worker dies, its claim expires, and a later retry of the platform can claim the delivery.
"""

from __future__ import annotations

import enum
import os
import threading
import time
from collections.abc import Callable
from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from realtimekit.errors import ConfigurationError

if TYPE_CHECKING:
    import sqlite3


class Claim(enum.IntEnum):
    """The result of an attempt to claim a delivery."""

    ACQUIRED = 0
    """The caller has the claim: it handles the delivery, then commits or releases it."""
    IN_PROGRESS = 1
    """Another caller has the claim."""
    COMPLETED = 2
    """The delivery was handled before."""


class DeliveryStore(Protocol):
    """Where an `Endpoint` remembers deliveries. Each method is atomic across everything that shares the store.

    `key` is the idempotency key of the delivery, `owner` identifies the caller; both are short strings. `lease` and
    `retention` are seconds.
    """

    def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        """Claim the delivery for `lease` seconds, unless another owner has it or it was handled before.

        An owner that claims again keeps its claim: a database client that lost the response sends the call twice.
        """
        ...

    def commit(self, key: str, owner: str, retention: float, /) -> None:
        """Remember for `retention` seconds that the delivery was handled, even if the lease has expired."""
        ...

    def release(self, key: str, owner: str, /) -> None:
        """Give up the claim, if the owner still has it: the delivery was not handled."""
        ...


class AsyncDeliveryStore(Protocol):
    """As `DeliveryStore`, awaited."""

    async def claim(self, key: str, owner: str, lease: float, /) -> Claim: ...
    async def commit(self, key: str, owner: str, retention: float, /) -> None: ...
    async def release(self, key: str, owner: str, /) -> None: ...


class MemoryStore:
    """Remembers deliveries in this process only: for a single worker, and for tests.

    Args:
        max_size: the number of handled deliveries to remember; beyond it the oldest are dropped.
        clock: monotonic seconds, for tests.
    """

    def __init__(self, *, max_size: int = 100_000, clock: Callable[[], float] = time.monotonic) -> None:
        self._max_size, self._clock = max_size, clock
        self._lock = threading.Lock()
        self._claims: dict[str, tuple[str, float]] = {}  # key -> owner, when the lease expires; the oldest first
        self._completed: dict[str, float] = {}  # key -> when it expires; the oldest first

    def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        with self._lock:
            now = self._clock()
            if self._completed.get(key, now) > now:
                return Claim.COMPLETED
            current_owner, expires = self._claims.get(key, (owner, now))
            if expires > now and current_owner != owner:
                return Claim.IN_PROGRESS
            self._claims.pop(key, None)  # to insert it at the end
            while self._claims and self._claims[first := next(iter(self._claims))][1] <= now:
                del self._claims[first]  # its worker has died
            self._claims[key] = (owner, now + lease)
            return Claim.ACQUIRED

    def commit(self, key: str, owner: str, retention: float, /) -> None:
        with self._lock:
            now = self._clock()
            self._claims.pop(key, None)
            self._completed.pop(key, None)  # to insert it at the end
            self._completed[key] = now + retention
            while (oldest := next(iter(self._completed))) != key:
                if self._completed[oldest] > now and len(self._completed) <= self._max_size:
                    break
                del self._completed[oldest]

    def release(self, key: str, owner: str, /) -> None:
        with self._lock:
            if self._claims.get(key, (None, 0))[0] == owner:
                del self._claims[key]


class SQLiteStore:
    """Remembers deliveries in a file, for all processes of one machine. A network drive does not work with SQLite.

    Args:
        path: the file; created if missing.
        timeout: seconds to wait for another process that is writing.
        clock: Unix seconds, for tests.

    Raises:
        ConfigurationError: the file cannot be created or written.
    """

    def __init__(
        self, path: str | os.PathLike[str], *, timeout: float = 10.0, clock: Callable[[], float] = time.time
    ) -> None:
        import sqlite3

        from realtimekit.sqlite_locks import retry_while_busy

        if str(path) in {":memory:", ""}:
            raise ValueError("SQLiteStore needs a file; use MemoryStore() for a single process")
        self._path, self._timeout, self._clock = path, timeout, clock
        try:
            retry_while_busy(self._prepare, timeout)
        except sqlite3.Error as error:
            raise ConfigurationError(f"SQLiteStore cannot use the file {os.fspath(path)!r}: {error}") from None

    def _prepare(self) -> None:
        with closing(self._connect()) as database:
            database.execute("pragma journal_mode=wal")  # readers do not wait for writers
            database.execute(
                "create table if not exists realtimekit_deliveries"
                " (key text primary key, owner text not null, completed integer not null, expires real not null)"
            )
            database.execute(
                "create index if not exists realtimekit_deliveries_expires on realtimekit_deliveries (expires)"
            )

    def _connect(self) -> sqlite3.Connection:
        import sqlite3

        # A connection per call, about 100 us: so the store works in any thread, and after a fork.
        database = sqlite3.connect(self._path, timeout=self._timeout, isolation_level=None)
        # `normal` survives a killed process; a power failure may lose the last commits. `full` takes four times longer.
        try:
            database.execute("pragma synchronous=normal")
        except BaseException:
            database.close()
            raise
        return database

    def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        now = self._clock()
        with closing(self._connect()) as database:
            acquired = database.execute(
                "insert into realtimekit_deliveries values (?, ?, 0, ?) on conflict (key) do update"
                " set owner = excluded.owner, completed = 0, expires = excluded.expires where expires <= ?"
                " or (completed = 0 and owner = excluded.owner) returning 1",
                (key, owner, now + lease, now),
            ).fetchall()
            if acquired:
                return Claim.ACQUIRED
            row = database.execute("select completed from realtimekit_deliveries where key = ?", (key,)).fetchone()
            return Claim.COMPLETED if row and row[0] else Claim.IN_PROGRESS

    def commit(self, key: str, owner: str, retention: float, /) -> None:
        now = self._clock()
        with closing(self._connect()) as database:
            database.execute(
                "insert or replace into realtimekit_deliveries values (?, ?, 1, ?)", (key, owner, now + retention)
            )
            database.execute("delete from realtimekit_deliveries where expires <= ?", (now,))

    def release(self, key: str, owner: str, /) -> None:
        with closing(self._connect()) as database:
            database.execute(
                "delete from realtimekit_deliveries where key = ? and owner = ? and completed = 0", (key, owner)
            )
