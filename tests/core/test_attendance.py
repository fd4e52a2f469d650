"""Who was there, and how long: across devices, rejoins and sessions, with both clients."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit import NotFoundError
from realtimekit.attendance import Attendance, measure_attendance
from tests.costs.platform import NOW, START, App, at, session, stay
from tests.fuzz.examples import fuzzed

from .scripted import Mode, Script


def measured(*sessions: tuple[dict[str, Any], list[dict[str, Any]]]) -> Attendance:
    return measure_attendance(sessions, NOW)


def minutes(attendance: Attendance) -> list[tuple[str | None, float]]:
    return [(person.name, person.minutes) for person in attendance.people]


@pytest.mark.parametrize(
    ("participants", "expected"),
    [
        ([], []),
        ([stay("Ann", 0, 60), stay("Bob", 10, 20)], [("Ann", 60), ("Bob", 10)]),
        # two devices at once, a rejoin, and both
        ([stay("Ann", 0, 40), stay("Ann", 30, 60, id="phone")], [("Ann", 60)]),
        ([stay("Ann", 0, 20), stay("Ann", 30, 60, id="again")], [("Ann", 50)]),
        ([stay("Ann", 0, 20), stay("Ann", 30, 60, id="a"), stay("Ann", 5, 10, id="b")], [("Ann", 50)]),
        # the custom id decides; the user id only where there is none
        ([stay("Ann", 0, 5), stay("Ann", 10, 15, custom_participant_id=None)], [("Ann", 10)]),
        ([stay("Ann", 10, 15, custom_participant_id=None), stay("Ann", 0, 5)], [("Ann", 10)]),
        ([stay("Ann", 0, 5), stay("Ann", 10, 15, user_id="other")], [("Ann", 10)]),
        ([stay("Ann", 0, 5), stay("Ann", 10, 15, custom_participant_id="other")], [("Ann", 5), ("Ann", 5)]),
        # whoever has no id stays apart, also from somebody of that name
        ([stay("Ann", 0, 5, custom_participant_id=None, user_id=None)] * 2, [("Ann", 5), ("Ann", 5)]),
        # no id of one kind is mistaken for one of the other
        (
            [stay("Ann", 0, 5, custom_participant_id="x"), stay("Bob", 0, 5, custom_participant_id=None, user_id="x")],
            [("Ann", 5), ("Bob", 5)],
        ),
        # whoever did not leave, left when the session ended
        ([stay("Ann", 10, None)], [("Ann", 50)]),
        # ids and names that are no text
        ([stay("Ann", 0, 5, custom_participant_id={"a": 1}, user_id=["u"], display_name=5)], [(None, 5)]),
        ([stay("Ann", joined_at="soon", left_at=None)], [("Ann", 0)]),
    ],
)  # fmt: skip
def test_one_session(participants: list[dict[str, Any]], expected: list[tuple[str | None, float]]) -> None:
    assert minutes(measured((session(), participants))) == expected


def test_who_leaves_and_joins_at_the_same_time_stays() -> None:
    moments = [("PEER_JOINING", 0), ("PEER_LEAVING", 20), ("PEER_JOINING", 20), ("PEER_LEAVING", 50)]
    for order in (moments, moments[::-1]):
        events = [{"event_name": name, "created_at": at(minute)} for name, minute in order]
        (person,) = measure_attendance([(session(), [stay("Ann", 0, 50, peer_events=events)])], NOW).people
        assert (person.minutes, person.joins) == (50, 2)


def test_who_came_back_has_not_left_before() -> None:
    """The time of leaving may be that of the first stay, until the second one is over."""
    moments = [("PEER_JOINING", 0), ("PEER_LEAVING", 20), ("PEER_JOINING", 30)]
    events = [{"event_name": name, "created_at": at(minute)} for name, minute in moments]
    (person,) = measure_attendance([(session(), [stay("Ann", 0, 20, peer_events=events)])], NOW).people
    assert (person.minutes, person.left_at) == (50, START + timedelta(minutes=60))
    live = session(status="LIVE", ended_at=None)
    now = START + timedelta(minutes=70)
    (person,) = measure_attendance([(live, [stay("Ann", 0, 20, peer_events=events)])], now).people
    assert (person.minutes, person.left_at) == (60, None)


def test_several_sessions() -> None:
    later = START + timedelta(days=7)
    times: dict[str, Any] = {
        "joined_at": later.isoformat(),
        "left_at": (later + timedelta(minutes=3)).isoformat(),
        "id": "again",
    }
    found = measured(
        (session(2, started_at=later.isoformat(), ended_at=None), [stay("Ann", **times, display_name="Anne")]),
        (session(1), [stay("Ann", 10, 60), stay("Bob", 0, 5)]),
        (session(3), []),
    )
    assert (found.sessions, minutes(found)) == (3, [("Bob", 5), ("Anne", 53)])
    anne = found.people[1]
    assert [visit.session_id for visit in anne.visits] == ["s1", "s2"]  # the earliest first
    assert (anne.joins, anne.user_ids, anne.custom_participant_id) == (2, ["user-Ann"], "custom-Ann")
    assert (anne.joined_at, anne.left_at) == (START + timedelta(minutes=10), later + timedelta(minutes=3))
    rows = found.rows("session")
    assert [(row["name"], row["session_id"], row["minutes"]) for row in rows] == [
        ("Bob", "s1", 5), ("Anne", "s1", 50), ("Anne", "s2", 3),
    ]  # fmt: skip


def test_who_is_still_there() -> None:
    live = session(status="LIVE", ended_at=None)
    found = measure_attendance([(live, [stay("Ann", 5, None)])], START + timedelta(minutes=12))
    (ann,) = found.people
    assert (ann.minutes, ann.left_at) == (7, None)
    # A clock that is behind the server's takes nothing away.
    assert measure_attendance([(live, [stay("Ann", 5, None)])], START).people[0].minutes == 0


def test_rows_dataframes_and_json() -> None:
    found = measured((session(), [stay("Ann", 0, 40), stay("Ann", 50, 60, id="phone"), stay("Bob\n", joined_at=None)]))
    assert found.to_pandas()["minutes"].tolist() == found.to_polars()["minutes"].to_list() == [50, 0]
    assert found.to_pandas("person")["sessions"].tolist() == [1, 1]
    assert str(found.to_pandas()["joined_at"].dtype).endswith("UTC]")
    ann = found.to_dict()["people"][0]
    assert ann["visits"][0]["intervals"][1] == {"start": "2026-06-03T10:50:00.000Z", "end": "2026-06-03T11:00:00.000Z"}
    assert (ann["sessions"], ann["joins"]) == (1, 2)
    empty = measured()
    assert len(empty.to_pandas()) == len(empty.to_polars("person")) == 0
    assert repr(found) == "<Attendance sessions=1 people=2>"
    unknown: Any = "day"
    with pytest.raises(ValueError, match="by='day': use 'person' or 'session'"):
        found.rows(unknown)


RECORD = st.dictionaries(
    st.sampled_from(["id", "custom_participant_id", "user_id", "display_name", "joined_at", "left_at", "peer_events"]),
    st.none() | st.text() | st.integers() | st.lists(st.none() | st.dictionaries(st.text(), st.text())) | st.just(at(1))
    | st.just([{"event_name": "PEER_JOINING", "created_at": at(2)}]),
)  # fmt: skip


@fuzzed(15)
@given(st.lists(st.tuples(RECORD, st.lists(RECORD, max_size=4)), max_size=3))
def test_any_records(sessions: list[tuple[dict[str, Any], list[dict[str, Any]]]]) -> None:
    found = measured(*sessions)
    stays = [participant for _, participants in sessions for participant in participants]
    assert sum(person.joins for person in found.people) <= len(stays)
    found.to_dict()
    found.to_polars()


# --- read from the API ------------------------------------------------------------------------------------------------


def app() -> App:
    return App(
        sessions=[
            session(1),
            session(2, created_at=at(1440), started_at=at(1440)),
            session(3, associated_id="elsewhere"),
        ],
        participants={"s1": [stay("Ann"), stay("Bob", 0, 5)], "s2": [stay("Ann", 1440, 1450)], "s3": [stay("Cid")]},
    )


def test_a_meeting(mode: Mode) -> None:
    platform = app()
    found = mode.get(mode.client(platform.script).meetings.ref("m1").attendance(now=NOW))
    assert (found.sessions, minutes(found)) == (2, [("Ann", 70), ("Bob", 5)])
    assert platform.asked == {"/sessions": 1, "/sessions/s1/participants": 1, "/sessions/s2/participants": 1}
    assert all(call.query["include_peer_events"] == "true" for call in platform.script.calls[1:])


def test_since_the_beginning_of_the_calendar(mode: Mode) -> None:
    app = App(sessions=[session()], participants={"s1": [stay("Ann")]})
    meeting = mode.client(app.script).meetings.ref("m1")
    found = mode.get(meeting.attendance(since=datetime.min.replace(tzinfo=UTC), now=NOW))
    assert (found.sessions, len(found.people)) == (1, 1)


def test_some_sessions_of_a_meeting(mode: Mode) -> None:
    client = mode.client(app().script)
    meeting = client.meetings.ref("m1")
    assert mode.get(meeting.attendance(since=START + timedelta(hours=1), now=NOW)).sessions == 1
    assert mode.get(meeting.attendance(until=START, now=NOW)).sessions == 0
    assert mode.get(client.meetings.ref("nobody").attendance()).people == []


def test_a_session(mode: Mode) -> None:
    client = mode.client(app().script)
    assert minutes(mode.get(client.sessions.ref("s1").attendance(now=NOW))) == [("Ann", 60), ("Bob", 5)]
    with pytest.raises(NotFoundError):
        mode.get(client.sessions.ref("nobody").attendance())


def test_bad_arguments_send_nothing(mode: Mode) -> None:
    script = Script()
    meeting = mode.client(script).meetings.ref("m1")
    with pytest.raises(ValueError, match="has no time zone"):
        meeting.attendance(since=datetime(2026, 6, 3))
    with pytest.raises(ValueError, match="concurrency"):
        mode.get(meeting.attendance(concurrency=0))
    assert script.calls == []
