"""`realtimekit archive search`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.archive_options import target_option
from realtimekit.cli.options import format_options, time_range_options
from realtimekit.cli.param_types import positive_int, resource_id
from realtimekit.readable import pluralize

if TYPE_CHECKING:
    from realtimekit.archive import Archive

DEFAULT_LIMIT = 20


@click.command("search")
@click.argument("words", nargs=-1, required=True)
@click.option("--speaker", metavar="NAME", help="Only what this person said or wrote; a part of the name is enough.")
@click.option("--meeting", "meeting_id", metavar="ID", type=resource_id, help="Only sessions of this meeting.")
@click.option("--limit", metavar="N", type=positive_int, help=f"Show at most N matches.  [default: {DEFAULT_LIMIT}]")
@time_range_options("since", "until")
@format_options
@target_option()
def search(archive: Archive, *, words: tuple[str, ...], output_format: str | None, **filters: Any) -> None:
    """Search in transcripts, chats and summaries.

    All words must occur. "a phrase" matches exactly, bud* matches a prefix, -word excludes, OR matches either word.
    """
    from rich.text import Text

    from realtimekit.cli import output
    from realtimekit.cli.columns import Column
    from realtimekit.cli.console import make_console, safe_line

    filters["limit"] = filters["limit"] or DEFAULT_LIMIT
    found = archive.search(" ".join(words), **filters)
    if output_format == "json":
        output.print_json([match.to_dict() for match in found])
        return
    names = ("at", "title", "speaker", "snippet", "kind", "start_ms", "session_id")
    rows = [[getattr(match, name) for name in names] for match in found]
    if output_format == "csv":
        output.print_csv(names, rows)
        return
    columns = [Column(name, fold=name in {"title", "speaker", "snippet"}) for name in names]
    snippet = names.index("snippet")
    for row, match in zip(rows, found, strict=True):
        row[snippet] = Text.assemble(
            *((safe_line(piece).plain, "bold" if marks else "") for piece, marks in match.pieces())
        )
    output.print_table(make_console(), pluralize(len(found), "match", "matches"), columns, rows)
