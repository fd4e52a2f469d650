"""The site in Chromium: search works without a network, and no page asks for anything from elsewhere."""

from __future__ import annotations

import functools
import http.server
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from tools.site.pages import ROOT


class Handler(http.server.SimpleHTTPRequestHandler):
    def log_message(self, format: str, *args: object) -> None: ...


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The URL of a small site with the settings of the whole one, but for the reference."""
    folder = tmp_path_factory.mktemp("site")
    settings = (ROOT / "zensical.toml").read_text(encoding="utf-8").partition("[project.plugins.")[0]
    nav = 'nav = [{ "Home" = "index.md" }, { "Webhooks" = "webhooks.md" }]'
    (folder / "zensical.toml").write_text(re.sub(r"nav = \[.*?^\]", nav, settings, flags=re.DOTALL | re.MULTILINE))
    docs = folder / "build" / "docs"
    docs.mkdir(parents=True)
    for name in ("index.md", "webhooks.md", "assets/site.css"):
        (docs / name).parent.mkdir(exist_ok=True)
        (docs / name).write_bytes((ROOT / "docs" / name).read_bytes())
    zensical = Path(sys.executable).with_name("zensical")
    subprocess.run([zensical, "build"], cwd=folder, check=True, capture_output=True)
    handler = functools.partial(Handler, directory=str(folder / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/"
        server.shutdown()
        thread.join()


@pytest.fixture
def page(browser: Browser) -> Page:
    return browser.new_page()


def test_a_search_finds_a_section_and_nothing_comes_from_elsewhere(site: str, page: Page) -> None:
    requests: list[str] = []
    complaints: list[str] = []
    page.on("request", lambda request: requests.append(request.url))
    page.on("console", lambda message: complaints.append(message.text) if message.type == "error" else None)
    page.on("pageerror", lambda error: complaints.append(str(error)))
    page.goto(site)
    page.get_by_role("button", name="Search").click()
    page.locator("dialog input").fill("attacker replay")
    page.locator("dialog a[href*='#replays']").click()
    page.wait_for_url(re.compile(r"/webhooks\.html\b"))
    assert page.get_by_role("heading", name="Replays").is_visible()
    assert [url for url in requests if not url.startswith((site, "data:", "blob:"))] == []
    assert len(requests) > 4
    assert complaints == []
