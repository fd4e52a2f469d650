"""What everything in the emulator stands on: its store, clock, ids, scheduled jobs and credentials."""

from __future__ import annotations

import secrets
import threading
import uuid
from collections import deque
from contextlib import contextmanager
from typing import TYPE_CHECKING, NamedTuple

from realtimekit.emulator.clock import Clock, format_time
from realtimekit.emulator.scheduler import Scheduler
from realtimekit.emulator.store import Store

if TYPE_CHECKING:
    import os
    from collections.abc import Generator


class Credentials(NamedTuple):
    """What the API is to be called with."""

    account_id: str
    app_id: str
    api_token: str


class World:
    """The state of one emulator. It knows nothing of meetings: the services do.

    Args:
        db: the SQLite file; without one, everything is in memory.
        account_id, app_id, api_token: generated where not given. A file keeps its own.

    Attributes:
        lock: held by whoever reads or changes the state. Requests and jobs run one at a time.
        next_ids: ids to use before generated ones, for reproducible examples.
        origin: where links in webhook payloads lead. Set when the emulator is served.

    Raises:
        ValueError: the file is not the emulator's, is in use, or has credentials other than those given.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] | None = None,
        *,
        account_id: str | None = None,
        app_id: str | None = None,
        api_token: str | None = None,
    ) -> None:
        self.lock: threading.RLock = threading.RLock()
        self.store: Store = Store(db)
        self.next_ids: deque[str] = deque()
        self.clock: Clock = Clock(self.store.meta("ahead_seconds", 0.0))
        self.scheduler: Scheduler = Scheduler(self.store)
        self.origin: str = "http://emulator.localhost"
        given = {"account_id": account_id, "app_id": app_id, "api_token": api_token}
        self.credentials: Credentials = self._load_credentials(given)
        if different := [name for name, value in given.items() if value not in {None, getattr(self.credentials, name)}]:
            self.store.close()
            raise ValueError(
                f"the file has another {' and '.join(different)} already: leave it out, or choose a new file"
            )

    def _load_credentials(self, given: dict[str, str | None]) -> Credentials:
        if stored := self.store.meta("credentials"):
            return Credentials(**stored)
        credentials = Credentials(
            account_id=given["account_id"] or uuid.uuid4().hex,
            app_id=given["app_id"] or str(uuid.uuid4()),
            api_token=given["api_token"] or f"emulator-{secrets.token_hex(8)}",
        )
        self.store.set_meta("credentials", credentials._asdict())
        return credentials

    def now(self) -> str:
        """Return the emulator's time, as the API writes it."""
        return format_time(self.clock.now())

    def new_id(self) -> str:
        """Return a new UUID, or the next of `next_ids`."""
        return self.next_ids.popleft() if self.next_ids else str(uuid.uuid4())

    @contextmanager
    def transaction(self) -> Generator[str]:
        """Run the jobs that are due and then the body of the `with` statement, as a whole or not at all.

        Yields the time at which both happen.
        """
        with self.lock:
            clock = self.clock
            try:
                with self.store.transaction():
                    now = self.now()
                    self.scheduler.run_due(now)
                    yield now
            except BaseException:
                self.clock = clock  # as the store, which is rolled back
                raise

    def advance(self, seconds: float) -> str:
        """Advance the clock and run what is due by then, in a transaction. Returns the new time."""
        self.clock = self.clock.advanced(seconds)
        self.store.set_meta("ahead_seconds", self.clock.ahead.total_seconds())
        self.scheduler.run_due(self.now())
        return self.now()

    def reset(self) -> None:
        """Delete everything but the credentials and keys, and go back to real time, in a transaction."""
        self.store.clear()
        self.clock = Clock()
        self.store.set_meta("ahead_seconds", 0.0)
