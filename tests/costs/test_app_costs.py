"""The costs of an app and of a session, read from the API by both clients."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pytest

from realtimekit import APIConnectionError, NotFoundError
from realtimekit.costs import Costs
from tests.core.scripted import Mode, Script

from .platform import NOW, START, App, at, preset, session, stay


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(asynchronous=request.param)


def june(mode: Mode, app: App, **options: Any) -> Costs:
    given: dict[str, Any] = {"month": "2026-06", "now": NOW, **options}
    found = mode.get(mode.client(app.script).analytics.costs(**given))
    assert isinstance(found, Costs)
    return found


def minutes(costs: Costs) -> dict[str, float]:
    return {line.item: round(line.minutes, 3) for line in costs.lines}


def busy_app() -> App:
    """Return an app with two sessions, and everything that can be charged."""
    recordings = [
        {"id": "r1", "session_id": "s1", "status": "UPLOADED", "recording_duration": 600, "download_url": "https://x"},
        {"id": "r2", "session_id": "s2", "status": "UPLOADED", "recording_duration": 60, "download_url": None,
         "audio_download_url": "https://y"},
        {"id": "r3", "session_id": "s2", "status": "UPLOADED", "started_time": at(0), "stopped_time": at(3),
         "download_url": [{"layer_name": "a"}]},
        {"id": "r4", "session_id": "elsewhere", "status": "UPLOADED", "recording_duration": 6000},
    ]  # fmt: skip
    return App(
        sessions=[session(1, minutes_consumed=90), session(2, associated_id="m2", minutes_consumed=30)],
        participants={
            "s1": [stay("Ann"), stay("Bob", 30)],
            "s2": [stay("Ann", 0, 20, preset_name="caller"), stay("Cid", 0, 10, preset_name="guest")],
        },
        recordings=recordings,
        livestreams=[{"id": "l1", "meeting_id": "m2"}, {"id": "l2", "meeting_id": None}],
        livestream_sessions={"s2": [{"id": "b1", "ingest_seconds": 120}]},
        meetings=[{"id": "m1", "transcribe_on_end": True}, {"id": "m2", "transcribe_on_end": False}],
        presets=[preset(), preset("caller", "AUDIO_ROOM"), preset("guest", "GROUP_CALL", transcription_enabled=True)],
    )


def test_what_is_charged(mode: Mode) -> None:
    costs = june(mode, busy_app())
    assert minutes(costs) == {
        "participant_group_call": 100, "participant_audio_room": 20, "recording": 10, "audio_recording": 1,
        "track_recording": 3, "livestream": 2, "transcription_after_meeting": 90, "transcription_live": 10,
    }  # fmt: skip
    expected = 100 * 0.002 + 20 * 0.0005 + 10 * 0.01 + 0.003 + 2 * 0.01 + 90 * 46.63 * 11e-6 + 10 * 836.36 * 11e-6
    assert costs.cost == pytest.approx(expected)
    assert costs.unpriced == ["track_recording"]
    assert (costs.since, costs.until) == (datetime(2026, 6, 1, tzinfo=UTC), datetime(2026, 7, 1, tzinfo=UTC))
    assert [line.item for line in costs.lines if line.estimated] == [
        "transcription_after_meeting",
        "transcription_live",
    ]
    assert costs.notes[0] == "livestreams without a meeting are not counted: no price is published for them (1)"
    assert any("3.0 minutes of track_recording" in note for note in costs.notes)
    (line,) = [line for line in costs.lines if line.item == "recording"]
    assert line.source == "https://developers.cloudflare.com/realtime/realtimekit/platform/pricing/"
    assert line.date is not None


@pytest.mark.parametrize(
    ("by", "expected"),
    [
        ("meeting", {"m1": ("Weekly", 1, 90), "m2": ("Weekly", 1, 30)}),
        ("day", {"2026-06-03": (None, 2, 120)}),
        ("preset", {None: (None, 2, 0), "host": (None, 1, 90), "caller": (None, 1, 20), "guest": (None, 1, 10)}),
        (
            "participant",
            {
                None: (None, 2, 0),
                "custom-Ann": ("Ann", 2, 80),
                "custom-Bob": ("Bob", 1, 30),
                "custom-Cid": ("Cid", 1, 10),
            },
        ),
    ],
)
def test_groups(mode: Mode, by: Any, expected: dict[str | None, tuple[str | None, int, float]]) -> None:
    costs = june(mode, busy_app(), by=by)
    rows = {row["key"]: (row["name"], row["sessions"], row["participant_minutes"]) for row in costs.rows()}
    assert rows == expected
    assert sum(group.cost for group in costs.groups) == pytest.approx(costs.cost)
    amounts = [group.cost for group in costs.groups]
    assert amounts == sorted(amounts, reverse=True)


def test_requests(mode: Mode) -> None:
    """One for each list, preset and session's participants; livestream sessions only of livestreamed meetings."""
    app = busy_app()
    june(mode, app)
    assert app.asked == {
        **dict.fromkeys(("/sessions", "/recordings", "/livestreams", "/presets"), 1), "/meetings": 2,
        **{f"/presets/id-of-{name}": 1 for name in ("host", "caller", "guest")},
        "/sessions/s1/participants": 1, "/sessions/s2/participants": 1, "/sessions/s2/livestream-sessions": 1,
    }  # fmt: skip


def test_an_app_without_sessions_costs_one_request(mode: Mode) -> None:
    app = App(presets=[preset()])
    costs = june(mode, app)
    assert (costs.sessions, costs.cost, costs.lines, costs.groups, costs.notes) == (0, 0, [], [], [])
    assert app.asked == {"/sessions": 1}


def test_only_sessions_of_the_period_count_and_old_pages_are_not_read(mode: Mode) -> None:
    """A day is kept as a margin, because lists are sorted by another time than the one that counts."""

    def began(number: int, time: str) -> dict[str, Any]:
        return session(number, created_at=time, started_at=time)

    times = ["2026-07-01T00:00:00Z", "2026-06-30T23:59:59Z", "2026-06-01T00:00:00Z", "2026-05-31T23:59:59Z"]
    sessions = [began(number, time) for number, time in enumerate(times)]
    sessions += [began(number, "2026-05-01T00:00:00Z") for number in range(10, 400)]
    app = App(sessions=sessions, participants={f"s{number}": [stay("Ann", 0, 1)] for number in range(400)})
    assert june(mode, app).sessions == 2
    assert app.asked["/sessions"] == 2


def test_the_meetings_of_a_large_app_are_read_one_by_one(mode: Mode) -> None:
    many = [{"id": f"other-{number}"} for number in range(1000)]
    wanted = [{"id": f"m{number}", "transcribe_on_end": True} for number in (1, 2)]
    sessions = [session(1), session(2, associated_id="m2"), session(3, associated_id="gone")]
    people = {f"s{number}": [stay("Ann", 0, 1)] for number in (1, 2, 3)}
    app = App(sessions=sessions, participants=people, meetings=[*many, *wanted], presets=[preset()])
    assert minutes(june(mode, app))["transcription_after_meeting"] == 2
    assert [app.asked[path] for path in ("/meetings", "/meetings/m1", "/meetings/m2", "/meetings/gone")] == [1, 1, 1, 1]


def test_a_session_whose_participants_are_gone_is_named(mode: Mode) -> None:
    costs = june(mode, App(sessions=[session(1, minutes_consumed=12)]))
    assert [one._asdict() for one in costs.differences] == [
        {"session_id": "s1", "minutes_consumed": 12, "counted": 0.0}
    ]


def test_one_session(mode: Mode) -> None:
    app = busy_app()
    costs = mode.get(mode.client(app.script).sessions.ref("s2").costs(by="preset", now=NOW))
    assert {row["key"]: row["participant_minutes"] for row in costs.rows()} == {None: 0, "caller": 20, "guest": 10}
    assert minutes(costs)["livestream"] == 2
    assert (costs.since, costs.until, costs.sessions) == (None, None, 1)
    with pytest.raises(NotFoundError):
        mode.get(mode.client(busy_app().script).sessions.ref("nobody").costs())


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"month": "2026-13"}, "month='2026-13' is not a month such as '2026-11'"),
        ({"month": "now"}, "month='now' is not a month"),
        ({"month": "9999-12"}, "month='9999-12' is not a month"),
        ({"month": "2026-06", "since": START}, "give month= or since= and until=, not both"),
        ({"month": None, "since": NOW, "until": START}, "since=2026-06-23T10:00:00"),
        ({"month": None, "since": datetime(2026, 6, 1)}, "since='2026-06-01T00:00:00' has no time zone"),
        ({"by": "color"}, "by='color': use one of meeting, preset, day, participant"),
        ({"concurrency": 0}, "concurrency"),
    ],
)
def test_bad_arguments_send_nothing(mode: Mode, options: dict[str, Any], message: str) -> None:
    script = Script()
    with pytest.raises(ValueError, match=message.replace("(", r"\(")):
        mode.client(script).analytics.costs(**{"month": "2026-06", "now": NOW, **options})
    assert script.calls == []


def test_the_first_month_of_the_calendar(mode: Mode) -> None:
    app = App(sessions=[session()])
    costs = mode.get(mode.client(app.script).analytics.costs(month="0001-01", now=NOW))
    assert (costs.sessions, costs.cost) == (0, 0)


def test_the_current_month_and_since_alone(mode: Mode) -> None:
    costs = june(mode, busy_app(), month=None)
    assert costs.since == datetime(2026, 6, 1, tzinfo=UTC)
    costs = june(mode, busy_app(), month=None, since=START)
    assert (costs.since, costs.until, costs.sessions) == (START, NOW, 2)


def test_a_failing_request_ends_it(mode: Mode) -> None:
    app = busy_app()
    respond = app.respond

    def broken(call: Any) -> Any:
        return APIConnectionError("no network", maybe_processed=False) if "participants" in call.path else respond(call)

    client = mode.client(Script(server=broken), max_retries=0)
    with pytest.raises(APIConnectionError, match="no network"):
        mode.get(client.analytics.costs(month="2026-06", now=NOW))


def test_dataframes_and_json(mode: Mode) -> None:
    costs = june(mode, busy_app(), by="participant")
    frame, other = costs.to_pandas(), costs.to_polars()
    assert frame["cost"].tolist() == other["cost"].to_list() == [group.cost for group in costs.groups]
    assert other["key"].to_list() == [group.key for group in costs.groups]
    assert str(frame["sessions"].dtype) == "int64"
    assert len(june(mode, App()).to_pandas()) == len(june(mode, App()).to_polars()) == 0
    document = costs.to_dict()
    assert (document["since"], document["cost"]) == ("2026-06-01T00:00:00.000Z", costs.cost)
    assert repr(costs) == f"<Costs {costs.cost:.2f} USD sessions=2 by='participant'>"
