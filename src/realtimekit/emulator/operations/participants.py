"""Participants of a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call, found, listed
from realtimekit.emulator.shapes import PAGES, Shape
from realtimekit.emulator.wire import Refusal, ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Outgoing

_REQUIRED = Shape("text", required=True)
_TEXT_OR_NULL = Shape("text", nullable=True)
_URI_OR_NULL = Shape("text", nullable=True, pattern=r"[A-Za-z][A-Za-z0-9+.-]*:.+")
FIELDS = {
    "custom_participant_id": _REQUIRED,
    "preset_name": _REQUIRED,
    "name": _TEXT_OR_NULL,
    "picture": _URI_OR_NULL,
}
CHANGES = {"name": _TEXT_OR_NULL, "picture": _URI_OR_NULL, "preset_name": _TEXT_OR_NULL}
_ALL = "/{app_id}/meetings/{meeting_id}/participants"
_ONE = _ALL + "/{participant_id}"


def shown(participant: Row) -> dict[str, Any]:
    return {name: value for name, value in participant.items() if name not in ("number", "meeting_id")}


def _participant(call: Call) -> Row:
    call.meeting()
    sql = "select * from participants where id = ? and meeting_id = ?"
    return found(call.store.row(sql, call.ids["participant_id"], call.ids["meeting_id"]))


def _preset(call: Call, name: str) -> str:
    """The id of a preset of the app."""
    row = call.store.row("select id from presets where app_id = ? and name = ?", call.ids["app_id"], name)
    if row is None:
        raise Refusal(404, f"No preset found with name {name}")  # the status of this one is not documented
    return str(row["id"])


def _with_token(call: Call, participant: Row) -> dict[str, Any]:
    preset_id = _preset(call, participant["preset_name"])
    token = call.emulator.tokens.issue(
        organization_id=call.ids["app_id"],
        meeting_id=participant["meeting_id"],
        participant_id=participant["id"],
        preset_id=preset_id,
    )
    return {**shown(participant), "token": token}


@API.add("GET", _ALL, query=PAGES)
def list_participants(call: Call) -> Outgoing:
    sql = "select * from participants where meeting_id = ?"
    return listed(call, sql, [call.meeting()["id"]], "created_at, number", shown)


@API.add("POST", _ALL, body=FIELDS)
def add_participant(call: Call) -> Outgoing:
    row = {
        "id": call.emulator.new_id(),
        "meeting_id": call.meeting()["id"],
        "custom_participant_id": call.body["custom_participant_id"],
        "preset_name": call.body["preset_name"],
        "name": call.body.get("name"),
        "picture": call.body.get("picture"),
        "created_at": call.now,
        "updated_at": call.now,
    }
    answer = _with_token(call, row)
    call.store.insert("participants", row)
    return ok(answer, status=201)


@API.add("GET", _ONE)
def get_participant(call: Call) -> Outgoing:
    return ok(shown(_participant(call)))


@API.add("PATCH", _ONE, body=CHANGES)
def update_participant(call: Call) -> Outgoing:
    # a null preset_name is allowed, and changes nothing: nobody is without a preset
    changes = {name: value for name, value in call.body.items() if not (name == "preset_name" and value is None)}
    return _changed(call, changes)


@API.add("PUT", _ONE, body=FIELDS)
def replace_participant(call: Call) -> Outgoing:
    return _changed(call, {name: call.body.get(name) for name in FIELDS})


def _changed(call: Call, changes: dict[str, Any]) -> Outgoing:
    participant = _participant(call)
    changes = {**changes, "updated_at": call.now}
    answer = _with_token(call, {**participant, **changes})
    call.store.update("participants", participant["id"], changes)
    return ok(answer)


@API.add("DELETE", _ONE)
def delete_participant(call: Call) -> Outgoing:
    participant = _participant(call)
    call.store.run("delete from participants where id = ?", participant["id"])
    return ok({
        "custom_participant_id": participant["custom_participant_id"],
        "preset_id": _preset(call, participant["preset_name"]),
        "created_at": participant["created_at"],
        "updated_at": participant["updated_at"],
    })  # fmt: skip


@API.add("POST", _ONE + "/token")
def regenerate_token(call: Call) -> Outgoing:
    return ok({"token": _with_token(call, _participant(call))["token"]})
