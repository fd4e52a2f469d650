"""Bringing the tables up to date with the raw files: after a sync, or all of them anew."""

from __future__ import annotations

from collections import defaultdict
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.archive import layout
from realtimekit.archive.manifest import Manifest
from realtimekit.archive.tables.parquet import PartReader, PartWriter
from realtimekit.archive.tables.rows import rows_of
from realtimekit.archive.tables.schema import TABLES, VERSION
from realtimekit.archive.tables.snapshot import Part, Snapshot, read_snapshot
from realtimekit.values import format_time, parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtimekit.archive.ledger import ChangedSession, Ledger
    from realtimekit.archive.store import Store

GRACE = timedelta(hours=1)  # readers of an earlier snapshot may still use its files
MANY = 8  # parts of a day; more are put together
BIG = 64 * 2**20  # bytes; parts of this size are not put together


def update_tables(store: Store, ledger: Ledger, now: datetime) -> int:
    """Put the rows of the sessions that have changed in place of those that the tables have of them.

    Args:
        store: the archive.
        ledger: its ledger, which knows them.
        now: by the server's clock.

    Returns:
        How many sessions had changed.

    Raises:
        ArchiveError: the archive cannot be read or written.
    """
    changed = ledger.changed_sessions()
    by_day: defaultdict[str, list[ChangedSession]] = defaultdict(list)
    for entry in changed:
        by_day[entry.day].append(entry)
    for day, entries in by_day.items():
        revisions = _publish(store, ledger.app()["app_id"], day, entries, now)
        # An entry comes before its manifest, which may be written just now.
        ledger.settle(entry for entry in entries if revisions.get(entry.session_id, 0) >= entry.revision)
    return len({entry.session_id for entry in changed})


def rebuild_tables(store: Store, now: datetime) -> Snapshot:
    """Make all tables anew from the raw files, and put them in place at once.

    Raises:
        ArchiveError: the archive cannot be read or written.
    """
    days = sorted({day for app in store.folders(layout.RAW) for day in store.folders(app)})
    parts: dict[str, dict[str, list[Part]]] = {table: {} for table in TABLES}
    for folder in days:
        day = layout.part(folder, "day")
        sessions = sorted(store.folders(folder))
        identity = "\n".join(_revisions(store, sessions))
        for table, part in _write_day(store, day, sessions, identity, {})[0].items():
            parts[table].setdefault(day, []).append(part)

    def change(before: Snapshot) -> Snapshot:
        return _next(before, parts, now)

    snapshot = _swap(store, change)
    _delete_retired(store, snapshot, now)
    return snapshot


# --- one day ----------------------------------------------------------------------------------------------------------


def _publish(store: Store, app_id: str, day: str, entries: list[ChangedSession], now: datetime) -> dict[str, int]:
    """Write the rows of some sessions of a day, and swap the snapshot; again, if another did meanwhile.

    Returns:
        The revisions that the sessions have in the tables now.
    """
    sessions = {entry.session_id for entry in entries}
    folders = [layout.session_folder(app_id, day, session) for session in sorted(sessions)]
    while True:
        found = store.get(layout.SNAPSHOT)
        before = Snapshot.decode(found and found.content)
        # Each attempt has files of its own: `purge` may just be deleting those of an earlier one.
        identity = "\n".join([str(before.revision), *(entry.path for entry in entries)])
        kept: dict[str, list[Part]] = {}
        replaced: dict[str, list[Part]] = {}
        for table in TABLES:
            old = before.parts.get(table, {}).get(day, [])
            replaced[table] = [part for part in old if _has_any(store, part, sessions)]
            kept[table] = [part for part in old if part not in replaced[table]]
            small = [part for part in kept[table] if part.bytes < BIG]
            if len(small) >= MANY:
                replaced[table] += small
                kept[table] = [part for part in kept[table] if part not in small]
        written, revisions = _write_day(store, day, folders, identity, replaced)
        parts = {table: dict(before.parts.get(table, {})) for table in TABLES}
        for table in TABLES:
            of_day = kept[table] + ([written[table]] if table in written else [])
            if of_day:
                parts[table][day] = of_day
            else:
                parts[table].pop(day, None)
        after = _next(before, parts, now)
        if store.swap(layout.SNAPSHOT, after.encode(), found and found.version):
            _delete_retired(store, after, now)
            return revisions
        # They may hold what another has erased meanwhile.
        listed = _files(read_snapshot(store).parts)
        store.delete(part.file for part in written.values() if part.file not in listed)


def _write_day(
    store: Store, day: str, folders: list[str], identity: str, replaced: dict[str, list[Part]]
) -> tuple[dict[str, Part], dict[str, int]]:
    """Write one part a table: the rows of these sessions, and what is left of the parts that it replaces.

    Returns:
        The parts by table, and the revisions of the sessions.
    """
    sessions = {layout.part(folder, "session") for folder in folders}
    writers = {}
    for table in TABLES:
        old = replaced.get(table, [])
        writers[table] = PartWriter(store, table, day, "\n".join([identity, *(part.file for part in old)]))
        for part in old:
            with PartReader(store, part.file) as reader:
                for group in reader.without(sessions, table):
                    writers[table].add_table(group)
    revisions = {}
    for folder, manifest in _manifests(store, folders):
        revisions[manifest.session_id] = manifest.revision
        for table, rows in rows_of(store, folder, manifest).items():
            writers[table].add(rows)
    finished = {table: writer.finish() for table, writer in writers.items()}
    return {table: part for table, part in finished.items() if part is not None}, revisions


def _manifests(store: Store, folders: list[str]) -> Iterator[tuple[str, Manifest]]:
    for folder in folders:
        path = f"{folder}/{layout.MANIFEST}"
        content = store.read(path)
        if content is not None:
            yield folder, Manifest.decode(content, path)


def _revisions(store: Store, folders: list[str]) -> Iterator[str]:
    for folder, manifest in _manifests(store, folders):
        yield f"{folder} {manifest.revision}"


def _has_any(store: Store, part: Part, sessions: set[str]) -> bool:
    with PartReader(store, part.file) as reader:
        return not sessions.isdisjoint(reader.sessions())


# --- the snapshot -----------------------------------------------------------------------------------------------------


def _next(before: Snapshot, parts: dict[str, dict[str, list[Part]]], now: datetime) -> Snapshot:
    files = _files(parts)
    at = format_time(now, "now")
    retired = {file: since for file, since in before.retired.items() if file not in files}
    retired |= dict.fromkeys(_files(before.parts) - files, at)
    return Snapshot(VERSION, parts, retired, before.revision + 1)


def _files(parts: dict[str, dict[str, list[Part]]]) -> set[str]:
    return {part.file for by_day in parts.values() for of_day in by_day.values() for part in of_day}


def _swap(store: Store, change: Any) -> Snapshot:
    while True:
        found = store.get(layout.SNAPSHOT)
        after: Snapshot = change(Snapshot.decode(found and found.content))
        if store.swap(layout.SNAPSHOT, after.encode(), found and found.version):
            return after


def _delete_retired(store: Store, snapshot: Snapshot, now: datetime) -> None:
    """Delete the files that no reader can still use."""
    old = [file for file, since in snapshot.retired.items() if now - parse_timestamp(since) >= GRACE]
    if old:
        store.delete(old)
        _swap(store, lambda now: now._replace(retired={f: at for f, at in now.retired.items() if f not in old}))


def purge(store: Store) -> None:
    """Delete all files of earlier snapshots now, and those that no snapshot ever listed: after an erasure."""
    files = {entry.path for entry in store.entries(layout.TABLES) if entry.path.endswith(".parquet")}
    if not files - _files(read_snapshot(store).parts):
        return
    # In this order: who has written files and not listed them yet fails to, and begins again with others.
    current = _swap(store, lambda now: now._replace(retired={}, revision=now.revision + 1))
    store.delete(sorted(files - _files(current.parts)))
