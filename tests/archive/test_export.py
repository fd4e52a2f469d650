"""The tables as files for others, with pseudonyms in place of people."""

from __future__ import annotations

import csv
import io
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

from .raw import CHAT, START, make_archive, people, put_session, transcript, update
from .rich_world import make_rich
from .worlds import World


def read(path: Path) -> list[dict[str, Any]]:
    import pyarrow.parquet as pq

    if path.suffix == ".parquet":
        return list(pq.read_table(path).to_pylist())
    text = path.read_text(encoding="utf-8")
    if path.suffix == ".csv":
        return list(csv.DictReader(io.StringIO(text, newline="")))
    return [json.loads(line) for line in text.splitlines()]


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_every_table_in_every_format(world: World, tmp_path: Path, kind: Any) -> None:
    make_rich(world)
    world.sync()
    paths = world.archive.export(tmp_path / "export", file_format=kind)
    assert [path.name for path in paths] == [f"{name}.{kind}" for name in TABLES]
    for path in paths:
        expected = world.archive.arrow(path.stem).to_pylist()
        found = read(path)
        assert len(found) == len(expected)
        assert [list(row) for row in found[:1]] == [list(row) for row in expected[:1]]
        for column in ("session_id", "text", "artifact", "payload"):
            if column in expected[0]:
                assert [row[column] or None for row in found] == [row[column] or None for row in expected]
        if kind == "jsonl":
            assert found == json.loads(json.dumps(expected, default=lambda value: value.isoformat()))


def hostile(target: object) -> Archive:
    archive = make_archive(target)
    both = {"id": "peer-2", "user_id": "user-alice", "display_name": "Alice Cooper"}  # no id of her own in this session
    put_session(
        archive, "s1", participants=people("Alice Cooper", "Zoë", "田中", "Kevin_K", "Bo"),
        chat=CHAT
        + "m1,user-alice cooper,s1,meeting-1,Alice Cooper,false,false,TEXT_MESSAGE,ask ALICE or custom-zoë,\r\n"
        + "m2,user-bo,s1,meeting-1,Bo,false,false,FILE_MESSAGE,https://x.example/alice-cv.pdf,\r\n"
        + "m3,user-guest,s1,meeting-1,Mallory,false,false,TEXT_MESSAGE,I am Mallory,\r\n",
        transcript=transcript(
            (0, "Alice Cooper", "Alice's and Zoe\u0308's plan; Mr. cooper, *_Alice_* and \u212aevin_K agree"),
            (1, "田中", "私は田中さんです"), (2, "Ghost", "Ghost speaks of Bob the builder, alicearium and bobcat"),
        ),
        summary="**Alice Cooper** met __Zoë__, user-bo and ghost. KEVIN_K left.",
        session={"meeting_display_name": "1:1 with Alice", "host": "Alice Cooper"},
        recordings=[{"id": "r", "output_file_name": "Alice.mp4", "note": "Zoë"}],
        livestream_sessions={"data": {"data": [{"id": "l", "err_message": "Alice's stream failed"}]}},
    )  # fmt: skip
    put_session(archive, "s2", START + timedelta(days=1), participants={"data": {"participants": [both]}})
    put_session(
        archive, "s3", START + timedelta(days=2),
        participants={"data": {"participants": [{**both, "id": "peer-3", "custom_participant_id": "c-alice"}]}},
        transcript=transcript((0, "Alice", "hello"), peer="peer-3").replace("user-alice,custom-alice", "user-alice,"),
    )  # fmt: skip
    update(archive)
    return archive


@pytest.mark.parametrize("kind", ["parquet", "csv", "jsonl"])
def test_nobody_is_left_in_an_anonymous_export(tmp_path: Path, kind: Any) -> None:
    archive = hostile(tmp_path / "archive")
    rows = [row for path in archive.export(tmp_path / "export", file_format=kind, anonymize=True) for row in read(path)]
    text = json.dumps(rows, default=str, ensure_ascii=False).lower()
    text = text.replace("alicearium", "")  # another word
    for word in ("alice", "cooper", "zoë", "zoe\u0308", "田中", "kevin", "\u212aevin", "custom-", "user-", "peer-",
                 "mallory", "ghost", "c-alice", ".mp4", "cv.pdf"):  # fmt: skip
        assert word not in text.replace("peer-report", ""), word
    assert "bobcat" in text  # a name within another word stays
    assert "bob the builder" in text


def test_a_person_has_one_pseudonym_everywhere(tmp_path: Path) -> None:
    archive = hostile(tmp_path / "archive")
    archive.export(tmp_path / "one", anonymize=True)
    archive.export(tmp_path / "two", anonymize=True, file_format="jsonl")
    tables = {name: read(tmp_path / "one" / f"{name}.parquet") for name in TABLES}
    for name in TABLES:
        again = read(tmp_path / "two" / f"{name}.jsonl")
        assert json.loads(json.dumps(tables[name], default=lambda value: value.isoformat())) == again
    alice = {
        value
        for row in tables["participants"] + tables["transcript_segments"]
        if row["session_id"] in {"s2", "s3"}
        for name, value in row.items()
        if value and name in {"peer_id", "user_id", "custom_participant_id", "display_name", "speaker"}
    }
    assert len(alice) == 1
    assert next(iter(alice)).startswith("person-")
    cooper = next(row for row in tables["chat_messages"] if row["message_id"] == "m1")
    assert cooper["participant_id"] == cooper["display_name"]
    assert cooper["display_name"] in {row["peer_id"] for row in tables["participants"] if row["session_id"] == "s1"}
    (mallory,) = {row["display_name"] for row in tables["chat_messages"] if row["message_id"] == "m3"}
    assert next(r["payload"] for r in tables["chat_messages"] if r["message_id"] == "m3") == f"I am {mallory}"
    people_of_s1 = {row["peer_id"] for row in tables["participants"] if row["session_id"] == "s1"}
    assert len(people_of_s1) == 5
    other = hostile(tmp_path / "other")
    other.export(tmp_path / "three", anonymize=True)
    found = {row["peer_id"] for row in read(tmp_path / "three" / "participants.parquet")}
    assert not found & people_of_s1  # another archive, another key


@pytest.mark.parametrize("title", ['=HYPERLINK("http://x")', "\uff1d1+1", " =1+1", "\u200b@x", "\t=1"])
def test_text_that_a_spreadsheet_would_run_is_text(tmp_path: Path, title: str) -> None:
    archive = make_archive(tmp_path / "archive")
    put_session(archive, "s", session={"meeting_display_name": title})
    update(archive)
    archive.export(tmp_path / "export", file_format="csv", tables=["sessions"])
    (row,) = read(tmp_path / "export" / "sessions.csv")
    assert row["title"] == f"'{title}"


def test_what_makes_no_sense(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    with pytest.raises(ArchiveError, match="there is no table 'people'"):
        archive.export(tmp_path / "export", tables=["people"])
    with pytest.raises(ArchiveError, match="file_format='xlsx': use one of parquet, csv, jsonl"):
        archive.export(tmp_path / "export", file_format="xlsx")  # type: ignore[arg-type]
    assert not (tmp_path / "export").exists()
    (tmp_path / "file").write_text("x")
    with pytest.raises(OSError, match="exists"):
        archive.export(tmp_path / "file")


def test_the_command(tmp_path: Path) -> None:
    hostile(tmp_path / "archive")
    arguments = ["archive", "export", "--archive", str(tmp_path / "archive"), "-o", str(tmp_path / "export")]
    run = CliRunner().invoke(realtimekit, [*arguments, "--format", "csv", "--table", "sessions", "--anonymize"])
    assert run.exit_code == 0, run.output
    assert run.stdout.split() == [str(tmp_path / "export" / "sessions.csv")]
    assert [row["title"] for row in read(tmp_path / "export" / "sessions.csv")] == [""] * 3
    bad = CliRunner().invoke(realtimekit, [*arguments, "--table", "people"])
    assert bad.exit_code == 2
    assert bad.stderr.splitlines()[-1].startswith("Error: there is no table 'people': use any of sessions, ")
    bad = CliRunner().invoke(realtimekit, [*arguments[:-1], str(tmp_path / "archive" / "archive.json")])
    assert (bad.exit_code, bad.stderr.count("\n")) == (1, 1), bad.stderr
