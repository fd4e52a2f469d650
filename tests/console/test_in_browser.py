"""The console in a real browser: it plays, jumps and marks, it can be used by keyboard, and axe-core finds nothing."""

from __future__ import annotations

import re
import time
from collections.abc import Iterator
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page, Route, expect

from realtimekit import RealtimeKit
from realtimekit.console import Server, create_app
from realtimekit.transports.emulator import connected
from tests.report.test_in_browser import WATCH

from .browser import Plain
from .conftest import World, simulated

PATHS = {
    "kept": ("/", "/sessions/sess-1", "/sessions/sess-1/quality", "/search?q=Thursday",
             "/people", "/person?id=user-0", "/costs?month={month}", "/attendance?meeting=meet-1", "/health",
             "/nothing"),
    "live": ("/people", "/emulator", "/emulator/meetings/meet-1", "/emulator/requests", "/emulator/faults",
             "/emulator/webhooks"),
}  # fmt: skip
PHONE = {"kept": ("/", "/sessions/{hostile}", "/people"), "live": ("/emulator/meetings/meet-1", "/emulator/webhooks")}
MARKED = "[...document.querySelectorAll('[aria-current=true]')].map(line => line.id)"


class Window:
    """A window of a browser that may see a console; it collects complaints and requests to anything else."""

    def __init__(self, browser: Browser, client: Plain, width: int = 1200, scheme: Any = "light") -> None:
        self.context = browser.new_context(viewport={"width": width, "height": 800}, color_scheme=scheme)
        name, _, value = (client.cookie or "").partition("=")
        self.context.add_cookies([{"name": name, "value": value, "url": client.server.origin}])
        self.origin = client.server.origin
        self.page: Page = self.context.new_page()
        self.complaints: list[str] = []
        self.page.add_init_script(WATCH)
        self.page.on("console", lambda message: self.complaints.append(message.text))
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))
        self.page.on("dialog", lambda dialog: self.complaints.append(dialog.message))
        self.page.on("request", lambda request: self._check(request.url))

    def _check(self, url: str) -> None:
        if not url.startswith(f"{self.origin}/"):
            self.complaints.append(f"a request to {url}")

    def open(self, path: str) -> Page:
        self.page.goto(self.origin + path)
        return self.page


def until(page: Page, condition: str) -> None:
    """Wait until something is true of the recording. The page's own policy forbids what playwright has for this."""
    end = time.monotonic() + 20
    while not page.evaluate(f"(video => {condition})(document.querySelector('video'))"):
        assert time.monotonic() < end, condition
        page.wait_for_timeout(20)


@pytest.fixture
def window(browser: Browser, world: World) -> Iterator[Window]:
    window = Window(browser, world.kept)
    yield window
    window.context.close()
    assert window.complaints == []


@pytest.mark.parametrize(("width", "scheme"), [(1200, "light"), (390, "dark")])
@pytest.mark.parametrize("which", PATHS)
def test_every_page_can_be_read_by_everybody(
    browser: Browser, world: World, which: str, width: int, scheme: str
) -> None:
    window = Window(browser, getattr(world, which), width, scheme)
    for path in PATHS[which] if width > 1000 else PHONE[which]:
        page = window.open(path.format(hostile=world.hostile, month=world.emulator.now()[:7]))
        found = Axe().run(page).response["violations"]
        assert [(path, one["id"], one["nodes"][0]["html"]) for one in found] == []
        assert page.evaluate("window.seen") == [], path
        ground = page.evaluate("getComputedStyle(document.body).backgroundColor")
        assert (sum(map(int, re.findall(r"\d+", ground))) < 384) == (scheme == "dark")
        assert page.title().endswith("– RealtimeKit console")
        for narrower in (width, 320):
            page.set_viewport_size({"width": narrower, "height": 800})
            assert page.evaluate("document.documentElement.scrollWidth") <= narrower, path
        page.set_viewport_size({"width": width, "height": 800})
    window.context.close()
    assert [text for text in window.complaints if "404" not in text] == []


def test_the_link_opens_it_once_and_leaves_the_address(browser: Browser, world: World) -> None:
    client = world.kept.server.app.state.console.client
    with Server(create_app(client, archive=world.archive)) as server:
        context = browser.new_context()
        page = context.new_page()
        page.goto(server.url)
        assert page.url == f"{server.origin}/"
        assert page.get_by_role("heading", level=1).inner_text() == "Sessions"
        assert page.evaluate("document.cookie") == ""
        stranger = browser.new_context().new_page()
        stranger.goto(server.url)
        assert stranger.get_by_role("heading", level=1).inner_text() == "Refused"
        for one in browser.contexts:
            one.close()


def test_a_click_on_a_line_plays_from_there_and_marks_it(window: Window) -> None:
    page = window.open("/sessions/sess-1")
    line = page.locator("#said-77000")
    assert "The tests have been green" in line.inner_text()
    line.locator(".words").click()
    until(page, "video.currentTime > 75")
    video = "(v => [v.currentTime, v.paused])(document.querySelector('video'))"
    at, paused = page.evaluate(video)
    assert 75 <= at < 77, "77 seconds after the start of the session; the recording began 2 seconds later"
    assert paused is False
    assert page.evaluate(MARKED) == ["said-77000"]


def test_the_line_being_spoken_is_marked_as_the_recording_plays(window: Window) -> None:
    page = window.open("/sessions/sess-1")
    expect(page.locator("#said-65000 .jump")).to_be_visible()
    until(page, "video.readyState > 0")
    for second, spoken in ((64, "said-65000"), (89, "said-90000"), (105, "said-104000")):
        page.evaluate("second => { document.querySelector('video').currentTime = second; }", second)
        expect(page.locator(f"#{spoken}")).to_have_attribute("aria-current", "true")
        assert page.evaluate(MARKED) == [spoken]
    page.evaluate("document.querySelector('video').currentTime = 300")
    until(page, "!video.seeking")
    assert page.evaluate(MARKED) == ["said-104000"], "in a pause it is the last one"


def test_a_link_from_the_search_leads_to_the_place(window: Window) -> None:
    page = window.open("/search?q=Thursday")
    page.locator("a[href*='#said-104000']").click()
    until(page, "video.currentTime > 100")
    assert page.evaluate("document.querySelector('video').paused") is True
    expect(page.locator("#said-104000")).to_be_in_viewport()


def test_all_of_it_by_keyboard(window: Window) -> None:
    page = window.open("/")
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.textContent") == "Skip to the content"
    page.keyboard.press("Enter")
    assert page.evaluate("document.activeElement.id") == "main"
    page.get_by_label("Title or id").focus()
    page.keyboard.type("Release")
    page.keyboard.press("Enter")
    page.wait_for_url("**/?q=Release*")
    page.get_by_role("link", name="Release planning").focus()
    page.keyboard.press("Enter")
    page.wait_for_url("**/sessions/sess-1")
    button = page.locator("#said-65000").get_by_role("button")
    button.focus()
    outline = button.evaluate("b => getComputedStyle(b).outlineStyle")
    page.keyboard.press("Enter")
    until(page, "video.currentTime > 62")
    assert outline == "solid"
    assert page.evaluate("document.activeElement.className") == "jump", "the place on the page is kept"


def test_on_a_phone_the_recording_stays_in_view(browser: Browser, world: World) -> None:
    window = Window(browser, world.kept, 390)
    page = window.open("/sessions/sess-1")
    page.locator("#said-104000").scroll_into_view_if_needed()
    page.locator("#said-104000 .jump").click()
    until(page, "video.currentTime > 100")
    expect(page.locator("video")).to_be_in_viewport()
    window.context.close()


@pytest.mark.parametrize("late", [False, True])
def test_a_recording_that_cannot_be_played_says_so(window: Window, late: bool) -> None:
    window.page.route("**/recordings/**", lambda route: route.fulfill(status=404, body="gone"))

    def delay(route: Route) -> None:
        window.page.wait_for_timeout(300)
        route.continue_()

    if late:  # the recording has failed before the script runs
        window.page.route("**/app.js", delay)
    page = window.open("/sessions/sess-1")
    expect(page.get_by_text("The recording cannot be played.")).to_be_visible()
    window.complaints.clear()  # the browser complains of the 404


def test_new_requests_appear_by_themselves_unless_somebody_minds(browser: Browser) -> None:
    with simulated() as (_, client, plain):
        window = Window(browser, plain)
        page = window.open("/emulator/requests")
        expect(page.get_by_text("No request yet.")).to_be_visible()
        client.meetings.create(title="Weekly")
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_label("Update live").uncheck()
        client.meetings.create(title="Monthly")
        page.wait_for_timeout(1200)  # longer than between two looks
        expect(page.locator("tbody tr")).to_have_count(1)
        page.get_by_label("Update live").check()
        expect(page.locator("tbody tr")).to_have_count(2)
        window.context.close()
        assert window.complaints == []


def test_a_meeting_in_the_emulator_by_hand(browser: Browser) -> None:
    with simulated() as (_, _, plain):
        window = Window(browser, plain)
        page = window.open("/emulator")
        page.get_by_label("Title of a new meeting").fill("Weekly")
        page.get_by_role("button", name="Create").click()
        page.get_by_label("Name").fill("Alice")
        page.get_by_role("button", name="Add").click()
        page.get_by_role("button", name="Join Alice").click()
        page.get_by_label("Words").fill("Good morning")
        page.get_by_role("button", name="Say").click()
        page.get_by_role("button", name="End the session for all").click()
        expect(page.get_by_role("status").filter(has_text="has ended")).to_be_visible()
        page.get_by_role("link", name="Sessions").click()
        page.get_by_role("link", name="Weekly").click()
        expect(page.get_by_text("Good morning").first).to_be_visible()
        window.context.close()
        assert window.complaints == []


def test_a_link_that_is_clicked_in_another_page(browser: Browser, world: World) -> None:
    """As in a chat, or in a terminal in the browser: the cookie counts at once, and the link leaves the history."""
    client = RealtimeKit(**connected(world.emulator))
    with Server(create_app(client)) as server, browser.new_context() as context:
        page = context.new_page()
        link = f"<a href='{server.url}'>open</a>"
        page.route("http://chat.example/", lambda route: route.fulfill(content_type="text/html", body=link))
        page.goto("http://chat.example/")
        page.click("a")
        expect(page).to_have_title(re.compile("Sessions"))
        assert page.url == f"{server.origin}/"
        page.go_back()
        assert page.url == "http://chat.example/"
