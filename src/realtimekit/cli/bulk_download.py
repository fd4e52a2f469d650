"""`realtimekit sessions download --since`: the artifacts of many sessions, each session in a folder of its own.

A file exists only if it is complete (`Downloadable.download`), so an existing file need not be downloaded again: the
same command resumes where an earlier one stopped.
"""

from __future__ import annotations

from collections import Counter
from contextlib import contextmanager
from pathlib import Path, PurePath
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from realtimekit.artifacts.download import safe_file_name
from realtimekit.cli.console import echo
from realtimekit.cli.downloads import SavedFile, as_json, files_of, make_folder, save_file
from realtimekit.cli.error_messages import format_error
from realtimekit.cli.output import print_json
from realtimekit.cli.session_view import MISSING_REASONS
from realtimekit.errors import (
    APIConnectionError,
    APIError,
    AuthenticationError,
    DecodeError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
)

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence

    from realtimekit import Session
    from realtimekit.artifacts.download import Downloadable
    from realtimekit.flow import Sync

# Every later request would fail as well.
FATAL = (AuthenticationError, PermissionDeniedError, RateLimitError)


class BulkDownload(NamedTuple):
    """What was downloaded, and what was not. The entries are those of the JSON output."""

    sessions: list[str]
    files: list[dict[str, Any]]
    missing: list[dict[str, str]]
    failed: list[dict[str, str]]

    def summary(self, *, complete: bool) -> str:
        """Return the counts on one line; `complete` says whether all sessions were processed."""
        new = sum(file["downloaded"] for file in self.files)
        parts = [f"{new} downloaded", f"{len(self.files) - new} already there"]
        reasons = Counter(entry["reason"] for entry in self.missing)
        parts += [f"{count} {reason}" for reason, count in reasons.items()]
        again = "; run the command again to download the rest" if self.failed or not complete else ""
        return f"Sessions: {len(self.sessions)}. Files: {', '.join(parts)}, {len(self.failed)} failed{again}"


def download_sessions(
    sessions: Iterable[Session], kinds: Sequence[str], to: str, transcript_format: str, output_format: str | None
) -> bool:
    """Download the files of sessions that do not exist yet; print their paths and a summary.

    A file that fails does not stop the others. The summary is also printed if the command ends early: the token is
    invalid, the disk is full, Ctrl-C.

    Args:
        sessions: the sessions, in this order.
        kinds: any of "chat", "transcript", "summary" and "recordings".
        to: the folder for the folders of the sessions; it is created if it does not exist.
        transcript_format: "CSV", "JSON", "SRT" or "VTT".
        output_format: "json" prints one document at the end, None prints a line for each file when it is complete.

    Returns:
        Whether no file failed.
    """
    result, complete = BulkDownload([], [], [], []), False
    try:
        for session in sessions:
            result.sessions.append(session.id)
            folder, names = Path(to) / safe_file_name(session.id, ""), set[str]()
            for kind in kinds:
                entry = {"session_id": session.id, "artifact": kind}
                files: list[Downloadable[Sync]] = []
                with _record_errors(result, entry):
                    files = files_of(session, kind, transcript_format)
                for file in files:
                    with _record_errors(result, entry):
                        name = _unique(safe_file_name(file._default_filename(), file._link() or ""), names)
                        saved, is_new = _save(file, folder / name)
                        result.files.append({**entry, **as_json(saved), "downloaded": is_new})
                        if is_new and output_format is None:
                            click.echo(saved.path)
        complete = True
    finally:
        if output_format == "json":
            print_json({**result._asdict(), "sessions": len(result.sessions)})
        echo(result.summary(complete=complete), err=True)
    return not result.failed


@contextmanager
def _record_errors(result: BulkDownload, entry: dict[str, str]) -> Generator[None]:
    """Record a file that is missing or failed; raise an error that every later file would have as well."""
    try:
        yield
    except FATAL:
        raise
    except NotFoundError as error:
        result.missing.append({**entry, "reason": MISSING_REASONS.get(type(error), "not found")})
    except (APIError, APIConnectionError, DecodeError) as error:
        result.failed.append({**entry, "error": format_error(error)})
        echo(f"Failed: {entry['artifact']} of {entry['session_id']}: {format_error(error)}", err=True)


def _save(file: Downloadable[Sync], path: Path) -> tuple[SavedFile, bool]:
    """Download a file if it does not exist; return it, and whether it was downloaded.

    An empty one is downloaded again: it may have come too early, as a suspect transcript does.
    """
    if path.is_file() and (size := path.stat().st_size):
        return SavedFile(path, size), False
    make_folder(path.parent)
    return save_file(file, path), True


def _unique(name: str, names: set[str]) -> str:
    """Return the name, numbered if another file of the session has it; every run returns the same names."""
    path, number = PurePath(name), 1
    while name in names:
        number += 1
        name = f"{path.stem}-{number}{path.suffix}"
    names.add(name)
    return name
