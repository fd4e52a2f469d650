"""The state of an archive: what is proven, what is still to come, what is at risk."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from realtimekit.archive.ledger import NEVER, Ledger
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import read_snapshot
from realtimekit.values import format_times

AT_RISK = timedelta(days=1)  # before its deadline


class Status(NamedTuple):
    """The state of an archive.

    Attributes:
        target: where it is.
        app_id: whose it is.
        sessions: how many it has.
        bytes: of all that was copied, before compression.
        artifacts: how many there are in each state.
        waiting: the sessions that are to be checked again.
        live: the sessions that were live when they were last checked.
        proven_until: until when all sessions were found; None if no time is proven.
        unproven_seconds: how long ago that was: the age of the oldest unproven time.
        next_deadline: when the platform deletes the next thing that the archive waits for; None if it waits for none.
        at_risk: the sessions whose deadline is within a day.
        at: when this was asked for.
    """

    target: str
    app_id: str
    sessions: int
    bytes: int
    artifacts: dict[str, int]
    waiting: int
    live: int
    proven_until: datetime | None
    unproven_seconds: float | None
    next_deadline: datetime | None
    at_risk: list[str]
    at: datetime

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return format_times(self._asdict())

    def to_prometheus(self) -> str:
        """Return the state as text for Prometheus (https://prometheus.io/docs/instrumenting/exposition_formats/)."""
        deadline = None if self.next_deadline is None else self.next_deadline.timestamp()
        lines: list[str] = []
        for name, help_text, value in (
            ("sessions", "Sessions in the archive.", self.sessions),
            ("bytes", "Bytes copied, before compression.", self.bytes),
            ("sessions_waiting", "Sessions that are to be checked again.", self.waiting),
            ("sessions_live", "Sessions that were live when they were last checked.", self.live),
            ("sessions_at_risk", "Sessions whose next deadline is within a day.", len(self.at_risk)),
            ("unproven_seconds", "Age of the oldest time that is not proven.", self.unproven_seconds),
            ("next_deadline_timestamp_seconds", "When the platform deletes the next missing artifact.", deadline),
        ):
            if value is not None:
                lines += _metric(f"realtimekit_archive_{name}", help_text, [("", value)])
        states = [(f'{{state="{state}"}}', count) for state, count in self.artifacts.items()]
        lines += _metric("realtimekit_archive_artifacts", "Artifacts of sessions, by state.", states)
        return "\n".join(lines) + "\n"


def _metric(name: str, help_text: str, samples: Sequence[tuple[str, float]]) -> list[str]:
    lines = [f"{name}{labels} {value}" for labels, value in samples]
    return [f"# HELP {name} {help_text}", f"# TYPE {name} gauge", *lines]


def read_status(store: Store, ledger: Ledger, now: datetime | None = None) -> Status:
    """Return the state of an archive: see `Archive.status`."""
    app, at = ledger.app(), now or ledger.now()
    waiting = ledger.open_sessions()
    deadlines = [entry.deadline for entry in waiting if entry.deadline != NEVER]
    proven_until = ledger.proven_until()
    snapshot = read_snapshot(store)
    files = read_table(store, "files", snapshot.files("files"), ["state", "bytes"])
    sessions = sum(part.rows for parts in snapshot.parts.get("sessions", {}).values() for part in parts)
    return Status(
        target=store.target,
        app_id=app["app_id"],
        sessions=sessions,
        bytes=sum(size or 0 for size in files["bytes"].to_pylist()),
        artifacts=dict(sorted(Counter(files["state"].to_pylist()).items())),
        waiting=len(deadlines),
        live=len(waiting) - len(deadlines),
        proven_until=proven_until,
        unproven_seconds=None if proven_until is None else max((at - proven_until).total_seconds(), 0.0),
        next_deadline=min(deadlines, default=None),
        at_risk=[entry.session_id for entry in waiting if entry.deadline != NEVER and entry.deadline - at <= AT_RISK],
        at=at,
    )
