"""Analytics: what happened on each day, in UTC. Days without anything are left out, as in the API's example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import format_time, parse_time
from realtimekit.emulator.context import Context
from realtimekit.emulator.http import ok
from realtimekit.emulator.operations.livestreams import ingest_seconds
from realtimekit.emulator.operations.sessions import serialize as serialize_session
from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import (
    DATE,
    DATE_TIME,
    INTEGER,
    NUMBER,
    STRING,
    array_of,
    nullable,
    response_object,
    success,
)
from realtimekit.emulator.services.serializers import recorded_seconds

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row

DEFAULT_DAYS = 30


def _by_day(times: Sequence[str]) -> dict[str, list[int]]:
    """Return the indexes of the times of each day, in the order of the days."""
    days: dict[str, list[int]] = {}
    for index, time in enumerate(times):
        days.setdefault(time[:10], []).append(index)
    return dict(sorted(days.items()))


# --- sessions and recordings ------------------------------------------------------------------------------------------

_SESSION_DAY = response_object({"day": DATE_TIME, "total_sessions": INTEGER, "total_session_minutes": NUMBER})
_RECORDING_DAY = response_object({"day": DATE_TIME, "total_recordings": INTEGER, "total_recording_minutes": NUMBER})


@API.add(
    "GET",
    "/{app_id}/analytics/daywise",
    query={"start_date": DATE, "end_date": DATE},
    response=success(
        response_object(
            {
                "session_stats": response_object(
                    {
                        "sessions_count": INTEGER,
                        "sessions_minutes_consumed": NUMBER,
                        "day_stats": array_of(_SESSION_DAY),
                    }
                ),
                "recording_stats": response_object(
                    {
                        "recording_count": INTEGER,
                        "recording_minutes_consumed": NUMBER,
                        "day_stats": array_of(_RECORDING_DAY),
                    }
                ),
            }
        )
    ),
)
def get_daywise(context: Context) -> JSON:
    """Count each session and recording, as a whole, on the day on which it began."""
    today = parse_time(context.now).date()
    first = context.query.get("start_date", (today - timedelta(days=DEFAULT_DAYS)).isoformat())
    last = context.query.get("end_date", today.isoformat())
    sessions = _started(context, "sessions", "started_at", first, last)
    recordings = _started(context, "recordings", "started_time", first, last)
    session_minutes = [float(serialize_session(context, row)["minutes_consumed"]) for row in sessions]
    recording_minutes = [recorded_seconds(row, context.now) / 60 for row in recordings]
    return ok({
        "session_stats": {
            "sessions_count": len(sessions),
            "sessions_minutes_consumed": _sum(session_minutes),
            "day_stats": [
                {
                    "day": f"{day}T00:00:00.000Z",
                    "total_sessions": len(indexes),
                    "total_session_minutes": _sum([session_minutes[index] for index in indexes]),
                }
                for day, indexes in _by_day([row["started_at"] for row in sessions]).items()
            ],
        },
        "recording_stats": {
            "recording_count": len(recordings),
            "recording_minutes_consumed": _sum(recording_minutes),
            "day_stats": [
                {
                    "day": f"{day}T00:00:00.000Z",
                    "total_recordings": len(indexes),
                    "total_recording_minutes": _sum([recording_minutes[index] for index in indexes]),
                }
                for day, indexes in _by_day([row["started_time"] for row in recordings]).items()
            ],
        },
    })  # fmt: skip


def _started(context: Context, table: str, column: str, first: str, last: str) -> list[Row]:
    sql = f"select * from {table} where app_id = ? and substr({column}, 1, 10) between ? and ?"
    return context.store.rows(sql, context.app_id, first, last)


def _sum(minutes: Sequence[float]) -> float:
    return round(sum(minutes), 4)


# --- livestreams ------------------------------------------------------------------------------------------------------

_TOTALS = {"count": INTEGER, "total_ingest_seconds": NUMBER, "total_viewer_seconds": NUMBER}
# What `filters` may contain is not documented, so it has no effect. Without a time, everything counts.
_RANGE = {"start_time": INTEGER, "end_time": INTEGER, "filters": STRING}


@API.add(
    "GET",
    "/{app_id}/analytics/livestreams/daywise",
    query=_RANGE,
    response=success(array_of(response_object({"date": nullable(DATE), **_TOTALS}))),
)
def get_livestreams_daywise(context: Context) -> JSON:
    sessions = _livestream_sessions(context)
    days = _by_day([row["started_time"] for row in sessions])
    return ok(
        [{"date": day, **_totals(context, [sessions[index] for index in indexes])} for day, indexes in days.items()]
    )


@API.add("GET", "/{app_id}/analytics/livestreams/overall", query=_RANGE, response=success(response_object(_TOTALS)))
def get_livestreams_overall(context: Context) -> JSON:
    return ok(_totals(context, _livestream_sessions(context)))


def _livestream_sessions(context: Context) -> list[Row]:
    """Return the livestream sessions that started between the two times."""
    start = _timestamp(context.query["start_time"]) if "start_time" in context.query else ""
    end = _timestamp(context.query["end_time"] + 1) if "end_time" in context.query else "a"  # sorts after every time
    sql = "select * from livestream_sessions where app_id = ? and started_time >= ? and started_time < ?"
    return context.store.rows(sql, context.app_id, start, end)


def _timestamp(seconds: int) -> str:
    """Return Unix seconds as the store compares them, cut off at the ends of the calendar."""
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    least, most = (int((end - epoch).total_seconds()) for end in (first, last))
    return format_time(epoch + timedelta(seconds=min(max(seconds, least), most)))


def _totals(context: Context, sessions: Sequence[Row]) -> dict[str, Any]:
    return {
        "count": len(sessions),
        "total_ingest_seconds": round(sum(ingest_seconds(row, context.now) for row in sessions)),
        "total_viewer_seconds": round(sum(row["viewer_seconds"] for row in sessions)),
    }
