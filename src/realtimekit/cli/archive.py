"""`realtimekit archive`: every session kept, and the proof that none is missing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import ClassVar

import click

from realtimekit.cli.groups import LazyGroup

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


class ArchiveGroup(LazyGroup):
    """The commands of `realtimekit archive`."""

    modules: ClassVar[Mapping[str, str]] = COMMANDS


@click.group(cls=ArchiveGroup)
def archive() -> None:
    """Keep every session, prove that none is missing, and search what was said.

    TARGET is a folder, s3://BUCKET/PREFIX, gs://..., or az://...; by default REALTIMEKIT_ARCHIVE. Credentials for
    the storage come from its usual environment variables, such as AWS_ACCESS_KEY_ID.
    """
