"""The result and the progress of a sync, and the tally of its parts."""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from realtimekit.archive.ledger import Window
from realtimekit.archive.session_copy import Copied
from realtimekit.saving.manifest import Manifest, State


class Progress(NamedTuple):
    """The progress of a sync.

    Attributes:
        done, total: sessions.
        bytes: of the files that were copied.
    """

    done: int
    total: int
    bytes: int


class SyncResult(NamedTuple):
    """What a sync did.

    Attributes:
        found: how many sessions it found that were new to the archive.
        checked: how many sessions it compared with the platform.
        completed: how many of them are now complete.
        live: how many are still live.
        waiting: how many will be checked again, for artifacts that are not available yet.
        skipped: how many it left to another sync that was working on them.
        artifacts: how many artifacts it brought into each state.
        bytes: of what it copied.
        lost: what the platform no longer has, in words.
        failures: what could not be read or fetched, in words.
        window: the span of time that was closed, if one was.
        interrupted: whether it was asked to stop before it had finished.
        missed: the sessions for which no webhook arrived, although there is a handler: see `Archive.handler`.
    """

    found: int
    checked: int
    completed: int
    live: int
    waiting: int
    skipped: int
    artifacts: dict[str, int]
    bytes: int
    lost: list[str]
    failures: list[str]
    window: Window | None
    interrupted: bool
    missed: list[str] = []  # noqa: RUF012 - a default of a tuple; nobody changes it

    @property
    def ok(self) -> bool:
        """Whether everything that could be copied was: nothing is lost, nothing failed, the window is proven."""
        unproven = self.window is not None and not self.window.proven
        return not (self.lost or self.failures or unproven or self.interrupted)

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        values = self._asdict()
        values["window"] = None if self.window is None else self.window.to_dict()
        return {"ok": self.ok, **values}


@dataclass
class Tally:
    """The counts of one part of a sync: see `SyncResult`."""

    counts: Counter[str] = field(default_factory=Counter)
    artifacts: Counter[str] = field(default_factory=Counter)
    bytes: int = 0
    lost: list[str] = field(default_factory=list)
    failures: list[str] = field(default_factory=list)
    missed: list[str] = field(default_factory=list)

    def add(self, other: Tally) -> None:
        """Add the counts of another part."""
        self.counts.update(other.counts)
        self.artifacts.update(other.artifacts)
        self.bytes += other.bytes
        self.lost += other.lost
        self.failures += other.failures
        self.missed += other.missed

    def add_copied(self, session_id: str, before: Manifest | None, copied: Copied) -> None:
        """Add the counts of one session."""
        self.failures += copied.failures
        if copied.manifest is None or copied.manifest is before:
            return
        for name, artifact in copied.manifest.artifacts.items():
            old = before.artifacts.get(name) if before else None
            if old is not None and old._replace(checked_at=None) == artifact._replace(checked_at=None):
                continue
            self.artifacts[artifact.state.value] += 1
            if artifact.state is State.COPIED:
                self.bytes += artifact.bytes or 0
            if artifact.state is State.LOST:
                self.lost.append(f"{session_id}: {name}: {artifact.reason}")

    def result(self, window: Window | None, *, interrupted: bool) -> SyncResult:
        """Return the result of the whole sync."""
        return SyncResult(
            found=self.counts["found"],
            checked=self.counts["checked"],
            completed=self.counts["completed"],
            live=self.counts["live"],
            waiting=self.counts["waiting"],
            skipped=self.counts["skipped"],
            artifacts=dict(sorted(self.artifacts.items())),
            bytes=self.bytes,
            lost=sorted(self.lost),
            failures=sorted(self.failures + ([] if window is None or window.proven else [_unproven(window)])),
            window=window,
            interrupted=interrupted,
            missed=sorted(self.missed),
        )


def _unproven(window: Window) -> str:
    return (
        f"the sessions from {window.start:%Y-%m-%d %H:%M} to {window.end:%Y-%m-%d %H:%M} UTC are not proven: "
        f"{window.found} were read; the platform counted {window.count_before} before and {window.count_after} after"
    )
