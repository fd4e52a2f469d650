"""Runs jobs as soon as they are due, in a thread, while somebody listens to what they cause.

Otherwise they wait for the next request, which runs them before it is handled.
"""

from __future__ import annotations

import threading
from typing import TYPE_CHECKING

from realtimekit.emulator.clock import parse_time

if TYPE_CHECKING:
    from realtimekit.emulator.world import World


class JobRunner:
    def __init__(self, world: World) -> None:
        self._world = world
        self._running = False
        self._thread: threading.Thread | None = None

    def start(self) -> None:
        with self._world.lock:
            self._running = True
            if self._thread is None:
                self._thread = threading.Thread(target=self._run, name="jobs", daemon=True)
                self._thread.start()

    def stop(self) -> None:
        with self._world.lock:
            self._running = False
            self._world.scheduler.changed.notify_all()

    def _run(self) -> None:
        with self._world.lock:
            try:
                while self._running:
                    if self._world.scheduler.has_due(self._world.now()):
                        with self._world.transaction():
                            pass
                    self._world.scheduler.changed.wait(self._until_next())
            finally:
                self._thread = None

    def _until_next(self) -> float | None:
        next_at = self._world.scheduler.next_at()
        if next_at is None:
            return None
        return max((parse_time(next_at) - self._world.clock.now()).total_seconds(), 0.0) + 0.001
