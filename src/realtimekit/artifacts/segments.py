"""The transcript of a session: a file in any of its four formats in, segments out."""

from __future__ import annotations

import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.artifacts.cues import cues, is_srt, is_vtt
from realtimekit.artifacts.rows import read_each, table, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from realtimekit.errors import DecodeError

COLUMNS = ("startTimeMs", "peerId", "userId", "customParticipantId", "name", "text")
# What the JSON form calls the same, and a header row may.
_ALIASES = {
    "starttime": "startTimeMs",
    "endtime": "endTimeMs",
    "endtimems": "endTimeMs",
    "sentence": "text",
    "displayname": "name",
    "cpi": "customParticipantId",
}


class Peer(NamedTuple):
    """Who spoke, by their ids; SRT and VTT files do not have them."""

    id: str | None
    user_id: str | None
    custom_participant_id: str | None


class Segment(NamedTuple):
    """Something that somebody said."""

    start: timedelta
    """From the moment that the file counts from."""
    end: timedelta | None
    """None from a CSV file, which does not say it."""
    speaker: str | None
    """The name that was shown."""
    text: str
    peer: Peer | None = None
    """None from SRT and VTT files, which do not say it."""


class SpeakingTime(NamedTuple):
    """How much one participant spoke."""

    speaker: str | None
    """The name that was shown last."""
    peer: Peer | None
    """Of the participant's last segment."""
    time: timedelta
    """What overlaps counts once."""
    segments: int


def parse_transcript(content: bytes, *, problems: list[DecodeError] | None = None) -> list[Segment]:
    """The segments of a transcript file, in its order; an empty file has none.

    Args:
        content: CSV with or without a header row, JSON, SRT or VTT, whatever the file's name says.
        problems: rows that cannot be read are reported here, each with its line, and the others are read.

    Raises:
        DecodeError: the file is no JSON though it begins like it; or a row cannot be read, and `problems` is None.
    """
    text = text_of(content)
    if is_vtt(text) or is_srt(text):
        return read_each(cues(text), _from_cue, problems)
    return read_each(table(text, COLUMNS, _ALIASES), _from_row, problems)


def _from_cue(cue: Mapping[str, Any]) -> Segment:
    # "Alice: Hello everyone": without a name it is all text.
    speaker, text = cue["voice"], cue["text"]
    if speaker is None and (named := re.match(r"([^:\n]*):(?:[ \n]|$)", text)):
        speaker, text = named[1], text[named.end() :]
    return Segment(cue["start"], cue["end"], speaker or None, text)


def _from_row(row: Mapping[str, Any]) -> Segment:
    cells: dict[str, Any] = dict(row)
    who = cells.get("peerData")
    if isinstance(who, dict):
        known = {"id": "peerId", "userId": "userId", "displayName": "name", "cpi": "customParticipantId"}
        cells |= {known[name]: value for name, value in who.items() if name in known}
    if not isinstance(cells.get("text"), str):
        raise TypeError("it has no text")
    end = cells.get("endTimeMs")
    ids = [_text(cells.get(name)) for name in ("peerId", "userId", "customParticipantId")]
    return Segment(
        _time(cells.get("startTimeMs")),
        None if end in (None, "") else _time(end),
        _text(cells.get("name")),
        cells["text"],
        Peer(*ids) if any(ids) else None,
    )


def _text(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _time(value: Any) -> timedelta:
    try:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - caught below
        time = timedelta(milliseconds=float(value))
    except (TypeError, ValueError, OverflowError):
        raise ValueError(f"{value!r} is no time in milliseconds") from None
    if time < timedelta(0):
        raise ValueError(f"{value!r} is before the beginning")
    return time


def spoken(segments: Iterable[Segment]) -> str:
    """What was said as plain text, a line for each segment: "Alice: Hello everyone"."""
    return "".join(f"{labelled(segment)}\n" for segment in segments)


def labelled(segment: Segment) -> str:
    """A segment on one line, with its speaker."""
    name, text = one_line(segment.speaker or ""), one_line(segment.text)
    return f"{name}: {text}" if name else text


def one_line(text: str) -> str:
    return " ".join(text.split())


def speaking_time(segments: Iterable[Segment]) -> list[SpeakingTime]:
    """How long each participant spoke; who spoke most comes first.

    A participant who came back as another peer counts as one, where the segments have ids.

    Raises:
        ValueError: a segment has no end: read the transcript as JSON, SRT or VTT.
    """
    of: dict[str | None, list[Segment]] = {}
    for segment in segments:
        if segment.end is None:
            raise ValueError("a segment has no end, as none in a CSV file has: read the transcript as JSON, SRT or VTT")
        peer = segment.peer
        key = (peer.custom_participant_id or peer.user_id or peer.id) if peer else segment.speaker
        of.setdefault(key, []).append(segment)
    times = [SpeakingTime(said[-1].speaker, said[-1].peer, _covered(said), len(said)) for said in of.values()]
    return sorted(times, key=lambda one: one.time, reverse=True)


def _covered(segments: list[Segment]) -> timedelta:
    total, until = timedelta(0), timedelta(0)
    for start, end in sorted((segment.start, segment.end or segment.start) for segment in segments):
        total += max(timedelta(0), end - max(start, until))
        until = max(until, end)
    return total
