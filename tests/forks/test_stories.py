"""Forks of every other kind: pools, children of children, and threads that make calls meanwhile."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from .conftest import ROOT
from .mirror import assert_nothing_is_mixed, call_reports

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


@pytest.mark.parametrize(
    ("story", "children"),
    [("pool", 3), ("generations", 2), ("busy", 6), ("crowd", 1)],
)
def test_clients_survive(environment: dict[str, str], story: str, children: int) -> None:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-m", "tests.forks.stories", story],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        timeout=120,  # a lock that nobody lets go of
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    answer = json.loads(done.stdout)
    before, after = call_reports(answer["before"]), call_reports(answer["after"])
    assert_nothing_is_mixed(before, after)
    pids = {call.pid for call in after} - {call.pid for call in before}
    assert len(pids) <= children if story == "pool" else len(pids) == children
