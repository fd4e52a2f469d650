"""Threads that come and go: in a process of its own, because what goes wrong there is a crash."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import Demo

USER = """
import threading
from realtimekit import RealtimeKit

client, found = RealtimeKit(), []
for _ in range(6):  # the first of them loads the HTTP library, and is gone when the next one begins
    thread = threading.Thread(target=lambda: found.append(client.sessions.find("sess-1").id))
    thread.start()
    thread.join()
print(found)
"""


@pytest.mark.parametrize("attempt", [1, 2, 3])  # it crashed in every second run
def test_a_client_outlives_the_threads_that_use_it(demo: Demo, transport: str, attempt: int) -> None:
    environment = {**os.environ, **demo.environment, "REALTIMEKIT_TRANSPORT": transport}
    ran = subprocess.run([sys.executable, "-c", USER], check=False, capture_output=True, text=True, env=environment)
    assert (ran.returncode, ran.stdout.strip()) == (0, str(["sess-1"] * 6)), ran.stderr
