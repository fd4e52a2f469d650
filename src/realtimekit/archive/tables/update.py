"""Updates the tables from the raw files: after a sync, or all of them in a rebuild."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Iterator
from datetime import datetime, timedelta
from typing import Any

from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveChangedError, ArchiveDamagedError
from realtimekit.archive.ledger import ChangedSession, Ledger
from realtimekit.archive.manifest import find_manifest
from realtimekit.archive.store import Store, Stored
from realtimekit.archive.tables.parquet import PartReader, PartWriter
from realtimekit.archive.tables.rows import rows_of
from realtimekit.archive.tables.schema import TABLES, VERSION
from realtimekit.archive.tables.snapshot import Part, Snapshot
from realtimekit.saving.manifest import Manifest
from realtimekit.values import format_time, parse_timestamp

GRACE = timedelta(hours=1)  # readers of an earlier snapshot may still use its files
MAX_SMALL_PARTS = 8  # parts of a day; more are merged
LARGE_PART = 64 * 2**20  # bytes; parts of this size are not merged


def update_tables(store: Store, ledger: Ledger, now: datetime) -> int:
    """Replace the rows of the sessions that have changed.

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
    if changed and store.read(layout.SNAPSHOT) is None:  # the first update; or the tables are lost
        revisions = _rebuild(store, now, {entry.session_id for entry in changed})
        _settle(ledger, changed, revisions)
        return len({entry.session_id for entry in changed})
    by_day: defaultdict[str, list[ChangedSession]] = defaultdict(list)
    for entry in changed:
        by_day[entry.day].append(entry)
    for day, entries in by_day.items():
        _settle(ledger, entries, _publish(store, ledger.app()["app_id"], day, entries, now))
    return len({entry.session_id for entry in changed})


def _settle(ledger: Ledger, entries: list[ChangedSession], revisions: dict[str, int]) -> None:
    # An entry comes before its manifest, which may be written just now.
    ledger.settle(entry for entry in entries if revisions.get(entry.session_id, 0) >= entry.revision)


def rebuild_tables(store: Store, now: datetime) -> None:
    """Rebuild all tables from the raw files, and publish them in one step.

    Raises:
        ArchiveError: the archive cannot be read or written.
    """
    _rebuild(store, now, set())


def _rebuild(store: Store, now: datetime, wanted: set[str]) -> dict[str, int]:
    """As `rebuild_tables`. Returns the revisions that some sessions have in the tables now."""
    left = _part_files(store)
    made: dict[str, dict[str, Part]] = {}  # by day
    revisions: dict[str, int] = {}
    before_days: dict[str, list[str]] = {}
    purges = 0
    while True:
        found = store.get(layout.SNAPSHOT)
        before = _decode_or_empty(found)
        if before.purges != purges:
            # What was not published yet may have been deleted, or hold what another has erased.
            _delete_unpublished(store, [part for of_day in made.values() for part in of_day.values()])
            made, purges = {}, before.purges
        for folder in sorted({day for app in store.folders(layout.RAW) for day in store.folders(app)}):
            day = layout.partition_value(folder, "day")
            replaced = [file for table in TABLES for file in before.files(table, [day])]
            if day in made and before_days[day] == replaced:
                continue  # another update has changed other days meanwhile
            # Of two rebuilds at once, none writes over the files that the other has published.
            identity = f"rebuild\n{before.revision}\n{secrets.token_hex(8)}"
            try:
                made[day], of_day = _write_day(store, day, sorted(store.folders(folder)), identity, {})
            except ArchiveChangedError:  # another rebuild or an erasure has deleted what was half-written: it swapped
                made.pop(day, None)
                break
            revisions |= {session: revision for session, revision in of_day.items() if session in wanted}
            before_days[day] = replaced
        else:
            parts = {table: {day: [made[day][table]] for day in sorted(made) if table in made[day]} for table in TABLES}
            after = _next(before, parts, now)
            if store.swap(layout.SNAPSHOT, after.encode(), found and found.version):
                break
    # Whoever wrote files for the snapshot before cannot publish them any more.
    store.delete(left - _files(after.parts) - after.retired.keys())
    store.remove_leftovers(layout.TABLES)
    _delete_retired(store, after, now)
    return revisions


def _decode_or_empty(found: Stored | None) -> Snapshot:
    """Return the snapshot; an empty one in place of one that is damaged."""
    try:
        return Snapshot.decode(found and found.content)
    except ArchiveDamagedError:
        return Snapshot()


# --- one day ----------------------------------------------------------------------------------------------------------


def _publish(store: Store, app_id: str, day: str, entries: list[ChangedSession], now: datetime) -> dict[str, int]:
    """Write the rows of some sessions of a day, and swap the snapshot; again, if another did meanwhile.

    Returns:
        The revisions that the sessions have in the tables now.
    """
    folders = [
        layout.session_folder(app_id, day, session) for session in sorted({entry.session_id for entry in entries})
    ]
    sessions = _ids(store, folders)
    while True:
        found = store.get(layout.SNAPSHOT)
        before = Snapshot.decode(found and found.content)
        # No snapshot has names of an earlier one: `purge` may delete those, and indexes know them.
        identity = "\n".join([str(before.revision), *(entry.path for entry in entries)])
        try:
            kept, replaced = _select_parts(store, before, day, sessions)
            written, revisions = _write_day(store, day, folders, identity, replaced)
        except (ArchiveChangedError, ArchiveDamagedError):
            again = store.get(layout.SNAPSHOT)
            if (again and again.version) == (found and found.version):
                raise
            continue  # another has deleted what it replaced
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
        _delete_unpublished(store, written.values())


def _select_parts(
    store: Store, before: Snapshot, day: str, sessions: set[str]
) -> tuple[dict[str, list[Part]], dict[str, list[Part]]]:
    """Return which parts of a day stay, by table, and which are replaced.

    Those of changed sessions are replaced, and small ones if there are many.
    """
    kept: dict[str, list[Part]] = {}
    replaced: dict[str, list[Part]] = {}
    for table in TABLES:
        old = before.parts.get(table, {}).get(day, [])
        replaced[table] = [part for part in old if _has_any(store, part, sessions)]
        kept[table] = [part for part in old if part not in replaced[table]]
        small = [part for part in kept[table] if part.bytes < LARGE_PART]
        if len(small) >= MAX_SMALL_PARTS:
            replaced[table] += small
            kept[table] = [part for part in kept[table] if part not in small]
    return kept, replaced


def _write_day(
    store: Store, day: str, folders: list[str], identity: str, replaced: dict[str, list[Part]]
) -> tuple[dict[str, Part], dict[str, int]]:
    """Write one part a table: the rows of these sessions, and what is left of the parts that it replaces.

    Returns:
        The parts by table, and the revisions of the sessions, as the ledger calls them.
    """
    sessions = _ids(store, folders) if any(replaced.values()) else set()
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
        revisions[layout.partition_value(folder, "session")] = manifest.revision
        for table, rows in rows_of(store, folder, manifest).items():
            writers[table].add(rows)
    finished = {table: writer.finish() for table, writer in writers.items()}
    return {table: part for table, part in finished.items() if part is not None}, revisions


def _ids(store: Store, folders: list[str]) -> set[str]:
    """Return the ids of sessions. Of a very long one the path has only a digest."""
    names = {folder: layout.partition_value(folder, "session") for folder in folders}
    long = [folder for folder, name in names.items() if layout.is_digest(name)]
    return set(names.values()) | {manifest.session_id for _, manifest in _manifests(store, long)}


def _manifests(store: Store, folders: list[str]) -> Iterator[tuple[str, Manifest]]:
    for folder in folders:
        if (found := find_manifest(store, folder)) is not None:
            yield folder, found.manifest


def _has_any(store: Store, part: Part, sessions: set[str]) -> bool:
    with PartReader(store, part.file) as reader:
        return not sessions.isdisjoint(reader.sessions())


# --- the snapshot -----------------------------------------------------------------------------------------------------


def _next(before: Snapshot, parts: dict[str, dict[str, list[Part]]], now: datetime) -> Snapshot:
    files = _files(parts)
    at = format_time(now, "now")
    retired = {file: since for file, since in before.retired.items() if file not in files}
    retired |= dict.fromkeys(_files(before.parts) - files, at)
    return Snapshot(VERSION, parts, retired, before.revision + 1, before.purges)


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


def _delete_unpublished(store: Store, parts: Iterable[Part]) -> None:
    """Delete what was written for a snapshot that another has replaced: under these names nobody publishes it."""
    listed = _files(Snapshot.decode(store.read(layout.SNAPSHOT)).parts)
    store.delete(part.file for part in parts if part.file not in listed)


def purge(store: Store) -> None:
    """Delete all files of earlier snapshots now, and those that no snapshot ever listed: after an erasure.

    An update that is under way fails to publish the files that it has written so far, and starts over.
    """
    files = _part_files(store)
    after = _swap(store, lambda now: now._replace(retired={}, revision=now.revision + 1, purges=now.purges + 1))
    store.delete(files - _files(after.parts))
    store.remove_leftovers(layout.TABLES)


def _part_files(store: Store) -> set[str]:
    return {entry.path for entry in store.entries(layout.TABLES) if entry.path.endswith(".parquet")}
