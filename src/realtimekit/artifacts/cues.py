"""Parse subtitles: the cues of SRT and WebVTT files.

WebVTT: https://www.w3.org/TR/webvtt1/. SRT has no standard; this accepts what players accept.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta

from realtimekit.artifacts.rows import Row

_CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?", re.ASCII)
_LINE_END = re.compile(r"\r\n|\r|\n")
# One blank only; strip() removes the others. `[ \t]+` next to `[^>]*` would backtrack in quadratic time.
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]([^>]*)>")
_NO_TIMES = "it has no times such as 00:00:01.000 --> 00:00:02.500"


def is_vtt(text: str) -> bool:
    """Return whether the text is a WebVTT file."""
    return re.match(r"\s*WEBVTT(?:\s|$)", text) is not None


def is_srt(text: str) -> bool:
    """Return whether the text is an SRT file: only these begin with a line that is a number, or times."""
    first = _LINE_END.split(text.lstrip(), 1)[0].strip()
    return (first.isascii() and first.isdigit()) or _TIMES.fullmatch(first) is not None


def parse_cues(text: str) -> Iterator[Row]:
    """Yield the cues of a file: `start`, `end` (timedelta), `voice` (the name in `<v name>`, or None) and `text`."""
    vtt = is_vtt(text)
    for number, lines in _blocks(text):
        if vtt and re.match(r"(?:WEBVTT|NOTE|STYLE|REGION)(?:[ \t]|$)", lines[0]):
            continue
        times_line = 0 if "-->" in lines[0] else 1  # a cue may begin with a name or a number
        position = f"line {number}"
        times = _TIMES.fullmatch(lines[times_line]) if len(lines) > times_line else None
        if times is None:
            yield position, _NO_TIMES
            continue
        try:
            start, end = _time(*times.groups()[:4]), _time(*times.groups()[4:])
        except (ValueError, OverflowError):  # more digits than int() reads, or than a timedelta holds
            yield position, _NO_TIMES
            continue
        payload = "\n".join(lines[times_line + 1 :])
        voice = _VOICE.match(payload) if vtt else None
        yield (
            position,
            {
                "start": start,
                "end": end,
                "voice": _unescape(voice[1]).strip() if voice else None,
                "text": _unescape(_strip_tags(payload)) if vtt else payload,
            },
        )


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines between blank lines, with the number of the first. Only CR and LF count as line ends."""
    lines: list[str] = []
    for number, line in enumerate([*_LINE_END.split(text), ""], 1):
        if line.strip(" \t"):
            lines.append(line)
        elif lines:
            yield number - len(lines), lines
            lines = []


def _strip_tags(text: str) -> str:
    # No tag ends after the last `>`: searching from each `<` there would take quadratic time.
    before, end, after = text.rpartition(">")
    return re.sub(r"<[^>]*>", "", before + end) + after


def _unescape(text: str) -> str:
    # html.unescape raises ValueError for thousands of digits; no character has a number with a hundred.
    return html.unescape(re.sub(r"&(?=#[0-9]{100})", "&amp;", text))


def _time(hours: str | None, minutes: str, seconds: str, fraction: str) -> timedelta:
    return timedelta(
        hours=int(hours or 0), minutes=int(minutes), seconds=int(seconds), milliseconds=int(fraction.ljust(3, "0"))
    )
