"""What people do, and what follows from it: a session opens with the first who joins and closes some time after the
last who leaves (`session_keep_alive_time_in_secs`), by the emulator's clock.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING

from realtimekit.emulator.clock import iso, moment
from realtimekit.emulator.operations.sessions import minutes
from realtimekit.emulator.wire import Refusal, not_found

if TYPE_CHECKING:
    from realtimekit.emulator.agenda import Happening
    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.store import Row, Store


class Lifecycle:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.due: dict[str, Happening] = {"close session": self.close}

    @property
    def _store(self) -> Store:
        return self._emulator.store

    def live_session(self, meeting_id: str) -> Row | None:
        return self._store.row("select * from sessions where meeting_id = ? and status = 'LIVE'", meeting_id)

    def meeting(self, meeting_id: str) -> Row:
        if (meeting := self._store.row("select * from meetings where id = ?", meeting_id)) is None:
            raise not_found()
        return meeting

    def peer(self, session_id: str, peer_id: str) -> Row:
        sql = "select * from peers where id = ? and session_id = ?"
        if (peer := self._store.row(sql, peer_id, session_id)) is None:
            raise Refusal(404, f"session {session_id} has no peer {peer_id}")
        return peer

    def join(self, meeting_id: str, participant_id: str) -> Row:
        """Somebody comes in; returns the peer."""
        now = self._emulator.now()
        meeting = self.meeting(meeting_id)
        sql = "select * from participants where id = ? and meeting_id = ?"
        if (participant := self._store.row(sql, participant_id, meeting_id)) is None:
            raise Refusal(404, f"meeting {meeting_id} has no participant {participant_id}")
        if meeting["status"] == "INACTIVE":
            raise Refusal(409, f"meeting {meeting_id} is INACTIVE: nobody can join it")
        session = self.live_session(meeting_id) or self._open(meeting, now)
        peer = {
            "id": self._emulator.new_id(),
            "session_id": session["id"],
            "participant_id": participant["id"],
            "custom_participant_id": participant["custom_participant_id"],
            "name": participant["name"],
            "preset_name": participant["preset_name"],
            "joined_at": now,
            "left_at": None,
            "created_at": now,
            "updated_at": now,
        }
        self._store.insert("peers", peer)
        live = session["live_participants"] + 1
        changes = {
            "live_participants": live,
            "max_concurrent_participants": max(live, session["max_concurrent_participants"]),
            "updated_at": now,
        }
        self._store.update("sessions", session["id"], changes)
        self._emulator.agenda.cancel("close session", session["id"])
        self._emulator.events.joined(peer, now)
        if live == 1:
            self._emulator.recorder.somebody_came(session, now)
        return peer

    def _open(self, meeting: Row, now: str) -> Row:
        session = {
            "id": self._emulator.new_id(),
            "app_id": meeting["app_id"],
            "meeting_id": meeting["id"],
            "title": meeting["title"],
            "status": "LIVE",
            "live_participants": 0,
            "max_concurrent_participants": 0,
            "minutes_consumed": 0.0,
            "started_at": now,
            "ended_at": None,
            "created_at": now,
            "updated_at": now,
        }
        self._store.insert("sessions", session)
        self._emulator.events.started(session, now)
        self._emulator.broadcasts.session_opened(meeting, now)
        self._emulator.recorder.session_opened(meeting, now)
        return session

    def leave(self, peer: Row, at: str | None = None) -> None:
        """Somebody goes."""
        if peer["left_at"] is not None:
            raise Refusal(409, f"peer {peer['id']} has left already")
        now = at or self._emulator.now()
        self._store.update("peers", peer["id"], {"left_at": now, "updated_at": now})
        self._emulator.events.left(peer, now)
        session = self._store.rows("select * from sessions where id = ?", peer["session_id"])[0]
        changes: Row = {
            "live_participants": session["live_participants"] - 1,
            "minutes_consumed": session["minutes_consumed"] + minutes(peer["joined_at"], now),
            "updated_at": now,
        }
        if changes["live_participants"] == 0:
            alive = json.loads(self.meeting(session["meeting_id"])["fields"])["session_keep_alive_time_in_secs"]
            self._emulator.agenda.plan("close session", session["id"], iso(moment(now) + timedelta(seconds=alive)))
            self._emulator.recorder.everybody_left(session["id"], now)
        self._store.update("sessions", session["id"], changes)

    def close(self, session_id: str, at: str, reason: str = "ALL_PARTICIPANTS_LEFT") -> None:
        """The session ends: who is there leaves, and its files are written."""
        for peer in self._store.rows("select * from peers where session_id = ? and left_at is null", session_id):
            self.leave(peer, at)
        self._store.update("sessions", session_id, {"status": "ENDED", "ended_at": at, "updated_at": at})
        self._emulator.agenda.cancel("close session", session_id)
        session = self._store.rows("select * from sessions where id = ?", session_id)[0]
        self._emulator.events.ended(session, reason, at)
        self._emulator.broadcasts.session_closed(session["meeting_id"], at)
        self._emulator.recorder.session_closed(session_id, at)
        self._emulator.files.write_all(session, at)
