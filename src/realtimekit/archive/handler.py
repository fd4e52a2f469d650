"""Copies sessions early: when a webhook announces that a session has ended, or that one of its files is ready."""

from __future__ import annotations

import logging
import threading
from concurrent.futures import Future, ThreadPoolExecutor, wait
from datetime import datetime
from typing import Any

from realtimekit.archive import layout
from realtimekit.archive.ledger import Ledger, OpenSession
from realtimekit.archive.store import Store
from realtimekit.archive.sync import SyncRun
from realtimekit.client import RealtimeKit
from realtimekit.errors import RealtimeKitError
from realtimekit.instrumentation import LOGGER
from realtimekit.values import format_time, parse_timestamp
from realtimekit.webhooks.events import Event

# The events after which there is something to copy, and what it is.
EVENTS: dict[str, str | None] = {
    "meeting.ended": None,
    "meeting.chatSynced": "chat",
    "meeting.transcript": "transcript",
    "meeting.summary": "summary",
    "recording.statusUpdate": "recordings",
}
THREADS = 2

_logger = logging.getLogger(LOGGER)


class ArchiveHandler:
    """A handler of webhooks that copies what they announce: `Archive.handler` registers one.

    A session is in the ledger before the handler returns, so that no sync overlooks it. It is copied in the background:
    a delivery does not wait for a download. What fails, or was not finished when the program ends, the next sync does.
    """

    def __init__(self, store: Store, ledger: Ledger, client: RealtimeKit | None) -> None:
        self._store, self._ledger, self._given = store, ledger, client
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None
        self._running: set[Future[None]] = set()
        self._queued: set[tuple[str, str | None]] = set()
        self._handler_recorded = False  # that there is a handler

    def __call__(self, event: Event[Any]) -> None:
        """Enter the session of an event in the ledger, and start to copy it.

        Raises:
            ArchiveError: the ledger cannot be written: the delivery should fail, so that it is sent again.
        """
        session_id, client = event.session_id, self._client()
        if session_id is None or event.app_id not in {None, client.settings.app_id}:
            return
        sync = SyncRun(client, self._store, self._ledger)
        ended_at = _time(event, "endedAt")
        entry = sync.enter(session_id, layout.day_of(_time(event, "startedAt")), ended_at)
        if event.type == "meeting.ended":
            self._record_end(session_id, ended_at)
        work = (session_id, EVENTS.get(event.type))
        with self._lock:
            if work in self._queued:
                return
            self._queued.add(work)
            if self._pool is None:
                self._pool = ThreadPoolExecutor(THREADS, thread_name_prefix="realtimekit-archive")
            future = self._pool.submit(self._copy, sync, entry, *work)
            self._running.add(future)
        future.add_done_callback(self._running.discard)

    def drain(self, timeout: float | None = None) -> bool:
        """Wait until everything that was announced so far is copied. Returns whether that is so.

        Args:
            timeout: seconds to wait at most.
        """
        return not wait(set(self._running), timeout).not_done

    def _client(self) -> RealtimeKit:
        if self._given is None:
            from realtimekit.client import default_client

            return default_client()
        return self._given

    def _record_end(self, session_id: str, ended_at: datetime | None) -> None:
        """Record that a webhook announced the end of a session, so that a sync can name those without one."""
        store = self._store
        if not self._handler_recorded:
            since = ended_at or self._ledger.now()
            store.create(layout.HANDLER, format_time(since, "since").encode())
            self._handler_recorded = True
        store.put(layout.announced_path(session_id), b"")

    def _copy(self, sync: SyncRun, entry: OpenSession, session_id: str, again: str | None) -> None:
        with self._lock:
            self._queued.discard((session_id, again))  # what is announced from now on is copied once more
        try:
            sync.copy_now(entry, again)
        except RealtimeKitError as error:
            _logger.warning("session %s is left to the next sync of the archive: %s", session_id, error)
        except Exception:
            _logger.exception("session %s is left to the next sync of the archive", session_id)


def _time(event: Event[Any], name: str) -> datetime | None:
    for source in (event._data, event._data.get("meeting")):
        try:
            if isinstance(source, dict) and source.get(name):
                return parse_timestamp(source[name])
        except (ValueError, TypeError, AttributeError):
            continue
    return None
