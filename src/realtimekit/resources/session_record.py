"""What `Session` and `ActiveSession` share: their fields, their meeting and their recordings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from realtimekit.associations import related_record
from realtimekit.errors import DecodeError
from realtimekit.flow import F, Flow
from realtimekit.lazy import LazyModule
from realtimekit.paths import encode_segment
from realtimekit.resource import Resource

if TYPE_CHECKING:
    from realtimekit.resources import meeting as meetings
    from realtimekit.resources import recording
else:
    meetings = LazyModule("realtimekit.resources.meeting")
    recording = LazyModule("realtimekit.resources.recording")


class SessionRecord(Resource[F], repr_fields=("id", "status", "meeting_display_name", "started_at")):
    """A session: what happened while participants were in a meeting."""

    _html_fields = (
        "id", "status", "meeting_display_name", "started_at", "ended_at", "max_concurrent_participants",
        "minutes_consumed",
    )  # fmt: skip

    id: str
    associated_id: str | None
    """The id of the meeting."""
    meeting_display_name: str | None
    type: Literal["meeting", "livestream", "participant"] | str | None
    status: Literal["LIVE", "ENDED"] | str
    live_participants: int | None
    max_concurrent_participants: int | None
    minutes_consumed: float | None
    transcription_minutes_consumed: float | None
    """Not documented, but observed: 0 where a transcript is empty although people spoke."""
    organization_id: str | None
    """The id of the app."""
    started_at: datetime | None
    ended_at: datetime | None
    created_at: datetime | None
    updated_at: datetime | None

    @related_record
    def meeting(self) -> Flow[meetings.Meeting[F]]:
        """The meeting: `GET /meetings/{meeting_id}`. Loaded when it is first read, and cached; `await` it if async.

        If only the id of the session is known, the session is loaded first.

        Raises:
            DecodeError: the session does not say which meeting it belongs to.
            NotFoundError: there is no such meeting.
        """
        scope = self._scope_for(meetings.Meeting)
        return (yield from meetings.Meetings(self._client)._find((yield from self._find_meeting_id()), {}, scope))

    @property
    def recordings(self) -> recording.Recordings[F]:
        """The recordings of the session. Reading the attribute sends nothing.

        The API can filter recordings by meeting only: `GET /recordings?meeting_id=` is read, and the recordings of its
        other sessions are left out. If only the id of the session is known, the session is loaded first.

        Example:
            for recording in session.recordings.where(status="UPLOADED"):
                recording.download("recordings/")
        """
        from realtimekit.resources.selections import OfSession

        return recording.Recordings[F]._of(self, {"session_id": self.id}, OfSession(self.id, self._known_meeting_id()))

    def _known_meeting_id(self) -> Any:
        return self._data.get("associated_id")

    def _find_meeting_id(self) -> Flow[str]:
        """Return the id of the meeting; load the session if only its id is known."""
        if self._known_meeting_id() is None:
            yield from self._read()
        meeting_id = self._known_meeting_id()
        if meeting_id is None:
            raise DecodeError(f"{self!r} does not say which meeting it belongs to")
        try:
            encode_segment("meeting_id", meeting_id)
        except (TypeError, ValueError) as error:
            raise DecodeError(f"{self!r} has a meeting id that cannot be used in a request: {error}") from None
        return str(meeting_id)
