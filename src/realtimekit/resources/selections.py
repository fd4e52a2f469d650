"""Filters that the API lacks: recordings by session, sessions by participant."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from realtimekit.flow import Flow, Runner
from realtimekit.paths import encode_segment
from realtimekit.record import Record


class OfSession:
    """Selects the recordings of one session among those of its meeting.

    A recording that has not started may have no session id yet; then it belongs to no session.

    Args:
        session_id: the id of the session.
        meeting_id: the id of its meeting; if it is None, the session is loaded once.
    """

    def __init__(self, session_id: str, meeting_id: str | None = None) -> None:
        encode_segment("session_id", session_id)
        self._session_id, self._meeting_id = session_id, meeting_id
        self._found: dict[str, str] = {}  # by the path of the session, because the app of a relation may change

    def query(self, client: Runner[Any], ids: Mapping[str, Any], query: Mapping[str, str], /) -> Flow[dict[str, Any]]:
        """See `Selection.query`. Filters by the meeting instead of the session."""
        from realtimekit.resources.session import Sessions  # loaded only for this filter

        to_send = {name: value for name, value in query.items() if name != "session_id"}
        if "meeting_id" in query:
            return to_send
        if self._meeting_id is not None:
            return {**to_send, "meeting_id": self._meeting_id}
        session = Sessions(client, scope=ids)._stub(self._session_id, {})
        path = session._path()
        if path not in self._found:
            self._found[path] = yield from session._find_meeting_id()
        return {**to_send, "meeting_id": self._found[path]}

    def matches(self, recording: Record, /) -> Flow[bool]:
        """See `Selection.matches`."""
        yield from ()
        return recording._data.get("session_id") == self._session_id


class WithParticipant:
    """Selects the sessions of a meeting in which a participant took part.

    Args:
        participant: a participant of the meeting, who may have joined it several times.
    """

    def __init__(self, participant: Any) -> None:
        self._id: str = participant.id
        self._custom_id = participant._data.get("custom_participant_id")

    def query(self, _client: object, _ids: object, query: Mapping[str, str], /) -> Flow[dict[str, Any]]:
        """See `Selection.query`. Adds nothing."""
        yield from ()
        return dict(query)

    def matches(self, session: Any, /) -> Flow[bool]:
        """See `Selection.matches`."""
        return (yield from session.participants._find_first(self._is_same_person)) is not None

    def _is_same_person(self, other: Record) -> bool:
        user_id, custom_id = (other._data.get(name) for name in ("user_id", "custom_participant_id"))
        return user_id == self._id or (custom_id is not None and custom_id == self._custom_id)
