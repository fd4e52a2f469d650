"""What participants do in a meeting, and what follows from it.

A session opens when the first participant joins. It closes some time after the last one has left
(`session_keep_alive_time_in_secs`), by the emulator's clock.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import add_seconds, minutes_between
from realtimekit.emulator.http import HTTPError, bad_request, not_found
from realtimekit.emulator.queries import find_live_session, get_live_session, get_meeting, get_peer

if TYPE_CHECKING:
    from realtimekit.emulator.services.agent_events import AgentEvents
    from realtimekit.emulator.services.events import Events
    from realtimekit.emulator.services.livestreams import Livestreams
    from realtimekit.emulator.services.recorder import Recorder
    from realtimekit.emulator.services.session_artifacts import SessionArtifacts
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World

_CLOSE = "close session"
# Why a session ends, in the words of agents' events and of webhooks, which have no word for the last.
END_REASONS = {
    "all_participants_left": "ALL_PARTICIPANTS_LEFT",
    "host_ended_meeting": "HOST_ENDED_MEETING",
    "force_cleanup": "ALL_PARTICIPANTS_LEFT",
}


class Lifecycle:
    def __init__(
        self,
        world: World,
        events: Events,
        agent_events: AgentEvents,
        *,
        recorder: Recorder,
        livestreams: Livestreams,
        artifacts: SessionArtifacts,
    ) -> None:
        self._world = world
        self._store = world.store
        self._events = events
        self._agent_events = agent_events
        self._recorder = recorder
        self._livestreams = livestreams
        self._artifacts = artifacts
        world.scheduler.register(_CLOSE, self.close)

    # --- coming and going --------------------------------------------------------------------------------------------

    def join(self, meeting_id: str, participant_id: str, at: str) -> Row:
        """Let a participant join; the first one opens the session. Returns the peer."""
        meeting = get_meeting(self._store, meeting_id)
        sql = "select * from participants where id = ? and meeting_id = ?"
        if (participant := self._store.row(sql, participant_id, meeting_id)) is None:
            raise HTTPError(404, f"meeting {meeting_id} has no participant {participant_id}")
        if meeting["status"] == "INACTIVE":
            raise HTTPError(409, f"meeting {meeting_id} is INACTIVE: nobody can join it")
        session = find_live_session(self._store, meeting_id) or self._open(meeting, at)
        peer = {
            "id": self._world.new_id(),
            "session_id": session["id"],
            "participant_id": participant["id"],
            "custom_participant_id": participant["custom_participant_id"],
            "name": participant["name"],
            "preset_name": participant["preset_name"],
            "joined_at": at,
            "left_at": None,
            "created_at": at,
            "updated_at": at,
        }
        self._store.insert("peers", peer)
        live = session["live_participants"] + 1
        changes = {
            "live_participants": live,
            "max_concurrent_participants": max(live, session["max_concurrent_participants"]),
            "updated_at": at,
        }
        self._store.update("sessions", session["id"], changes)
        self._world.scheduler.cancel(_CLOSE, session["id"])
        self._events.participant_joined(peer, at)
        self._agent_events.participant_joined(peer)
        if live == 1:
            self._recorder.session_occupied(session, at)
        return peer

    def _open(self, meeting: Row, at: str) -> Row:
        session = {
            "id": self._world.new_id(),
            "app_id": meeting["app_id"],
            "meeting_id": meeting["id"],
            "title": meeting["title"],
            "status": "LIVE",
            "live_participants": 0,
            "max_concurrent_participants": 0,
            "minutes_consumed": 0.0,
            "started_at": at,
            "ended_at": None,
            "created_at": at,
            "updated_at": at,
        }
        self._store.insert("sessions", session)
        self._events.meeting_started(session, at)
        self._livestreams.session_opened(meeting, at)
        self._recorder.session_opened(meeting, at)
        return session

    def leave(self, peer: Row, at: str, *, kicked: bool = False) -> None:
        """Let a peer leave, or remove it."""
        if peer["left_at"] is not None:
            raise HTTPError(409, f"peer {peer['id']} has already left")
        self._store.update("peers", peer["id"], {"left_at": at, "updated_at": at})
        self._events.participant_left(peer, at)
        self._agent_events.participant_left(peer, kicked=kicked)
        session = self._store.rows("select * from sessions where id = ?", peer["session_id"])[0]
        changes: Row = {
            "live_participants": session["live_participants"] - 1,
            "minutes_consumed": session["minutes_consumed"] + minutes_between(peer["joined_at"], at),
            "updated_at": at,
        }
        if changes["live_participants"] == 0:
            meeting = get_meeting(self._store, session["meeting_id"])
            keep_alive = json.loads(meeting["fields"])["session_keep_alive_time_in_secs"]
            self._world.scheduler.schedule(_CLOSE, session["id"], add_seconds(at, keep_alive))
            self._recorder.session_emptied(session["id"], at)
        self._store.update("sessions", session["id"], changes)

    def kick_all(self, session_id: str, at: str) -> int:
        """Remove everybody. Returns how many there were."""
        self._agent_events.all_kicked(session_id)
        present = self.present(session_id)
        for peer in present:
            self.leave(peer, at, kicked=True)
        return len(present)

    def present(self, session_id: str) -> list[Row]:
        """Return the peers that are in a session."""
        return self._store.rows("select * from peers where session_id = ? and left_at is null", session_id)

    def end(self, meeting_id: str, at: str, reason: str = "host_ended_meeting") -> Row:
        """End the live session of a meeting, by default as its host does. Returns the session."""
        session = get_live_session(self._store, meeting_id)
        self.close(session["id"], at, reason)
        return session

    def close(self, session_id: str, at: str, reason: str = "all_participants_left") -> None:
        """End a session: the remaining peers leave, and its files are written."""
        self._agent_events.session_ended(session_id, reason, at)  # before its agents would be sent those who leave
        for peer in self.present(session_id):
            self.leave(peer, at)
        self._store.update("sessions", session_id, {"status": "ENDED", "ended_at": at, "updated_at": at})
        self._world.scheduler.cancel(_CLOSE, session_id)
        session = self._store.rows("select * from sessions where id = ?", session_id)[0]
        self._events.meeting_ended(session, END_REASONS[reason], at)
        self._livestreams.session_closed(session["meeting_id"], at)
        self._recorder.session_closed(session_id, at)
        self._artifacts.write(session, at)

    # --- talking -----------------------------------------------------------------------------------------------------

    def chat(self, session_id: str, peer_id: str, text: str, at: str) -> Row:
        """Let a peer write in the chat. Returns the message."""
        self._check_present(session_id, peer_id)
        message = {"id": self._world.new_id(), "session_id": session_id, "peer_id": peer_id, "text": text}
        self._store.insert("messages", {**message, "created_at": at})
        return message

    def speak(self, session_id: str, peer_id: str, text: str, start_ms: int, end_ms: int) -> None:
        """Let a peer speak between two times, in milliseconds after the start of the session."""
        self._check_live(session_id)
        if start_ms > end_ms:
            raise bad_request('"end_ms" must be greater than or equal to "start_ms"')
        peer = get_peer(self._store, session_id, peer_id)
        row = {"session_id": session_id, "peer_id": peer["id"], "text": text}
        self._store.insert("speech", {**row, "start_ms": start_ms, "end_ms": end_ms})
        self._agent_events.spoken(peer, text, start_ms, end_ms)

    def broadcast(self, session_id: str, peer_id: str, type: str, payload: Any, at: str) -> None:
        """Let a peer broadcast a message of the app to the meeting."""
        self._check_present(session_id, peer_id)
        self._agent_events.broadcast(session_id, type, payload, at)

    def _check_present(self, session_id: str, peer_id: str) -> None:
        self._check_live(session_id)
        if get_peer(self._store, session_id, peer_id)["left_at"] is not None:
            raise HTTPError(409, f"peer {peer_id} has left")

    def _check_live(self, session_id: str) -> None:
        session = self._store.row("select status from sessions where id = ?", session_id)
        if session is None:
            raise not_found()
        if session["status"] != "LIVE":
            raise HTTPError(409, f"session {session_id} has ended")
