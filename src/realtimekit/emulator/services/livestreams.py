"""Livestreams, which stream a meeting to viewers, and their sessions: one for each start."""

from __future__ import annotations

import json
import secrets
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import add_seconds
from realtimekit.emulator.queries import find_live_session

if TYPE_CHECKING:
    from realtimekit.emulator.services.events import Events
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World

STARTING_SECONDS = 2.0  # about 12 in the one recorded example, which is too long to wait for
ACTIVE = ("INVOKED", "LIVE")
_START = "start livestream"


class Livestreams:
    """A meeting has one livestream, which every start reuses: the API returns one, with a list of sessions."""

    def __init__(self, world: World, events: Events) -> None:
        self._world = world
        self._store = world.store
        self._events = events
        world.scheduler.register(_START, self._start)

    def _update(self, livestream: Row, at: str, **changes: Any) -> Row:
        """Change a livestream. Every change of one is made here."""
        changes["updated_at"] = at
        self._store.update("livestreams", livestream["id"], changes)
        return {**livestream, **changes}

    def of_meeting(self, meeting_id: str) -> Row | None:
        return self._store.row("select * from livestreams where meeting_id = ?", meeting_id)

    def active(self, meeting_id: str) -> Row | None:
        """Return the livestream of a meeting while it is live or about to be."""
        livestream = self.of_meeting(meeting_id)
        return livestream if livestream and livestream["status"] in ACTIVE else None

    def active_session(self, livestream_id: str) -> Row | None:
        sql = "select * from livestream_sessions where livestream_id = ? and stopped_time is null"
        return self._store.row(sql, livestream_id)

    def create(self, app_id: str, meeting_id: str | None, name: str | None, at: str) -> Row:
        """Create a livestream: of a meeting, or one that something else is to stream into."""
        livestream: Row = {
            "id": self._world.new_id(),
            "app_id": app_id,
            "meeting_id": meeting_id,
            "name": name,
            "status": "INVOKED",
            "stream_key": secrets.token_hex(32),
            "playback_id": secrets.token_hex(16),
            "created_at": at,
            "updated_at": at,
        }
        self._store.insert("livestreams", livestream)
        self._world.scheduler.schedule(_START, livestream["id"], add_seconds(at, STARTING_SECONDS))
        return livestream

    def start(self, meeting: Row, at: str, name: str | None = None) -> Row:
        """Start the livestream of a meeting."""
        livestream = self.of_meeting(meeting["id"])
        if livestream is None:
            return self.create(meeting["app_id"], meeting["id"], name, at)
        self._world.scheduler.schedule(_START, livestream["id"], add_seconds(at, STARTING_SECONDS))
        return self._update(livestream, at, status="INVOKED", name=name or livestream["name"])

    def _start(self, livestream_id: str, at: str) -> None:
        """Go LIVE with the session of the meeting; without a meeting become IDLE, as in the API's example of one.

        Before anybody is in the meeting it stays INVOKED. (What RealtimeKit does then is not documented.)
        """
        livestream = self._store.rows("select * from livestreams where id = ?", livestream_id)[0]
        if livestream["meeting_id"] is None:
            self._events.livestream_status_update(self._update(livestream, at, status="IDLE"), "IDLE", at)
            return
        session = find_live_session(self._store, livestream["meeting_id"])
        if session is None:
            return
        livestream_session = {
            "id": self._world.new_id(),
            "app_id": livestream["app_id"],
            "session_id": session["id"],
            "livestream_id": livestream_id,
            "viewer_seconds": 0,  # an emulator has no viewers
            "started_time": at,
            "created_at": at,
            "updated_at": at,
        }
        self._store.insert("livestream_sessions", livestream_session)
        self._events.livestream_status_update(self._update(livestream, at, status="LIVE"), "LIVE", at)

    def session_opened(self, meeting: Row, at: str) -> None:
        """Start if the meeting is configured so, or if it was started before anybody was there."""
        if self.active(meeting["id"]) or json.loads(meeting["fields"]).get("live_stream_on_start"):
            self.start(meeting, at)

    def stop(self, livestream: Row, at: str) -> None:
        """Stop, or do not start."""
        self._world.scheduler.cancel(_START, livestream["id"])
        if session := self.active_session(livestream["id"]):
            self._store.update("livestream_sessions", session["id"], {"stopped_time": at, "updated_at": at})
        self._events.livestream_status_update(self._update(livestream, at, status="IDLE"), "OFFLINE", at)

    def session_closed(self, meeting_id: str, at: str) -> None:
        """Stop with the session."""
        if livestream := self.active(meeting_id):
            self.stop(livestream, at)
