"""`realtimekit sessions save`: everything of a session in a folder."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.decorators import usage_errors, with_client
from realtimekit.cli.options import format_flags
from realtimekit.cli.output_paths import output_folder, write_errors
from realtimekit.cli.param_types import resource_id
from realtimekit.readable import pluralize

if TYPE_CHECKING:
    from realtimekit import RealtimeKit

COLUMNS = (Column("state"), Column("name", fold=True), Column("bytes"), Column("reason", fold=True))


@click.command()
@click.argument("session_id", type=resource_id)
@click.option(
    "-o", "--output", "to", metavar="FOLDER", type=output_folder,
    help="Folder for this session alone, created if it does not exist.  [default: session=SESSION_ID]",
)  # fmt: skip
@format_flags(to_file=False, json="Print JSON.", csv="Print CSV.")
@with_client
def save(client: RealtimeKit, session_id: str, to: str | None = None, output_format: str | None = None) -> None:
    """Save everything of a session in a folder, before RealtimeKit deletes it.

    Saves the participants, chat, transcript, summary, recordings, livestream sessions and call quality, and
    manifest.json with the state of each artifact. Run it again to fetch what is missing or was not ready. Exits with
    1 if something could not be fetched.
    """
    from realtimekit.cli import output  # rich, loaded when a command runs
    from realtimekit.cli.console import echo
    from realtimekit.cli.progress import spinner

    folder = to or f"session={session_id}"
    with spinner(f"session {session_id}") as update, usage_errors(), write_errors(folder):
        manifest = client.sessions.ref(session_id).save(folder, progress=lambda artifact: update(artifact.name))
    artifacts = list(manifest.artifacts.values())
    rows = [[getattr(artifact, column.name) for column in COLUMNS] for artifact in artifacts]
    document = json.loads(manifest.to_json())
    output.print_rows(output_format, f"{folder}: {pluralize(len(rows), 'artifact')}", COLUMNS, rows, document)
    failed = [artifact for artifact in artifacts if artifact.state == "ERRORED"]
    if failed:
        echo(f"{len(failed)} could not be fetched: run the command again", err=True)
        raise click.exceptions.Exit(1)
