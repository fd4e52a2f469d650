"""Polling a record until it reaches a state: a recording's upload, a summary."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import Protocol, TypeVar

from realtimekit.errors import NotFoundError, WaitError, WaitTimeoutError
from realtimekit.flow import Flow, Sleep


class Reloadable(Protocol):
    """A record that can be reloaded."""

    def _read(self) -> Flow[None]: ...


R = TypeVar("R", bound=Reloadable)


def wait_until(
    record: R,
    done: Callable[[R], bool],
    *,
    goal: str,
    timeout: float,
    poll_interval: float,
    failed: Callable[[R], str | None] | None = None,
    progress: Callable[[R], object] | None = None,
    missing_ok: bool = False,
) -> Flow[None]:
    """Reload a record, in place, until it reaches a state: `GET` of its own path.

    Args:
        record: the record; it is reloaded at once, and then after each `poll_interval`.
        done: returns whether the record has reached the state.
        goal: the state, for messages: "to be UPLOADED".
        timeout: seconds in all; the last read is at their end.
        poll_interval: seconds between two reads.
        failed: returns why the record can no longer reach the state, or None while it can.
        progress: called with the record after each read. An exception from it ends the polling.
        missing_ok: whether a 404 means "not yet".

    Raises:
        WaitError: `failed` returned a reason.
        WaitTimeoutError: the state was not reached within `timeout`.
        ValueError: `timeout` or `poll_interval` is not a positive number.
    """
    for name, seconds in (("timeout", timeout), ("poll_interval", poll_interval)):
        if not 0 < seconds < float("inf"):
            raise ValueError(f"{name}={seconds!r}: must be a number of seconds above 0")
    waited = 0.0
    while True:
        started = time.monotonic()
        try:
            yield from record._read()
            found = True
        except NotFoundError:
            if not missing_ok:
                raise
            found = False
        if progress is not None:
            progress(record)
        if found and done(record):
            return
        if found and failed is not None and (reason := failed(record)):
            raise WaitError(f"waited for {record!r} {goal}: {reason}", record=record)
        # Sleeps count with their requested length, also if a test replaced them, so that polling always ends.
        waited += time.monotonic() - started
        remaining = timeout - waited
        if remaining <= 0:
            raise WaitTimeoutError(f"waited {timeout:g} s for {record!r} {goal}", record=record)
        pause = min(poll_interval, remaining)
        yield Sleep(pause)
        waited += pause
