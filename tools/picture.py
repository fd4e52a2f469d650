"""The picture of the README: `make picture` takes it of the console, over the emulator's sample session."""

from __future__ import annotations

from pathlib import Path

from playwright.sync_api import sync_playwright
from tests.report.chromium import chromium

from realtimekit import RealtimeKit
from realtimekit.cli import demo_scenario
from realtimekit.console import Server, create_app
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected

PICTURE = Path(__file__).parents[1] / "docs" / "assets" / "console.png"


def take(path: Path) -> None:
    """Write the picture of a session in the console."""
    with Emulator(**demo_scenario.CREDENTIALS) as emulator, RealtimeKit(**connected(emulator)) as client:
        emulator.next_ids.extend(demo_scenario.FIXED_IDS)
        demo_scenario.run(client, emulator)
        with Server(create_app(client)) as server, sync_playwright() as playwright:
            found = chromium(playwright)
            browser = playwright.chromium.launch(executable_path=found.path, env=found.env, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1100, "height": 760}, device_scale_factor=1)
            page.goto(server.url)
            page.goto(f"{server.origin}/sessions/sess-1")
            page.wait_for_function("document.querySelector('video').readyState >= 4")  # no wheel that turns
            page.mouse.move(800, 740)
            page.wait_for_timeout(500)
            page.screenshot(path=path)
            browser.close()


if __name__ == "__main__":
    take(PICTURE)
