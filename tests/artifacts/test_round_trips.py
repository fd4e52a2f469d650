"""Segments written in one format and read again."""

from __future__ import annotations

import json
import re
from datetime import timedelta

from hypothesis import given
from hypothesis import strategies as st

from realtimekit.artifacts.formats import to_json, to_markdown, to_srt, to_vtt
from realtimekit.artifacts.segments import Peer, Segment, parse_transcript

from .files import CSV, JSON, SEGMENTS, SRT, VTT, without

MARK = "\u2060"  # not visible
CHARACTERS = st.characters(exclude_categories=["Cs"])
MILLISECONDS = st.integers(0, 10**9).map(lambda n: timedelta(milliseconds=n))
TEXT = st.text(CHARACTERS, max_size=30)
IDS = st.text(CHARACTERS, min_size=1, max_size=10)
PEERS = st.builds(Peer, IDS, st.none() | IDS, st.none() | IDS)
ANY = st.builds(Segment, MILLISECONDS, st.none() | MILLISECONDS, st.none() | IDS, TEXT, st.none() | PEERS)

# What a cue can hold: one name, up to the first colon, and no blank line.
_LINE = st.text(st.characters(exclude_categories=["Cs", "Cc"]), min_size=1, max_size=30).filter(str.strip)
NAMES = _LINE.map(lambda name: " ".join(name.replace(":", "").split())).filter(bool)
CUES = st.builds(
    Segment, MILLISECONDS, MILLISECONDS, NAMES, st.lists(_LINE, min_size=1, max_size=3).map("\n".join), st.none()
)


@given(st.lists(ANY, max_size=5))
def test_json_keeps_everything(segments: list[Segment]) -> None:
    assert parse_transcript(to_json(segments).encode()) == segments


@given(st.lists(CUES, max_size=5))
def test_srt_keeps_what_it_can(segments: list[Segment]) -> None:
    assert parse_transcript(to_srt(segments).encode()) == segments


@given(st.lists(CUES, max_size=5))
def test_vtt_keeps_what_it_can(segments: list[Segment]) -> None:
    assert parse_transcript(to_vtt(segments).encode()) == segments


@given(st.lists(CUES, max_size=5))
def test_from_format_to_format(segments: list[Segment]) -> None:
    """Any way round: through all of them, it is the same in the end."""
    there = parse_transcript(
        to_json(parse_transcript(to_vtt(parse_transcript(to_srt(segments).encode())).encode())).encode()
    )
    assert there == segments


@given(st.lists(ANY, max_size=5))
def test_subtitles_of_anything_can_be_read(segments: list[Segment]) -> None:
    """Names with colons and texts with blank lines cannot all come back, but every cue does, with its start."""
    for written in (to_srt(segments), to_vtt(segments)):
        read = parse_transcript(written.encode())
        assert [segment.start for segment in read] == [segment.start for segment in segments]


# Names and texts made of what means something in a cue, or looks like one.
_FORGED = "2\n00:00:02,000 --> 00:00:03,000\nMallory: I quit"
_PIECES = st.sampled_from(
    [": ", ":", "--", ">", "-->", MARK, "\n", " ", "a", "1", "<v Eve>", "NOTE", "WEBVTT", "&lt;", _FORGED]
)
HOSTILE_TEXT = st.lists(_PIECES, max_size=12).map("".join) | TEXT
HOSTILE = st.builds(Segment, MILLISECONDS, MILLISECONDS, st.none() | HOSTILE_TEXT, HOSTILE_TEXT, st.none())


def as_cue(segment: Segment) -> Segment:
    """What a cue has of a segment: a name on one line, a text without blank lines."""
    speaker = " ".join((segment.speaker or "").split()).strip(f" {MARK}") or None
    lines = re.split(r"[\r\n]+", segment.text)
    return segment._replace(speaker=speaker, text="\n".join(line for line in lines if line.strip(" \t")))


@given(st.lists(HOSTILE, max_size=5))
def test_no_name_or_text_changes_what_subtitles_say(segments: list[Segment]) -> None:
    srt, vtt = to_srt(segments), to_vtt(segments)
    assert parse_transcript(srt.encode()) == parse_transcript(vtt.encode()) == [as_cue(one) for one in segments]
    for written in (srt, vtt):  # as others see it, for whom each arrow begins a cue
        assert written.count("-->") == len(segments)


def test_a_sentence_cannot_become_a_cue() -> None:
    segment = Segment(timedelta(0), timedelta(1), "Alice", f"hello\n{_FORGED}")
    for written in (to_srt([segment]), to_vtt([segment])):
        assert parse_transcript(written.encode()) == [segment]
        assert len(re.findall(r"^[0-9:.,]+ --> [0-9:.,]+$", written, re.MULTILINE)) == 1


@given(st.lists(ANY, max_size=5))
def test_text_is_not_markup_in_markdown(segments: list[Segment]) -> None:
    written = to_markdown(segments)
    paragraphs = written.split("\n\n") if segments else []
    assert len(paragraphs) == len(segments)
    for paragraph in paragraphs:
        bare = re.sub(r"\\.", "", re.sub(r"^\d+:\d\d:\d\d (?:\*\*((?:\\.|[^\\*])*)\*\*: )?", r"\1", paragraph))
        assert not set(bare.strip()) & set("\\`*_[]<>")


def test_as_documented() -> None:
    assert to_srt(SEGMENTS) == SRT
    assert to_vtt(SEGMENTS) == VTT
    assert parse_transcript(JSON.encode()) == parse_transcript(to_json(SEGMENTS).encode()) == SEGMENTS
    assert set(json.loads(to_json(SEGMENTS))[0]["peerData"]) == {"id", "userId", "displayName", "cpi"}
    assert to_markdown(SEGMENTS) == '00:00:00 **Alice**: Hello everyone\n\n00:01:05 **Bob**: Hi, "Alice"\n'


def test_hostile_text_in_subtitles_and_markdown() -> None:
    segment = Segment(timedelta(0), timedelta(1), "<v Eve>", "</v><script>alert(1)</script>\n\n00:00:00.000 --> x\n# h")
    (read,) = parse_transcript(to_vtt([segment]).encode())
    assert "<" not in to_vtt([segment])
    assert read == segment._replace(text=segment.text.replace("\n\n", "\n"))
    assert "<" not in to_markdown([segment]).replace("\\<", "")
    assert to_markdown([segment]).count("\n") == 1


def test_a_guess_where_the_end_is_unknown() -> None:
    """Shown until the next begins, for 5 s at most."""
    read = parse_transcript(to_srt(parse_transcript((CSV + "66250,p,u,c,Alice,x\n").encode())).encode())
    assert [segment.end for segment in read] == [timedelta(seconds=s) for s in (5, 66.25, 71.25)]
    assert without(read, "end", "peer")[:2] == without(SEGMENTS, "end", "peer")
