"""Events: one class for each name that RealtimeKit has, typed, and with a way from each into the API.

The nine names are all that there are (https://developers.cloudflare.com/realtime/realtimekit/, webhooks; the same list
as in `POST /webhooks`). What carries another name is an `UnknownEvent`; fields that nobody declared are kept.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, ClassVar, Generic, Literal, Self, TypeVar, overload

from realtimekit.errors import DecodeError
from realtimekit.flow import Async, ClientBound, F, Flow, Runner, Sync
from realtimekit.paths import encode_segment
from realtimekit.protocol import sanitize
from realtimekit.record import Record, field
from realtimekit.resource import _DefaultClient
from realtimekit.resources.chat import Chat
from realtimekit.resources.session import Session, Sessions
from realtimekit.resources.session_participant import SessionParticipant
from realtimekit.resources.summary import Summary
from realtimekit.resources.transcript import Transcript
from realtimekit.webhooks.engines import NoClient
from realtimekit.webhooks.payloads import EventMeeting, EventParticipant, EventRecording

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

T = TypeVar("T")

# Where the events say it.
_APP = ("meeting.organizedBy.id", "organizedBy.id", "recording.organizationId")
_MEETING = ("meeting.id", "meetingId", "recording.meetingId")
SESSION = ("meeting.sessionId", "sessionId", "recording.roomUUID")


class reached(Generic[T]):  # noqa: N801 - a decorator
    """A property written as a flow: loaded on first read and kept. `event.session`, `await event.session`."""

    def __init__(self, function: Callable[[Any], Flow[T]]) -> None:
        self._function = function
        self.__name__: str = function.__name__
        self.__doc__ = function.__doc__

    @overload
    def __get__(self, event: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, event: ClientBound[Sync], owner: Any = None) -> T: ...
    @overload
    def __get__(self, event: ClientBound[Async], owner: Any = None) -> Coroutine[Any, Any, T]: ...
    def __get__(self, event: Any, owner: Any = None) -> Any:
        return self if event is None else event._client.run(self._loaded(event))

    def _loaded(self, event: Any) -> Flow[T]:
        slot = f"_loaded_{self.__name__}"
        if slot not in event.__dict__:
            value = yield from self._function(event)
            event.__dict__.setdefault(slot, value)  # whoever was first wins
        loaded: T = event.__dict__[slot]
        return loaded


class Event(Record, ClientBound[F]):
    """What happened. Read-only; `Event` alone means `Event[Sync]`, an `AsyncReceiver` gives `Event[Async]`.

    `event.session` and its like ask the API through the receiver's client, or the default client. Pickled, for a task
    queue, an event leaves its client behind.
    """

    types: ClassVar[dict[str, type[Event[Any]]]] = {}
    """The class of each name."""

    _delivery: tuple[str | None, str | None] = (None, None)
    _client: Runner[F] = _DefaultClient()  # type: ignore[assignment]  # of an event made by hand, which is a sync one

    def __init_subclass__(cls, *, event: str | None = None, **kwargs: Any) -> None:
        """Register the class for the events of this name."""
        super().__init_subclass__(**kwargs)
        if event is not None:
            cls.types[event] = cls

    @property
    def type(self) -> str:
        """The name, e.g. "meeting.ended"."""
        return str(self._data.get("event"))

    @property
    def delivery_id(self) -> str | None:
        """The header rtk-uuid. Whether it stays the same when a delivery is tried again is not documented."""
        return self._delivery[0]

    @property
    def webhook_id(self) -> str | None:
        """The header rtk-webhook-id: which webhook of the app it was sent for."""
        return self._delivery[1]

    @property
    def app_id(self) -> str | None:
        """The app, where the event says it."""
        return self._at(*_APP)

    @property
    def meeting_id(self) -> str | None:
        """The meeting, wherever the event says it."""
        return self._at(*_MEETING)

    @property
    def session_id(self) -> str | None:
        """The session, wherever the event says it."""
        return self._at(*SESSION)

    def _at(self, *places: str) -> str | None:
        for place in places:
            value: Any = self._data
            for name in place.split("."):
                value = value.get(name) if isinstance(value, dict) else None
            if isinstance(value, str) and value:
                return value
        return None

    def _needed(self, what: str, value: str | None) -> str:
        if value is None:
            raise DecodeError(f"{self!r} does not say of which {what} it is")
        try:
            encode_segment(f"{what}_id", value)
        except ValueError as error:
            raise DecodeError(f"{self!r} is of no {what} that can be asked for: {error}") from None
        return value

    @reached
    def session(self) -> Flow[Session[F]]:
        """The session: `GET /sessions/{session_id}`. Kept; its own `reload()` reads it again.

        Raises:
            DecodeError: the event names no session.
            NotFoundError: there is no such session (yet: events may come before what they tell of can be read).
        """
        return self._sessions()._find(self._needed("session", self.session_id), {}, self._elsewhere())

    def _sessions(self) -> Sessions[F]:
        return Sessions(self._client)

    def _elsewhere(self) -> dict[str, Any]:
        """The event's app, for a client that has none."""
        return {} if self._client.settings.app_id else {"app_id": self.app_id}

    def _links(self, kind: str) -> dict[str, Any]:
        names = (f"{kind}DownloadUrl", f"{kind}DownloadUrlExpiry")
        return {"sessionId": self.session_id, **{name: self._data[name] for name in names if name in self._data}}

    def _session_scope(self) -> dict[str, Any]:
        session: Any = self._sessions()._stub(self._needed("session", self.session_id), self._elsewhere())
        ids: dict[str, Any] = session._ids()
        return ids

    def bind(self, client: Runner[F]) -> Self:
        """The same event with another client behind it."""
        return self._load(dict(self._data), self._delivery, client)

    @classmethod
    def _load(cls, data: dict[str, Any], delivery: tuple[str | None, str | None], client: Runner[Any] | None) -> Self:
        event = cls(data)
        event.__dict__["_delivery"] = delivery
        if client is not None:
            event.__dict__["_client"] = client
        return event

    def __repr__(self) -> str:
        telling = (("session_id", self._at(*SESSION)), ("delivery_id", self.delivery_id))
        shown = "".join(f" {name}={sanitize(repr(value))}" for name, value in telling if value is not None)
        return f"<{type(self).__name__} {self.type!r}{shown}>"

    def __reduce__(self) -> tuple[Any, ...]:
        client = NoClient() if self._client.asynchronous else None
        return type(self)._load, (self._data, self._delivery, client)


class UnknownEvent(Event[F]):
    """An event whose name this version does not know: `event.type`, and `event["field"]` for the rest."""


class MeetingEvent(Event[F]):
    """What the events that carry a whole meeting have in common."""

    meeting: EventMeeting

    @property
    def session_id(self) -> str:
        """The session."""
        return self._needed("session", self._at(*SESSION))

    @property
    def meeting_id(self) -> str:
        """The meeting."""
        return self._needed("meeting", self._at(*_MEETING))


class MeetingStarted(MeetingEvent[F], event="meeting.started"):
    """The first participant came: a session began."""


class MeetingEnded(MeetingEvent[F], event="meeting.ended"):
    """The session ended; `event.meeting.ended_at` says when."""

    reason: Literal["HOST_ENDED_MEETING", "ALL_PARTICIPANTS_LEFT"] | str | None


class ParticipantEvent(MeetingEvent[F]):
    """What the events about one participant have in common."""

    participant: EventParticipant

    @reached
    def participant_record(self) -> Flow[SessionParticipant[F]]:
        """Who it was, as the API has them: `GET /sessions/peer-report/{peer_id}`. Kept.

        Raises:
            NotFoundError: there is no such peer (yet).
        """
        find = Sessions[F].find_participant_by_peer_id.flow
        return find(self._sessions(), self.participant.peer_id, **self._elsewhere())


class MeetingParticipantJoined(ParticipantEvent[F], event="meeting.participantJoined"):
    """Somebody joined."""


class MeetingParticipantLeft(ParticipantEvent[F], event="meeting.participantLeft"):
    """Somebody left; `event.participant.left_at` says when."""


class MeetingChatSynced(Event[F], event="meeting.chatSynced"):
    """The chat of an ended session can be downloaded: `event.chat.read()`. Flat: it has no meeting object."""

    title: str | None
    download_url: str | None = field("chatDownloadUrl")
    download_url_expiry: datetime | None = field("chatDownloadUrlExpiry")
    created_at: datetime | None = field("createdAt")
    started_at: datetime | None = field("startedAt")
    ended_at: datetime | None = field("endedAt")

    @property
    def session_id(self) -> str:
        """The session."""
        return self._needed("session", self._at(*SESSION))

    @property
    def meeting_id(self) -> str:
        """The meeting."""
        return self._needed("meeting", self._at(*_MEETING))

    @property
    def chat(self) -> Chat[F]:
        """The chat, with the event's own link: nothing is asked before `read()`; `reload()` gives a newer link."""
        return Chat[F]._load(self._client, self._links("chat"), self._session_scope())


class MeetingTranscript(MeetingEvent[F], event="meeting.transcript"):
    """The transcript can be downloaded: `event.transcript.read()`."""

    download_url: str | None = field("transcriptDownloadUrl")
    download_url_expiry: datetime | None = field("transcriptDownloadUrlExpiry")

    @property
    def transcript(self) -> Transcript[F]:
        """The transcript, with the event's own link: nothing is asked before `read()`; `reload()` gives a newer one."""
        transcript = Transcript[F]._load(self._client, self._links("transcript"), self._session_scope())
        transcript.__dict__["_format"] = None
        return transcript


class MeetingSummary(MeetingEvent[F], event="meeting.summary"):
    """The summary can be downloaded: `event.summary.read()`. Its meeting may have no more than two ids."""

    download_url: str | None = field("summaryDownloadUrl")
    download_url_expiry: datetime | None = field("summaryDownloadUrlExpiry")

    @property
    def summary(self) -> Summary[F]:
        """The summary, with the event's own link: nothing is asked before `read()`; `reload()` gives a newer one."""
        return Summary[F]._load(self._client, self._links("summary"), self._session_scope())


class RecordingStatusUpdate(Event[F], event="recording.statusUpdate"):
    """A recording goes on: `event.recording.status`. UPLOADED has the links; meeting.ended may come later."""

    recording: EventRecording
    meeting: EventMeeting | None


class LivestreamingStatusUpdate(Event[F], event="livestreaming.statusUpdate"):
    """A livestream goes on or off."""

    stream_id: str | None = field("streamId")
    status: Literal["LIVE", "OFFLINE", "IDLE"] | str | None
    manual_ingest: bool | None = field("manualIngest")
    playback_url: str | None = field("playbackUrl")
    ingest_server: str | None = field("ingestServer")
    stream_key: str | None = field("streamKey")
    """A secret: who has it can broadcast. It is in no repr; keep it out of your logs, too."""
    meeting: EventMeeting | None


def event_from(
    data: Mapping[str, Any],
    *,
    delivery_id: str | None = None,
    webhook_id: str | None = None,
    client: Runner[F] | None = None,
) -> Event[F]:
    """An event from its decoded body, unverified: for tests, and for bodies that were verified before.

    Args:
        data: the JSON object, with its name as "event".
        delivery_id: as rtk-uuid has it.
        webhook_id: as rtk-webhook-id has it.
        client: what `event.session` asks; None for the default client.
    """
    kind = Event.types.get(str(data.get("event")), UnknownEvent)
    return kind._load(dict(data), (delivery_id, webhook_id), client)
