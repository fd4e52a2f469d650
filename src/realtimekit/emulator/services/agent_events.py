"""The events of a session, as its agents receive them: built here, and queued for each agent.

Rows of `agents` say who receives them. `session_id` is the session whose events an agent gets, `peer_id` its peer
there; both are null when it is in none, and `peer_id` alone after a kick-all, when only the end of the session follows.
"""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import format_time, parse_time
from realtimekit.emulator.services.agent_socket import MAX_QUEUED, NORMAL, AgentQueue, Close

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World

SUBSCRIPTIONS = ("transcript", "participant", "broadcast")
SESSION_ENDED = Close(NORMAL, "session_ended")
UPSTREAM_REJECTED = Close(4403, "upstream_rejected")
PARTIALS = 2  # of a transcript, before the final one
CONFIDENCE = 0.95  # plausible; of a final transcript


class AgentEvents:
    """Builds each event and queues it, once the transaction is committed.

    Attributes:
        queues: by the ids of agents.
        on_overflow: called with the id of an agent whose queue is full.
    """

    def __init__(self, world: World) -> None:
        self._world = world
        self._store = world.store
        self.queues: dict[str, AgentQueue] = {}
        self.on_overflow: Callable[[str], object] = lambda _agent_id: None

    # --- a session ---------------------------------------------------------------------------------------------------

    def session_started(self, agent_id: str, session: Row) -> None:
        """Send the session to one agent, which has just joined."""
        self._queue([agent_id], "session.started", {"session": _serialize_session(session)})

    def session_ended(self, session_id: str, reason: str, at: str) -> None:
        ids = [agent["id"] for agent in self._store.rows("select id from agents where session_id = ?", session_id)]
        session = self._store.rows("select * from sessions where id = ?", session_id)[0]
        ended = _serialize_session({**session, "ended_at": at})
        self._queue(ids, "session.ended", {"session": ended, "reason": reason})
        for agent_id in ids:
            self.close(agent_id, SESSION_ENDED)

    def close(self, agent_id: str, close: Close) -> None:
        """Close the connection of an agent for good, once everything queued for it has been sent."""
        ended = {"session_id": None, "peer_id": None, "close_code": close.code, "close_reason": close.reason}
        self._store.update("agents", agent_id, ended)

        def apply() -> None:
            queue = self.queue(agent_id)
            queue.close = close
            queue.wake()

        self._world.after_commit(apply)

    # --- participants ------------------------------------------------------------------------------------------------

    def participant_joined(self, peer: Row) -> None:
        preset = self._preset(peer)
        if _is_announced(preset):
            self._publish(
                peer["session_id"], "participant", "participant.join", {"participant": self._full(peer, preset)}
            )

    def participant_left(self, peer: Row, *, kicked: bool) -> None:
        """Announce that a peer has left. If it is an agent's own peer, that agent's connection is closed."""
        if agent := self._store.row("select id from agents where peer_id = ?", peer["id"]):
            self.close(agent["id"], UPSTREAM_REJECTED)
        preset = self._preset(peer)
        if not _is_announced(preset):
            return
        participant = self._full(peer, preset)
        del participant["preset_name"]
        if kicked:
            known = ("peer_id", "meeting_id")
            participant = {name: value if name in known else None for name, value in participant.items()}
        self._publish(peer["session_id"], "participant", "participant.leave", {"participant": participant})

    def all_kicked(self, session_id: str) -> None:
        """Announce that everybody is removed, the agents included: the only event after this is the end."""
        agents = self._store.rows("select id from agents where session_id = ? and peer_id is not null", session_id)
        self._queue([agent["id"] for agent in agents], "participant.kick_all", {})
        self._store.run("update agents set peer_id = null where session_id = ?", session_id)

    def _full(self, peer: Row, preset: Row) -> dict[str, Any]:
        participant = self._store.row("select * from participants where id = ?", peer["participant_id"]) or {}
        return {
            "peer_id": peer["id"],
            "participant_id": peer["participant_id"],
            "meeting_id": self._session(peer)["meeting_id"],
            "custom_participant_id": peer["custom_participant_id"],
            "display_name": peer["name"],
            "picture_url": participant.get("picture"),
            "preset_id": preset.get("id"),
            "preset_name": peer["preset_name"],
            "waitlisted": self._is_waitlisted(peer, preset),
        }

    def _is_waitlisted(self, peer: Row, preset: Row) -> bool:
        """Return whether the preset makes a peer wait. Nobody lets anybody in here, so they wait until they leave."""
        waiting_room = preset.get("permissions", {}).get("waiting_room_type")
        if waiting_room != "ON_PRIVILEGED_USER_ENTRY":
            return bool(waiting_room == "SKIP_ON_ACCEPT")
        sql = "select * from peers where session_id = ? and left_at is null and id <> ?"
        others = self._store.rows(sql, peer["session_id"], peer["id"])
        return not any(
            self._preset(other).get("permissions", {}).get("accept_waiting_requests", False) for other in others
        )

    # --- talking -----------------------------------------------------------------------------------------------------

    def spoken(self, peer: Row, text: str, start_ms: int, end_ms: int) -> None:
        """Send what a peer says: growing partial transcripts, then the final one."""
        if not self._preset(peer).get("permissions", {}).get("transcription_enabled"):
            return
        started = parse_time(self._session(peer)["started_at"])
        words = text.split()
        for number in range(1, PARTIALS + 2):
            is_final = number > PARTIALS
            part = text if is_final else " ".join(words[: len(words) * number // (PARTIALS + 1)])
            if not part:
                continue
            ended = started + timedelta(milliseconds=start_ms + (end_ms - start_ms) * number // (PARTIALS + 1))
            data = {
                "text": part,
                "is_final": is_final,
                "started_at": format_time(started + timedelta(milliseconds=start_ms)),
                "ended_at": format_time(ended.replace(microsecond=0)),  # to the second, as documented
                "confidence": CONFIDENCE if is_final else round(CONFIDENCE * number / (PARTIALS + 1), 2),
                "speaker": {
                    "peer_id": peer["id"],
                    "participant_id": peer["participant_id"],
                    "custom_participant_id": peer["custom_participant_id"],
                    "display_name": peer["name"],
                },
            }
            self._publish(peer["session_id"], "transcript", "transcript.received", data)

    def broadcast(self, session_id: str, type: str, payload: Any, at: str) -> None:
        data = {"type": type, "payload": payload, "created_at": at}
        self._publish(session_id, "broadcast", "broadcast.received", data)

    # --- queueing ----------------------------------------------------------------------------------------------------

    def queue(self, agent_id: str) -> AgentQueue:
        """Return the queue of an agent: an empty one, if the emulator was started again since."""
        return self.queues.setdefault(agent_id, AgentQueue())

    def _publish(self, session_id: str, subscription: str, name: str, data: dict[str, Any]) -> None:
        """Queue an event for the agents in a session that are subscribed to it."""
        sql = "select id, subscriptions from agents where session_id = ? and peer_id is not null"
        agents = self._store.rows(sql, session_id)
        self._queue([agent["id"] for agent in agents if subscription in json.loads(agent["subscriptions"])], name, data)

    def _queue(self, agent_ids: list[str], name: str, data: dict[str, Any]) -> None:
        if not agent_ids:
            return
        event = encode({"category": "message", "name": name, "data": data})

        def apply() -> None:
            for agent_id in agent_ids:
                queue = self.queue(agent_id)
                if len(queue.events) < MAX_QUEUED:
                    queue.events.append(event)
                    queue.wake()
                elif queue.close is None:
                    self.on_overflow(agent_id)

        self._world.after_commit(apply)

    def _session(self, peer: Row) -> Row:
        return self._store.rows("select * from sessions where id = ?", peer["session_id"])[0]

    def _preset(self, peer: Row) -> Row:
        """Return the preset of a peer, with its fields; empty if it was deleted."""
        sql = "select id, fields from presets where app_id = ? and name = ?"
        row = self._store.row(sql, self._session(peer)["app_id"], peer["preset_name"])
        return {} if row is None else {"id": row["id"], **json.loads(row["fields"])}


def encode(frame: dict[str, Any]) -> str:
    return json.dumps(frame, separators=(",", ":"))


def _serialize_session(session: Row) -> dict[str, Any]:
    return {"id": session["id"], **{name: session[name] for name in ("meeting_id", "started_at", "ended_at")}}


def _is_announced(preset: Row) -> bool:
    """Return whether a peer is announced to others: not if it is hidden, a recorder or a livestreamer."""
    permissions = preset.get("permissions", {})
    hidden = permissions.get("hidden_participant") or permissions.get("is_recorder")
    return not hidden and permissions.get("recorder_type", "NONE") == "NONE"
