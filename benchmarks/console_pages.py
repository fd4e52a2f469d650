"""How long the pages of a console take over an archive of 100,000 sessions: `python -m benchmarks.console_pages`.

Making the tables and the search index takes two minutes. Exit code 1: the first page took longer than 200 ms of server
time, or 95 of 100 searches longer than 100 ms.
"""

from __future__ import annotations

import argparse
import random
import sys
import tempfile
import time
import urllib.request
from http.cookiejar import CookieJar
from statistics import median
from urllib.parse import quote

from benchmarks.archive_search import _p95, kinds
from benchmarks.archive_world import make_tables, vocabulary
from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.console import Server, create_app

FIRST_PAGE, SEARCH = 200.0, 100.0  # milliseconds
PARTICIPANTS = 4  # of each session
PAGES = {
    "sessions": "/",
    "sessions, last page": "/?page={last}",
    "sessions by title": "/?sort=title&order=asc",
    "sessions, part of a title": "/?q=meeting+12&sort=minutes",
    "sessions of a month": "/?since=2025-03-01&until=2025-03-31",
    "health": "/health",
    "costs of a month": "/costs?month=2025-03",
    "attendance of a meeting": "/attendance?meeting=meeting-7",
    "people": "/people",
}


def main() -> int:
    """Make the archive, open the pages, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.console_pages", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000, help="in the archive (default: 100,000)")
    parser.add_argument("--repeats", type=int, default=20, help="of each page and kind of search (default: 20)")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(folder)
        make_tables(archive, options.sessions, 2 * options.sessions, participants=PARTICIPANTS)
        started = time.perf_counter()
        archive.search("anything")
        print(f"{options.sessions} sessions, index in {time.perf_counter() - started:.1f} s")
        app = create_app(RealtimeKit(transport=archive.transport()), archive=archive)
        with Server(app) as server:
            started = time.perf_counter()
            app.state.console.load()
            print(f"loaded in {time.perf_counter() - started:.1f} s")
            return _measure(server, options.sessions, options.repeats)


def _measure(server: Server, sessions: int, repeats: int) -> int:
    opener = urllib.request.build_opener(
        urllib.request.ProxyHandler({}), urllib.request.HTTPCookieProcessor(CookieJar())
    )

    def milliseconds(url: str) -> float:
        with opener.open(url) as response:
            response.read()
            return float(response.headers["server-timing"].partition("dur=")[2])

    first = milliseconds(server.url)
    print(f"the first page took {first:.0f} ms of server time\n| page | median, ms | p95, ms |\n|---|---|---|")
    for name, path in PAGES.items():
        _row(name, [milliseconds(server.origin + path.format(last=sessions // 50)) for _ in range(repeats)])
    chance = random.Random(2)  # noqa: S311 - reproducible
    searches = list[float]()
    for kind, make in kinds(vocabulary()).items():
        times = [milliseconds(f"{server.origin}/search?q={quote(make(chance))}") for _ in range(repeats)]
        searches += times
        _row(f"search: {kind}", times)
    return 0 if first <= FIRST_PAGE and _p95(searches) <= SEARCH else 1


def _row(name: str, times: list[float]) -> None:
    print(f"| {name} | {median(times):.0f} | {_p95(times):.0f} |", flush=True)


if __name__ == "__main__":
    sys.exit(main())
