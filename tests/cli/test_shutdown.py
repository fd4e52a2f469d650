"""A command that waits for a signal ends at the first, whenever it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading

import pytest

from realtimekit.cli.shutdown import Shutdown

# Sends the signal from each line in turn that runs in wait() or below it, in Python: there a lock may be held.
SCRIPT = """
import itertools, os, signal, sys, threading
from realtimekit.cli.shutdown import Shutdown

def interrupted_at(number):
    left, sent = number, False

    def trace(frame, event, arg):
        nonlocal left, sent
        left -= event == "line"
        if left == 0 and not sent:
            sent = True
            os.kill(os.getpid(), signal.{name})
        return trace

    shutdown = Shutdown()
    in_case = threading.Timer(0.2, shutdown.request)
    in_case.start()
    sys.settrace(trace)
    shutdown.wait()
    sys.settrace(None)
    in_case.cancel()
    in_case.join()
    return sent

print(sum(1 for _ in itertools.takewhile(interrupted_at, itertools.count(1))) > 0)
"""


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_on_the_way_into_wait(name: str) -> None:
    script = SCRIPT.replace("{name}", name)
    result = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, timeout=20, check=True)
    assert result.stdout == "True\n"


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
