"""The notes, in SQLite: one row for each session."""

from __future__ import annotations

import os
import sqlite3
from contextlib import closing
from pathlib import Path


def folder() -> Path:
    """Where this service keeps its files."""
    return Path(os.environ.get("NOTES_DIR", ".")).absolute()


def connect() -> sqlite3.Connection:
    database = sqlite3.connect(folder() / "notes.db")
    database.execute("CREATE TABLE IF NOT EXISTS notes (session_id TEXT PRIMARY KEY, transcript TEXT, summary TEXT)")
    return database


def save_transcript(session_id: str, text: str) -> None:
    with closing(connect()) as database, database:
        database.execute(
            "INSERT INTO notes (session_id, transcript) VALUES (?, ?)"
            " ON CONFLICT (session_id) DO UPDATE SET transcript = excluded.transcript",
            (session_id, text),
        )


def save_summary(session_id: str, text: str) -> None:
    with closing(connect()) as database, database:
        database.execute(
            "INSERT INTO notes (session_id, summary) VALUES (?, ?)"
            " ON CONFLICT (session_id) DO UPDATE SET summary = excluded.summary",
            (session_id, text),
        )


def as_markdown(session_id: str) -> str | None:
    """Return the note of a session, or None if there is none."""
    with closing(connect()) as database:
        row = database.execute("SELECT summary, transcript FROM notes WHERE session_id = ?", (session_id,)).fetchone()
    return None if row is None else "\n\n".join(part for part in row if part is not None)
