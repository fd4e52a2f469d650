"""`realtimekit sessions report`: a page about a session."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtimekit.cli.decorators import with_client
from realtimekit.cli.options import archive_option
from realtimekit.cli.output_paths import output_file, write_errors
from realtimekit.cli.param_types import resource_id

if TYPE_CHECKING:
    from collections.abc import Generator

    from realtimekit import RealtimeKit


@contextmanager
def _garbage_collection_paused() -> Generator[None]:
    """Pause the garbage collector. It takes a fifth of the time, and peer reports are many objects without cycles."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@click.command()
@archive_option
@click.argument("session_id", type=resource_id)
@click.option(
    "-o", "--output", "to", metavar="FILE", default="report.html", show_default=True,
    type=output_file, help="File to write; - is stdout.",
)  # fmt: skip
@click.option(
    "--links", is_flag=True, help="Include the download links of recordings: whoever has the page can open them."
)
@click.option(
    "--quality/--no-quality",
    default=True,
    help="Include the call quality, for which a possibly large report is requested for each participant.",
)
@with_client
def report(client: RealtimeKit, session_id: str, to: str, *, links: bool, quality: bool) -> None:
    """Write a report about a session: one HTML page that works offline.

    It has who was there and when, the transcript and the chat in one thread, the summary, the call quality of each
    participant, recordings and livestreams. It says what is missing.
    """
    from realtimekit import report as reports  # loaded when the command runs, not for its help
    from realtimekit.cli.console import echo, print_file
    from realtimekit.cli.progress import progress_bar, spinner
    from realtimekit.readable import pluralize
    from realtimekit.report.page import load_environment

    load_environment()  # raises before minutes are spent on a page that cannot be written
    session = client.sessions.find(session_id)
    with _garbage_collection_paused(), progress_bar("Peer reports") as update:
        made = reports.collect(session, quality=quality, progress=update)
    if to == "-":
        print_file(made.html(links=links))
        return
    with spinner("the page"), write_errors(to):
        made.save(to, links=links)
    for part, why in [*made.missing.items(), *made.suspect.items()]:
        echo(f"{part}: {why}", err=True)
    path = Path(to).absolute()
    echo(f"{path}: session {session_id}, {pluralize(len(made.attendees), 'participant')}", err=True)
    echo(f"Open it in a browser: {path.as_uri()}", err=True)
