"""Verifies an archive in the background."""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from realtimekit.archive.errors import ArchiveError

if TYPE_CHECKING:
    from realtimekit.archive import Archive
    from realtimekit.archive.verify import Verification


class Verifier:
    """Verifies an archive in a thread, once at a time: it may take minutes.

    Attributes:
        running: whether it does now.
        done: how many sessions were verified so far.
        result: of the last time; None before it.
        problem: why the last time failed; None if it did not.
    """

    def __init__(self) -> None:
        self.running: bool = False
        self.done: int = 0
        self.result: Verification | None = None
        self.problem: str | None = None
        self._lock = threading.Lock()

    def start(self, archive: Archive, *, deep: bool) -> None:
        with self._lock:
            if self.running:
                return
            self.running, self.done, self.result, self.problem = True, 0, None, None
        threading.Thread(target=self._run, args=(archive, deep), name="verify", daemon=True).start()

    def _run(self, archive: Archive, deep: bool) -> None:  # noqa: FBT001 - of a thread
        def count(done: int) -> None:
            self.done = done

        try:
            self.result = archive.verify(deep=deep, progress=count)
        except (ArchiveError, OSError) as error:
            self.problem = str(error)
        finally:
            self.running = False
