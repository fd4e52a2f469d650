"""The page: a template filled in, with everything from outside cleaned and escaped, and a policy that lets nothing in.

The page runs no script at all, and its policy (Content-Security-Policy) forbids any; the one style sheet in it is
allowed by its hash, so that not even a style can be smuggled in.
"""

from __future__ import annotations

import base64
import hashlib
import os
import secrets
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtimekit import __version__
from realtimekit.report import text
from realtimekit.report.people import known
from realtimekit.report.thread import thread_of
from realtimekit.report.timeline import timeline_of

if TYPE_CHECKING:
    from jinja2 import Environment

    from realtimekit.report.gathering import Call, Report

_HERE = Path(__file__).parent
_SEVERITIES = ("severe", "warning", "info")
# A longer thread is folded until somebody wants to read it, and so are calls after these, which went worst.
OPEN_REMARKS, OPEN_CALLS, OPEN_FINDINGS = 150, 3, 6


def page(report: Report, *, links: bool = False) -> str:
    """The HTML of a report.

    Raises:
        ImportError: the extra `report` is not installed.
    """
    environment = ready()
    style = (_HERE / "style.css").read_text(encoding="utf-8")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    calls = sorted(report.calls, key=_badness)
    return environment.get_template("report.html").render(
        report=report,
        session=report.session,
        links=links,
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        version=__version__,
        timeline=timeline_of(report),
        thread=thread_of(report),
        calls=calls,
        open_remarks=OPEN_REMARKS,
        open_calls=OPEN_CALLS,
        open_findings=OPEN_FINDINGS,
        came_again=_came_again(calls),
        findings=sum(finding.severity != "info" for call in calls for finding in call.quality.findings),
    )


def ready() -> Environment:
    """What pages are made with, once it is certain that all of it is installed.

    Raises:
        ImportError: the extra `report` is not.
    """
    try:
        return _environment()
    except ImportError as error:
        raise ImportError(f"a report needs {error.name}: pip install 'realtimekit[report]'", name=error.name) from None


def write(html: str, path: str | os.PathLike[str]) -> None:
    """Write a page beside its place first, then put it there."""
    whole = Path(path)
    part = whole.with_name(f".{whole.name}.{secrets.token_hex(4)}")
    try:
        part.write_text(html, encoding="utf-8", newline="\n")
        part.replace(whole)
    except BaseException:
        part.unlink(missing_ok=True)
        raise


def _downloads(recording: Any) -> list[tuple[str, str]]:
    """What can be downloaded of a recording, with its link, where it is one to the web."""
    layers = known(recording, "layers") or []
    found = [(name, url) for layer in layers for name, url in (known(layer, "download_urls") or {}).items()]
    found += [("audio", known(recording, "audio_download_url"))]
    found = [(known(recording, "output_file_name") or "the recording", known(recording, "download_url")), *found]
    return [(name, url) for name, url in found if text.is_web_link(url)]


def _came_again(calls: list[Call]) -> set[str]:
    """The peers whose name alone does not tell which call is meant."""
    names: dict[Any, list[str]] = {}
    for call in calls:
        names.setdefault(known(call.quality.participant, "display_name"), []).append(call.quality.participant.id)
    return {peer_id for peers in names.values() if len(peers) > 1 for peer_id in peers}


def _badness(call: Call) -> tuple[int, ...]:
    severities: list[str] = [finding.severity for finding in call.quality.findings]
    return tuple(-severities.count(severity) for severity in _SEVERITIES)


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FileSystemLoader, StrictUndefined  # noqa: PLC0415 - only where a page is made
    from markupsafe import Markup  # noqa: PLC0415

    from realtimekit.report import markdown, plots  # noqa: PLC0415 - so that what is missing is told once

    plots.library()

    def fit(value: Any) -> Any:
        return text.clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FileSystemLoader(_HERE),
        autoescape=True,
        finalize=fit,  # before it is escaped
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "clock": text.clock,
        "day": text.day,
        "duration": text.duration,
        "size": text.size,
        "figure": text.figure,
        "known": known,
        "pieces": text.pieces,
        "markdown": markdown.rendered,
        "plot": plots.svg,
        "sheet": Markup,  # our own style sheet, and nothing else
    }
    functions: dict[str, Any] = {
        "counted": text.counted,
        "downloads": _downloads,
        "known_title": lambda session: known(session, "meeting_display_name") or "Untitled session",
        "plot_titles": plots.TITLES,
        "hues": 12,
    }
    environment.filters.update(filters)
    environment.globals.update(functions)
    return environment
