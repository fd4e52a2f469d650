"""Meetings."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.context import Context, apply_filters, contains, list_response
from realtimekit.emulator.http import ok
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    BOOLEAN,
    DATE_TIME,
    NUMBER,
    PAGE_QUERY,
    STRING,
    STRINGS,
    URI,
    Schema,
    enum,
    nullable,
    page,
    request_object,
    required,
    response_object,
    success,
    with_defaults,
)
from realtimekit.emulator.services.recorder import READABLE_STORAGE

if TYPE_CHECKING:
    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row

STATUS = enum("ACTIVE", "INACTIVE")
WATERMARK = {
    "url": URI,
    "position": enum("left top", "right top", "left bottom", "right bottom"),
    "size": request_object({"width": Schema("integer", minimum=1), "height": Schema("integer", minimum=1)}),
}
AUDIO_CONFIG = request_object({"codec": enum("MP3", "AAC"), "channel": enum("mono", "stereo"), "export_file": BOOLEAN})
VIDEO_CONFIG = request_object({
    "codec": enum("H264", "VP8", "VP9"),
    "width": Schema("integer", minimum=1, maximum=1920),
    "height": Schema("integer", minimum=1, maximum=1920),
    "export_file": BOOLEAN,
    "watermark": request_object(WATERMARK),
})  # fmt: skip
# Type and authentication are open here: the documentation names more than the description does.
STORAGE_CONFIG = nullable(request_object({
    "type": STRING,
    "access_key": STRING,
    "secret": STRING,
    "bucket": STRING,
    "region": STRING,
    "path": STRING,
    "auth_method": enum("KEY", "PASSWORD"),
    "username": STRING,
    "password": STRING,
    "host": STRING,
    "port": NUMBER,
    "private_key": STRING,
}))  # fmt: skip
BUCKET_CONFIG = request_object({"enabled": required(BOOLEAN)})
MAX_SECONDS = Schema("number", minimum=60, maximum=86400)
RECORDING_CONFIG = request_object({
    "max_seconds": MAX_SECONDS,
    "file_name_prefix": STRING,
    "audio_config": AUDIO_CONFIG,
    "video_config": VIDEO_CONFIG,
    "storage_config": STORAGE_CONFIG,
    "live_streaming_config": request_object({"rtmp_url": URI}),
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
# The API's description has the first ten; Cloudflare's pages on live and post-meeting transcription have all.
LANGUAGES = (
    *("en-US", "en-IN", "de", "hi", "sv", "ru", "pl", "el", "fr", "nl"),
    *("en", "en-AU", "en-GB", "en-NZ", "es", "es-419", "fr-CA", "de-CH", "pt", "pt-BR", "pt-PT", "ja", "it"),
    *("tr", "ro", "ko", "id", "multi"),
)
AI_CONFIG = request_object({
    "transcription": request_object({
        "keywords": STRINGS,
        "language": enum(*LANGUAGES),
        "profanity_filter": BOOLEAN,
    }),
    "summarization": request_object({
        "word_limit": Schema("integer", minimum=150, maximum=1000),
        "text_format": enum("plain_text", "markdown"),
        "summary_type": enum(*SUMMARY_TYPES),
    }),
})  # fmt: skip
_OFF = Schema("boolean", default=False)
_OFF_OR_NULL = Schema("boolean", nullable=True, default=False)
FIELDS = {
    "title": Schema("string", nullable=True),
    "record_on_start": _OFF_OR_NULL,
    "live_stream_on_start": _OFF_OR_NULL,
    "persist_chat": _OFF,
    "summarize_on_end": _OFF,
    "transcribe_on_end": _OFF,
    "session_keep_alive_time_in_secs": Schema("number", minimum=60, maximum=600, default=60),
    "recording_config": RECORDING_CONFIG,
    "ai_config": AI_CONFIG,
}
# title, record_on_start and live_stream_on_start may be null in POST and PUT, but not in PATCH
CHANGES = {**{name: schema._replace(nullable=False) for name, schema in FIELDS.items()}, "status": STATUS}


def without_secrets(storage_config: dict[str, Any]) -> dict[str, Any]:
    """Return the properties that can be read again. Keys and passwords, whatever their names, can only be written."""
    return {name: value for name, value in storage_config.items() if name in READABLE_STORAGE}


_ALWAYS = {"id": STRING, "title": nullable(STRING), "status": STATUS, "created_at": DATE_TIME, "updated_at": DATE_TIME}
_RESPONSE = {name: schema._replace(nullable=False, required=False, default=None) for name, schema in FIELDS.items()}
MEETING = response_object(_ALWAYS, {name: schema for name, schema in _RESPONSE.items() if name != "title"})
MEETING_IN_LIST = response_object(
    _ALWAYS, {name: schema for name, schema in _RESPONSE.items() if name not in ("title", "ai_config")}
)


def serialize(meeting: Row, *, in_list: bool = False) -> dict[str, Any]:
    settings = {name: value for name, value in json.loads(meeting["fields"]).items() if value is not None}
    recording = settings.get("recording_config", {})
    if recording.get("storage_config"):
        settings["recording_config"] = {**recording, "storage_config": without_secrets(recording["storage_config"])}
    if in_list:
        settings.pop("ai_config", None)  # not in lists
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
    query={**PAGE_QUERY, "start_time": DATE_TIME, "end_time": DATE_TIME, "search": STRING, "status": STATUS},
    response=page(MEETING_IN_LIST),
)
def list_meetings(context: Context) -> JSON:
    sql, values = apply_filters(
        context, "select * from meetings where app_id = ?",
        start_time="created_at >= ?", end_time="created_at <= ?", status="status = ?",
    )  # fmt: skip
    if search := context.query.get("search"):
        sql += f" and (id = ? or {contains('title')})"
        values += [search, search]
    return list_response(context, sql, values, "created_at desc, number desc", lambda row: serialize(row, in_list=True))


@API.add("POST", "/{app_id}/meetings", body=FIELDS, status=201, response=success(MEETING))
def create_meeting(context: Context) -> JSON:
    given = with_defaults(FIELDS, context.body)
    row = {
        "id": context.world.new_id(),
        "app_id": context.app_id,
        "title": given.pop("title"),
        "status": "ACTIVE",
        "fields": json.dumps(given),
        "created_at": context.now,
        "updated_at": context.now,
    }
    context.store.insert("meetings", row)
    return ok(serialize(row))


@API.add("GET", "/{app_id}/meetings/{meeting_id}", response=success(MEETING))
def get_meeting(context: Context) -> JSON:
    return ok(serialize(context.meeting()))


@API.add("PATCH", "/{app_id}/meetings/{meeting_id}", body=CHANGES, response=success(MEETING))
def update_meeting(context: Context) -> JSON:
    meeting = context.meeting()
    return _update(context, meeting, {**json.loads(meeting["fields"]), **context.body})


@API.add("PUT", "/{app_id}/meetings/{meeting_id}", body=FIELDS, response=success(MEETING))
def replace_meeting(context: Context) -> JSON:
    return _update(context, context.meeting(), with_defaults(FIELDS, context.body))


def _update(context: Context, meeting: Row, given: dict[str, Any]) -> JSON:
    changes: Row = {name: given.pop(name) for name in ("title", "status") if name in given}
    changes |= {"fields": json.dumps(given), "updated_at": context.now}
    context.store.update("meetings", meeting["id"], changes)
    return ok(serialize({**meeting, **changes}))
