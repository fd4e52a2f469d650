"""The page in a real browser: what it shows, and that it runs no scripts, loads nothing and logs no errors."""

from __future__ import annotations

import re
from itertools import pairwise
from pathlib import Path
from typing import NamedTuple

import pytest
from playwright.sync_api import Browser, Page

from realtimekit.report import SessionReport
from realtimekit.report.sanitize import clean

from .meeting import NAMES, SAID, TITLE, WRITTEN

# What every page is watched for; hostile text would change the title of the window, or be seen here.
WATCH = """
window.seen = [];
document.addEventListener("securitypolicyviolation", event => window.seen.push(event.violatedDirective));
window.alert = text => window.seen.push(`alert ${text}`);
"""
PHONE_HEADERS = ["MOS, mean of audio sent", "lost, % of audio received", "round-trip time, ms, 90th percentile"]
CONTRAST = """
() => {
  const canvas = document.createElement("canvas").getContext("2d", { willReadFrequently: true });
  const rgb = color => {
    canvas.clearRect(0, 0, 1, 1);
    canvas.fillStyle = color;
    canvas.fillRect(0, 0, 1, 1);
    return [...canvas.getImageData(0, 0, 1, 1).data];
  };
  const light = ([r, g, b]) => {
    const part = [r, g, b].map(v => v / 255).map(v => v <= 0.04045 ? v / 12.92 : ((v + 0.055) / 1.055) ** 2.4);
    return 0.2126 * part[0] + 0.7152 * part[1] + 0.0722 * part[2];
  };
  const ground = element => {
    for (let at = element; at; at = at.parentElement) {
      const color = rgb(getComputedStyle(at).backgroundColor);
      if (color[3] === 255) return color;
    }
    return [255, 255, 255, 255];
  };
  const poor = [];
  for (const element of document.querySelectorAll("main *, header *, footer *")) {
    const own = [...element.childNodes].some(node => node.nodeType === 3 && node.textContent.trim());
    if (!own || element.closest("svg") || !element.checkVisibility()) continue;
    const pair = [light(rgb(getComputedStyle(element).color)), light(ground(element))].sort((a, b) => b - a);
    const contrast = (pair[0] + 0.05) / (pair[1] + 0.05);
    if (contrast < 4.5) poor.push(`${element.className} ${element.textContent.slice(0, 30)} ${contrast.toFixed(2)}`);
  }
  return poor;
}
"""


@pytest.fixture(scope="module")
def file(made: SessionReport, tmp_path_factory: pytest.TempPathFactory) -> Path:
    place = tmp_path_factory.mktemp("report") / "report.html"
    made.save(place)
    return place


class Looked(NamedTuple):
    """A page, and what happened when it was opened."""

    page: Page
    requests: list[str]
    complaints: list[str]


class Looking:
    """Opens the page on a screen of a given size."""

    def __init__(self, browser: Browser, file: Path) -> None:
        self._browser, self._file = browser, file

    def __call__(self, width: int = 1200, scheme: str = "light", *, unfold: bool = True) -> Looked:
        context = self._browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)  # type: ignore[arg-type]
        page = context.new_page()
        page.add_init_script(WATCH)
        looked = Looked(page, [], [])
        page.on("request", lambda request: looked.requests.append(request.url))
        page.on("console", lambda message: looked.complaints.append(message.text))
        page.on("pageerror", lambda error: looked.complaints.append(str(error)))
        page.on("dialog", lambda dialog: looked.complaints.append(dialog.message))
        page.goto(self._file.as_uri())
        if unfold:
            page.evaluate("document.querySelectorAll('details').forEach(details => details.open = true)")
        return looked


@pytest.fixture
def look(browser: Browser, file: Path) -> Looking:
    return Looking(browser, file)


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [360, 1200])
def test_the_browser_runs_and_loads_nothing(look: Looking, file: Path, width: int, scheme: str) -> None:
    looked = look(width, scheme)
    looked.page.mouse.move(width / 2, 400)
    looked.page.wait_for_timeout(50)  # for what would come late
    assert looked.requests == [file.as_uri()]
    assert looked.complaints == []
    assert looked.page.evaluate("window.seen") == []
    assert looked.page.title() == f"{TITLE} – session report"
    assert looked.page.locator("script").count() == 0


def test_the_attendees(look: Looking) -> None:
    page = look().page
    assert page.get_by_role("heading", level=1).inner_text() == TITLE
    rows = page.locator("#people li")
    assert [name.strip() for name in rows.locator(".name").all_inner_texts()] == [clean(name) for name in NAMES]
    assert "joined 2 times" in rows.nth(0).inner_text()
    bars = [rows.nth(at).locator(".bars .presence").count() for at in range(len(NAMES))]
    assert bars == [2, 1, 1, 1, 1, 1]
    # Who came later begins further right; who left early ends further left.
    boxes = [rows.nth(at).locator(".bars .presence").first.bounding_box() for at in range(len(NAMES))]
    lefts = [box["x"] for box in boxes if box]
    assert lefts == sorted(lefts)
    assert len(set(lefts)) == len(NAMES)
    assert rows.locator(".bars .speech").count() == len(SAID)
    assert rows.locator(".bars .message").count() == len(WRITTEN)


def test_the_conversation_is_in_order_and_shows_text_literally(look: Looking) -> None:
    page = look().page
    entries = page.locator("#conversation li")
    expected = [clean(text) for both in zip(SAID, WRITTEN, strict=True) for text in both]
    assert entries.locator(".words").all_inner_texts() == expected
    assert entries.locator(".badge.chat").count() == len(WRITTEN)
    times = entries.locator("time").all_inner_texts()
    assert times == sorted(times)
    links = [link.get_attribute("href") for link in entries.locator("a").all()]
    assert links == ["https://example.com/a?b=1&c=%22", "https://example.com/", "https://example.com"]
    assert page.locator("iframe, img").count() == 0
    assert page.locator("style").count() == 1


def test_the_summary_is_render_markdown(look: Looking) -> None:
    summary = look().page.locator("#summary")
    assert summary.locator("h3, li, strong").count() > 0
    assert "<script>" in summary.inner_text()


def test_the_quality_of_everybodys_call(look: Looking, made: SessionReport) -> None:
    page = look().page
    assert page.locator(".overview tbody tr").count() == len(made.calls)
    assert page.locator(".call").count() == len(made.calls)
    findings = sorted(finding.text.lower() for call in made.calls for finding in call.quality.findings)
    shown = page.locator(".findings li span:last-child").all_inner_texts()
    assert sorted(text.lower() for text in shown) == findings
    plots = page.locator("svg.plot")
    assert plots.count() == sum(len(call.plots) for call in made.calls)
    for plot in plots.all():
        box = plot.bounding_box()
        assert box
        assert box["width"] > 200
        assert box["height"] > 80
        drawn = plot.locator(".sent path, .received path")
        assert drawn.count() > 0
        assert drawn.first.evaluate("path => getComputedStyle(path).stroke") not in {"none", "rgb(0, 0, 0)"}
    assert page.locator(".call table").count() == len(made.calls), "the numbers stand in a table, too"


def test_the_overview_is_readable_on_a_phone(look: Looking, made: SessionReport) -> None:
    overview = look(390).page.locator(".overview")
    names = overview.locator("tbody th")
    assert names.count() == len(made.calls)
    for name in names.all():
        box = name.bounding_box()
        assert box
        assert box["width"] > 390 / 2
        assert name.evaluate("th => parseFloat(getComputedStyle(th).fontSize)") >= 15
    words = overview.evaluate(
        "table => [...table.querySelector('tbody tr').cells].map(c => getComputedStyle(c, '::after').content)"
    )
    assert words == ["none", "none", *(f'"{text}"' for text in PHONE_HEADERS)]
    wide = [" ".join(text.split()) for text in look().page.locator(".overview thead .number").all_inner_texts()]
    assert [text.replace(",", "") for text in PHONE_HEADERS] == [text.replace(",", "") for text in wide]
    scroll, shown = overview.evaluate("t => [t.parentElement.scrollWidth, t.parentElement.clientWidth]")
    assert scroll == shown, "no number is to the right of the screen"


@pytest.mark.parametrize("media", ["screen", "print"])
def test_lines_are_told_apart_without_color(look: Looking, media: str) -> None:
    page = look().page
    page.emulate_media(media=media)  # type: ignore[arg-type]
    style = "path => [getComputedStyle(path).strokeDasharray, getComputedStyle(path).strokeWidth]"

    def drawn(where: str, line: str) -> list[str]:
        found: list[str] = page.locator(f"{where} .{line.replace(' ', '.')} path").first.evaluate(style)
        return found

    lines = {line: drawn("svg.plot", line) for line in ("audio sent", "audio received", "video sent", "video received")}
    assert len({tuple(look) for look in lines.values()}) == 4
    assert lines["audio sent"][0] == lines["audio received"][0] != lines["video sent"][0] == lines["video received"][0]
    assert float(lines["audio sent"][1].removesuffix("px")) > 2 * float(lines["audio received"][1].removesuffix("px"))
    assert {line: drawn(".legend", line) for line in lines} == lines, "as the legend says"
    assert drawn("svg.plot", "threshold") not in lines.values()


def test_all_kinds_of_media_have_dashes_of_their_own(look: Looking) -> None:
    page = look().page
    dashes = page.evaluate(
        """() => ["audio", "video", "screenshare_audio", "screenshare_video"].map(media => {
             const group = document.querySelector(".legend .audio.sent");
             group.setAttribute("class", `${media} sent`);
             const dash = getComputedStyle(group.firstChild).strokeDasharray;
             group.setAttribute("class", "audio sent");
             return dash;
           })"""
    )
    assert len(set(dashes)) == 4


def test_a_link_in_the_overview_unfolds_its_call(look: Looking) -> None:
    page = look(unfold=False).page
    last = page.locator(".call").last
    assert last.get_attribute("open") is None
    page.locator(".overview a").last.click()
    assert last.get_attribute("open") is not None
    assert last.locator(".call-body").is_visible()


def test_recordings_and_livestreams(look: Looking, made: SessionReport) -> None:
    media = look().page.locator("#media")
    (recording,) = made.recordings or []
    assert recording.output_file_name
    assert recording.output_file_name in media.inner_text()
    assert "Livestream" in media.inner_text()
    assert media.locator("a").count() == 0


@pytest.mark.parametrize("width", [320, 360, 768, 1200])
def test_it_never_scrolls_sideways(look: Looking, width: int) -> None:
    page = look(width).page
    assert page.evaluate("document.documentElement.scrollWidth") == width
    outside = page.evaluate(
        "width => [...document.querySelectorAll('body *')].filter(e => !e.closest('.scroll') && !e.closest('svg')"
        " && e.checkVisibility() && e.getBoundingClientRect().right > width + 1).map(e => e.outerHTML.slice(0, 80))",
        width,
    )
    assert outside == []


def brightness(color: str) -> float:
    return sum(float(part) for part in re.findall(r"[\d.]+", color)[:3]) / 3


def test_its_colors_follow_the_readers_choice(look: Looking) -> None:
    def colors(scheme: str) -> tuple[float, float, str]:
        page = look(scheme=scheme).page
        body = page.locator("body").evaluate("b => [getComputedStyle(b).backgroundColor, getComputedStyle(b).color]")
        line = page.locator(".plot .audio path").first.evaluate("path => getComputedStyle(path).stroke")
        return brightness(body[0]), brightness(body[1]), line

    light_ground, light_text, light_line = colors("light")
    dark_ground, dark_text, dark_line = colors("dark")
    assert light_text < 60
    assert light_ground > 220
    assert dark_text > 200
    assert dark_ground < 40
    assert light_line != dark_line


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_every_text_has_enough_contrast(look: Looking, scheme: str) -> None:
    assert look(scheme=scheme).page.evaluate(CONTRAST) == []


def test_no_heading_level_is_skipped(look: Looking) -> None:
    levels = look().page.evaluate("[...document.querySelectorAll('h1,h2,h3,h4,h5,h6')].map(h => +h.tagName[1])")
    assert levels[0] == 1
    assert levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_it_prints_all_of_it_on_white(look: Looking, scheme: str) -> None:
    page = look(scheme=scheme, unfold=False).page
    page.emulate_media(media="print")
    assert brightness(page.locator("body").evaluate("b => getComputedStyle(b).backgroundColor")) == 255
    assert brightness(page.locator("body").evaluate("b => getComputedStyle(b).color")) < 60
    folded = page.locator(".call:not([open]) .call-body").first
    box = folded.bounding_box()
    assert box
    assert box["height"] > 200, "what is folded on a screen is not on paper"
    pdf = page.pdf(format="A4")
    assert pdf.startswith(b"%PDF-")
    assert pdf.count(b"/Type /Page\n") >= 5
