"""Waiting for what takes a while: a recording's upload, a summary."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any, TypeVar

from realtimekit.errors import NotFoundError, WaitError, WaitTimeoutError
from realtimekit.flow import Sleep
from realtimekit.resource import Resource

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.flow import Flow

R = TypeVar("R", bound=Resource[Any])


def wait_until(
    record: R,
    done: Callable[[R], bool],
    *,
    what: str,
    timeout: float,
    poll: float,
    failed: Callable[[R], str | None] | None = None,
    progress: Callable[[R], object] | None = None,
    missing_ok: bool = False,
) -> Flow[None]:
    """Read a record again and again, in place, until it is as it should be: `GET` of its own path.

    Args:
        record: read at once, and then after each `poll`.
        done: whether the record is as it should be.
        what: what is waited for, for the messages: "to be UPLOADED".
        timeout: seconds in all; the last read is at their end.
        poll: seconds from one read to the next.
        failed: why the record can no longer get there; None while it can.
        progress: called with the record after each read. What it raises ends the waiting.
        missing_ok: whether a 404 means "not yet".

    Raises:
        WaitError: `failed` gave a reason.
        WaitTimeoutError: the time is over.
        ValueError: `timeout` or `poll` is no positive number.
    """
    for name, seconds in (("timeout", timeout), ("poll", poll)):
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
            raise WaitError(f"waited for {record!r} {what}: {reason}", record=record)
        # Sleeps count as long as they were asked to be, also where a test replaced them: no waiting goes on for ever.
        waited += time.monotonic() - started
        left = timeout - waited
        if left <= 0:
            raise WaitTimeoutError(f"waited {timeout:g} s for {record!r} {what}", record=record)
        pause = min(poll, left)
        yield Sleep(pause)
        waited += pause
