"""Updates the tables from the raw files: after a sync, or all of them in a rebuild."""

from __future__ import annotations

import secrets
from collections import defaultdict
from collections.abc import Iterable, Mapping
from contextlib import suppress
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveChangedError, ArchiveDamagedError
from realtimekit.archive.ledger import ChangedSession, Ledger
from realtimekit.archive.manifest import Unreadable, find_manifest
from realtimekit.archive.store import Store, Stored
from realtimekit.archive.tables.parquet import PartReader, PartWriter
from realtimekit.archive.tables.rows import rows_of
from realtimekit.archive.tables.schema import TABLES, VERSION
from realtimekit.archive.tables.snapshot import Part, Snapshot
from realtimekit.values import format_time, parse_timestamp

GRACE = timedelta(hours=1)  # readers of an earlier snapshot may still use its files
_ANY = 1  # revisions are at least this
MAX_SMALL_PARTS = 8  # parts of a day; more are merged
LARGE_PART = 64 * 2**20  # bytes; parts of this size are not merged


class Update(NamedTuple):
    """What an update of the tables met.

    Attributes:
        changed: how many sessions had changed.
        unreadable: those of them that cannot be read: the tables keep what they have of them, until they can.
    """

    changed: int
    unreadable: list[Unreadable]


class _Day(NamedTuple):
    """What was written of a day.

    Attributes:
        parts: by table.
        revisions: of the sessions, by their names in the ledger: those that were read whole.
        unreadable: the others.
        missing: the folders without a manifest.
        gone: the folders that are not there: somebody has deleted them.
    """

    parts: dict[str, Part]
    revisions: dict[str, int]
    unreadable: list[Unreadable]
    missing: list[str]
    gone: list[str]


def update_tables(store: Store, ledger: Ledger, now: datetime, dropped: Mapping[str, str] | None = None) -> Update:
    """Replace the rows of the sessions that have changed.

    Args:
        store: the archive.
        ledger: its ledger, which knows them.
        now: by the server's clock.
        dropped: the folders of sessions that are to have no rows if they cannot be read, and the ids of these.

    Raises:
        ArchiveError: the archive cannot be read or written.
    """
    changed = ledger.changed_sessions()
    count = len({entry.session_id for entry in changed})
    if changed and store.read(layout.SNAPSHOT) is None:  # the first update; or the tables are lost
        revisions, unreadable = _rebuild(store, ledger, now, {entry.session_id for entry in changed})
        _settle(ledger, changed, revisions)
        return Update(count, unreadable)
    unreadable = list[Unreadable]()
    by_day: defaultdict[str, list[ChangedSession]] = defaultdict(list)
    for entry in changed:
        by_day[entry.day].append(entry)
    for day, entries in by_day.items():
        published = _publish(store, ledger.app()["app_id"], day, entries, now, dropped or {})
        unreadable += published.unreadable
        gone = [layout.partition_value(folder, "session") for folder in published.gone]  # nothing is to come of them
        _settle(ledger, entries, published.revisions | dict.fromkeys(gone, _ANY))
    return Update(count, unreadable)


def _settle(ledger: Ledger, entries: list[ChangedSession], revisions: dict[str, int]) -> None:
    # An entry comes before its manifest, which may be written just now.
    ledger.settle(entry for entry in entries if revisions.get(entry.session_id, 0) >= entry.revision)


def rebuild_tables(store: Store, ledger: Ledger, now: datetime) -> list[Unreadable]:
    """Rebuild all tables from the raw files, and publish them in one step.

    Returns:
        The sessions that cannot be read, or not whole. The ledger notes them: as soon as they can be read, an update
        puts their rows into the tables.

    Raises:
        ArchiveError: the archive cannot be read or written.
    """
    return _rebuild(store, ledger, now, set())[1]


def _rebuild(store: Store, ledger: Ledger, now: datetime, wanted: set[str]) -> tuple[dict[str, int], list[Unreadable]]:
    """As `rebuild_tables`. Returns also the revisions that some sessions have in the tables now."""
    ledger.app()  # raises if this is no archive
    left = _part_files(store)
    made: dict[str, _Day] = {}
    revisions: dict[str, int] = {}
    before_days: dict[str, list[str]] = {}
    purges = 0
    while True:
        found = store.get(layout.SNAPSHOT)
        before = _decode_or_empty(found)
        if before.purges != purges:
            # What was not published yet may have been deleted, or hold what another has erased.
            _delete_unpublished(store, [part for of_day in made.values() for part in of_day.parts.values()])
            made, purges = {}, before.purges
        for folder in sorted({day for app in store.folders(layout.RAW) for day in store.folders(app)}):
            day = layout.partition_value(folder, "day")
            replaced = [file for table in TABLES for file in before.files(table, [day])]
            if day in made and before_days[day] == replaced:
                continue  # another update has changed other days meanwhile
            # Of two rebuilds at once, none writes over the files that the other has published.
            identity = f"rebuild\n{before.revision}\n{secrets.token_hex(8)}"
            try:
                made[day] = _write_day(store, day, sorted(store.folders(folder)), identity, {}, set())
            except ArchiveChangedError:  # another rebuild or an erasure has deleted what was half-written: it swapped
                made.pop(day, None)
                break
            revisions |= {one: revision for one, revision in made[day].revisions.items() if one in wanted}
            made[day].revisions.clear()  # there may be a million
            before_days[day] = replaced
        else:
            parts = {
                table: {day: [made[day].parts[table]] for day in sorted(made) if table in made[day].parts}
                for table in TABLES
            }
            after = _next(before, parts, now)
            if store.swap(layout.SNAPSHOT, after.encode(), found and found.version):
                break
    # Whoever wrote files for the snapshot before cannot publish them any more.
    store.delete(left - _files(after.parts) - after.retired.keys())
    store.remove_leftovers(layout.TABLES)
    _delete_retired(store, after, now)
    unreadable = [one for of_day in made.values() for one in of_day.unreadable]
    unreadable += _without_manifest(store, ledger, [folder for of_day in made.values() for folder in of_day.missing])
    for one in unreadable:
        day, session_id = (
            layout.partition_value(one.folder.rpartition("/")[0], "day"),
            layout.partition_value(one.folder, "session"),
        )
        store.put(ChangedSession(day, _ANY, session_id).path, b"")
    return revisions, unreadable


def _without_manifest(store: Store, ledger: Ledger, folders: list[str]) -> list[Unreadable]:
    """Return those of some folders whose manifest is gone: not those of sessions that are still being copied."""
    open_sessions = {layout.encode_id(entry.session_id) for entry in ledger.open_sessions()} if folders else set()
    return [
        Unreadable(folder, f"{folder}/{layout.MANIFEST} is missing")
        for folder in folders
        if folder.rpartition("/session=")[2] not in open_sessions and store.size(f"{folder}/{layout.MANIFEST}") is None
    ]


def _decode_or_empty(found: Stored | None) -> Snapshot:
    """Return the snapshot; an empty one in place of one that is damaged."""
    try:
        return Snapshot.decode(found and found.content)
    except ArchiveDamagedError:
        return Snapshot()


# --- one day ----------------------------------------------------------------------------------------------------------


def _publish(
    store: Store, app_id: str, day: str, entries: list[ChangedSession], now: datetime, dropped: Mapping[str, str]
) -> _Day:
    """Write the rows of some sessions of a day, and swap the snapshot; again, if another did meanwhile."""
    folders = [
        layout.session_folder(app_id, day, session) for session in sorted({entry.session_id for entry in entries})
    ]
    dropped = {folder: dropped[folder] for folder in folders if folder in dropped}
    sessions = _ids(store, folders) | set(dropped.values())
    while True:
        found = store.get(layout.SNAPSHOT)
        before = Snapshot.decode(found and found.content)
        # No snapshot has names of an earlier one: `purge` may delete those, and indexes know them.
        identity = "\n".join([str(before.revision), *(entry.path for entry in entries)])
        try:
            kept, replaced = _select_parts(store, before, day, sessions)
            written = _write_day(store, day, folders, identity, replaced, set(dropped.values()))
        except (ArchiveChangedError, ArchiveDamagedError):
            again = store.get(layout.SNAPSHOT)
            if (again and again.version) == (found and found.version):
                raise
            continue  # another has deleted what it replaced
        if not (written.revisions or written.gone or dropped):
            _delete_unpublished(store, written.parts.values())
            return written  # nothing is new
        parts = {table: dict(before.parts.get(table, {})) for table in TABLES}
        for table in TABLES:
            of_day = kept[table] + ([written.parts[table]] if table in written.parts else [])
            if of_day:
                parts[table][day] = of_day
            else:
                parts[table].pop(day, None)
        after = _next(before, parts, now)
        if store.swap(layout.SNAPSHOT, after.encode(), found and found.version):
            _delete_retired(store, after, now)
            return written
        # They may hold what another has erased meanwhile.
        _delete_unpublished(store, written.parts.values())


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
    store: Store, day: str, folders: list[str], identity: str, replaced: dict[str, list[Part]], dropped: set[str]
) -> _Day:
    """Write one part a table: the rows of these sessions, and what is left of the parts that it replaces.

    Args:
        store: the archive.
        day: the day.
        folders: of the sessions.
        identity: what the names of the files follow from.
        replaced: the parts, by table.
        dropped: the ids of sessions whose rows do not stay; those of the sessions that are read are added.
    """
    old_files = {table: [part.file for part in replaced.get(table, [])] for table in TABLES}
    writers = {table: PartWriter(store, table, day, "\n".join([identity, *old_files[table]])) for table in TABLES}
    read = _add_sessions(store, folders, writers, dropped)
    for table, files in old_files.items():
        for file in files:
            with PartReader(store, file) as reader:
                for group in reader.without(dropped, table):
                    writers[table].add_table(group)
    finished = {table: writer.finish() for table, writer in writers.items()}
    return read._replace(parts={table: part for table, part in finished.items() if part is not None})


def _add_sessions(store: Store, folders: list[str], writers: dict[str, PartWriter], dropped: set[str]) -> _Day:
    """Add the rows of sessions to the parts that are being written, and the ids of these to those that are dropped."""
    revisions, unreadable, missing, gone = dict[str, int](), list[Unreadable](), list[str](), list[str]()
    for folder in folders:
        name = layout.partition_value(folder, "session")
        try:
            found = find_manifest(store, folder)
        except ArchiveDamagedError as error:
            unreadable.append(Unreadable(folder, str(error)))
            continue
        if found is None:
            if store.entries(folder):
                missing.append(folder)
            else:
                gone.append(folder)
                dropped.add(name)
            continue
        rows, problems = rows_of(store, folder, found.manifest)
        unreadable += [Unreadable(folder, problem) for problem in problems]
        if not problems:
            revisions[name] = found.manifest.revision
        dropped |= {name, found.manifest.session_id}
        for table, of_table in rows.items():
            writers[table].add(of_table)
    return _Day({}, revisions, unreadable, missing, gone)


def _ids(store: Store, folders: list[str]) -> set[str]:
    """Return the ids of sessions. Of a very long one the path has only a digest."""
    names = {layout.partition_value(folder, "session") for folder in folders}
    for folder in folders:
        if layout.is_digest(layout.partition_value(folder, "session")):
            with suppress(ArchiveDamagedError):
                if (found := find_manifest(store, folder)) is not None:
                    names.add(found.manifest.session_id)
    return names


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
