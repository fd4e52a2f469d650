"""Polling a record until it is as expected: a recording's upload, a summary."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Protocol, TypeVar

from realtimekit.errors import NotFoundError, WaitError, WaitTimeoutError
from realtimekit.flow import Sleep

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.flow import Flow


class Reloadable(Protocol):
    """A record that can be read again."""

    def _read(self) -> Flow[None]: ...


R = TypeVar("R", bound=Reloadable)


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
    """Poll a record, in place, until it is as expected: `GET` of its own path.

    Args:
        record: read at once, and then after each `poll`.
        done: returns whether the record is as expected.
        what: what is waited for, for the messages: "to be UPLOADED".
        timeout: seconds in all; the last read is at their end.
        poll: seconds from one read to the next.
        failed: returns why the record can no longer get there; None while it can.
        progress: called with the record after each read. What it raises ends the waiting.
        missing_ok: whether a 404 means "not yet".

    Raises:
        WaitError: `failed` returned a reason.
        WaitTimeoutError: the time is over.
        ValueError: `timeout` or `poll` is not a positive number.
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
        # Sleeps count with their requested length, also where a test replaced them: no polling goes on for ever.
        waited += time.monotonic() - started
        left = timeout - waited
        if left <= 0:
            raise WaitTimeoutError(f"waited {timeout:g} s for {record!r} {what}", record=record)
        pause = min(poll, left)
        yield Sleep(pause)
        waited += pause
