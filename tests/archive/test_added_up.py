"""What DuckDB adds up is what Python would: costs and attendance of very odd sessions."""

from __future__ import annotations

import random
from datetime import datetime, timedelta
from typing import Any, get_args

import pytest

from realtimekit.archive import Archive
from realtimekit.archive.kept_sessions import read_sessions
from realtimekit.archive.tables.snapshot import read_snapshot
from realtimekit.attendance import Attendance, measure_attendance
from realtimekit.costs import read_prices
from realtimekit.costs.period import period_of, started_within
from realtimekit.costs.result import Calculation, Costs, CostsBy
from realtimekit.costs.usage import SessionRecords

from .raw import START, make_archive, put_session, update

SESSIONS = 150
NOW = START + timedelta(days=20)
PERIOD: dict[str, Any] = {"since": START - timedelta(hours=1), "until": START + timedelta(days=3, hours=2)}
VIEWS: list[Any] = [
    "GROUP_CALL",
    "WEBINAR",
    "group_call",
    "",
    "no type",
    5,
    True,
    None,
    ["GROUP_CALL"],
    "\u00c4",
    "x" * 41,
]


class Sessions:
    """Makes up sessions, as hostile as a platform can be."""

    def __init__(self, seed: int) -> None:
        self._chance = random.Random(seed)

    def one_of(self, *values: Any) -> Any:
        return self._chance.choice([True if value == "yes" else value for value in values])

    def time(self, begin: datetime, minutes: float = 90) -> Any:
        time = begin + timedelta(seconds=round(self._chance.random() * minutes * 60, self.one_of(0, 3)))
        text = time.isoformat(timespec=self.one_of("seconds", "milliseconds", "microseconds"))
        if self._chance.random() < 0.9:
            return text.replace("+00:00", "Z")
        return self.one_of(text, text.replace("T", " "), None, "", "soon", 7, {}, text[:10], "2026-06-03T24:00:00Z")

    def event(self, begin: datetime) -> Any:
        name = self.one_of("PEER_JOINING", "PEER_LEAVING", "PEER_LEAVING", "PEER_CREATED", "\ud800", None, 5)
        view = {} if self._chance.random() < 0.5 else {"preset_view_type": self.one_of(*VIEWS)}
        return self.one_of(*[{"event_name": name, "created_at": self.time(begin), **view}] * 9, None, "event", [])

    def usual_events(self, stay: dict[str, Any]) -> list[Any]:
        names = {"PEER_JOINING": "joined_at", "PEER_LEAVING": "left_at"}
        return [
            {"event_name": name, "created_at": stay.get(key), "preset_view_type": "GROUP_CALL"}
            for name, key in names.items()
        ]

    def stay(self, number: int, begin: datetime) -> dict[str, Any]:
        who = self._chance.randrange(6)
        fields = {
            "user_id": self.one_of(f"u{who}", f"u{who}", f"u{who}", None, "", 5),
            "custom_participant_id": self.one_of(f"c{who}", f"c{who}", f"c{who + 1}", None, ""),
            "display_name": self.one_of(
                f"Name {who}", f"Name {who}", None, "", "\u202e\x1b", "'); drop table stay; --"
            ),
            "preset_name": self.one_of("host", "guest", None, ""),
            "role": self.one_of("host", None, 7),
            "joined_at": self.time(begin),
            "left_at": self.time(begin + timedelta(minutes=self.one_of(30, 60))),
            "created_at": self.time(begin),
            "duration": self.one_of(12.5, 0, 30, None, None, -1, "7", "long", "yes", 10**400, {}),
        }
        stay = {"id": f"peer-{number}"} | {
            name: value for name, value in fields.items() if value is not None or self._chance.random() < 0.5
        }
        events = [self.event(begin) for _ in range(self._chance.randrange(4))]
        stay["peer_events"] = self.one_of(
            self.usual_events(stay), self.usual_events(stay), events, events, None, "x", {}
        )
        if self._chance.random() < 0.03:
            stay["odd"] = float("nan")  # not JSON for DuckDB
        return stay

    def put(self, archive: Archive, number: int) -> None:
        begin = START + timedelta(minutes=self._chance.randrange(-120, 5000))
        end = begin + timedelta(minutes=self.one_of(60, 90, 200))
        recordings = [
            {"id": f"r{number}-{n}", "status": self.one_of("UPLOADED", "RECORDING", "ERRORED"),
             "started_time": self.time(begin), "stopped_time": self.one_of(self.time(end, 60), None),
             "recording_duration": self.one_of(60, 600.5, None, 0, "x"),
             "download_url": self.one_of("https://x", None, ["https://x"]),
             "audio_download_url": self.one_of("a", None)}
            for n in range(self.one_of(0, 0, 1, 2))
        ]  # fmt: skip
        livestreams = [
            {"id": f"l{number}", "started_time": self.time(begin), "stopped_time": self.time(end),
             "ingest_seconds": self.one_of(90, None)}
        ] * self.one_of(0, 0, 0, 1)  # fmt: skip
        session = {
            "associated_id": self.one_of("m1", "m2", "", None), "status": self.one_of("ENDED", "ENDED", "LIVE", 5),
            "meeting_display_name": self.one_of("Weekly", None, "<script>"),
            "ended_at": self.one_of(end.isoformat(), None),
            "minutes_consumed": self.one_of(60, 0, None, 500.25, "x"),
            "transcription_minutes_consumed": self.one_of(None, None, 30, 0, 1.5, -1, "5", "yes", 10**5),
            **({"odd": float("inf")} if self._chance.random() < 0.03 else {}),
        }  # fmt: skip
        stays = [self.stay(n, begin) for n in range(self.one_of(0, 1, 2, 2, 3, 5))]
        meeting = {"data": {"id": "m", "transcribe_on_end": self.one_of("yes", "yes", "true", None)}}
        put_session(
            archive, f"s{number}", begin if self._chance.random() < 0.97 else None, session=session,
            recordings=recordings,
            participants={"success": True, "data": {"participants": stays}}, meeting=meeting,
            livestream_sessions={"success": True, "data": livestreams},
        )  # fmt: skip


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    archive = make_archive(tmp_path_factory.mktemp("archive"))
    sessions = Sessions(16)
    for number in range(SESSIONS):
        sessions.put(archive, number)
    update(archive)
    return archive


def records_of(archive: Archive, since: datetime | None = None, until: datetime | None = None) -> list[SessionRecords]:
    """Return the sessions in the tables, for the code that needs no database."""
    columns = archive.arrow("sessions", ["day", "session_id"]).to_pydict()
    wanted: dict[str, list[str]] = {}
    for day, session_id in zip(columns["day"], columns["session_id"], strict=True):
        wanted.setdefault(day, []).append(session_id)
    found = read_sessions(archive.store, read_snapshot(archive.store), wanted)
    return [records for records in found if started_within(records.session, since, until)]


def in_order(records: list[SessionRecords]) -> list[tuple[Any, Any]]:
    """Return sessions and their participants in the order of time, which decides between two ids of one person."""
    return [
        (one.session, sorted(one.participants, key=lambda stay: by_time(stay, "joined_at")))
        for one in sorted(records, key=lambda one: by_time(one.session, "started_at"))
    ]


def by_time(record: Any, name: str) -> tuple[Any, ...]:
    time = record.get(name) or record.get("created_at")
    return (time, record["id"]) if isinstance(time, datetime) else (NOW, record["id"])


def comparable(costs: Costs) -> dict[str, Any]:
    """Return costs without the order in which equal ones are, rounded far below a cent."""
    document = rounded(costs.to_dict())
    for name in ("groups", "idle_usage", "differences"):
        document[name] = sorted(document[name], key=repr)
    return {**document, "notes": costs.notes[-1:]}


def rounded(value: Any) -> Any:
    match value:
        case float():
            return round(value, 6)
        case list():
            return [rounded(item) for item in value]
        case dict():
            return {name: rounded(item) for name, item in value.items() if name != "name"}
        case _:
            return value


@pytest.mark.parametrize("by", get_args(CostsBy))
def test_costs(archive: Archive, by: CostsBy) -> None:
    calculation = Calculation({}, read_prices(), by, NOW)
    since, until = period_of(None, PERIOD["since"], PERIOD["until"], NOW)
    for records in records_of(archive, since, until):
        calculation.add(records)
    expected = calculation.result(since, until)
    found = archive.costs(by=by, now=NOW, **PERIOD)
    assert comparable(found) == comparable(expected)
    assert found.sessions > SESSIONS / 2
    assert len(found.idle_usage) > 5
    assert len(found.differences) > 5


def test_few_sessions_are_looked_at_one_by_one(archive: Archive, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where everybody joins and leaves once, and at about the same time, SQL does it all."""
    looked_at: list[str] = []
    add = Calculation.add_idle_usage

    def watched(self: Calculation, records: SessionRecords) -> None:
        looked_at.append(records.session["id"])
        add(self, records)

    monkeypatch.setattr(Calculation, "add_idle_usage", watched)
    found = archive.costs(now=NOW, **PERIOD)
    assert {idle.session_id for idle in found.idle_usage} < set(looked_at)
    assert len(looked_at) == len(set(looked_at)) < found.sessions


def test_attendance(archive: Archive) -> None:
    found = archive.attendance()
    assert found.sessions == SESSIONS
    assert sum(len(visit.intervals) > 1 for person in found.people for visit in person.visits) >= 5
    assert people_of(found) == people_of(measure_attendance(in_order(records_of(archive)), found.at))
    of_meeting = archive.attendance(meeting_id="m1", **PERIOD)
    records = [one for one in records_of(archive, **PERIOD) if one.session.get("associated_id") == "m1"]
    assert of_meeting.sessions == len(records) > 5
    assert people_of(of_meeting) == people_of(measure_attendance(in_order(records), of_meeting.at))


def people_of(attendance: Attendance) -> list[str]:
    """Return the people without the order of those who joined at the same time."""
    people = [
        {**person, "visits": sorted(person["visits"], key=repr), "user_ids": sorted(person["user_ids"])}
        for person in attendance.to_dict()["people"]
    ]
    return sorted(map(repr, people))
