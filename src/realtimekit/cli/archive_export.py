"""`realtimekit archive export`."""

from __future__ import annotations

from typing import TYPE_CHECKING

import click

from realtimekit.cli.archive_options import target_option

if TYPE_CHECKING:
    from realtimekit.archive import Archive
    from realtimekit.archive.export import Format


@click.command("export")
@click.option("-o", "--output", "folder", metavar="FOLDER", required=True, help="The folder to write to.")
@click.option(
    "--format", "file_format", type=click.Choice(["parquet", "csv", "jsonl"]), default="parquet", show_default=True,
    help="The format of the files.",
)  # fmt: skip
@click.option("--table", "tables", metavar="NAME", multiple=True, help="Only this table (repeatable).")
@click.option("--anonymize", is_flag=True, help="Replace people by stable pseudonyms.")
@target_option()
def export(archive: Archive, *, folder: str, file_format: Format, tables: tuple[str, ...], anonymize: bool) -> None:
    """Write the tables to files for other programs."""
    from realtimekit.archive.tables.schema import TABLES
    from realtimekit.cli.console import echo

    if unknown := [name for name in tables if name not in TABLES]:
        raise click.UsageError(f"there is no table {unknown[0]!r}: use any of {', '.join(TABLES)}")
    for path in archive.export(folder, file_format=file_format, tables=tables or None, anonymize=anonymize):
        echo(str(path))
