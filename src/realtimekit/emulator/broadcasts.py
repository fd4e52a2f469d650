"""Livestreams: what goes out of a meeting to viewers, and each time that it does."""

from __future__ import annotations

import json
import secrets
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import iso, moment

if TYPE_CHECKING:
    from realtimekit.emulator.agenda import Happening
    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.store import Row, Store

STARTING = timedelta(seconds=2)  # about 12 in the one recorded example; nobody wants to wait for that
ACTIVE = ("INVOKED", "LIVE")


class Broadcasts:
    """A meeting has one livestream, which every start takes up again: the API answers one, with a list of sessions."""

    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.due: dict[str, Happening] = {"ready livestream": self._ready}

    @property
    def _store(self) -> Store:
        return self._emulator.store

    def _change(self, livestream: Row, at: str, **changes: Any) -> Row:
        """Every change of a livestream goes through here."""
        changes["updated_at"] = at
        self._store.update("livestreams", livestream["id"], changes)
        return {**livestream, **changes}

    def of_meeting(self, meeting_id: str) -> Row | None:
        return self._store.row("select * from livestreams where meeting_id = ?", meeting_id)

    def active(self, meeting_id: str) -> Row | None:
        """The livestream of a meeting while it goes out, or is about to."""
        livestream = self.of_meeting(meeting_id)
        return livestream if livestream and livestream["status"] in ACTIVE else None

    def session(self, livestream_id: str) -> Row | None:
        """The livestream session that goes on."""
        sql = "select * from livestream_sessions where livestream_id = ? and stopped_time is null"
        return self._store.row(sql, livestream_id)

    def create(self, app_id: str, meeting_id: str | None, name: str | None, at: str) -> Row:
        """A livestream: of a meeting, or one that something else sends into."""
        livestream: Row = {
            "id": self._emulator.new_id(),
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
        self._emulator.agenda.plan("ready livestream", livestream["id"], iso(moment(at) + STARTING))
        return livestream

    def start(self, meeting: Row, at: str, name: str | None = None) -> Row:
        """A meeting is to go out."""
        livestream = self.of_meeting(meeting["id"])
        if livestream is None:
            return self.create(meeting["app_id"], meeting["id"], name, at)
        self._emulator.agenda.plan("ready livestream", livestream["id"], iso(moment(at) + STARTING))
        return self._change(livestream, at, status="INVOKED", name=name or livestream["name"])

    def _ready(self, livestream_id: str, at: str) -> None:
        """It can go out: LIVE where a session does; IDLE where nothing is sent into it, as in the API's example of one.

        Before anybody is in its meeting it stays INVOKED. (What RealtimeKit does then is not documented.)
        """
        livestream = self._store.rows("select * from livestreams where id = ?", livestream_id)[0]
        if livestream["meeting_id"] is None:
            self._emulator.events.livestream(self._change(livestream, at, status="IDLE"), "IDLE", at)
            return
        session = self._emulator.lifecycle.live_session(livestream["meeting_id"])
        if session is None:
            return
        broadcast = {
            "id": self._emulator.new_id(),
            "app_id": livestream["app_id"],
            "session_id": session["id"],
            "livestream_id": livestream_id,
            "viewer_seconds": 0,  # nobody watches what an emulator sends
            "started_time": at,
            "created_at": at,
            "updated_at": at,
        }
        self._store.insert("livestream_sessions", broadcast)
        self._emulator.events.livestream(self._change(livestream, at, status="LIVE"), "LIVE", at)

    def session_opened(self, meeting: Row, at: str) -> None:
        """Go out, where the meeting is set up so, or was asked to before anybody was there."""
        if self.active(meeting["id"]) or json.loads(meeting["fields"]).get("live_stream_on_start"):
            self.start(meeting, at)

    def stop(self, livestream: Row, at: str) -> None:
        """It no longer goes out."""
        self._emulator.agenda.cancel("ready livestream", livestream["id"])
        if broadcast := self.session(livestream["id"]):
            self._store.update("livestream_sessions", broadcast["id"], {"stopped_time": at, "updated_at": at})
        self._emulator.events.livestream(self._change(livestream, at, status="IDLE"), "OFFLINE", at)

    def session_closed(self, meeting_id: str, at: str) -> None:
        """What went out of a session ends with it."""
        if livestream := self.active(meeting_id):
            self.stop(livestream, at)
