"""The live session of a meeting."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.context import Context
from realtimekit.emulator.http import HTTPError, bad_request, ok
from realtimekit.emulator.operations.sessions import SESSION, serialize
from realtimekit.emulator.queries import get_live_session
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    BOOLEAN,
    DATE_TIME,
    INTEGER,
    STRING,
    STRINGS,
    array_of,
    required,
    response_object,
    success,
)

if TYPE_CHECKING:
    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row

_PATH = "/{app_id}/meetings/{meeting_id}/active-session"
_SELECTION = {"participant_ids": STRINGS, "custom_participant_ids": STRINGS}
_PARTICIPANT = response_object(
    {"id": STRING, "created_at": DATE_TIME, "updated_at": DATE_TIME}, {"name": STRING, "picture": STRING}
)


def _live(context: Context) -> Row:
    return get_live_session(context.store, context.meeting()["id"])


@API.add("GET", _PATH, response=success(SESSION))
def get_active_session(context: Context) -> JSON:
    return ok(serialize(context, _live(context)))


def _selected(context: Context, session: Row) -> list[Row]:
    """Return the peers that the body names, each once."""
    present = context.services.lifecycle.present(session["id"])
    selected: dict[str, Row] = {}
    for name, columns in (
        ("participant_ids", ("participant_id", "id")),
        ("custom_participant_ids", ("custom_participant_id",)),
    ):
        for wanted in context.body.get(name, []):
            peers = [peer for peer in present if any(peer[column] == wanted for column in columns)]
            if not peers:
                raise HTTPError(404, f"No user found with id {wanted}")
            selected |= {peer["id"]: peer for peer in peers}
    if not selected:
        raise bad_request('"value" must contain at least one of [participant_ids, custom_participant_ids]')
    return list(selected.values())


def _serialize_participant(context: Context, peer: Row) -> dict[str, Any]:
    participant = context.store.row("select * from participants where id = ?", peer["participant_id"]) or peer
    names = ("name", "picture", "created_at", "updated_at")
    return {"id": peer["participant_id"], **{name: participant[name] for name in names if participant.get(name)}}


_PARTICIPANTS = success(response_object({"action": STRING, "participants": array_of(_PARTICIPANT)}))


@API.add("POST", _PATH + "/kick", body=_SELECTION, response=_PARTICIPANTS)
def kick(context: Context) -> JSON:
    selected = _selected(context, _live(context))
    for peer in selected:
        context.services.lifecycle.leave(peer, context.now, kicked=True)
    return ok({"action": "kick", "participants": [_serialize_participant(context, peer) for peer in selected]})


@API.add(
    "POST",
    _PATH + "/kick-all",
    response=success(response_object({"action": STRING, "kicked_participants_count": INTEGER})),
)
def kick_all(context: Context) -> JSON:
    count = context.services.lifecycle.kick_all(_live(context)["id"], context.now)
    return ok({"action": "kick-all", "kicked_participants_count": count})


# Nobody has a microphone here, and no operation returns who is muted: muting is nothing but the response.


@API.add("POST", _PATH + "/mute", body=_SELECTION, response=_PARTICIPANTS)
def mute(context: Context) -> JSON:
    selected = _selected(context, _live(context))
    return ok({"action": "mute", "participants": [_serialize_participant(context, peer) for peer in selected]})


@API.add(
    "POST",
    _PATH + "/mute-all",
    body={"allow_unmute": BOOLEAN},
    response=success(response_object({"action": STRING, "muted_participants_count": INTEGER})),
)
def mute_all(context: Context) -> JSON:
    present = context.services.lifecycle.present(_live(context)["id"])
    return ok({"action": "mute-all", "muted_participants_count": len(present)})


# --- polls ------------------------------------------------------------------------------------------------------------

_VOTE = response_object({"id": STRING, "name": STRING})
_POLL = response_object({
    "id": STRING,
    "question": STRING,
    "options": array_of(response_object({"text": STRING, "count": INTEGER, "votes": array_of(_VOTE)})),
    "anonymous": BOOLEAN,
    "hide_votes": BOOLEAN,
    "created_by": STRING,
    "voted": STRINGS,
})  # fmt: skip


@API.add(
    "POST",
    _PATH + "/poll",
    body={"question": required(STRING), "options": required(STRINGS), "anonymous": BOOLEAN, "hide_votes": BOOLEAN},
    status=201,
    response=success(response_object({"action": STRING, "poll": _POLL})),
)
def create_poll(context: Context) -> JSON:
    session = _live(context)
    poll: dict[str, Any] = {
        "id": context.world.new_id(),
        "question": context.body["question"],
        "options": [{"text": text, "count": 0, "votes": []} for text in context.body["options"]],
        "anonymous": context.body.get("anonymous", False),
        "hide_votes": context.body.get("hide_votes", False),
        "created_by": session["app_id"],  # the app, which made the request; whom the API names here is not documented
        "voted": [],
    }
    row = {"id": poll["id"], "session_id": session["id"], "fields": json.dumps(poll), "created_at": context.now}
    context.store.insert("polls", row)
    return ok({"action": "poll", "poll": poll})
