"""Renders the pages. Everything from outside is cleaned and escaped, as in a report, whose templates they share."""

from __future__ import annotations

from datetime import UTC, datetime
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any
from urllib.parse import quote, urlencode

from realtimekit import __version__
from realtimekit.console.forms import FORM_TOKEN
from realtimekit.report.page import load_environment, read_file

if TYPE_CHECKING:
    from collections.abc import Mapping

    from jinja2 import Environment


def read(folder: str, name: str) -> str:
    """Return the text of a file of this package, which may be in a zip file."""
    return files("realtimekit.console").joinpath(folder, name).read_text(encoding="utf-8")


@cache
def environment() -> Environment:
    """Return the template environment: that of reports, with the templates of the console.

    Raises:
        ImportError: the extra `console` is not installed.
    """
    from jinja2 import ChoiceLoader, FunctionLoader

    def own(name: str) -> str | None:
        path = files("realtimekit.console").joinpath("templates", name)
        return path.read_text(encoding="utf-8") if path.is_file() else None

    made = load_environment().overlay(loader=ChoiceLoader([FunctionLoader(own), FunctionLoader(read_file)]))
    filters: dict[str, Any] = {
        "minute": format_minute,
        "segment": lambda value: quote(str(value).encode("utf-8", "replace"), safe=""),
        "count": lambda value: "–" if value is None else f"{value:,.0f}",
        "milliseconds": lambda time: round(time.timestamp() * 1000),
        "iso": lambda time: time.astimezone(UTC).isoformat(timespec="milliseconds"),
    }
    shared: dict[str, Any] = {"version": __version__, "with_query": with_query, "form_token_name": FORM_TOKEN}
    # An overlay has those of the environment below it: copies, because reports are to keep their own.
    made.filters, made.globals = dict(made.filters), dict(made.globals)
    made.filters.update(filters)
    made.globals.update(shared)
    return made


def compile_templates() -> None:
    """Compile all templates, which would take a third of a second of the first pages."""
    for file in files("realtimekit.console").joinpath("templates").iterdir():
        environment().get_template(file.name)
    environment().get_template("macros.html")


def format_minute(time: datetime | None) -> str:
    """Format as "2026-03-02 14:03"; a dash for None."""
    return "–" if time is None else f"{time.astimezone(UTC):%Y-%m-%d %H:%M}"


def with_query(parameters: Mapping[str, str], **changes: Any) -> str:
    """Return the query of a link: these parameters with some changed; None removes one."""
    merged = {**parameters, **changes}
    return "?" + urlencode(
        {name: str(value).encode("utf-8", "replace") for name, value in merged.items() if value not in (None, "")}
    )
