"""The picture of the README: `make picture` takes it of the console, over the emulator's sample session.

The clock stands still and the page is at rest, so that the picture changes only if the console does.
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path

from playwright.sync_api import Page, sync_playwright
from tests.report.chromium import chromium

from realtimekit import RealtimeKit
from realtimekit.cli import demo_scenario
from realtimekit.console import Server, create_app
from realtimekit.emulator import Emulator
from realtimekit.emulator.clock import Clock
from realtimekit.transports.emulator import connected

PICTURE = Path(__file__).parents[1] / "docs" / "assets" / "console.png"


START = datetime(2026, 6, 3, 10, 0, tzinfo=UTC)


class StoppedClock(Clock):
    """A clock that only `advance` moves."""

    def now(self) -> datetime:
        return START + self.ahead

    def advanced(self, seconds: float) -> Clock:
        return StoppedClock(super().advanced(seconds).ahead.total_seconds())


def at_rest(page: Page) -> bytes:
    """Return a screenshot that equals the one before: nothing turns or fades any more."""
    before = b""
    for _ in range(60):
        page.wait_for_timeout(250)
        shot, before = before, page.screenshot()
        if before == shot:
            return shot
    raise SystemExit("the page does not come to rest")


def take(path: Path) -> None:
    """Write the picture of a session in the console."""
    with Emulator(**demo_scenario.CREDENTIALS) as emulator, RealtimeKit(**connected(emulator)) as client:
        emulator.world.clock = StoppedClock()
        emulator.next_ids.extend(demo_scenario.FIXED_IDS)
        demo_scenario.run(client, emulator)
        with Server(create_app(client)) as server, sync_playwright() as playwright:
            found = chromium(playwright)
            browser = playwright.chromium.launch(executable_path=found.path, env=found.env, args=["--no-sandbox"])
            page = browser.new_page(viewport={"width": 1100, "height": 760}, device_scale_factor=1)
            page.goto(server.url)
            page.goto(f"{server.origin}/sessions/sess-1")
            page.wait_for_function("document.querySelector('video').readyState >= 4")
            page.evaluate("document.querySelector('video').currentTime = 91")  # the line being spoken is marked
            page.wait_for_function("!document.querySelector('video').seeking")
            page.mouse.move(800, 100)
            path.write_bytes(at_rest(page))
            browser.close()


if __name__ == "__main__":
    take(PICTURE)
