"""Responses: JSON bodies, and the envelopes around what they are about. No I/O.

Where the API's description and its examples disagree, both are accepted.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from typing import Any

from realtimekit.interfaces import Response


def loads(content: bytes) -> Any:
    """Decode JSON, with orjson where it is installed and worth its import.

    orjson rejects some valid JSON: a lone surrogate, as in a name that was truncated inside an emoji, and `1e999`. The
    standard module decodes it, so that one such name does not make a whole list unreadable.

    Raises:
        ValueError, RecursionError: the content is not JSON.
    """
    try:
        return _decoder.decode(content)
    except ValueError:
        return json.loads(content)


class _Decoder:
    """Decodes with the standard module at first, and with orjson after a megabyte.

    Importing orjson takes 8 ms and more than a megabyte of memory, a tenth of a whole short program; on small responses
    it saves a few microseconds each.
    """

    def __init__(self, threshold: int = 2**20) -> None:
        self._decoded, self._threshold = 0, threshold  # bytes
        self.decode: Callable[[bytes], Any] = self._decode_and_count

    def _decode_and_count(self, content: bytes) -> Any:
        self._decoded += len(content)
        if self._decoded >= self._threshold or "orjson" in sys.modules:
            try:
                import orjson
            except ImportError:
                self.decode = json.loads
            else:
                self.decode = orjson.loads
            return self.decode(content)
        return json.loads(content)


_decoder = _Decoder()


def decode(response: Response) -> Any:
    """The JSON body; text where it is no JSON; None where it is empty."""
    content = response.content
    if content.startswith(b"\xef\xbb\xbf"):  # a byte order mark, which only some decoders accept
        content = content[3:]
    content = content.strip()
    if not content:
        return None
    try:
        return loads(content)
    except (ValueError, RecursionError):
        return content.decode("utf-8", "replace")


def unwrap(body: Any, key: str | None = None) -> Any:
    """Return the content of a response body without its envelope.

    RealtimeKit wraps it in `data`, the rest of Cloudflare's API in `result`. Some operations nest it once more
    (`data.app`, `data.sessions`): `key` names that level; a body without it is not unwrapped further.
    """
    if isinstance(body, dict):
        for envelope in ("data", "result"):
            if envelope in body:
                body = body[envelope]
                break
    if key is not None and isinstance(body, dict) and isinstance(body.get(key), dict | list):
        return body[key]
    return body


def unwrap_entries(body: Any, key: str | None = None) -> list[dict[str, Any] | None] | None:
    """Like `unwrap`, for a list of objects, some of which may be null; None if the body contains no such list."""
    items = unwrap(body, key)
    return items if isinstance(items, list) and {*map(type, items)} <= {dict, type(None)} else None


def unwrap_list(body: Any, key: str | None = None) -> list[dict[str, Any]] | None:
    """Like `unwrap_entries`, without null entries."""
    entries = unwrap_entries(body, key)
    return None if entries is None else [entry for entry in entries if entry is not None]


def to_int(value: Any) -> int | None:
    try:
        return None if value is None or isinstance(value, bool) else int(value)
    except (TypeError, ValueError, OverflowError):
        return None
