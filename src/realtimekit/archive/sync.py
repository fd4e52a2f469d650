"""Sync: find the sessions, and copy what the archive lacks of each, what is deleted soonest first."""

from __future__ import annotations

import threading
from collections.abc import Callable, Generator, Iterable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from contextlib import contextmanager, suppress
from datetime import datetime, timedelta
from functools import cached_property
from itertools import islice

from realtimekit.archive import layout
from realtimekit.archive.bridge import BlockingClient
from realtimekit.archive.claims import Claims
from realtimekit.archive.clock import ServerClock
from realtimekit.archive.discovery import discover, entries_of
from realtimekit.archive.errors import ArchiveChangedError, ArchiveDamagedError, ArchiveError
from realtimekit.archive.ledger import AT_ONCE, NEVER, Ledger, OpenSession
from realtimekit.archive.live_transcripts import read_staged, staged
from realtimekit.archive.manifest import find_manifest, reopened
from realtimekit.archive.meetings import MeetingCache
from realtimekit.archive.privacy.rewriting import finish_rewriting
from realtimekit.archive.privacy.tombstones import Tombstones
from realtimekit.archive.reader import Reader
from realtimekit.archive.session_artifacts import is_fatal
from realtimekit.archive.session_copy import copy_session, next_check
from realtimekit.archive.store import Store
from realtimekit.archive.sync_result import Progress, SyncResult, Tally
from realtimekit.archive.tables.update import update_tables
from realtimekit.errors import APIConnectionError, APIError
from realtimekit.saving.manifest import RETENTION, Manifest
from realtimekit.values import parse_timestamp

DELIVERY = timedelta(minutes=5)  # after the end of a session its webhook should have arrived
RENEWAL = 30.0  # seconds between two renewals of the claims


class SyncRun:
    """One sync of an archive; use `Archive.sync`."""

    def __init__(
        self,
        client: BlockingClient,
        store: Store,
        ledger: Ledger,
        *,
        concurrency: int = 8,
        progress: Callable[[Progress], object] | None = None,
        stop: threading.Event | None = None,
    ) -> None:
        self._client, self._store, self._ledger = client, store, ledger
        self._concurrency, self._progress = concurrency, progress
        self._stop = stop or threading.Event()  # the caller's: set only by them
        self._failed = threading.Event()
        self._left = False  # whether a stop has left sessions for the next sync
        self._clock = ServerClock()
        self._reader = Reader(client.settings, self._clock)
        self._meetings = MeetingCache(self._reader)
        self._claims = Claims(store, self._clock.now)
        self._known: set[str] = set()  # sessions in the ledger or copied, among those that were listed
        self._tombstones = Tombstones(store, ledger)
        self._again: str | None = None  # an artifact to look for, although the manifest says that there is none
        self._tally = Tally()
        self._lock = threading.Lock()

    def run(self, since: datetime | None = None, until: datetime | None = None) -> SyncResult:
        """Find and copy: see `Archive.sync`."""
        is_new = self._ledger.check(self._reader.app_id) is None
        proven_until = None if is_new else self._ledger.proven_until()
        found = self._client.run(discover(self._reader, proven_until, since, until))
        if is_new:
            self._ledger.create(self._reader.account_id, self._reader.app_id, self._clock.now())
        finish_rewriting(self._store, self._reader.app_id, self._clock.now)
        self._open(found.sessions)
        self._open_staged()
        window = found.window
        del found  # a hundred thousand sessions take 40 MB
        if window is not None:
            if proven_until is not None and not window.continues:  # it was read again
                window = window._replace(continues=self._ledger.has_window_before(window.start))
            # Only now: each of its sessions is in the ledger.
            self._ledger.add_window(window)
        try:
            self._copy_all()
        finally:
            unreadable = update_tables(self._store, self._ledger, self._clock.now()).unreadable
        self._tally.failures += self._ledger.describe(unreadable)
        return self._tally.result(window, interrupted=self._left)

    # --- a part of a sync, in another process ------------------------------------------------------------------------

    def set_time(self, now: float) -> None:
        """Take over the server's time, in Unix seconds, until a response has it."""
        self._clock.set(now)

    def copy_entries(self, entries: list[OpenSession]) -> Tally:
        """Copy some sessions, for a sync in another process. Returns its counts."""
        with self._renewing():
            self._copy_some(entries)
        return self._tally

    # --- one session -------------------------------------------------------------------------------------------------

    def enter(self, session_id: str, day: str, ended_at: datetime | None = None) -> OpenSession:
        """Enter a session in the ledger, for this sync or another to copy.

        Args:
            session_id: the session.
            day: the UTC date of its start; `layout.NO_DAY` if it is not known.
            ended_at: when it ended, if that is known.
        """
        self._ledger.create(self._reader.account_id, self._reader.app_id, self._clock.now())
        # A second entry of a session does no harm: a sync closes it when it finds the session complete.
        entry = OpenSession(NEVER if ended_at is None else ended_at + RETENTION, AT_ONCE, day, session_id)
        self._ledger.open(entry)
        return entry

    def copy_now(self, entry: OpenSession, again: str | None = None) -> None:
        """Copy what the archive lacks of one session.

        Args:
            entry: what `enter` returned.
            again: an artifact to look for, although it was said not to be there.

        Raises:
            APIError, APIConnectionError: as `run`.
        """
        self._again = again
        self._ledger.open(entry)  # another may have closed it, before this was announced
        with self._renewing():
            self._process(entry)

    # --- discovery ---------------------------------------------------------------------------------------------------

    def _open(self, sessions: Iterable[OpenSession]) -> None:
        """Enter the sessions in the ledger that the archive does not know."""
        by_day: dict[str, list[OpenSession]] = {}
        for session in sessions:
            if session.session_id not in self._known:
                by_day.setdefault(session.day, []).append(session)
        if not by_day:
            return
        waiting = {entry.session_id for entry in self._ledger.open_sessions()}
        for day, listed in by_day.items():
            folders = self._store.folders(layout.day_folder(self._reader.app_id, day))
            copied = {folder.rpartition("/session=")[2] for folder in folders}
            for session in listed:
                if session.session_id not in waiting and layout.encode_id(session.session_id) not in copied:
                    self._ledger.open(session)
                    self._count("found")
                self._known.add(session.session_id)

    def _open_staged(self) -> None:
        """Enter the sessions of live transcripts that came after their sessions were complete."""
        if not self._staged:
            return
        waiting = {layout.encode_id(entry.session_id) for entry in self._ledger.open_sessions()}
        for session, paths in self._staged.items():
            if session not in waiting:
                with suppress(ArchiveDamagedError):  # `verify` names it
                    if (part := read_staged(self._store, paths[0])) is not None:
                        self._ledger.open(OpenSession(NEVER, AT_ONCE, part.day, part.session_id))

    @cached_property
    def _staged(self) -> dict[str, list[str]]:
        """The live transcripts that no copy has taken yet: one listing for all sessions."""
        return staged(self._store)

    # --- copying -----------------------------------------------------------------------------------------------------

    def _copy_all(self) -> None:
        """Copy all sessions that are due, in threads; breakout rooms that appear meanwhile included."""
        seen: set[str] = set()
        with self._renewing():
            self._claims.remove_abandoned()
            while True:
                now = self._clock.now()
                due = [
                    entry
                    for entry in self._ledger.open_sessions()
                    if entry.next_check <= now and entry.session_id not in seen
                ]
                if not due:
                    return
                if self._is_over():
                    self._left = True
                    return
                seen |= {entry.session_id for entry in due}
                self._copy_some(due)

    @contextmanager
    def _renewing(self) -> Generator[None]:
        """Renew the claims of this process meanwhile."""
        finished = threading.Event()
        renewer = threading.Thread(target=self._renew, args=[finished], name="realtimekit-claims", daemon=True)
        renewer.start()
        try:
            yield
        finally:
            finished.set()
            renewer.join()

    def _copy_some(self, due: list[OpenSession]) -> None:
        total, done = len(due), 0
        with ThreadPoolExecutor(self._concurrency, thread_name_prefix="realtimekit-archive") as pool:
            try:
                entries, pending = iter(due), set[Future[None]]()
                while True:
                    # No more than are needed: there may be a hundred thousand.
                    pending |= {
                        pool.submit(self._process, entry)
                        for entry in islice(entries, 2 * self._concurrency - len(pending))
                    }
                    if not pending:
                        return
                    finished, pending = wait(pending, return_when=FIRST_COMPLETED)
                    for future in finished:
                        future.result()
                        done += 1
                        if self._progress is not None:
                            self._progress(Progress(done, total, self._tally.bytes))
            except BaseException:
                # The sessions being copied are finished, and no other is started.
                self._failed.set()
                raise

    def _is_over(self) -> bool:
        return self._stop.is_set() or self._failed.is_set()

    def _process(self, entry: OpenSession) -> None:
        if self._is_over():
            self._left = True
            return
        if not self._claims.acquire(entry.session_id):
            self._count("skipped")
            return
        try:
            if not self._ledger.is_open(entry):  # another sync was faster
                self._count("skipped")
                return
            self._count("checked")
            # After the claim: an erasure adds its tombstones, and then waits for those who hold a claim.
            self._tombstones.refresh()
            self._copy(entry)
        except ArchiveChangedError:
            self._count("skipped")
        except (APIError, APIConnectionError, ArchiveDamagedError, ValueError) as error:
            # Of this session alone. ValueError: what was read makes no sense
            if is_fatal(error):
                self._failed.set()
                raise
            with self._lock:
                self._tally.failures.append(f"{entry.session_id}: {error}")
        finally:
            self._claims.release(entry.session_id)

    def _copy(self, entry: OpenSession) -> None:
        folder = layout.session_folder(self._reader.app_id, entry.day, entry.session_id)
        try:
            before, version = find_manifest(self._store, folder) or (None, None)
        except ArchiveDamagedError as error:
            raise ArchiveDamagedError(f"{error}: `realtimekit archive verify` says how to fix it") from None
        if before is not None and self._again is not None:
            before = reopened(before, self._again, self._clock.now() + RETENTION)
        live = self._staged.get(layout.encode_id(entry.session_id), [])
        if before is not None and not before.unfinished and not live:
            # What remains of a sync that was killed before it could close the entry.
            self._close(entry)
            return
        copied = self._client.run(
            copy_session(
                self._reader,
                self._store,
                self._meetings,
                self._tombstones,
                entry.session_id,
                before,
                version=version,
                archive_created_at=self._archive_created_at,
                live=live,
                on_rooms=lambda rooms: self._open(entry for entry, _ in entries_of(rooms)),
            )
        )
        missed = before is None and copied.manifest is not None and self._was_missed(copied.manifest)
        with self._lock:
            self._tally.add_copied(entry.session_id, before, copied)
            self._tally.missed += [entry.session_id] if missed else []
        if copied.live:
            self._count("live")
            self._ledger.reopen(entry, entry._replace(next_check=AT_ONCE))
            return
        if copied.manifest is None:
            return  # the platform has no such session: it stays in the ledger, and in the failures
        now = self._clock.now()
        check_at = next_check(copied.manifest, now)
        if check_at is None:
            self._close(entry)
            return
        self._count("waiting")
        deadline = min(artifact.deadline or NEVER for artifact in copied.manifest.unfinished)
        day = layout.day_of(copied.manifest.started_at)
        self._ledger.reopen(entry, OpenSession(deadline, check_at, day, entry.session_id))

    def _close(self, entry: OpenSession) -> None:
        self._count("completed")
        if self._handler_since is not None:
            self._store.delete([layout.announced_path(entry.session_id)])
        self._ledger.close(entry)

    @cached_property
    def _archive_created_at(self) -> datetime | None:
        """When the archive was made; None if whoever made it did not say."""
        return self._ledger.created_at()

    @cached_property
    def _handler_since(self) -> datetime | None:
        """Since when a handler of webhooks is there; None if there is none."""
        content = self._store.read(layout.HANDLER)
        return None if content is None else parse_timestamp(content.decode())

    def _was_missed(self, manifest: Manifest) -> bool:
        """Whether a webhook should have arrived for this session by now, and did not."""
        since, ended_at = self._handler_since, manifest.ended_at
        if since is None or ended_at is None or not since <= ended_at <= self._clock.now() - DELIVERY:
            return False
        return self._store.size(layout.announced_path(manifest.session_id)) is None

    def _count(self, name: str) -> None:
        with self._lock:
            self._tally.counts[name] += 1

    def _renew(self, finished: threading.Event) -> None:
        while not finished.wait(RENEWAL):
            try:
                self._claims.renew()
            except ArchiveError:
                continue  # the storage is out of order right now: a claim lasts for some renewals
