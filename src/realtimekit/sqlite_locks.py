"""Locks of SQLite that its own timeout does not cover."""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")


def retry_while_busy(action: Callable[[], T], timeout: float) -> T:
    """Return the result of an action, repeated while another connection has the whole file to itself.

    SQLite waits for other locks, but not for this one: in WAL mode the first connection takes it, and the last that
    closes (https://sqlite.org/wal.html, "Sometimes Queries Return SQLITE_BUSY In WAL Mode").

    Args:
        action: opens the database, and may be repeated.
        timeout: seconds after which it is not repeated.

    Raises:
        sqlite3.OperationalError: the file was busy all the time; or whatever else the action raises.
    """
    end = time.monotonic() + timeout
    while True:
        try:
            return action()
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode & 0xFF != sqlite3.SQLITE_BUSY or time.monotonic() >= end:
                raise
            time.sleep(0.01)
