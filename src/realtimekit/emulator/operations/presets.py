"""Presets: what the participants who are added with one may do, and what they see."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call, contains, found, listed
from realtimekit.emulator.shapes import (
    FLAG,
    PAGES,
    TEXT,
    TIME,
    URI,
    WHOLE,
    Shape,
    fields,
    item,
    list_of,
    map_of,
    needed,
    one_of,
    or_null,
    page,
    record,
)
from realtimekit.emulator.wire import Refusal, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer


def _all_needed(given: Mapping[str, Shape], **optional: Shape) -> Shape:
    return fields({**{name: needed(shape) for name, shape in given.items()}, **optional})


_QUALITY = one_of("hd", "vga", "qvga", "fhd", "uhd")
_FRAME_RATE = Shape("integer", maximum=30)
_ACCESS = one_of("ALLOWED", "NOT_ALLOWED", "CAN_REQUEST")
_SENDS = {"can_send": FLAG, "text": FLAG, "files": FLAG}
_PRODUCE = _all_needed({"can_produce": _ACCESS})

CONFIG = _all_needed(
    {
        "view_type": one_of("GROUP_CALL", "WEBINAR", "AUDIO_ROOM", "LIVESTREAM"),
        "max_screenshare_count": WHOLE,
        "max_video_streams": _all_needed({"desktop": WHOLE, "mobile": WHOLE}),
        "media": _all_needed(
            {
                "video": _all_needed({"quality": _QUALITY, "frame_rate": _FRAME_RATE}, simulcast=FLAG),
                "screenshare": _all_needed({"quality": _QUALITY, "frame_rate": _FRAME_RATE}),
            },
            audio=fields({"enable_high_bitrate": FLAG, "enable_stereo": FLAG}),
        ),
    },
    livestream_viewer_qualities=or_null(list_of(WHOLE)),
)
PERMISSIONS = _all_needed(
    {
        **dict.fromkeys(
            (
                "accept_waiting_requests",
                "can_accept_production_requests",
                "can_change_participant_permissions",
                "can_edit_display_name",
                "can_livestream",
                "can_record",
                "can_spotlight",
                "disable_participant_audio",
                "disable_participant_screensharing",
                "disable_participant_video",
                "hidden_participant",
                "kick_participant",
                "pin_participant",
                "show_participant_list",
            ),
            FLAG,
        ),
        "chat": _all_needed(
            {
                "public": _all_needed(_SENDS),
                "private": _all_needed({**_SENDS, "can_receive": FLAG}),
            }
        ),
        "connected_meetings": _all_needed(
            {
                "can_alter_connected_meetings": FLAG,
                "can_switch_connected_meetings": FLAG,
                "can_switch_to_parent_meeting": FLAG,
            }
        ),
        "media": _all_needed({"audio": _PRODUCE, "video": _PRODUCE, "screenshare": _PRODUCE}),
        "plugins": _all_needed(
            {
                "can_close": FLAG,
                "can_edit_config": FLAG,
                "can_start": FLAG,
                "config": map_of(
                    fields({"access_control": one_of("FULL_ACCESS", "VIEW_ONLY"), "handles_view_only": FLAG})
                ),
            }
        ),
        "polls": _all_needed({"can_create": FLAG, "can_view": FLAG, "can_vote": FLAG}),
        "recorder_type": one_of("RECORDER", "LIVESTREAMER", "NONE"),
        "waiting_room_type": one_of("SKIP", "ON_PRIVILEGED_USER_ENTRY", "SKIP_ON_ACCEPT"),
    },
    is_recorder=FLAG,
    accept_stage_requests=FLAG,
    stage_enabled=FLAG,
    transcription_enabled=FLAG,
    stage_access=_ACCESS,
)
UI = _all_needed({
    "design_tokens": _all_needed(
        {
            "theme": one_of("darkest", "dark", "light"),
            "border_radius": one_of("sharp", "rounded", "extra-rounded", "circular"),
            "border_width": one_of("none", "thin", "fat"),
            "spacing_base": Shape("number", minimum=1),
            "colors": _all_needed({
                "background": _all_needed(dict.fromkeys(("600", "700", "800", "900", "1000"), TEXT)),
                "brand": _all_needed(dict.fromkeys(("300", "400", "500", "600", "700"), TEXT)),
                **dict.fromkeys(("danger", "success", "text", "text_on_brand", "video_bg", "warning"), TEXT),
            }),
        },
        logo=URI,
        font_family=TEXT,
        google_font=TEXT,
    ),
})  # fmt: skip
FIELDS = {"name": needed(TEXT), "config": needed(CONFIG), "permissions": needed(PERMISSIONS), "ui": needed(UI)}


def _partly(shape: Shape) -> Shape:
    """As a PATCH takes it: any part of it."""
    parts = {name: _partly(part) for name, part in shape.fields.items()}
    return shape._replace(required=False, fields=parts)


CHANGES = {name: _partly(shape) for name, shape in FIELDS.items()}
PRESET_IN_LIST = record({"id": TEXT, "name": TEXT, "created_at": TIME, "updated_at": TIME})
PRESET = record({"id": TEXT, **FIELDS, "created_at": TIME, "updated_at": TIME})
_ALL = "/{app_id}/presets"
_ONE = _ALL + "/{preset_id}"


def shown_in_list(preset: Row) -> dict[str, Any]:
    return {name: preset[name] for name in ("id", "name", "created_at", "updated_at")}


def shown(preset: Row) -> dict[str, Any]:
    return {**shown_in_list(preset), **json.loads(preset["fields"])}


def _preset(call: Call) -> Row:
    sql = "select * from presets where id = ? and app_id = ?"
    return found(call.store.row(sql, call.ids["preset_id"], call.ids["app_id"]))


@API.add("GET", _ALL, query={**PAGES, "search": TEXT}, answer=page(PRESET_IN_LIST))
def list_presets(call: Call) -> Answer:
    sql, values = "select * from presets where app_id = ?", [call.ids["app_id"]]
    if search := call.query.get("search"):
        sql, values = sql + " and name like ? escape '\\'", [*values, contains(search)]
    return listed(call, sql, values, "created_at, number", shown_in_list)


_TAKEN = {409: "a preset of the app has this name"}


@API.add("POST", _ALL, body=FIELDS, status=201, answer=item(PRESET), refuses=_TAKEN)
def create_preset(call: Call) -> Answer:
    row = new_row(call.emulator.new_id(), call.ids["app_id"], call.body, call.now)
    _refuse_taken(call, row["name"])
    call.store.insert("presets", row)
    return ok(shown(row))


def new_row(id: str, app_id: str, given: Mapping[str, Any], now: str) -> Row:  # noqa: A002
    kept = json.dumps({name: given[name] for name in ("config", "permissions", "ui")})
    return {
        "id": id,
        "app_id": app_id,
        "name": given["name"],
        "fields": kept,
        "created_at": now,
        "updated_at": now,
    }


def _refuse_taken(call: Call, name: str, but: str = "") -> None:
    # Chosen: participants name their preset, so two of one name could not be told apart. What the API says to a second
    # one is not documented.
    sql = "select 1 from presets where app_id = ? and name = ? and id <> ?"
    if call.store.row(sql, call.ids["app_id"], name, but):
        raise Refusal(409, f"A preset with name {name} exists already")


@API.add("GET", _ONE, answer=item(PRESET))
def get_preset(call: Call) -> Answer:
    return ok(shown(_preset(call)))


@API.add("PATCH", _ONE, body=CHANGES, answer=item(PRESET), refuses=_TAKEN)
def update_preset(call: Call) -> Answer:
    preset = _preset(call)
    return _changed(call, preset, _merged(shown(preset), call.body))


def _merged(old: Any, new: Any) -> Any:
    """Objects field by field; anything else as a whole."""
    if not isinstance(old, dict) or not isinstance(new, dict):
        return new
    return {**old, **{name: _merged(old.get(name), value) for name, value in new.items()}}


@API.add("PUT", _ONE, body=FIELDS, answer=item(PRESET), refuses=_TAKEN)
def replace_preset(call: Call) -> Answer:
    return _changed(call, _preset(call), call.body)


def _changed(call: Call, preset: Row, given: Mapping[str, Any]) -> Answer:
    _refuse_taken(call, given["name"], preset["id"])
    changes = new_row(preset["id"], preset["app_id"], given, call.now)
    changes["created_at"] = preset["created_at"]
    call.store.update("presets", preset["id"], changes)
    # Its participants keep it under its new name.
    call.store.run("update participants set preset_name = ? where preset_id = ?", given["name"], preset["id"])
    return ok(shown(changes))


@API.add("DELETE", _ONE, answer=item(PRESET))
def delete_preset(call: Call) -> Answer:
    preset = _preset(call)  # its participants keep its name
    call.store.run("delete from presets where id = ?", preset["id"])
    return ok(shown(preset))


# --- those of a new app -----------------------------------------------------------------------------------------------


def defaults() -> list[dict[str, Any]]:
    """The presets that RealtimeKit makes for a new app. Their names are documented; what they hold is plausible."""
    return [
        _default("group_call_host", "GROUP_CALL", host=True),
        _default("group_call_participant", "GROUP_CALL"),
        _default("webinar_presenter", "WEBINAR", host=True),
        _default("webinar_viewer", "WEBINAR", viewer=True),
        _default("livestream_host", "LIVESTREAM", host=True),
        _default("livestream_viewer", "LIVESTREAM", viewer=True),
    ]


def _default(name: str, view_type: str, *, host: bool = False, viewer: bool = False) -> dict[str, Any]:
    produce = {"can_produce": "NOT_ALLOWED" if viewer else "ALLOWED"}
    writes = {"can_send": True, "text": True, "files": not viewer}
    flags = {key: host for key, shape in PERMISSIONS.fields.items() if shape.kind == "flag" and shape.required}
    return {
        "name": name,
        "config": {
            "view_type": view_type,
            "max_screenshare_count": 1,
            "max_video_streams": {"desktop": 9, "mobile": 6},
            "media": {
                "video": {"quality": "hd", "frame_rate": 30, "simulcast": True},
                "screenshare": {"quality": "hd", "frame_rate": 5},
                "audio": {"enable_high_bitrate": False, "enable_stereo": False},
            },
            "livestream_viewer_qualities": [],
        },
        "permissions": {
            **flags,
            "can_edit_display_name": True,
            "hidden_participant": viewer,
            "show_participant_list": True,
            "chat": {"public": writes, "private": {**writes, "can_receive": True}},
            "connected_meetings": dict.fromkeys(
                ("can_alter_connected_meetings", "can_switch_connected_meetings", "can_switch_to_parent_meeting"), host
            ),
            "media": {"audio": produce, "video": produce, "screenshare": produce},
            "plugins": {"can_close": host, "can_edit_config": host, "can_start": host, "config": {}},
            "polls": {"can_create": host, "can_view": True, "can_vote": True},
            "recorder_type": "NONE",
            "waiting_room_type": "SKIP",
            "transcription_enabled": False,
        },
        "ui": {
            "design_tokens": {
                "theme": "dark",
                "border_radius": "rounded",
                "border_width": "thin",
                "spacing_base": 4,
                "colors": {
                    "background": {
                        "600": "#3c3c3c", "700": "#2a2a2a", "800": "#1e1e1e", "900": "#141414", "1000": "#080808",
                    },
                    "brand": {
                        "300": "#73a8ff", "400": "#4a8dff", "500": "#2160fd", "600": "#1a50d6", "700": "#143fa9",
                    },
                    "danger": "#ff2d2d",
                    "success": "#62a504",
                    "text": "#eeeeee",
                    "text_on_brand": "#eeeeee",
                    "video_bg": "#191919",
                    "warning": "#ffcd07",
                },
            },
        },
    }  # fmt: skip
