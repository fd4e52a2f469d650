"""The tables of an archive: what is in them, and how they follow what is copied."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import threading
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from realtimekit.archive import Archive, layout
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.manifest import decode, encode
from realtimekit.archive.tables import schema
from realtimekit.archive.tables.parquet import arrow_schema
from realtimekit.archive.tables.rows import convert
from realtimekit.archive.tables.schema import TABLES
from realtimekit.archive.tables.snapshot import Part, read_snapshot
from realtimekit.archive.tables.update import MAX_SMALL_PARTS, purge, rebuild_tables

from .raw import START, make_archive, people, put_session, rows, transcript, update
from .rich_world import make_rich
from .storage import WRITES, Storage
from .worlds import World, objects

HOUR = timedelta(hours=1)
DAY = timedelta(days=1)


@pytest.fixture
def archive(request: pytest.FixtureRequest) -> Archive:
    return make_archive(f"memory://tables-{next(World._numbers)}")


def one(archive: Archive, table: str) -> dict[str, Any]:
    (row,) = archive.arrow(table).to_pylist()
    return dict(row)


# --- what is in them --------------------------------------------------------------------------------------------------


def test_a_rich_world_fills_every_table(world: World) -> None:
    rich = make_rich(world)
    assert world.sync().ok
    tables = {name: world.archive.arrow(name).to_pylist() for name in TABLES}
    assert {name: len(found) for name, found in tables.items()} == {
        "sessions": 4, "participants": 8, "peer_quality": len(tables["peer_quality"]), "chat_messages": 4,
        "transcript_segments": 5, "summaries": 3, "recordings": 2, "livestream_sessions": 1,
        "files": sum(len(manifest.artifacts) for manifest in world.archive.manifests()),
    }  # fmt: skip
    assert {row["session_id"] for row in tables["peer_quality"]} == set(rich.sessions)
    session = next(row for row in tables["sessions"] if row["session_id"] == rich.weekly.session_id)
    live = world.client.sessions.find(rich.weekly.session_id)
    assert (session["meeting_id"], session["title"]) == (rich.weekly.meeting_id, "Weekly: budget")
    assert session["started_at"] == live.started_at
    assert 400 < session["seconds"] < 430
    assert json.loads(session["record"])["id"] == rich.weekly.session_id
    assert json.loads(session["meeting"])["title"] == "Weekly: budget"
    said = [row["text"] for row in tables["transcript_segments"] if row["session_id"] == rich.weekly.session_id]
    assert said == [segment.text for segment in live.transcript.segments()]
    assert {row["tracks"] for row in tables["recordings"]} == {None, 3}
    measured = {row["mos_avg"] for row in tables["peer_quality"] if row["session_id"] == rich.weekly.session_id}
    for peer in live.quality().participants:
        assert {media.mos.avg for media in peer.summary.media()} <= measured
    assert all(row["day"] == layout.day_of(live.started_at) for row in tables["peer_quality"])


def test_every_field_of_the_platform_is_in_a_column_or_in_extra() -> None:
    for table, columns in TABLES.items():
        sources = {name for column in columns for name in column.source}
        if not sources:
            continue
        record = {name: f"value of {name}" for name in sources} | {"brand_new": {"deep": [1]}, "another": 0}
        row = convert(table, record)
        kept = json.dumps([row, row["extra"]], default=str)
        for name, value in record.items():
            if name != "session_id":
                assert str(value).replace("'", '\\\\"') in kept or str(value) in kept or name in kept, (table, name)
        extra = json.loads(row["extra"])
        assert (extra["brand_new"], extra["another"]) == ({"deep": [1]}, 0)


HOSTILE: list[tuple[str, Any]] = [
    ("minutes_consumed", "nan"), ("minutes_consumed", float("inf")), ("minutes_consumed", 10**400),
    ("minutes_consumed", True), ("live_participants", 2**63), ("live_participants", -(10**30)),
    ("live_participants", 1.5), ("live_participants", True), ("live_participants", "many"),
    ("ended_at", "yesterday"), ("ended_at", 17), ("ended_at", "9999-12-31T23:59:59-05:00"), ("updated_at", []),
]  # fmt: skip


@pytest.mark.parametrize(("name", "value"), HOSTILE)
def test_a_value_of_another_type_is_null_in_its_column_and_kept_in_extra(
    archive: Archive, name: str, value: Any
) -> None:
    put_session(archive, "s", session={name: value})
    update(archive)
    row = one(archive, "sessions")
    assert row[name] is None
    assert str(json.loads(row["extra"])[name]) == str(value)


def test_text_of_any_kind_is_kept_but_halves_of_characters(archive: Archive) -> None:
    texts = ["", "\0", "\x1b[31mred", "\u202eevil", "🎉 \ud83d", "'; drop table sessions; --", "a\r\nb", "x" * 10**6]
    for number, text in enumerate(texts):
        put_session(archive, f"s{number}", session={"meeting_display_name": text, "strange": text})
    update(archive)
    found = {row["session_id"]: row for row in archive.arrow("sessions").to_pylist()}
    for number, text in enumerate(texts):
        clean = text.encode("utf-8", "replace").decode()
        assert found[f"s{number}"]["title"] == clean
        assert json.loads(found[f"s{number}"]["extra"])["strange"] == clean


def test_times_at_the_ends_of_the_calendar(archive: Archive) -> None:
    first = datetime(1, 1, 1, tzinfo=UTC)
    put_session(archive, "first", first)
    put_session(archive, "last", datetime(9999, 12, 31, 23, 59, tzinfo=UTC))
    put_session(archive, "before", None, session={"started_at": "0001-01-01T00:00:00+05:00"})
    update(archive)
    assert read_snapshot(archive.store).days() == ["0001-01-01", "9999-12-31", "unknown"]
    found = archive.query("select session_id, started_at from sessions order by started_at nulls first").rows
    assert [row[0] for row in found] == ["before", "first", "last"]
    assert (
        next(row["started_at"] for row in archive.arrow("sessions").to_pylist() if row["session_id"] == "first")
        == first
    )


BROKEN: list[Any] = [b"", b"\xff\xfe\x00", b"{", "[" * 10_000, "[]", '"text"', "null", "17", '{"data": null}',
                     '{"data": {"participants": 5}}', '{"data": [null, 1, "x"]}', 'a,b\r\n"', "\0"]  # fmt: skip


@pytest.mark.parametrize("content", BROKEN, ids=lambda value: repr(value)[:20])
def test_a_file_that_is_damaged_costs_its_own_rows_alone(archive: Archive, content: Any) -> None:
    names = ["meeting", "participants", "chat", "transcript", "recordings", "livestream_sessions"]
    contents: dict[str, Any] = dict.fromkeys(names, content)
    put_session(archive, "bad", peers={"p": content}, **contents)
    put_session(archive, "good", participants=people("Alice"), transcript=transcript((0, "Alice", "hello")))
    assert update(archive) == 2
    assert {row["session_id"] for row in archive.arrow("sessions").to_pylist()} == {"bad", "good"}
    assert [row["peer_id"] for row in archive.arrow("participants").to_pylist()] == ["peer-alice"]
    assert Counter(row["session_id"] for row in archive.arrow("files").to_pylist()) == {"bad": 8, "good": 3}


def test_one_record_that_makes_no_sense_does_not_hide_the_others(archive: Archive) -> None:
    recordings = [None, 7, {"id": "r1", "download_url": [None, 5, {"download_urls": None}]}, {"id": "r2"}, "x"]
    found = {"data": {"participants": [None, {"id": "p1"}, 5, {"id": "p2"}]}}
    report = {"data": {"participant": {"id": "q", "peer_report": {"quality": 5}}}}
    put_session(archive, "s", recordings=recordings, participants=found, peers={"p": report, "q": b"{"})
    update(archive)
    assert [row["recording_id"] for row in archive.arrow("recordings").to_pylist()] == ["r1", "r2"]
    assert [row["peer_id"] for row in archive.arrow("participants").to_pylist()] == ["p1", "p2"]


def test_ids_of_any_length_are_whole_in_the_tables(world: World) -> None:
    report = {"data": {"participant": {"id": "p" * 300, "peer_report": {"quality": {}}}}}
    archive = make_archive(f"memory://tables-{next(World._numbers)}")
    put_session(
        archive, "s" * 300, peers={"p" * 300: report}, participants={"data": {"participants": [{"id": "p" * 300}]}}
    )
    update(archive)
    assert one(archive, "sessions")["session_id"] == "s" * 300
    assert one(archive, "participants")["peer_id"] == "p" * 300
    assert {row["peer_id"] for row in archive.arrow("peer_quality").to_pylist()} <= {"p" * 300}
    put_session(archive, "s" * 300, revision=2, session={"meeting_display_name": "changed"})
    update(archive)
    assert one(archive, "sessions")["title"] == "changed"


# --- updates ----------------------------------------------------------------------------------------------------------


def test_any_order_of_updates_gives_the_rows_of_a_rebuild() -> None:
    for seed in range(4):
        chance = random.Random(seed)
        archive = make_archive(f"memory://tables-{next(World._numbers)}")
        revisions: Counter[str] = Counter()
        now = START
        for _ in range(chance.randint(5, 25)):
            for _ in range(chance.randint(1, 4)):
                number = chance.randint(1, 12)
                session_id = f"s{number}"
                revisions[session_id] += 1
                contents: dict[str, Any] = {"session": {"meeting_display_name": f"at {revisions[session_id]}"}}
                if chance.random() < 0.6:
                    contents["transcript"] = transcript((0, "Alice", f"words {revisions[session_id]}"))
                if chance.random() < 0.3:
                    contents["summary"] = f"summary {revisions[session_id]}"
                put_session(archive, session_id, START + DAY * (number % 3), revision=revisions[session_id], **contents)
            now += timedelta(minutes=chance.choice([1, 30, 90]))
            if chance.random() < 0.1:
                rebuild_tables(archive.store, archive.ledger, now)
            update(archive, now)
        assert archive.ledger.changed_sessions() == []
        incremental = rows(archive)
        rebuild_tables(archive.store, archive.ledger, now)
        assert rows(archive) == incremental
        titles = {row["session_id"]: row["title"] for row in archive.arrow("sessions").to_pylist()}
        assert titles == {session_id: f"at {revision}" for session_id, revision in revisions.items()}
        check_files(archive)


def check_files(archive: Archive) -> None:
    """Every file of the tables is listed with its size, or retired, and is there."""
    snapshot = read_snapshot(archive.store)
    sizes = {e.path: e.size for e in archive.store.entries(layout.TABLES) if e.path.endswith(".parquet")}
    listed = {
        part.file: part.bytes for by_day in snapshot.parts.values() for of_day in by_day.values() for part in of_day
    }
    assert {path: size for path, size in sizes.items() if path not in snapshot.retired} == listed
    assert snapshot.retired.keys() <= sizes.keys()


def test_a_day_never_has_more_parts_than_a_few(archive: Archive) -> None:
    parts: list[Part] = []
    for number in range(30):
        put_session(archive, f"s{number:02}")
        update(archive, START + HOUR * 2 * number)
        parts = read_snapshot(archive.store).parts["sessions"]["2026-06-03"]
        assert len(parts) <= MAX_SMALL_PARTS
        assert sum(part.rows for part in parts) == number + 1
    check_files(archive)
    import pyarrow.parquet as pq

    content = archive.store.read(parts[0].file)
    assert content is not None
    import io

    assert pq.ParquetFile(io.BytesIO(content)).num_row_groups == 1  # what is put together is one again


def test_a_reader_of_an_old_snapshot_has_an_hour(archive: Archive) -> None:
    put_session(archive, "s")
    update(archive)
    old = read_snapshot(archive.store).files("sessions")
    put_session(archive, "s", revision=2)
    update(archive, START + HOUR)
    assert read_snapshot(archive.store).files("sessions") != old
    assert read_snapshot(archive.store).retired.keys() >= set(old)
    assert all(archive.store.size(file) for file in old)
    put_session(archive, "other")
    update(archive, START + HOUR + timedelta(minutes=59))
    assert all(archive.store.size(file) for file in old)
    put_session(archive, "other", revision=2)
    update(archive, START + 2 * HOUR)
    assert [archive.store.size(file) for file in old] == [None]
    check_files(archive)


def test_a_session_without_anything_left_has_no_rows(archive: Archive) -> None:
    put_session(archive, "s", transcript=transcript((0, "Alice", "hello")))
    update(archive)
    folder = put_session(archive, "s", revision=2)
    manifest = decode(archive.store.read(f"{folder}/manifest.json") or b"", "")
    archive.store.put(f"{folder}/manifest.json", encode(manifest._replace(artifacts={})))
    update(archive)
    assert {name: len(found) for name, found in rows(archive).items() if found} == {}
    assert read_snapshot(archive.store).days() == []


def test_an_entry_whose_manifest_is_not_written_yet_waits(archive: Archive) -> None:
    put_session(archive, "s")
    archive.store.put("ledger/changed/2026-06-03_000002_s", b"")
    update(archive)
    assert [entry.revision for entry in archive.ledger.changed_sessions()] == [2]
    put_session(archive, "s", revision=2)
    update(archive)
    assert archive.ledger.changed_sessions() == []


# --- two at once ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("kind", ["memory", "folder"])
def test_updates_and_rebuilds_at_once_lose_nothing(kind: str, tmp_path: Path) -> None:
    target = tmp_path if kind == "folder" else f"memory://tables-{next(World._numbers)}"
    archive = make_archive(target)
    put_session(archive, "first")
    update(archive)
    failures: list[BaseException] = []

    def work(worker: int) -> None:
        try:
            own = Archive(str(target))
            for number in range(6):
                put_session(own, f"s{worker}-{number}", START + DAY * (number % 2))
                if worker == 0:
                    rebuild_tables(own.store, own.ledger, START)
                elif worker == 1:
                    purge(own.store)
                update(own)
        except BaseException as error:
            failures.append(error)
            raise

    threads = [threading.Thread(target=work, args=(worker,)) for worker in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []
    update(archive)
    expected = {"first"} | {f"s{worker}-{number}" for worker in range(4) for number in range(6)}
    found = [row["session_id"] for row in archive.arrow("sessions").to_pylist()]
    assert sorted(found) == sorted(expected)
    check_listed(archive)


def check_listed(archive: Archive) -> None:
    """Every file that is listed is there."""
    snapshot = read_snapshot(archive.store)
    for table in TABLES:
        for file in snapshot.files(table):
            assert archive.store.size(file) is not None, file


def test_an_update_during_a_rebuild_is_not_lost(archive: Archive, storage: Storage) -> None:
    for number in range(3):
        put_session(archive, f"s{number}", START + DAY * number)
    update(archive)
    done: list[str] = []

    def meanwhile(verb: str, path: str) -> None:
        if (
            not done and verb in {"put", "upload", "commit"} and "day=2026-06-05" in path
        ):  # the last day: the first was read
            done.append(path)
            put_session(archive, "new")
            update(archive)

    storage.before = meanwhile
    rebuild_tables(archive.store, archive.ledger, START)
    assert done
    assert {row["session_id"] for row in archive.arrow("sessions").to_pylist()} == {"s0", "s1", "s2", "new"}
    check_listed(archive)


def test_an_erasure_does_not_delete_what_an_update_is_about_to_publish(archive: Archive, storage: Storage) -> None:
    put_session(archive, "s")
    update(archive)
    put_session(archive, "new")
    done: list[str] = []

    def meanwhile(verb: str, path: str) -> None:
        if not done and verb == "put" and path == layout.SNAPSHOT:
            done.append(path)
            purge(archive.store)

    storage.before = meanwhile
    update(archive)
    assert done
    assert {row["session_id"] for row in archive.arrow("sessions").to_pylist()} == {"s", "new"}
    check_files(archive)


# --- killed -----------------------------------------------------------------------------------------------------------


class Killed(BaseException):
    pass


def prepare(archive: Archive) -> None:
    for number in range(3):
        put_session(archive, f"s{number}", transcript=transcript((0, "Alice", f"old {number}")))
        update(archive)
    put_session(archive, "s0", revision=2, transcript=transcript((0, "Alice", "new")))
    put_session(archive, "late", START + DAY, summary="late")


def prepared(objects: dict[str, bytes]) -> Archive:
    archive = Archive(f"memory://tables-{next(World._numbers)}")
    for path, content in objects.items():
        archive.store.put(path, content)
    return archive


@pytest.mark.parametrize("action", ["update", "rebuild"])
def test_killed_at_any_write_and_run_again_it_is_as_if_nothing_had_happened(
    archive: Archive, action: str, storage: Storage
) -> None:
    def run(archive: Archive) -> None:
        if action == "rebuild":
            rebuild_tables(archive.store, archive.ledger, START + 2 * HOUR)
        update(archive, START + 2 * HOUR)

    prepare(archive)
    before = objects(archive)
    storage.clear()
    run(archive)
    writes, expected = storage.writes, rows(archive)
    last = {write: at for at, write in enumerate(writes)}
    points = sorted({writes.index(write) for write in writes} | set(last.values()))  # not each byte of an upload
    assert len(points) > 12
    for point in points:
        killed, left = prepared(before), [point]

        def kill(verb: str, path: str, left: list[int] = left) -> None:
            if verb in WRITES:
                left[0] -= 1
                if left[0] < 0:
                    raise Killed(f"{verb} {path}")

        storage.before = kill
        with pytest.raises(Killed):
            run(killed)
        storage.before = lambda _verb, _path: None
        check_listed(killed)  # whoever reads now has a snapshot
        run(killed)
        assert rows(killed) == expected, writes[point]
        assert killed.ledger.changed_sessions() == []
        if action == "update" and point % 5 == 0:
            rebuild_tables(killed.store, killed.ledger, START + 4 * HOUR)
            check_files(killed)  # nothing is left of the first attempt


# --- damage -----------------------------------------------------------------------------------------------------------


def test_a_lost_or_damaged_snapshot_is_told_and_made_anew(archive: Archive) -> None:
    put_session(archive, "s")
    update(archive)
    expected = rows(archive)
    archive.store.put(layout.SNAPSHOT, b"{}")
    with pytest.raises(ArchiveDamagedError, match="`realtimekit archive rebuild` rebuilds it"):
        archive.arrow("sessions")
    archive.rebuild()
    assert rows(archive) == expected
    archive.store.delete([layout.SNAPSHOT])
    with pytest.raises(ArchiveDamagedError, match=r"current.json is missing: .*`realtimekit archive rebuild`"):
        archive.query("select 1 from sessions")
    archive.rebuild()
    assert rows(archive) == expected
    check_files(archive)


def test_an_update_after_the_loss_of_the_snapshot_makes_all_tables(archive: Archive) -> None:
    put_session(archive, "old")
    update(archive)
    archive.store.delete([layout.SNAPSHOT])
    put_session(archive, "new", START + DAY)
    update(archive)
    assert {row["session_id"] for row in archive.arrow("sessions").to_pylist()} == {"old", "new"}
    assert archive.ledger.changed_sessions() == []


@pytest.mark.parametrize("content", [None, b"", b"PAR1 no more", b"\0" * 500])
def test_a_lost_or_damaged_part_is_named_and_made_anew(archive: Archive, content: bytes | None) -> None:
    put_session(archive, "s")
    update(archive)
    expected = rows(archive)
    (file,) = read_snapshot(archive.store).files("sessions")
    if content is None:
        archive.store.delete([file])
    else:
        archive.store.put(file, content)
    with pytest.raises(ArchiveDamagedError, match=rf"{file} is .*`realtimekit archive rebuild` rebuilds it"):
        archive.arrow("sessions")
    rebuild_tables(archive.store, archive.ledger, START)
    assert rows(archive) == expected


def test_there_must_be_an_archive(tmp_path: Path) -> None:
    (tmp_path / "photo.jpg").write_bytes(b"x")
    archive = Archive(tmp_path)
    for read in (
        lambda: archive.arrow("sessions"),
        lambda: archive.query("select 1"),
        lambda: archive.search("word"),
        lambda: archive.export(tmp_path / "export"),
    ):
        with pytest.raises(ArchiveError, match=f"there is no archive at {tmp_path}"):
            read()
    assert [path.name for path in tmp_path.iterdir()] == ["photo.jpg"]


def test_a_table_or_column_that_does_not_exist_is_named(archive: Archive) -> None:
    with pytest.raises(ArchiveError, match="there is no table 'session': use one of sessions, participants"):
        archive.arrow("session")
    with pytest.raises(ArchiveError, match="the table sessions has no column 'name': use any of day, session_id"):
        archive.arrow("sessions", ["day", "name"])
    assert archive.arrow("sessions", ["title", "day"]).column_names == ["title", "day"]


# --- schema -----------------------------------------------------------------------------------------------------------


def as_schema_0(archive: Archive) -> None:
    """Turn the tables into those of an older schema, which lacked a column, had one that is gone, and another type."""
    import io

    import pyarrow as pa
    import pyarrow.parquet as pq

    snapshot = read_snapshot(archive.store)
    for file in snapshot.files("sessions"):
        table = pq.read_table(io.BytesIO(archive.store.read(file) or b""))
        table = table.drop_columns(["max_concurrent_participants", "meeting"])
        table = table.append_column("mood", pa.array(["good"] * table.num_rows))
        at = table.column_names.index("live_participants")
        table = table.set_column(at, "live_participants", table["live_participants"].cast(pa.int32()))
        target = io.BytesIO()
        pq.write_table(table, target)
        archive.store.put(file, target.getvalue())
    archive.store.put(layout.SNAPSHOT, snapshot._replace(schema=0).encode())


def test_tables_of_an_older_schema_are_read_updated_and_rebuilt() -> None:
    archive = make_archive(f"memory://tables-{next(World._numbers)}")
    counts = {"max_concurrent_participants": 7, "live_participants": 2}
    for number in range(3):
        put_session(archive, f"s{number}", START + DAY * number, session=counts)
    update(archive)
    new = rows(archive)
    as_schema_0(archive)
    select = "select session_id, live_participants, max_concurrent_participants from sessions order by 1"
    assert archive.query(select).rows == [(f"s{number}", 2, None) for number in range(3)]
    assert archive.query("describe sessions").columns[:2] == ["column_name", "column_type"]
    assert "mood" not in {row[0] for row in archive.query("describe sessions").rows}
    table = archive.arrow("sessions")
    assert table.schema.equals(arrow_schema("sessions"))
    assert table["max_concurrent_participants"].to_pylist() == [None] * 3
    assert archive.search("nothing") == []
    put_session(archive, "s1", START + DAY, revision=2, session=counts)
    update(archive)
    assert archive.query(select).rows == [("s0", 2, None), ("s1", 2, 7), ("s2", 2, None)]
    assert read_snapshot(archive.store).schema == schema.VERSION
    archive.rebuild()
    assert rows(archive)["sessions"] == new["sessions"]


def test_tables_of_a_newer_schema_are_refused_and_left_alone(archive: Archive) -> None:
    put_session(archive, "s")
    update(archive)
    archive.store.put(layout.SNAPSHOT, read_snapshot(archive.store)._replace(schema=schema.VERSION + 1).encode())
    before = archive.store.read(layout.SNAPSHOT)
    put_session(archive, "s", revision=2)
    for read in (lambda: archive.arrow("sessions"), lambda: update(archive), archive.rebuild):
        with pytest.raises(ArchiveError, match="upgrade realtimekit"):
            read()
    assert archive.store.read(layout.SNAPSHOT) == before


def test_the_schema_changes_with_its_version_alone() -> None:
    """A change of a column needs a new VERSION and this sum: see docs/archive.md."""
    import hashlib

    text = repr([(name, [(c.name, c.type, c.source) for c in columns]) for name, columns in TABLES.items()])
    assert (schema.VERSION, hashlib.sha256(text.encode()).hexdigest()[:12]) == (3, SCHEMA_DIGEST)


SCHEMA_DIGEST = "f6c6aa444020"


# --- memory -----------------------------------------------------------------------------------------------------------

REBUILD = """
import resource, sys
from datetime import UTC, datetime
from realtimekit.archive import Archive
from realtimekit.archive.tables.update import rebuild_tables
archive = Archive(sys.argv[1])
archive.store.entries("tables"); import pyarrow.parquet, duckdb
before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
rebuild_tables(archive.store, archive.ledger, datetime.now(UTC))
print((resource.getrusage(resource.RUSAGE_SELF).ru_maxrss - before) // 1024)
"""


def test_a_rebuild_needs_little_memory_however_many_sessions_there_are(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    manifest = None
    text = transcript(*[(at * 1000, "Alice", f"word {at}") for at in range(30)])
    folder = Path(tmp_path, put_session(archive, "s0", transcript=text, participants=people("Alice", "Bob")))
    manifest = decode((folder / "manifest.json").read_bytes(), "")
    for number in range(1, 1200):
        other = folder.parent / f"session=s{number}"
        other.mkdir()
        for file in ("session.json", "transcript.csv", "participants.json"):
            (other / file).hardlink_to(folder / file)
        (other / "manifest.json").write_bytes(encode(manifest._replace(session_id=f"s{number}")))
    run = subprocess.run(
        [sys.executable, "-c", REBUILD, str(tmp_path)], capture_output=True, text=True, check=True, timeout=120
    )
    assert archive.arrow("transcript_segments").num_rows == 36_000
    assert int(run.stdout) < 120  # MiB; 20,000 sessions were seen to take 20 more than 1,000
