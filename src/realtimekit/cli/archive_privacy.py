"""`realtimekit archive erase`, `export-subject` and `expire`."""

from __future__ import annotations

import functools
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.archive_options import exit_if_unreadable, target_argument
from realtimekit.cli.options import confirmation_option, json_option, output_option
from realtimekit.cli.output_paths import write_output_to
from realtimekit.cli.param_types import duration, start_time
from realtimekit.readable import format_size, pluralize
from realtimekit.saving.manifest import KINDS

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from realtimekit.archive import Archive
    from realtimekit.cli.options import Command


def _subject_options(command: Command) -> Command:
    @functools.wraps(command)
    def decorated(*args: Any, **kwargs: Any) -> Any:
        if sum(bool(kwargs[name]) for name in ("peer_id", "user_id", "custom_participant_id")) != 1:
            raise click.UsageError("give one id of the person: --custom-participant-id, --user-id or --peer-id")
        return command(*args, **kwargs)

    for flag, help_text in (
        ("--peer-id", "The id of one stay of the person in a session."),
        ("--user-id", "The id of the person as a participant of a meeting."),
        ("--custom-participant-id", "Your own id of the person."),
    ):
        decorated = click.option(flag, metavar="ID", help=help_text)(decorated)
    return decorated


@click.command("erase")
@_subject_options
@click.option("--redact", is_flag=True, help="Keep an empty entry, with its times, in place of the person.")
@click.option(
    "--delete-composites", is_flag=True, help="Also delete the recordings of the whole meeting from their sessions."
)
@click.option("--delete-summaries", is_flag=True, help="Also delete the summaries of their sessions.")
@confirmation_option("Erase this person from the archive for good?")
@json_option
@target_argument()
def erase(archive: Archive, *, as_json: bool, **options: Any) -> None:
    """Erase a person: from the raw files, the tables and the search index.

    The receipt names nobody. Later syncs leave the person out. What only you can decide is listed.
    """
    from realtimekit.cli import output
    from realtimekit.cli.console import echo

    receipt = archive.erase(**options)
    if as_json:
        output.print_json(receipt.to_dict())
        exit_if_unreadable(receipt.unreadable)
        return
    changed = pluralize(receipt.changed, "artifact")
    echo(f"In {pluralize(receipt.sessions, 'session')}: {changed} rewritten, {receipt.deleted:,} deleted")
    for line in receipt.undecided:
        echo(f"for you to decide: {line}")
    echo(receipt.platform)
    echo(f"Receipt: {receipt.id}")
    exit_if_unreadable(
        receipt.unreadable, "The person may still be in what cannot be read. Mend it, and erase the person again"
    )


@click.command("export-subject")
@_subject_options
@output_option
@target_argument()
def export_subject(archive: Archive, *, output: str | None, **subject: Any) -> None:
    """Print everything that the archive has about a person, as JSON, to give to them."""
    from realtimekit.cli.output import print_json

    found = archive.export_subject(**subject)
    with write_output_to(output):
        print_json(found)
    exit_if_unreadable(found["unreadable"], "This is not everything: the person may be in what cannot be read")


@click.command("expire")
@click.option(
    "--after", metavar="DURATION", type=duration, required=True,
    help="How long to keep a session after its end, such as 90d.",
)  # fmt: skip
@click.option(
    "--keep", metavar="KIND", type=click.Choice(KINDS), multiple=True,
    help="Keep these artifacts forever: transcript, chat, ... (repeatable).",
)  # fmt: skip
@click.option(
    "--now", metavar="TIME", type=start_time,
    help="Compare with this time instead, for an archive that is no longer synced.",
)  # fmt: skip
@confirmation_option("Delete what is older than {after} from the archive?")
@json_option
@target_argument()
def expire(archive: Archive, *, after: timedelta, keep: tuple[str, ...], now: datetime | None, as_json: bool) -> None:
    """Delete the artifacts of old sessions: those that ended longer than --after before the last sync.

    The manifests stay, and record what was deleted.
    """
    from realtimekit.cli import output
    from realtimekit.cli.console import echo

    receipt = archive.expire(after, keep=keep, now=now)
    if as_json:
        output.print_json(receipt.to_dict())
        exit_if_unreadable(receipt.unreadable)
        return
    deleted, size = pluralize(receipt.deleted, "artifact"), format_size(receipt.bytes)
    echo(f"Deleted {deleted} of {pluralize(receipt.sessions, 'session')}: {size}")
    exit_if_unreadable(receipt.unreadable, "The rule was not applied to what cannot be read")
