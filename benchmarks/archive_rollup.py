"""How long SQL takes over an archive of 100,000 sessions: `python -m benchmarks.archive_rollup`.

Each query is asked of the archive anew, as `realtimekit archive query` does: DuckDB starts and finds the files of a
year. Exit code 1: a roll-up took longer than a second.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import time
from statistics import median

from benchmarks.archive_world import make_tables
from realtimekit.archive import Archive

GOAL = 1.0  # seconds
QUERIES = {
    "sessions and minutes a day": "select day, count(*), sum(minutes_consumed) from sessions group by day order by day",
    "the busiest meetings": "select meeting_id, any_value(title), count(*), avg(seconds), quantile_cont(seconds, 0.9)"
    " from sessions group by meeting_id order by 3 desc limit 20",
    "by hour of the week": "select isodow(started_at), hour(started_at), count(*), max(participants) from sessions"
    " group by all order by all",
}


def main() -> int:
    """Make the archive, query it, and print a table."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.archive_rollup", description=__doc__)
    parser.add_argument("--sessions", type=int, default=100_000, help="in the archive (default: 100,000)")
    parser.add_argument("--rounds", type=int, default=5, help="of each query (default: 5)")
    options = parser.parse_args()
    worst = 0.0
    with tempfile.TemporaryDirectory() as folder:
        archive = Archive(folder)
        make_tables(archive, options.sessions)
        print(f"{options.sessions} sessions\n| query | median, ms |\n|---|---|")
        for name, sql in QUERIES.items():
            times = list[float]()
            for _ in range(options.rounds):
                started = time.perf_counter()
                archive.query(sql)
                times.append(time.perf_counter() - started)
            worst = max(worst, median(times))
            print(f"| {name} | {median(times) * 1000:.0f} |", flush=True)
    return 0 if worst <= GOAL else 1


if __name__ == "__main__":
    sys.exit(main())
