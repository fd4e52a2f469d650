"""`realtimekit analytics costs`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.columns import Column
from realtimekit.cli.decorators import with_client
from realtimekit.cli.enums import Choice
from realtimekit.cli.options import ARCHIVE, archive_option, format_options
from realtimekit.cli.param_types import month, prices_file

if TYPE_CHECKING:
    from realtimekit import RealtimeKit
    from realtimekit.costs import Costs

COLUMNS = (
    Column("key", fold=True),
    Column("name", fold=True, wide_only=True),
    Column("sessions"),
    Column("participant_minutes"),
    Column("recording_minutes", wide_only=True),
    Column("livestream_minutes", wide_only=True),
    Column("transcription_minutes", wide_only=True),
    Column("cost"),
    Column("unpriced", "no price for", fold=True, wide_only=True),
)
LINE_COLUMNS = (Column("item"), Column("minutes"), Column("per_minute"), Column("cost"), Column("date", "price as of"))
IDLE_USAGE_COLUMNS = (
    Column("reason"), Column("name", fold=True), Column("session_id", "session"), Column("since", "since (UTC)"),
    Column("until", "until (UTC)"), Column("minutes"), Column("cost"),
)  # fmt: skip
DIFFERENCE_COLUMNS = (
    Column("session_id", "session"),
    Column("minutes_consumed"),
    Column("counted", "participants' minutes"),
)


@click.command("costs")
@archive_option
@click.option("--month", metavar="YYYY-MM", type=month, help="Which month, in UTC.  [default: the current one]")
@click.option(
    "--by",
    type=Choice(("meeting", "preset", "day", "participant")),
    default="meeting",
    show_default=True,
    help="What to group the costs by.",
)
@click.option(
    "--prices",
    metavar="FILE",
    type=prices_file,
    help="Use the prices in this TOML file instead of the published ones; docs/costs.md describes it.",
)
@format_options
@with_client
def costs(client: RealtimeKit, output_format: str | None = None, **options: Any) -> None:
    """Show what the sessions of a month cost: participants, recordings, livestreams and transcription.

    This is an estimate: minutes as the API reports them, at published prices. It also lists agents and recordings
    that continued when everybody else had left, and sessions whose minutes do not add up.
    """
    from realtimekit.cli import output  # rich, loaded when a command runs

    target = click.get_current_context().meta.get(ARCHIVE)
    if target is None:
        found: Costs = client.analytics.costs(**options)
    else:
        from realtimekit.archive import Archive

        found = Archive(target, create=False).costs(**options)
    if output_format == "json":
        output.print_json(found.to_dict())
    elif output_format == "csv":
        output.print_csv([column.name for column in COLUMNS], [list(row.values()) for row in found.rows()])
    else:
        _print_tables(found)


def _print_tables(found: Costs) -> None:
    from realtimekit.cli import output
    from realtimekit.cli.console import echo, make_console

    console = make_console()
    title = f"Costs: {_money(found.cost)} {found.currency}, sessions: {found.sessions}, from {found.since:%Y-%m-%d}"
    rows = [[*list(row.values())[:-2], _money(row["cost"]), row["unpriced"]] for row in found.rows()]
    for row in rows:
        row[0] = "(not divided)" if row[0] is None else row[0]
    output.print_table(console, title, COLUMNS, rows)
    lines = [
        [line.item, line.minutes, "unknown" if line.per_minute is None else f"{line.per_minute:g}",
         "unknown" if line.cost is None else _money(line.cost), line.date]
        for line in found.lines
    ]  # fmt: skip
    output.print_table(console, f"Items, in {found.currency}", LINE_COLUMNS, lines)
    if found.idle_usage:
        left = [
            [one.reason, one.name or one.id, one.session_id, one.since, one.until, one.minutes,
             "unknown" if one.cost is None else _money(one.cost)]
            for one in found.idle_usage
        ]  # fmt: skip
        output.print_table(console, "Idle usage: what continued when everybody else had left", IDLE_USAGE_COLUMNS, left)
    if found.differences:
        title = "Sessions whose minutes are not the sum of their participants' minutes"
        output.print_table(console, title, DIFFERENCE_COLUMNS, found.differences)
    for source in sorted({line.source for line in found.lines if line.source}):
        echo(f"Prices: {source}", err=True)
    for note in found.notes:
        echo(f"Note: {note}", err=True)


def _money(amount: float) -> str:
    return f"{amount:,.4f}"
