"""The live session of a meeting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call
from realtimekit.emulator.operations.sessions import SESSION, shown
from realtimekit.emulator.shapes import FLAG, TEXT, TEXTS, TIME, WHOLE, item, list_of, needed, record
from realtimekit.emulator.wire import Refusal, bad_request, ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer

_PATH = "/{app_id}/meetings/{meeting_id}/active-session"
_SOME = {"participant_ids": TEXTS, "custom_participant_ids": TEXTS}
_PERSON = record({"id": TEXT, "created_at": TIME, "updated_at": TIME}, {"name": TEXT, "picture": TEXT})


def _live(call: Call) -> Row:
    meeting_id = call.ids["meeting_id"]
    if (session := call.emulator.lifecycle.live_session(call.meeting()["id"])) is None:
        raise Refusal(404, f"No active session found for meeting_id {meeting_id}")
    return session


@API.add("GET", _PATH, answer=item(SESSION))
def get_active_session(call: Call) -> Answer:
    return ok(shown(call, _live(call)))


def _present(call: Call, session: Row) -> list[Row]:
    return call.store.rows("select * from peers where session_id = ? and left_at is null", session["id"])


def _chosen(call: Call, session: Row) -> list[Row]:
    """The peers whom the body names, each once."""
    present = _present(call, session)
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
    return list(chosen.values())


def _person(call: Call, peer: Row) -> dict[str, Any]:
    participant = call.store.row("select * from participants where id = ?", peer["participant_id"]) or peer
    names = ("name", "picture", "created_at", "updated_at")
    return {"id": peer["participant_id"], **{name: participant[name] for name in names if participant.get(name)}}


_PEOPLE = item(record({"action": TEXT, "participants": list_of(_PERSON)}))


@API.add("POST", _PATH + "/kick", body=_SOME, answer=_PEOPLE)
def kick(call: Call) -> Answer:
    chosen = _chosen(call, _live(call))
    for peer in chosen:
        call.emulator.lifecycle.leave(peer)
    return ok({"action": "kick", "participants": [_person(call, peer) for peer in chosen]})


@API.add("POST", _PATH + "/kick-all", answer=item(record({"action": TEXT, "kicked_participants_count": WHOLE})))
def kick_all(call: Call) -> Answer:
    present = _present(call, _live(call))
    for peer in present:
        call.emulator.lifecycle.leave(peer)
    return ok({"action": "kick-all", "kicked_participants_count": len(present)})


# Nobody has a microphone here, and no operation tells who is muted: the answer is all that there is to muting.


@API.add("POST", _PATH + "/mute", body=_SOME, answer=_PEOPLE)
def mute(call: Call) -> Answer:
    chosen = _chosen(call, _live(call))
    return ok({"action": "mute", "participants": [_person(call, peer) for peer in chosen]})


@API.add(
    "POST",
    _PATH + "/mute-all",
    body={"allow_unmute": FLAG},
    answer=item(record({"action": TEXT, "muted_participants_count": WHOLE})),
)
def mute_all(call: Call) -> Answer:
    return ok({"action": "mute-all", "muted_participants_count": len(_present(call, _live(call)))})


# --- polls ------------------------------------------------------------------------------------------------------------

_VOTE = record({"id": TEXT, "name": TEXT})
_POLL = record({
    "id": TEXT,
    "question": TEXT,
    "options": list_of(record({"text": TEXT, "count": WHOLE, "votes": list_of(_VOTE)})),
    "anonymous": FLAG,
    "hide_votes": FLAG,
    "created_by": TEXT,
    "voted": TEXTS,
})  # fmt: skip


@API.add(
    "POST",
    _PATH + "/poll",
    body={"question": needed(TEXT), "options": needed(TEXTS), "anonymous": FLAG, "hide_votes": FLAG},
    status=201,
    answer=item(record({"action": TEXT, "poll": _POLL})),
)
def create_poll(call: Call) -> Answer:
    session = _live(call)
    poll: dict[str, Any] = {
        "id": call.emulator.new_id(),
        "question": call.body["question"],
        "options": [{"text": text, "count": 0, "votes": []} for text in call.body["options"]],
        "anonymous": call.body.get("anonymous", False),
        "hide_votes": call.body.get("hide_votes", False),
        "created_by": session["app_id"],  # the app's own call; whom the API names here is not documented
        "voted": [],
    }
    row = {"id": poll["id"], "session_id": session["id"], "fields": json.dumps(poll), "created_at": call.now}
    call.store.insert("polls", row)
    return ok({"action": "poll", "poll": poll})
