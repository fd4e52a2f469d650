"""Commands that create, change, end and remove something, and the confirmation before it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from realtimekit import RealtimeKit

from .command import error_line, invoke_ok, usage_error
from .conftest import Served
from .terminal import on_a_terminal

UNKNOWN = "00000000-0000-4000-8000-000000000000"


@pytest.fixture
def client(served: Served) -> Iterator[RealtimeKit]:
    with served.client() as made:
        yield made


def made(*arguments: str, served: Served) -> dict[str, Any]:
    document: dict[str, Any] = json.loads(invoke_ok(*arguments, "--json", env=served.env))
    return document


def test_apps(served: Served, client: RealtimeKit) -> None:
    app = made("apps", "create", "--name", "Second", served=served)
    assert client.apps.find(app["id"]).name == "Second"
    assert made("apps", "show", served=served)["id"] == served.emulator.app_id
    assert made("apps", "show", app["id"], served=served)["name"] == "Second"
    assert made("meetings", "create", "--app-id", app["id"], served=served)["id"]
    assert list(client.meetings.where()) == []


def test_a_meeting(served: Served, client: RealtimeKit, tmp_path: Path) -> None:
    options = ("--title", "Planning", "--record-on-start", "--no-persist-chat", "--keep-alive", "90")
    meeting_id = made("meetings", "create", *options, served=served)["id"]
    meeting = client.meetings.find(meeting_id)
    assert (meeting.title, meeting.record_on_start, meeting.persist_chat) == ("Planning", True, False)
    assert meeting.session_keep_alive_time_in_secs == 90

    invoke_ok("meetings", "update", meeting_id, "--title", "Review", "--no-record-on-start", env=served.env)
    meeting.reload()
    assert (meeting.title, meeting.record_on_start) == ("Review", False)
    assert meeting.session_keep_alive_time_in_secs == 90  # not touched

    file = tmp_path / "meeting.json"
    file.write_text(json.dumps({"title": "Of the file", "recording_config": {"max_seconds": 120}}))
    copied = made("meetings", "create", "--from", str(file), "--title", "Of the option", served=served)
    assert (copied["title"], copied["recording_config"]["max_seconds"]) == ("Of the option", 120)
    file.write_text(json.dumps(copied))  # the output of `show --json` is a valid input
    assert made("meetings", "create", "--from", str(file), served=served)["id"] != copied["id"]

    person = meeting.participants.create(custom_participant_id="u", preset_name="group_call_host")
    served.emulator.join(meeting_id, person.id)
    assert made("meetings", "end", meeting_id, "--yes", served=served)["status"] == "INACTIVE"
    first = client.sessions.where().first()
    assert first
    assert first.live_participants == 0
    assert made("meetings", "update", meeting_id, "--status", "ACTIVE", served=served)["status"] == "ACTIVE"


def test_a_participant(served: Served, client: RealtimeKit) -> None:
    meeting = client.meetings.create(title="T")
    here = ("--meeting", meeting.id)
    person = made("participants", "add", *here, "--custom-id", "u-1", "--preset", "group_call_host", served=served)
    assert person["name"] == "u-1"
    changed = made("participants", "update", person["id"], *here, "--name", "Alice", served=served)
    assert (changed["name"], changed["preset_name"]) == ("Alice", "group_call_host")
    token = invoke_ok("participants", "token", person["id"], *here, env=served.env).strip()
    assert served.emulator.enter(token).session_id
    document = made("participants", "token", person["id"], *here, served=served)
    assert document["id"] == person["id"]
    assert served.emulator.enter(document["token"])
    assert document["expires_at"].endswith("Z")
    assert "eyJ" in invoke_ok("participants", "token", person["id"], *here, "--csv", env=served.env)
    assert person["id"] in invoke_ok("participants", "remove", person["id"], *here, "--yes", env=served.env)
    assert list(meeting.participants) == []
    line = error_line("participants", "add", *here, "--custom-id", "u", "--preset", "nope", env=served.env)
    assert "'group_call_host'" in line  # which there are


def test_recordings(served: Served, client: RealtimeKit) -> None:
    meeting = client.meetings.create(title="T")
    person = meeting.participants.create(custom_participant_id="u", preset_name="group_call_host")
    served.emulator.join(meeting.id, person.id)
    options = ("--max-seconds", "600", "--prefix", "weekly")
    recording = made("recordings", "start", meeting.id, *options, served=served)
    assert recording["output_file_name"].startswith("weekly")
    served.emulator.advance(10)
    for command, status in (("pause", "PAUSED"), ("resume", "RECORDING"), ("stop", "UPLOADING")):
        assert made("recordings", command, recording["id"], served=served)["status"] == status
    line = error_line(
        "recordings", "wait", recording["id"], "--timeout", "0.02", "--poll-interval", "0.01", env=served.env
    )
    assert "waited 0.02 s" in line
    line = error_line(
        "recordings", "wait", recording["id"], "--until", "PAUSED", "--poll-interval", "0.01", env=served.env
    )
    assert line == f"Error: waited for recording {recording['id']} (UPLOADING) to be PAUSED: it is UPLOADING"
    served.emulator.advance(60)
    assert made("recordings", "wait", recording["id"], served=served)["status"] == "UPLOADED"
    assert "tracks" not in recording
    assert made("recordings", "start", meeting.id, "--tracks", served=served)["status"] == "INVOKED"


def test_livestreams(served: Served, client: RealtimeKit) -> None:
    meeting = client.meetings.create(title="T")
    person = meeting.participants.create(custom_participant_id="u", preset_name="group_call_host")
    served.emulator.join(meeting.id, person.id)
    started = made("livestreams", "start", meeting.id, "--name", "main", served=served)
    served.emulator.advance(10)
    assert client.livestreams.find(started["id"]).status == "LIVE"
    assert meeting.id in invoke_ok("livestreams", "stop", meeting.id, env=served.env)
    assert client.livestreams.find(started["id"]).status == "IDLE"
    assert made("livestreams", "create", "--name", "other", served=served)["name"] == "other"
    assert "404" in error_line("livestreams", "stop", UNKNOWN, env=served.env)


def test_presets(served: Served, client: RealtimeKit, tmp_path: Path) -> None:
    known = client.presets.where().first()
    assert known
    file = tmp_path / "preset.json"
    file.write_text(invoke_ok("presets", "show", known.id, "--json", env=served.env))
    copy = made("presets", "create", "--from", str(file), "--name", "copied", served=served)
    assert copy["id"] != known.id
    assert client.presets.find(copy["id"]).name == "copied"
    assert made("presets", "update", copy["id"], "--name", "renamed", served=served)["name"] == "renamed"
    file.write_text('{"config": {"max_screenshare_count": 4}}')
    changed = made("presets", "update", copy["id"], "--from", str(file), served=served)
    assert (changed["name"], changed["config"]["max_screenshare_count"]) == ("renamed", 4)
    assert copy["id"] in invoke_ok("presets", "delete", copy["id"], "--yes", env=served.env)
    assert "404" in error_line("presets", "show", copy["id"], env=served.env)


def test_webhooks(served: Served, client: RealtimeKit) -> None:
    everything = made("webhooks", "create", "--name", "all", "--url", "http://127.0.0.1:1/all", served=served)
    url = ("--url", "http://127.0.0.1:1/some")
    assert everything["events"] == client.webhooks.events()
    two = ("--event", "meeting.ended", "--event", "meeting.started")
    some = made("webhooks", "create", "--name", "some", *url, *two, "--disabled", served=served)
    assert (some["events"], some["enabled"]) == (["meeting.ended", "meeting.started"], False)
    changed = made("webhooks", "update", some["id"], "--enable", "--event", "meeting.summary", served=served)
    assert (changed["events"], changed["enabled"], changed["name"]) == (["meeting.summary"], True, "some")
    assert made("webhooks", "update", some["id"], "--disable", served=served)["enabled"] is False
    invoke_ok("webhooks", "delete", some["id"], "--yes", env=served.env)
    assert [webhook.id for webhook in client.webhooks.where()] == [everything["id"]]
    line = error_line("webhooks", "create", "--name", "n", *url, "--event", "meeting.paused", env=served.env)
    assert "meeting.started" in line


# --- wrong input ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("{", "does not contain valid JSON"),
        ("[1]", "does not contain a JSON object"),
        ('{"titel": "T"}', "there is no field 'titel'; did you mean 'title'"),
        ("\x00", "does not contain valid JSON"),
        ("[" * 100_000, "does not contain valid JSON"),
        (None, "No such file"),
    ],
)
def test_an_invalid_file(served: Served, tmp_path: Path, content: str | None, said: str) -> None:
    file = tmp_path / "fields.json"
    if content is not None:
        file.write_text(content)
    assert said in usage_error("meetings", "create", "--from", str(file), env=served.env)
    assert served.emulator.requests() == []


def test_a_preset_with_missing_fields(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "preset.json"
    file.write_text('{"name": "x"}')
    assert "these fields are missing: config, permissions, ui" in usage_error(
        "presets", "create", "--from", str(file), env=served.env
    )


@pytest.mark.parametrize(
    "arguments",
    [
        ("meetings", "update", UNKNOWN),
        ("presets", "update", UNKNOWN),
        ("webhooks", "update", UNKNOWN),
        ("participants", "update", UNKNOWN, "--meeting", UNKNOWN),
    ],
    ids=lambda arguments: arguments[0],
)
def test_nothing_to_change(served: Served, arguments: tuple[str, ...]) -> None:
    assert "nothing to change" in usage_error(*arguments, env=served.env)
    assert served.emulator.requests() == []


@pytest.mark.parametrize(
    "arguments",
    [
        ("meetings", "create", "--keep-alive", "long"),
        ("meetings", "create", "--keep-alive", "nan"),
        ("meetings", "create", "--keep-alive", "-5"),
        ("recordings", "start", UNKNOWN, "--max-seconds", "0"),
        ("recordings", "start", ".."),
        ("recordings", "wait", UNKNOWN, "--timeout", "0"),
        ("recordings", "wait", UNKNOWN, "--poll-interval", "nan"),
        ("participants", "list"),
        ("participants", "add", "--meeting", UNKNOWN, "--custom-id", "u"),
        ("webhooks", "create", "--name", "n"),
        ("presets", "create", "--name", "n"),
    ],
)
def test_wrong_usage(served: Served, arguments: tuple[str, ...]) -> None:
    assert usage_error(*arguments, env=served.env)
    assert served.emulator.requests() == []


def test_options_for_composite_recordings_exclude_tracks(served: Served) -> None:
    command, options = ("recordings", "start", UNKNOWN, "--tracks"), ("--max-seconds", "60", "--prefix", "x")
    line = usage_error(*command, *options, env=served.env)
    assert line == "Error: --tracks cannot be combined with --max-seconds or --prefix"
    assert usage_error(*command, *options[2:], env=served.env) == "Error: --tracks cannot be combined with --prefix"
    assert served.emulator.requests() == []


# --- confirmation -----------------------------------------------------------------------------------------------------

DESTRUCTIVE = [
    ("meetings", "end", UNKNOWN),
    ("participants", "remove", UNKNOWN, "--meeting", UNKNOWN),
    ("presets", "delete", UNKNOWN),
    ("webhooks", "delete", UNKNOWN),
]


@pytest.mark.parametrize("command", DESTRUCTIVE, ids=lambda command: command[0])
def test_confirmation_without_a_terminal(served: Served, command: tuple[str, ...]) -> None:
    assert "give --yes" in usage_error(*command, env=served.env)
    assert served.emulator.requests() == []
    assert "404" in error_line(*command, "--yes", env=served.env)


@pytest.mark.parametrize(("typed", "left"), [("n\n", 1), ("\n", 1), ("\x04", 1), ("y\n", 0)])
def test_confirmation_on_a_terminal(served: Served, client: RealtimeKit, typed: str, left: int) -> None:
    webhook = client.webhooks.create(name="n", url="http://127.0.0.1:1/", events=["meeting.ended"])
    code, shown = on_a_terminal("webhooks", "delete", webhook.id, env=served.env, typed=typed)
    assert f"Delete the webhook {webhook.id}? [y/N]" in shown
    assert "Traceback" not in shown
    assert (code, len(client.webhooks.where().all())) == (1 if left else 0, left)
