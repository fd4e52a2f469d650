"""`realtimekit archive verify` and `status`."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from typing import TYPE_CHECKING

import click

from realtimekit.cli.archive_options import target_argument
from realtimekit.cli.options import format_flags, json_option
from realtimekit.readable import format_size, pluralize

if TYPE_CHECKING:
    from realtimekit.archive import Archive
    from realtimekit.resources.analytics import DaywiseReport


@click.command("verify")
@click.option("--deep", is_flag=True, help="Read every object and compare its checksum.")
@click.option("--online", is_flag=True, help="Compare with the platform's sessions per day: one API request.")
@json_option
@target_argument()
def verify(archive: Archive, *, deep: bool, online: bool, as_json: bool) -> None:
    """Prove that nothing is missing, or name what is. Only the storage is read, unless --online is given.

    Exits with 1 if something is lost, missing or damaged, or a span of time is not proven to be complete.
    """
    from realtimekit.cli import output
    from realtimekit.cli.console import echo
    from realtimekit.cli.progress import progress_bar

    daywise = _daywise(archive) if online else None
    with progress_bar("Sessions") as update:
        found = archive.verify(deep=deep, daywise=daywise, progress=lambda done: update(done, None))
    if as_json:
        output.print_json({"target": archive.target, **found.to_dict()})
    else:
        for problem in found.problems:
            echo(f"{problem.kind}: {problem.where}: {problem.text}", err=True)
        for note in found.notes:
            echo(f"note: {note}", err=True)
        states = ", ".join(f"{count:,} {state}" for state, count in found.artifacts.items())
        sessions = pluralize(found.sessions, "session")
        echo(f"{archive.target}: {sessions}, {found.waiting:,} with something still to come")
        echo(f"Artifacts: {states or 'none'}; {format_size(found.bytes)}")
        if found.ok and found.proven_until is not None:
            checked = "every byte was read" if deep else "sizes were compared; --deep reads every byte"
            echo(f"Proven: nothing is missing until {found.proven_until:%Y-%m-%d %H:%M} UTC ({checked})")
            if found.waiting:
                incomplete = pluralize(found.waiting, "session is", "sessions are")
                echo(f"{incomplete} not complete yet: the next sync checks again")
        elif found.ok:
            echo("No problems. Nothing is proven yet: sync again when a quarter of an hour has passed")
        else:
            echo(f"Not proven: {pluralize(len(found.problems), 'problem')}")
    sys.exit(0 if found.ok else 1)


def _daywise(archive: Archive) -> DaywiseReport:
    from realtimekit import RealtimeKit

    app = archive.ledger.app()
    with RealtimeKit(account_id=app["account_id"], app_id=app["app_id"]) as client:
        return client.analytics.daywise()


@click.command("status")
@format_flags(json="Print JSON.", prometheus="Print metrics for Prometheus.")
@target_argument()
def status(archive: Archive, *, output_format: str | None) -> None:
    """Show what is proven, what is still to come, and what is at risk."""
    from realtimekit.cli import output
    from realtimekit.cli.console import echo

    found = archive.status()
    if output_format == "json":
        output.print_json(found.to_dict())
    elif output_format == "prometheus":
        click.echo(found.to_prometheus(), nl=False)
    else:
        echo(f"{found.target}: app {found.app_id}, {pluralize(found.sessions, 'session')}, {format_size(found.bytes)}")
        echo(f"Artifacts: {', '.join(f'{count:,} {state}' for state, count in found.artifacts.items()) or 'none'}")
        echo(f"Proven until: {_time(found.proven_until)}{_ago(found.unproven_seconds)}")
        deadline = f"; the next deadline is {_time(found.next_deadline)}" if found.next_deadline else ""
        echo(f"Still to come: {pluralize(found.waiting, 'session')}{deadline}")
        echo(f"Live: {pluralize(found.live, 'session')}")
        echo(f"At risk within a day: {', '.join(found.at_risk) or 'none'}")


def _time(time: datetime | None) -> str:
    return "none" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def _ago(seconds: float | None) -> str:
    return "" if seconds is None else f" ({seconds / 3600:.1f} hours ago)"
