"""How much faster a sync is with three workers than with one, at a platform that takes 50 ms for each response.

    python -m benchmarks.archive_workers [SESSIONS]

Each worker copies one session at a time, so that waiting counts and not the processors of this machine. The cluster
runs already; the time is that of the whole sync.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from typing import Any

import distributed

from benchmarks.archive_platform import platform
from realtimekit import RealtimeKit
from realtimekit.archive import Archive

WORKERS = (1, 3)
SECONDS = 0.05  # of each response


def rate(client: RealtimeKit, workers: int, sessions: int) -> float:
    """Return the sessions per second."""
    cluster: Any = distributed.LocalCluster
    with (
        tempfile.TemporaryDirectory() as folder,
        cluster(n_workers=workers, threads_per_worker=1, host="127.0.0.1", dashboard_address=None) as dask,
    ):
        began = time.perf_counter()
        result = Archive(folder).sync(client, cluster=dask.scheduler_address, concurrency=1)
        assert result.completed == sessions, result
        return sessions / (time.perf_counter() - began)


def main(sessions: int = 48) -> None:
    """Measure each number of workers."""
    rates = {}
    with platform(sessions, SECONDS) as at, RealtimeKit(**at.settings, limiter="off") as client:
        for workers in WORKERS:
            rates[workers] = rate(client, workers, sessions)
    found = {str(workers): round(value, 2) for workers, value in rates.items()}
    print(json.dumps({"sessions_per_second": found, "times_as_fast": round(rates[3] / rates[1], 2)}))


if __name__ == "__main__":
    main(*map(int, sys.argv[1:]))
