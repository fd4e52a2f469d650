"""Meetings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call, contains, listed
from realtimekit.emulator.shapes import PAGES, TIME, Shape, with_defaults
from realtimekit.emulator.wire import ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Outgoing

STATUS = Shape("text", choices=("ACTIVE", "INACTIVE"))
_OFF = Shape("flag", default=False)
_OFF_OR_NULL = Shape("flag", nullable=True, default=False)
FIELDS = {
    "title": Shape("text", nullable=True),
    "record_on_start": _OFF_OR_NULL,
    "live_stream_on_start": _OFF_OR_NULL,
    "persist_chat": _OFF,
    "summarize_on_end": _OFF,
    "transcribe_on_end": _OFF,
    "session_keep_alive_time_in_secs": Shape("number", minimum=60, maximum=600, default=60),
    "recording_config": Shape("object"),
    "ai_config": Shape("object"),
}
# title, record_on_start and live_stream_on_start may be null in POST and PUT, but not in PATCH
CHANGES = {**{name: shape._replace(nullable=False) for name, shape in FIELDS.items()}, "status": STATUS}


def shown(meeting: Row, *, alone: bool = True) -> dict[str, Any]:
    fields = {name: value for name, value in json.loads(meeting["fields"]).items() if value is not None}
    if not alone:
        fields.pop("ai_config", None)  # list items do not have it
    return {
        "id": meeting["id"],
        "title": meeting["title"],
        "status": meeting["status"],
        "created_at": meeting["created_at"],
        "updated_at": meeting["updated_at"],
        **fields,
    }


@API.add(
    "GET",
    "/{app_id}/meetings",
    query={**PAGES, "start_time": TIME, "end_time": TIME, "search": Shape("text"), "status": STATUS},
)
def list_meetings(call: Call) -> Outgoing:
    sql, values = "select * from meetings where app_id = ?", [call.ids["app_id"]]
    for name, condition in (
        ("start_time", "created_at >= ?"),
        ("end_time", "created_at <= ?"),
        ("status", "status = ?"),
    ):
        if name in call.query:
            sql, values = f"{sql} and {condition}", [*values, call.query[name]]
    if search := call.query.get("search"):
        sql += " and (id = ? or title like ? escape '\\')"
        values += [search, contains(search)]
    return listed(call, sql, values, "created_at desc, number desc", lambda row: shown(row, alone=False))


@API.add("POST", "/{app_id}/meetings", body=FIELDS)
def create_meeting(call: Call) -> Outgoing:
    fields = with_defaults(FIELDS, call.body)
    row = {
        "id": call.emulator.new_id(),
        "app_id": call.ids["app_id"],
        "title": fields.pop("title"),
        "status": "ACTIVE",
        "fields": json.dumps(fields),
        "created_at": call.now,
        "updated_at": call.now,
    }
    call.store.insert("meetings", row)
    return ok(shown(row), status=201)


@API.add("GET", "/{app_id}/meetings/{meeting_id}")
def get_meeting(call: Call) -> Outgoing:
    return ok(shown(call.meeting()))


@API.add("PATCH", "/{app_id}/meetings/{meeting_id}", body=CHANGES)
def update_meeting(call: Call) -> Outgoing:
    meeting = call.meeting()
    return _changed(call, meeting, {**json.loads(meeting["fields"]), **call.body})


@API.add("PUT", "/{app_id}/meetings/{meeting_id}", body=FIELDS)
def replace_meeting(call: Call) -> Outgoing:
    return _changed(call, call.meeting(), with_defaults(FIELDS, call.body))


def _changed(call: Call, meeting: Row, fields: dict[str, Any]) -> Outgoing:
    changes: Row = {name: fields.pop(name) for name in ("title", "status") if name in fields}
    changes |= {"fields": json.dumps(fields), "updated_at": call.now}
    call.store.update("meetings", meeting["id"], changes)
    return ok(shown({**meeting, **changes}))
