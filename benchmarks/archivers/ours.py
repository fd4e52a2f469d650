"""This package: `Archive.sync`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from realtimekit import RealtimeKit
from realtimekit.archive import Archive

if TYPE_CHECKING:
    from benchmarks.archivers import Settings


def keep(settings: Settings, folder: str) -> None:
    with RealtimeKit(**settings, limiter="off") as client:
        assert Archive(folder).sync(client).ok


def held(folder: str) -> dict[str, int]:
    archive = Archive(folder)
    tables = ("sessions", "participants", "chat_messages", "transcript_segments", "summaries")
    reports = [entry for entry in archive.store.entries("raw") if "/peers/" in entry.path]
    return {**{table: archive.arrow(table).num_rows for table in tables}, "peer_reports": len(reports)}
