"""Printed cells, tables and records."""

from __future__ import annotations

import contextlib
import csv
import io
from datetime import UTC, date, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console
from rich.table import Table

from realtimekit.artifacts.segments import EXPORT_COLUMNS, Peer, Segment, parse_transcript
from realtimekit.cli import output, session_view
from realtimekit.cli.columns import Column
from realtimekit.cli.console import PIPE_WIDTH, echo, make_console, replace_controls, safe_text
from realtimekit.record import Record


class Thing(Record, repr_fields=("id",)):
    """A record for these tests: the output depends only on the declared fields."""

    id: str
    name: str | None
    created_at: datetime | None


texts = st.text(st.characters(), max_size=20) | st.text("=+-@\t\r\n'\"\x1b,; 1a", max_size=8)


def sheet(capsys: pytest.CaptureFixture[str], *cells: Any) -> list[str]:
    output.print_csv([str(number) for number in range(len(cells))], [cells])
    _, row = csv.reader(io.StringIO(capsys.readouterr().out, newline=""), strict=True)
    return row


@pytest.mark.parametrize(
    ("cell", "written"),
    [
        ("=1+1", "'=1+1"),
        ("+49 30", "'+49 30"),
        ("-5", "'-5"),
        ("@SUM(A1)", "'@SUM(A1)"),
        ("\t=1", "'\t=1"),
        ("\r=1", "'\ufffd=1"),
        ("\n=1", "'\n=1"),
        ("\nx", "'\nx"),
        ("＝1+1", "'＝1+1"),
        ("＋1", "'＋1"),
        ("－1", "'－1"),
        ("＠SUM(A1)", "'＠SUM(A1)"),
        ("﹦1", "'﹦1"),
        (" =1", "' =1"),
        ("\ufeff\u200b=1", "'\ufeff\u200b=1"),
        ("'=1", "''=1"),
        ("it's", "it's"),
        ("'it'", "'it'"),
        ("", ""),
        ("a\u202egnp.exe\u202c\u2066x\u2069", "a\ufffdgnp.exe\ufffd\ufffdx\ufffd"),
        ("a=1", "a=1"),
        (-5, "-5"),
        (-0.25, "-0.25"),
        (None, ""),
        (True, "true"),
        (["=a", "b"], "'=a, b"),
        ({"a": [1]}, '{"a": [1]}'),
        ("\x1b[31mred\x07\x9b", "\ufffd[31mred\ufffd\ufffd"),
        ("two\nlines", "two\nlines"),
        ("\ud800", "\ufffd"),
        (datetime(2026, 6, 3, 10, tzinfo=UTC), "2026-06-03T10:00:00.000Z"),
        (date(2026, 6, 3), "2026-06-03"),
    ],
)
def test_cells_of_csv(capsys: pytest.CaptureFixture[str], cell: Any, written: str) -> None:
    assert sheet(capsys, cell, "x") == [written, "x"]


@given(texts)
def test_no_text_becomes_a_formula_or_a_command(text: str) -> None:
    cell = output._csv_cell(text)
    assert not cell.startswith(("=", "+", "-", "@", "\t", "\r"))
    assert not any((ord(c) < 32 and c not in "\n\t") or 0x7F <= ord(c) < 0xA0 for c in cell)
    cell.encode()  # can be written
    assert cell.removeprefix("'") == text or any(c in cell for c in "'\ufffd")


@given(texts)
def test_a_cell_of_a_table_is_plain(text: str) -> None:
    shown = safe_text(text).plain
    assert len(shown) == len(text)
    assert all(c.isprintable() or c in "\n\u200c\u200d" for c in shown)


@pytest.mark.parametrize("text", ["\U0001f468\u200d\U0001f469\u200d\U0001f467", "می\u200cخواهم", "क\u200dष"])
def test_joiners_are_part_of_emoji_and_words(text: str) -> None:
    assert safe_text(text).plain == text
    assert replace_controls(text) == text


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("width", [20, 100])
def test_line_breaks_do_not_break_a_table_row(end: str, width: int) -> None:
    printed = io.StringIO()
    name = f"Alice{end}id: 2{end}{end}name: Bob"
    columns = [Column("id"), Column("name", fold=True)]
    output.print_table(Console(file=printed, width=width), f"T{end}U", columns, [["1" * 15, name]])
    lines = [line.strip() for line in printed.getvalue().splitlines()]
    assert lines[0] == "T U"
    assert any("Alice id: 2" in line for line in lines)
    assert "id: 2" not in lines
    assert echoed(f"{name}: no report") == "Alice id: 2  name: Bob: no report\n"


def echoed(text: str) -> str:
    with contextlib.redirect_stdout(io.StringIO()) as stdout:
        echo(text)
    return stdout.getvalue()


@pytest.mark.parametrize("fold", [False, True])
@pytest.mark.parametrize("width", [80, 200])
def test_a_long_name_is_folded_in_its_column(width: int, *, fold: bool) -> None:
    rows = [["0df47f86-e397-4a8c-9e5b-5cbef94ed03b", name] for name in ("Alice", "x" * 300)]
    assert isinstance(output.make_table("T", [Column("id"), Column("name", fold=fold)], rows, width), Table)


def test_columns_of_names_are_folded() -> None:
    columns = [*session_view.PARTICIPANT_COLUMNS, *session_view.CHAT_COLUMNS, *session_view.TRANSCRIPT_COLUMNS]
    assert all(column.fold for column in columns if "name" in {column.name, column.header})


# What is not replaced because it is unsafe.
_SAFE = st.characters(
    exclude_categories=["Cc", "Cs"], exclude_characters="\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069"
)
SAFE_TEXT = st.text(_SAFE, max_size=20) | st.text("=+-@＝\t\n'\", 1a", max_size=6)
TIMES = st.integers(0, 10**9).map(lambda milliseconds: timedelta(milliseconds=milliseconds))
CUSTOM_IDS = SAFE_TEXT.filter(bool).map(lambda custom_id: Peer(None, None, custom_id))
SEGMENTS = st.builds(
    Segment, TIMES, st.none() | TIMES, st.none() | SAFE_TEXT.filter(bool), SAFE_TEXT, st.none() | CUSTOM_IDS
)


@given(st.lists(SEGMENTS, max_size=5))
def test_the_csv_of_a_transcript_can_be_read_again(segments: list[Segment]) -> None:
    rows = [session_view.transcript_csv_row(segment) for segment in segments]
    assert parse_transcript(output.format_csv(EXPORT_COLUMNS, rows).encode()) == segments


def test_times_have_one_form_and_secrets_are_left_out() -> None:
    data = {
        "id": "1",
        "name": "2026-06-03 10:00:00",
        "created_at": "2023-01-25 04:51:35.903816Z",
        "token": "secret",
        "nested": [{"stream_key": "secret", "password": "secret", "kept": 1}],
    }
    wanted = {"id": "1", "name": data["name"], "created_at": "2023-01-25T04:51:35.903Z", "nested": [{"kept": 1}]}
    assert output.serialize_record(Thing(data)) == wanted
    assert output.serialize_record(Thing(data), reveal=["token"]) == {**wanted, "token": "secret"}


def test_a_field_that_cannot_be_read_is_shown_as_it_came() -> None:
    record = Thing({"id": "1", "name": "x", "created_at": "soon"})
    assert output.read_field(record, "created_at") == "soon"
    assert output.serialize_record(record)["created_at"] == "soon"


def test_nested_fields_have_dotted_names(capsys: pytest.CaptureFixture[str]) -> None:
    data = {"id": "1", "recording_config": {"audio_config": {"codec": "AAC"}, "video_config": {}}}
    output.print_record("csv", Thing(data))
    names, row = csv.reader(io.StringIO(capsys.readouterr().out))
    assert dict(zip(names, row, strict=True)) == {
        "id": "1", "recording_config.audio_config.codec": "AAC", "recording_config.video_config": "{}",
    }  # fmt: skip


@pytest.mark.parametrize(("width", "count"), [(240, 3), (180, 3), (179, 2), (143, 2), (142, 1), (120, 1), (119, 0)])
def test_wide_only_columns_that_fit_are_shown(width: int, count: int) -> None:
    columns = [Column("id"), *(Column(name, wide_only=True) for name in ("one", "two", "six"))]
    made = output.make_table("T", columns, [["x" * 36, "y" * 50, "y" * 50, "y" * 35]], width)
    assert isinstance(made, Table)
    assert [str(column.header) for column in made.columns] == ["id", "one", "two", "six"][: count + 1]


@pytest.mark.parametrize(("width", "shown"), [(80, False), (119, False), (120, True)])
def test_a_narrow_terminal_gets_fewer_columns(*, width: int, shown: bool) -> None:
    made = output.make_table("T", [Column("id"), Column("more", wide_only=True)], [["x" * 36, 1]], width)
    assert isinstance(made, Table)
    assert [str(column.header) for column in made.columns] == (["id", "more"] if shown else ["id"])


@given(
    st.integers(10, 160),
    st.lists(
        st.tuples(st.sampled_from(["left", "right", "more"]), st.booleans(), st.booleans()), min_size=1, max_size=6
    ),
    st.integers(1, 40),
)
def test_nothing_is_cut_however_narrow(width: int, kinds: list[tuple[str, bool, bool]], length: int) -> None:
    columns = [Column("id"), *(Column(name, fold=folds, wide_only=wide) for name, folds, wide in kinds)]
    row = ["-" * length, *("x" * (length // 2 + 1) for _ in kinds)]
    printed = io.StringIO()
    out = Console(file=printed, width=width, highlight=False)
    output.print_table(out, "T", columns, [row, row])
    lines = printed.getvalue().splitlines()
    assert sum("-" * length in line for line in lines) == 2
    as_table = "\u2500" in printed.getvalue()
    assert all(len(line) <= width for line in lines) or not as_table
    whole = [cell for cell, column in zip(row, columns, strict=True) if not column.fold and not column.wide_only]
    assert all(sum(cell in line for line in lines) >= 2 for cell in whole)
    heads = [column.name for column in columns if not column.fold and not column.wide_only]
    assert all(head in printed.getvalue() for head in heads)


def test_a_narrow_terminal_gets_a_line_for_each_cell(capsys: pytest.CaptureFixture[str]) -> None:
    columns = [Column("id"), Column("title", "called", fold=True), Column("more", wide_only=True)]
    one = "0df47f86-e397-4a8c-9e5b-5cbef94ed03b"
    output.print_table(Console(width=40), "T[b]", columns, [[one, "a long title of [b]many[/b] words", 1]] * 2)
    block = f"id: {one}\ncalled: a long title of [b]many[/b] words\nmore: 1\n"
    assert capsys.readouterr().out == f"T[b]\n\n{block}\n{block}\n"


def test_a_pipe_is_wide(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("COLUMNS", raising=False)
    assert make_console().width == PIPE_WIDTH
