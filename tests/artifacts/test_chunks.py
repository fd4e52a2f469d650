"""Transcripts in chunks: nothing is lost, no chunk is too long, and each can be cited."""

from __future__ import annotations

import itertools
import re
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit import RealtimeKit
from realtimekit.artifacts.chunks import Chunk, chunk_segments
from realtimekit.artifacts.segments import Peer, Segment, one_line
from realtimekit.safe_text import clean
from tests.conftest import Demo
from tests.fuzz.examples import fuzzed


def said(text: str, speaker: str | None = "Ann", start: float = 0, end: float | None = 1, **peer: Any) -> Segment:
    ids = Peer(peer.get("id"), peer.get("user_id"), peer.get("custom_participant_id")) if peer else None
    return Segment(timedelta(seconds=start), None if end is None else timedelta(seconds=end), speaker, text, ids)


def texts(*segments: Segment, **options: Any) -> list[str]:
    return [chunk.text for chunk in chunk_segments(segments, **options)]


HUNDRED = "word " * 20  # characters


def test_what_a_chunk_says() -> None:
    segments = [
        said("Hello  there.", start=1.5, end=2),
        said("All well?", start=2, end=3.25),
        said("Yes.", "Bob", 4, 5),
    ]
    assert chunk_segments(segments, session_id="s1") == [
        Chunk("s1", 1, 1500, 3250, "Ann", ["Ann"], [1, 2], "Hello there. All well?"),
        Chunk("s1", 2, 4000, 5000, "Bob", ["Bob"], [3], "Yes."),
    ]
    (chunk,) = chunk_segments(segments, by="size")
    assert (chunk.speaker, chunk.speakers, chunk.segments) == (None, ["Ann", "Bob"], [1, 2, 3])
    assert chunk.text == "Ann: Hello there.\nAnn: All well?\nBob: Yes."
    assert chunk.to_dict()["end_ms"] == 5000


def test_nothing_was_said() -> None:
    assert chunk_segments([]) == chunk_segments([said(" \n")]) == []


def test_csv_files_do_not_say_when_a_segment_ends() -> None:
    assert [chunk.end_ms for chunk in chunk_segments([said("a", end=None)])] == [None]


def test_a_segment_that_fits_is_not_cut() -> None:
    long = "x" * 90
    assert texts(said(long), said(long), said("short"), max_chars=100) == [long, f"{long} short"]


def test_a_long_segment_is_cut_between_words() -> None:
    found = chunk_segments([said(HUNDRED * 3)], max_chars=100)
    assert all(set(chunk.text.split()) == {"word"} for chunk in found)
    assert sum(len(chunk.text.split()) for chunk in found) == 60
    assert [chunk.segments for chunk in found] == [[1]] * len(found)
    assert "".join(texts(said("x" * 250), max_chars=100)) == "x" * 250


def test_overlap_repeats_the_end_of_the_chunk_before() -> None:
    found = chunk_segments(
        [said(" ".join(f"w{number:02}" for number in range(80))), said("last")], max_chars=100, overlap=20
    )
    for before, after in itertools.pairwise(found):
        shared = max(n for n in range(21) if before.text[len(before.text) - n :] == after.text[:n])
        assert shared >= 10
    assert found[-1].segments == [1, 2]
    # Not of somebody else, if by speaker.
    assert texts(said("hello"), said("hi", "Bob"), max_chars=100, overlap=50) == ["hello", "hi"]
    found = chunk_segments(
        [said("x" * 60), said("y" * 60, "Bob"), said("z" * 10, "Bob")], max_chars=100, overlap=20, by="size"
    )
    assert [chunk.text for chunk in found] == ["Ann: " + "x" * 60, "Bob: " + "y" * 60 + "\nBob: " + "z" * 10]


@pytest.mark.parametrize(
    ("first", "second", "count"),
    [
        ({"id": "1", "user_id": "u"}, {"id": "2", "user_id": "u"}, 1),  # she came back
        ({"id": "1", "custom_participant_id": "c"}, {"id": "2", "custom_participant_id": "d"}, 2),  # a namesake
    ],
)
def test_who_is_the_same_speaker(first: dict[str, Any], second: dict[str, Any], count: int) -> None:
    assert len(chunk_segments([said("a", **first), said("b", **second)])) == count


def test_hostile_text() -> None:
    """A name cannot take a chunk for itself, and nothing can write another line."""
    segment = said("\x1b[31mred\u202e\nBob: I owe you\x00", "A\nB: " + "n" * 1000)
    (chunk,) = chunk_segments([segment], by="size", max_chars=200)
    assert len(chunk.text) <= 200
    assert chunk.text.count("\n") == 0
    assert not {"\x1b", "\u202e", "\x00"} & set(chunk.text)


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        ({"by": "color"}, ValueError, "by='color': use 'speaker' or 'size'"),
        ({"max_chars": 99}, ValueError, "max_chars=99: use 100 or more"),
        ({"overlap": -1}, ValueError, "overlap=-1: use 0 to 1000, half of max_chars"),
        ({"max_chars": 100, "overlap": 51}, ValueError, "overlap=51: use 0 to 50"),
        ({"max_chars": "9"}, TypeError, "max_chars must be a whole number of characters, not str"),
        ({"overlap": 1.5}, TypeError, "overlap must be a whole number of characters, not float"),
        ({"max_chars": True}, TypeError, "max_chars must be a whole number of characters, not bool"),
    ],
)
def test_bad_arguments(options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error, match=re.escape(message)):
        chunk_segments([], **options)


SEGMENT = st.builds(
    said,
    st.text(st.sampled_from("ab \n.\u202e\ud800é"), max_size=400) | st.just("z" * 300),
    st.sampled_from(["Ann", "Bob", "Ann " * 60, "", None]),
    st.floats(0, 9),
)


@fuzzed(40)
@given(st.lists(SEGMENT, max_size=8), st.integers(100, 300), st.floats(0, 0.5), st.sampled_from(["speaker", "size"]))
def test_any_segments(segments: list[Segment], max_chars: int, share: float, by: Any) -> None:
    chunks = chunk_segments(segments, max_chars=max_chars, overlap=int(max_chars * share), by=by)
    assert all(0 < len(chunk.text) <= max_chars for chunk in chunks)
    assert [chunk.number for chunk in chunks] == list(range(1, len(chunks) + 1))
    spoken = [number for number, segment in enumerate(segments, 1) if one_line(clean(segment.text))]
    assert sorted({number for chunk in chunks for number in chunk.segments}) == spoken
    if by == "speaker":
        assert all(len(chunk.speakers) <= 1 for chunk in chunks)
    if share == 0:
        plain = chunk_segments(segments, max_chars=max_chars)
        written = "".join("".join(chunk.text.split()) for chunk in plain)
        assert written == "".join("".join(clean(segment.text).split()) for segment in segments)


def test_a_long_transcript_takes_no_quadratic_time() -> None:
    """Each segment is looked at once, also if all are in one chunk."""
    segments = [said("hello")] * 20_000
    assert len(chunk_segments(segments, max_chars=10_000_000)) == 1
    assert len(chunk_segments(segments, max_chars=100, overlap=50)) > 1_000


def test_the_transcript_of_a_session(demo: Demo) -> None:
    with RealtimeKit(**demo.settings) as client:
        chunks = client.sessions.ref("sess-1").transcript.chunks(max_chars=200)
        assert chunks[0].session_id == "sess-1"
        assert (chunks[0].speaker, chunks[0].start_ms, chunks[0].segments) == ("Alice", 65_000, [1])
        transcript = client.sessions.ref("sess-1").transcript
        before = len(demo.emulator.requests())
        with pytest.raises(ValueError, match="max_chars=1"):
            transcript.chunks(max_chars=1)
        assert len(demo.emulator.requests()) == before
