"""Counts and sizes, as people read them."""

from __future__ import annotations


def pluralize(count: int, singular: str, plural: str | None = None) -> str:
    """Format a count as "1 message" or "12 messages"."""
    return f"{count:,} {singular if count == 1 else plural or singular + 's'}"


def format_size(size: float | None) -> str:
    """Format bytes as "4.2 MB"; an empty string for None."""
    if size is None:
        return ""
    if abs(size) < 1000:
        return pluralize(round(size), "byte")
    for unit in ("kB", "MB", "GB"):
        size /= 1000
        if abs(size) < 1000:
            return f"{size:.1f} {unit}"
    return f"{size / 1000:.1f} TB"
