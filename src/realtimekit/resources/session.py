"""Sessions: what happened while participants were in a meeting."""

from __future__ import annotations

from collections.abc import Callable, Coroutine, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, Unpack, cast, overload

from realtimekit import responses
from realtimekit.artifacts.download import PathLike
from realtimekit.associations import HasOne, has_many, has_one
from realtimekit.errors import DecodeError
from realtimekit.execution import Call, execute
from realtimekit.flow import Async, F, Flow, Sync
from realtimekit.kwargs import OPTION_NAMES, RequestOptions, ScopedOptions, split_kwargs
from realtimekit.lazy import LazyModule
from realtimekit.operation import operation
from realtimekit.paths import encode_segment
from realtimekit.relation import Relation
from realtimekit.resource import all_on_default_client, on_default_client, reject_other_id
from realtimekit.resources.chat import Chat
from realtimekit.resources.livestream_session import LivestreamSession
from realtimekit.resources.session_participant import SessionParticipant, SessionParticipants
from realtimekit.resources.session_record import SessionRecord
from realtimekit.resources.summary import Summary
from realtimekit.resources.transcript import Transcript, TranscriptFormat

if TYPE_CHECKING:
    from realtimekit import attendance as attendances
    from realtimekit.costs import options as cost_options
    from realtimekit.costs import result as cost_results
    from realtimekit.quality import thresholds as quality_thresholds
    from realtimekit.resources import session_attendance, session_costs, session_quality, session_save
    from realtimekit.saving import manifest as saving_manifest
    from realtimekit.saving import store as saving_store
else:
    attendances = LazyModule("realtimekit.attendance")
    cost_options = LazyModule("realtimekit.costs.options")
    cost_results = LazyModule("realtimekit.costs.result")
    quality_thresholds = LazyModule("realtimekit.quality.thresholds")
    saving_manifest = LazyModule("realtimekit.saving.manifest")
    saving_store = LazyModule("realtimekit.saving.store")
    session_attendance = LazyModule("realtimekit.resources.session_attendance")
    session_costs = LazyModule("realtimekit.resources.session_costs")
    session_quality = LazyModule("realtimekit.resources.session_quality")
    session_save = LazyModule("realtimekit.resources.session_save")

PeerReportPart: TypeAlias = (
    Literal["device_info", "ip_information", "precall_network_information", "events", "quality_stats"] | str
)


class SessionFilters(ScopedOptions, total=False):
    """The query of `GET /sessions`."""

    status: Literal["LIVE", "ENDED"] | str
    associated_id: str  # the id of a meeting
    meeting_id: str  # the name that `associated_id` has elsewhere in the API
    participants: str  # how many took part, as a range: "1:10"
    start_time: datetime | str
    end_time: datetime | str
    search: str
    sort_by: Literal["minutesConsumed", "createdAt"] | str
    sort_order: Literal["ASC", "DESC"]
    page_no: int  # the page to start from; for a single page use `.page(n)`
    per_page: int


class Sessions(Relation["Session[F]", F]):
    """The sessions of an app: `client.sessions`."""

    def where(self, **filters: Unpack[SessionFilters]) -> Sessions[F]:
        """Return the sessions that match these filters: `GET /sessions`. Nothing is sent until the result is iterated.

        Example:
            for session in client.sessions.where(status="ENDED", meeting_id="meet-1"): ...

        Args:
            filters: `status` ("LIVE", "ENDED"), `meeting_id` (or `associated_id`, as the API calls it here),
                `participants` (how many took part, as a range: "1:10"), `start_time` and `end_time` (aware datetimes,
                or strings in ISO 8601), `search`, `page_no` (the page to start from) and `per_page`; `sort_by`
                ("minutesConsumed", "createdAt") and `sort_order` ("ASC", "DESC"), for which there is
                `order_by("created_at")`, `order_by("minutes_consumed")`, with "-" descending; and the options of every
                call: `app_id`, `account_id`, `timeout` (seconds), `extra_query`, `extra_headers`.

        Raises:
            ValueError: a time is invalid or has no time zone.
            TypeError: both `meeting_id` and `associated_id` were passed.
        """
        if "meeting_id" in filters:
            if "associated_id" in filters:
                raise TypeError("where() got meeting_id and associated_id, which are two names of one filter: pass one")
            filters["associated_id"] = filters.pop("meeting_id")
        return self._where(filters)

    def order_by(
        self, field: Literal["created_at", "-created_at", "minutes_consumed", "-minutes_consumed"] | str, /
    ) -> Sessions[F]:
        """Sort by this field, ascending; with "-" descending.

        Example:
            client.sessions.where(status="ENDED").order_by("-created_at").first()
        """
        return self._order_by(field)

    @operation
    def find(
        self,
        id: str,
        /,
        *,
        include_breakout_rooms: bool | None = None,
        **options: Unpack[ScopedOptions],
    ) -> Flow[Session[F]]:
        """Return one session: `GET /sessions/{session_id}`.

        Example:
            client.sessions.find("sess-1").participants.all()

        Raises:
            NotFoundError: there is no session with this id.
        """
        return self._find(id, {"include_breakout_rooms": include_breakout_rooms}, options)

    @operation
    def find_participant_by_peer_id(
        self,
        peer_id: str,
        /,
        *,
        filters: PeerReportPart | Sequence[PeerReportPart] | None = None,
        include_peer_events: bool | None = None,
        **options: Unpack[ScopedOptions],
    ) -> Flow[SessionParticipant[F]]:
        """Return the participant with a peer id, e.g. from a webhook, and their call quality. No session id is needed.

        `GET /sessions/peer-report/{peer_id}`.

        Args:
            peer_id: the id of a participant in one session.
            filters: the parts of the report to return: "device_info", "ip_information", "precall_network_information",
                "events", "quality_stats"; one, several, or None for the server's default.
            include_peer_events: whether to include `peer_events`.

        Raises:
            NotFoundError: there is no participant with this peer id.
        """
        scope, rest = self._split_scope(options)
        ids = self._path_ids(scope)
        path = f"{self._template.collection(ids)}/peer-report/{encode_segment('peer_id', peer_id)}"
        query = {"filters": filters, "include_peer_events": include_peer_events}
        call_options = cast("RequestOptions", split_kwargs(rest, OPTION_NAMES)[0])
        body = yield from execute(self._client.settings, Call("GET", path, query, options=call_options))
        data = responses.unwrap(body, SessionParticipant._item_key)
        if not isinstance(data, dict):
            raise DecodeError(f"GET {path}: the response contains no participant")
        reject_other_id("id", data.get("id"), peer_id)
        # Some responses contain the session id; without it the participant can be read but not reloaded.
        session = {"session_id": data["session_id"]} if data.get("session_id") else {}
        return SessionParticipant[F]._from_data(self._client, data, {**self._record_scope(ids), **session})

    def ref(self, id: str, /, **options: Unpack[ScopedOptions]) -> Session[F]:
        """Return a session of which only the id is known. Nothing is sent.

        Example:
            client.sessions.ref("sess-1").participants.all()  # one request
        """
        return self._ref(id, options)


class Session(SessionRecord[F], path="/{app_id}/sessions(/{session_id})", collection=Sessions, items_key="sessions"):
    """A past or live session. Read-only: the platform creates one when a meeting goes live.

    `session.participants` and `session.recordings` are lists; `session.chat`, `.summary`, `.transcript` and `.meeting`
    are loaded when they are first read, and cached (`await session.chat` on an async client).
    """

    breakout_rooms: list[Session[F]] | None

    participants: SessionParticipants[F] = has_many()
    chat: HasOne[Chat[F], F] = has_one()
    summary: HasOne[Summary[F], F] = has_one()
    transcript: HasOne[Transcript[F], F] = has_one()

    find = on_default_client(Sessions[Sync].find)
    where = on_default_client(Sessions[Sync].where)
    all = all_on_default_client(Sessions[Sync].where)
    ref = on_default_client(Sessions[Sync].ref)
    find_participant_by_peer_id = on_default_client(Sessions[Sync].find_participant_by_peer_id)

    @operation
    def livestream_sessions(
        self, *, page_no: int | None = None, per_page: int | None = None, **options: Unpack[RequestOptions]
    ) -> Flow[list[LivestreamSession[F]]]:
        """Return one page of this session's livestreams: `GET /sessions/{session_id}/livestream-sessions`.

        Args:
            page_no: the page, from 1.
            per_page: livestream sessions per page.
        """
        query = {"page_no": page_no, "per_page": per_page}
        body = yield from self._execute(Call("GET", "/livestream-sessions", query=query, options=options))
        items = responses.unwrap_list(body, "data")
        if items is None:
            raise DecodeError(f"the response with the livestream sessions of {self!r} contains no list")
        scope = self._scope_for(LivestreamSession)
        return [LivestreamSession[F]._from_data(self._client, item, scope) for item in items]

    @operation
    def transcript_as(self, format: TranscriptFormat, **options: Unpack[RequestOptions]) -> Flow[Transcript[F]]:
        """Return the transcript in another format: `GET /sessions/{session_id}/transcript?format=`.

        Args:
            format: "CSV", "JSON", "SRT" or "VTT".
        """
        transcript = Transcript[F]._from_data(self._client, {}, self._path_ids())
        transcript.__dict__["_format"] = format
        yield from transcript._read(options)
        return transcript

    @operation
    def generate_summary(self, **options: Unpack[RequestOptions]) -> Flow[Summary[F]]:
        """Start generating a summary: `POST /sessions/{session_id}/summary`. It takes a while and needs a transcript.

        Returns:
            The summary, still without a download URL: call its `wait()` or `reload()`.
        """
        summary = Summary[F]._from_data(self._client, {}, self._path_ids())
        yield from summary._generate(options)
        return summary

    @operation
    def save(
        self, folder: PathLike, *, progress: Callable[[saving_manifest.SavedArtifact], object] | None = None
    ) -> Flow[saving_manifest.Manifest]:
        """Save everything of this session in a folder, before RealtimeKit deletes it.

        Saves the session and its participants, chat, transcript, summary, recordings with their files, livestream
        sessions and the call quality of each participant, without signatures and tokens. `manifest.json` is written
        last and has the state of each part. A later call requests only what is missing or was not ready.
        `docs/saving.md` describes the files.

        Example:
            session.save("weekly").missing

        Args:
            folder: the folder, for this session alone; it is created if it does not exist.
            progress: called with each part when its state is known.

        Returns:
            The manifest. A part that cannot be fetched does not stop the others: `manifest.missing` has it, with the
                reason.

        Raises:
            NotFoundError: there is no such session.
            AuthenticationError: the token is invalid.
            ValueError: the folder contains another session.
            OSError: a file cannot be written, or `folder` is a file.
        """
        return session_save.save_session(self, saving_store.FolderStore(folder), progress)

    @operation
    def costs(
        self,
        *,
        by: cost_results.CostsBy = "participant",
        prices: cost_options.PricesLike = None,
        now: datetime | None = None,
    ) -> Flow[cost_results.Costs]:
        """Return what this session cost: as `client.analytics.costs()`.

        The session's participants, recordings, livestream sessions and meeting, and the presets of the app are read.

        Args:
            by: "participant", "preset", "meeting" or "day".
            prices: a file of prices, or what `realtimekit.costs.read_prices` returns; by default the published ones.
            now: the time up to which live sessions are counted; by default this machine's time.

        Raises:
            NotFoundError: there is no such session.
            ValueError: `by` or the prices are not valid.
            OSError: the file of prices cannot be read.
        """
        return session_costs.session_costs(self, by=by, prices=prices, now=now)

    @operation
    def attendance(self, *, now: datetime | None = None) -> Flow[attendances.Attendance]:
        """Return who attended this session, and for how long: `GET /sessions/{session_id}/participants`.

        Several devices and rejoins of one person are merged: see `meeting.attendance()`.

        Args:
            now: the time up to which people who are still present are counted; by default this machine's time.

        Raises:
            NotFoundError: there is no such session.
        """
        return session_attendance.session_attendance(self, now)

    @overload
    def quality(
        self: Session[Sync],
        *,
        concurrency: int = 4,
        thresholds: quality_thresholds.Thresholds | None = None,
        keep_reports: bool = False,
    ) -> session_quality.SessionQuality: ...
    @overload
    def quality(
        self: Session[Async],
        *,
        concurrency: int = 4,
        thresholds: quality_thresholds.Thresholds | None = None,
        keep_reports: bool = False,
    ) -> Coroutine[Any, Any, session_quality.SessionQuality]: ...
    def quality(
        self,
        *,
        concurrency: int = 4,
        thresholds: quality_thresholds.Thresholds | None = None,
        keep_reports: bool = False,
    ) -> Any:
        """Return the call quality of every participant: see `realtimekit.resources.session_quality.session_quality`."""
        session: Any = self
        return session_quality.session_quality(
            session, concurrency=concurrency, thresholds=thresholds, keep_reports=keep_reports
        )
