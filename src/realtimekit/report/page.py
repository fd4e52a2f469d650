"""Renders the page from a template. Everything from outside is cleaned and escaped, and the page loads nothing.

The page runs no script, and its Content-Security-Policy forbids any. Its one style sheet is allowed by its hash, so
that no other style can be injected.
"""

from __future__ import annotations

import base64
import hashlib
from functools import cache
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from realtimekit import __version__, readable
from realtimekit.quality.tracks import MEDIA, ROLES, media_name
from realtimekit.report import formatting
from realtimekit.report.conversation import build_conversation
from realtimekit.report.fields import get_field
from realtimekit.report.sanitize import clean, is_web_link, split_links
from realtimekit.report.timeline import build_timeline

if TYPE_CHECKING:
    from jinja2 import Environment

    from realtimekit.quality.finding import Finding
    from realtimekit.quality.tracks import Direction, Media
    from realtimekit.report.data import CallQuality, ReportData

_SEVERITIES = ("severe", "warning", "info")
# A longer conversation is collapsed at first, and so are all calls but the worst, and further findings.
OPEN_ENTRIES, OPEN_CALLS, OPEN_FINDINGS = 150, 3, 6


def render_page(report: ReportData, *, links: bool = False) -> str:
    """Return the HTML of a report.

    Args:
        report: its data.
        links: whether to include the download links of the recordings.

    Raises:
        ImportError: the extra `report` is not installed.
    """
    environment = load_environment()
    style = read_file("style.css")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode()
    return environment.get_template("report.html").render(
        page_context(report, links=links),
        style=style,
        policy=f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'",
        version=__version__,
    )


def page_context(report: ReportData, *, links: bool = False) -> dict[str, Any]:
    """Return what the templates of the sections need.

    Args:
        report: as for `render_page`.
        links: as for `render_page`.
    """
    calls = sorted(report.calls, key=_severity_key)
    return {
        "report": report,
        "session": report.session,
        "links": links,
        "timeline": build_timeline(report),
        "conversation": build_conversation(report),
        "calls": calls,
        "open_entries": OPEN_ENTRIES,
        "open_calls": OPEN_CALLS,
        "open_findings": OPEN_FINDINGS,
        "rejoined": _rejoined(calls),
        "findings": sum(len(_problems(call)) for call in calls),
        "lines": _lines(calls),
    }


def load_environment() -> Environment:
    """Return the template environment, after importing everything that the page needs.

    Raises:
        ImportError: the extra `report` is not installed.
    """
    try:
        return _environment()
    except ImportError as error:
        raise ImportError(f"a report needs {error.name}: pip install 'realtimekit[report]'", name=error.name) from None


def _download_links(recording: Any) -> list[tuple[str, str]]:
    """The names and links of a recording's files; links that are not http or https are left out."""
    layers = get_field(recording, "layers") or []
    found = [(name, url) for layer in layers for name, url in (get_field(layer, "download_urls") or {}).items()]
    found += [("audio", get_field(recording, "audio_download_url"))]
    found = [
        (get_field(recording, "output_file_name") or "the recording", get_field(recording, "download_url")),
        *found,
    ]
    return [(name, url) for name, url in found if is_web_link(url)]


def _rejoined(calls: list[CallQuality]) -> set[str]:
    """The ids of the peers that share their name with another, so that the page has to tell them apart."""
    names: dict[Any, list[str]] = {}
    for call in calls:
        names.setdefault(get_field(call.quality.participant, "display_name"), []).append(call.quality.participant.id)
    return {peer_id for peers in names.values() if len(peers) > 1 for peer_id in peers}


def _problems(call: CallQuality) -> list[Finding]:
    return [finding for finding in call.quality.findings if finding.severity != "info"]


def _lines(calls: list[CallQuality]) -> list[tuple[Media, Direction]]:
    """Return the kinds of media and the directions for which the plots have a line."""
    plotted = {(series.media, series.direction) for call in calls for plot in call.plots for series in plot.series}
    return [(media, direction) for media in MEDIA for direction in ROLES if (media, direction) in plotted]


def _track_name(media: Media, direction: Direction) -> str:
    return f"{media_name(media).replace('screen share', 'screen').removesuffix(' video')} {direction}"


def _severity_key(call: CallQuality) -> tuple[int, ...]:
    severities: list[str] = [finding.severity for finding in call.quality.findings]
    return tuple(-severities.count(severity) for severity in _SEVERITIES)


def read_file(name: str) -> str:
    """Return the text of a file in this package, which may be in a zip file."""
    return files("realtimekit.report").joinpath(name).read_text(encoding="utf-8")


@cache
def _environment() -> Environment:
    from jinja2 import Environment, FunctionLoader, StrictUndefined  # loaded only to render a page
    from markupsafe import Markup

    from realtimekit.report import markdown, svg  # here, so that one place reports what is missing

    svg.load_pygal()

    def clean_text(value: Any) -> Any:
        return clean(value) if isinstance(value, str) and not isinstance(value, Markup) else value

    environment = Environment(
        loader=FunctionLoader(read_file),
        autoescape=True,
        finalize=clean_text,  # runs before escaping
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    filters: dict[str, Any] = {
        "time": formatting.format_time,
        "date": formatting.format_date,
        "duration": formatting.format_duration,
        "size": readable.format_size,
        "number": formatting.format_number,
        "field": get_field,
        "split_links": split_links,
        "markdown": markdown.render_markdown,
        "plot": svg.render_plot,
        "style_sheet": Markup,  # only for our own style sheet
    }
    functions: dict[str, Any] = {
        "pluralize": readable.pluralize,
        "download_links": _download_links,
        "title_of": lambda session: get_field(session, "meeting_display_name") or "Untitled session",
        "plot_titles": svg.TITLES,
        "has_problem": lambda call: bool(_problems(call)),
        "track_name": _track_name,
        "hues": 12,
    }
    environment.filters.update(filters)
    environment.globals.update(functions)
    return environment
