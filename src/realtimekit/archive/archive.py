"""`Archive`: the sessions of one app, kept."""

from __future__ import annotations

import os
from collections.abc import Callable, Coroutine, Iterable, Iterator
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Unpack, overload

from realtimekit.archive import layout
from realtimekit.archive.attendance import read_attendance
from realtimekit.archive.bridge import in_thread
from realtimekit.archive.costs import read_costs
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.export import Format, export
from realtimekit.archive.handler import EVENTS, ArchiveHandler
from realtimekit.archive.ledger import Ledger
from realtimekit.archive.live_handler import LiveHandler
from realtimekit.archive.manifest import decode
from realtimekit.archive.privacy.erasure import Erasure, erase
from realtimekit.archive.privacy.retention import Expiry, expire
from realtimekit.archive.privacy.subject import Subject, export_subject
from realtimekit.archive.search import Matches, rebuild_index, search
from realtimekit.archive.sql import QueryResult, connect, query
from realtimekit.archive.status import Status, read_status
from realtimekit.archive.store import Store
from realtimekit.archive.sync_options import SyncOptions, prepare_sync
from realtimekit.archive.sync_result import SyncResult
from realtimekit.archive.tables.parquet import read_table
from realtimekit.archive.tables.snapshot import read_snapshot
from realtimekit.archive.tables.update import rebuild_tables
from realtimekit.archive.targets import open_store
from realtimekit.archive.transport import ArchiveTransport
from realtimekit.archive.verify import Verification, verify
from realtimekit.attendance import Attendance
from realtimekit.client import AsyncRealtimeKit, RealtimeKit
from realtimekit.costs.options import CostOptions
from realtimekit.costs.result import Costs
from realtimekit.kwargs import validate_kwargs, validate_positive, validate_type
from realtimekit.lazy import LazyModule
from realtimekit.resources.analytics import DaywiseReport
from realtimekit.resources.listener import AsyncEvents, BaseEvents, Events
from realtimekit.saving.manifest import Manifest
from realtimekit.values import format_time
from realtimekit.webhooks.router import BaseRouter

if TYPE_CHECKING:
    import duckdb
else:
    duckdb = LazyModule("duckdb")


class Archive:
    """An archive of the sessions of one app, in a folder or in object storage.

    Example:
        Archive("s3://bucket/meetings").sync(RealtimeKit())

    Args:
        target: a folder, `s3://BUCKET/PREFIX`, `gs://...`, `az://...` or `memory://NAME`; by default
            REALTIMEKIT_ARCHIVE. Credentials come from the environment variables of the storage.
        create: whether to create a folder that does not exist.

    Raises:
        ArchiveError: no target is given, or it is not a valid one.
    """

    def __init__(self, target: str | os.PathLike[str] | None = None, *, create: bool = True) -> None:
        given = target if target is not None else os.environ.get("REALTIMEKIT_ARCHIVE")
        if not given:
            raise ArchiveError("no archive is given: name a folder or URL, or set REALTIMEKIT_ARCHIVE")
        self.store: Store = open_store(given, create=create)
        self.ledger: Ledger = Ledger(self.store)

    @property
    def target(self) -> str:
        """Where the archive is."""
        return self.store.target

    def __repr__(self) -> str:
        return f"<Archive {self.target}>"

    @overload
    def sync(self, client: RealtimeKit, **options: Unpack[SyncOptions]) -> SyncResult: ...
    @overload
    def sync(self, client: AsyncRealtimeKit, **options: Unpack[SyncOptions]) -> Coroutine[Any, Any, SyncResult]: ...
    def sync(self, client: Any, **options: Unpack[SyncOptions]) -> Any:
        """Copy every session that the archive lacks, and files of other sessions that were not ready before.

        Sessions are listed from the last proven time on (`GET /sessions`); of each that has ended, everything is
        copied, the earliest deadline first: about 16 calls for ten people. Later syncs check again for what is not
        there yet, until the platform deletes it. Two syncs at once share the work.

        Args:
            client: a client of the app; an async one is awaited: `await archive.sync(AsyncRealtimeKit())`.
            options: `since`, `until`, `concurrency`, `workers`, `cluster`, `progress`, `stop`: see `SyncOptions`.

        Raises:
            AuthenticationError, PermissionDeniedError, RateLimitError: the API rejects a call; what was copied stays.
            APIError, APIConnectionError: the sessions cannot be listed.
            ArchiveError: the archive belongs to another app, or cannot be written.
            ValueError: a time has no time zone, or `since` is not before `until`.
        """
        validate_kwargs(Archive.sync, options)
        sync = prepare_sync(self.store, self.ledger, options)
        return in_thread(client, sync.run, sync.stop.set) if client.asynchronous else sync.run(client)

    def handler(self, router: BaseRouter[Any], client: RealtimeKit | None = None) -> ArchiveHandler:
        """Register a handler of webhooks that copies sessions as soon as they end, and their files as they appear.

        It handles `meeting.ended`, `meeting.chatSynced`, `meeting.transcript`, `meeting.summary` and
        `recording.statusUpdate`. Webhooks may get lost, so sync as well: `SyncResult.missed` then names the sessions
        for which no webhook arrived, and every sync brings the tables up to date.

        Example:
            router = Router()
            Archive("s3://bucket/meetings").handler(router)

        Args:
            router: a `Router` or an `AsyncRouter`, which calls the handler in a thread.
            client: a client of the app; by default the default client.

        Returns:
            The handler; `handler.drain()` waits for the copies.
        """
        handler = ArchiveHandler(self.store, self.ledger, client)
        router.on(*EVENTS)(handler)
        return handler

    def live_handler(self, events: Events | AsyncEvents) -> LiveHandler:
        """Keep the final transcripts of a live meeting, while you read its events, captions or segments.

        If the platform's transcript is missing or empty, the archive offers this one in its place, marked as such. A
        sync puts it beside the other files of the session. What you do not read is not kept; a program that is killed
        loses the last two seconds.

        Example:
            with meeting.listen(name="Notes bot", preset_name=preset) as events:
                archive.live_handler(events)
                for segment in events.segments():
                    print(segment.text)

        Args:
            events: of `meeting.listen(...)`, with either client, or of `realtimekit.live.connect(token)`, for which
                there must be an archive already.

        Returns:
            The handler. The listener closes it when it leaves, which raises ArchiveError if not everything could
            be stored.

        Raises:
            ArchiveError: there is no archive, it belongs to another app, or it cannot be written.
        """
        validate_type("events", events, BaseEvents, "what `with meeting.listen(...) as events` gives")
        settings = events._settings
        if settings is None:
            self.ledger.app()
        else:
            self.ledger.create(settings.required("account_id"), settings.required("app_id"), self.ledger.now())
        handler = LiveHandler(self.store, self.ledger)
        events._observers.append(handler)
        return handler

    # --- reading -----------------------------------------------------------------------------------------------------

    def transport(self) -> ArchiveTransport:
        """Return a transport that reads from this archive, for either client: no token or id is needed.

        Example:
            client = RealtimeKit(transport=Archive("meetings").transport())
            client.sessions.where(search="weekly").first().transcript.segments()

        Raises:
            ArchiveError: there is no archive, or it cannot be read.
        """
        return ArchiveTransport(self.store, self.ledger)

    # --- tables ------------------------------------------------------------------------------------------------------

    def arrow(self, table: str, columns: list[str] | None = None) -> Any:
        """Return a table as a `pyarrow.Table`; docs/archive.md has the tables and their columns.

        Args:
            table: "sessions", "participants", "peer_quality", "chat_messages", "transcript_segments", "summaries",
                "recordings", "livestream_sessions" or "files".
            columns: only these.

        Raises:
            ArchiveError: there is no such table, or the archive cannot be read.
        """
        return read_table(self.store, table, read_snapshot(self.store).files(table), columns)

    def pandas(self, table: str, columns: list[str] | None = None) -> Any:
        """As `arrow`, but a `pandas.DataFrame`.

        Raises:
            ImportError: pandas is not installed.
        """
        return self.arrow(table, columns).to_pandas()

    def polars(self, table: str, columns: list[str] | None = None) -> Any:
        """As `arrow`, but a `polars.DataFrame`.

        Raises:
            ImportError: polars is not installed.
        """
        import polars as pl

        return pl.from_arrow(self.arrow(table, columns))

    def duckdb(self) -> duckdb.DuckDBPyConnection:
        """Return a DuckDB connection in which the tables are views. It can read their files, and no others.

        Example:
            archive.duckdb().sql("select day, count(*) from sessions group by day").fetchall()

        The tables are those at the time of the call: connect again after a sync. From object storage, they are copied
        to this machine until the connection is closed.

        Raises:
            ArchiveError: the archive cannot be read.
            ImportError: duckdb is not installed.
        """
        return connect(self.store)

    def query(self, sql: str) -> QueryResult:
        """Return the result of one SQL query that reads the tables.

        Example:
            archive.query("select title, seconds from sessions order by seconds desc limit 5").to_dicts()

        Raises:
            ArchiveError: the query is not valid, fails, or would write; or the archive cannot be read.
        """
        return query(self.store, sql)

    def export(
        self,
        folder: str | os.PathLike[str],
        *,
        file_format: Format = "parquet",
        tables: Iterable[str] | None = None,
        anonymize: bool = False,
    ) -> list[Path]:
        """Write tables to files, one file each.

        Args:
            folder: where to; created if it does not exist.
            file_format: "parquet", "csv" or "jsonl".
            tables: the names of the tables; None for all.
            anonymize: replace people by pseudonyms that are the same in every table and every export of this archive.
                Ids and names are replaced, also names of participants within texts; titles, file names and fields that
                may contain anything are left out. Readers who know the people may recognize them by what they said.

        Returns:
            The files.

        Raises:
            ArchiveError: there is no such table or format; or the archive cannot be read.
            OSError: a file cannot be written.
        """
        return export(self.store, self.ledger, folder, file_format=file_format, tables=tables, anonymize=anonymize)

    def rebuild(self) -> list[str]:
        """Rebuild the tables and the search index from the raw files: after damage, or an upgrade of this package.

        Returns:
            What cannot be read of which sessions, each with its cure: their rows are left out until they can be read,
            and a later sync adds them.

        Raises:
            ArchiveError: the archive cannot be read or written.
        """
        unreadable = rebuild_tables(self.store, self.ledger, self.ledger.now())
        rebuild_index(self.store)
        return self.ledger.describe(unreadable)

    # --- questions ---------------------------------------------------------------------------------------------------

    def attendance(
        self, *, meeting_id: str | None = None, since: datetime | None = None, until: datetime | None = None
    ) -> Attendance:
        """Return who attended the sessions, and for how long. Several devices and rejoins of one person are merged.

        Example:
            archive.attendance(meeting_id="meet-1").to_pandas()

        Args:
            meeting_id: only sessions of this meeting.
            since: only sessions that started at this time or later.
            until: only sessions that started before this time.

        Raises:
            ArchiveError: the archive cannot be read.
            ValueError: a time has no time zone, or `since` is not before `until`.
        """
        return read_attendance(self.store, meeting_id=meeting_id, since=since, until=until)

    def costs(self, **options: Unpack[CostOptions]) -> Costs:
        """Return what the sessions of a period cost: as `client.analytics.costs()`, from the tables.

        Example:
            archive.costs(month="2026-11", by="preset").to_pandas()

        Args:
            options: `month`, or `since` and `until`; `by`, `prices`, `now`: see `CostOptions`.

        Raises:
            ArchiveError: the archive cannot be read.
            ValueError: `month`, `by` or the prices are not valid, the period is empty, or a time has no time zone.
            OSError: the file of prices cannot be read.
        """
        validate_kwargs(Archive.costs, options)
        return read_costs(self.store, options)

    # --- search ------------------------------------------------------------------------------------------------------

    def search(
        self,
        words: str,
        *,
        speaker: str | None = None,
        since: datetime | None = None,
        until: datetime | None = None,
        meeting_id: str | None = None,
        limit: int = 20,
    ) -> Matches:
        """Search in transcripts, chats and summaries; the best matches first.

        Example:
            archive.search('budget "next year"', speaker="Alice")

        Args:
            words: what to look for. All words must occur; `"a phrase"` must occur as it is, `bud*` matches words that
                begin with these letters, `-word` excludes a word, `a OR b` matches either. Case and accents do not
                matter.
            speaker: only what this person said or wrote; a part of the name is enough.
            since: only what was said or written from then on.
            until: only what was said or written before.
            meeting_id: only sessions of this meeting.
            limit: how many matches to return at most.

        Raises:
            ArchiveError: the search contains no words, or the archive cannot be read.
            ValueError: a time has no time zone, or `since` is later than `until`.
        """
        validate_positive("limit", limit)
        return search(self.store, words, speaker=speaker, since=since, until=until, meeting_id=meeting_id, limit=limit)

    # --- proof -------------------------------------------------------------------------------------------------------

    def verify(
        self,
        *,
        deep: bool = False,
        daywise: DaywiseReport | None = None,
        progress: Callable[[int], object] | None = None,
    ) -> Verification:
        """Find out whether everything is complete and undamaged. Only the storage is read.

        Args:
            deep: whether to read every object and compare its checksum, instead of its size alone.
            daywise: the platform's counts, from `client.analytics.daywise()`: a note names each day on which the
                archive has a different number of sessions. It is not a problem: the counts are not documented.
            progress: called after each session with how many there were so far.

        Raises:
            ArchiveError: there is no archive, or it cannot be read.
        """
        return verify(self.store, self.ledger, deep=deep, daywise=daywise, progress=progress)

    def status(self, now: datetime | None = None) -> Status:
        """Return what is proven, what is still to come, and what is at risk.

        Args:
            now: the time to compare with; None for this machine's.

        Raises:
            ArchiveError: there is no archive, or it cannot be read.
        """
        return read_status(self.store, self.ledger, now)

    # --- privacy -----------------------------------------------------------------------------------------------------

    def erase(
        self,
        *,
        custom_participant_id: str | None = None,
        user_id: str | None = None,
        peer_id: str | None = None,
        redact: bool = False,
        delete_composites: bool = False,
        delete_summaries: bool = False,
    ) -> Erasure:
        """Erase a person from the archive: raw files, tables and the search index of this machine.

        Their records, messages, segments, call quality and tracks are deleted. Recordings of the whole meeting and
        summaries stay, named in the receipt, unless you pass the arguments below. Later syncs leave the person out. In
        a bucket with versioning, delete the old versions with the tools of the storage. If an erasure is killed, run
        it again. What cannot be read is in `unreadable` of the result, and may still contain the person.

        Args:
            custom_participant_id: your own id of the person.
            user_id: instead: the id of a participant of a meeting.
            peer_id: instead: the id of one stay in a session.
            redact: keep an empty entry in place of the person, with its times.
            delete_composites: delete the recordings of the whole meeting, of sessions where the person was.
            delete_summaries: delete the summaries of these sessions.

        Raises:
            ArchiveError: no id is given, or several; or the archive cannot be written.
        """
        return erase(
            self.store,
            self.ledger,
            Subject(custom_participant_id, user_id, peer_id),
            redact=redact,
            delete_composites=delete_composites,
            delete_summaries=delete_summaries,
        )

    def export_subject(
        self, *, custom_participant_id: str | None = None, user_id: str | None = None, peer_id: str | None = None
    ) -> dict[str, Any]:
        """Return what the archive has about a person, as plain JSON, to be given to them.

        `unreadable` lists what cannot be read, each with its cure: it is not everything unless that is empty.

        Args:
            custom_participant_id: your own id of the person.
            user_id: instead: the id of a participant of a meeting.
            peer_id: instead: the id of one stay in a session.

        Raises:
            ArchiveError: no id is given, or several; or the archive cannot be read.
        """
        return export_subject(self.store, self.ledger, Subject(custom_participant_id, user_id, peer_id))

    def expire(self, after: timedelta, *, keep: Iterable[str] = (), now: datetime | None = None) -> Expiry:
        """Delete the artifacts of sessions that ended longer ago than `after`. The manifests stay, and record it.

        "Ago" means before the last sync, by the platform's clock, because the clock of this machine may be wrong.
        Sessions that cannot be read are left as they are, and named in `unreadable` of the result.

        Example:
            archive.expire(timedelta(days=90), keep=["session", "transcript"])

        Args:
            after: how long after its end a session is kept.
            keep: what is never deleted: "session", "meeting", "participants", "peers", "chat", "transcript", "summary",
                "recordings", "livestream_sessions".
            now: the time to compare with, for an archive that is no longer synced.

        Raises:
            ArchiveError: an artifact does not exist, or the archive cannot be written.
            ValueError: the time has no time zone.
        """
        if now is not None:
            format_time(now, "now")  # raises if there is no time zone
        return expire(self.store, self.ledger, after, keep, now)

    # --- what it holds -----------------------------------------------------------------------------------------------

    def manifests(self) -> Iterator[Manifest]:
        """Iterate over the manifests of all sessions, by day."""
        for entry in self.store.entries(layout.RAW):
            if entry.path.endswith(f"/{layout.MANIFEST}"):
                yield decode(self.store.read(entry.path) or b"", entry.path)
