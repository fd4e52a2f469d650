"""Jobs: what happens automatically at a time of the emulator's clock, such as the closing of a session."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TYPE_CHECKING, NamedTuple, TypeAlias

if TYPE_CHECKING:
    from realtimekit.emulator.store import Store


# Runs a job: takes the id of its target, and the time it was scheduled for. That time may lie in the past.
JobHandler: TypeAlias = Callable[[str, str], object]


class Job(NamedTuple):
    name: str
    target_id: str  # of the row that it is about
    run_at: str


class Scheduler:
    """Keeps jobs in the store, at most one of a name for each target, and runs those that are due.

    Attributes:
        changed: notified when a job is scheduled.
    """

    def __init__(self, store: Store, lock: threading.RLock) -> None:
        self._store = store
        self.changed: threading.Condition = threading.Condition(lock)
        self._handlers: dict[str, JobHandler] = {}

    def register(self, name: str, handler: JobHandler) -> None:
        """Register the function that runs the jobs of this name."""
        self._handlers[name] = handler

    def schedule(self, name: str, target_id: str, run_at: str) -> None:
        """Schedule a job. One that is scheduled already is moved to the new time."""
        sql = "insert or replace into jobs (name, target_id, run_at) values (?, ?, ?)"
        self._store.run(sql, name, target_id, run_at)
        self.changed.notify_all()

    def cancel(self, name: str, target_id: str) -> None:
        self._store.run("delete from jobs where name = ? and target_id = ?", name, target_id)

    def has_due(self, now: str) -> bool:
        return self._store.row("select 1 from jobs where run_at <= ?", now) is not None

    def next_at(self) -> str | None:
        """Return when the next job is due, or None if there is none."""
        row = self._store.row("select min(run_at) as at from jobs")
        return None if row is None else row["at"]

    def run_due(self, now: str) -> None:
        """Run what is due, in order of time, including what these jobs schedule in turn."""
        while job := self._take(now):
            self._handlers[job.name](job.target_id, job.run_at)

    def _take(self, now: str) -> Job | None:
        """Remove the earliest job that is due, and return it."""
        row = self._store.row("select * from jobs where run_at <= ? order by run_at, number limit 1", now)
        if row is None:
            return None
        self._store.run("delete from jobs where number = ?", row["number"])
        return Job(row["name"], row["target_id"], row["run_at"])
