"""Calls that are interrupted or canceled at random points leave nothing behind; `make interrupts` makes 40,000."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

pytestmark = pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="reads /proc, which Linux alone has")


def test_nothing_is_left() -> None:
    command = [sys.executable, "-m", "benchmarks.interrupts", "--calls", "200"]
    done = subprocess.run(
        command, cwd=Path(__file__).parents[2], capture_output=True, text=True, timeout=100, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.endswith("nothing was left\n")
