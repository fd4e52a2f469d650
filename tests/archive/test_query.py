"""SQL over the tables of an archive: it reads them, and nothing else."""

from __future__ import annotations

import json
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from realtimekit.archive import Archive
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.tables.schema import TABLES
from realtimekit.cli.commands import realtimekit

from .raw import START, make_archive, people, put_session, transcript, update
from .worlds import World

DAY = timedelta(days=1)


def fill(archive: Archive) -> Archive:
    for number in range(3):
        put_session(
            archive, f"s{number}", START + DAY * number, participants=people("Alice", "Bob"),
            transcript=transcript((0, "Alice", "hello"), (1000, "Bob", "the budget")),
        )  # fmt: skip
        update(archive)
    return archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return fill(make_archive(tmp_path_factory.mktemp("it's") / "an archive"))


def test_it_is_the_same_over_storage_of_any_kind(target: str) -> None:
    archive = fill(make_archive(target))
    found = archive.query(
        "select s.day, count(distinct p.peer_id) as people, string_agg(distinct t.speaker, ',' order by t.speaker)"
        " as speakers from sessions s join participants p using (session_id) join transcript_segments t"
        " using (session_id) group by all order by all"
    )
    assert found.columns == ["day", "people", "speakers"]
    assert found.rows == [(f"2026-06-0{number}", 2, "Alice,Bob") for number in (3, 4, 5)]
    assert found.to_dicts()[0] == {"day": "2026-06-03", "people": 2, "speakers": "Alice,Bob"}


def test_every_table_has_the_columns_of_the_schema_with_rows_and_without(archive: Archive) -> None:
    empty = make_archive(f"memory://query-{next(World._numbers)}")
    for name, columns in TABLES.items():
        described = [found.query(f"describe {name}").rows for found in (archive, empty)]
        assert [[row[0] for row in rows] for rows in described] == [[column.name for column in columns]] * 2
        assert [row[1] for row in described[0]] == [row[1] for row in described[1]]


def test_copies_of_object_storage_are_deleted(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    archive = fill(make_archive(f"memory://query-{next(World._numbers)}"))
    archive.query("select 1 from sessions")
    connection = archive.duckdb()
    assert connection.sql("select count(*) from files").fetchall() == [(9,)]
    assert list(tmp_path.iterdir())
    connection.close()
    del connection
    assert list(tmp_path.iterdir()) == []


WRITES = [
    "insert into sessions values (1)", "update sessions set title = 'x'", "delete from sessions", "drop view sessions",
    "create table x (a int)", "create view v as select 1", "copy sessions to 'x.csv'", "attach 'x.db'",
    "pragma version", "copy (select 1) to '/tmp/x'", "export database 'x'", "install httpfs", "load httpfs",
    "set threads = 1",
    "reset threads", "call pragma_version()", "checkpoint", "begin", "vacuum", "use memory",
    "prepare p as select 1",
    "with x as (select 1) insert into sessions select * from x", "import database 'x'", "detach memory",
]  # fmt: skip


@pytest.mark.parametrize("sql", WRITES)
def test_a_query_that_writes_is_refused_in_one_line(archive: Archive, sql: str) -> None:
    with pytest.raises(ArchiveError, match=r"a query of an archive only reads|the query is not valid") as caught:
        archive.query(sql)
    assert "\n" not in str(caught.value)


def test_explain_does_not_run_what_it_explains(archive: Archive) -> None:
    (file,) = archive.store.entries("tables/sessions/day=2026-06-03")
    path = archive.store.location(file.path)
    before = archive.store.read(file.path)
    for explain in ("explain analyze", "EXPLAIN /* x */ ANALYZE", "explain (analyze, format json)", "explain ANALYSE"):
        with pytest.raises(ArchiveError):
            archive.query(f"{explain} copy (select 1 as a) to '{str(path).replace(chr(39), chr(39) * 2)}'")
    assert archive.store.read(file.path) == before
    assert archive.query("explain select * from sessions").rows


@pytest.mark.parametrize(
    "sql",
    [
        "select * from read_text('/etc/passwd')", "from '/etc/passwd'", "select * from read_csv('/etc/hostname')",
        "select * from glob('/*')", "select * from read_blob('{folder}/archive.json')",
        "select * from read_json('{folder}/archive.json')", "select * from 'https://127.0.0.1:1/x.parquet'",
        "select getenv('HOME')", "select * from parquet_scan('{folder}/../x.parquet')",
        "select * from sniff_csv('/etc/passwd')", "from read_parquet('{folder}/tables/*/*/*.parquet')",
    ],
)  # fmt: skip
def test_a_query_reads_no_other_file(archive: Archive, sql: str) -> None:
    folder = archive.target.replace("'", "''")
    with pytest.raises(ArchiveError, match=r"the query failed|the query is not valid") as caught:
        archive.query(sql.format(folder=folder))
    assert "\n" not in str(caught.value)
    assert "erasure_key" not in str(caught.value)


@pytest.mark.parametrize(
    ("sql", "problem"),
    [
        ("", "give one query, not 0"), ("select 1; select 2", "give one query, not 2"), ("-- nothing", "not 0"),
        ("select 1; drop view sessions", "not 2"), ("selec 1", "not valid: Parser Error"), ("(", "not valid"),
        ("select nothing from sessions", 'the query failed: Binder Error: .*"nothing"'),
        ("select session from sessions", 'Candidate bindings: .*"session_id"'),
        ("select * from nowhere", "failed: Catalog Error.* The tables are sessions, participants, "),
        ("select 1 where x = ?", "the query failed"),
        ("select 1 / 'x'", "the query failed: Conversion Error"), ("\0", "not"),
        ("select '\ud800' as a b", "not valid"),
        ("select error('line\nline')", "the query failed"),
    ],
)  # fmt: skip
def test_a_query_that_makes_no_sense_is_one_clear_line(archive: Archive, sql: str, problem: str) -> None:
    with pytest.raises(ArchiveError, match=problem) as caught:
        archive.query(sql)
    assert "\n" not in str(caught.value)


def test_every_type_of_duckdb_is_json(archive: Archive) -> None:
    sql = """select 1::utinyint as a, 170141183460469231731687303715884105727::hugeint as b, 1.50::decimal(9, 2) as c,
        'nan'::double as d, 'inf'::float as e, true as f, null as g, '2026-06-03'::date as h, '10:00:01.5'::time as i,
        '2026-06-03 10:00:00'::timestamp as j, '2026-06-03 10:00:00+02'::timestamptz as k, interval 90 minute as l,
        '\\xAA'::blob as m, [1, null] as n, {'x': [1.5], 'y': 'z'} as o, map {'k': 1} as p,
        '00000000-0000-0000-0000-000000000001'::uuid as q, '10101'::bit as r, 'a'::enum('a', 'b') as s,
        '{"x": 1}'::json as t, union_value(num := 2) as u, 'infinity'::timestamp as v, [1, 2]::int[2] as w"""
    run = CliRunner().invoke(realtimekit, ["archive", "query", sql, "--json", "--archive", archive.target])
    assert run.exit_code == 0, run.output
    (row,) = json.loads(run.output)
    assert len(row) == 23
    assert (row["b"], row["c"], row["d"], row["e"], row["f"], row["g"]) == (2**127 - 1, 1.5, None, None, True, None)
    assert (row["h"], row["i"], row["j"], row["k"]) == (
        "2026-06-03", "10:00:01.500000", "2026-06-03T10:00:00.000Z", "2026-06-03T08:00:00.000Z",
    )  # fmt: skip
    assert (row["n"], row["o"], row["p"]) == ([1, None], {"x": [1.5], "y": "z"}, {"k": 1})
    assert (row["q"], row["s"], row["u"], row["w"]) == ("00000000-0000-0000-0000-000000000001", "a", 2, [1, 2])


def invoke(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(realtimekit, ["archive", "query", *arguments], env=environment)


def test_the_command(archive: Archive, tmp_path: Path) -> None:
    sql = "select day, title from sessions order by day limit 1"
    assert "Session s0" in invoke(sql, "--archive", archive.target).output
    found = invoke(sql, "--csv", REALTIMEKIT_ARCHIVE=archive.target)
    assert found.stdout.splitlines() == ["day,title", "2026-06-03,Session s0"]
    assert json.loads(invoke("select 1 where false", "--json", REALTIMEKIT_ARCHIVE=archive.target).stdout) == []
    failed = invoke("drop view sessions", REALTIMEKIT_ARCHIVE=archive.target)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr == "Error: a query of an archive only reads: DROP is refused; use SELECT\n"
    missing = invoke("select 1", REALTIMEKIT_ARCHIVE=str(tmp_path / "none"))
    assert missing.exit_code == 1
    assert missing.stderr.startswith(f"Error: there is no archive at {tmp_path}")
    assert invoke("select 1", REALTIMEKIT_ARCHIVE="").exit_code == 2


def test_hostile_text_does_not_reach_the_terminal(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    put_session(archive, "s", session={"meeting_display_name": "\x1b[2J\u202eevil\x07\r\nline"})
    update(archive)
    output = invoke("select title from sessions", "--archive", archive.target).output
    assert not {"\x1b", "\u202e", "\x07"} & set(output)
    (row,) = json.loads(invoke("select title from sessions", "--archive", archive.target, "--json").output)
    assert row["title"] == "\x1b[2J\u202eevil\x07\r\nline"


def test_pandas_and_polars_where_they_are_installed(archive: Archive) -> None:
    pytest.importorskip("pandas")
    assert list(archive.pandas("sessions", ["title"])["title"]) == ["Session s0", "Session s1", "Session s2"]
