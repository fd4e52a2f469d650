"""Short-lived threads, in a separate process, because a failure is a crash."""

from __future__ import annotations

import os
import subprocess
import sys

import pytest

from tests.conftest import Demo

from .loopback import Server, answer

USER = """
import threading
from realtimekit import RealtimeKit

client, found = RealtimeKit(), []
for _ in range(6):  # the first one loads the HTTP library, and has ended when the next one starts
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


BRIEF = """
import asyncio, sys
from realtimekit.interfaces import Request
from realtimekit.transports.pyreqwest import AsyncPyreqwestTransport

async def story():
    return (await AsyncPyreqwestTransport().send(Request("GET", sys.argv[1], {}, None, 60.0))).status

assert asyncio.run(story()) == 200
"""


def test_a_program_can_exit_right_after_a_call() -> None:
    """Many at once, because it needs a busy machine: about every tenth aborted."""
    with Server(answer()) as server:
        arguments = [sys.executable, "-c", BRIEF, server.url]
        programs = [subprocess.Popen(arguments, stderr=subprocess.PIPE, text=True) for _ in range(16)]
        ends = [(program.communicate()[1], program.returncode) for program in programs]
    assert ends == [("", 0)] * 16
