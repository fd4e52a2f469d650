"""Reading fields of records that may be missing or unreadable."""

from __future__ import annotations

from typing import Any

from realtimekit.errors import DecodeError


def get_field(record: Any, name: str) -> Any:
    """Return a field of a record; None if it is missing, or cannot be decoded."""
    try:
        return getattr(record, name)
    except DecodeError:
        return None
