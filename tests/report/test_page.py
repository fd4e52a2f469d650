"""The page as a file: self-contained, loads nothing, and no text from outside becomes markup."""

from __future__ import annotations

import base64
import hashlib
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from realtimekit.artifacts.messages import ChatMessage
from realtimekit.artifacts.segments import Peer, Segment
from realtimekit.report import Attendee, SessionReport
from realtimekit.report.sanitize import clean

from .meeting import NAMES, SAID, TITLE, WRITTEN, Met, Page
from .test_attendees import START
from .test_conversation import of, said, written

LOAD = "from realtimekit.report import page; page.load_environment()"
LOADING = {"applet", "audio", "base", "embed", "form", "frame", "iframe", "img", "link", "object", "script", "video"}


@pytest.fixture(scope="module")
def html(made: SessionReport) -> str:
    return made.html()


def closed(html: str) -> Page:
    """A page that loads nothing and runs nothing."""
    page = Page(html)
    for tag, attributes in page.elements:
        assert tag not in LOADING, tag
        for name, value in attributes.items():
            assert not name.startswith("on"), (tag, name)
            assert name not in {"src", "srcset", "style", "data", "action", "xlink:href", "background"}, (tag, name)
            if name == "href":
                assert tag == "a"
                assert (value or "").startswith(("#", "http://", "https://"))
                assert (value or "").startswith("#") or "noopener" in (attributes["rel"] or "")
    return page


def test_it_loads_and_runs_nothing(html: str) -> None:
    closed(html)
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    assert style is not None
    assert "url(" not in style[1]
    assert "@import" not in style[1]


def test_its_policy_allows_its_own_sheet_alone(html: str) -> None:
    page = Page(html)
    policies = [meta.attributes["content"] for meta in page.named("meta") if "http-equiv" in meta.attributes]
    (sheet,) = re.findall(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(sheet.encode()).digest()).decode()
    policy = f"default-src 'none'; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    assert policies == [policy]
    assert page.elements.index(page.named("meta")[1]) < page.elements.index(page.named("style")[0])


def test_text_is_shown_literally(html: str) -> None:
    text = Page(html).text
    for own in (TITLE, *NAMES, *SAID, *WRITTEN):
        assert clean(own) in text
    assert "\x07" not in html
    assert "\u202e" not in html


def test_download_links_only_on_demand(made: SessionReport, html: str) -> None:
    (recording,) = made.recordings or []
    link = recording.download_url
    assert link
    assert "signature=" not in html
    assert "Download links are left out" in html
    with_links = made.html(links=True)
    hrefs = [element.attributes["href"] for element in closed(with_links).named("a")]
    assert link in hrefs
    assert "signature=" not in re.sub(r'href="[^"]*"', "", with_links)


def test_no_token_is_in_it(met: Met, made: SessionReport) -> None:
    html = made.html(links=True)
    assert met.emulator.api_token not in html
    assert "stream_key" not in html


def test_only_web_links_are_links(made: SessionReport) -> None:
    (recording,) = made.recordings or []
    for url in ("javascript:alert(1)", "file:///etc/passwd", "//example.com/x", "https://"):
        forged = type(recording)({**recording.to_dict(), "download_url": url}, client=recording._client, scope={})
        closed(made._replace(recordings=[forged]).html(links=True))


anything = st.text(st.characters(), max_size=40) | st.sampled_from([*NAMES, *SAID, *WRITTEN])


@settings(deadline=None)
@given(anything, anything, anything, anything, anything)
def test_any_text(title: str, name: str, speech: str, message: str, reason: str) -> None:
    plain = of([], [], [])
    usual = of([said(1, "x", "p", "x")], [written(2, "x")], [Attendee("x", None, frozenset({"p"}), [])])
    report = of(
        [Segment(said(1, "").start, None, name, speech, Peer("p", None, None))],
        [ChatMessage({"payload": message, "displayName": name, "createdAt": START.isoformat()})],
        [Attendee(name, None, frozenset({"p"}), [])],
    )
    report.session._data["meeting_display_name"] = title
    report = report._replace(missing={"summary": reason})
    page = closed(report.html())
    for own in (title, name, speech, message):
        assert clean(own).strip() in page.text
    links = len(page.named("a")) - len(Page(usual.html()).named("a"))
    assert links >= 0
    extra = {"bdi", "a", "details", "summary", "ol", "li", "time", "div", "p", "span"}
    assert {element.tag for element in page.elements} <= {e.tag for e in Page(plain.html()).elements} | extra


def test_an_empty_report_has_a_line_for_each_part() -> None:
    everything = ("participants", "summary", "transcript", "chat", "quality", "recordings", "livestreams")
    empty = of([], [])._replace(segments=None, messages=None, missing=dict.fromkeys(everything, "it is gone"))
    assert Page(empty.html()).text.count("it is gone") == len(everything)
    assert "Untitled session" in empty.html()
    nothing = of([], [])._replace(recordings=[], livestreams=[])
    text = Page(nothing.html()).text
    for line in ("Nothing was said or written.", "Nothing was recorded.", "Nothing was streamed.", "Nobody took part."):
        assert line in text


def test_rows_that_could_not_be_read_are_reported() -> None:
    report = of([], [])._replace(unreadable={"chat": ["line 3: it has no text", "line 4: it has no text"]})
    assert "2 rows of the chat could not be read: line 3: it has no text; …" in Page(report.html()).text


def test_fields_that_cannot_be_read_are_left_out(made: SessionReport) -> None:
    odd: dict[str, Any] = {"id": "s", "started_at": 7, "ended_at": "soon", "minutes_consumed": "many", "status": None}
    session = type(made.session)(odd, client=made.session._client, scope={})
    closed(made._replace(session=session).html())


# --- as a file --------------------------------------------------------------------------------------------------------


def test_a_file_is_written_atomically(made: SessionReport, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    place = tmp_path / "report.html"
    place.write_text("the last one")
    monkeypatch.setattr(Path, "replace", lambda *_: (_ for _ in ()).throw(OSError("disk full")))
    with pytest.raises(OSError, match="disk full"):
        made.save(place)
    assert [(path.name, path.read_text()) for path in tmp_path.iterdir()] == [("report.html", "the last one")]
    monkeypatch.undo()
    made.save(place)
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
    assert place.read_text(encoding="utf-8") == made.html()


@pytest.mark.parametrize("library", ["jinja2", "markdown_it", "pygal"])
def test_a_library_that_is_missing_is_named(library: str) -> None:
    script = f"import sys; sys.modules[{library!r}] = None\n{LOAD}"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=False)
    last = result.stderr.splitlines()[-1]
    assert last == f"ImportError: a report needs {library}: pip install 'realtimekit[report]'"


def test_pygal_leaves_no_warning_behind() -> None:
    script = f"{LOAD}\ntry: import no_such_module\nexcept ImportError: pass"
    subprocess.run([sys.executable, "-W", "error", "-c", script], check=True)


def test_nothing_slow_is_loaded_before_a_page_is_made() -> None:
    script = "import realtimekit.report, sys; print(*{'jinja2', 'markdown_it', 'pygal', 'asyncio'} & set(sys.modules))"
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert result.stdout.split() == []
