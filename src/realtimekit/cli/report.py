"""`realtimekit sessions report`: a session on one page."""

from __future__ import annotations

import gc
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import click

from realtimekit.cli.options import an_id, asking
from realtimekit.cli.places import a_file, writing

if TYPE_CHECKING:
    from collections.abc import Generator

    from realtimekit import RealtimeKit


@contextmanager
def _no_search_for_garbage() -> Generator[None]:
    """The peer reports are millions of small objects without a cycle: looking for one takes a fifth of all the time."""
    enabled = gc.isenabled()
    gc.disable()
    try:
        yield
    finally:
        if enabled:
            gc.enable()


@click.command()
@click.argument("session_id", type=an_id)
@click.option(
    "-o", "--output", "to", metavar="FILE", default="report.html", show_default=True,
    type=a_file, help="Where to; - is stdout.",
)  # fmt: skip
@click.option("--links", is_flag=True, help="With the recordings' download links: who has the file can open them.")
@click.option("--quality/--no-quality", default=True, help="Ask for everybody's peer report, which may be large.")
@asking
def report(client: RealtimeKit, session_id: str, to: str, *, links: bool, quality: bool) -> None:
    """Make a page about a session: who was there, what was said, how the call went. One HTML file, for offline use.

    Who came when, transcript and chat in one thread, the summary, the quality of the call for each participant,
    recordings and livestreams. What is not there is said on the page.
    """
    from realtimekit import report as reports  # noqa: PLC0415 - loaded when the command runs, not for its help
    from realtimekit.cli import output  # noqa: PLC0415 - as above
    from realtimekit.report.formatting import pluralize  # noqa: PLC0415 - as above
    from realtimekit.report.page import load_environment  # noqa: PLC0415 - as above

    load_environment()  # before minutes are spent on what cannot be written
    session = client.sessions.find(session_id)
    with _no_search_for_garbage(), output.progress("Peer reports") as tell:
        made = reports.collect(session, quality=quality, progress=tell)
    if to == "-":
        click.echo(made.html(links=links), nl=False)
        return
    with output.waiting("the page"), writing(to):
        made.save(to, links=links)
    for part, why in made.missing.items():
        output.note(f"{part}: {why}")
    place = Path(to).absolute()
    output.note(f"{place}: session {session_id}, {pluralize(len(made.attendees), 'participant')}")
    output.note(f"Open it in a browser: {place.as_uri()}")
