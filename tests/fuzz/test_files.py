"""Artifacts of a session that are malformed in every way: read, or reported as an error of this package."""

from __future__ import annotations

import signal
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit import error_responses, responses, retries
from realtimekit.artifacts import formats
from realtimekit.artifacts.messages import ChatMessage, parse_chat
from realtimekit.artifacts.rows import decode_text
from realtimekit.artifacts.segments import Segment, parse_transcript, speaking_time, to_text
from realtimekit.errors import DecodeError
from realtimekit.interfaces import Response
from tests.artifacts.files import CHAT_HEADER, CHAT_ROW, CSV, JSON, SRT, VTT

from .examples import as_bytes, changed, fuzzed, mutated, values

VOICES = (
    "WEBVTT - A title\n\nNOTE\nnothing\n\nSTYLE\n::cue {}\n\nid-1\n00:01.000 --> 01:00:02.5 align:start\n"
    "<v.loud Alice &amp; Bob>Hello <i>everyone</i></v>\nand all\n"
)
ITEM: dict[str, Any] = {
    "startTime": 0,
    "endTime": 1500.5,
    "sentence": "Hello",
    "peerData": {"id": "p", "userId": "u", "displayName": "Alice", "cpi": "c"},
}
MESSAGE = {
    "id": "m",
    "displayName": "Alice",
    "pinned": "false",
    "payload": {"a": 1},
    "createdAt": "2026-06-03T10:00:00Z",
}
TRANSCRIPTS = [CSV, f"startTimeMs,peerId,userId,customParticipantId,name,text\n{CSV}", JSON, SRT, VTT, VOICES]
CHATS = [CHAT_ROW, f"{CHAT_HEADER}\r\n{CHAT_ROW}\r\n{CHAT_ROW}\r\n", f'"a\n{CHAT_ROW}']


def encoded(texts: list[str]) -> list[bytes]:
    return [text.encode(encoding) for text in texts for encoding in ("utf-8", "utf-8-sig", "utf-16")]


transcripts = st.one_of(
    mutated(encoded(TRANSCRIPTS)), changed([ITEM]).map(as_bytes), values.map(as_bytes), st.binary(max_size=80)
)
chats = st.one_of(mutated(encoded(CHATS)), changed([MESSAGE]).map(as_bytes), values.map(as_bytes))


def check_whole(error: DecodeError, content: bytes) -> None:
    """A file that cannot be read at all looks like JSON."""
    assert "looks like JSON" in str(error)
    assert decode_text(content).lstrip()[:1] in {"[", "{"}


@fuzzed(200)
@given(content=transcripts)
def test_a_transcript(content: bytes) -> None:
    errors: list[DecodeError] = []
    try:
        segments = parse_transcript(content, errors=errors)
    except DecodeError as error:
        check_whole(error, content)
        return
    assert all(isinstance(segment, Segment) for segment in segments)
    for each in errors:
        assert " of the file cannot be read: " in str(each)
    if errors:
        with pytest.raises(DecodeError):
            parse_transcript(content)
    else:
        assert parse_transcript(content) == segments
    to_text(segments)
    for write in (formats.to_srt, formats.to_vtt, formats.to_markdown):
        write(segments)
    if all(segment.end is not None for segment in segments):
        speaking_time(segments)
        assert len(parse_transcript(formats.to_vtt(segments).encode())) == len(segments)
    assert len(parse_transcript(formats.to_json(segments).encode())) == len(segments)


@fuzzed(150)
@given(content=chats)
def test_a_chat(content: bytes) -> None:
    errors: list[DecodeError] = []
    try:
        messages = parse_chat(content, errors=errors)
    except DecodeError as error:
        check_whole(error, content)
        return
    for message in messages:
        assert isinstance(message, ChatMessage)
        assert "payload" not in repr(message) or "payload" in str(message.get("displayName"))
        for name in message:
            message.get(name)  # was read once, to see whether it can be
    if errors:
        with pytest.raises(DecodeError):
            parse_chat(content)


@fuzzed(150)
@given(content=st.binary(max_size=200) | mutated(encoded(["# Release\n\n- Zürich\n"])))
def test_a_summary_is_any_text(content: bytes) -> None:
    assert isinstance(decode_text(content), str)


# --- long ones --------------------------------------------------------------------------------------------------------

LONG = 100_000  # characters; quadratic code would need minutes
BUDGET = 1.5  # seconds of CPU; a tenth is enough


@contextmanager
def budget() -> Generator[None]:
    """Raise after `BUDGET` seconds of CPU time of this process: `re`, too, checks for signals."""

    def over(*_: object) -> None:
        raise TimeoutError("it takes too long")

    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, BUDGET)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)


def transcript(text: str) -> None:
    try:
        segments = parse_transcript(text.encode(), errors=[])
    except DecodeError:
        return
    formats.to_vtt(segments)
    formats.to_srt(segments)
    formats.to_markdown(segments)


def chat(text: str) -> None:
    try:
        parse_chat(text.encode(), errors=[])
    except DecodeError:
        return


def failure(text: str) -> None:
    answer = Response(502, {}, text.encode())
    error_responses.error_from(answer, responses.decode(answer), "GET", "/x")


def message(text: str) -> None:
    error_responses.error_from(Response(502, {}, b""), {"error": {"message": text}}, "GET", "/x")


def wait(text: str) -> None:
    for name in ("retry-after", "ratelimit", "date"):
        retries.retry_after({"retry-after": "x", name: text}, 0.0)


CUE = "WEBVTT\n\n00:01.000 --> 00:02.000\n"
LINES = "1\n00:00:01,000 --> 00:00:02,000\nAlice: x\n\n"
MARK = "\u2060"
ROW = '0,p,u,c,Alice,"Hello"\n'
QUICK: dict[str, tuple[Callable[[str], None], str]] = {
    "tags that never end": (transcript, f"{CUE}{'<' * LONG}"),
    "tags that end once": (transcript, f"{CUE}{'<' * LONG}>{'<' * LONG}"),
    "a voice that never ends": (transcript, f"{CUE}<v{' ' * LONG}"),
    "classes of a voice": (transcript, f"{CUE}<v{'.x' * (LONG // 2)}"),
    "voices": (transcript, f"{CUE}{'<v ' * (LONG // 3)}"),
    "a number that never ends": (transcript, f"{CUE}&#{'9' * LONG}"),
    "numbers that never end": (transcript, f"{CUE}{('&#' + '9' * 50) * (LONG // 52)}"),
    "entities": (transcript, f"{CUE}{'&' * LONG}"),
    "a name that never ends": (transcript, f"{LINES}2\n00:00:01,000 --> 00:00:02,000\n{'a' * LONG}"),
    "colons": (transcript, f"{LINES}2\n00:00:01,000 --> 00:00:02,000\n{':' * LONG}"),
    "blanks around times": (transcript, f"WEBVTT\n\n{' ' * LONG}-->{' ' * LONG}"),
    "blanks after times": (transcript, f"WEBVTT\n\n00:01.000 --> 00:02.000{' ' * LONG}\nx"),
    "blank lines": (transcript, f"{CUE}{chr(10) * LONG}"),
    "marks": (transcript, f"{LINES}2\n00:00:01,000 --> 00:00:02,000\n{MARK * LONG}: --{MARK * LONG}"),
    "marked colons": (transcript, f"{LINES}2\n00:00:01,000 --> 00:00:02,000\n{f'{MARK}:' * LONG}"),
    "arrows in a text": (transcript, f"{LINES}2\n00:00:01,000 --> 00:00:02,000\n{'-->' * LONG}"),
    "cues without a blank line": (transcript, LINES.replace("\n\n", "\n") * (LONG // len(LINES))),
    "carriage returns": (transcript, f"{CUE}{chr(13) * LONG}"),
    "arrows": (transcript, f"WEBVTT\n\n{'-->' * (LONG // 3)}"),
    "many cues": (transcript, LINES * (LONG // len(LINES))),
    "many rows": (transcript, ROW * (LONG // len(ROW))),
    "a long first line": (transcript, "1" * LONG),
    "blanks before everything": (transcript, " " * LONG + "x"),
    "one open quote": (transcript, f'0,p,u,c,Alice,"{"x" * LONG}'),
    "open quotes": (transcript, '"x\n' * (LONG // 3)),
    "quotes": (chat, '"' * LONG),
    "quotes in the middle": (chat, 'a"b\n' * (LONG // 4)),
    "commas": (chat, "," * LONG),
    "commas in a header": (chat, CHAT_HEADER + ",x" * (LONG // 2) + "\n" + "," * LONG),
    "brackets": (chat, "[" * LONG),
    "braces": (chat, '{"a":' * (LONG // 5)),
    "items that are none": (chat, f"[{'1,' * (LONG // 2)}1]"),
    "a page of open tags": (failure, "<" * LONG),
    "a page of links": (failure, "?x" * (LONG // 2)),
    "a page of control characters": (failure, "\x1b" * LONG),
    "a long message": (message, "<?" * LONG),
    "policies": (wait, ";" * LONG),
    "blanks in a policy": (wait, f";r=0;{' ' * LONG}"),
    "resets": (wait, ";r=0;t=" * (LONG // 7)),
    "a long number": (wait, "9" * LONG),
    "a date of brackets": (wait, "Mon, 03 Jun 2026 " + "(" * LONG),
    "a date of commas": (wait, "Mon," * (LONG // 4)),
    "a date of colons": (wait, "Mon, 03 Jun 2026 " + "1:" * LONG),
}


@pytest.mark.parametrize(("read", "text"), QUICK.values(), ids=QUICK.keys())
def test_the_time_is_linear_in_the_length(read: Callable[[str], None], text: str) -> None:
    with budget():
        read(text)


@pytest.mark.parametrize(
    ("cue", "read", "reported"),
    [
        (f"{'9' * 5000}:00:01.000 --> 00:02.000\nz", [], ["line 6"]),
        (f"00:01.000 --> {'9' * 5000}:00:02.000\nz", [], ["line 6"]),
        (f"00:01.000 --> 00:02.000\n&lt;&#{'9' * 5000};", [f"<&#{'9' * 5000};"], []),
    ],
    ids=["start", "end", "reference"],
)
def test_numbers_of_thousands_of_digits_in_subtitles(cue: str, read: list[str], reported: list[str]) -> None:
    errors: list[DecodeError] = []
    segments = parse_transcript(f"{CUE}x\n\n{cue}\n\n00:03.000 --> 00:04.000\ny\n".encode(), errors=errors)
    assert [segment.text for segment in segments] == ["x", *read, "y"]
    assert [str(error).partition(" of ")[0] for error in errors] == reported
