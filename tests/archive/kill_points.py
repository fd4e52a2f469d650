"""The points at which programs are killed with SIGKILL: what a program was about to write.

This is the one table of them: the tests kill at each, and docs/archive-proof.md shows it. Every write of every program
belongs to exactly one point.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

SYNC, LATER, REBUILD, ERASE, REDACT, EXPIRE = "sync", "later sync", "rebuild", "erase", "erase --redact", "expire"
PROGRAMS = (SYNC, LATER, REBUILD, ERASE, REDACT, EXPIRE)
_SYNCS, _ERASURES = (SYNC, LATER), (ERASE, REDACT)
_DELETIONS = (*_ERASURES, EXPIRE)


class KillPoint(NamedTuple):
    """A kind of write, before which a program may be killed.

    Attributes:
        name: of the point.
        programs: those that reach it.
        verb: "put", "delete", "upload" (a part of a large object), "commit" (its end) or "index" (a statement of SQL).
        path: a pattern of the whole path of the object.
        recovery: what the next program finds, and does.
    """

    name: str
    programs: tuple[str, ...]
    verb: str
    path: str
    recovery: str


KILL_POINTS = (
    KillPoint("the archive is created", (SYNC,), "put", r"archive\.json", "an empty target: a sync starts anew"),
    KillPoint("a session is entered", (SYNC,), "put", r"ledger/open/.*", "the window is not written: it is read again"),
    KillPoint("a window is written", _SYNCS, "put", r"ledger/windows/.*", "the time is read again"),
    KillPoint("an unproven window is deleted", (LATER,), "delete", r"ledger/windows/.*", "the proven one stands"),
    KillPoint(
        "a session is claimed", (*_SYNCS, *_DELETIONS), "put", r"ledger/claims/.*", "an abandoned claim is removed"
    ),
    KillPoint(
        "a claim is released", (*_SYNCS, *_DELETIONS), "delete", r"ledger/claims/.*", "an abandoned claim is removed"
    ),
    KillPoint(
        "a raw file is written", (*_SYNCS, *_ERASURES), "put", r"raw/.*(?<!/manifest\.json)",
        "no manifest names it: it is written again",
    ),
    KillPoint("a part of a recording is written", (SYNC,), "upload", r"raw/.*", "it is downloaded again"),
    KillPoint("a recording is completed", (SYNC,), "commit", r"raw/.*", "it is downloaded again"),
    KillPoint(
        "a change is noted", (*_SYNCS, *_DELETIONS), "put", r"ledger/changed/.*", "the copy or change is made again"
    ),
    KillPoint(
        "a manifest is swapped", (*_SYNCS, *_DELETIONS), "put", r"raw/.*/manifest\.json",
        "the copy or change is made again",
    ),
    KillPoint("a session is closed", _SYNCS, "delete", r"ledger/open/.*", "nothing is missing: it is closed"),
    KillPoint(
        "a part of a Parquet file is written", PROGRAMS, "upload", r"tables/.*\.parquet",
        "no snapshot lists it: made again",
    ),
    KillPoint(
        "a Parquet file is completed", PROGRAMS, "commit", r"tables/.*\.parquet", "no snapshot lists it: made again"
    ),
    KillPoint(
        "the snapshot is swapped", PROGRAMS, "put", r"tables/current\.json", "the tables are as before: made again"
    ),
    KillPoint(
        "a change is settled", (*_SYNCS, *_DELETIONS), "delete", r"ledger/changed/.*", "its rows are put there again"
    ),
    KillPoint(
        "old Parquet files are deleted", (LATER, *_DELETIONS), "delete", r"tables/.*\.parquet",
        "no snapshot lists them: deleted by the next erasure, rule or rebuild",
    ),
    KillPoint("a tombstone is written", _ERASURES, "put", r"erased/.*", "the erasure is run again"),
    KillPoint("tombstones are announced", _ERASURES, "put", r"ledger/erasure", "the erasure is run again"),
    KillPoint("an erasure is planned", _ERASURES, "put", r"ledger/erasing/.*", "the erasure is run again"),
    KillPoint("a rewriting is noted", _DELETIONS, "put", r"ledger/rewriting/.*", "what no manifest names is deleted"),
    KillPoint(
        "what no manifest names is deleted", _DELETIONS, "delete", r"raw/.*", "the rewriting is noted: deleted again"
    ),
    KillPoint("a rewriting is done", _DELETIONS, "delete", r"ledger/rewriting/.*", "nothing is left to delete"),
    KillPoint(
        "the search index is written", (REBUILD, *_DELETIONS), "index", r"(create|drop|insert|delete|update)",
        "SQLite rolls back: the next search makes it again",
    ),
    KillPoint(
        "the search index is committed", (REBUILD, *_DELETIONS), "index", r"commit",
        "SQLite rolls back: the next search makes it again",
    ),
    KillPoint("a receipt is written", _DELETIONS, "put", r"ledger/receipts/.*", "the erasure or rule is run again"),
    KillPoint("a plan is deleted", _ERASURES, "delete", r"ledger/erasing/.*", "the next erasure finishes it"),
)  # fmt: skip


def point_of(verb: str, path: str) -> str:
    """Return the name of the point before a write."""
    (found,) = [point.name for point in KILL_POINTS if point.verb == verb and re.fullmatch(point.path, path)]
    return found


def markdown() -> Iterable[str]:
    """Return the table as docs/archive-proof.md shows it."""
    yield "| killed before | by | recovery, in the next run |"
    yield "|---|---|---|"
    for point in KILL_POINTS:
        programs = "all" if point.programs == PROGRAMS else ", ".join(point.programs)
        yield f"| {point.name} | {programs} | {point.recovery} |"
