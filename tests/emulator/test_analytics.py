"""Analytics: totals, and totals by day."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest

from .shape import must_be, number, text, whole

if TYPE_CHECKING:
    from .world import World

DAY = 86_400
NEARLY = 0.1  # minutes that the test itself may take


def today(world: World) -> datetime:
    return datetime.fromisoformat(world.emulator.now())


@pytest.fixture
def morning(world: World) -> datetime:
    """Advance the clock to six o'clock, so that nothing crosses midnight by chance; returns the start of the day."""
    now = today(world)
    start = now.replace(hour=0, minute=0, second=0, microsecond=0) + timedelta(days=1)
    world.advance((start + timedelta(hours=6) - now).total_seconds())
    return start


def hold(world: World, minutes: float, *names: str, **fields: Any) -> str:
    """Hold a meeting of this many minutes, and return its id."""
    meeting_id = world.meeting(**fields)
    for name in names:
        world.join(meeting_id, name)
    world.advance(minutes * 60)
    world.end(meeting_id)
    return meeting_id


def iso(day: datetime) -> str:
    return day.date().isoformat()


# --- sessions and recordings


def test_nothing(world: World) -> None:
    response = world.get("/analytics/daywise")
    assert response.status == 200
    assert response.json() == {
        "success": True,
        "data": {
            "session_stats": {"sessions_count": 0, "sessions_minutes_consumed": 0, "day_stats": []},
            "recording_stats": {"recording_count": 0, "recording_minutes_consumed": 0, "day_stats": []},
        },
    }


def test_daywise(world: World, morning: datetime) -> None:
    hold(world, 10, "Alice", "Bob", record_on_start=True)
    hold(world, 5, "Alice")
    world.advance(2 * DAY)
    hold(world, 3, "Alice", record_on_start=True, recording_config={"max_seconds": 60})
    data = world.get("/analytics/daywise").data
    first, third = iso(morning), iso(morning + timedelta(days=2))
    near = pytest.approx
    must_be(
        data["session_stats"],
        {
            "sessions_count": 3,
            "sessions_minutes_consumed": number,
            "day_stats": [{"day": str_of_midnight, "total_sessions": whole, "total_session_minutes": number}],
        },
    )
    sessions = [tuple(day.values()) for day in data["session_stats"]["day_stats"]]
    assert sessions == [
        (f"{first}T00:00:00.000Z", 2, near(25, abs=NEARLY)),
        (f"{third}T00:00:00.000Z", 1, near(3, abs=NEARLY)),
    ]
    assert data["session_stats"]["sessions_minutes_consumed"] == near(28, abs=NEARLY)
    recordings = [tuple(day.values()) for day in data["recording_stats"]["day_stats"]]
    assert recordings == [
        (f"{first}T00:00:00.000Z", 1, near(10 - 2 / 60, abs=NEARLY)),
        (f"{third}T00:00:00.000Z", 1, 1),
    ]
    assert data["recording_stats"]["recording_count"] == 2
    assert data["recording_stats"]["recording_minutes_consumed"] == near(11 - 2 / 60, abs=NEARLY)


def str_of_midnight(value: Any) -> bool:
    return isinstance(value, str) and value.endswith("T00:00:00.000Z")


def test_a_live_session_counts_so_far(world: World, morning: datetime) -> None:
    meeting_id = world.meeting(record_on_start=True)
    world.join(meeting_id)
    world.advance(120)
    data = world.get("/analytics/daywise").data
    assert data["session_stats"]["sessions_minutes_consumed"] == pytest.approx(2, abs=NEARLY)
    assert data["recording_stats"]["recording_minutes_consumed"] == pytest.approx(2 - 2 / 60, abs=NEARLY)


def test_a_recording_that_never_started_is_not_counted(world: World) -> None:
    world.record(world.meeting())
    world.advance(100)
    assert world.get("/analytics/daywise").data["recording_stats"]["recording_count"] == 0


def test_both_ends_of_the_range_are_included(world: World, morning: datetime) -> None:
    for _ in range(4):
        hold(world, 1, "Alice")
        world.advance(DAY - 70)

    def counted(**query: str) -> int:
        stats = world.get("/analytics/daywise", **query).data["session_stats"]
        assert sum(day["total_sessions"] for day in stats["day_stats"]) == stats["sessions_count"]
        return int(stats["sessions_count"])

    days = [iso(morning + timedelta(days=number)) for number in range(4)]
    assert counted(start_date=days[1], end_date=days[2]) == 2
    assert counted(start_date=days[1]) == 3
    assert counted(end_date=days[0]) == 1
    assert counted(start_date=days[2], end_date=days[2]) == 1
    assert counted(start_date=days[2], end_date=days[1]) == 0


def test_by_default_the_last_thirty_days(world: World, morning: datetime) -> None:
    hold(world, 1, "Alice")
    world.advance(30 * DAY)
    assert world.get("/analytics/daywise").data["session_stats"]["sessions_count"] == 1
    world.advance(DAY)
    assert world.get("/analytics/daywise").data["session_stats"]["sessions_count"] == 0
    assert world.get("/analytics/daywise", start_date=iso(morning)).data["session_stats"]["sessions_count"] == 1


# --- livestreams


def test_no_livestreams(world: World) -> None:
    assert world.get("/analytics/livestreams/daywise").json() == {"success": True, "data": []}
    nothing = {"count": 0, "total_ingest_seconds": 0, "total_viewer_seconds": 0}
    assert world.get("/analytics/livestreams/overall").json() == {"success": True, "data": nothing}


@pytest.fixture
def streamed(world: World, morning: datetime) -> datetime:
    """Two livestream sessions of 58 s, and on the next day one of 118 s."""
    for minutes, rest in ((1, 0.0), (1, DAY), (2, 0.0)):
        hold(world, minutes, "Alice", live_stream_on_start=True)
        world.advance(rest)
    return morning


def test_livestreams(world: World, streamed: datetime) -> None:
    days = world.get("/analytics/livestreams/daywise", filters="anything").data
    must_be(days, [{"date": text, "count": whole, "total_ingest_seconds": whole, "total_viewer_seconds": 0}])
    assert [(day["date"], day["count"]) for day in days] == [
        (iso(streamed), 2),
        (iso(streamed + timedelta(days=1)), 1),
    ]
    assert [day["total_ingest_seconds"] for day in days] == pytest.approx([116, 118], abs=3)
    overall = world.get("/analytics/livestreams/overall").data
    assert overall == {
        "count": 3,
        "total_ingest_seconds": pytest.approx(sum(day["total_ingest_seconds"] for day in days), abs=1),
        "total_viewer_seconds": 0,
    }


def test_livestreams_between_seconds(world: World, streamed: datetime) -> None:
    def counted(**query: int) -> int:
        overall = world.get("/analytics/livestreams/overall", **query).data["count"]
        days = world.get("/analytics/livestreams/daywise", **query).data
        assert sum(day["count"] for day in days) == overall
        return int(overall)

    midnight = int((streamed + timedelta(days=1)).timestamp())
    assert counted(start_time=midnight) == 1
    assert counted(end_time=midnight) == 2
    assert counted(start_time=midnight - DAY, end_time=midnight + DAY) == 3
    livestream_session = world.get(f"/livestreams/{world.get('/livestreams').data[0]['id']}").data["sessions"][0]
    second = int(datetime.fromisoformat(livestream_session["started_time"]).timestamp())
    assert counted(start_time=second, end_time=second) == 1
    assert counted(start_time=second + 1) == 0
    assert counted(end_time=second - 1) == 2
    assert counted(start_time=-(2**53) + 1, end_time=2**53 - 1) == 3
    assert counted(start_time=2**53 - 1) == 0
    assert counted(end_time=-(2**53) + 1) == 0


# --- bounds


@pytest.mark.parametrize(
    ("path", "query"),
    [
        ("daywise", {"start_date": "2026-13-01"}),
        ("daywise", {"end_date": "yesterday"}),
        ("daywise", {"end_date": ""}),
        ("livestreams/daywise", {"start_time": "2026-01-01T00:00:00Z"}),
        ("livestreams/overall", {"end_time": "1.5"}),
        ("livestreams/overall", {"end_time": str(2**53)}),
    ],
)
def test_refused(world: World, path: str, query: dict[str, str]) -> None:
    response = world.get(f"/analytics/{path}", **query)
    assert response.status == 400
    assert next(iter(query)) in response.json()["error"]["message"]


def test_each_app_has_its_own(world: World, streamed: datetime) -> None:
    other = world.call("POST", f"{world.kit}/apps", {"name": "other"}).data["app"]["id"]
    at = f"{world.kit}/{other}/analytics"
    assert world.call("GET", f"{at}/daywise").data["session_stats"]["sessions_count"] == 0
    assert world.call("GET", f"{at}/livestreams/overall").data["count"] == 0
    assert world.call("GET", f"{at}/livestreams/daywise").data == []
