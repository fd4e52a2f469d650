"""Calls of every kind, over and over: a process does not grow after the first ones."""

from __future__ import annotations

import io
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
from benchmarks.soak import Sample, grown

from realtimekit import RealtimeKit
from tests.conftest import Demo

ROOT = Path(__file__).parents[2]
LINUX = pytest.mark.skipif(not Path("/proc/self/status").exists(), reason="reads /proc, which Linux alone has")


@LINUX
def test_nothing_grows() -> None:
    """A short form of `make soak`; each of its calls is one to four requests."""
    command = [
        sys.executable,
        "-m",
        "benchmarks.soak",
        "--calls",
        "700",
        "--seconds",
        "0",
        "--every",
        "0",
        "--trace",
    ]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, timeout=300, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("nothing grew\n")


def series(**values: list[float]) -> list[Sample]:
    """Samples in which only these change."""
    flat: dict[str, Any] = {"seconds": 0.0, "calls": 0, "memory": 80.0, "descriptors": 20, "threads": 2, "objects": 0}
    count = max(len(column) for column in values.values())
    rows: list[dict[str, Any]] = [{name: column[n] for name, column in values.items()} for n in range(count)]
    return [Sample(**{**flat, **row}) for row in rows]


@pytest.mark.parametrize(
    ("values", "found"),
    [
        ({"memory": [60, 70, 80, 80, 80, 80, 81, 79]}, []),
        ({"memory": [60, 60, 61, 62, 63, 64, 66, 67]}, ["memory"]),
        ({"memory": [10, 20, 80, 80, 99, 99, 83, 83]}, []),  # it comes back
        ({"memory": [1, 1, 1, 1, 1, 1, 99, 99], "objects": [1] * 8}, []),  # the tracer's
        ({"descriptors": [3, 20, 20, 22, 24, 19, 22, 25]}, []),
        ({"descriptors": [3, 20, 21, 22, 24, 26, 28, 30]}, ["descriptors"]),
        ({"threads": [1, 2, 2, 2, 2, 2, 5, 5], "objects": [1, 1, 1, 1, 1, 1, 900, 900]}, ["threads", "objects"]),
        ({"memory": [1, 1, 1]}, ["3"]),
    ],
)
def test_what_counts_as_growth(values: dict[str, list[float]], found: list[str]) -> None:
    assert [problem.split()[0] for problem in grown(series(**values))] == found


@LINUX
def test_downloads_with_ever_other_timeouts_leave_nothing_open(demo: Demo) -> None:
    with RealtimeKit(**demo.settings, transport="pyreqwest") as client:
        chat = client.sessions.find("sess-1").chat

        def download(first: int) -> int:
            for number in range(first, first + 20):
                chat.download(io.BytesIO(), timeout=30 - number / 1000)
            return len(list(Path("/proc/self/fd").iterdir()))

        before = download(0)
        assert download(20) < before + 10
