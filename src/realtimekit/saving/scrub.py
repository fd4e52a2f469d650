"""Removes secrets from API responses before they are saved: signatures of links, tokens, keys."""

from __future__ import annotations

import re
from typing import Any

REMOVED = "[removed]"
_SECRET_NAMES = re.compile(
    r"(auth_?)?token|(access|private|secret|stream|api)_?key(_id)?|secret|password|passphrase|credentials?|authorization",
    re.IGNORECASE,
)
_LINK = re.compile(r"(https?://)(?:[^\s/@]*@)?([^\s?#]*)[?#]?\S*", re.IGNORECASE)
_SIGNED = re.compile(  # a link within a text, if its query looks like a signature
    r"(https?://[^\s?#\"'<>]+)\?[^\s\"'<>]*(?:sig|signature|token|credential|expires)[^\s\"'<>=]*=[^\s\"'<>]*",
    re.IGNORECASE,
)
_JWT = re.compile(r"eyJ[\w-]{5,}\.[\w-]+\.[\w-]+")


def scrub(value: Any) -> Any:
    """Return a JSON value without secrets.

    Links keep their address and lose their query. Tokens anywhere, and the values of keys such as `token`, `stream_key`
    or `secret`, become "[removed]".
    """
    if isinstance(value, dict):
        return {
            name: REMOVED if isinstance(inner, str) and inner and _SECRET_NAMES.fullmatch(name) else scrub(inner)
            for name, inner in value.items()
        }
    if isinstance(value, list):
        return [scrub(inner) for inner in value]
    return _scrub_text(value) if isinstance(value, str) else value


def _scrub_text(text: str) -> str:
    if link := _LINK.fullmatch(text):
        return _JWT.sub(REMOVED, link[1] + link[2])
    return _JWT.sub(REMOVED, _SIGNED.sub(r"\1", text))


def without_signature(link: str) -> str:
    """Return a link as a source: without its query, fragment and password."""
    return str(scrub(link)) if _LINK.fullmatch(link) else re.split(r"[?#]", link, maxsplit=1)[0]
