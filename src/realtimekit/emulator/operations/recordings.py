"""Recordings: of a whole meeting in one file, or of each participant's audio."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.context import Context, apply_filters, contains, list_response, or_404, sort_direction
from realtimekit.emulator.http import HTTPError, bad_request, ok
from realtimekit.emulator.operations.meetings import (
    AUDIO_CONFIG,
    BUCKET_CONFIG,
    MEETING_IN_LIST,
    STORAGE_CONFIG,
    VIDEO_CONFIG,
)
from realtimekit.emulator.operations.meetings import serialize as serialize_meeting
from realtimekit.emulator.queries import get_live_session, get_meeting
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    ANY,
    BOOLEAN,
    DATE_TIME,
    INTEGER,
    PAGE_QUERY,
    SORT_ORDER,
    STRING,
    STRINGS,
    URI,
    Schema,
    enum,
    enum_array,
    map_of,
    nullable,
    page,
    request_object,
    required,
    response_object,
    success,
)
from realtimekit.emulator.services.recorder import READABLE_STORAGE, composite_settings
from realtimekit.emulator.services.serializers import serialize_recording

if TYPE_CHECKING:
    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row

_ALL = "/{app_id}/recordings"
_ONE = _ALL + "/{recording_id}"
_STATUSES = ("INVOKED", "RECORDING", "UPLOADING", "UPLOADED", "ERRORED", "PAUSED")
_MAX_USERS = 100  # https://developers.cloudflare.com/realtime/realtimekit/recording-guide/track-recording

BODY = {
    "meeting_id": required(STRING),
    "max_seconds": Schema("integer", minimum=60, maximum=86400),
    "file_name_prefix": STRING,
    "url": URI,
    "allow_multiple_recordings": BOOLEAN,
    "audio_config": AUDIO_CONFIG,
    "video_config": VIDEO_CONFIG,
    "storage_config": STORAGE_CONFIG,
    "realtimekit_bucket_config": BUCKET_CONFIG,
    "rtmp_out_config": request_object({"rtmp_url": URI}),
    "interactive_config": request_object({"type": enum("ID3")}),
}
LAYER = request_object({"file_name_prefix": Schema("string", pattern=r"[-\w\s]+"), "media_kind": enum("audio")})

_RECORDING = {
    "id": STRING,
    "output_file_name": STRING,
    "status": enum(*_STATUSES),
    "session_id": nullable(STRING),
    "invoked_time": DATE_TIME,
    "started_time": nullable(DATE_TIME),
    "stopped_time": nullable(DATE_TIME),
    "download_url": nullable(ANY),  # a URI; of a track recording, a list of layers
    "download_url_expiry": nullable(DATE_TIME),
    "audio_download_url": nullable(URI),
    "file_size": nullable(INTEGER),
}
_DURATION = {"recording_duration": INTEGER}  # in seconds; from its start on
_CALLER = response_object({"type": enum("ORGANIZATION", "USER")})
_STORAGE_PROPERTIES = {name: STORAGE_CONFIG.properties[name] for name in READABLE_STORAGE}
_STORAGE = {"storage_config": response_object({"id": STRING}, _STORAGE_PROPERTIES)}  # where one was given
_REASONS = {
    "start_reason": response_object({"reason": enum("API_CALL", "RECORD_ON_START")}, {"caller": _CALLER}),
    "stop_reason": response_object(
        {"reason": enum("API_CALL", "INTERNAL_ERROR", "ALL_PEERS_LEFT")}, {"caller": _CALLER}
    ),
}
RECORDING = response_object(_RECORDING, _DURATION)
RECORDING_IN_LIST = response_object({**_RECORDING, "meeting": MEETING_IN_LIST}, {**_DURATION, **_STORAGE})
RECORDING_DETAIL = response_object(_RECORDING, {**_DURATION, **_STORAGE, **_REASONS})


def serialize(context: Context, recording: Row) -> dict[str, Any]:
    return serialize_recording(recording, context.now, context.services.files, context.origin)


def _storage(recording: Row) -> dict[str, Any]:
    settings = json.loads(recording["fields"])
    return {"storage_config": settings["storage_config"]} if "storage_config" in settings else {}


def serialize_in_list(context: Context, recording: Row) -> dict[str, Any]:
    meeting = serialize_meeting(get_meeting(context.store, recording["meeting_id"]), in_list=True)
    return {**serialize(context, recording), "meeting": meeting, **_storage(recording)}


def serialize_detail(context: Context, recording: Row) -> dict[str, Any]:
    reasons = {
        # the caller is only there for API calls, which the organization makes
        name: {"reason": why, **({"caller": {"type": "ORGANIZATION"}} if why == "API_CALL" else {})}
        for name in ("start_reason", "stop_reason")
        if (why := recording[name])
    }
    return {**serialize(context, recording), **_storage(recording), **reasons}


@API.add(
    "GET",
    _ALL,
    query={
        **PAGE_QUERY,
        "meeting_id": STRING,
        "expired": BOOLEAN,
        "search": STRING,
        "sort_by": enum("invokedTime"),
        "sort_order": SORT_ORDER,
        "start_time": DATE_TIME,
        "end_time": DATE_TIME,
        "status": enum_array(*_STATUSES),
    },
    response=page(RECORDING_IN_LIST),
)
def list_recordings(context: Context) -> JSON:
    sql, values = apply_filters(
        context, "select * from recordings where app_id = ?",
        meeting_id="meeting_id = ?", start_time="invoked_time >= ?", end_time="invoked_time <= ?",
    )  # fmt: skip
    if statuses := set(context.query.get("status", ())):  # however often each is named
        sql, values = f"{sql} and status in ({', '.join('?' * len(statuses))})", [*values, *statuses]
    if "expired" in context.query:
        sql += " and expires_at <= ?" if context.query["expired"] else " and (expires_at is null or expires_at > ?)"
        values.append(context.now)
    if search := context.query.get("search"):
        meetings = f"select id from meetings where id = ? or {contains('title')}"
        sql, values = f"{sql} and meeting_id in ({meetings})", [*values, search, search]
    order = f"invoked_time {sort_direction(context)}, number {sort_direction(context)}"
    return list_response(context, sql, values, order, lambda row: serialize_in_list(context, row))


def _meeting_to_record(context: Context) -> Row:
    sql = "select * from meetings where id = ? and app_id = ?"
    return or_404(context.store.row(sql, context.body["meeting_id"], context.app_id))


@API.add(
    "POST",
    _ALL,
    body=BODY,
    response=success(RECORDING_DETAIL),
    errors={409: "the meeting is already being recorded, and `allow_multiple_recordings` is not set"},
)
def start_recording(context: Context) -> JSON:
    meeting = _meeting_to_record(context)
    running = context.services.recorder.active_composites(meeting["id"])
    if running and not context.body.get("allow_multiple_recordings"):
        # The rule is documented, the response is not.
        problem = f"meeting {meeting['id']} is already being recorded, by {running[0]['id']}"
        raise HTTPError(409, f'{problem}; "allow_multiple_recordings" allows for more')
    settings = composite_settings(context.body, json.loads(meeting["fields"]), context.world.new_id)
    return ok(serialize_detail(context, context.services.recorder.invoke(meeting, settings, "API_CALL", context.now)))


@API.add(
    "POST",
    _ALL + "/track",
    body={"meeting_id": required(STRING), "layers": map_of(LAYER), "user_ids": STRINGS},
    response=success(response_object({"recording": RECORDING})),
)
def start_track_recording(context: Context) -> JSON:
    meeting = _meeting_to_record(context)
    if len(context.body.get("user_ids", [])) > _MAX_USERS:
        raise bad_request(f'"user_ids" must contain less than or equal to {_MAX_USERS} items')
    get_live_session(context.store, meeting["id"])
    settings = {"layers": context.body.get("layers") or {"default": {}}}
    if "user_ids" in context.body:
        settings["user_ids"] = context.body["user_ids"]
    recording = context.services.recorder.invoke(meeting, settings, "API_CALL", context.now)
    return ok({"recording": serialize(context, recording)})


# Two segments after `recordings`, so it cannot be mistaken for the id of a recording.
@API.add("GET", _ALL + "/active-recording/{meeting_id}", response=success(RECORDING))
def get_active_recording(context: Context) -> JSON:
    running = context.services.recorder.active(context.meeting()["id"])
    if not running:
        raise HTTPError(404, f"No active recording found for meeting_id {context.path_params['meeting_id']}")
    return ok(serialize(context, running[-1]))  # the newest, where there are several


def _recording(context: Context) -> Row:
    sql = "select * from recordings where id = ? and app_id = ?"
    return or_404(context.store.row(sql, context.path_params["recording_id"], context.app_id))


@API.add("GET", _ONE, response=success(RECORDING_DETAIL))
def get_recording(context: Context) -> JSON:
    return ok(serialize_detail(context, _recording(context)))


@API.add(
    "PUT",
    _ONE,
    body={"action": required(enum("stop", "pause", "resume"))},
    response=success(RECORDING_DETAIL),
    errors={409: "the recording is not in a status for the action"},
)
def change_recording(context: Context) -> JSON:
    recording = context.services.recorder.act(_recording(context), context.body["action"], context.now)
    return ok(serialize_detail(context, recording))
