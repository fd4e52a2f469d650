"""Events: a typed class for each event name of RealtimeKit, with its related records in the API.

The nine names are complete (https://developers.cloudflare.com/realtime/realtimekit/, webhooks; `POST /webhooks` has the
same list). An event with any other name is an `UnknownEvent`. Undeclared fields are kept.
"""

from __future__ import annotations

import builtins
from collections.abc import Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Self

from realtimekit.associations import related_record, require_id
from realtimekit.error_responses import sanitize
from realtimekit.flow import ClientBound, F, Flow, Runner
from realtimekit.kwargs import validate_type
from realtimekit.record import Record, field
from realtimekit.resource import _DefaultClient
from realtimekit.resources.chat import Chat
from realtimekit.resources.session import Session, Sessions
from realtimekit.resources.session_participant import SessionParticipant
from realtimekit.resources.summary import Summary
from realtimekit.resources.transcript import Transcript
from realtimekit.webhooks.clients import NoClient
from realtimekit.webhooks.payloads import EventMeeting, EventParticipant, EventRecording

if TYPE_CHECKING:
    from realtimekit.resources.recording import Recording

# Where the different events have these ids: paths in the body, by preference.
_APP_ID_PATHS = ("meeting.organizedBy.id", "organizedBy.id", "recording.organizationId")
_MEETING_ID_PATHS = ("meeting.id", "meetingId", "recording.meetingId")
_SESSION_ID_PATHS = ("meeting.sessionId", "sessionId", "recording.roomUUID")


class Event(Record, ClientBound[F]):
    """Something that happened. Read-only; `Event` means `Event[Sync]`, an `AsyncReceiver` returns `Event[Async]`.

    `event.session` and the like send requests through the receiver's client, or the default client. An event can be
    pickled, for a task queue; the pickle leaves the client behind.
    """

    types: ClassVar[dict[str, builtins.type[Event[Any]]]] = {}  # `type` is a property here
    """Event name -> class."""
    _variable = "event"  # what users name the variable, whatever the class

    _delivery: tuple[str | None, str | None] = (None, None)  # its id, the webhook's id
    _client: Runner[F] = _DefaultClient()  # type: ignore[assignment]  # for an event made by hand, which is a sync one

    def __init_subclass__(cls, *, event: str | None = None, **kwargs: Any) -> None:
        """Register the class for the events of this name."""
        super().__init_subclass__(**kwargs)
        if event is not None:
            cls.types[event] = cls

    @property
    def type(self) -> str:
        """The event name, e.g. "meeting.ended"."""
        return str(self._data.get("event"))

    @property
    def delivery_id(self) -> str | None:
        """The header rtk-uuid. It is not documented whether a retry of the delivery has the same id."""
        return self._delivery[0]

    @property
    def webhook_id(self) -> str | None:
        """The header rtk-webhook-id: the webhook of the app that this delivery belongs to."""
        return self._delivery[1]

    @property
    def app_id(self) -> str | None:
        """The id of the app, or None if the event does not contain it."""
        return self._first_of(_APP_ID_PATHS)

    @property
    def meeting_id(self) -> str | None:
        """The id of the meeting, or None if the event does not contain it."""
        return self._first_of(_MEETING_ID_PATHS)

    @property
    def session_id(self) -> str | None:
        """The id of the session, or None if the event does not contain it."""
        return self._first_of(_SESSION_ID_PATHS)

    def _first_of(self, paths: tuple[str, ...]) -> str | None:
        """The first non-empty string at one of these paths of the body."""
        for path in paths:
            value: Any = self._data
            for name in path.split("."):
                value = value.get(name) if isinstance(value, dict) else None
            if isinstance(value, str) and value:
                return value
        return None

    @related_record
    def session(self) -> Flow[Session[F]]:
        """The session: `GET /sessions/{session_id}`. Cached; its own `reload()` reads it again.

        Raises:
            DecodeError: the event does not contain a session id.
            NotFoundError: there is no such session (yet: an event may arrive before the API can return its session).
        """
        return self._sessions()._find(require_id(self, "session", self.session_id), {}, self._app_scope())

    def _sessions(self) -> Sessions[F]:
        return Sessions(self._client)

    def _app_scope(self) -> dict[str, Any]:
        """The app of the event, for a client without one."""
        return {} if self._client.settings.app_id else {"app_id": self.app_id}

    def _session_scope(self) -> dict[str, Any]:
        session: Any = self._sessions()._stub(require_id(self, "session", self.session_id), self._app_scope())
        ids: dict[str, Any] = session._ids()
        return ids

    def _artifact_data(self, kind: str) -> dict[str, Any]:
        """The fields of an artifact that the event contains: its link and when that expires."""
        names = (f"{kind}DownloadUrl", f"{kind}DownloadUrlExpiry")
        return {"sessionId": self.session_id, **{name: self._data[name] for name in names if name in self._data}}

    def bind(self, client: Runner[F]) -> Self:
        """Return the same event, bound to another client."""
        validate_type("client", client, Runner, "a RealtimeKit or an AsyncRealtimeKit")
        return self._from_data(dict(self._data), self._delivery, client)

    @classmethod
    def _from_data(
        cls, data: dict[str, Any], delivery: tuple[str | None, str | None], client: Runner[Any] | None
    ) -> Self:
        event = cls(data)
        event.__dict__["_delivery"] = delivery
        if client is not None:
            event.__dict__["_client"] = client
        return event

    def __repr__(self) -> str:
        fields = (("session_id", session_id_of(self)), ("delivery_id", self.delivery_id))
        details = "".join(f" {name}={sanitize(repr(value))}" for name, value in fields if value is not None)
        return f"<{type(self).__name__} {self.type!r}{details}>"

    def __reduce__(self) -> tuple[Any, ...]:
        client = NoClient() if self._client.asynchronous else None
        return type(self)._from_data, (self._data, self._delivery, client)


def session_id_of(event: Event[Any]) -> str | None:
    """Return the session id as the event contains it, unchecked; None if it contains none. Never raises."""
    return event._first_of(_SESSION_ID_PATHS)


class UnknownEvent(Event[F]):
    """An event whose name this version does not know: `event.type`, and `event["field"]` for its fields."""


class MeetingEvent(Event[F]):
    """An event that contains a meeting."""

    meeting: EventMeeting

    @property
    def session_id(self) -> str:
        """The id of the session."""
        return require_id(self, "session", self._first_of(_SESSION_ID_PATHS))

    @property
    def meeting_id(self) -> str:
        """The id of the meeting."""
        return require_id(self, "meeting", self._first_of(_MEETING_ID_PATHS))


class MeetingStarted(MeetingEvent[F], event="meeting.started"):
    """The first participant joined: a session started."""


class MeetingEnded(MeetingEvent[F], event="meeting.ended"):
    """The session ended, at `event.meeting.ended_at`."""

    reason: Literal["HOST_ENDED_MEETING", "ALL_PARTICIPANTS_LEFT"] | str | None


class ParticipantEvent(MeetingEvent[F]):
    """An event about one participant."""

    participant: EventParticipant

    @related_record
    def participant_record(self) -> Flow[SessionParticipant[F]]:
        """The participant's record: `GET /sessions/peer-report/{peer_id}`. Cached.

        Raises:
            NotFoundError: there is no such participant (yet).
        """
        find = Sessions[F].find_participant_by_peer_id.flow
        return find(self._sessions(), self.participant.peer_id, **self._app_scope())


class MeetingParticipantJoined(ParticipantEvent[F], event="meeting.participantJoined"):
    """A participant joined."""


class MeetingParticipantLeft(ParticipantEvent[F], event="meeting.participantLeft"):
    """A participant left, at `event.participant.left_at`."""


class MeetingChatSynced(Event[F], event="meeting.chatSynced"):
    """The chat of an ended session can be downloaded: `event.chat.read()`. The event has no meeting object."""

    title: str | None
    download_url: str | None = field("chatDownloadUrl")
    download_url_expiry: datetime | None = field("chatDownloadUrlExpiry")
    created_at: datetime | None = field("createdAt")
    started_at: datetime | None = field("startedAt")
    ended_at: datetime | None = field("endedAt")

    @property
    def session_id(self) -> str:
        """The id of the session."""
        return require_id(self, "session", self._first_of(_SESSION_ID_PATHS))

    @property
    def meeting_id(self) -> str:
        """The id of the meeting."""
        return require_id(self, "meeting", self._first_of(_MEETING_ID_PATHS))

    @property
    def chat(self) -> Chat[F]:
        """The chat, with the link in the event: nothing is sent before `read()`; `reload()` gets a new link."""
        return Chat[F]._from_data(self._client, self._artifact_data("chat"), self._session_scope())


class MeetingTranscript(MeetingEvent[F], event="meeting.transcript"):
    """The transcript can be downloaded: `event.transcript.read()`."""

    download_url: str | None = field("transcriptDownloadUrl")
    download_url_expiry: datetime | None = field("transcriptDownloadUrlExpiry")

    @property
    def transcript(self) -> Transcript[F]:
        """The transcript, with the link in the event: nothing is sent before `read()`; `reload()` gets a new link."""
        transcript = Transcript[F]._from_data(self._client, self._artifact_data("transcript"), self._session_scope())
        transcript.__dict__["_format"] = None
        return transcript


class MeetingSummary(MeetingEvent[F], event="meeting.summary"):
    """The summary can be downloaded: `event.summary.read()`. `event.meeting` may have only two ids."""

    download_url: str | None = field("summaryDownloadUrl")
    download_url_expiry: datetime | None = field("summaryDownloadUrlExpiry")

    @property
    def summary(self) -> Summary[F]:
        """The summary, with the link in the event: nothing is sent before `read()`; `reload()` gets a new link."""
        return Summary[F]._from_data(self._client, self._artifact_data("summary"), self._session_scope())


class RecordingStatusUpdate(Event[F], event="recording.statusUpdate"):
    """The status of a recording changed: `event.recording.status`. At UPLOADED: `event.recording.download(...)`.

    `meeting.ended` may come later.
    """

    recording: EventRecording[F]
    meeting: EventMeeting | None

    @related_record
    def recording_record(self) -> Flow[Recording[F]]:
        """The recording's record: `GET /recordings/{recording_id}`. Cached.

        Raises:
            NotFoundError: there is no such recording (any more).
        """
        from realtimekit.resources.recording import Recordings  # loaded when a recording is read

        return Recordings(self._client)._find(require_id(self, "recording", self.recording.id), {}, self._app_scope())


class LivestreamingStatusUpdate(Event[F], event="livestreaming.statusUpdate"):
    """The status of a livestream changed."""

    stream_id: str | None = field("streamId")
    status: Literal["LIVE", "OFFLINE", "IDLE"] | str | None
    manual_ingest: bool | None = field("manualIngest")
    playback_url: str | None = field("playbackUrl")
    ingest_server: str | None = field("ingestServer")
    stream_key: str | None = field("streamKey")
    """A secret: whoever has it can stream. No repr shows it; keep it out of your logs, too."""
    meeting: EventMeeting | None


def parse_event(
    data: Mapping[str, Any],
    *,
    delivery_id: str | None = None,
    webhook_id: str | None = None,
    client: Runner[F] | None = None,
) -> Event[F]:
    """Return the event in a decoded body, without verifying it: for tests, and for bodies verified before.

    Args:
        data: the JSON object, with the event name as "event".
        delivery_id: the header rtk-uuid.
        webhook_id: the header rtk-webhook-id.
        client: the client for `event.session` and the like; None for the default client.

    Raises:
        TypeError: the data is not a decoded JSON object.
    """
    validate_type("data", data, Mapping, "the decoded JSON object of a delivery")
    if client is not None:
        validate_type("client", client, Runner, "a RealtimeKit or an AsyncRealtimeKit")
    event_class = Event.types.get(str(data.get("event")), UnknownEvent)
    return event_class._from_data(dict(data), (delivery_id, webhook_id), client)
