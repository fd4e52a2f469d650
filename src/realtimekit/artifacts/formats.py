"""Segments as files: SRT, WebVTT, Markdown, JSON."""

from __future__ import annotations

import itertools
import json
import re
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.artifacts.segments import one_line

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realtimekit.artifacts.segments import Segment

_MILLISECOND = timedelta(milliseconds=1)
_LONGEST_GUESS = timedelta(seconds=5)


def to_srt(segments: Sequence[Segment]) -> str:
    """SubRip subtitles; each cue is "Alice: Hello everyone".

    A segment without an end is shown until the next one begins, for 5 s at most; so in WebVTT.
    """
    return "\n".join(
        f"{number}\n{_clock(segment.start, ',')} --> {_clock(end, ',')}\n{_cue(segment)}\n"
        for number, (segment, end) in enumerate(_shown(segments), 1)
    )


def to_vtt(segments: Sequence[Segment]) -> str:
    """WebVTT subtitles; each cue is "Alice: Hello everyone"."""
    # https://www.w3.org/TR/webvtt1/#webvtt-cue-text-span: none of these may stand in a text as it is
    escapes = str.maketrans({"&": "&amp;", "<": "&lt;", ">": "&gt;"})
    return "WEBVTT\n\n" + "\n".join(
        f"{_clock(segment.start, '.')} --> {_clock(end, '.')}\n{_cue(segment).translate(escapes)}\n"
        for segment, end in _shown(segments)
    )


def to_markdown(segments: Sequence[Segment]) -> str:
    """A paragraph for each segment: its time, its speaker in bold, the text. What would be markup is escaped."""
    paragraphs: list[str] = []
    for segment in segments:
        name, text = _escaped(segment.speaker or ""), _escaped(segment.text)
        paragraphs.append(f"{_clock(segment.start, '.')[:-4]} {f'**{name}**: ' if name else ''}{text}\n")
    return "\n".join(paragraphs)


def to_json(segments: Sequence[Segment]) -> str:
    """RealtimeKit's own form: a list of `startTime`, `endTime` (milliseconds), `sentence`, `peerData`."""
    return json.dumps([_item(segment) for segment in segments], ensure_ascii=False, indent=2)


def _item(segment: Segment) -> dict[str, Any]:
    who = {"displayName": segment.speaker}
    if segment.peer:
        peer = segment.peer
        who = {"id": peer.id, "userId": peer.user_id, **who, "cpi": peer.custom_participant_id}
    return {
        "startTime": _milliseconds(segment.start),
        "endTime": None if segment.end is None else _milliseconds(segment.end),
        "sentence": segment.text,
        "peerData": who,
    }


def _milliseconds(time: timedelta) -> float:
    whole, rest = divmod(time, _MILLISECOND)
    return time / _MILLISECOND if rest else whole


def _shown(segments: Sequence[Segment]) -> Iterator[tuple[Segment, timedelta]]:
    """Each segment and when it ends."""
    starts = sorted({segment.start for segment in segments})
    following = dict(itertools.pairwise(starts))
    for segment in segments:
        guess = segment.start + _LONGEST_GUESS
        yield segment, min(guess, following.get(segment.start, guess)) if segment.end is None else segment.end


def _cue(segment: Segment) -> str:
    """The text of a cue: a blank line would end it, and lose the rest."""
    text = "\n".join(line for line in re.split(r"[\r\n]+", segment.text) if line.strip(" \t"))
    name = one_line(segment.speaker or "")
    return f"{name}: {text}" if name else text


def _clock(time: timedelta, point: str) -> str:
    milliseconds = round(max(time, timedelta(0)) / _MILLISECOND)
    seconds, rest = divmod(milliseconds, 1000)
    return f"{seconds // 3600:02}:{seconds // 60 % 60:02}:{seconds % 60:02}{point}{rest:03}"


def _escaped(text: str) -> str:
    return re.sub(r"([\\`*_{}\[\]<>()#+!|~&$-])", r"\\\1", one_line(text))
