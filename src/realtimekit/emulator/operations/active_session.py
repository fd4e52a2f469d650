"""The live session of a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call
from realtimekit.emulator.operations.sessions import shown
from realtimekit.emulator.shapes import Shape
from realtimekit.emulator.wire import Refusal, bad_request, ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Outgoing

_PATH = "/{app_id}/meetings/{meeting_id}/active-session"
_IDS = Shape("list")


def _live(call: Call) -> Row:
    meeting_id = call.ids["meeting_id"]
    if (session := call.emulator.lifecycle.live_session(call.meeting()["id"])) is None:
        raise Refusal(404, f"No active session found for meeting_id {meeting_id}")
    return session


@API.add("GET", _PATH)
def get_active_session(call: Call) -> Outgoing:
    return ok(shown(call, _live(call)))


@API.add("POST", _PATH + "/kick", body={"participant_ids": _IDS, "custom_participant_ids": _IDS})
def kick(call: Call) -> Outgoing:
    session = _live(call)
    present = call.store.rows("select * from peers where session_id = ? and left_at is null", session["id"])
    chosen: dict[str, Row] = {}
    for name, columns in (
        ("participant_ids", ("participant_id", "id")),
        ("custom_participant_ids", ("custom_participant_id",)),
    ):
        for wanted in call.body.get(name, []):
            peers = [peer for peer in present if any(peer[column] == wanted for column in columns)]
            if not peers:
                raise Refusal(404, f"No user found with id {wanted}")
            chosen |= {peer["id"]: peer for peer in peers}
    if not chosen:
        raise bad_request('"value" must contain at least one of [participant_ids, custom_participant_ids]')
    for peer in chosen.values():
        call.emulator.lifecycle.leave(peer)
    return ok({"action": "kick", "participants": [_kicked(call, peer) for peer in chosen.values()]})


def _kicked(call: Call, peer: Row) -> dict[str, Any]:
    participant = call.store.row("select * from participants where id = ?", peer["participant_id"]) or peer
    names = ("name", "picture", "created_at", "updated_at")
    return {"id": peer["participant_id"], **{name: participant[name] for name in names if participant.get(name)}}


@API.add("POST", _PATH + "/kick-all")
def kick_all(call: Call) -> Outgoing:
    session = _live(call)
    present = call.store.rows("select * from peers where session_id = ? and left_at is null", session["id"])
    for peer in present:
        call.emulator.lifecycle.leave(peer)
    return ok({"action": "kick-all", "kicked_participants_count": len(present)})
