"""Chat files, well made and not."""

from __future__ import annotations

import codecs
import csv
import io
import json
import pickle
from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.artifacts.messages import COLUMNS, ChatMessage, parse_chat
from realtimekit.artifacts.rows import read_csv
from realtimekit.errors import DecodeError

from .files import CHAT_HEADER, CHAT_ROW


def assert_is_hello(message: ChatMessage) -> None:
    assert (message.id, message.participant_id, message.session_id) == ("m-1", "p-1", "s-1")
    assert (message.meeting_id, message.display_name) == ("meet-1", "Alice")
    assert (message.pinned, message.is_edited, message.payload_type) == (False, True, "TEXT_MESSAGE")
    assert (message.payload, message.created_at) == ("Hello, all", datetime(2026, 6, 3, 10, tzinfo=UTC))


AS_JSON = json.dumps([dict(zip(COLUMNS, next(csv.reader([CHAT_ROW])), strict=True))])


@pytest.mark.parametrize(
    "text",
    [
        CHAT_ROW,
        f"{CHAT_HEADER}\n{CHAT_ROW}\n",
        f"{CHAT_HEADER}\r\n{CHAT_ROW}\r\n",
        f"{CHAT_HEADER}\r{CHAT_ROW}\r",
        f"{CHAT_HEADER}\r\n\n\r{CHAT_ROW}\n\r\n",
        f"\n{CHAT_HEADER.upper()}\n{CHAT_ROW}",
        f"{CHAT_HEADER.replace('participantId', 'participant_id')}\n{CHAT_ROW}",
        ",".join(f'"{name}"' for name in COLUMNS) + f"\n{CHAT_ROW}",
        f"{CHAT_HEADER},reactions\n{CHAT_ROW},3\n",
        AS_JSON,
        f"\n  {AS_JSON}\n",
        f'{{"messages": {AS_JSON}}}',
        AS_JSON[1:-1],
        AS_JSON.replace("false", "FALSE").replace("true", "True"),
        AS_JSON.replace('"false"', "false").replace('"true"', "true"),
        AS_JSON.replace("createdAt", "created_at"),
    ],
)
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_every_form_is_read(text: str, encoding: str) -> None:
    (message,) = parse_chat(text.encode(encoding))
    assert_is_hello(message)


@pytest.mark.parametrize(
    "content",
    [b"", b"\n", b" \r\n\r\n", codecs.BOM_UTF8, CHAT_HEADER.encode(), f"{CHAT_HEADER}\r\n".encode(), b"[]", b"[ ]\n"],
)
def test_nothing_was_written(content: bytes) -> None:
    assert parse_chat(content) == []


def test_columns_can_be_missing_or_elsewhere() -> None:
    content = b"createdAt,payload,displayName\n2026-06-03 10:00:00.5Z,hello,Alice\n,,\n"
    first, second = parse_chat(content)
    assert (first.payload, first.display_name, first.id) == ("hello", "Alice", None)
    assert first.created_at == datetime(2026, 6, 3, 10, 0, 0, 500_000, tzinfo=UTC)
    assert (second.payload, second.display_name, second.created_at) == ("", None, None)


def test_undeclared_columns_are_kept() -> None:
    (message,) = parse_chat(f"{CHAT_HEADER},reactions\n{CHAT_ROW},3\n".encode())
    assert message["reactions"] == "3"
    assert message.to_dict()["displayName"] == "Alice"


def test_an_attachment() -> None:
    content = json.dumps([{"id": "m", "payloadType": "FILE_MESSAGE", "payload": {"link": "https://x/y"}}]).encode()
    (message,) = parse_chat(content)
    assert message.payload == '{"link": "https://x/y"}'


def test_the_order_of_the_file_is_kept() -> None:
    rows = [CHAT_ROW.replace("m-1", f"m-{n}") for n in (3, 1, 2)]
    assert [message.id for message in parse_chat("\n".join(rows).encode())] == ["m-3", "m-1", "m-2"]


def test_a_message_that_looks_like_a_header() -> None:
    """Who writes a message chooses their name and the text."""
    row = CHAT_ROW.replace("Alice", "displayName").replace('"Hello, all"', "payload")
    (message,) = parse_chat(row.encode())
    assert (message.display_name, message.payload) == ("displayName", "payload")


@pytest.mark.parametrize(
    ("row", "why"),
    [
        ("m-2,p-1,s-1", "it has 3 fields, not 10"),
        (CHAT_ROW + ",more", "it has 11 fields, not 10"),
        (CHAT_ROW.replace('"Hello, all"', "Hello, all"), "it has 11 fields, not 10"),
        (CHAT_ROW.replace("2026-06-03T10:00:00.000Z", "yesterday"), "ChatMessage.created_at cannot be read"),
        (CHAT_ROW.replace(",false,", ",perhaps,"), "ChatMessage.pinned cannot be read"),
        (CHAT_ROW.replace('"Hello, all"', '"Hello" all'), "expected"),
    ],
)
def test_a_malformed_row_is_named_or_collected(row: str, why: str) -> None:
    content = (
        f"{CHAT_HEADER}\n{CHAT_ROW.replace('Hello, all', 'two' + chr(10) + 'lines')}\n{row}\n{CHAT_ROW}\n".encode()
    )
    with pytest.raises(DecodeError, match="line 4 of the file") as caught:
        parse_chat(content)
    assert why in str(caught.value)
    errors: list[DecodeError] = []
    messages = parse_chat(content, errors=errors)
    assert len(messages) == 2
    assert_is_hello(messages[1])
    (error,) = errors
    assert str(error) == str(caught.value)


def test_an_open_quote_does_not_swallow_the_rest() -> None:
    content = f'{CHAT_ROW}\n{CHAT_ROW.replace(",2026", chr(34) + ",2026")[:-1]},"open\n{CHAT_ROW}\n'.encode()
    with pytest.raises(DecodeError, match="line 2"):
        parse_chat(content)


@pytest.mark.parametrize("item", ["3", "null", '"text"', "[]", "{}", '{"code": 404}'])
def test_an_item_that_is_not_a_message(item: str) -> None:
    content = f"[{AS_JSON[1:-1]}, {item}]".encode()
    with pytest.raises(DecodeError, match="item 2 of the file"):
        parse_chat(content)
    errors: list[DecodeError] = []
    assert len(parse_chat(content, errors=errors)) == 1
    assert len(errors) == 1


@pytest.mark.parametrize("content", [b"[", b'[{"id": "m"}', b"{oops}", b"[" * 100_000, b'{"id": NaN'])
def test_content_that_looks_like_json_but_is_not(content: bytes) -> None:
    with pytest.raises(DecodeError, match="is not valid"):
        parse_chat(content)


def test_a_message_can_be_pickled_and_its_repr_shows_no_payload() -> None:
    (message,) = parse_chat(CHAT_ROW.encode())
    assert pickle.loads(pickle.dumps(message)) == message
    assert repr(message) == "<ChatMessage id='m-1' displayName='Alice' createdAt='2026-06-03T10:00:00.000Z'>"


TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=40)
MESSAGES = st.lists(st.fixed_dictionaries({"id": TEXT.filter(bool), "displayName": TEXT, "payload": TEXT}), max_size=5)


@given(MESSAGES, st.booleans(), st.sampled_from(["\n", "\r\n", "\r"]), st.sampled_from(["utf-8-sig", "utf-16"]))
def test_any_text_survives_csv(messages: list[dict[str, Any]], header: bool, end: str, encoding: str) -> None:
    file = io.StringIO(newline="")
    writer = csv.writer(file, lineterminator=end, quoting=csv.QUOTE_ALL)
    if header:
        writer.writerow(COLUMNS)
    writer.writerows([[row.get(name, "") for name in COLUMNS] for row in messages])
    content = file.getvalue().encode(encoding)
    assert [(m.id, m.display_name or "", m.payload) for m in parse_chat(content)] == [
        (row["id"], row["displayName"], row["payload"]) for row in messages
    ]


@pytest.mark.parametrize(
    "text", ["x" * 200_000, f"{'x' * 140_000}\n{CHAT_ROW.replace('Alice', 'Mallory')}", '"' * 70_000]
)
def test_a_field_of_any_length_is_read_whole(text: str) -> None:
    """`csv` rejects more than 131,072 characters, and then takes the lines inside such a field for rows."""
    row = next(csv.reader([CHAT_ROW]))
    row[8] = text
    file = io.StringIO(newline="")
    csv.writer(file).writerows([row, next(csv.reader([CHAT_ROW]))])
    first, second = parse_chat(file.getvalue().encode())
    assert first.payload == text
    assert_is_hello(second)
    assert csv.field_size_limit() == 131_072  # of the whole process, which may rely on it


@given(st.text('",\n\r a1', max_size=20) | st.text(max_size=20))
def test_rows_are_those_of_the_standard_library(text: str) -> None:
    ours = [cells for _, cells in read_csv(text)]
    theirs = csv.reader(io.StringIO(text, newline=""), strict=True)
    for cells in ours:
        if isinstance(cells, str):
            with pytest.raises(csv.Error):
                next(theirs)
        else:
            assert cells == (next(theirs) or [""])
    assert next(theirs, None) is None


@given(st.binary(max_size=300) | st.text(max_size=200).map(str.encode))
def test_any_bytes_are_read_or_reported(content: bytes) -> None:
    try:
        messages = parse_chat(content, errors=[])
    except DecodeError:  # as a whole: it looks like JSON
        messages = []
    assert all(isinstance(message, ChatMessage) for message in messages)
