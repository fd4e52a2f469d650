"""`realtimekit drift`: what has changed in the API's description since this package was released."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from realtimekit.readable import pluralize

if TYPE_CHECKING:
    from realtimekit.contract import Difference


class ComparisonError(click.ClickException):
    """The descriptions could not be compared. Exit code 1 would mean that they differ."""

    exit_code = 2


@click.command()
@click.argument("spec")
@click.option(
    "--base",
    metavar="FILE",
    type=click.Path(path_type=Path),
    help="Compare with this slice instead of the packaged one.",
)
@click.option(
    "-o", "--output", "--save", "save", metavar="FILE", type=click.Path(path_type=Path),
    help="Also write the slice of SPEC to this file.",
)  # fmt: skip
@click.option(
    "--update", is_flag=True, help="Also write the slice of SPEC into this package (in a checkout of its source)."
)
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
def drift(spec: str, base: Path | None, save: Path | None, *, update: bool, as_json: bool) -> None:
    """Compare the saved slice of the API's description with a newer one.

    SPEC is a file or an https URL of an OpenAPI description in JSON (or in YAML if pyyaml is installed). It may be the
    description of the whole Cloudflare API; only the RealtimeKit part is compared.

    Exit codes: 0 no difference (or the newer slice was saved), 1 differences, 2 comparison failed or wrong usage.
    """
    from realtimekit.contract import (
        SpecError,
        compare,
        extract_slice,
        load_slice,
    )  # loaded when it runs, not for its help
    from realtimekit.contract.extract import SLICE_PATH, write_slice
    from realtimekit.contract.load import load, redact_source
    from realtimekit.errors import RealtimeKitError

    if update and save:
        raise click.UsageError("give --save or --update, not both: each says where to write the slice")
    if update and not _is_in_checkout(SLICE_PATH):
        raise click.UsageError(
            "--update works only in a checkout of the source: use --save FILE, and --base FILE later"
        )
    path = str(base) if base else spec
    try:
        old = extract_slice(load(path)) if base else load_slice()
        path = spec
        new = extract_slice(load(spec), source=redact_source(spec), on=datetime.now(UTC).date().isoformat())
        differences = compare(old, new)
        if target := SLICE_PATH if update else save:
            path = str(target)
            write_slice(new, target)
    except (SpecError, RealtimeKitError, OSError) as error:
        raise ComparisonError(_failure(path, error)) from None
    if as_json:
        click.echo(json.dumps(_document(old, new, differences, target), indent=2))
    else:
        _print(old, new, differences, target)
    if differences and not target:
        raise click.exceptions.Exit(1)


def _is_in_checkout(path: object) -> bool:
    """Return whether this file of the package is in a checkout, not in an installed package or a zip file."""
    return isinstance(path, Path) and (path.parents[3] / "pyproject.toml").is_file()


def _failure(path: str, error: Exception) -> str:
    from realtimekit.contract.load import redact_source
    from realtimekit.error_responses import sanitize

    if isinstance(error, OSError):
        return sanitize(f"{path}: {error.strerror or error}")
    message = str(error)
    return sanitize(message if redact_source(path) in message or "://" in path else f"{path}: {message}")


def _document(
    old: dict[str, Any], new: dict[str, Any], differences: list[Difference], target: Path | None
) -> dict[str, Any]:
    return {
        "base": _provenance(old),
        "spec": _provenance(new),
        "same": not differences,
        "breaking": sum(difference.breaking for difference in differences),
        "differences": [difference._asdict() for difference in differences],
        "saved": str(target) if target else None,
    }


def _provenance(document: dict[str, Any]) -> dict[str, Any]:
    info = document["info"]
    return {"version": info["version"], "source": info["x-source"], "saved": info["x-saved"]}


def _print(old: dict[str, Any], new: dict[str, Any], differences: list[Difference], target: Path | None) -> None:
    from realtimekit.cli.console import echo, make_console, safe_line

    console = make_console()
    breaking = sum(difference.breaking for difference in differences)
    operation = None
    for difference in differences:
        if difference.operation != operation:
            operation = difference.operation
            console.print(safe_line(operation), style="bold", soft_wrap=True)
        mark, style = ("breaking", "red") if difference.breaking else ("harmless", "green")
        line = safe_line(
            f"  {mark}  {difference.location + ': ' if difference.location else ''}{difference.description}"
        )
        line.stylize(style, 2, 10)
        console.print(line, soft_wrap=True)
    if differences:
        click.echo()
    for name, document in (("old", old), ("new", new)):
        origin = _provenance(document)
        facts = [f"version {origin['version'] or 'unknown'}", origin["source"], origin["saved"]]
        echo(f"{name}: {', '.join(fact for fact in facts if fact)}")
    if differences:
        click.echo(f"{pluralize(len(differences), 'difference')}, {breaking:,} breaking")
    else:
        click.echo("No differences")
    if target:
        echo(f"Saved to {target}")
