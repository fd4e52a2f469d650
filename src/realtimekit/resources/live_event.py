"""Live events: what happens in a meeting, as it happens.

The events are those of the documentation (https://developers.cloudflare.com/realtime/realtimekit/, AI, agent
participant); one with any other name is an `UnknownEvent`. Undeclared fields are kept.
"""

from __future__ import annotations

import builtins
import logging
from datetime import datetime, timedelta
from typing import Any, ClassVar, Literal, Protocol, Self

from realtimekit.agent.steps import SessionInfo
from realtimekit.artifacts.segments import Peer, Segment
from realtimekit.associations import related_record, require_id
from realtimekit.error_responses import sanitize
from realtimekit.errors import DecodeError
from realtimekit.flow import ClientBound, F, Flow, Runner
from realtimekit.record import Record
from realtimekit.resource import _DefaultClient, _NoClient
from realtimekit.resources.session import Session, Sessions
from realtimekit.resources.session_participant import SessionParticipant
from realtimekit.values import parse_timestamp

_NO_SESSION = SessionInfo()
_logger = logging.getLogger("realtimekit.live")


class LiveParticipant(Record, repr_fields=("peer_id", "display_name", "custom_participant_id")):
    """Who joined or left. For a kicked participant, only `peer_id` and `meeting_id` are known."""

    peer_id: str
    """The participant's id in this session: the id of a `SessionParticipant`."""
    participant_id: str | None
    meeting_id: str | None
    custom_participant_id: str | None
    display_name: str | None
    picture_url: str | None
    preset_id: str | None
    preset_name: str | None
    """Only set for a participant who joined."""
    waitlisted: bool | None


class Speaker(Record, repr_fields=("peer_id", "display_name", "custom_participant_id")):
    """Who spoke."""

    peer_id: str
    """The participant's id in this session: the id of a `SessionParticipant`."""
    participant_id: str | None
    custom_participant_id: str | None
    display_name: str | None


class LiveEvent(Record, ClientBound[F]):
    """Something that happened in a meeting. Read-only; `LiveEvent` means `LiveEvent[Sync]`.

    `event.session` and the like send requests through the client of the listener, or the default client. An event can
    be pickled, for a task queue; the pickle leaves the client behind.
    """

    types: ClassVar[dict[str, builtins.type[LiveEvent[Any]]]] = {}
    """Event name -> class."""
    _variable = "event"  # what users name the variable, whatever the class

    _name: str = ""
    _session_info: SessionInfo = _NO_SESSION
    _client: Runner[F] = _DefaultClient()  # type: ignore[assignment]  # for an event made by hand, which is a sync one

    def __init_subclass__(cls, *, event: str | None = None, **kwargs: Any) -> None:
        """Register the class for the events of this name."""
        super().__init_subclass__(**kwargs)
        if event is not None:
            cls.types[event] = cls

    @property
    def name(self) -> str:
        """The name of the event, e.g. "transcript.received"."""
        return self._name

    @property
    def session_id(self) -> str | None:
        """The id of the session; None before `session.started`."""
        return self._session_info.id

    @property
    def meeting_id(self) -> str | None:
        """The id of the meeting; None before `session.started`."""
        return self._session_info.meeting_id

    @property
    def session_started_at(self) -> datetime | None:
        """When the session started; None if that is not known."""
        try:
            return parse_timestamp(self._session_info.started_at or "")
        except ValueError:
            return None

    @related_record
    def session(self) -> Flow[Session[F]]:
        """The session: `GET /sessions/{session_id}`. Cached; its own `reload()` reads it again.

        Raises:
            DecodeError: the session is not known.
            NotFoundError: the API does not know the session (yet).
        """
        return Sessions(self._client)._find(require_id(self, "session", self.session_id), {}, {})

    def _participant_record(self, peer_id: str) -> Flow[SessionParticipant[F]]:
        find = Sessions[F].find_participant_by_peer_id.flow
        return find(Sessions(self._client), require_id(self, "peer", peer_id))

    @classmethod
    def _from_data(
        cls, data: dict[str, Any], name: str, session: SessionInfo = _NO_SESSION, client: Runner[Any] | None = None
    ) -> Self:
        event = cls(data)
        event.__dict__["_name"] = name
        event.__dict__["_session_info"] = session
        if client is not None:
            event.__dict__["_client"] = client
        return event

    def __repr__(self) -> str:
        session = f" session_id={sanitize(repr(self.session_id))}" if self.session_id else ""
        return f"<{type(self).__name__} {sanitize(repr(self.name))}{session}>"

    def __reduce__(self) -> tuple[Any, ...]:
        client = _NoClient() if self._client.asynchronous else None
        return type(self)._from_data, (self._data, self._name, self._session_info, client)


class UnknownEvent(LiveEvent[F]):
    """An event whose name this version does not know: `event.name`, and `event["field"]` for its fields."""


class Gap(LiveEvent[F]):
    """Events since `since` may be missing; their number is unknown. Made by the listener, not sent by the server.

    reason:
        "queue_overflow": the server's queue of events was full.
        "grace_expired": the connection was down for more than 5 seconds; the agent had left, and joined again.
        "connection_lost": the connection broke before it could be resumed.
        "session_started_again": the server started the connection over.
        "unreadable_frame": a frame was not JSON, or not an event.
    """

    reason: Literal["queue_overflow", "grace_expired", "connection_lost", "session_started_again", "unreadable_frame"]
    since: datetime
    """When the last frame before the gap arrived, by this machine's clock."""


class SessionStarted(LiveEvent[F], event="session.started"):
    """The agent is in the meeting."""

    @property
    def started_at(self) -> datetime | None:
        """When the session started."""
        return self.session_started_at


class SessionEnded(LiveEvent[F], event="session.ended"):
    """The session ended. It is the last event."""

    reason: Literal["all_participants_left", "host_ended_meeting", "force_cleanup"] | str | None

    @property
    def ended_at(self) -> datetime | None:
        """When the session ended, if the event says so.

        Raises:
            DecodeError: it is not a time.
        """
        session = self._data.get("session")
        ended_at = session.get("ended_at") if isinstance(session, dict) else None
        if ended_at is None:
            return None
        try:
            return parse_timestamp(ended_at)
        except (TypeError, ValueError, AttributeError):
            raise DecodeError(f"{self!r} has an end that is not a time") from None


class ParticipantsKicked(LiveEvent[F], event="participant.kick_all"):
    """Everybody was removed, the agent too. No `participant.leave` follows, but `session.ended` does."""


class ParticipantEvent(LiveEvent[F]):
    """An event about one participant."""

    participant: LiveParticipant

    @related_record
    def participant_record(self) -> Flow[SessionParticipant[F]]:
        """The participant's record: `GET /sessions/peer-report/{peer_id}`. Cached.

        Raises:
            NotFoundError: the API does not know the participant (yet).
        """
        return self._participant_record(self.participant.peer_id)


class ParticipantJoined(ParticipantEvent[F], event="participant.join"):
    """A participant joined, or waits to be let in (`event.participant.waitlisted`)."""


class ParticipantLeft(ParticipantEvent[F], event="participant.leave"):
    """A participant left, or was kicked."""


class TranscriptReceived(LiveEvent[F], event="transcript.received"):
    """What somebody says. The next event of the speaker replaces one that is not `is_final`."""

    text: str
    is_final: bool
    started_at: datetime | None
    """When the server received it."""
    ended_at: datetime | None
    """To the second."""
    confidence: float | None
    """0 to 1."""
    speaker: Speaker

    @related_record
    def participant_record(self) -> Flow[SessionParticipant[F]]:
        """The speaker's record: `GET /sessions/peer-report/{peer_id}`. Cached.

        Raises:
            NotFoundError: the API does not know the participant (yet).
        """
        return self._participant_record(self.speaker.peer_id)

    def segment(self) -> Segment:
        """Return this as a segment of a transcript; its times count from the start of the session.

        They are 0 if the event or the session has no time; the end is never before the start.
        """
        speaker, origin = self.speaker, self.session_started_at
        start, end = (
            max(timedelta(0), time - origin) if time is not None and origin is not None else timedelta(0)
            for time in (self.started_at, self.ended_at)
        )
        peer = Peer(speaker.peer_id, speaker.participant_id, speaker.custom_participant_id)
        return Segment(start, max(start, end), speaker.display_name, self.text, peer)


class BroadcastReceived(LiveEvent[F], event="broadcast.received"):
    """A message that a participant's app broadcast to the meeting. Neither sender nor content is verified."""

    type: str | None
    payload: Any
    created_at: datetime | None


class Observer(Protocol):
    """What is called with each event that is read, and when the agent has left, such as the handler of an archive."""

    def __call__(self, event: LiveEvent[Any], /) -> None:
        """Handle an event, without waiting for anything."""

    def close(self) -> None:
        """Finish. This may block; with an async client, a thread calls it."""


def final_segment(event: LiveEvent[Any]) -> Segment | None:
    """Return the segment of a final transcript; None for other events, and for one that cannot be read, with a log."""
    try:
        return event.segment() if isinstance(event, TranscriptReceived) and event.is_final else None
    except DecodeError as error:
        _logger.warning("a transcript is left out: %s", error)
        return None


def make_event(name: str, data: dict[str, Any], session: SessionInfo, client: Runner[Any] | None) -> LiveEvent[Any]:
    """Return the event of a frame. A frame named "gap" is not a `Gap`, which only the listener makes."""
    return LiveEvent.types.get(name, UnknownEvent)._from_data(data, name, session, client)
