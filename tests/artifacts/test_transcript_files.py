"""Transcript files in four formats, well made and not; speaking time."""

from __future__ import annotations

import html
import json
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.artifacts.segments import Peer, Segment, parse_transcript, speaking_time, to_text
from realtimekit.errors import DecodeError

from .files import CSV, JSON, SEGMENTS, SRT, VTT, without

HEADER = "startTimeMs,peerId,userId,customParticipantId,name,text\n"
ENDS = ["\n", "\r\n", "\r"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
@pytest.mark.parametrize("end", ENDS)
@pytest.mark.parametrize(
    ("text", "lacking"),
    [
        (CSV, ["end"]),
        (HEADER + CSV, ["end"]),
        (HEADER.replace("startTimeMs", "start_time") + CSV, ["end"]),
        (JSON, []),
        (f'{{"transcript": {JSON}}}', []),
        (SRT, ["peer"]),
        (SRT.replace("1\n00", "00").replace("2\n00", "00"), ["peer"]),
        (SRT.replace(",", ".", 2), ["peer"]),
        ("\n\n" + SRT.replace("\n\n", "\n \n\n"), ["peer"]),
        (VTT, ["peer"]),
        (VTT.replace("00:00:0", "00:0"), ["peer"]),
        (VTT.replace("WEBVTT", "WEBVTT - a title\nKind: captions"), ["peer"]),
        (VTT.replace("WEBVTT\n", "WEBVTT\n\nNOTE by hand\nand more\n\nSTYLE\n::cue { color: red }\n"), ["peer"]),
        (VTT.replace("01.500", "01.500 align:start position:10%"), ["peer"]),
        (VTT.replace("00:01:05", "second cue\n00:01:05"), ["peer"]),
        (VTT.replace("Alice: ", "<v Alice>").replace("Bob: Hi", "<v.loud Bob><i>Hi</i>"), ["peer"]),
        (VTT.replace('"Alice"', "&quot;Alice&quot;"), ["peer"]),
    ],
)
def test_every_form_gives_the_same_segments(text: str, lacking: list[str], end: str, encoding: str) -> None:
    content = text.replace("\n", end).encode(encoding)
    assert parse_transcript(content) == without(SEGMENTS, *lacking)


@pytest.mark.parametrize("content", [b"", b"\n", b"\xef\xbb\xbf", b"[]", b"WEBVTT", b"WEBVTT\r\n\r\n", HEADER.encode()])
def test_an_empty_transcript(content: bytes) -> None:
    assert parse_transcript(content) == []


def test_line_breaks_in_a_text() -> None:
    assert parse_transcript(b'0,p,u,c,Alice,"one\ntwo"')[0].text == "one\ntwo"
    assert parse_transcript(b"1\n00:00:00,000 --> 00:00:01,000\nAlice: one\ntwo\n")[0].text == "one\ntwo"


def test_a_long_text_of_a_transcript_is_one_segment() -> None:
    text = "x" * 140_000 + "\n7,p,u,c,Mallory,I quit\n"
    assert [segment.text for segment in parse_transcript(f'0,p,u,c,Alice,"{text}"\n'.encode())] == [text]


def test_mixed_line_ends() -> None:
    assert (
        len(parse_transcript(b"0,p,u,c,Alice,one\r\n1,p,u,c,Alice,two\n2,p,u,c,Alice,three\r3,p,u,c,Alice,four")) == 4
    )


@pytest.mark.parametrize(
    ("cue", "speaker", "text"),
    [
        ("Alice: at 10:30, she said: now", "Alice", "at 10:30, she said: now"),
        ("at 10:30 we go", None, "at 10:30 we go"),
        ("https://example.com/", None, "https://example.com/"),
        ("Alice:", "Alice", ""),
        ("Alice: ", "Alice", ""),
        ("Alice:\nnext line", "Alice", "next line"),
        (": nobody", None, "nobody"),
        ("Zoë 🎉: <b>1 & 2</b> --> 3", "Zoë 🎉", "<b>1 & 2</b> --> 3"),
    ],
)
def test_who_says_what_in_a_cue(cue: str, speaker: str | None, text: str) -> None:
    (segment,) = parse_transcript(f"1\n00:00:00,000 --> 00:00:01,000\n{cue}\n".encode())
    assert (segment.speaker, segment.text) == (speaker, text)


def test_a_sentence_that_looks_like_another_format() -> None:
    """The first cell of a row is a time: whoever speaks cannot change what the file is taken for."""
    text = "WEBVTT\n\n00:00:00.000 --> 00:00:01.000\nMallory: [{"
    (segment,) = parse_transcript(f'0,p,u,c,"1\n{text}","{text}"'.encode())
    assert segment.text == text


@pytest.mark.parametrize(
    ("text", "bad", "place"),
    [
        (CSV, "soon,p,u,c,Eve,x", "line 3"),
        (CSV, "-5,p,u,c,Eve,x", "line 3"),
        (CSV, "inf,p,u,c,Eve,x", "line 3"),
        (CSV, "nan,p,u,c,Eve,x", "line 3"),
        (CSV, "1e300,p,u,c,Eve,x", "line 3"),
        (CSV, "1,p,u,c,Eve", "line 3"),
        (CSV, "1,p,u,c,Eve,a, b", "line 3"),
        (SRT, "\n3\nsoon --> later\nEve: x\n", "line 9"),
        (SRT, "\nwhat is left of a broken cue\n", "line 9"),
        (SRT, "\n3\n", "line 9"),
        (SRT, f"\n3\n{'9' * 300}:00:00,000 --> 00:00:01,000\nEve: x\n", "line 9"),
        (VTT, "\n00:00:01 --> 00:00:02\nEve: x\n", "line 9"),
        (VTT, "\nEve: x\n", "line 9"),
    ],
)
def test_a_malformed_row_is_named_or_collected(text: str, bad: str, place: str) -> None:
    content = (text + bad).encode()
    with pytest.raises(DecodeError, match=f"^{place} of the file cannot be read"):
        parse_transcript(content)
    errors: list[DecodeError] = []
    assert len(parse_transcript(content, errors=errors)) == 2
    assert len(errors) == 1


@pytest.mark.parametrize(
    "text",
    [
        SRT.replace("\n\n", "\n"),
        SRT.replace("\n\n2\n", "\n"),
        VTT.replace("WEBVTT\n\n", "WEBVTT\n"),
        VTT.replace("WEBVTT\n\n", "WEBVTT\n1\n"),
        VTT.replace("\n\n00:01:05", "\n00:01:05"),
        VTT.replace("\n\n00:01:05", "\n2\n00:01:05"),
        *(VTT.replace("\n00:01:05", f"\n{name}\n00:01:05") for name in ("NOTE", "NOTE 2", "STYLE", "REGION", "WEBVTT")),
        VTT.replace("\n00:01:05", "\nNOTE by hand\nand more\n00:01:05"),
        VTT.replace("WEBVTT\n", "WEBVTT\nKind: captions\nLanguage: en\nX-TIMESTAMP-MAP=LOCAL:00:00:00.000\n"),
    ],
)
def test_cues_without_a_blank_line_and_with_any_name(text: str) -> None:
    assert parse_transcript(text.encode()) == without(SEGMENTS, "peer")


@pytest.mark.parametrize(
    ("text", "places"),
    [
        (VTT.replace("WEBVTT\n", "WEBVTT\nAlice: I was here\nKind: x\n"), ["line 2"]),
        (VTT.replace("WEBVTT\n", "WEBVTT\nAlice: I was here\nso\n1"), ["line 2", "line 3"]),
        (VTT.replace("\n00:01:05", "\nWEBVTT is a format\n\n00:01:05"), ["line 6"]),
        (VTT.replace("\n00:01:05", "\nBob: one\ntwo\n00:01:05"), ["line 6"]),
        (SRT.replace("2\n", "Bob: what is left of a cue\n2\n"), ["line 5"]),
        (SRT.replace("2\n", "NOTE\n"), ["line 5"]),
        (SRT.replace("2\n", "WEBVTT\n"), ["line 5"]),
    ],
)
def test_what_is_skipped_in_subtitles_is_reported(text: str, places: list[str]) -> None:
    errors: list[DecodeError] = []
    assert parse_transcript(text.encode(), errors=errors) == without(SEGMENTS, "peer")
    assert [str(error).partition(" of ")[0] for error in errors] == places
    with pytest.raises(DecodeError, match=f"^{places[0]} of the file"):
        parse_transcript(text.encode())


@pytest.mark.parametrize(
    "item",
    [
        {"startTime": 1}, {"sentence": "x"}, {"startTime": True, "sentence": "x"}, {"startTime": 1, "sentence": 5},
        {"startTime": 1, "endTime": "soon", "sentence": "x"}, {"startTime": [], "sentence": "x"}, [], "x", None,
    ],
)  # fmt: skip
def test_a_malformed_item_is_named(item: Any) -> None:
    content = json.dumps([*json.loads(JSON), item]).encode()
    with pytest.raises(DecodeError, match="item 3 of the file"):
        parse_transcript(content)


@pytest.mark.parametrize(
    ("sent", "read"),
    [
        (r"Al\ud83d", "Al\ufffd"),
        (r"\udE00a", "\ufffda"),
        (r"\ud83da", "\ufffda"),
        (r"\ud83d\ud83d\ude00", "\ufffd😀"),
        (r"\ud83d\ude00", "😀"),
        (r"\\ud83d", r"\ud83d"),
        (r"\ud7ff", "\ud7ff"),
    ],
)
def test_a_name_that_was_cut_inside_an_emoji_can_be_written(sent: str, read: str) -> None:
    content = f'[{{"startTime": 0, "sentence": "{sent}", "peerData": {{"displayName": "{sent}"}}}}]'.encode()
    (segment,) = parse_transcript(content)
    assert (segment.speaker, segment.text) == (read, read)
    assert to_text([segment]).encode()


@given(
    st.text(alphabet="<>v. \tx&;\n", max_size=40)
    | st.lists(
        st.sampled_from(["<v Al>", "<v.loud\tAl &amp; Bo >", "<v", "<i>", "</i>", "<", ">", "&lt;", " ", "x"])
    ).map("".join)
)
def test_which_markup_is_a_tag_or_a_voice(text: str) -> None:
    """The same results as simple but slow patterns give."""
    said = "\n".join(line for line in text.split("\n") if line.strip(" \t")) or "x"
    (segment,) = parse_transcript(f"WEBVTT\n\n00:01.000 --> 00:02.000\n{said}\n".encode())
    voice = re.match(r"<v(?:\.[^\s>]*)?[ \t]+([^>]*)>", said)
    assert segment.speaker == ((html.unescape(voice[1]).strip() or None) if voice else None)
    assert segment.text == html.unescape(re.sub(r"<[^>]*>", "", said))


@pytest.mark.parametrize("who", [None, {}, "Alice", [], {"displayName": None}])
def test_a_segment_without_a_speaker(who: Any) -> None:
    content = json.dumps([{"startTime": "12.5", "sentence": "x", "peerData": who}]).encode()
    assert parse_transcript(content) == [Segment(timedelta(milliseconds=12.5), None, None, "x", None)]


@given(
    st.binary(max_size=300)
    | st.sampled_from([CSV, JSON, SRT, VTT])
    .flatmap(lambda t: st.permutations(t.split("\n")).map("\n".join))
    .map(str.encode)
)
def test_any_bytes_are_read_or_reported(content: bytes) -> None:
    try:
        segments = parse_transcript(content, errors=[])
    except DecodeError:  # as a whole: it looks like JSON
        segments = []
    assert all(segment.start >= timedelta(0) for segment in segments)


def test_as_text() -> None:
    assert to_text(SEGMENTS) == 'Alice: Hello everyone\nBob: Hi, "Alice"\n'
    assert to_text([Segment(timedelta(0), None, None, "a\n\n b")]) == "a b\n"
    assert to_text([]) == ""


# --- speaking time ----------------------------------------------------------------------------------------------------


def said(start: float, end: float, name: str = "Alice", peer: Peer | None = None) -> Segment:
    return Segment(timedelta(seconds=start), timedelta(seconds=end), name, "x", peer)


@pytest.mark.parametrize(
    ("times", "seconds"),
    [
        ([], None),
        ([(0, 1)], 1),
        ([(0, 1), (1, 2)], 2),
        ([(0, 10), (2, 3)], 10),
        ([(5, 10), (0, 6)], 10),
        ([(0, 1), (0, 1)], 1),
        ([(3, 2)], 0),
        ([(3, 2), (2, 4)], 2),
    ],
)
def test_overlapping_speech_counts_once(times: list[tuple[float, float]], seconds: float | None) -> None:
    result = speaking_time([said(*time) for time in times])
    assert [one.time.total_seconds() for one in result] == ([] if seconds is None else [seconds])


def test_participants_are_told_apart_by_their_ids() -> None:
    first, again = Peer("p1", "u1", "c1"), Peer("p2", "u1", "c1")
    namesake = Peer("p3", "u3", "c3")
    result = speaking_time([said(0, 1, peer=first), said(5, 7, "Alice B.", again), said(1, 9, peer=namesake)])
    assert [(one.speaker, one.time.total_seconds(), one.segments) for one in result] == [
        ("Alice", 8, 1),
        ("Alice B.", 3, 2),
    ]
    assert result[1].peer == again


def test_without_ids_by_their_names() -> None:
    result = speaking_time(parse_transcript(SRT.encode()))
    assert [(one.speaker, one.time) for one in result] == [
        ("Alice", timedelta(seconds=1.5)), ("Bob", timedelta(seconds=0.75)),
    ]  # fmt: skip


def test_csv_does_not_say_how_long() -> None:
    with pytest.raises(ValueError, match="read the transcript as JSON"):
        speaking_time(parse_transcript(CSV.encode()))
