"""Subtitles: the cues of SRT and WebVTT files, and the speaker in the text of a cue.

WebVTT: https://www.w3.org/TR/webvtt1/. SRT has no standard; this accepts what players accept.
"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any

from realtimekit.artifacts.rows import LINE_END, Row

_CLOCK = r"(?:(\d+):)?(\d{1,2}):(\d{1,2})[.,](\d{1,3})"
_TIMES = re.compile(rf"\s*{_CLOCK}\s*-->\s*{_CLOCK}(?:\s.*)?", re.ASCII)
# One blank only; strip() removes the others. `[ \t]+` next to `[^>]*` would backtrack in quadratic time.
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?[ \t]([^>]*)>")
_NO_TIMES = "it has no times such as 00:00:01.000 --> 00:00:02.500"
_UNKNOWN_HEADER = "it is in the header of the file, and is neither a cue nor known metadata"
_METADATA = re.compile(r"(?:Kind|Language|Region|Style|X-TIMESTAMP-MAP)[ \t]*[:=]", re.IGNORECASE)
_COMMENT = re.compile(r"(?:NOTE|STYLE|REGION)(?:[ \t]|$)")

# An invisible character (U+2060), written before a colon or a `>`, says that it is part of a name or text. Neither
# format has an escape for the colon, nor SRT one for the arrow, with which a sentence could look like another cue.
_MARK = "\u2060"
_SPEAKER = re.compile(rf"((?:[^:\n]|(?<={_MARK}):)*+):(?:[ \n]|\Z)")


def join_speaker(speaker: str, text: str) -> str:
    """Return the payload of a cue, "Alice: Hello everyone", which `split_speaker` splits into the same name and text.

    Args:
        speaker: a name without line breaks, or an empty string.
        text: without blank lines.
    """
    name = _mark_colons(speaker.strip(f" {_MARK}"))
    if not name:
        first, end, rest = text.partition("\n")
        ambiguous = f"{_MARK}:" in first or _SPEAKER.match(first)
        text = (_mark_colons(first) if ambiguous else first) + end + rest
    return re.sub(rf"--({_MARK}*>)", rf"--{_MARK}\1", f"{name}: {text}" if name else text)


def split_speaker(payload: str) -> tuple[str | None, str]:
    """Return the speaker, if a payload names one, and the text."""
    payload = re.sub(rf"--{_MARK}({_MARK}*>)", r"--\1", payload)
    if named := _SPEAKER.match(payload):
        return _unmark_colons(named[1]) or None, payload[named.end() :]
    first, end, rest = payload.partition("\n")
    return None, _unmark_colons(first) + end + rest


def _mark_colons(text: str) -> str:
    return text.replace(":", f"{_MARK}:")


def _unmark_colons(text: str) -> str:
    return text.replace(f"{_MARK}:", ":")


def is_vtt(text: str) -> bool:
    """Return whether the text is a WebVTT file."""
    return re.match(r"\s*WEBVTT(?:\s|$)", text) is not None


def is_srt(text: str) -> bool:
    """Return whether the text is an SRT file: only these begin with a line that is a number, or times."""
    first = LINE_END.split(text.lstrip(), 1)[0]
    return _is_number(first) or _TIMES.fullmatch(first) is not None


def parse_cues(text: str) -> Iterator[Row]:
    """Yield the cues of a file: `start`, `end` (timedelta), `voice` (the name in `<v name>`, or None) and `text`.

    A line of times begins a cue, even without a blank line before it. Comments, styles and known metadata of WebVTT are
    skipped; everything else outside a cue is reported as a row that cannot be read.
    """
    vtt = is_vtt(text)
    in_header = vtt  # the first block of WebVTT, whose first line is the signature
    for number, lines in _blocks(text):
        times = [at for at, line in enumerate(lines) if ("-->" in line if vtt else _TIMES.fullmatch(line))]
        starts = [at - 1 if _begins_cue(lines, at - 1, named=vtt and not in_header) else at for at in times]
        ends = [*starts, len(lines)]
        outside = lines[: ends[0]]
        if in_header:
            for at, line in enumerate(outside[1:], 1):
                if not _METADATA.match(line):
                    yield f"line {number + at}", _UNKNOWN_HEADER
        elif outside and not (vtt and _COMMENT.match(outside[0])):
            yield f"line {number}", _NO_TIMES
        in_header = False
        for start, at, end in zip(starts, times, ends[1:], strict=True):
            yield f"line {number + start}", _parse_cue(lines[at], "\n".join(lines[at + 1 : end]), vtt=vtt)


def _begins_cue(lines: list[str], at: int, *, named: bool) -> bool:
    """Return whether the line before a line of times belongs to the cue: its number, or its name at the beginning."""
    return at >= 0 and (_is_number(lines[at]) or (named and at == 0))


def _is_number(line: str) -> bool:
    return line.strip().isascii() and line.strip().isdigit()


def _parse_cue(times_line: str, payload: str, *, vtt: bool) -> dict[str, Any] | str:
    times = _TIMES.fullmatch(times_line)
    try:
        span = times and (_time(*times.groups()[:4]), _time(*times.groups()[4:]))
    except (ValueError, OverflowError):  # more digits than int() reads, or than a timedelta holds
        span = None
    if span is None:
        return _NO_TIMES
    voice = _VOICE.match(payload) if vtt else None
    return {
        "start": span[0],
        "end": span[1],
        "voice": _unescape(voice[1]).strip() if voice else None,
        "text": _unescape(_strip_tags(payload)) if vtt else payload,
    }


def _blocks(text: str) -> Iterator[tuple[int, list[str]]]:
    """Yield the lines between blank lines, with the number of the first. Only CR and LF count as line breaks."""
    lines: list[str] = []
    for number, line in enumerate([*LINE_END.split(text), ""], 1):
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
