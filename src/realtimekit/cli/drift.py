"""`realtimekit drift`: what has changed in the description of the API since this package was written."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

if TYPE_CHECKING:
    from realtimekit.contract import Difference


class NotCompared(click.ClickException):
    """1 would say that the descriptions differ."""

    exit_code = 2


@click.command()
@click.argument("spec")
@click.option(
    "--base", metavar="FILE", type=click.Path(path_type=Path), help="Compare with this, not with the packaged slice."
)
@click.option(
    "--save", metavar="FILE", type=click.Path(path_type=Path), help="Then write the slice of SPEC to this file."
)
@click.option("--update", is_flag=True, help="Then put the slice of SPEC into this package (a checkout of its source).")
@click.option("--json", "as_json", is_flag=True, help="JSON on stdout.")
def drift(spec: str, base: Path | None, save: Path | None, *, update: bool, as_json: bool) -> None:
    """Compare the saved slice of the API's description with a newer one.

    SPEC is a file or an https URL: an OpenAPI description, as JSON (or as YAML where pyyaml is installed). The whole of
    Cloudflare's will do; only what is RealtimeKit's is looked at.

    Exit codes: 0 they say the same (or the newer one was saved), 1 they differ, 2 not compared, or wrong usage.
    """
    from realtimekit.contract import SpecError, compare, cut, saved  # noqa: PLC0415 - when it runs, not for its help
    from realtimekit.contract.reading import read, told  # noqa: PLC0415 - as above
    from realtimekit.contract.slicing import SLICE, write  # noqa: PLC0415 - as above
    from realtimekit.errors import RealtimeKitError  # noqa: PLC0415 - as above

    if update and save:
        raise click.UsageError("--save and --update both say where the slice goes: give one of them")
    if update and not (SLICE.parents[3] / "pyproject.toml").is_file():
        raise click.UsageError("--update is for a checkout of the source: use --save FILE, and later --base FILE")
    place = str(base) if base else spec
    try:
        old = cut(read(place)) if base else saved()
        place = spec
        new = cut(read(spec), source=told(spec), on=datetime.now(UTC).date().isoformat())
        differences = compare(old, new)
        if target := SLICE if update else save:
            place = str(target)
            write(new, target)
    except (SpecError, RealtimeKitError, OSError) as error:
        raise NotCompared(_reason(place, error)) from None
    if as_json:
        click.echo(json.dumps(_document(old, new, differences, target), indent=2))
    else:
        _show(old, new, differences, target)
    if differences and not target:
        raise click.exceptions.Exit(1)


def _reason(place: str, error: Exception) -> str:
    from realtimekit.contract.reading import told  # noqa: PLC0415 - as above
    from realtimekit.protocol import sanitize  # noqa: PLC0415 - as above

    if isinstance(error, OSError):
        return sanitize(f"{place}: {error.strerror or error}")
    words = str(error)
    return sanitize(words if told(place) in words or "://" in place else f"{place}: {words}")


def _document(
    old: dict[str, Any], new: dict[str, Any], differences: list[Difference], target: Path | None
) -> dict[str, Any]:
    return {
        "base": _header(old),
        "spec": _header(new),
        "same": not differences,
        "breaking": sum(difference.breaking for difference in differences),
        "differences": [difference._asdict() for difference in differences],
        "saved": str(target) if target else None,
    }


def _header(document: dict[str, Any]) -> dict[str, Any]:
    info = document["info"]
    return {"version": info["version"], "source": info["x-source"], "saved": info["x-saved"]}


def _show(old: dict[str, Any], new: dict[str, Any], differences: list[Difference], target: Path | None) -> None:
    from realtimekit.cli.output import clean, console  # noqa: PLC0415 - as above

    out = console()
    breaking = sum(difference.breaking for difference in differences)
    operation = None
    for difference in differences:
        if difference.operation != operation:
            operation = difference.operation
            out.print(clean(operation), style="bold", soft_wrap=True)
        mark, style = ("breaking", "red") if difference.breaking else ("harmless", "green")
        line = clean(f"  {mark}  {difference.place + ': ' if difference.place else ''}{difference.what}")
        line.stylize(style, 2, 10)
        out.print(line, soft_wrap=True)
    if differences:
        out.print()
    for name, document in (("old", old), ("new", new)):
        header = _header(document)
        facts = [f"version {header['version'] or 'unknown'}", header["source"], header["saved"]]
        out.print(clean(f"{name}: {', '.join(fact for fact in facts if fact)}"), soft_wrap=True)
    if differences:
        noun = "difference" if len(differences) == 1 else "differences"
        out.print(f"{len(differences)} {noun}, {breaking} breaking")
    else:
        out.print("No differences")
    if target:
        out.print(clean(f"Saved to {target}"), soft_wrap=True)
