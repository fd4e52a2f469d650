"""Recordings: of a whole meeting in one file, or of each participant's sound."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import moment
from realtimekit.emulator.operations import API, Call, contains, direction, found, listed
from realtimekit.emulator.operations.meetings import (
    AUDIO_CONFIG,
    BUCKET_CONFIG,
    MEETING_IN_LIST,
    STORAGE_CONFIG,
    VIDEO_CONFIG,
)
from realtimekit.emulator.operations.meetings import shown as shown_meeting
from realtimekit.emulator.recorder import READABLE, composite, recorded
from realtimekit.emulator.shapes import (
    ANY,
    FLAG,
    ORDER,
    PAGES,
    TEXT,
    TEXTS,
    TIME,
    URI,
    WHOLE,
    Shape,
    fields,
    item,
    map_of,
    needed,
    one_of,
    or_null,
    page,
    record,
    several_of,
)
from realtimekit.emulator.wire import Refusal, bad_request, ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer

_ALL = "/{app_id}/recordings"
_ONE = _ALL + "/{recording_id}"
_STATUSES = ("INVOKED", "RECORDING", "UPLOADING", "UPLOADED", "ERRORED", "PAUSED")
_MOST_USERS = 100  # https://developers.cloudflare.com/realtime/realtimekit/recording-guide/track-recording

BODY = {
    "meeting_id": needed(TEXT),
    "max_seconds": Shape("integer", minimum=60, maximum=86400),
    "file_name_prefix": TEXT,
    "url": URI,
    "allow_multiple_recordings": FLAG,
    "audio_config": AUDIO_CONFIG,
    "video_config": VIDEO_CONFIG,
    "storage_config": STORAGE_CONFIG,
    "realtimekit_bucket_config": BUCKET_CONFIG,
    "rtmp_out_config": fields({"rtmp_url": URI}),
    "interactive_config": fields({"type": one_of("ID3")}),
}
LAYER = fields({"file_name_prefix": Shape("text", pattern=r"[-\w\s]+"), "media_kind": one_of("audio")})

_RECORDING = {
    "id": TEXT,
    "output_file_name": TEXT,
    "status": one_of(*_STATUSES),
    "session_id": or_null(TEXT),
    "invoked_time": TIME,
    "started_time": or_null(TIME),
    "stopped_time": or_null(TIME),
    "download_url": or_null(ANY),  # a URI; of a track recording, a list of layers
    "download_url_expiry": or_null(TIME),
    "audio_download_url": or_null(URI),
    "file_size": or_null(WHOLE),
}
_DURATION = {"recording_duration": WHOLE}  # in seconds; from its start on
_CALLER = record({"type": one_of("ORGANIZATION", "USER")})
_READABLE = {name: STORAGE_CONFIG.fields[name] for name in READABLE}
_STORAGE = {"storage_config": record({"id": TEXT}, _READABLE)}  # where one was given
_REASONS = {
    "start_reason": record({"reason": one_of("API_CALL", "RECORD_ON_START")}, {"caller": _CALLER}),
    "stop_reason": record({"reason": one_of("API_CALL", "INTERNAL_ERROR", "ALL_PEERS_LEFT")}, {"caller": _CALLER}),
}
RECORDING = record(_RECORDING, _DURATION)
RECORDING_IN_LIST = record({**_RECORDING, "meeting": MEETING_IN_LIST}, {**_DURATION, **_STORAGE})
RECORDING_ALONE = record(_RECORDING, {**_DURATION, **_STORAGE, **_REASONS})


def shown(call: Call, recording: Row) -> dict[str, Any]:
    return {
        "id": recording["id"],
        "output_file_name": recording["output_file_name"],
        "status": recording["status"],
        "session_id": recording["session_id"],
        "invoked_time": recording["invoked_time"],
        "started_time": recording["started_time"],
        "stopped_time": recording["stopped_time"],
        **_links(call, recording),
        "file_size": recording["file_size"],
        **({"recording_duration": int(recorded(recording, call.now))} if recording["started_time"] else {}),
    }


def _links(call: Call, recording: Row) -> dict[str, Any]:
    """Where its files are.

    When the seven days are over, the expiry says so and the links are dead: what the API shows then is not documented.
    """
    settings = json.loads(recording["fields"])
    if "files" not in settings and "tracks" not in settings:
        return {"download_url": None, "download_url_expiry": None, "audio_download_url": None}

    def link(name: str) -> str:
        expiry = moment(recording["expires_at"])
        return call.emulator.files.link_until(call.origin, recording["id"], name, expiry)

    links = {kind: link(name) for kind, name in settings.get("files", {}).items()}
    layers = [
        {"layer_name": layer, "download_urls": {name: {"download_url": link(name)} for name in names}}
        for layer, names in settings.get("tracks", {}).items()
    ]
    return {
        "download_url": layers if "tracks" in settings else links.get("video"),
        "download_url_expiry": recording["expires_at"],
        "audio_download_url": links.get("audio"),
    }


def _storage(recording: Row) -> dict[str, Any]:
    settings = json.loads(recording["fields"])
    return {"storage_config": settings["storage_config"]} if "storage_config" in settings else {}


def shown_in_list(call: Call, recording: Row) -> dict[str, Any]:
    meeting = shown_meeting(call.emulator.lifecycle.meeting(recording["meeting_id"]), alone=False)
    return {**shown(call, recording), "meeting": meeting, **_storage(recording)}


def shown_alone(call: Call, recording: Row) -> dict[str, Any]:
    reasons = {
        # who called is told of calls alone: this API is called by the organization
        name: {"reason": why, **({"caller": {"type": "ORGANIZATION"}} if why == "API_CALL" else {})}
        for name in ("start_reason", "stop_reason")
        if (why := recording[name])
    }
    return {**shown(call, recording), **_storage(recording), **reasons}


@API.add(
    "GET",
    _ALL,
    query={
        **PAGES,
        "meeting_id": TEXT,
        "expired": FLAG,
        "search": TEXT,
        "sort_by": one_of("invokedTime"),
        "sort_order": ORDER,
        "start_time": TIME,
        "end_time": TIME,
        "status": several_of(*_STATUSES),
    },
    answer=page(RECORDING_IN_LIST),
)
def list_recordings(call: Call) -> Answer:
    sql, values = "select * from recordings where app_id = ?", [call.ids["app_id"]]
    for name, condition in (
        ("meeting_id", "meeting_id = ?"),
        ("start_time", "invoked_time >= ?"),
        ("end_time", "invoked_time <= ?"),
    ):
        if name in call.query:
            sql, values = f"{sql} and {condition}", [*values, call.query[name]]
    if statuses := call.query.get("status"):
        sql, values = f"{sql} and status in ({', '.join('?' * len(statuses))})", [*values, *statuses]
    if "expired" in call.query:
        sql += " and expires_at <= ?" if call.query["expired"] else " and (expires_at is null or expires_at > ?)"
        values.append(call.now)
    if search := call.query.get("search"):
        meetings = "select id from meetings where id = ? or title like ? escape '\\'"
        sql, values = f"{sql} and meeting_id in ({meetings})", [*values, search, contains(search)]
    order = f"invoked_time {direction(call)}, number {direction(call)}"
    return listed(call, sql, values, order, lambda row: shown_in_list(call, row))


def _meeting_to_record(call: Call) -> Row:
    sql = "select * from meetings where id = ? and app_id = ?"
    return found(call.store.row(sql, call.body["meeting_id"], call.ids["app_id"]))


@API.add(
    "POST",
    _ALL,
    body=BODY,
    answer=item(RECORDING_ALONE),
    refuses={409: "the meeting is being recorded already, and `allow_multiple_recordings` is not set"},
)
def start_recording(call: Call) -> Answer:
    meeting = _meeting_to_record(call)
    running = call.emulator.recorder.active_composites(meeting["id"])
    if running and not call.body.get("allow_multiple_recordings"):
        # The rule is documented, the answer is not.
        problem = f"meeting {meeting['id']} is being recorded already, by {running[0]['id']}"
        raise Refusal(409, f'{problem}; "allow_multiple_recordings" allows for more')
    settings = composite(call.body, json.loads(meeting["fields"]), call.emulator.new_id)
    return ok(shown_alone(call, call.emulator.recorder.invoke(meeting, settings, "API_CALL", call.now)))


@API.add(
    "POST",
    _ALL + "/track",
    body={"meeting_id": needed(TEXT), "layers": map_of(LAYER), "user_ids": TEXTS},
    answer=item(record({"recording": RECORDING})),
)
def start_track_recording(call: Call) -> Answer:
    meeting = _meeting_to_record(call)
    if len(call.body.get("user_ids", [])) > _MOST_USERS:
        raise bad_request(f'"user_ids" must contain less than or equal to {_MOST_USERS} items')
    if call.emulator.lifecycle.live_session(meeting["id"]) is None:
        raise Refusal(404, f"No active session found for meeting_id {meeting['id']}")
    settings = {"layers": call.body.get("layers") or {"default": {}}}
    if "user_ids" in call.body:
        settings["user_ids"] = call.body["user_ids"]
    recording = call.emulator.recorder.invoke(meeting, settings, "API_CALL", call.now)
    return ok({"recording": shown(call, recording)})


# Two parts after `recordings`, so it cannot be taken for a recording's id.
@API.add("GET", _ALL + "/active-recording/{meeting_id}", answer=item(RECORDING))
def get_active_recording(call: Call) -> Answer:
    running = call.emulator.recorder.active(call.meeting()["id"])
    if not running:
        raise Refusal(404, f"No active recording found for meeting_id {call.ids['meeting_id']}")
    return ok(shown(call, running[-1]))  # the newest, where there are several


def _recording(call: Call) -> Row:
    sql = "select * from recordings where id = ? and app_id = ?"
    return found(call.store.row(sql, call.ids["recording_id"], call.ids["app_id"]))


@API.add("GET", _ONE, answer=item(RECORDING_ALONE))
def get_recording(call: Call) -> Answer:
    return ok(shown_alone(call, _recording(call)))


@API.add(
    "PUT",
    _ONE,
    body={"action": needed(one_of("stop", "pause", "resume"))},
    answer=item(RECORDING_ALONE),
    refuses={409: "the recording is not in a state for the action"},
)
def change_recording(call: Call) -> Answer:
    recording = call.emulator.recorder.act(_recording(call), call.body["action"], call.now)
    return ok(shown_alone(call, recording))
