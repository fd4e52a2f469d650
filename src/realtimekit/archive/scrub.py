"""Secrets in responses, which an archive must not keep: signatures of links, tokens, stream keys, storage keys."""

from __future__ import annotations

import json
import re
from typing import Any

_SECRET = re.compile(r"token|secret|password|stream_?key|access_?key|private_?key|signature", re.IGNORECASE)
_URL = re.compile(r"(?:https?|rtmps?|wss?)://[^\s\"'<>\\]+", re.IGNORECASE)
_SUSPICIOUS = re.compile(
    rb'"[^"]*(?:token|secret|password|stream_?key|access_?key|private_?key|signature)[^"]*"\s*:|://[^"\s]*[?@]',
    re.IGNORECASE,
)


def scrub(content: bytes, body: Any) -> bytes:
    """Return the content of a response without its secrets: unchanged, byte for byte, if there are none.

    Links lose their query and credentials; the values of fields that hold secrets become null.

    Args:
        content: JSON.
        body: the same, decoded.
    """
    if _SUSPICIOUS.search(content) is None and b"\\u" not in content:
        return content
    clean = _clean(body)
    return content if clean == body else encode(clean)


def encode(body: Any) -> bytes:
    """Encode JSON, half surrogates included."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def without_signature(url: str) -> str:
    """Return a URL without its query, fragment and credentials."""
    scheme, separator, rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _clean(value: Any) -> Any:
    if isinstance(value, dict):
        return {
            name: None if isinstance(child, str) and _SECRET.search(name) else _clean(child)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [_clean(child) for child in value]
    if isinstance(value, str) and "://" in value:
        return _URL.sub(lambda found: without_signature(found[0]), value)
    return value
