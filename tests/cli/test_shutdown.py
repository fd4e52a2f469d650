"""A command that waits for a signal ends at the first, whenever it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from realtimekit.cli.shutdown import Shutdown

SCRIPT = """
import os, signal, sys, threading
from realtimekit.cli.shutdown import Shutdown
shutdown = Shutdown()

def trace(frame, event, arg):
    # In the first line of wait(), where a lock that is not reentrant would be taken.
    if frame.f_code.co_name == "wait" and event == "line":
        sys.settrace(None)
        os.kill(os.getpid(), signal.{name})
    return trace

sys.settrace(trace)
shutdown.wait()
print("ended")
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_on_the_way_into_wait(name: str) -> None:
    script = SCRIPT.replace("{name}", name)
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert result.stdout == "ended\n"


@pytest.mark.parametrize("first", ["before", "while waiting"])
def test_a_signal_before_or_while_waiting(first: str) -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        shutdown = Shutdown()
        if first == "before":
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGTERM]).start()
        shutdown.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def test_a_request_from_another_thread() -> None:
    before = {number: signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        shutdown = Shutdown()
        threading.Thread(target=shutdown.request).start()
        shutdown.wait()
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
