"""`list` and `show` of each group: the same records as a table, JSON and CSV; limits, filters and secrets."""

from __future__ import annotations

import csv
import io
import json
from typing import NamedTuple

import pytest

from .command import error_line, invoke, invoke_ok
from .conftest import Served


class World(NamedTuple):
    """The id of one record of each kind."""

    meeting: str
    participant: str
    session: str
    peer: str
    recording: str
    livestream: str
    webhook: str
    preset: str
    app: str


def world(served: Served, name: str = "Alice") -> World:
    with served.client() as client:
        meeting = client.meetings.create(
            title=name, live_stream_on_start=True, record_on_start=True, transcribe_on_end=True, summarize_on_end=True
        )
        person = meeting.participants.create(name=name, custom_participant_id=name, preset_name="group_call_host")
        joined = served.emulator.join(meeting.id, person.id)
        served.emulator.speak(joined.session_id, joined.peer_id, name, 1000, 2000)
        served.emulator.chat(joined.session_id, joined.peer_id, name)
        served.emulator.advance(60)
        served.emulator.end(meeting.id)
        served.emulator.advance(60)
        webhook = client.webhooks.create(name=name, url=f"http://127.0.0.1:1/{name}", events=["meeting.ended"])
        recording, livestream = client.recordings.where().first(), client.livestreams.where().first()
        preset = client.presets.where().first()
        assert recording
        assert livestream
        assert preset
        return World(
            meeting.id, person.id, joined.session_id, joined.peer_id, recording.id, livestream.id, webhook.id,
            preset.id, served.emulator.app_id,
        )  # fmt: skip


LISTS: list[tuple[str, ...]] = [
    ("apps", "list"),
    ("meetings", "list"),
    ("participants", "list", "--meeting", "{meeting}"),
    ("sessions", "list"),
    ("sessions", "participants", "{session}"),
    ("recordings", "list"),
    ("livestreams", "list"),
    ("livestreams", "sessions", "{livestream}"),
    ("presets", "list"),
    ("webhooks", "list"),
]
SHOWS: list[tuple[str, ...]] = [
    ("apps", "show", "{app}"),
    ("meetings", "show", "{meeting}"),
    ("participants", "show", "{participant}", "--meeting", "{meeting}"),
    ("sessions", "show", "{session}"),
    ("recordings", "show", "{recording}"),
    ("livestreams", "show", "{livestream}"),
    ("presets", "show", "{preset}"),
    ("webhooks", "show", "{webhook}"),
]
OTHERS: list[tuple[str, ...]] = [
    ("sessions", "chat", "{session}"),
    ("sessions", "transcript", "{session}"),
    ("sessions", "quality", "{session}"),
    ("analytics", "daily"),
    ("analytics", "livestreams"),
    ("webhooks", "events"),
]


def count(text: str, form: str) -> int:
    """Return how many records were printed."""
    return len(json.loads(text) if form == "--json" else sheet(text))


def filled(command: tuple[str, ...], ids: World) -> tuple[str, ...]:
    return tuple(word.format(**ids._asdict()) for word in command)


def sheet(text: str) -> list[dict[str, str]]:
    rows = list(csv.DictReader(io.StringIO(text), strict=True))
    assert all(None not in row and None not in row.values() for row in rows)
    return rows


@pytest.mark.parametrize("command", LISTS, ids=lambda command: "-".join(command[:2]))
def test_a_list_is_the_same_in_each_format(served: Served, command: tuple[str, ...]) -> None:
    command = filled(command, world(served))
    document = json.loads(invoke_ok(*command, "--json", env=served.env))
    rows = sheet(invoke_ok(*command, "--csv", env=served.env))
    text = invoke_ok(*command, env=served.env)
    ids = [item["id"] for item in document]
    assert ids
    assert [row["id"] for row in rows] == ids
    assert f": {len(ids)}" in text.splitlines()[0]
    positions = [text.index(one) for one in ids]
    assert positions == sorted(positions)
    for item, row in zip(document, rows, strict=True):
        for name in row.keys() & item.keys():
            if name.endswith(("_at", "_time")) and item[name]:
                assert row[name] == item[name]
                assert item[name].endswith("Z")


@pytest.mark.parametrize("command", LISTS, ids=lambda command: "-".join(command[:2]))
def test_a_list_says_that_there_are_more(served: Served, command: tuple[str, ...]) -> None:
    ids = world(served)
    command = filled(command, ids)
    with served.client() as client:
        client.apps.create(name="Other")
        client.webhooks.create(name="w", url="http://127.0.0.1:1/other", events=["meeting.ended"])
        client.livestreams.create(name="other")
        meeting = client.meetings.ref(ids.meeting)
        meeting.participants.create(custom_participant_id="user-2", preset_name="group_call_host")
        served.emulator.join(ids.meeting, ids.participant)
        client.meetings.create(title="Other")
        served.emulator.advance(10)
    everything = json.loads(invoke_ok(*command, "--json", "--all", env=served.env))
    if command == ("sessions", "participants", ids.session):
        assert len(everything) == 1
        return
    assert len(everything) >= 2
    for form in ("--json", "--csv"):
        result = invoke(*command, form, "--limit", "1", env=served.env)
        assert (result.exit_code, count(result.stdout, form)) == (0, 1)
        assert result.stderr == "There are more than this one: --limit N shows N of them, --all shows all\n"
        output = invoke_ok(*command, form, "--limit", str(len(everything)), env=served.env)
        assert count(output, form) == len(everything)
    assert ": the first " in invoke(*command, "--limit", "1", env=served.env).stdout


@pytest.mark.parametrize("command", SHOWS, ids="-".join)
def test_a_record_is_the_same_in_each_format(served: Served, command: tuple[str, ...]) -> None:
    command = filled(command, world(served))
    document = json.loads(invoke_ok(*command, "--json", env=served.env))
    document = document.get("session", document)
    (row,) = sheet(invoke_ok(*command, "--csv", env=served.env))
    assert row["id"] == document["id"]
    assert document["id"] in invoke_ok(*command, env=served.env)
    assert {name.partition(".")[0] for name in row} == document.keys()


@pytest.mark.parametrize("command", OTHERS, ids="-".join)
def test_other_output_in_each_format(served: Served, command: tuple[str, ...]) -> None:
    command = filled(command, world(served))
    assert json.loads(invoke_ok(*command, "--json", env=served.env))
    assert sheet(invoke_ok(*command, "--csv", env=served.env))
    assert len(invoke_ok(*command, env=served.env).splitlines()) > 4


@pytest.mark.parametrize("command", SHOWS, ids="-".join)
def test_an_unknown_id(served: Served, command: tuple[str, ...]) -> None:
    unknown = World(*["00000000-0000-4000-8000-000000000000"] * 9)
    assert "404" in error_line(*filled(command, unknown), env=served.env)


@pytest.mark.parametrize("command", [*LISTS, *SHOWS, *OTHERS], ids=lambda command: "-".join(command[:2]))
def test_without_settings(served: Served, command: tuple[str, ...]) -> None:
    env = {name: value for name, value in served.env.items() if name != "CLOUDFLARE_API_TOKEN"}
    assert "CLOUDFLARE_API_TOKEN" in error_line(*filled(command, World(*"abcdefghi")), env=env)


@pytest.mark.parametrize("command", [*LISTS, *SHOWS, *OTHERS], ids=lambda command: "-".join(command[:2]))
def test_hostile_names(served: Served, command: tuple[str, ...]) -> None:
    command = filled(command, world(served, "=1+1\x1b[31m\x07[red]\u202e"))
    text = invoke_ok(*command, env=served.env)
    assert [c for c in text if not c.isprintable() and c != "\n"] == []
    output = invoke_ok(*command, "--csv", env=served.env)
    assert not {"\x1b", "\x07"} & set(output)
    assert [cell for row in sheet(output) for cell in row.values() if cell.startswith("=")] == []
    assert json.dumps(json.loads(invoke_ok(*command, "--json", env=served.env)))


def test_secrets_need_their_flag(served: Served) -> None:
    ids = world(served)
    key = served.emulator.world.store.rows("select stream_key from livestreams")[0]["stream_key"]
    for command in (("livestreams", "show", ids.livestream), ("livestreams", "list")):
        for form in ((), ("--json",), ("--csv",)):
            assert key not in invoke_ok(*command, *form, env=served.env)
            assert key in invoke_ok(*command, *form, "--show-key", env=served.env)
    created = json.loads(invoke_ok("livestreams", "create", "--json", env=served.env))
    assert "stream_key" not in created
    assert json.loads(invoke_ok("livestreams", "create", "--json", "--show-key", env=served.env))["stream_key"]
    person = ("--meeting", ids.meeting, "--custom-id", "u", "--preset", "group_call_host")
    for form in ((), ("--json",), ("--csv",)):
        assert "eyJ" not in invoke_ok("participants", "add", *person, *form, env=served.env)
        assert "eyJ" in invoke_ok("participants", "add", *person, *form, "--show-token", env=served.env)


def test_a_secret_within_a_meeting_is_never_shown(served: Served) -> None:
    with served.client() as client:
        config = {"live_streaming_config": {"rtmp_url": "rtmp://x.example/live/secret-key"}}
        meeting = client.meetings.create(title="T", extra_body={"recording_config": config})
    for form in ((), ("--json",), ("--csv",)):
        assert "secret-key" not in invoke_ok("meetings", "show", meeting.id, *form, env=served.env)


@pytest.mark.parametrize("group", ["meetings", "sessions", "recordings", "livestreams"])
def test_times(served: Served, group: str) -> None:
    world(served)
    for options, found in (
        (("--since", "2020-01-01"), True),
        (("--until", "2020-01-01"), False),
        (("--since", "2020-01-01T10:00:00+02:00", "--until", "2100-01-01 10:00"), True),
        (("--since", "2100-01-01"), False),
    ):
        listed = json.loads(invoke_ok(group, "list", "--json", *options, env=served.env))
        assert bool(listed) is found, options
    for options in (("--since", "next week"), ("--until", "2026-13-01"), ("--since", "")):
        result = invoke(group, "list", *options, env=served.env)
        assert (result.exit_code, result.stdout) == (2, "")
        assert "ISO 8601" in result.stderr


def test_until_includes_the_day(served: Served) -> None:
    world(served)
    today = served.emulator.now()[:10]
    listed = json.loads(invoke_ok("analytics", "daily", "--since", today, "--until", today, "--json", env=served.env))
    assert listed["session_stats"]["sessions_count"] == 1
    livestreams = json.loads(
        invoke_ok("analytics", "livestreams", "--since", today, "--until", today, "--json", env=served.env)
    )
    assert livestreams["total"]["count"] == 1
    assert invoke_ok("meetings", "list", "--until", today, "--csv", env=served.env).count("\n") == 2


def test_filters(served: Served) -> None:
    ids = world(served)
    for command, wanted in (
        (("meetings", "list", "--status", "INACTIVE"), 0),
        (("meetings", "list", "--search", "alic"), 1),
        (("sessions", "list", "--meeting", ids.meeting), 1),
        (("sessions", "list", "--participants", "2:9"), 0),
        (("recordings", "list", "--meeting", ids.meeting, "--status", "UPLOADED", "--status", "INVOKED"), 1),
        (("recordings", "list", "--expired"), 0),
        (("recordings", "list", "--not-expired"), 1),
        (("livestreams", "list", "--exclude-meetings"), 0),
        (("presets", "list", "--search", "viewer"), 2),
        (("sessions", "participants", ids.session, "--search", "nobody"), 0),
    ):
        assert len(json.loads(invoke_ok(*command, "--json", env=served.env))) == wanted, command


def test_recordings_of_a_session(served: Served) -> None:
    first, second = world(served, "Alice"), world(served, "Bob")
    for found, other in ((first, second), (second, first)):
        listed = json.loads(invoke_ok("recordings", "list", "--session", found.session, "--json", env=served.env))
        assert [recording["session_id"] for recording in listed] == [found.session]
        text = invoke_ok("sessions", "show", found.session, env=served.env)
        assert listed[0]["id"] in text
        shown = json.loads(invoke_ok("sessions", "show", found.session, "--json", env=served.env))
        assert [recording["id"] for recording in shown["recordings"]] == [listed[0]["id"]]
        both = ("--session", found.session, "--meeting", other.meeting, "--json")
        assert json.loads(invoke_ok("recordings", "list", *both, env=served.env)) == []
    assert "not found" in error_line("recordings", "list", "--session", "nowhere", env=served.env)
