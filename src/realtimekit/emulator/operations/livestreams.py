"""Livestreams, and their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import moment
from realtimekit.emulator.operations import API, Call, found, page_of
from realtimekit.emulator.shapes import (
    FLAG,
    NUMBER,
    PAGES,
    PAGING,
    TEXT,
    TIME,
    URI,
    WHOLE,
    Shape,
    fields,
    item,
    list_of,
    one_of,
    or_null,
    page,
    record,
)
from realtimekit.emulator.wire import Refusal, ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer

_ONE = "/{app_id}/livestreams/{livestream_id}"
_OF_MEETING = "/{app_id}/meetings/{meeting_id}"

STATUS = one_of("LIVE", "IDLE", "ERRORED", "INVOKED")
_BARE = {
    "id": TEXT,
    "name": or_null(TEXT),
    "status": STATUS,
    "meeting_id": or_null(TEXT),
    "playback_url": URI,
    "disabled": FLAG,
}
_INGEST = {"ingest_server": URI, "stream_key": TEXT}
_TIMES = {"created_at": TIME, "updated_at": TIME}
LIVESTREAM = record({**_BARE, **_INGEST, **_TIMES})
NEW_LIVESTREAM = record({**_BARE, **_INGEST})
ACTIVE_LIVESTREAM = record({**_BARE, **_TIMES})
STARTED_LIVESTREAM = record({"id": TEXT, "status": STATUS, "playback_url": URI, **_INGEST})
LIVESTREAM_SESSION = record({
    "id": TEXT,
    "livestream_id": TEXT,
    "err_message": or_null(TEXT),
    "ingest_seconds": NUMBER,
    "viewer_seconds": NUMBER,
    "invoked_time": or_null(TIME),
    "started_time": or_null(TIME),
    "stopped_time": or_null(TIME),
    "created_at": TIME,
    "updated_at": TIME,
})  # fmt: skip
_WITH_SESSIONS = record({
    "success": FLAG,
    "data": record({"livestream": LIVESTREAM, "sessions": list_of(LIVESTREAM_SESSION)}),
    "paging": record(PAGING),
})  # fmt: skip
_NAME = or_null(Shape("text", pattern=r"[a-zA-Z0-9_-]*"))
# Nothing that an emulator hands out may lead to a real server: names below .localhost lead nowhere else (RFC 6761).
_INGEST_SERVER = "rtmps://live.emulator.localhost:443/live/"
_PLAYBACK = "https://playback.emulator.localhost"


def shown_livestream(livestream: Row) -> dict[str, Any]:
    return {
        "id": livestream["id"],
        "name": livestream["name"],
        "status": livestream["status"],
        "meeting_id": livestream["meeting_id"],
        "ingest_server": _INGEST_SERVER,
        "stream_key": livestream["stream_key"],
        "playback_url": f"{_PLAYBACK}/{livestream['playback_id']}/manifest/video.m3u8",
        "disabled": False,
        "created_at": livestream["created_at"],
        "updated_at": livestream["updated_at"],
    }


def _part(livestream: Row, shape: Shape) -> dict[str, Any]:
    """As one of the shorter answers shows it."""
    return {name: value for name, value in shown_livestream(livestream).items() if name in shape.fields}


def shown(call: Call, broadcast: Row) -> dict[str, Any]:
    return {
        "id": broadcast["id"],
        "livestream_id": broadcast["livestream_id"],
        "err_message": broadcast["err_message"],
        "ingest_seconds": round(ingest_seconds(broadcast, call.now)),
        "viewer_seconds": broadcast["viewer_seconds"],
        "invoked_time": broadcast["invoked_time"],
        "started_time": broadcast["started_time"],
        "stopped_time": broadcast["stopped_time"],
        "created_at": broadcast["created_at"],
        "updated_at": broadcast["updated_at"],
    }


def ingest_seconds(broadcast: Row, now: str) -> float:
    return (moment(broadcast["stopped_time"] or now) - moment(broadcast["started_time"])).total_seconds()


def _livestream(call: Call) -> Row:
    sql = "select * from livestreams where id = ? and app_id = ?"
    return found(call.store.row(sql, call.ids["livestream_id"], call.ids["app_id"]))


def _with_sessions(call: Call, livestream: Row) -> Answer:
    sql = "select * from livestream_sessions where livestream_id = ?"
    rows, paging = page_of(call, sql, [livestream["id"]], "created_at desc, number desc")
    sessions = [shown(call, row) for row in rows]
    return ok({"livestream": shown_livestream(livestream), "sessions": sessions}, paging=paging)


@API.add(
    "GET",
    "/{app_id}/livestreams",
    query={
        **PAGES,
        "exclude_meetings": FLAG,
        "status": STATUS,
        "start_time": TIME,
        "end_time": TIME,
        "sort_order": one_of("ASC", "DSC"),  # DSC here alone
    },
    answer=page(LIVESTREAM),
)
def list_livestreams(call: Call) -> Answer:
    sql, values = "select * from livestreams where app_id = ?", [call.ids["app_id"]]
    for name, condition in (
        ("start_time", "created_at >= ?"),
        ("end_time", "created_at <= ?"),
        ("status", "status = ?"),
    ):
        if name in call.query:
            sql, values = f"{sql} and {condition}", [*values, call.query[name]]
    if call.query.get("exclude_meetings"):
        sql += " and meeting_id is null"
    order = "asc" if call.query.get("sort_order") == "ASC" else "desc"
    rows, paging = page_of(call, sql, values, f"created_at {order}, number {order}")
    return ok([shown_livestream(row) for row in rows], paging=paging)


@API.add("POST", "/{app_id}/livestreams", body={"name": _NAME}, status=201, answer=item(NEW_LIVESTREAM))
def create_livestream(call: Call) -> Answer:
    livestream = call.emulator.broadcasts.create(call.ids["app_id"], None, call.body.get("name"), call.now)
    return ok(_part(livestream, NEW_LIVESTREAM))


@API.add("GET", _ONE, query=PAGES, answer=_WITH_SESSIONS)
def get_livestream(call: Call) -> Answer:
    return _with_sessions(call, _livestream(call))


@API.add(
    "GET",
    _ONE + "/active-livestream-session",
    answer=item(record({"livestream": LIVESTREAM, "session": LIVESTREAM_SESSION})),
)
def get_active_livestream_session(call: Call) -> Answer:
    livestream = _livestream(call)
    session = found(call.emulator.broadcasts.session(livestream["id"]))
    return ok({"livestream": shown_livestream(livestream), "session": shown(call, session)})


# The API's own name for the parameter has hyphens, which no Python name has.
@API.add("GET", "/{app_id}/livestreams/sessions/{livestream_session_id}", answer=item(LIVESTREAM_SESSION))
def get_livestream_session(call: Call) -> Answer:
    sql = "select * from livestream_sessions where id = ? and app_id = ?"
    row = call.store.row(sql, call.ids["livestream_session_id"], call.ids["app_id"])
    return ok(shown(call, found(row)))


# --- those of a meeting -----------------------------------------------------------------------------------------------


def _active(call: Call) -> Row:
    return found(call.emulator.broadcasts.active(call.meeting()["id"]))


@API.add("GET", _OF_MEETING + "/active-livestream", answer=item(ACTIVE_LIVESTREAM))
def get_active_livestream(call: Call) -> Answer:
    return ok(_part(_active(call), ACTIVE_LIVESTREAM))


@API.add("POST", _OF_MEETING + "/active-livestream/stop", answer=item(record({"message": TEXT})))
def stop_livestream(call: Call) -> Answer:
    call.emulator.broadcasts.stop(_active(call), call.now)
    return ok({"message": "Stopped live stream successfully"})


@API.add("GET", _OF_MEETING + "/livestream", query=PAGES, answer=_WITH_SESSIONS)
def get_livestream_of_meeting(call: Call) -> Answer:
    return _with_sessions(call, found(call.emulator.broadcasts.of_meeting(call.meeting()["id"])))


@API.add(
    "POST",
    _OF_MEETING + "/livestreams",
    body={"name": _NAME, "video_config": fields({"height": WHOLE, "width": WHOLE})},
    status=201,
    answer=item(STARTED_LIVESTREAM),
    refuses={409: "the meeting is being livestreamed already"},
)
def start_livestream(call: Call) -> Answer:
    meeting = call.meeting()
    if call.emulator.broadcasts.active(meeting["id"]):  # what RealtimeKit answers to a second start is not documented
        raise Refusal(409, f"meeting {meeting['id']} is being livestreamed already")
    livestream = call.emulator.broadcasts.start(meeting, call.now, call.body.get("name"))
    return ok(_part(livestream, STARTED_LIVESTREAM))
