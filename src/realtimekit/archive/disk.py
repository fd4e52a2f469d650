"""What object storage does by itself, and a folder does not: durable writes, and a lock between writers."""

from __future__ import annotations

import contextlib
import os
from collections.abc import Generator
from pathlib import Path
from typing import Any


def fsync(path: Path) -> None:
    """Wait until a file, or the names in a folder, survive a loss of power."""
    try:
        handle = os.open(path, os.O_RDONLY)
    except FileNotFoundError:  # deleted meanwhile
        return
    except PermissionError:
        if os.name == "nt":  # Windows opens no folders
            return
        raise
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


@contextlib.contextmanager
def exclusive(path: Path) -> Generator[None]:
    """Hold a lock among the processes and threads of this machine; the system releases it if the process dies."""
    with path.open("a+b") as file:
        try:
            import fcntl
        except ImportError:  # Windows
            import msvcrt

            locking: Any = msvcrt
            while True:
                with contextlib.suppress(OSError):  # it gives up after ten seconds
                    locking.locking(file.fileno(), locking.LK_LOCK, 1)
                    break
            try:
                yield
            finally:
                file.seek(0)
                locking.locking(file.fileno(), locking.LK_UNLCK, 1)
        else:
            fcntl.flock(file, fcntl.LOCK_EX)
            yield
