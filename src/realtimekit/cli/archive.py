"""`realtimekit archive`: every session kept, and the proof that none is missing."""

from __future__ import annotations

from importlib import import_module
from typing import Any

import click

from realtimekit.cli.groups import Group

# Command -> the module that defines it, under the name of the command.
COMMANDS = {
    "attendance": "realtimekit.cli.archive_attendance",
    "erase": "realtimekit.cli.archive_privacy",
    "expire": "realtimekit.cli.archive_privacy",
    "export": "realtimekit.cli.archive_export",
    "export-subject": "realtimekit.cli.archive_privacy",
    "query": "realtimekit.cli.archive_query",
    "rebuild": "realtimekit.cli.archive_sync",
    "search": "realtimekit.cli.archive_search",
    "status": "realtimekit.cli.archive_proof",
    "sync": "realtimekit.cli.archive_sync",
    "verify": "realtimekit.cli.archive_proof",
}


class LazyArchiveGroup(Group):
    """Loads its commands when they are called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        command: Any = getattr(import_module(COMMANDS[cmd_name]), cmd_name.replace("-", "_"))
        return command if isinstance(command, click.Command) else None


@click.group(cls=LazyArchiveGroup)
def archive() -> None:
    """Keep every session, prove that none is missing, and search what was said.

    TARGET is a folder, s3://BUCKET/PREFIX, gs://..., or az://...; by default REALTIMEKIT_ARCHIVE. Credentials of a
    storage come from its own environment variables, e.g. AWS_ACCESS_KEY_ID.
    """
