"""Analytics: what happened on each day, in UTC. A day on which nothing did is left out, as in the API's example."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import iso, moment
from realtimekit.emulator.operations import API, Call
from realtimekit.emulator.operations.livestreams import ingest_seconds
from realtimekit.emulator.operations.sessions import shown as shown_session
from realtimekit.emulator.recorder import recorded
from realtimekit.emulator.shapes import DATE, NUMBER, TEXT, TIME, WHOLE, item, list_of, or_null, record
from realtimekit.emulator.wire import ok

if TYPE_CHECKING:
    from collections.abc import Sequence

    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer

DEFAULT_DAYS = 30


def _by_day(times: Sequence[str]) -> dict[str, list[int]]:
    """Which of them fall on which day, in the order of the days."""
    days: dict[str, list[int]] = {}
    for place, time in enumerate(times):
        days.setdefault(time[:10], []).append(place)
    return dict(sorted(days.items()))


# --- sessions and recordings ------------------------------------------------------------------------------------------

_SESSION_DAY = record({"day": TIME, "total_sessions": WHOLE, "total_session_minutes": NUMBER})
_RECORDING_DAY = record({"day": TIME, "total_recordings": WHOLE, "total_recording_minutes": NUMBER})


@API.add(
    "GET",
    "/{app_id}/analytics/daywise",
    query={"start_date": DATE, "end_date": DATE},
    answer=item(
        record(
            {
                "session_stats": record(
                    {
                        "sessions_count": WHOLE,
                        "sessions_minutes_consumed": NUMBER,
                        "day_stats": list_of(_SESSION_DAY),
                    }
                ),
                "recording_stats": record(
                    {
                        "recording_count": WHOLE,
                        "recording_minutes_consumed": NUMBER,
                        "day_stats": list_of(_RECORDING_DAY),
                    }
                ),
            }
        )
    ),
)
def get_daywise(call: Call) -> Answer:
    """Each session and recording belongs as a whole to the day on which it began."""
    today = moment(call.now).date()
    first = call.query.get("start_date", (today - timedelta(days=DEFAULT_DAYS)).isoformat())
    last = call.query.get("end_date", today.isoformat())
    sessions = _begun(call, "sessions", "started_at", first, last)
    recordings = _begun(call, "recordings", "started_time", first, last)
    session_minutes = [float(shown_session(call, row)["minutes_consumed"]) for row in sessions]
    recording_minutes = [recorded(row, call.now) / 60 for row in recordings]
    return ok({
        "session_stats": {
            "sessions_count": len(sessions),
            "sessions_minutes_consumed": _sum(session_minutes),
            "day_stats": [
                {
                    "day": f"{day}T00:00:00.000Z",
                    "total_sessions": len(places),
                    "total_session_minutes": _sum([session_minutes[place] for place in places]),
                }
                for day, places in _by_day([row["started_at"] for row in sessions]).items()
            ],
        },
        "recording_stats": {
            "recording_count": len(recordings),
            "recording_minutes_consumed": _sum(recording_minutes),
            "day_stats": [
                {
                    "day": f"{day}T00:00:00.000Z",
                    "total_recordings": len(places),
                    "total_recording_minutes": _sum([recording_minutes[place] for place in places]),
                }
                for day, places in _by_day([row["started_time"] for row in recordings]).items()
            ],
        },
    })  # fmt: skip


def _begun(call: Call, table: str, column: str, first: str, last: str) -> list[Row]:
    sql = f"select * from {table} where app_id = ? and substr({column}, 1, 10) between ? and ?"  # noqa: S608 - our names
    return call.store.rows(sql, call.ids["app_id"], first, last)


def _sum(minutes: Sequence[float]) -> float:
    return round(sum(minutes), 4)


# --- livestreams ------------------------------------------------------------------------------------------------------

_TOTALS = {"count": WHOLE, "total_ingest_seconds": NUMBER, "total_viewer_seconds": NUMBER}
# What `filters` may say is not documented, so it changes nothing. Without a time, everything counts.
_RANGE = {"start_time": WHOLE, "end_time": WHOLE, "filters": TEXT}


@API.add(
    "GET",
    "/{app_id}/analytics/livestreams/daywise",
    query=_RANGE,
    answer=item(list_of(record({"date": or_null(DATE), **_TOTALS}))),
)
def get_livestreams_daywise(call: Call) -> Answer:
    broadcasts = _broadcasts(call)
    days = _by_day([row["started_time"] for row in broadcasts])
    return ok([{"date": day, **_totals(call, [broadcasts[place] for place in places])} for day, places in days.items()])


@API.add("GET", "/{app_id}/analytics/livestreams/overall", query=_RANGE, answer=item(record(_TOTALS)))
def get_livestreams_overall(call: Call) -> Answer:
    return ok(_totals(call, _broadcasts(call)))


def _broadcasts(call: Call) -> list[Row]:
    """The livestream sessions that started from the first of the seconds to the last."""
    start = _instant(call.query["start_time"]) if "start_time" in call.query else ""
    end = _instant(call.query["end_time"] + 1) if "end_time" in call.query else "a"  # sorts after every time
    sql = "select * from livestream_sessions where app_id = ? and started_time >= ? and started_time < ?"
    return call.store.rows(sql, call.ids["app_id"], start, end)


def _instant(seconds: int) -> str:
    """Unix seconds as the store compares them; what is outside of the calendar, as its nearest end."""
    first, last = datetime(1, 1, 1, tzinfo=UTC), datetime(9999, 12, 31, tzinfo=UTC)
    epoch = datetime(1970, 1, 1, tzinfo=UTC)
    least, most = (int((end - epoch).total_seconds()) for end in (first, last))
    return iso(epoch + timedelta(seconds=min(max(seconds, least), most)))


def _totals(call: Call, broadcasts: Sequence[Row]) -> dict[str, Any]:
    return {
        "count": len(broadcasts),
        "total_ingest_seconds": round(sum(ingest_seconds(row, call.now) for row in broadcasts)),
        "total_viewer_seconds": round(sum(row["viewer_seconds"] for row in broadcasts)),
    }
