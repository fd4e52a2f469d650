"""Meetings: the rooms that people join."""

from __future__ import annotations

from collections.abc import Coroutine, Sequence
from contextlib import suppress
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, TypedDict, Unpack, cast, overload

from realtimekit.associations import HasOne, has_many, has_one
from realtimekit.errors import NotFoundError
from realtimekit.execution import Call
from realtimekit.flow import Async, F, Flow, Sync
from realtimekit.kwargs import OPTION_NAMES, RequestOptions, ScopedOptions, split_kwargs
from realtimekit.lazy import LazyModule
from realtimekit.operation import fluent, operation
from realtimekit.relation import Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client
from realtimekit.resources.active_session import ActiveSession
from realtimekit.resources.ai_config import AiConfig, AiConfigFields
from realtimekit.resources.livestream import Livestream, LivestreamDetails, parse_livestream_details
from realtimekit.resources.participant import Participants
from realtimekit.resources.recording_config import RecordingConfig, RecordingConfigFields
from realtimekit.settings import resolve_agent_url

if TYPE_CHECKING:
    from realtimekit import attendance as attendances
    from realtimekit.resources import listener, participant_token, session, session_attendance
else:
    attendances = LazyModule("realtimekit.attendance")
    listener = LazyModule("realtimekit.resources.listener")
    participant_token = LazyModule("realtimekit.resources.participant_token")
    session = LazyModule("realtimekit.resources.session")
    session_attendance = LazyModule("realtimekit.resources.session_attendance")


class MeetingFilters(ScopedOptions, total=False):
    """The query of `GET /meetings`."""

    search: str  # a meeting's id, or words in its title
    status: Literal["ACTIVE", "INACTIVE"] | str
    start_time: datetime | str
    end_time: datetime | str
    page_no: int  # the page to start from; for a single page use `.page(n)`
    per_page: int


class _Fields(RequestOptions, total=False):
    persist_chat: bool
    summarize_on_end: bool
    transcribe_on_end: bool
    session_keep_alive_time_in_secs: float  # 60 to 600; how long a session outlives its last participant
    recording_config: RecordingConfigFields
    ai_config: AiConfigFields


class MeetingFields(_Fields, total=False):
    """The body of `PUT /meetings/{meeting_id}`."""

    title: str | None
    record_on_start: bool | None
    live_stream_on_start: bool | None


class NewMeeting(MeetingFields, ScopedOptions, total=False):
    """The body of `POST /meetings`."""


class MeetingChanges(_Fields, total=False):
    """The body of `PATCH /meetings/{meeting_id}`: nothing can be set to null here."""

    title: str
    record_on_start: bool
    live_stream_on_start: bool
    status: Literal["ACTIVE", "INACTIVE"] | str


class LiveVideo(TypedDict, total=False):
    """The video of a livestream, in pixels."""

    width: int
    height: int


class NewMeetingLivestream(RequestOptions, total=False):
    """The body of `POST /meetings/{meeting_id}/livestreams`."""

    name: str | None  # letters, digits, - and _
    video_config: LiveVideo


class Meetings(Relation["Meeting[F]", F]):
    """The meetings of an app: `client.meetings`."""

    def where(self, **filters: Unpack[MeetingFilters]) -> Meetings[F]:
        """Return the meetings that match these filters: `GET /meetings`. Nothing is sent until the result is iterated.

        Example:
            for meeting in client.meetings.where(search="weekly", status="ACTIVE"): ...

        Args:
            filters: `search` (a meeting's id, or words in its title), `status` ("ACTIVE", "INACTIVE"), `start_time` and
                `end_time` (aware datetimes, or strings in ISO 8601), `page_no` and `per_page`; and the options of every
                call: `app_id`, `account_id`, `timeout` (seconds), `extra_query`, `extra_headers`.

        Raises:
            ValueError: a time is invalid or has no time zone.
        """
        return self._where(filters)

    @operation
    def find(self, id: str, /, **options: Unpack[ScopedOptions]) -> Flow[Meeting[F]]:
        """Return one meeting: `GET /meetings/{meeting_id}`.

        Example:
            client.meetings.find("meet-1").title

        Raises:
            NotFoundError: there is no meeting with this id.
        """
        return self._find(id, {}, options)

    @operation
    def create(self, **fields: Unpack[NewMeeting]) -> Flow[Meeting[F]]:
        """Create a meeting: `POST /meetings`.

        Example:
            client.meetings.create(title="Weekly", record_on_start=True)
        """
        return self._create(fields)

    def ref(self, id: str, /, **options: Unpack[ScopedOptions]) -> Meeting[F]:
        """Return a meeting of which only the id is known. Nothing is sent.

        Example:
            client.meetings.ref("meet-1").participants.all()  # one request
        """
        return self._ref(id, options)


class Meeting(
    Resource[F], path="/{app_id}/meetings(/{meeting_id})", collection=Meetings, repr_fields=("id", "title", "status")
):
    """A room that participants can join repeatedly; each time is a session. The API cannot delete a meeting."""

    id: str
    title: str | None
    status: Literal["ACTIVE", "INACTIVE"] | str | None
    record_on_start: bool | None
    live_stream_on_start: bool | None
    persist_chat: bool | None
    summarize_on_end: bool | None
    transcribe_on_end: bool | None
    session_keep_alive_time_in_secs: float | None
    transcription_minutes_consumed: float | None
    """Not documented, but observed: 0 where a transcript is empty although people spoke."""
    recording_config: RecordingConfig | None
    ai_config: AiConfig | None
    """None on meetings from a list."""
    created_at: datetime
    updated_at: datetime

    participants: Participants[F] = has_many()
    active_session: HasOne[ActiveSession[F], F] = has_one(cached=False)
    active_livestream: HasOne[Livestream[F], F] = has_one(cached=False, path="/active-livestream")

    find = on_default_client(Meetings[Sync].find)
    where = on_default_client(Meetings[Sync].where)
    all = all_on_default_client(Meetings[Sync].where)
    ref = on_default_client(Meetings[Sync].ref)
    create = on_default_client(Meetings[Sync].create)

    @property
    def sessions(self) -> session.Sessions[F]:
        """The sessions of the meeting: `GET /sessions?associated_id=`. Reading the attribute sends nothing.

        Example:
            meeting.sessions.order_by("-created_at").first()
        """
        return session.Sessions[F]._of(self, {"associated_id": self.id})

    @fluent
    def update(self, **changes: Unpack[MeetingChanges]) -> Flow[None]:
        """Change only these fields: `PATCH /meetings/{meeting_id}`."""
        return self._write("PATCH", changes)

    @fluent
    def replace(self, **fields: Unpack[MeetingFields]) -> Flow[None]:
        """Set all fields, the missing ones to their defaults: `PUT /meetings/{meeting_id}`."""
        return self._write("PUT", fields)

    def listen(
        self,
        *,
        preset_name: str,
        name: str = "Agent",
        custom_participant_id: str | None = None,
        subscriptions: Sequence[str] = ("transcript", "participant"),
        max_idle: float | None = None,
        max_backlog: int = 32 * 2**20,
        agent_url: str | None = None,
    ) -> listener.Listener[F]:
        """Add an agent that listens to the meeting: `with meeting.listen(...) as events`, or `async with`.

        `POST .../participants`, then `GET /agent-ws/v1`. The agent counts as a participant: it joins when the block
        begins, keeps the session open (and billed), and always leaves when the block ends.

        Example:
            with meeting.listen(name="Notes bot", preset_name="group_call_participant") as events:
                for event in events: ...

        Args:
            preset_name: the preset of the agent. Transcripts need `transcription_enabled` in those of the speakers.
            name: the name that others see, unless the preset hides the agent (`hidden_participant`).
            custom_participant_id: your own id of the agent; by default a new one.
            subscriptions: some of "transcript", "participant" and "broadcast".
            max_idle: seconds alone in the meeting until the agent leaves; by default it stays.
            max_backlog: bytes of events that may wait to be read; then they wait on the server (32 MiB).
            agent_url: the URL of live meetings; by default from the client's settings.

        Raises:
            TypeError, ValueError: an option is invalid.
            ConfigurationError: the extra `live` is missing, or the URL is invalid.

        Entering the block raises the errors of `participants.create`. Entering and iterating raise
        `AuthenticationError`, `APIConnectionError` and `realtimekit.live.LiveError`.
        """
        from uuid import uuid4

        settings = self._client.settings

        def add_participant() -> Flow[participant_token.ParticipantToken]:
            agent = yield from self.participants._create_participant(
                {
                    "name": name,
                    "preset_name": preset_name,
                    "custom_participant_id": custom_participant_id or f"agent-{uuid4()}",
                }
            )
            return agent.token

        return listener.Listener(
            self._client,
            add_participant,
            agent_url=resolve_agent_url(agent_url, settings),
            timeout=settings.timeout,
            subscriptions=subscriptions,
            max_idle=max_idle,
            max_backlog=max_backlog,
        )

    @fluent
    def end(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Remove all participants and close the meeting.

        `POST .../active-session/kick-all`, then `PATCH /meetings/{meeting_id}` with status INACTIVE. The meeting may be
        empty. `update(status="ACTIVE")` opens it again.
        """
        kick_options: RequestOptions = {"timeout": options["timeout"]} if "timeout" in options else {}
        with suppress(NotFoundError):  # the meeting is empty; if it does not exist, the PATCH raises
            yield from self._execute(Call("POST", "/active-session/kick-all", options=kick_options))
        yield from self._write("PATCH", {"status": "INACTIVE", **options})

    @operation
    def start_livestream(self, **fields: Unpack[NewMeetingLivestream]) -> Flow[Livestream[F]]:
        """Start a livestream of the meeting: `POST /meetings/{meeting_id}/livestreams`. Its first status is INVOKED."""
        options, body = split_kwargs(fields, OPTION_NAMES)
        response = yield from self._execute(
            Call("POST", "/livestreams", body=body, options=cast("RequestOptions", options))
        )
        livestream = Livestream[F]._from_data(self._client, {}, self._scope_for(Livestream))
        livestream._update_from(response, written=True)
        return livestream

    @operation
    def stop_livestream(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Stop the livestream of the meeting: `POST /meetings/{meeting_id}/active-livestream/stop`.

        Raises:
            NotFoundError: the meeting has no active livestream.
        """
        yield from self._execute(Call("POST", "/active-livestream/stop", options=options))

    @operation
    def livestream(
        self, *, page_no: int | None = None, per_page: int | None = None, **options: Unpack[RequestOptions]
    ) -> Flow[LivestreamDetails[F]]:
        """Return the meeting's livestream and one page of its sessions: `GET /meetings/{meeting_id}/livestream`.

        Args:
            page_no: the page, from 1.
            per_page: sessions per page.
        """
        query = {"page_no": page_no, "per_page": per_page}
        body = yield from self._execute(Call("GET", "/livestream", query=query, options=options))
        return parse_livestream_details(body, self)

    @overload
    def attendance(
        self: Meeting[Sync],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        concurrency: int = 4,
        now: datetime | None = None,
    ) -> attendances.Attendance: ...
    @overload
    def attendance(
        self: Meeting[Async],
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        concurrency: int = 4,
        now: datetime | None = None,
    ) -> Coroutine[Any, Any, attendances.Attendance]: ...
    def attendance(
        self,
        *,
        since: datetime | None = None,
        until: datetime | None = None,
        concurrency: int = 4,
        now: datetime | None = None,
    ) -> Any:
        """Return who attended the sessions of this meeting, and for how long.

        `meeting.sessions`, then `GET /sessions/{session_id}/participants` for each. Participants with the same
        `custom_participant_id`, or else the same `user_id`, are one person: times on two devices count once.
        Participants without either id are not merged.

        Example:
            meeting.attendance().to_pandas()

        Args:
            since: only sessions that started at this time or later.
            until: only sessions that started before this time.
            concurrency: how many sessions to read at once, 1 or more.
            now: the time up to which people who are still present are counted; by default this machine's time.

        Raises:
            ValueError: a time has no time zone, or `since` is not before `until`.
            APIError, APIConnectionError: the sessions or their participants cannot be read.
        """
        return session_attendance.meeting_attendance(self, since=since, until=until, concurrency=concurrency, now=now)
