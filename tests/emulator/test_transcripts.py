"""The transcript in its four formats, each parsed by a small parser here: all have the same content."""

from __future__ import annotations

import csv
import io
import json
import re
from typing import TYPE_CHECKING, NamedTuple

import pytest

from .shape import must_be, when

if TYPE_CHECKING:
    from .world import Who, World

FORMATS = ("CSV", "JSON", "SRT", "VTT")


class Sentence(NamedTuple):
    """The content that all four formats have."""

    start: int
    who: str
    text: str


def transcript(world: World, session_id: str, kind: str) -> bytes:
    link = world.get(f"/sessions/{session_id}/transcript", format=kind).data["transcript_download_url"]
    return world.download(link).body


def read_csv(body: bytes) -> list[Sentence]:
    rows = csv.reader(io.StringIO(body.decode(), newline=""))
    return [Sentence(int(start), name, text) for start, _peer, _user, _custom, name, text in rows]


def read_json(body: bytes) -> list[Sentence]:
    return [Sentence(item["startTime"], item["peerData"]["displayName"], item["sentence"]) for item in json.loads(body)]


def milliseconds(time: str, point: str) -> int:
    found = re.fullmatch(r"(\d\d+):([0-5]\d):([0-5]\d)" + re.escape(point) + r"(\d{3})", time)
    assert found, time
    hours, minutes, seconds, rest = map(int, found.groups())
    return ((hours * 60 + minutes) * 60 + seconds) * 1000 + rest


def cues(text: str, point: str) -> list[tuple[int, int, list[str], str]]:
    """(start, end, lines before the times, text) of each block between blank lines; all line ends are the same."""
    found = []
    for block in re.split(r"\n{2,}", re.sub(r"\r\n?", "\n", text).strip("\n")):
        lines = block.split("\n")
        at = next(number for number, line in enumerate(lines) if "-->" in line)
        start, end = lines[at].split(" --> ")
        said = "\n".join(lines[at + 1 :])
        found.append((milliseconds(start, point), milliseconds(end, point), lines[:at], said))
    return found


def read_srt(body: bytes) -> list[Sentence]:
    found = cues(body.decode(), ",")
    assert [before for _, _, before, _ in found] == [[str(number)] for number in range(1, len(found) + 1)]
    return [Sentence(start, *said.split(": ", 1)) for start, _, _, said in found]


def read_vtt(body: bytes) -> list[Sentence]:
    head, _, rest = body.decode().partition("\n\n")
    assert head == "WEBVTT"
    found = cues(rest, ".")
    assert [before for _, _, before, _ in found] == [[]] * len(found)
    # In a cue "<" opens a tag, "&" an entity, and "-->" cannot stand: https://www.w3.org/TR/webvtt1/
    for _, _, _, said in found:
        assert "-->" not in said, f"a line with an arrow ends the cue: {said!r}"
        assert "<" not in said, f"read as a tag: {said!r}"
        assert not re.search(r"&(?!amp;|lt;|gt;)", said), f"read as an entity: {said!r}"
    plain = [said.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&") for _, _, _, said in found]
    return [Sentence(start, *text.split(": ", 1)) for (start, _, _, _), text in zip(found, plain, strict=True)]


READERS = {"CSV": read_csv, "JSON": read_json, "SRT": read_srt, "VTT": read_vtt}


def one_line_end(text: str) -> str:
    """Cues cannot contain a blank line, but must keep everything else."""
    return re.sub(r"\n+", "\n", re.sub(r"\r\n?", "\n", text))


def said(world: World, *texts: str, name: str = "Alice") -> tuple[Who, list[Sentence]]:
    meeting_id = world.meeting()
    who = world.join(meeting_id, name, custom_participant_id="c-1")
    for number, text in enumerate(texts):
        world.say(who, text, number * 1000, number * 1000 + 999)
    world.end(meeting_id)
    return who, [Sentence(number * 1000, name, text) for number, text in enumerate(texts)]


def test_each_format_as_documented(world: World) -> None:
    meeting_id = world.meeting()
    alice, bob = world.join(meeting_id, "Alice"), world.join(meeting_id, "Bob")
    world.say(bob, "Good morning", 61_002, 3_661_003)
    world.say(alice, "Hello everyone", 1, 1999)
    world.end(meeting_id)
    got = {kind: transcript(world, alice.session_id, kind).decode() for kind in FORMATS}
    assert list(csv.reader(io.StringIO(got["CSV"]))) == [  # no header
        ["1", alice.peer_id, alice.participant_id, "alice", "Alice", "Hello everyone"],
        ["61002", bob.peer_id, bob.participant_id, "bob", "Bob", "Good morning"],
    ]
    first, second = json.loads(got["JSON"])
    peer = {
        "id": alice.peer_id,
        "userId": alice.participant_id,
        "displayName": "Alice",
        "cpi": "alice",
        "joinedAt": when,
        "leftAt": when,
    }
    must_be(first, {"startTime": 1, "endTime": 1999, "sentence": "Hello everyone", "peerData": peer})
    assert (second["startTime"], second["endTime"]) == (61_002, 3_661_003)
    assert got["SRT"] == (
        "1\n00:00:00,001 --> 00:00:01,999\nAlice: Hello everyone\n\n"
        "2\n00:01:01,002 --> 01:01:01,003\nBob: Good morning\n"
    )
    assert got["VTT"] == (
        "WEBVTT\n\n00:00:00.001 --> 00:00:01.999\nAlice: Hello everyone\n\n"
        "00:01:01.002 --> 01:01:01.003\nBob: Good morning\n"
    )


def test_without_speech_the_transcript_is_empty(world: World) -> None:
    session_id = world.ended()[0].session_id
    assert {transcript(world, session_id, kind) for kind in FORMATS} == {b""}


EASY = [
    'say "hi"',
    "a, b; c",
    "é ü 漢字 \U0001f600",
    "two\nlines",
    "tab\there",
    "it's: so",
    "  spaces  ",
    "100%",
    "1",
    "x" * 5000,
]


@pytest.mark.parametrize("kind", FORMATS)
def test_all_formats_hold_the_same_sentences(world: World, kind: str) -> None:
    who, wanted = said(world, *EASY, name='Dr. "Zoë", 漢')
    assert READERS[kind](transcript(world, who.session_id, kind)) == wanted


@pytest.mark.parametrize("kind", ["CSV", "JSON"])
def test_tables_keep_every_character(world: World, kind: str) -> None:
    texts = ["\r\n", "a\r\n\r\nb", "\n\n\n\n", "a --> b", "\x00", "\u2028\x85", "", "\ufeff", "-->", "<b>&amp;"]
    who, wanted = said(world, *texts)
    assert READERS[kind](transcript(world, who.session_id, kind)) == wanted


@pytest.mark.parametrize("kind", ["SRT", "VTT"])
@pytest.mark.parametrize("text", ["a\n\nb", "a\r\n\r\nb", "a\n\r\nb", "a\n b", "a\n\n\nb", "a\n\n\n\n\nb", "a\r\rb"])
def test_blank_lines_do_not_end_a_cue(world: World, kind: str, text: str) -> None:
    who, wanted = said(world, text, "next")
    found = READERS[kind](transcript(world, who.session_id, kind))
    assert found == [sentence._replace(text=one_line_end(sentence.text)) for sentence in wanted]


def test_a_line_of_times_in_a_sentence_begins_no_cue(world: World) -> None:
    who, wanted = said(world, "hello\n2\n00:00:02,000 --> 00:00:03,000\nBob: I quit", "next")
    text = transcript(world, who.session_id, "SRT").decode()
    assert len(re.findall(r"^[0-9:,]+ --> [0-9:,]+$", text, re.MULTILINE)) == len(wanted)


def test_an_arrow_in_srt_is_text(world: World) -> None:
    who, wanted = said(world, "from a --> to b", "next")
    assert read_srt(transcript(world, who.session_id, "SRT")) == wanted


@pytest.mark.parametrize("text", ["from a --> to b", "if a < b", "<b>bold</b>", "AT&T", "&lt;"])
def test_vtt_escapes(world: World, text: str) -> None:
    who, wanted = said(world, text, "next")
    assert read_vtt(transcript(world, who.session_id, "VTT")) == wanted


@pytest.mark.parametrize("kind", FORMATS)
def test_sentences_come_in_the_order_of_their_time(world: World, kind: str) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id)
    for start in (5000, 0, 3000, 3000):
        world.say(who, f"at {start}", start, start + 1)
    world.end(meeting_id)
    found = READERS[kind](transcript(world, who.session_id, kind))
    assert [sentence.text for sentence in found] == ["at 0", "at 3000", "at 3000", "at 5000"]


@pytest.mark.parametrize("kind", FORMATS)
def test_a_participant_without_a_name_has_the_custom_id_as_name(world: World, kind: str) -> None:
    meeting_id = world.meeting()
    who = world.join(meeting_id, None, custom_participant_id="user-7")
    world.say(who, "hello")
    world.end(meeting_id)
    assert READERS[kind](transcript(world, who.session_id, kind)) == [Sentence(0, "user-7", "hello")]
