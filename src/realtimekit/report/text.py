"""Text from outside, made fit to be shown. Escaping is the template's business; this is about what escaping leaves."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from datetime import datetime, timedelta

# Characters that are none (controls, halves of surrogates, noncharacters), and those that reverse what follows, by
# which a name can pass for another. Arabic and Hebrew need none of these.
_UNFIT = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")
_LINK = re.compile(r"https?://[^\s<>\"'\ufffd]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]}»”’"


def clean(text: str) -> str:
    """The text with a replacement character for each that is not fit to be shown."""
    return _UNFIT.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))


def is_web_link(url: Any) -> bool:
    """Whether it is http or https, and leads to some host."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def pieces(text: str) -> list[tuple[str, bool]]:
    """The text in pieces, each with whether it is a link."""
    found: list[tuple[str, bool]] = []
    at = 0
    for match in _LINK.finditer(text := clean(text)):
        url = match[0].rstrip(_TRAILING)
        if is_web_link(url):
            found += [(text[at : match.start()], False), (url, True)]
            at = match.start() + len(url)
    return [piece for piece in [*found, (text[at:], False)] if piece[0]]


# --- in words ---------------------------------------------------------------------------------------------------------


def clock(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment:%H:%M:%S}"


def day(moment: datetime | None) -> str:
    return "" if moment is None else f"{moment.day} {moment:%B %Y}"


def duration(time: timedelta | float | None) -> str:
    """E.g. "2 h 5 min", "12 min", "40 s"."""
    if time is None:
        return ""
    seconds = round(time if isinstance(time, int | float) else time.total_seconds())
    if seconds < 60:
        return f"{seconds} s"
    hours, minutes = divmod(round(seconds / 60), 60)
    return f"{hours} h {minutes} min" if hours and minutes else f"{hours} h" if hours else f"{minutes} min"


def size(count: float | None) -> str:
    """Bytes, e.g. "4.2 MB"."""
    if count is None:
        return ""
    for unit in ("bytes", "kB", "MB", "GB"):
        if abs(count) < 1000:
            return f"{count:.0f} {unit}" if unit == "bytes" else f"{count:.1f} {unit}"
        count /= 1000
    return f"{count:.1f} TB"


def figure(value: float | None) -> str:
    """A measured number, short: "4.2", "0.05", "132"; a dash where there is none."""
    if value is None:
        return "–"
    if abs(value) >= 100:
        return f"{value:.0f}"
    return f"{value:.2f}".rstrip("0").rstrip(".") if abs(value) < 10 else f"{value:.1f}".removesuffix(".0")


def counted(count: int, one: str, more: str | None = None) -> str:
    """E.g. "1 message", "12 messages"."""
    return f"{count:,} {one if count == 1 else more or one + 's'}"
