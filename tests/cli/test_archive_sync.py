"""`realtimekit archive sync --every`: a signal ends the wait for the next sync."""

from __future__ import annotations

import signal
import threading
import time

from realtimekit.cli.archive_sync import _stopped_by_signals, _wait


def test_a_signal_in_another_thread_ends_the_wait() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def send() -> None:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    with _stopped_by_signals() as stop:
        sender = threading.Thread(target=send)
        sender.start()
        started = time.monotonic()
        assert _wait(stop, 30)
        assert time.monotonic() - started < 10
        sender.join()
    assert signal.getsignal(signal.SIGTERM) == before


def test_without_a_signal_it_waits_for_so_long() -> None:
    with _stopped_by_signals() as stop:
        started = time.monotonic()
        assert not _wait(stop, 0.1)
        assert time.monotonic() - started >= 0.1
        assert not _wait(stop, -1)
