"""A command that waits for a signal ends at the first, whenever and wherever it comes."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time

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
    with Shutdown() as shutdown:
        if first == "before":
            os.kill(os.getpid(), signal.SIGTERM)
        else:
            threading.Timer(0.05, os.kill, [os.getpid(), signal.SIGTERM]).start()
        shutdown.wait()


def test_a_request_from_another_thread() -> None:
    with Shutdown() as shutdown:
        threading.Thread(target=shutdown.request).start()
        shutdown.wait()
    shutdown.request()  # too late, and no error


@pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="signals of one thread")
def test_a_signal_in_another_thread() -> None:
    """The main thread is not woken by it: a queue would wait for ever."""
    with Shutdown() as shutdown:

        def interrupted() -> None:
            time.sleep(0.1)  # until the main thread waits
            signal.pthread_kill(threading.get_ident(), signal.SIGINT)

        threading.Thread(target=interrupted).start()
        in_case = threading.Timer(5, shutdown.request)
        in_case.start()
        shutdown.wait()
        assert in_case.is_alive()
        in_case.cancel()
        in_case.join()


@pytest.mark.skipif(not hasattr(signal, "SIGUSR1"), reason="signals of users")
def test_another_signal_does_not_end_it() -> None:
    before = signal.signal(signal.SIGUSR1, lambda *_: None)
    try:
        with Shutdown() as shutdown:
            os.kill(os.getpid(), signal.SIGUSR1)
            requested = threading.Timer(0.2, shutdown.request)
            requested.start()
            shutdown.wait()
            requested.join(0.1)
            assert not requested.is_alive()
    finally:
        signal.signal(signal.SIGUSR1, before)


def test_signals_are_as_before_afterwards() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    with Shutdown():
        pass
    assert [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)] == before
    assert signal.set_wakeup_fd(-1) == -1
