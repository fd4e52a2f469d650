"""Livestreams, and their sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import parse_time
from realtimekit.emulator.context import Context, apply_filters, or_404, paginate
from realtimekit.emulator.http import HTTPError, ok
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    BOOLEAN,
    DATE_TIME,
    INTEGER,
    NUMBER,
    PAGE_QUERY,
    PAGING,
    STRING,
    URI,
    Schema,
    array_of,
    enum,
    nullable,
    page,
    request_object,
    response_object,
    success,
)
from realtimekit.emulator.services.serializers import serialize_livestream

if TYPE_CHECKING:
    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row

_ONE = "/{app_id}/livestreams/{livestream_id}"
_OF_MEETING = "/{app_id}/meetings/{meeting_id}"

STATUS = enum("LIVE", "IDLE", "ERRORED", "INVOKED")
_LIVESTREAM = {
    "id": STRING,
    "name": nullable(STRING),
    "status": STATUS,
    "meeting_id": nullable(STRING),
    "playback_url": URI,
    "disabled": BOOLEAN,
}
_INGEST = {"ingest_server": URI, "stream_key": STRING}
_TIMES = {"created_at": DATE_TIME, "updated_at": DATE_TIME}
LIVESTREAM = response_object({**_LIVESTREAM, **_INGEST, **_TIMES})
NEW_LIVESTREAM = response_object({**_LIVESTREAM, **_INGEST})
ACTIVE_LIVESTREAM = response_object({**_LIVESTREAM, **_TIMES})
STARTED_LIVESTREAM = response_object({"id": STRING, "status": STATUS, "playback_url": URI, **_INGEST})
LIVESTREAM_SESSION = response_object({
    "id": STRING,
    "livestream_id": STRING,
    "err_message": nullable(STRING),
    "ingest_seconds": NUMBER,
    "viewer_seconds": NUMBER,
    "invoked_time": nullable(DATE_TIME),
    "started_time": nullable(DATE_TIME),
    "stopped_time": nullable(DATE_TIME),
    "created_at": DATE_TIME,
    "updated_at": DATE_TIME,
})  # fmt: skip
_WITH_SESSIONS = response_object({
    "success": BOOLEAN,
    "data": response_object({"livestream": LIVESTREAM, "sessions": array_of(LIVESTREAM_SESSION)}),
    "paging": response_object(PAGING),
})  # fmt: skip
_NAME = nullable(Schema("string", pattern=r"[a-zA-Z0-9_-]*"))


def _serialize_part(livestream: Row, schema: Schema) -> dict[str, Any]:
    """Return the properties of a livestream that a shorter response has."""
    return {name: value for name, value in serialize_livestream(livestream).items() if name in schema.properties}


def serialize_session(context: Context, session: Row) -> dict[str, Any]:
    return {
        "id": session["id"],
        "livestream_id": session["livestream_id"],
        "err_message": session["err_message"],
        "ingest_seconds": round(ingest_seconds(session, context.now)),
        "viewer_seconds": session["viewer_seconds"],
        "invoked_time": session["invoked_time"],
        "started_time": session["started_time"],
        "stopped_time": session["stopped_time"],
        "created_at": session["created_at"],
        "updated_at": session["updated_at"],
    }


def ingest_seconds(session: Row, now: str) -> float:
    return (parse_time(session["stopped_time"] or now) - parse_time(session["started_time"])).total_seconds()


def _livestream(context: Context) -> Row:
    sql = "select * from livestreams where id = ? and app_id = ?"
    return or_404(context.store.row(sql, context.path_params["livestream_id"], context.app_id))


def _with_sessions(context: Context, livestream: Row) -> JSON:
    sql = "select * from livestream_sessions where livestream_id = ?"
    rows, paging = paginate(context, sql, [livestream["id"]], "created_at desc, number desc")
    sessions = [serialize_session(context, row) for row in rows]
    return ok({"livestream": serialize_livestream(livestream), "sessions": sessions}, paging=paging)


@API.add(
    "GET",
    "/{app_id}/livestreams",
    query={
        **PAGE_QUERY,
        "exclude_meetings": BOOLEAN,
        "status": STATUS,
        "start_time": DATE_TIME,
        "end_time": DATE_TIME,
        "sort_order": enum("ASC", "DSC"),  # DSC only here
    },
    response=page(LIVESTREAM),
)
def list_livestreams(context: Context) -> JSON:
    sql, values = apply_filters(
        context, "select * from livestreams where app_id = ?",
        start_time="created_at >= ?", end_time="created_at <= ?", status="status = ?",
    )  # fmt: skip
    if context.query.get("exclude_meetings"):
        sql += " and meeting_id is null"
    order = "asc" if context.query.get("sort_order") == "ASC" else "desc"
    rows, paging = paginate(context, sql, values, f"created_at {order}, number {order}")
    return ok([serialize_livestream(row) for row in rows], paging=paging)


@API.add("POST", "/{app_id}/livestreams", body={"name": _NAME}, status=201, response=success(NEW_LIVESTREAM))
def create_livestream(context: Context) -> JSON:
    livestream = context.services.livestreams.create(context.app_id, None, context.body.get("name"), context.now)
    return ok(_serialize_part(livestream, NEW_LIVESTREAM))


@API.add("GET", _ONE, query=PAGE_QUERY, response=_WITH_SESSIONS)
def get_livestream(context: Context) -> JSON:
    return _with_sessions(context, _livestream(context))


@API.add(
    "GET",
    _ONE + "/active-livestream-session",
    response=success(response_object({"livestream": LIVESTREAM, "session": LIVESTREAM_SESSION})),
)
def get_active_livestream_session(context: Context) -> JSON:
    livestream = _livestream(context)
    session = or_404(context.services.livestreams.active_session(livestream["id"]))
    return ok({"livestream": serialize_livestream(livestream), "session": serialize_session(context, session)})


# The API's own name of the parameter has hyphens, which no Python name can have.
@API.add("GET", "/{app_id}/livestreams/sessions/{livestream_session_id}", response=success(LIVESTREAM_SESSION))
def get_livestream_session(context: Context) -> JSON:
    sql = "select * from livestream_sessions where id = ? and app_id = ?"
    row = context.store.row(sql, context.path_params["livestream_session_id"], context.app_id)
    return ok(serialize_session(context, or_404(row)))


# --- the livestream of a meeting --------------------------------------------------------------------------------------


def _active(context: Context) -> Row:
    return or_404(context.services.livestreams.active(context.meeting()["id"]))


@API.add("GET", _OF_MEETING + "/active-livestream", response=success(ACTIVE_LIVESTREAM))
def get_active_livestream(context: Context) -> JSON:
    return ok(_serialize_part(_active(context), ACTIVE_LIVESTREAM))


@API.add("POST", _OF_MEETING + "/active-livestream/stop", response=success(response_object({"message": STRING})))
def stop_livestream(context: Context) -> JSON:
    context.services.livestreams.stop(_active(context), context.now)
    return ok({"message": "Stopped live stream successfully"})


@API.add("GET", _OF_MEETING + "/livestream", query=PAGE_QUERY, response=_WITH_SESSIONS)
def get_livestream_of_meeting(context: Context) -> JSON:
    return _with_sessions(context, or_404(context.services.livestreams.of_meeting(context.meeting()["id"])))


@API.add(
    "POST",
    _OF_MEETING + "/livestreams",
    body={"name": _NAME, "video_config": request_object({"height": INTEGER, "width": INTEGER})},
    status=201,
    response=success(STARTED_LIVESTREAM),
    errors={409: "the meeting is already being livestreamed"},
)
def start_livestream(context: Context) -> JSON:
    meeting = context.meeting()
    if context.services.livestreams.active(
        meeting["id"]
    ):  # how RealtimeKit responds to a second start is not documented
        raise HTTPError(409, f"meeting {meeting['id']} is already being livestreamed")
    livestream = context.services.livestreams.start(meeting, context.now, context.body.get("name"))
    return ok(_serialize_part(livestream, STARTED_LIVESTREAM))
