"""Participants of a meeting."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.context import Context, list_response, or_404
from realtimekit.emulator.http import HTTPError, ok
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    DATE_TIME,
    PAGE_QUERY,
    STRING,
    URI,
    nullable,
    page,
    required,
    response_object,
    success,
)

if TYPE_CHECKING:
    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row

FIELDS = {
    "custom_participant_id": required(STRING),
    "preset_name": required(STRING),
    "name": nullable(STRING),
    "picture": nullable(URI),
}
CHANGES = {"name": nullable(STRING), "picture": nullable(URI), "preset_name": nullable(STRING)}
_RESPONSE = {"id": STRING, **FIELDS, "created_at": DATE_TIME, "updated_at": DATE_TIME}
PARTICIPANT = response_object(_RESPONSE)
PARTICIPANT_WITH_TOKEN = response_object({**_RESPONSE, "token": STRING})
DELETED = response_object(
    {"custom_participant_id": STRING, "preset_id": STRING, "created_at": DATE_TIME, "updated_at": DATE_TIME}
)
_ALL = "/{app_id}/meetings/{meeting_id}/participants"
_ONE = _ALL + "/{participant_id}"


def serialize(participant: Row) -> dict[str, Any]:
    return {name: participant[name] for name in PARTICIPANT.properties}


def _participant(context: Context) -> Row:
    context.meeting()
    sql = "select * from participants where id = ? and meeting_id = ?"
    return or_404(context.store.row(sql, context.path_params["participant_id"], context.path_params["meeting_id"]))


def _preset_id(context: Context, name: str) -> str:
    """Return the id of the preset of this name, or raise 404."""
    row = context.store.row("select id from presets where app_id = ? and name = ?", context.app_id, name)
    if row is None:
        raise HTTPError(404, f"No preset found with name {name}")  # the status is not documented
    return str(row["id"])


def _with_token(context: Context, participant: Row) -> dict[str, Any]:
    token = context.services.tokens.issue(
        organization_id=context.app_id,
        meeting_id=participant["meeting_id"],
        participant_id=participant["id"],
        preset_id=participant["preset_id"],
    )
    return {**serialize(participant), "token": token}


@API.add("GET", _ALL, query=PAGE_QUERY, response=page(PARTICIPANT))
def list_participants(context: Context) -> JSON:
    sql = "select * from participants where meeting_id = ?"
    return list_response(context, sql, [context.meeting()["id"]], "created_at, number", serialize)


@API.add("POST", _ALL, body=FIELDS, status=201, response=success(PARTICIPANT_WITH_TOKEN))
def add_participant(context: Context) -> JSON:
    row = {
        "id": context.world.new_id(),
        "meeting_id": context.meeting()["id"],
        "custom_participant_id": context.body["custom_participant_id"],
        "preset_id": _preset_id(context, context.body["preset_name"]),
        "preset_name": context.body["preset_name"],
        "name": context.body.get("name"),
        "picture": context.body.get("picture"),
        "created_at": context.now,
        "updated_at": context.now,
    }
    data = _with_token(context, row)
    context.store.insert("participants", row)
    return ok(data)


@API.add("GET", _ONE, response=success(PARTICIPANT))
def get_participant(context: Context) -> JSON:
    return ok(serialize(_participant(context)))


@API.add("PATCH", _ONE, body=CHANGES, response=success(PARTICIPANT_WITH_TOKEN))
def update_participant(context: Context) -> JSON:
    # a null preset_name is allowed and changes nothing: every participant has a preset
    changes = {name: value for name, value in context.body.items() if not (name == "preset_name" and value is None)}
    return _update(context, changes)


@API.add("PUT", _ONE, body=FIELDS, response=success(PARTICIPANT_WITH_TOKEN))
def replace_participant(context: Context) -> JSON:
    return _update(context, {name: context.body.get(name) for name in FIELDS})


def _update(context: Context, changes: dict[str, Any]) -> JSON:
    participant = _participant(context)
    if "preset_name" in changes:
        changes["preset_id"] = _preset_id(context, changes["preset_name"])
    changes["updated_at"] = context.now
    data = _with_token(context, {**participant, **changes})
    context.store.update("participants", participant["id"], changes)
    return ok(data)


@API.add("DELETE", _ONE, response=success(DELETED))
def delete_participant(context: Context) -> JSON:
    participant = _participant(context)
    context.store.run("delete from participants where id = ?", participant["id"])
    return ok({
        "custom_participant_id": participant["custom_participant_id"],
        "preset_id": participant["preset_id"],
        "created_at": participant["created_at"],
        "updated_at": participant["updated_at"],
    })  # fmt: skip


@API.add("POST", _ONE + "/token", response=success(response_object({"token": STRING})))
def regenerate_token(context: Context) -> JSON:
    return ok({"token": _with_token(context, _participant(context))["token"]})
