"""Export segments as SRT, WebVTT, Markdown or JSON."""

from __future__ import annotations

import itertools
import json
import re
from collections.abc import Iterator, Sequence
from datetime import timedelta
from typing import Any

from realtimekit.artifacts.cues import join_speaker
from realtimekit.artifacts.segments import Segment, one_line, validate_segments
from realtimekit.safe_text import clean

_MILLISECOND = timedelta(milliseconds=1)
_MAX_GUESS = timedelta(seconds=5)


def to_srt(segments: Sequence[Segment]) -> str:
    """Return SubRip subtitles; each cue is "Alice: Hello everyone".

    A segment without an end is shown until the next one begins, for at most 5 s. The same applies to WebVTT.
    """
    return "\n".join(
        f"{number}\n{_timestamp(segment.start, ',')} --> {_timestamp(end, ',')}\n{_cue(segment)}\n"
        for number, (segment, end) in enumerate(_with_ends(segments), 1)
    )


def to_vtt(segments: Sequence[Segment]) -> str:
    """Return WebVTT subtitles; each cue is "Alice: Hello everyone"."""
    # https://www.w3.org/TR/webvtt1/#webvtt-cue-text-span: these must be escaped
    escapes = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    return "WEBVTT\n\n" + "\n".join(
        f"{_timestamp(segment.start, '.')} --> {_timestamp(end, '.')}\n{_cue(segment).translate(escapes)}\n"
        for segment, end in _with_ends(segments)
    )


def to_markdown(segments: Sequence[Segment]) -> str:
    """Return a Markdown paragraph for each segment: its time, its speaker in bold, and its text.

    Whatever names and texts contain is shown as it is: markup and HTML are escaped, control characters replaced.
    """
    paragraphs: list[str] = []
    for segment in validate_segments(segments):
        name, text = _escape(segment.speaker or ""), _escape(segment.text)
        paragraphs.append(f"{_timestamp(segment.start, '.')[:-4]} {f'**{name}**: ' if name else ''}{text}\n")
    return "\n".join(paragraphs)


def to_json(segments: Sequence[Segment]) -> str:
    """Return JSON in RealtimeKit's format: a list of `startTime`, `endTime` (milliseconds), `sentence`, `peerData`."""
    return json.dumps([_item(segment) for segment in validate_segments(segments)], ensure_ascii=False, indent=2)


def _item(segment: Segment) -> dict[str, Any]:
    peer_data = {"displayName": segment.speaker}
    if segment.peer:
        peer = segment.peer
        peer_data = {"id": peer.id, "userId": peer.user_id, **peer_data, "cpi": peer.custom_participant_id}
    return {
        "startTime": _milliseconds(segment.start),
        "endTime": None if segment.end is None else _milliseconds(segment.end),
        "sentence": segment.text,
        "peerData": peer_data,
    }


def _milliseconds(time: timedelta) -> float:
    whole, rest = divmod(time, _MILLISECOND)
    return time / _MILLISECOND if rest else whole


def _with_ends(segments: Sequence[Segment]) -> Iterator[tuple[Segment, timedelta]]:
    """Yield each segment with its end, or a guess of it."""
    segments = validate_segments(segments)
    starts = sorted({segment.start for segment in segments})
    following = dict(itertools.pairwise(starts))
    for segment in segments:
        guess = segment.start + _MAX_GUESS
        yield segment, min(guess, following.get(segment.start, guess)) if segment.end is None else segment.end


def _cue(segment: Segment) -> str:
    """Return the text of a cue, without blank lines, which would end the cue."""
    text = "\n".join(line for line in re.split(r"[\r\n]+", segment.text) if line.strip(" \t"))
    return join_speaker(one_line(segment.speaker or ""), text)


def _timestamp(time: timedelta, point: str) -> str:
    milliseconds = round(max(time, timedelta(0)) / _MILLISECOND)
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


def _escape(text: str) -> str:
    # What has a meaning only at the beginning of a line (lists, rules) cannot be there: the time is.
    return re.sub(r"([\\`*_{}\[\]<>#|~&$])", r"\\\1", one_line(clean(text)))
