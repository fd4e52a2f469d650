"""Presets: what participants may do, and what they see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.context import Context, contains, list_response, or_404
from realtimekit.emulator.http import HTTPError, bad_request, ok
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    BOOLEAN,
    DATE_TIME,
    INTEGER,
    PAGE_QUERY,
    STRING,
    URI,
    Schema,
    array_of,
    enum,
    map_of,
    nullable,
    page,
    request_object,
    required,
    response_object,
    success,
)
from realtimekit.emulator.services.apps import preset_row
from realtimekit.emulator.services.default_presets import PERMISSION_FLAGS

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row


def _all_required(given: Mapping[str, Schema], **optional: Schema) -> Schema:
    return request_object({**{name: required(schema) for name, schema in given.items()}, **optional})


_QUALITY = enum("hd", "vga", "qvga", "fhd", "uhd")
_FRAME_RATE = Schema("integer", maximum=30)
_ACCESS = enum("ALLOWED", "NOT_ALLOWED", "CAN_REQUEST")
_SENDS = {"can_send": BOOLEAN, "text": BOOLEAN, "files": BOOLEAN}
_PRODUCE = _all_required({"can_produce": _ACCESS})

CONFIG = _all_required(
    {
        "view_type": enum("GROUP_CALL", "WEBINAR", "AUDIO_ROOM", "LIVESTREAM"),
        "max_screenshare_count": INTEGER,
        "max_video_streams": _all_required({"desktop": INTEGER, "mobile": INTEGER}),
        "media": _all_required(
            {
                "video": _all_required({"quality": _QUALITY, "frame_rate": _FRAME_RATE}, simulcast=BOOLEAN),
                "screenshare": _all_required({"quality": _QUALITY, "frame_rate": _FRAME_RATE}),
            },
            audio=request_object({"enable_high_bitrate": BOOLEAN, "enable_stereo": BOOLEAN}),
        ),
    },
    livestream_viewer_qualities=nullable(array_of(INTEGER)),
)
PERMISSIONS = _all_required(
    {
        **dict.fromkeys(PERMISSION_FLAGS, BOOLEAN),
        "chat": _all_required(
            {
                "public": _all_required(_SENDS),
                "private": _all_required({**_SENDS, "can_receive": BOOLEAN}),
            }
        ),
        "connected_meetings": _all_required(
            {
                "can_alter_connected_meetings": BOOLEAN,
                "can_switch_connected_meetings": BOOLEAN,
                "can_switch_to_parent_meeting": BOOLEAN,
            }
        ),
        "media": _all_required({"audio": _PRODUCE, "video": _PRODUCE, "screenshare": _PRODUCE}),
        "plugins": _all_required(
            {
                "can_close": BOOLEAN,
                "can_edit_config": BOOLEAN,
                "can_start": BOOLEAN,
                "config": map_of(
                    request_object({"access_control": enum("FULL_ACCESS", "VIEW_ONLY"), "handles_view_only": BOOLEAN})
                ),
            }
        ),
        "polls": _all_required({"can_create": BOOLEAN, "can_view": BOOLEAN, "can_vote": BOOLEAN}),
        "recorder_type": enum("RECORDER", "LIVESTREAMER", "NONE"),
        "waiting_room_type": enum("SKIP", "ON_PRIVILEGED_USER_ENTRY", "SKIP_ON_ACCEPT"),
    },
    is_recorder=BOOLEAN,
    accept_stage_requests=BOOLEAN,
    stage_enabled=BOOLEAN,
    transcription_enabled=BOOLEAN,
    stage_access=_ACCESS,
)
UI = _all_required({
    "design_tokens": _all_required(
        {
            "theme": enum("darkest", "dark", "light"),
            "border_radius": enum("sharp", "rounded", "extra-rounded", "circular"),
            "border_width": enum("none", "thin", "fat"),
            "spacing_base": Schema("number", minimum=1),
            "colors": _all_required({
                "background": _all_required(dict.fromkeys(("600", "700", "800", "900", "1000"), STRING)),
                "brand": _all_required(dict.fromkeys(("300", "400", "500", "600", "700"), STRING)),
                **dict.fromkeys(("danger", "success", "text", "text_on_brand", "video_bg", "warning"), STRING),
            }),
        },
        logo=Schema("string", pattern=f"({URI.pattern})?"),  # "" for none
        font_family=STRING,
        google_font=STRING,
    ),
})  # fmt: skip
FIELDS = {
    "name": required(STRING),
    "config": required(CONFIG),
    "permissions": required(PERMISSIONS),
    "ui": required(UI),
}


def _partial(schema: Schema) -> Schema:
    """Return the schema of a PATCH: any part may be left out."""
    parts = {name: _partial(part) for name, part in schema.properties.items()}
    return schema._replace(required=False, properties=parts)


CHANGES = {name: _partial(schema) for name, schema in FIELDS.items()}
PRESET_IN_LIST = response_object({"id": STRING, "name": STRING, "created_at": DATE_TIME, "updated_at": DATE_TIME})
_ALWAYS = {**FIELDS, "created_at": DATE_TIME, "updated_at": DATE_TIME}
PRESET = response_object({"id": STRING, **_ALWAYS})
CHANGED_PRESET = response_object(_ALWAYS, {"id": STRING})
_ALL = "/{app_id}/presets"
_ONE = _ALL + "/{preset_id}"


def serialize_in_list(preset: Row) -> dict[str, Any]:
    return {name: preset[name] for name in ("id", "name", "created_at", "updated_at")}


def serialize(preset: Row) -> dict[str, Any]:
    return {**serialize_in_list(preset), **json.loads(preset["fields"])}


def _preset(context: Context) -> Row:
    sql = "select * from presets where id = ? and app_id = ?"
    return or_404(context.store.row(sql, context.path_params["preset_id"], context.app_id))


@API.add("GET", _ALL, query={**PAGE_QUERY, "search": STRING}, response=page(PRESET_IN_LIST))
def list_presets(context: Context) -> JSON:
    sql, values = "select * from presets where app_id = ?", [context.app_id]
    if search := context.query.get("search"):
        sql, values = f"{sql} and {contains('name')}", [*values, search]
    return list_response(context, sql, values, "created_at, number", serialize_in_list)


_NAME_TAKEN = {409: "a preset of the app has this name"}


@API.add("POST", _ALL, body=FIELDS, status=201, response=success(PRESET), errors=_NAME_TAKEN)
def create_preset(context: Context) -> JSON:
    _check_config_diff(context)
    row = preset_row(context.world.new_id(), context.app_id, context.body, context.now)
    _check_name_is_free(context, row["name"])
    context.store.insert("presets", row)
    return ok(serialize(row))


def _check_config_diff(context: Context) -> None:
    # It was in the description of early 2026, which real accounts may still follow.
    if context.world.observed and "config_diff" not in context.body["ui"]:
        raise bad_request('"ui.config_diff" is required')


def _check_name_is_free(context: Context, name: str, except_id: str = "") -> None:
    # Real accounts refuse a second one, because participants name their preset.
    sql = "select 1 from presets where app_id = ? and name = ? and id <> ?"
    if context.store.row(sql, context.app_id, name, except_id):
        raise HTTPError(409, f"A preset with name {name} already exists")


@API.add("GET", _ONE, response=success(PRESET))
def get_preset(context: Context) -> JSON:
    return ok(serialize(_preset(context)))


@API.add("PATCH", _ONE, body=CHANGES, response=success(CHANGED_PRESET), errors=_NAME_TAKEN)
def update_preset(context: Context) -> JSON:
    preset = _preset(context)
    response = _update(context, preset, _merged(serialize(preset), context.body))
    if context.world.observed:
        del response["data"]["id"]
    return response


def _merged(old: Any, new: Any) -> Any:
    """Merge objects property by property; replace anything else."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}


@API.add("PUT", _ONE, body=FIELDS, response=success(PRESET), errors=_NAME_TAKEN)
def replace_preset(context: Context) -> JSON:
    _check_config_diff(context)
    return _update(context, _preset(context), context.body)


def _update(context: Context, preset: Row, given: Mapping[str, Any]) -> JSON:
    _check_name_is_free(context, given["name"], preset["id"])
    changes = preset_row(preset["id"], preset["app_id"], given, context.now)
    changes["created_at"] = preset["created_at"]
    context.store.update("presets", preset["id"], changes)
    # Its participants keep it under its new name.
    context.store.run("update participants set preset_name = ? where preset_id = ?", given["name"], preset["id"])
    return ok(serialize(changes))


@API.add("DELETE", _ONE, response=success(PRESET))
def delete_preset(context: Context) -> JSON:
    preset = _preset(context)  # its participants keep its name
    context.store.run("delete from presets where id = ?", preset["id"])
    return ok(serialize(preset))
