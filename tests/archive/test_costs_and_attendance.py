"""What the sessions of an archive cost, and who was in them: the same as at the platform, without a request."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, get_args

import pytest

from realtimekit.archive.errors import ArchiveError
from realtimekit.costs.result import CostsBy
from tests.cli.command import environment, error_line, invoke, invoke_ok, usage_error

from .raw import START, make_archive, put_session, update
from .worlds import World

HOSTILE = '=cmd|"/C"\x1b[31m<script>alert(1)</script>\u202e\x00'


def stay(name: str, start: float = 0, end: float = 60, **fields: Any) -> dict[str, Any]:
    times = {"joined_at": at(start), "left_at": at(end), "duration": end - start}
    return {"id": f"peer-{name}", "display_name": name, "custom_participant_id": f"custom-{name}",
            "preset_name": "host", "peer_events": [{"preset_view_type": "GROUP_CALL"}], **times, **fields}  # fmt: skip


def at(minute: float) -> str:
    return (START + timedelta(minutes=minute)).isoformat()


def people(*stays: dict[str, Any]) -> dict[str, Any]:
    return {"success": True, "data": {"participants": list(stays)}}


def test_they_are_those_of_the_platform(world: World) -> None:
    held = world.hold("Alice", "Bob", live_stream_on_start=True)
    world.hold("Carol", minutes=3)
    world.wait(120)
    world.sync()
    for by in get_args(CostsBy):
        live = world.client.analytics.costs(by=by)
        kept = world.archive.costs(by=by)
        assert live.cost > 0
        assert kept._replace(notes=live.notes) == live
    attendance = world.client.meetings.ref(held.meeting_id).attendance()
    assert [person.name for person in attendance.people] == ["Alice", "Bob"]
    kept_attendance = world.archive.attendance(meeting_id=held.meeting_id)
    assert kept_attendance._replace(at=attendance.at) == attendance
    assert len(world.archive.attendance().people) == 3


def test_an_empty_archive(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    assert archive.attendance().people == []
    costs = archive.costs(month="2026-06")
    assert (costs.cost, costs.sessions, costs.groups) == (0, 0, [])
    assert "People: 0, in sessions: 0" in invoke_ok("archive", "attendance", str(tmp_path), env=environment())
    result = invoke("analytics", "costs", "--archive", str(tmp_path), env=environment())
    assert (result.exit_code, "Costs: 0.0000 USD, sessions: 0" in result.stdout) == (0, True)


def test_no_archive(tmp_path: Path) -> None:
    message = error_line("archive", "attendance", str(tmp_path / "none"), env=environment())
    assert "there is no archive" in message or "does not exist" in message
    with pytest.raises(ArchiveError):
        make_archive(tmp_path / "new").__class__(str(tmp_path / "none"), create=False).costs()


def test_hostile_names(tmp_path: Path) -> None:
    """Text of participants cannot control a terminal, or become a formula."""
    archive = make_archive(tmp_path)
    hostile = stay("Mal", display_name=HOSTILE, custom_participant_id=HOSTILE, preset_name=HOSTILE, extra={"a": [1]})
    put_session(
        archive, "s1", session={"ended_at": at(60), "meeting_display_name": HOSTILE}, participants=people(hostile)
    )
    update(archive)
    (person,) = archive.attendance().people
    assert (person.name, person.minutes) == (HOSTILE, 60)
    for by in ("meeting", "preset", "participant"):
        for flag in ((), ("--csv",)):
            command = ("analytics", "costs", "--archive", str(tmp_path), "--month", "2026-06", "--by", by, *flag)
            result = invoke(*command, env=environment())
            assert result.exit_code == 0
            assert not {"\x1b", "\u202e", "\x00"} & set(result.stdout)
    table = invoke_ok("archive", "attendance", str(tmp_path), env=environment())
    csv = invoke_ok("archive", "attendance", str(tmp_path), "--csv", env=environment())
    assert not {"\x1b", "\u202e", "\x00"} & set(table + csv)
    assert "\n\"'=cmd" in csv
    document = json.loads(invoke_ok("archive", "attendance", str(tmp_path), "--json", env=environment()))
    assert document["people"][0]["name"] == HOSTILE


def test_records_that_are_none(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    put_session(archive, "s1", participants=people(stay("Ann", joined_at=7, peer_events="x"), {}, {"id": 5}))
    put_session(archive, "s2", participants="not JSON", recordings=[{"id": "r", "recording_duration": "long"}])
    put_session(archive, "s3", None, participants=people(stay("Ann")))  # when it began is not known
    update(archive)
    assert len(archive.attendance().people) == 3
    assert archive.costs(month="2026-06").sessions == 2


@pytest.mark.parametrize("table", ["sessions", "participants"])
@pytest.mark.parametrize("damage", ["missing", "not a Parquet file"])
def test_a_damaged_table_is_named(tmp_path: Path, table: str, damage: str) -> None:
    archive = make_archive(tmp_path)
    put_session(archive, "s1", participants=people(stay("Ann")))
    update(archive)
    (file,) = tmp_path.glob(f"tables/{table}/**/*.parquet")
    file.write_bytes(b"x" * 100)
    if damage == "missing":
        file.unlink()
    for ask in (
        archive.attendance, archive.duckdb, lambda: archive.costs(month="2026-06"),
        lambda: archive.query(f"from {table}"),
    ):  # fmt: skip
        with pytest.raises(ArchiveError, match=rf"^tables/{table}/\S+ is {damage}: `realtimekit archive rebuild`"):
            ask()


def test_periods_and_meetings(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    for number in range(3):
        put_session(
            archive, f"s{number}", START + timedelta(days=number), participants=people(stay("Ann")),
            session={"associated_id": f"m{number}", "ended_at": at(60 + number * 1440)},
            meeting={"data": {"id": f"m{number}", "transcribe_on_end": number == 1}},
        )  # fmt: skip
    update(archive)
    assert archive.attendance(since=START + timedelta(days=1)).sessions == 2
    assert archive.attendance(until=START + timedelta(hours=1)).sessions == 1
    assert archive.attendance(meeting_id="m1").sessions == 1
    costs = archive.costs(since=START + timedelta(days=1), until=START + timedelta(days=2), by="day")
    assert [group.key for group in costs.groups] == ["2026-06-04"]
    assert {line.item: line.minutes for line in costs.lines} == {
        "participant_group_call": 60, "transcription_after_meeting": 60,
    }  # fmt: skip
    assert archive.costs(month="2026-06", now=datetime(2026, 12, 1, tzinfo=UTC)).sessions == 3
    with pytest.raises(ValueError, match="has no time zone"):
        archive.attendance(since=datetime(2026, 6, 3))


def test_presets_that_are_not_known_have_no_price(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    put_session(archive, "s1", session={"ended_at": at(60)}, participants=people(stay("Ann", peer_events=[])))
    update(archive)
    costs = archive.costs(month="2026-06")
    assert (costs.cost, costs.unpriced) == (0, ["participant_unknown"])
    assert "60.0 minutes of participant_unknown are not in the costs: no price is known" in costs.notes


def test_the_commands(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    put_session(
        archive, "s1", session={"ended_at": at(120), "minutes_consumed": 500},
        participants=people(stay("Ann"), stay("Bob", 0, 100), stay("Ann", 50, 70, id="phone")),
        recordings=[{"id": "r", "recording_duration": 60, "download_url": "x"}],
    )  # fmt: skip
    update(archive)
    target = str(tmp_path / "archive")
    costs = ("analytics", "costs", "--archive", target)
    result = invoke(*costs, "--month", "2026-06", env=environment())
    text = " ".join(result.stdout.split())
    assert "Costs: 0.3700 USD, sessions: 1, from 2026-06-01" in text
    assert "recording 1 0.01 0.0100 2026-11-29" in text
    assert "Idle usage: what continued when everybody else had left" in text
    assert "alone Bob" in text
    assert "Sessions whose minutes are not the sum of their participants' minutes" in text
    assert "Prices: https://developers.cloudflare.com" in result.stderr
    out = invoke(*costs, "--month", "2026-06", "--by", "participant", "--csv", env=environment()).stdout
    assert out.splitlines()[1].startswith("custom-Bob,Bob,1,100.0,") or "custom-Bob,Bob,1,100.0," in out
    assert json.loads(invoke(*costs, "--month", "2026-06", "--json", env=environment()).stdout)["sessions"] == 1
    assert "'2026-6' is not a month such as 2026-11" in usage_error(*costs, "--month", "2026-6", env=environment())
    assert "none.toml: No such file" in usage_error(*costs, "--prices", str(tmp_path / "none.toml"), env=environment())
    prices = tmp_path / "prices.toml"
    prices.write_text("currency = 3")
    assert "the file has no currency" in usage_error(*costs, "--prices", str(prices), env=environment())
    by_session = invoke_ok("archive", "attendance", target, "--by", "session", "--csv", env=environment())
    assert by_session.splitlines()[1].startswith("Ann,custom-Ann,host,s1,Session s1,2,70.0,2026-06-03T10:00:00.000Z")
    assert "People: 2, in sessions: 1" in invoke_ok("archive", "attendance", target, env=environment())
    assert "Bob" in invoke_ok("meetings", "attendance", "meeting-1", "--archive", target, env=environment())
