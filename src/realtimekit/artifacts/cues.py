"""Subtitles: the cues of SRT and WebVTT files.

WebVTT: https://www.w3.org/TR/webvtt1/. SRT has no standard; what is read here is what players read.
"""

from __future__ import annotations

import html
import re
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtimekit.artifacts.rows import Row

_CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n")
# strip() takes the other blanks: `[ \t]+` and what follows it would share them in every way there is.
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]([^>]*)>")
_NO_TIMES = "there are no times such as 00:00:01.000 --> 00:00:02.500"


def is_vtt(text: str) -> bool:
    return re.match(r"\s*WEBVTT(?:\s|$)", text) is not None


def is_srt(text: str) -> bool:
    """A number alone on the first line, or times: no other format of a transcript begins so."""
    first = _LINE_END.split(text.lstrip(), 1)[0].strip()
    return (first.isascii() and first.isdigit()) or _TIMES.fullmatch(first) is not None


def cues(text: str) -> Iterator[Row]:
    """The cues of a file: `start`, `end` (timedelta), `voice` (the name in WebVTT's `<v name>`, or None) and `text`."""
    vtt = is_vtt(text)
    for number, lines in _blocks(text):
        if vtt and re.match(r"(?:WEBVTT|NOTE|STYLE|REGION)(?:[ \t]|$)", lines[0]):
            continue
        before = 0 if "-->" in lines[0] else 1  # a cue may have a name or a number
        place = f"line {number}"
        times = _TIMES.fullmatch(lines[before]) if len(lines) > before else None
        if times is None:
            yield place, _NO_TIMES
            continue
        try:
            start, end = _time(*times.groups()[:4]), _time(*times.groups()[4:])
        except (ValueError, OverflowError):  # more digits than int() reads, or than a timedelta holds
            yield place, _NO_TIMES
            continue
        said = "\n".join(lines[before + 1 :])
        voice = _VOICE.match(said) if vtt else None
        yield (
            place,
            {
                "start": start,
                "end": end,
                "voice": _unescaped(voice[1]).strip() if voice else None,
                "text": _unescaped(_without_tags(said)) if vtt else said,
            },
        )


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """What stands between blank lines, and the number of its first line. Only real line ends count as such."""
    lines: list[str] = []
    for number, line in enumerate([*_LINE_END.split(text), ""], 1):
        if line.strip(" \t"):
            lines.append(line)
        elif lines:
            yield number - len(lines), lines
            lines = []


def _without_tags(said: str) -> str:
    # After the last `>` no tag ends: looking for one from each `<` there takes time with the square of the length.
    before, end, after = said.rpartition(">")
    return re.sub(r"<[^>]*>", "", before + end) + after


def _unescaped(text: str) -> str:
    # int(), in there, raises ValueError for thousands of digits; no character has a number of a hundred.
    return html.unescape(re.sub(r"&(?=#[0-9]{100})", "&amp;", text))


def _time(hours: str | None, minutes: str, seconds: str, fraction: str) -> timedelta:
    return timedelta(
        hours=int(hours or 0), minutes=int(minutes), seconds=int(seconds), milliseconds=int(fraction.ljust(3, "0"))
    )
