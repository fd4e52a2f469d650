"""Files on this machine: of recordings, and of what else a session leaves behind."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import click

from realtimekit.artifacts.download import Downloadable
from realtimekit.cli import output
from realtimekit.cli.options import confirm
from realtimekit.cli.places import writing
from realtimekit.errors import NotFoundError
from realtimekit.resources.recording import Recordings

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    from realtimekit import Recording, Session
    from realtimekit.flow import Sync


class Saved(NamedTuple):
    """A file that is here now."""

    path: Path
    bytes: int


def save(recording: Recording, to: str, *, yes: bool) -> list[Saved]:
    """Download a recording to a path; its tracks, if it has them, into a folder. Asks before it replaces a file."""
    path, tracks = Path(to), recording.tracks
    if tracks or to.endswith("/"):
        _make(path)
    elif path.is_file() and not yes:
        confirm(f"Replace {path}?")
    files: list[Downloadable[Sync]] = [*tracks] or [recording]
    return [one(file, path) for file in files]


def _make(folder: Path) -> None:
    if folder.exists() and not folder.is_dir():
        raise click.UsageError(f"{folder} is a file, and this recording has several: give a folder")
    with writing(folder):
        folder.mkdir(parents=True, exist_ok=True)


def one(file: Downloadable[Sync], to: Path) -> Saved:
    """Download a file, with a bar where there is a terminal."""
    with output.progress(file._default_filename(), size=True) as tell, writing(to):
        path = file.download(to, progress=tell)
    return Saved(path, path.stat().st_size)


def report(form: str | None, saved: Iterable[Saved]) -> None:
    """Say where the files are: a path on each line, or JSON."""
    if form == "json":
        output.write_json([{"path": str(file.path), "bytes": file.bytes} for file in saved])
        return
    for file in saved:
        click.echo(file.path)


def of_session(
    session: Session, kinds: Sequence[str], to: str, transcript_format: str, *, strict: bool
) -> Iterator[Saved]:
    """Download what a session left behind into a folder, which is made if it is not there.

    Args:
        session: whose files.
        kinds: "chat", "transcript", "summary", "recordings".
        to: the folder.
        transcript_format: "CSV", "JSON", "SRT" or "VTT".
        strict: whether something that is not there is an error, and not just told.
    """
    folder = Path(to)
    _make(folder)
    for kind in kinds:
        try:
            files = _recorded(session) if kind == "recordings" else [_artifact(session, kind, transcript_format)]
            if strict and not files:
                raise click.ClickException(f"the session {session.id} has no recordings")
            for file in files:
                yield one(file, folder)
        except NotFoundError as error:
            if strict:
                raise
            output.note(f"No {kind}: {error}")


def _artifact(session: Session, kind: str, transcript_format: str) -> Downloadable[Sync]:
    match kind:
        case "transcript":
            return session.transcript_as(transcript_format)
        case "summary":
            return session.summary
        case _:
            return session.chat


def _recorded(session: Session) -> list[Downloadable[Sync]]:
    """The API cannot look for the recordings of a session, but for those of its meeting."""
    if not session.associated_id:
        return []
    files: list[Downloadable[Sync]] = []
    for recording in Recordings(session._client).where(meeting_id=session.associated_id):
        if recording.session_id == session.id:
            files += recording.tracks or [recording]
    return files
