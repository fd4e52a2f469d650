"""Live transcripts, kept while a listener reads them: a fallback where the platform's own never comes."""

from __future__ import annotations

import atexit
import json
import logging
import os
import threading
from typing import TYPE_CHECKING, Any

from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.ledger import AT_ONCE, NEVER, Ledger, OpenSession
from realtimekit.archive.live_transcripts import LivePart, erase_segments, erase_staged, stage, time_after
from realtimekit.archive.privacy.tombstones import Tombstones
from realtimekit.archive.store import Store
from realtimekit.artifacts.formats import to_json
from realtimekit.instrumentation import LOGGER
from realtimekit.readable import pluralize
from realtimekit.resources.live_event import Gap, TranscriptReceived, final_segment

if TYPE_CHECKING:
    from realtimekit.resources.live_event import LiveEvent

INTERVAL = 2.0  # seconds of transcripts that a killed program loses at most
RETRY = 30.0  # seconds until it is tried again when the storage refused

_logger = logging.getLogger(LOGGER)


class LiveHandler:
    """Keeps the final transcripts among the events that a listener reads: `Archive.live_handler` makes one.

    They are written every two seconds, by a thread, and when the listener leaves. If the storage refuses, they wait in
    memory, a warning is logged, and it is tried again.
    """

    def __init__(self, store: Store, ledger: Ledger) -> None:
        self._store, self._ledger = store, ledger
        self._tombstones = Tombstones(store, ledger)
        self._pid = os.getpid()
        self._changed = threading.Condition()  # one of the next three
        self._waiting: list[TranscriptReceived[Any] | Gap[Any]] = []
        self._closed = False
        self._thread: threading.Thread | None = None
        self._writing = threading.Lock()
        self._entered: set[str] = set()  # the sessions that this has entered in the ledger

    def __call__(self, event: LiveEvent[Any]) -> None:
        """Keep an event, if it is a final transcript or a gap."""
        if not isinstance(event, TranscriptReceived | Gap) or event._data.get("is_final") is False:
            return
        with self._changed:
            self._waiting.append(event)
            closed = self._closed
            if self._thread is None and not closed:
                atexit.register(self.close)
                self._thread = threading.Thread(target=self._run, name="realtimekit-archive-live", daemon=True)
                self._thread.start()
            self._changed.notify_all()
        if closed:  # the listener has left in another thread
            self._write()

    def close(self) -> None:
        """Write what was read so far. Called when the listener leaves.

        Raises:
            ArchiveError: the storage refuses: what it did not take is lost.
        """
        atexit.unregister(self.close)
        if os.getpid() != self._pid:  # a forked child: the parent writes it
            return
        with self._changed:
            self._closed = True
            self._changed.notify_all()
            thread = self._thread
        if thread is not None:
            thread.join()
        try:
            self._write()
        except ArchiveError as error:
            count = len(self._waiting)
            raise ArchiveError(f"{pluralize(count, 'live transcript')} could not be kept: {error}") from None

    # --- the thread --------------------------------------------------------------------------------------------------

    def _run(self) -> None:
        while True:
            with self._changed:
                self._changed.wait_for(lambda: self._waiting or self._closed)
                self._changed.wait_for(lambda: self._closed, INTERVAL)
                if self._closed:
                    return
            try:
                self._write()
            except Exception as error:  # noqa: BLE001 - it is tried again, whatever it is
                _logger.warning("live transcripts wait in memory, and are tried again: %s", error)
                with self._changed:
                    self._changed.wait_for(lambda: self._closed, RETRY)

    def _write(self) -> None:
        with self._writing:
            with self._changed:
                events, self._waiting = self._waiting, []
            by_session: dict[str, list[TranscriptReceived[Any] | Gap[Any]]] = {}
            for event in events:
                by_session.setdefault(event.session_id or "", []).append(event)
            by_session.pop("", None)  # from before the first session.started: it belongs to no session
            try:
                for session_id in list(by_session):
                    self._keep(session_id, by_session[session_id])
                    del by_session[session_id]
            finally:
                with self._changed:
                    self._waiting[:0] = [event for left in by_session.values() for event in left]

    def _keep(self, session_id: str, events: list[TranscriptReceived[Any] | Gap[Any]]) -> None:
        started_at, day = events[0].session_started_at, layout.day_of(events[0].session_started_at)
        segments = [segment for event in events if (segment := final_segment(event)) is not None]
        gaps = [f"{event._data['reason']} since {event._data['since']}" for event in events if isinstance(event, Gap)]
        ends = [segment.end or segment.start for segment in segments]
        until = time_after(started_at, max(ends), self._ledger.now()) if ends else self._ledger.now()
        if session_id not in self._entered:
            # The sync that copies the session finds it here, whether or not it has been listed.
            self._ledger.open(OpenSession(NEVER, AT_ONCE, day, session_id))
            self._entered.add(session_id)
        self._tombstones.refresh()
        part = LivePart(session_id, day, json.loads(to_json(segments)), gaps)
        if self._tombstones:
            part = part._replace(segments=erase_segments(part.segments, self._tombstones, redact=False))
        path = stage(self._store, part, until)
        # An erasure adds its tombstones, and then looks at what is there: either it or this has seen the other.
        self._tombstones.refresh()
        if self._tombstones:
            erase_staged(self._store, self._tombstones, redact=False, paths=[path])
