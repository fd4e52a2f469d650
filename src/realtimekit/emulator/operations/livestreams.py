"""Livestream sessions."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import moment
from realtimekit.emulator.operations import API, Call, found
from realtimekit.emulator.wire import ok

if TYPE_CHECKING:
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Outgoing


def shown(call: Call, broadcast: Row) -> dict[str, Any]:
    end = broadcast["stopped_time"] or call.now
    return {
        "id": broadcast["id"],
        "livestream_id": broadcast["livestream_id"],
        "err_message": broadcast["err_message"],
        "ingest_seconds": round((moment(end) - moment(broadcast["started_time"])).total_seconds()),
        "viewer_seconds": broadcast["viewer_seconds"],
        "invoked_time": broadcast["invoked_time"],
        "started_time": broadcast["started_time"],
        "stopped_time": broadcast["stopped_time"],
        "created_at": broadcast["created_at"],
        "updated_at": broadcast["updated_at"],
    }


# The API's own name for the parameter has hyphens, which no Python name has.
@API.add("GET", "/{app_id}/livestreams/sessions/{livestream_session_id}")
def get_livestream_session(call: Call) -> Outgoing:
    sql = "select * from livestream_sessions where id = ? and app_id = ?"
    row = call.store.row(sql, call.ids["livestream_session_id"], call.ids["app_id"])
    return ok(shown(call, found(row)))
