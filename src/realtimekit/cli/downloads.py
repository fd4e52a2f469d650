"""Downloads of recordings, and of the other files of a session."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import click

from realtimekit.artifacts.download import Downloadable
from realtimekit.cli.console import echo
from realtimekit.cli.output import print_json
from realtimekit.cli.output_paths import write_errors
from realtimekit.cli.progress import progress_bar
from realtimekit.cli.session_view import recordings_of
from realtimekit.cli.terminal import confirm
from realtimekit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from realtimekit import Recording, Session
    from realtimekit.flow import Sync


class SavedFile(NamedTuple):
    """A file that was downloaded."""

    path: Path
    bytes: int
    suspect: str | None = None
    """Why it may not be what was said; see `Transcript.suspect`."""


def download_recording(recording: Recording, to: str, *, yes: bool) -> list[SavedFile]:
    """Download a recording to a file or folder, or its tracks into a folder.

    Args:
        recording: the recording.
        to: the file or folder.
        yes: whether to replace an existing file without asking.
    """
    path, tracks = Path(to), recording.tracks
    if tracks or to.endswith("/"):
        make_folder(path)
    elif path.is_file() and not yes:
        confirm(f"Replace {path}?")
    files: list[Downloadable[Sync]] = [*tracks] or [recording]
    return [save_file(file, path) for file in files]


def make_folder(folder: Path) -> None:
    """Create a folder, unless it exists."""
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(f"{folder} is a file, but this recording has several files: give a folder")
    with write_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)


def save_file(file: Downloadable[Sync], to: Path) -> SavedFile:
    """Download a file to a path or into a folder, with a progress bar."""
    size = 0  # counted here, because the path may be a pipe

    def on_progress(done: int, total: int | None) -> None:
        nonlocal size
        size = done
        update(done, total)

    with progress_bar(file._default_filename(), in_bytes=True) as update, write_errors(to):
        path = file.download(to, progress=on_progress)
    saved = SavedFile(path, size, _judge(file, size))
    if saved.suspect:
        echo(f"{path}: {saved.suspect}", err=True)
    return saved


def _judge(file: Downloadable[Sync], size: int) -> str | None:
    from realtimekit import Transcript

    if not isinstance(file, Transcript):
        return None
    why: str | None = file._client.run(file._check_file(is_empty=not size))
    return why


def as_json(file: SavedFile) -> dict[str, Any]:
    """Return a file as JSON."""
    suspect = {"suspect": file.suspect} if file.suspect else {}
    return {"path": str(file.path), "bytes": file.bytes, **suspect}


def print_saved_files(output_format: str | None, files: Iterable[SavedFile]) -> None:
    """Print where the files are: a line for each path, or JSON."""
    if output_format == "json":
        print_json([as_json(file) for file in files])
        return
    for file in files:
        click.echo(file.path)


def download_session(
    session: Session, kinds: Sequence[str], to: str, transcript_format: str, *, strict: bool
) -> Iterator[SavedFile]:
    """Download the files of a session into a folder, which is created if it does not exist.

    Args:
        session: the session.
        kinds: any of "chat", "transcript", "summary" and "recordings".
        to: the folder.
        transcript_format: "CSV", "JSON", "SRT" or "VTT".
        strict: whether a missing file is an error; otherwise it is noted on stderr.
    """
    folder = Path(to)
    make_folder(folder)
    for kind in kinds:
        try:
            files = files_of(session, kind, transcript_format)
            if strict and not files:
                raise click.ClickException(f"the session {session.id} has no recordings")
            for file in files:
                yield save_file(file, folder)
        except NotFoundError as error:
            if strict:
                raise
            echo(f"No {kind}: {error}", err=True)


def files_of(session: Session, kind: str, transcript_format: str) -> list[Downloadable[Sync]]:
    """Return the files of one kind of artifact, with their links."""
    match kind:
        case "recordings":
            files: list[Downloadable[Sync]] = []
            for recording in recordings_of(session):
                files += recording.tracks or [recording]
            return files
        case "transcript":
            return [session.transcript_as(transcript_format)]
        case "summary":
            return [session.summary]
        case _:
            return [session.chat]
