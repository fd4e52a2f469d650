"""Meetings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API, Call, contains, listed
from realtimekit.emulator.recorder import READABLE
from realtimekit.emulator.shapes import (
    FLAG,
    NUMBER,
    PAGES,
    TEXT,
    TEXTS,
    TIME,
    URI,
    Shape,
    fields,
    item,
    needed,
    one_of,
    or_null,
    page,
    record,
    with_defaults,
)
from realtimekit.emulator.wire import ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer

STATUS = one_of("ACTIVE", "INACTIVE")
WATERMARK = {
    "url": URI,
    "position": one_of("left top", "right top", "left bottom", "right bottom"),
    "size": fields({"width": Shape("integer", minimum=1), "height": Shape("integer", minimum=1)}),
}
AUDIO_CONFIG = fields({"codec": one_of("MP3", "AAC"), "channel": one_of("mono", "stereo"), "export_file": FLAG})
VIDEO_CONFIG = fields({
    "codec": one_of("H264", "VP8", "VP9"),
    "width": Shape("integer", minimum=1, maximum=1920),
    "height": Shape("integer", minimum=1, maximum=1920),
    "export_file": FLAG,
    "watermark": fields(WATERMARK),
})  # fmt: skip
# Types and authentication are open here: the documents name more than the description does.
STORAGE_CONFIG = or_null(fields({
    "type": TEXT,
    "access_key": TEXT,
    "secret": TEXT,
    "bucket": TEXT,
    "region": TEXT,
    "path": TEXT,
    "auth_method": one_of("KEY", "PASSWORD"),
    "username": TEXT,
    "password": TEXT,
    "host": TEXT,
    "port": NUMBER,
    "private_key": TEXT,
}))  # fmt: skip
BUCKET_CONFIG = fields({"enabled": needed(FLAG)})
MAX_SECONDS = Shape("number", minimum=60, maximum=86400)
RECORDING_CONFIG = fields({
    "max_seconds": MAX_SECONDS,
    "file_name_prefix": TEXT,
    "audio_config": AUDIO_CONFIG,
    "video_config": VIDEO_CONFIG,
    "storage_config": STORAGE_CONFIG,
    "live_streaming_config": fields({"rtmp_url": URI}),
    "realtimekit_bucket_config": BUCKET_CONFIG,
})  # fmt: skip
SUMMARY_TYPES = (
    "general",
    "team_meeting",
    "sales_call",
    "client_check_in",
    "interview",
    "daily_standup",
    "one_on_one_meeting",
    "lecture",
    "code_review",
)
AI_CONFIG = fields({
    "transcription": fields({
        "keywords": TEXTS,
        "language": one_of("en-US", "en-IN", "de", "hi", "sv", "ru", "pl", "el", "fr", "nl"),
        "profanity_filter": FLAG,
    }),
    "summarization": fields({
        "word_limit": Shape("integer", minimum=150, maximum=1000),
        "text_format": one_of("plain_text", "markdown"),
        "summary_type": one_of(*SUMMARY_TYPES),
    }),
})  # fmt: skip
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
    "recording_config": RECORDING_CONFIG,
    "ai_config": AI_CONFIG,
}
# title, record_on_start and live_stream_on_start may be null in POST and PUT, but not in PATCH
CHANGES = {**{name: shape._replace(nullable=False) for name, shape in FIELDS.items()}, "status": STATUS}


def without_secrets(storage_config: dict[str, Any]) -> dict[str, Any]:
    """What of it can be read again: its keys and passwords can only be written, under whatever name."""
    return {name: value for name, value in storage_config.items() if name in READABLE}


_ALWAYS = {"id": TEXT, "title": or_null(TEXT), "status": STATUS, "created_at": TIME, "updated_at": TIME}
_SHOWN = {name: shape._replace(nullable=False, required=False, default=None) for name, shape in FIELDS.items()}
MEETING = record(_ALWAYS, {name: shape for name, shape in _SHOWN.items() if name != "title"})
MEETING_IN_LIST = record(_ALWAYS, {name: shape for name, shape in _SHOWN.items() if name not in ("title", "ai_config")})


def shown(meeting: Row, *, alone: bool = True) -> dict[str, Any]:
    settings = {name: value for name, value in json.loads(meeting["fields"]).items() if value is not None}
    recording = settings.get("recording_config", {})
    if recording.get("storage_config"):
        settings["recording_config"] = {**recording, "storage_config": without_secrets(recording["storage_config"])}
    if not alone:
        settings.pop("ai_config", None)  # list items do not have it
    return {
        "id": meeting["id"],
        "title": meeting["title"],
        "status": meeting["status"],
        "created_at": meeting["created_at"],
        "updated_at": meeting["updated_at"],
        **settings,
    }


@API.add(
    "GET",
    "/{app_id}/meetings",
    query={**PAGES, "start_time": TIME, "end_time": TIME, "search": TEXT, "status": STATUS},
    answer=page(MEETING_IN_LIST),
)
def list_meetings(call: Call) -> Answer:
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


@API.add("POST", "/{app_id}/meetings", body=FIELDS, status=201, answer=item(MEETING))
def create_meeting(call: Call) -> Answer:
    given = with_defaults(FIELDS, call.body)
    row = {
        "id": call.emulator.new_id(),
        "app_id": call.ids["app_id"],
        "title": given.pop("title"),
        "status": "ACTIVE",
        "fields": json.dumps(given),
        "created_at": call.now,
        "updated_at": call.now,
    }
    call.store.insert("meetings", row)
    return ok(shown(row))


@API.add("GET", "/{app_id}/meetings/{meeting_id}", answer=item(MEETING))
def get_meeting(call: Call) -> Answer:
    return ok(shown(call.meeting()))


@API.add("PATCH", "/{app_id}/meetings/{meeting_id}", body=CHANGES, answer=item(MEETING))
def update_meeting(call: Call) -> Answer:
    meeting = call.meeting()
    return _changed(call, meeting, {**json.loads(meeting["fields"]), **call.body})


@API.add("PUT", "/{app_id}/meetings/{meeting_id}", body=FIELDS, answer=item(MEETING))
def replace_meeting(call: Call) -> Answer:
    return _changed(call, call.meeting(), with_defaults(FIELDS, call.body))


def _changed(call: Call, meeting: Row, given: dict[str, Any]) -> Answer:
    changes: Row = {name: given.pop(name) for name in ("title", "status") if name in given}
    changes |= {"fields": json.dumps(given), "updated_at": call.now}
    call.store.update("meetings", meeting["id"], changes)
    return ok(shown({**meeting, **changes}))
