"""Sessions, their participants, and their artifacts."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.emulator import quality
from realtimekit.emulator.clock import minutes_between, parse_time
from realtimekit.emulator.context import Context, Page, apply_filters, contains, or_404, paginate, sort_direction
from realtimekit.emulator.http import HTTPError, ok
from realtimekit.emulator.operations.livestreams import LIVESTREAM_SESSION
from realtimekit.emulator.operations.livestreams import serialize_session as serialize_livestream_session
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    ANY,
    BOOLEAN,
    DATE_TIME,
    INTEGER,
    NUMBER,
    PAGE_QUERY,
    SORT_ORDER,
    STRING,
    URI,
    Schema,
    array_of,
    enum,
    enum_array,
    nested_page,
    nullable,
    page,
    response_object,
    success,
)
from realtimekit.emulator.session_pages import page_by_time

if TYPE_CHECKING:
    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row

_ALL = "/{app_id}/sessions"
_ONE = _ALL + "/{session_id}"

_SESSION = {
    "id": STRING,
    "associated_id": STRING,
    "meeting_display_name": STRING,
    "type": enum("meeting", "livestream", "participant"),
    "status": enum("LIVE", "ENDED"),
    "live_participants": INTEGER,
    "max_concurrent_participants": INTEGER,
    "minutes_consumed": NUMBER,
    "organization_id": STRING,
    "started_at": DATE_TIME,
    "ended_at": nullable(DATE_TIME),
    "created_at": DATE_TIME,
    "updated_at": DATE_TIME,
}
SESSION = response_object(_SESSION)
SESSION_WITH_ROOMS = response_object(_SESSION, {"breakout_rooms": array_of(ANY)})
PEER_EVENT = response_object({
    "id": STRING,
    "event_name": enum("PEER_CREATED", "PEER_JOINING", "PEER_LEAVING"),
    "peer_id": STRING,
    "session_id": STRING,
    "participant_id": STRING,
    "preset_view_type": nullable(enum("GROUP_CALL", "WEBINAR", "AUDIO_ROOM", "LIVESTREAM", "CHAT")),
    "created_at": DATE_TIME,
    "updated_at": DATE_TIME,
})  # fmt: skip
_PEER = {
    "id": STRING,
    "user_id": STRING,
    "custom_participant_id": STRING,
    "display_name": nullable(STRING),
    "joined_at": DATE_TIME,
    "left_at": nullable(DATE_TIME),
    "duration": NUMBER,
    "created_at": DATE_TIME,
    "updated_at": DATE_TIME,
}
_EVENTS = {"peer_events": array_of(PEER_EVENT)}
PEER = response_object({**_PEER, "preset_name": STRING}, _EVENTS)
# The reports are large; `quality` describes them.
PEER_WITH_REPORT = response_object(
    {**_PEER, "role": STRING, "session_id": STRING, "peer_stats": ANY, "peer_report": ANY},
    {**_EVENTS, "quality_stats": ANY},
)


def serialize(context: Context, session: Row) -> dict[str, Any]:
    consumed = session["minutes_consumed"]
    if session["status"] == "LIVE":
        present = "select joined_at from peers where session_id = ? and left_at is null"
        consumed += sum(
            minutes_between(peer["joined_at"], context.now) for peer in context.store.rows(present, session["id"])
        )
    return {
        "id": session["id"],
        "associated_id": session["meeting_id"],
        "meeting_display_name": session["title"] or "",
        "type": "meeting",
        "status": session["status"],
        "live_participants": session["live_participants"],
        "max_concurrent_participants": session["max_concurrent_participants"],
        "minutes_consumed": round(consumed, 4),
        "organization_id": session["app_id"],
        "started_at": session["started_at"],
        "ended_at": session["ended_at"],
        "created_at": session["created_at"],
        "updated_at": session["updated_at"],
    }


# The parameters with which a page costs the same however many sessions there are.
_BY_TIME = {*PAGE_QUERY, "sort_by", "sort_order", "status"}


@API.add(
    "GET",
    _ALL,
    query={
        **PAGE_QUERY,
        "sort_by": enum("minutesConsumed", "createdAt"),
        "sort_order": SORT_ORDER,
        "start_time": DATE_TIME,
        "end_time": DATE_TIME,
        "participants": Schema("string", pattern=r"\d{1,9}:\d{1,9}"),
        "status": enum("LIVE", "ENDED"),
        "search": STRING,
        "associated_id": STRING,
    },
    response=page(SESSION, "sessions"),
)
def list_sessions(context: Context) -> JSON:
    if context.query.keys() <= _BY_TIME and context.query.get("sort_by") != "minutesConsumed":
        part, status = Page.of(context.query), context.query.get("status")
        direction = sort_direction(context)
        rows, total = page_by_time(context.store, context.app_id, status, part.start, part.size, direction=direction)
        return _sessions(context, rows, part.paging(len(rows), total))
    sql, values = apply_filters(
        context, "select * from sessions where app_id = ?",
        start_time="created_at >= ?", end_time="created_at <= ?", status="status = ?", associated_id="meeting_id = ?",
    )  # fmt: skip
    if search := context.query.get("search"):
        sql += f" and (id = ? or meeting_id = ? or {contains('title')})"
        values += [search] * 3
    if "participants" in context.query:
        least, most = context.query["participants"].split(":")
        participants = "select count(distinct custom_participant_id) from peers where session_id = sessions.id"
        sql += f" and ({participants}) between ? and ?"
        values += [int(least), int(most)]
    column = _consumed(context.now) if context.query.get("sort_by") == "minutesConsumed" else "created_at"
    direction = sort_direction(context)
    rows, paging = paginate(context, sql, values, f"{column} {direction}, number {direction}")
    return _sessions(context, rows, paging)


def _sessions(context: Context, rows: list[Row], paging: dict[str, int]) -> JSON:
    return ok({"sessions": [serialize(context, row) for row in rows]}, paging=paging)


def _consumed(now: str) -> str:
    """Return SQL for the minutes consumed up to now: those of peers who have left, and of those still there."""
    present = "select sum(julianday('{now}') - julianday(joined_at)) * 1440 from peers".replace("{now}", now)
    return f"minutes_consumed + coalesce(({present} where session_id = sessions.id and left_at is null), 0)"


@API.add("GET", _ONE, query={"include_breakout_rooms": BOOLEAN}, response=success(SESSION_WITH_ROOMS))
def get_session(context: Context) -> JSON:
    rooms: dict[str, Any] = {"breakout_rooms": []} if context.query.get("include_breakout_rooms") else {}
    return ok({**serialize(context, context.session()), **rooms})


# --- participants -----------------------------------------------------------------------------------------------------


def serialize_peer(context: Context, peer: Row, *, events: bool = False) -> dict[str, Any]:
    return {
        "id": peer["id"],
        "user_id": peer["participant_id"],
        "custom_participant_id": peer["custom_participant_id"],
        "display_name": peer["name"],
        "preset_name": peer["preset_name"],
        "joined_at": peer["joined_at"],
        "left_at": peer["left_at"],
        "duration": minutes_between(peer["joined_at"], peer["left_at"] or context.now),
        "created_at": peer["created_at"],
        "updated_at": peer["updated_at"],
        **({"peer_events": _peer_events(context, peer)} if events else {}),
    }


def _peer_events(context: Context, peer: Row) -> list[dict[str, Any]]:
    sql = "select json_extract(fields, '$.config.view_type') as view_type from presets where name = ? and app_id = ?"
    preset = context.store.row(sql, peer["preset_name"], context.app_id)
    times = {"PEER_CREATED": peer["created_at"], "PEER_JOINING": peer["joined_at"], "PEER_LEAVING": peer["left_at"]}
    return [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{peer['id']}/{name}")),
            "peer_id": peer["id"],
            "event_name": name,
            "session_id": peer["session_id"],
            "participant_id": peer["participant_id"],
            "preset_view_type": preset and preset["view_type"],
            "created_at": at,
            "updated_at": at,
        }
        for name, at in times.items()
        if at is not None
    ]


@API.add(
    "GET",
    _ONE + "/participants",
    query={
        **PAGE_QUERY,
        "search": STRING,
        "sort_order": SORT_ORDER,
        "sort_by": enum("joinedAt", "duration"),
        "include_peer_events": BOOLEAN,
        "view": enum("raw", "consolidated"),
    },
    response=nested_page(PEER, "participants"),
)
def list_session_participants(context: Context) -> JSON:
    consolidated = context.query.get("view") == "consolidated"
    if consolidated:
        # One row for each participant, from first joining to last leaving. What else is merged is not documented.
        sql = (
            "select min(number) as number, min(id) as id, participant_id, custom_participant_id, name, preset_name,"
            " session_id, min(joined_at) as joined_at,"
            " case when count(*) = count(left_at) then max(left_at) end as left_at,"
            " min(created_at) as created_at, max(updated_at) as updated_at"
            " from peers where session_id = ?"
        )
    else:
        sql = "select * from peers where session_id = ?"
    values: list[Any] = [context.session()["id"]]
    if search := context.query.get("search"):
        sql += f" and ({contains('name')} or custom_participant_id = ? or participant_id = ? or id = ?)"
        values += [search] * 4
    if consolidated:
        sql += " group by custom_participant_id"
    duration = f"julianday(coalesce(left_at, '{context.now}')) - julianday(joined_at)"
    sql = f"select * from ({sql})"
    column = duration if context.query.get("sort_by") == "duration" else "joined_at"
    rows, paging = paginate(
        context, sql, values, f"{column} {sort_direction(context, 'ASC')}, number {sort_direction(context, 'ASC')}"
    )
    events = bool(context.query.get("include_peer_events"))
    return ok({"participants": [serialize_peer(context, row, events=events) for row in rows], "paging": paging})


@API.add(
    "GET",
    _ONE + "/participants/{participant_id}",
    query={"include_peer_events": BOOLEAN},
    response=success(response_object({"participant": PEER})),
)
def get_session_participant(context: Context) -> JSON:
    sql = "select * from peers where session_id = ? and id = ?"
    peer = or_404(context.store.row(sql, context.session()["id"], context.path_params["participant_id"]))
    return ok({"participant": serialize_peer(context, peer, events=bool(context.query.get("include_peer_events")))})


REPORT_PARTS = ("device_info", "ip_information", "precall_network_information", "events", "quality_stats")


@API.add(
    "GET",
    _ALL + "/peer-report/{peer_id}",
    query={"filters": enum_array(*REPORT_PARTS), "include_peer_events": BOOLEAN},
    response=success(response_object({"participant": PEER_WITH_REPORT})),
)
def get_peer_report(context: Context) -> JSON:
    sql = "select peers.* from peers join sessions on sessions.id = session_id where peers.id = ? and app_id = ?"
    peer = or_404(context.store.row(sql, context.path_params["peer_id"], context.app_id))
    participant = serialize_peer(context, peer, events=bool(context.query.get("include_peer_events")))
    participant["role"] = participant.pop("preset_name")
    participant["session_id"] = peer["session_id"]
    leg = call_leg(context, peer)
    participant |= {
        "peer_stats": quality.peer_stats(leg),
        "quality_stats": quality.quality_stats(leg),
        "peer_report": quality.peer_report(leg),
    }
    return ok({"participant": quality.filter_parts(participant, context.query.get("filters", []))})


def call_leg(context: Context, peer: Row) -> quality.CallLeg:
    """Return the stay of a peer, from which the quality report is generated."""
    session = or_404(context.store.row("select * from sessions where id = ?", peer["session_id"]))
    start, mine = parse_time(session["started_at"]), "select * from speech where peer_id = ?"
    others = context.store.rows("select * from peers where session_id = ? and id <> ?", peer["session_id"], peer["id"])
    return quality.CallLeg(
        peer_id=peer["id"],
        user_id=peer["participant_id"],
        session_id=peer["session_id"],
        display_name=peer["name"] or "",
        custom_participant_id=peer["custom_participant_id"],
        meeting_id=session["meeting_id"],
        joined_at=parse_time(peer["joined_at"]),
        left_at=parse_time(peer["left_at"] or context.now),
        others=[
            (other["id"], parse_time(other["joined_at"]), parse_time(other["left_at"] or context.now))
            for other in others
        ],
        spoke=[
            (start + timedelta(milliseconds=row["start_ms"]), start + timedelta(milliseconds=row["end_ms"]))
            for row in context.store.rows(mine, peer["id"])
        ],
    )


# --- artifacts --------------------------------------------------------------------------------------------------------


def _download(context: Context, name: str, missing: str = "Error: resource not found") -> tuple[str, str]:
    """Return a signed URL for a file of the session, and when it expires."""
    url = context.services.files.signed_url(context.origin, context.session()["id"], name)
    if url is None:
        raise HTTPError(404, missing)
    return url


@API.add(
    "GET",
    _ONE + "/chat",
    response=success(response_object({"chat_download_url": URI, "chat_download_url_expiry": DATE_TIME})),
)
def get_chat(context: Context) -> JSON:
    url, expiry = _download(context, "chat.csv", "No chat dump found for this session!")
    return ok({"chat_download_url": url, "chat_download_url_expiry": expiry})


@API.add(
    "GET",
    _ONE + "/transcript",
    query={"format": enum("SRT", "VTT", "JSON", "CSV")},
    response=success(
        response_object(
            {"sessionId": STRING, "transcript_download_url": URI, "transcript_download_url_expiry": DATE_TIME}
        )
    ),
)
def get_transcript(context: Context) -> JSON:
    url, expiry = _download(context, f"transcript.{context.query.get('format', 'CSV').lower()}")
    return ok({
        "sessionId": context.path_params["session_id"],
        "transcript_download_url": url,
        "transcript_download_url_expiry": expiry,
    })  # fmt: skip


@API.add(
    "GET",
    _ONE + "/summary",
    response=success(
        response_object({"sessionId": STRING, "summaryDownloadUrl": URI, "summaryDownloadUrlExpiry": DATE_TIME})
    ),
)
def get_summary(context: Context) -> JSON:
    url, expiry = _download(context, "summary.md")
    return ok(
        {"sessionId": context.path_params["session_id"], "summaryDownloadUrl": url, "summaryDownloadUrlExpiry": expiry}
    )


@API.add("POST", _ONE + "/summary", response=success(response_object({"session_id": STRING, "status": STRING})))
def generate_summary(context: Context) -> JSON:
    session = context.session()
    _download(context, "transcript.csv")  # a summary needs a transcript
    context.services.artifacts.schedule_summary(session, context.now)
    return ok({"session_id": session["id"], "status": "INVOKED"})  # which values the API uses here is not documented


@API.add("GET", _ONE + "/livestream-sessions", query=PAGE_QUERY, response=nested_page(LIVESTREAM_SESSION, "data"))
def list_livestream_sessions(context: Context) -> JSON:
    sql = "select * from livestream_sessions where session_id = ?"
    rows, paging = paginate(context, sql, [context.session()["id"]], "created_at, number")
    return ok({"data": [serialize_livestream_session(context, row) for row in rows], "paging": paging})
