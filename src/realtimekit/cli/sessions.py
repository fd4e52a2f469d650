"""`realtimekit sessions`: what happened, from wherever the environment points at."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import click

from realtimekit.paths import segment

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit import RealtimeKit


def _client(app_id: str | None, account_id: str | None) -> RealtimeKit:
    from realtimekit import RealtimeKit  # noqa: PLC0415 - loaded when a command runs, not for its help

    return RealtimeKit(app_id=app_id, account_id=account_id)


def _common(command: Callable[..., Any]) -> Callable[..., Any]:
    """The options that every command of the group takes."""
    for option in (
        click.option("--app-id", metavar="ID", help="Instead of REALTIMEKIT_APP_ID."),
        click.option("--account-id", metavar="ID", help="Instead of CLOUDFLARE_ACCOUNT_ID."),
        click.option("--json", "as_json", is_flag=True, help="JSON on stdout."),
    ):
        command = option(command)
    return command


def _id(_context: click.Context, parameter: click.Parameter, value: str) -> str:
    """An id that can be one; the SDK would refuse it, too, but as a programmer's mistake."""
    try:
        segment(str(parameter.name), value)
    except ValueError as error:
        raise click.BadParameter(str(error)) from None
    return value


@click.group()
def sessions() -> None:
    """What happened when people met."""


@sessions.command("list")
@click.option("--status", metavar="LIVE|ENDED", help="Only those.")
@click.option("--meeting", "associated_id", metavar="ID", help="Only those of this meeting.")
@click.option("--search", metavar="TEXT", help="Only those that match.")
@click.option("--limit", default=50, show_default=True, type=click.IntRange(1), help="At most this many.")
@_common
def list_sessions(
    app_id: str | None, account_id: str | None, limit: int, *, as_json: bool, **filters: str | None
) -> None:
    """List sessions, the newest first."""
    from realtimekit.cli import account  # noqa: PLC0415 - as above

    with _client(app_id, account_id) as client:
        given: dict[str, Any] = {name: value for name, value in filters.items() if value}
        matching = client.sessions.where(**given)
        found = matching.order_by("-created_at").limit(limit).all()
        total = matching.count() if len(found) == limit else len(found)
    if as_json:
        click.echo(json.dumps([session.to_dict() for session in found], indent=2))
        return
    lines = [
        [
            session.id,
            session.status,
            account.moment(session.started_at),
            session.max_concurrent_participants,
            session.meeting_display_name,
        ]
        for session in found
    ]
    title = f"{len(found)} of {total} sessions (--limit shows more)" if total > len(found) else f"Sessions: {total}"
    account.console().print(account.table(title, ["id", "status", "started (UTC)", "at once", "meeting"], lines))


@sessions.command("show")
@click.argument("session_id", callback=_id)
@_common
def show_session(session_id: str, app_id: str | None, account_id: str | None, *, as_json: bool) -> None:
    """Show one session: who took part, chat, transcript, summary, livestreams."""
    from realtimekit.cli import account  # noqa: PLC0415 - as above

    with _client(app_id, account_id) as client:
        session = client.sessions.find(session_id)
        document = account.gather(session)
    if as_json:
        click.echo(json.dumps(document, indent=2))
    else:
        account.show(account.console(), session, document)
