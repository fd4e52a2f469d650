"""Parse the transcript file of a session, in any of its four formats, into segments."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, NamedTuple

from realtimekit.artifacts.cues import is_srt, is_vtt, parse_cues, split_speaker
from realtimekit.artifacts.rows import convert_rows, decode_text, parse_table, unquote_formula
from realtimekit.errors import DecodeError
from realtimekit.record import Record

COLUMNS = ("startTimeMs", "peerId", "userId", "customParticipantId", "name", "text")
# The columns of `sessions transcript --csv`.
EXPORT_COLUMNS = ("start_seconds", "end_seconds", "speaker", "custom_participant_id", "text")
# The names of the same columns in JSON, and possibly in a header row.
_ALIASES = {
    "starttime": "startTimeMs",
    "endtime": "endTimeMs",
    "endtimems": "endTimeMs",
    "sentence": "text",
    "displayname": "name",
    "cpi": "customParticipantId",
    "startseconds": "startSeconds",
    "endseconds": "endSeconds",
    "speaker": "name",
}
_MILLISECOND = timedelta(milliseconds=1)


class Peer(NamedTuple):
    """The ids of a speaker; SRT and VTT files do not have them.

    Attributes:
        id: the peer id.
        user_id: the user id.
        custom_participant_id: your own id of the participant.
    """

    id: str | None
    user_id: str | None
    custom_participant_id: str | None


class Segment(NamedTuple):
    """Something that somebody said.

    Attributes:
        start: the time since the beginning of the file.
        end: like `start`; None from a CSV file, which does not have it.
        speaker: the display name.
        text: what was said.
        peer: the ids of the speaker; None from SRT and VTT files, which do not have them.
    """

    start: timedelta
    end: timedelta | None
    speaker: str | None
    text: str
    peer: Peer | None = None


class SpeakingTime(NamedTuple):
    """How long one participant spoke.

    Attributes:
        speaker: the last display name.
        peer: the ids of the participant's last segment.
        time: the total time, without counting overlaps twice.
        segments: the number of segments.
    """

    speaker: str | None
    peer: Peer | None
    time: timedelta
    segments: int


def parse_transcript(content: bytes, *, errors: list[DecodeError] | None = None) -> list[Segment]:
    """Return the segments of a transcript file, in its order; an empty list for an empty file.

    Args:
        content: CSV with or without a header row, JSON, SRT or VTT; the format is detected from the content.
        errors: if given, rows that cannot be read are appended here, each with its line, instead of raised.

    Raises:
        DecodeError: the file looks like JSON but is not; or a row cannot be read, and `errors` is None.
    """
    text = decode_text(content)
    if is_vtt(text) or is_srt(text):
        return convert_rows(parse_cues(text), _from_cue, errors)
    return convert_rows(parse_table(text, COLUMNS, _ALIASES), _from_row, errors)


def _from_cue(cue: Mapping[str, Any]) -> Segment:
    # "Alice: Hello everyone", or text without a name
    speaker, text = cue["voice"], cue["text"]
    if speaker is None:
        speaker, text = split_speaker(text)
    return Segment(cue["start"], cue["end"], speaker or None, text)


def _from_row(row: Mapping[str, Any]) -> Segment:
    cells: dict[str, Any] = dict(row)
    peer_data = cells.get("peerData")
    if isinstance(peer_data, dict):
        columns = {"id": "peerId", "userId": "userId", "displayName": "name", "cpi": "customParticipantId"}
        cells |= {columns[name]: value for name, value in peer_data.items() if name in columns}
    unit = _MILLISECOND
    if "startSeconds" in cells:  # our own CSV
        cells = {name: unquote_formula(value) if isinstance(value, str) else value for name, value in cells.items()}
        cells |= {"startTimeMs": cells["startSeconds"], "endTimeMs": cells.get("endSeconds")}
        unit = timedelta(seconds=1)
    if not isinstance(cells.get("text"), str):
        raise TypeError("it has no text")
    end = cells.get("endTimeMs")
    ids = [_optional_string(cells.get(name)) for name in ("peerId", "userId", "customParticipantId")]
    return Segment(
        _parse_offset(cells.get("startTimeMs"), unit),
        None if end in (None, "") else _parse_offset(end, unit),
        _optional_string(cells.get("name")),
        cells["text"],
        Peer(*ids) if any(ids) else None,
    )


def _optional_string(value: Any) -> str | None:
    return None if value is None or value == "" else str(value)


def _parse_offset(value: Any, unit: timedelta) -> timedelta:
    try:
        if isinstance(value, bool):
            raise ValueError  # noqa: TRY004 - caught below
        time = float(value) * unit
    except (TypeError, ValueError, OverflowError):
        unit_name = "milliseconds" if unit == _MILLISECOND else "seconds"
        raise ValueError(f"{value!r} is not a time in {unit_name}") from None
    if time < timedelta(0):
        raise ValueError(f"{value!r} is a negative time")
    return time


def to_text(segments: Iterable[Segment]) -> str:
    """Return the transcript as plain text, a line for each segment: "Alice: Hello everyone"."""
    return "".join(f"{format_segment(segment)}\n" for segment in validate_segments(segments))


def validate_segments(segments: Iterable[Segment]) -> list[Segment]:
    """Return the segments as a list.

    Raises:
        TypeError: they are not segments, but e.g. a transcript or its text.
    """
    given: Any = segments
    listed: list[Any] = list(given) if isinstance(given, Iterable) and not isinstance(given, Record) else [given]
    for segment in listed:
        if not isinstance(segment, Segment):
            kind = type(segment).__name__
            raise TypeError(f"segments must be a list of Segment, as transcript.segments() returns it, not of {kind}")
    return listed


def format_segment(segment: Segment) -> str:
    """Return a segment on one line, with its speaker."""
    name, text = one_line(segment.speaker or ""), one_line(segment.text)
    return f"{name}: {text}" if name else text


def one_line(text: str) -> str:
    """Return the text with each run of whitespace replaced with a space."""
    return " ".join(text.split())


def speaking_time(segments: Iterable[Segment]) -> list[SpeakingTime]:
    """Return how long each participant spoke, the longest time first.

    A participant who rejoined as another peer counts once, if the segments have ids.

    Raises:
        ValueError: a segment has no end: read the transcript as JSON, SRT or VTT.
    """
    groups: dict[str | None, list[Segment]] = {}
    for segment in validate_segments(segments):
        if segment.end is None:
            raise ValueError("a segment has no end (CSV files have none): read the transcript as JSON, SRT or VTT")
        peer = segment.peer
        key = (peer.custom_participant_id or peer.user_id or peer.id) if peer else segment.speaker
        groups.setdefault(key, []).append(segment)
    times = [
        SpeakingTime(group[-1].speaker, group[-1].peer, _total_time(group), len(group)) for group in groups.values()
    ]
    return sorted(times, key=lambda one: one.time, reverse=True)


def _total_time(segments: list[Segment]) -> timedelta:
    total, covered_until = timedelta(0), timedelta(0)
    for start, end in sorted((segment.start, segment.end or segment.start) for segment in segments):
        total += max(timedelta(0), end - max(start, covered_until))
        covered_until = max(covered_until, end)
    return total
