"""Participants of a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call, found, listed
from realtimekit.emulator.shapes import PAGES, TEXT, TIME, URI, item, needed, or_null, page, record
from realtimekit.emulator.wire import Refusal, ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer

FIELDS = {
    "custom_participant_id": needed(TEXT),
    "preset_name": needed(TEXT),
    "name": or_null(TEXT),
    "picture": or_null(URI),
}
CHANGES = {"name": or_null(TEXT), "picture": or_null(URI), "preset_name": or_null(TEXT)}
_SHOWN = {"id": TEXT, **FIELDS, "created_at": TIME, "updated_at": TIME}
PARTICIPANT = record(_SHOWN)
WITH_TOKEN = record({**_SHOWN, "token": TEXT})
DELETED = record({"custom_participant_id": TEXT, "preset_id": TEXT, "created_at": TIME, "updated_at": TIME})
_ALL = "/{app_id}/meetings/{meeting_id}/participants"
_ONE = _ALL + "/{participant_id}"


def shown(participant: Row) -> dict[str, Any]:
    return {name: participant[name] for name in PARTICIPANT.fields}


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
    token = call.emulator.tokens.issue(
        organization_id=call.ids["app_id"],
        meeting_id=participant["meeting_id"],
        participant_id=participant["id"],
        preset_id=participant["preset_id"],
    )
    return {**shown(participant), "token": token}


@API.add("GET", _ALL, query=PAGES, answer=page(PARTICIPANT))
def list_participants(call: Call) -> Answer:
    sql = "select * from participants where meeting_id = ?"
    return listed(call, sql, [call.meeting()["id"]], "created_at, number", shown)


@API.add("POST", _ALL, body=FIELDS, status=201, answer=item(WITH_TOKEN))
def add_participant(call: Call) -> Answer:
    row = {
        "id": call.emulator.new_id(),
        "meeting_id": call.meeting()["id"],
        "custom_participant_id": call.body["custom_participant_id"],
        "preset_id": _preset(call, call.body["preset_name"]),
        "preset_name": call.body["preset_name"],
        "name": call.body.get("name"),
        "picture": call.body.get("picture"),
        "created_at": call.now,
        "updated_at": call.now,
    }
    answer = _with_token(call, row)
    call.store.insert("participants", row)
    return ok(answer)


@API.add("GET", _ONE, answer=item(PARTICIPANT))
def get_participant(call: Call) -> Answer:
    return ok(shown(_participant(call)))


@API.add("PATCH", _ONE, body=CHANGES, answer=item(WITH_TOKEN))
def update_participant(call: Call) -> Answer:
    # a null preset_name is allowed, and changes nothing: nobody is without a preset
    changes = {name: value for name, value in call.body.items() if not (name == "preset_name" and value is None)}
    return _changed(call, changes)


@API.add("PUT", _ONE, body=FIELDS, answer=item(WITH_TOKEN))
def replace_participant(call: Call) -> Answer:
    return _changed(call, {name: call.body.get(name) for name in FIELDS})


def _changed(call: Call, changes: dict[str, Any]) -> Answer:
    participant = _participant(call)
    if "preset_name" in changes:
        changes["preset_id"] = _preset(call, changes["preset_name"])
    changes["updated_at"] = call.now
    answer = _with_token(call, {**participant, **changes})
    call.store.update("participants", participant["id"], changes)
    return ok(answer)


@API.add("DELETE", _ONE, answer=item(DELETED))
def delete_participant(call: Call) -> Answer:
    participant = _participant(call)
    call.store.run("delete from participants where id = ?", participant["id"])
    return ok({
        "custom_participant_id": participant["custom_participant_id"],
        "preset_id": participant["preset_id"],
        "created_at": participant["created_at"],
        "updated_at": participant["updated_at"],
    })  # fmt: skip


@API.add("POST", _ONE + "/token", answer=item(record({"token": TEXT})))
def regenerate_token(call: Call) -> Answer:
    return ok({"token": _with_token(call, _participant(call))["token"]})
