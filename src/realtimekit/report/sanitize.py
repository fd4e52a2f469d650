"""Makes text from users and servers safe to show. The template escapes it; this handles what escaping leaves."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import urlsplit

from realtimekit.safe_text import clean

__all__ = ["clean", "is_web_link", "split_links"]

_LINK = re.compile(r"https?://[^\s<>\"'\ufffd]+", re.IGNORECASE)
_TRAILING = ".,;:!?)]}»”’"


def is_web_link(url: Any) -> bool:
    """Return whether it is an http or https URL with a host."""
    try:
        parts = urlsplit(url) if isinstance(url, str) else None
        return parts is not None and parts.scheme in {"http", "https"} and bool(parts.hostname)
    except ValueError:
        return False


def split_links(text: str) -> list[tuple[str, bool]]:
    """Return the cleaned text in pieces, each with whether it is a link."""
    pieces: list[tuple[str, bool]] = []
    end = 0
    for match in _LINK.finditer(text := clean(text)):
        url = match[0].rstrip(_TRAILING)
        if is_web_link(url):
            pieces += [(text[end : match.start()], False), (url, True)]
            end = match.start() + len(url)
    return [piece for piece in [*pieces, (text[end:], False)] if piece[0]]
