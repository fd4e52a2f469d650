"""Sessions: what happened, who was there, and what it left behind."""

from __future__ import annotations

import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.emulator import quality
from realtimekit.emulator.clock import moment
from realtimekit.emulator.operations import API, Call, contains, direction, found, page_of
from realtimekit.emulator.operations.livestreams import LIVESTREAM_SESSION
from realtimekit.emulator.operations.livestreams import shown as shown_livestream_session
from realtimekit.emulator.shapes import (
    ANY,
    FLAG,
    NUMBER,
    ORDER,
    PAGES,
    TEXT,
    TIME,
    URI,
    WHOLE,
    Shape,
    item,
    list_of,
    one_of,
    or_null,
    page,
    page_inside,
    record,
    several_of,
)
from realtimekit.emulator.wire import Refusal, ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer

_ALL = "/{app_id}/sessions"
_ONE = _ALL + "/{session_id}"

_SESSION = {
    "id": TEXT,
    "associated_id": TEXT,
    "meeting_display_name": TEXT,
    "type": one_of("meeting", "livestream", "participant"),
    "status": one_of("LIVE", "ENDED"),
    "live_participants": WHOLE,
    "max_concurrent_participants": WHOLE,
    "minutes_consumed": NUMBER,
    "organization_id": TEXT,
    "started_at": TIME,
    "ended_at": or_null(TIME),
    "created_at": TIME,
    "updated_at": TIME,
}
SESSION = record(_SESSION)
SESSION_WITH_ROOMS = record(_SESSION, {"breakout_rooms": list_of(ANY)})
PEER_EVENT = record({
    "id": TEXT,
    "event_name": one_of("PEER_CREATED", "PEER_JOINING", "PEER_LEAVING"),
    "peer_id": TEXT,
    "session_id": TEXT,
    "participant_id": TEXT,
    "created_at": TIME,
    "updated_at": TIME,
})  # fmt: skip
_PEER = {
    "id": TEXT,
    "user_id": TEXT,
    "custom_participant_id": TEXT,
    "display_name": or_null(TEXT),
    "joined_at": TIME,
    "left_at": or_null(TIME),
    "duration": NUMBER,
    "created_at": TIME,
    "updated_at": TIME,
}
_EVENTS = {"peer_events": list_of(PEER_EVENT)}
PEER = record({**_PEER, "preset_name": TEXT}, _EVENTS)
# The reports are large, and described by their own package.
REPORTED_PEER = record(
    {**_PEER, "role": TEXT, "session_id": TEXT, "peer_stats": ANY, "peer_report": ANY},
    {**_EVENTS, "quality_stats": ANY},
)


def minutes(start: str, end: str) -> float:
    return round((moment(end) - moment(start)).total_seconds() / 60, 4)


def shown(call: Call, session: Row) -> dict[str, Any]:
    consumed = session["minutes_consumed"]
    if session["status"] == "LIVE":
        present = "select joined_at from peers where session_id = ? and left_at is null"
        consumed += sum(minutes(peer["joined_at"], call.now) for peer in call.store.rows(present, session["id"]))
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


@API.add(
    "GET",
    _ALL,
    query={
        **PAGES,
        "sort_by": one_of("minutesConsumed", "createdAt"),
        "sort_order": ORDER,
        "start_time": TIME,
        "end_time": TIME,
        "participants": Shape("text", pattern=r"\d{1,9}:\d{1,9}"),
        "status": one_of("LIVE", "ENDED"),
        "search": TEXT,
        "associated_id": TEXT,
    },
    answer=page(SESSION, "sessions"),
)
def list_sessions(call: Call) -> Answer:
    sql = "select * from sessions where app_id = ?"
    values: list[Any] = [call.ids["app_id"]]
    conditions = {
        "start_time": "created_at >= ?",
        "end_time": "created_at <= ?",
        "status": "status = ?",
        "associated_id": "meeting_id = ?",
    }
    for name, condition in conditions.items():
        if name in call.query:
            sql, values = f"{sql} and {condition}", [*values, call.query[name]]
    if search := call.query.get("search"):
        sql += " and (id = ? or meeting_id = ? or title like ? escape '\\')"
        values += [search, search, contains(search)]
    if "participants" in call.query:
        least, most = call.query["participants"].split(":")
        people = "select count(distinct custom_participant_id) from peers where session_id = sessions.id"
        sql += f" and ({people}) between ? and ?"
        values += [int(least), int(most)]
    column = _consumed(call.now) if call.query.get("sort_by") == "minutesConsumed" else "created_at"
    rows, paging = page_of(call, sql, values, f"{column} {direction(call)}, number {direction(call)}")
    return ok({"sessions": [shown(call, row) for row in rows]}, paging=paging)


def _consumed(now: str) -> str:
    """The minutes consumed up to now: those of who has left, and of who is still there."""
    present = "select sum(julianday('{now}') - julianday(joined_at)) * 1440 from peers".replace("{now}", now)
    return f"minutes_consumed + coalesce(({present} where session_id = sessions.id and left_at is null), 0)"


@API.add("GET", _ONE, query={"include_breakout_rooms": FLAG}, answer=item(SESSION_WITH_ROOMS))
def get_session(call: Call) -> Answer:
    rooms: dict[str, Any] = {"breakout_rooms": []} if call.query.get("include_breakout_rooms") else {}
    return ok({**shown(call, call.session()), **rooms})


# --- who was there ----------------------------------------------------------------------------------------------------


def shown_peer(call: Call, peer: Row, *, events: bool = False) -> dict[str, Any]:
    return {
        "id": peer["id"],
        "user_id": peer["participant_id"],
        "custom_participant_id": peer["custom_participant_id"],
        "display_name": peer["name"],
        "preset_name": peer["preset_name"],
        "joined_at": peer["joined_at"],
        "left_at": peer["left_at"],
        "duration": minutes(peer["joined_at"], peer["left_at"] or call.now),
        "created_at": peer["created_at"],
        "updated_at": peer["updated_at"],
        **({"peer_events": _peer_events(peer)} if events else {}),
    }


def _peer_events(peer: Row) -> list[dict[str, Any]]:
    happened = {"PEER_CREATED": peer["created_at"], "PEER_JOINING": peer["joined_at"], "PEER_LEAVING": peer["left_at"]}
    return [
        {
            "id": str(uuid.uuid5(uuid.NAMESPACE_URL, f"{peer['id']}/{name}")),
            "peer_id": peer["id"],
            "event_name": name,
            "session_id": peer["session_id"],
            "participant_id": peer["participant_id"],
            "created_at": at,
            "updated_at": at,
        }
        for name, at in happened.items()
        if at is not None
    ]


@API.add(
    "GET",
    _ONE + "/participants",
    query={
        **PAGES,
        "search": TEXT,
        "sort_order": ORDER,
        "sort_by": one_of("joinedAt", "duration"),
        "include_peer_events": FLAG,
        "view": one_of("raw", "consolidated"),
    },
    answer=page_inside(PEER, "participants"),
)
def list_session_participants(call: Call) -> Answer:
    consolidated = call.query.get("view") == "consolidated"
    if consolidated:
        # One row a person: from their first coming to their last leaving. What else it merges is not documented.
        sql = (
            "select min(number) as number, min(id) as id, participant_id, custom_participant_id, name, preset_name,"
            " session_id, min(joined_at) as joined_at,"
            " case when count(*) = count(left_at) then max(left_at) end as left_at,"
            " min(created_at) as created_at, max(updated_at) as updated_at"
            " from peers where session_id = ?"
        )
    else:
        sql = "select * from peers where session_id = ?"
    values: list[Any] = [call.session()["id"]]
    if search := call.query.get("search"):
        sql += " and (name like ? escape '\\' or custom_participant_id = ? or participant_id = ? or id = ?)"
        values += [contains(search), search, search, search]
    if consolidated:
        sql += " group by custom_participant_id"
    stayed = f"julianday(coalesce(left_at, '{call.now}')) - julianday(joined_at)"
    sql = f"select * from ({sql})"  # noqa: S608 - our own sql
    column = stayed if call.query.get("sort_by") == "duration" else "joined_at"
    rows, paging = page_of(call, sql, values, f"{column} {direction(call, 'ASC')}, number {direction(call, 'ASC')}")
    events = bool(call.query.get("include_peer_events"))
    return ok({"participants": [shown_peer(call, row, events=events) for row in rows], "paging": paging})


@API.add(
    "GET",
    _ONE + "/participants/{participant_id}",
    query={"include_peer_events": FLAG},
    answer=item(record({"participant": PEER})),
)
def get_session_participant(call: Call) -> Answer:
    sql = "select * from peers where session_id = ? and id = ?"
    peer = found(call.store.row(sql, call.session()["id"], call.ids["participant_id"]))
    return ok({"participant": shown_peer(call, peer, events=bool(call.query.get("include_peer_events")))})


REPORT_PARTS = ("device_info", "ip_information", "precall_network_information", "events", "quality_stats")


@API.add(
    "GET",
    _ALL + "/peer-report/{peer_id}",
    query={"filters": several_of(*REPORT_PARTS), "include_peer_events": FLAG},
    answer=item(record({"participant": REPORTED_PEER})),
)
def get_peer_report(call: Call) -> Answer:
    sql = "select peers.* from peers join sessions on sessions.id = session_id where peers.id = ? and app_id = ?"
    peer = found(call.store.row(sql, call.ids["peer_id"], call.ids["app_id"]))
    person = shown_peer(call, peer, events=bool(call.query.get("include_peer_events")))
    person["role"] = person.pop("preset_name")
    person["session_id"] = peer["session_id"]
    report = quality_of(call, peer)
    person |= {
        "peer_stats": quality.peer_stats(report),
        "quality_stats": quality.quality_stats(report),
        "peer_report": quality.peer_report(report),
    }
    return ok({"participant": quality.only(person, call.query.get("filters", []))})


def quality_of(call: Call, peer: Row) -> quality.Call:
    """What the quality of a peer's call is made from."""
    session = found(call.store.row("select * from sessions where id = ?", peer["session_id"]))
    start, mine = moment(session["started_at"]), "select * from speech where peer_id = ?"
    others = call.store.rows("select * from peers where session_id = ? and id <> ?", peer["session_id"], peer["id"])
    return quality.Call(
        peer_id=peer["id"],
        user_id=peer["participant_id"],
        session_id=peer["session_id"],
        display_name=peer["name"] or "",
        custom_participant_id=peer["custom_participant_id"],
        meeting_id=session["meeting_id"],
        joined_at=moment(peer["joined_at"]),
        left_at=moment(peer["left_at"] or call.now),
        others=[(other["id"], moment(other["joined_at"]), moment(other["left_at"] or call.now)) for other in others],
        spoke=[
            (start + timedelta(milliseconds=row["start_ms"]), start + timedelta(milliseconds=row["end_ms"]))
            for row in call.store.rows(mine, peer["id"])
        ],
    )


# --- what it left behind ----------------------------------------------------------------------------------------------


def _download(call: Call, name: str, missing: str = "Error: resource not found") -> tuple[str, str]:
    """A signed URL for a file of the session, and when it expires."""
    url = call.emulator.files.link(call.origin, call.session()["id"], name)
    if url is None:
        raise Refusal(404, missing)
    return url


@API.add("GET", _ONE + "/chat", answer=item(record({"chat_download_url": URI, "chat_download_url_expiry": TIME})))
def get_chat(call: Call) -> Answer:
    url, expiry = _download(call, "chat.csv", "No chat dump found for this session!")
    return ok({"chat_download_url": url, "chat_download_url_expiry": expiry})


@API.add(
    "GET",
    _ONE + "/transcript",
    query={"format": one_of("SRT", "VTT", "JSON", "CSV")},
    answer=item(record({"sessionId": TEXT, "transcript_download_url": URI, "transcript_download_url_expiry": TIME})),
)
def get_transcript(call: Call) -> Answer:
    url, expiry = _download(call, f"transcript.{call.query.get('format', 'CSV').lower()}")
    return ok({
        "sessionId": call.ids["session_id"],
        "transcript_download_url": url,
        "transcript_download_url_expiry": expiry,
    })  # fmt: skip


@API.add(
    "GET",
    _ONE + "/summary",
    answer=item(record({"sessionId": TEXT, "summaryDownloadUrl": URI, "summaryDownloadUrlExpiry": TIME})),
)
def get_summary(call: Call) -> Answer:
    url, expiry = _download(call, "summary.md")
    return ok({"sessionId": call.ids["session_id"], "summaryDownloadUrl": url, "summaryDownloadUrlExpiry": expiry})


@API.add("POST", _ONE + "/summary", answer=item(record({"session_id": TEXT, "status": TEXT})))
def generate_summary(call: Call) -> Answer:
    session = call.session()
    _download(call, "transcript.csv")  # a summary needs a transcript
    call.emulator.files.plan_summary(session, call.now)
    return ok({"session_id": session["id"], "status": "INVOKED"})  # which words the API uses here is not documented


@API.add("GET", _ONE + "/livestream-sessions", query=PAGES, answer=page_inside(LIVESTREAM_SESSION, "data"))
def list_livestream_sessions(call: Call) -> Answer:
    sql = "select * from livestream_sessions where session_id = ?"
    rows, paging = page_of(call, sql, [call.session()["id"]], "created_at, number")
    return ok({"data": [shown_livestream_session(call, row) for row in rows], "paging": paging})
