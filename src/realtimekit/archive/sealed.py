"""Small JSON documents that carry their own checksum, so that a flipped byte is noticed."""

from __future__ import annotations

import hashlib
import json
from typing import Any

from realtimekit.archive.errors import ArchiveDamagedError


def seal(values: dict[str, Any]) -> bytes:
    """Return a document as JSON, for people to read, with its checksum."""
    text = json.dumps({**values, "checksum": _checksum(values)}, ensure_ascii=False, indent=1)
    return (text + "\n").encode("utf-8", "surrogatepass")


def unseal(content: bytes, path: str) -> dict[str, Any]:
    """Read a document.

    Raises:
        ArchiveDamagedError: it is not what was written.
    """
    try:
        values: dict[str, Any] = json.loads(content.decode("utf-8", "surrogatepass"))
        checksum = values.pop("checksum")
    except (ValueError, KeyError, TypeError, AttributeError):
        raise ArchiveDamagedError(f"{path} is damaged: it is not a document of an archive") from None
    if checksum != _checksum(values):
        raise ArchiveDamagedError(f"{path} is damaged: its checksum is wrong")
    return values


def _checksum(values: dict[str, Any]) -> str:
    text = json.dumps(values, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
