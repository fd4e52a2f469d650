"""Verification: is everything there that should be, and is it what was written?

It needs no network but the archive's storage. What it compares: the manifests with the objects that they name; the
tables with the raw files; the ledger's windows with each other, without a gap; the ledger's open sessions with what is
still to come.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_left
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from typing import Any, Literal, NamedTuple, TypeAlias

from realtimekit.archive import layout
from realtimekit.archive.compression import decompressed
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.ledger import Ledger, Window
from realtimekit.archive.live_transcripts import LIVE_TRANSCRIPT, read_staged, staged
from realtimekit.archive.manifest import cure, find_manifest
from realtimekit.archive.sealed import unseal
from realtimekit.archive.store import Store
from realtimekit.archive.tables.parquet import PartReader
from realtimekit.archive.tables.snapshot import read_snapshot
from realtimekit.readable import pluralize
from realtimekit.resources.analytics import DaywiseReport
from realtimekit.saving.manifest import KEPT, Manifest, SavedArtifact, State

MAX_AGE_WITHOUT_WINDOWS = timedelta(hours=1)

ProblemKind: TypeAlias = Literal["lost", "unproven", "missing", "damaged", "overdue", "tables"]


class Problem(NamedTuple):
    """Something that is not as it should be.

    Attributes:
        kind: "lost": the platform no longer has it; "unproven": a span of time; "missing": an object, or a session;
            "damaged": an object is not what was written; "overdue": the platform has deleted what the archive was
            still waiting for; "tables": they differ from the raw files.
        where: the session, object or span of time.
        text: what is wrong, and since when.
    """

    kind: ProblemKind
    where: str
    text: str


class Verification(NamedTuple):
    """What a verification found.

    Attributes:
        sessions: how many are in the archive.
        waiting: how many are to be checked again.
        artifacts: how many there are in each state.
        bytes: of all that was copied, before compression.
        proven_until: until when all sessions were found; None if no time is proven.
        deep: whether every object was read, and its checksum compared.
        problems: what is wrong; none if the archive is proven.
        notes: what is odd, and not wrong: sizes and numbers that the platform itself contradicts.
    """

    sessions: int
    waiting: int
    artifacts: dict[str, int]
    bytes: int
    proven_until: datetime | None
    deep: bool
    problems: list[Problem]
    notes: list[str] = []  # noqa: RUF012 - a default of a tuple; nobody changes it

    @property
    def ok(self) -> bool:
        """Whether nothing is wrong."""
        return not self.problems

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        until = self.proven_until
        return {
            "ok": self.ok,
            **self._asdict(),
            "proven_until": None if until is None else until.isoformat(),
            "problems": [problem._asdict() for problem in self.problems],
        }


def verify(
    store: Store,
    ledger: Ledger,
    *,
    deep: bool = False,
    daywise: DaywiseReport | None = None,
    progress: Callable[[int], object] | None = None,
) -> Verification:
    """Verify an archive: see `Archive.verify`."""
    ledger.app()  # raises if there is no archive
    check = _Check(store, ledger, deep=deep, progress=progress)
    found = check.run()
    return found if daywise is None else found._replace(notes=sorted([*found.notes, *check.differing_days(daywise)]))


class _Check:
    def __init__(self, store: Store, ledger: Ledger, *, deep: bool, progress: Callable[[int], object] | None) -> None:
        self._store, self._ledger, self._deep, self._progress = store, ledger, deep, progress
        self._problems: list[Problem] = []
        self._states: Counter[str] = Counter()
        self._bytes = 0
        self._sessions: dict[str, int] = {}  # id -> revision
        self._too_old = 0  # artifacts
        self._damaged: set[str] = set()  # the sessions without a readable manifest, as paths have them
        self._with_record: set[str] = set()  # the sessions that have a row in the tables
        self._saved_at: datetime | None = None  # the last manifest
        self._began: list[datetime] = []  # of each session
        self._now = ledger.now()
        self._notes: list[str] = []
        self._windows: list[Window] = []
        self._open = ledger.open_sessions()
        self._waiting = {layout.encode_id(entry.session_id) for entry in self._open}  # as paths have them
        self._changed = {layout.encode_id(entry.session_id) for entry in ledger.changed_sessions()}

    def run(self) -> Verification:
        proven_until = self._check_windows()
        for folder, sizes in self._session_folders():
            self._check_session(folder, sizes)
            if self._progress is not None:
                self._progress(len(self._sessions))
        if self._too_old:
            artifacts = pluralize(self._too_old, "artifact")
            self._notes.append(f"the platform had deleted {artifacts} before this archive was created")
        self._check_has_windows(proven_until)
        self._check_numbers()
        self._check_open()
        self._check_tables()
        self._check_receipts()
        self._check_live()
        self._check_erasures()
        return Verification(
            sessions=len(self._sessions),
            waiting=len(self._waiting),
            artifacts=dict(sorted(self._states.items())),
            bytes=self._bytes,
            proven_until=proven_until,
            deep=self._deep,
            problems=sorted(self._problems),
            notes=sorted(self._notes),
        )

    def differing_days(self, daywise: DaywiseReport) -> Iterator[str]:
        """Iterate over the proven days, in UTC, on which the platform counted other sessions than are here."""
        here = Counter(began.astimezone(UTC).date() for began in self._began)
        days = daywise.session_stats.day_stats if daywise.session_stats is not None else None
        for day in days or []:
            if day.total_sessions is None or not self._is_proven(day.day):
                continue
            if day.total_sessions != here[day.day]:
                counted = f"analytics/daywise counts {pluralize(day.total_sessions, 'session')}"
                yield f"{day.day}: {counted}, the archive has {here[day.day]}"

    def _is_proven(self, day: date) -> bool:
        proven = [window for window in self._windows if window.proven]
        return any(window.start.date() <= day < window.end.date() for window in proven)

    def _report(self, kind: ProblemKind, where: str, text: str) -> None:
        self._problems.append(Problem(kind, where, text))

    # --- the ledger --------------------------------------------------------------------------------------------------

    def _check_windows(self) -> datetime | None:
        """Return until when everything is proven."""
        windows: list[Window] = []
        for entry in self._store.entries(layout.WINDOWS):
            try:
                window = self._ledger.window(entry.path)
                windows += [] if window is None else [window]
            except ArchiveDamagedError as error:
                self._report("damaged", entry.path, f"{error}: {_reading_again(entry.path)}")
        until = None
        self._windows = windows
        if windows and min(windows).continues:
            self._report("unproven", f"before {_time(windows[0].start)}", "an earlier window of the ledger is gone")
        for window in windows:
            if until is not None and window.start.replace(microsecond=0) > until:
                self._report("unproven", _span(until, window.start), "no window of the ledger covers this time")
            if window.proven:
                until = window.end if until is None else max(until, window.end)
            else:
                read = pluralize(window.found, "session was", "sessions were") + " read"
                counts = f"{window.count_before} before and {window.count_after} after"
                self._report(
                    "unproven",
                    _span(window.start, window.end),
                    f"{read}, and the platform counted {counts}: sync again",
                )
        return until

    def _check_has_windows(self, proven_until: datetime | None) -> None:
        """An archive has windows from its second hour on."""
        created_at = self._ledger.created_at()
        if (
            created_at is not None
            and proven_until is None
            and self._saved_at is not None
            and self._saved_at - created_at > MAX_AGE_WITHOUT_WINDOWS
        ):
            self._report("unproven", "all of the time", "the ledger has no window: sync again")

    def _check_numbers(self) -> None:
        """Compare the number of sessions that each window counted with those that are copied or open."""
        began = sorted(self._began)
        for window in self._windows:
            if not window.proven or window.begun is None:
                continue
            here = bisect_left(began, window.end) - bisect_left(began, window.start)
            first, last = layout.day_of(window.start), layout.day_of(window.end)
            here += sum(
                entry.session_id not in self._sessions and (first <= entry.day <= last or entry.day == layout.NO_DAY)
                for entry in self._open
            )
            if here < window.begun:
                text = f"{pluralize(window.begun, 'session')} started in this time, but the archive has {here} of them"
                self._report("missing", _span(window.start, window.end), text)

    def _check_open(self) -> None:
        for entry in self._open:
            if entry.deadline < self._now:
                text = (
                    f"the platform deleted something of it on {_time(entry.deadline)}, and no sync has checked it since"
                )
                self._report("overdue", f"session {entry.session_id}", f"{text}: sync again")
        here = self._waiting.union(map(layout.encode_id, self._sessions))
        for announced in self._store.entries(layout.ANNOUNCED):
            name = announced.path.rpartition("/")[2]
            if name not in here:
                self._report(
                    "missing",
                    f"session {layout.decode_id(name)}",
                    "a webhook announced it, but the archive does not have it: sync again",
                )

    def _check_receipts(self) -> None:
        for entry in self._store.entries(layout.RECEIPTS):
            try:
                unseal(self._store.read(entry.path) or b"", entry.path)
            except ArchiveDamagedError as error:
                self._report("damaged", entry.path, str(error))

    def _check_erasures(self) -> None:
        if self._store.entries(layout.ERASING):
            self._notes.append("an erasure is not finished: `realtimekit archive erase` again, of anybody, finishes it")

    def _check_live(self) -> None:
        """What listeners heard waits for the end of its session, and the next sync."""
        found = staged(self._store)
        for path in (path for paths in found.values() for path in paths):
            try:
                read_staged(self._store, path)
            except ArchiveDamagedError as error:
                self._report("damaged", path, f"{error}: delete it; it holds a few seconds of what a listener heard")
        if found:
            of = pluralize(len(found), "session wait for its", "sessions wait for their")
            self._notes.append(f"live transcripts of {of} end, and the next sync")

    # --- sessions ----------------------------------------------------------------------------------------------------

    def _session_folders(self) -> Iterator[tuple[str, dict[str, int]]]:
        """Iterate over the folders of all sessions, each with the sizes of its objects."""
        for app in self._store.folders(layout.RAW):
            for day in self._store.folders(app):
                sizes: dict[str, dict[str, int]] = {}
                for entry in self._store.entries(day):
                    session, _, file = entry.path.removeprefix(f"{day}/").partition("/")
                    sizes.setdefault(f"{day}/{session}", {})[file] = entry.size
                yield from sizes.items()

    def _check_session(self, folder: str, sizes: dict[str, int]) -> None:
        name = folder.rpartition("/session=")[2]
        try:
            found = find_manifest(self._store, folder)
        except ArchiveDamagedError as error:
            self._damaged.add(name)
            self._report(
                "damaged", f"{folder}/{layout.MANIFEST}", f"{error}: {cure(folder, waiting=name in self._waiting)}"
            )
            return
        if found is None:
            if name not in self._waiting:
                self._report("missing", f"{folder}/{layout.MANIFEST}", "the manifest of the session is gone")
            return
        manifest = found.manifest
        self._sessions[manifest.session_id] = manifest.revision
        if manifest.started_at is not None:
            self._began.append(manifest.started_at)
        if manifest.artifacts["session"].path is not None:
            self._with_record.add(manifest.session_id)
        self._saved_at = max(self._saved_at or manifest.saved_at, manifest.saved_at)
        for artifact in manifest.artifacts.values():
            self._states[artifact.state.value] += 1
            self._check_artifact(folder, manifest, artifact, sizes)

    def _check_artifact(self, folder: str, manifest: Manifest, artifact: SavedArtifact, sizes: dict[str, int]) -> None:
        where = f"session {manifest.session_id}: {artifact.name}"
        if artifact.state is State.LOST:
            kept = LIVE_TRANSCRIPT in manifest.artifacts and artifact.name == "transcript"
            instead = "; what a listener heard live stands in for it" if kept else ""
            self._report("lost", where, (artifact.reason or "the platform no longer has it") + instead)
        self._too_old += artifact.state is State.TOO_OLD
        if artifact.unfinished and layout.encode_id(manifest.session_id) not in self._waiting:
            self._report("missing", where, "it is to be checked again, but the ledger does not know the session")
        if artifact.state not in KEPT or artifact.path is None:
            return
        self._bytes += artifact.bytes or 0
        if artifact.state is State.COPIED and artifact.reason:
            self._notes.append(f"{where}: {artifact.reason}")
        path = f"{folder}/{artifact.path}"
        size = sizes.get(artifact.path)
        compressed = artifact.path.endswith(".zst")
        if size is None:
            self._report("missing", path, f"{artifact.name} was copied, and is gone")
        elif not compressed and size != artifact.bytes:
            self._report("damaged", path, f"it has {pluralize(size, 'byte')}, and had {artifact.bytes or 0:,}")
        elif self._deep and self._digest(path, compressed=compressed) != artifact.sha256:
            self._report("damaged", path, "its checksum is wrong")

    def _digest(self, path: str, *, compressed: bool = False) -> str | None:
        """Return the SHA-256 of an object; None if it cannot be read."""
        try:
            if compressed:
                return hashlib.sha256(decompressed(self._store.read(path) or b"")).hexdigest()
            digest = hashlib.sha256()
            for chunk in self._store.chunks(path):
                digest.update(chunk)
            return digest.hexdigest()
        except OSError:  # pyarrow's, for what was never compressed
            return None

    # --- tables ------------------------------------------------------------------------------------------------------

    def _check_tables(self) -> None:
        try:
            snapshot = read_snapshot(self._store)
            in_tables = set(self._read_sessions(snapshot.files("sessions")))
        except ArchiveDamagedError as error:
            self._report("tables", layout.TABLES, str(error))
            return
        except ArchiveError as error:
            self._report("tables", layout.SNAPSHOT, str(error))
            return
        gone = {one for one in in_tables - self._sessions.keys() if layout.encode_id(one) not in self._damaged}
        for session_id in sorted(gone):
            self._report("missing", f"session {session_id}", "it is in the tables, and its raw files are gone")
        behind = {one for one in self._with_record - in_tables if layout.encode_id(one) not in self._changed}
        if behind:
            text = f"{pluralize(len(behind), 'session is', 'sessions are')} in no table"
            self._report("tables", layout.SNAPSHOT, f"{text}: run `realtimekit archive rebuild`")
        sizes = {entry.path: entry.size for entry in self._store.entries(layout.TABLES)}
        for by_day in snapshot.parts.values():
            for parts in by_day.values():
                for part in parts:
                    if part.file not in sizes:
                        self._report("tables", part.file, "it is gone: `realtimekit archive rebuild` rebuilds it")
                    elif sizes[part.file] != part.bytes or (self._deep and self._digest(part.file) != part.sha256):
                        self._report("tables", part.file, "it is damaged: `realtimekit archive rebuild` rebuilds it")

    def _read_sessions(self, files: Iterable[str]) -> Iterator[str]:
        for file in files:
            with PartReader(self._store, file) as part:
                yield from part.sessions()


def _reading_again(path: str) -> str:
    """Return how to mend a window that is damaged."""
    try:
        start = layout.decode_time(path.rpartition("/")[2].partition("_")[0])
    except ValueError:
        return "it is not of an archive: remove it if it is yours"
    return f"delete it: `realtimekit archive sync --since {start:%Y-%m-%d}` reads this time again"


def _time(time: datetime) -> str:
    return f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _span(start: datetime, end: datetime) -> str:
    return f"{start.astimezone(UTC):%Y-%m-%d %H:%M} to {_time(end)}"
