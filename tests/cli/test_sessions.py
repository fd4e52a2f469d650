"""`realtimekit sessions list` and `show`, with an emulator in the environment."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

from .command import invoke, invoke_ok

if TYPE_CHECKING:
    from pathlib import Path

    from .conftest import Served


def test_list(served: Served) -> None:
    first = served.session("Planning", "Alice", "hello", "hi")
    second = served.session("Review", "Bob", "hello", "hi")
    listed = json.loads(invoke_ok("sessions", "list", "--json", env=served.env))
    assert [session["id"] for session in listed] == [second, first]  # the newest first
    assert listed[0]["meeting_display_name"] == "Review"
    text = invoke_ok("sessions", "list", env=served.env)
    for word in (first, second, "Planning", "Review", "ENDED"):
        assert word in text


def test_list_options(served: Served) -> None:
    first = served.session("Planning", "Alice", "hello", "hi")
    second = served.session("Review", "Bob", "hello", "hi")
    meeting = json.loads(invoke_ok("sessions", "list", "--json", env=served.env))[0]["associated_id"]
    for options, wanted in (
        (("--search", "plan"), [first]),
        (("--meeting", meeting), [second]),
        (("--status", "LIVE"), []),
        (("--status", "ENDED"), [second, first]),
    ):
        listed = json.loads(invoke_ok("sessions", "list", "--json", *options, env=served.env))
        assert [session["id"] for session in listed] == wanted, options


def test_list_walks_all_pages(served: Served) -> None:
    served.session("Planning", "Alice", "hello", "hi")
    meeting = served.emulator.world.store.rows("select id from meetings")[0]["id"]
    person = served.emulator.world.store.rows("select id from participants")[0]["id"]
    for _ in range(29):
        served.emulator.join(meeting, person)
        served.emulator.end(meeting)
    assert len(json.loads(invoke_ok("sessions", "list", "--json", "--all", env=served.env))) == 30


def test_show(served: Served) -> None:
    session_id = served.session("Planning", "Zoë Ångström", "Good morning, all", "see https://example.com/x", "user-7")
    shown = json.loads(invoke_ok("sessions", "show", session_id, "--json", env=served.env))
    assert shown.keys() == {
        "session",
        "participants",
        "chat",
        "transcript",
        "summary",
        "recordings",
        "livestream_sessions",
    }
    assert shown["session"]["id"] == session_id
    assert shown["recordings"] == []
    assert [person["display_name"] for person in shown["participants"]] == ["Zoë Ångström"]
    assert [message["payload"] for message in shown["chat"]] == ["see https://example.com/x"]
    assert [sentence["sentence"] for sentence in shown["transcript"]] == ["Good morning, all"]
    assert "Planning" in shown["summary"]
    assert len(shown["livestream_sessions"]) == 1
    text = invoke_ok("sessions", "show", session_id, env=served.env)
    for word in (session_id, "Planning", "Zoë Ångström", "user-7", "Good morning, all", "see https://example.com/x"):
        assert word in text


def test_show_live_and_expired_sessions(served: Served) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    served.emulator.advance(8 * 86_400)
    shown = json.loads(invoke_ok("sessions", "show", session_id, "--json", env=served.env))
    assert (shown["chat"], shown["transcript"], shown["summary"]) == (None, None, None)
    assert shown["missing"] == dict.fromkeys(("chat", "transcript", "summary"), "no longer kept")
    text = invoke_ok("sessions", "show", session_id, env=served.env)
    for kind in ("chat", "transcript", "summary"):
        assert f"The {kind} is no longer kept" in text
    meeting = served.emulator.world.store.rows("select id from meetings")[0]["id"]
    person = served.emulator.world.store.rows("select id from participants")[0]["id"]
    live = served.emulator.join(meeting, person).session_id
    assert json.loads(invoke_ok("sessions", "show", live, "--json", env=served.env))["session"]["status"] == "LIVE"
    assert "LIVE" in invoke_ok("sessions", "show", live, env=served.env)


def test_an_empty_app(served: Served) -> None:
    assert json.loads(invoke_ok("sessions", "list", "--json", env=served.env)) == []
    assert "Sessions: 0" in invoke_ok("sessions", "list", env=served.env)


def test_a_session_in_which_nothing_happened(served: Served) -> None:
    session_id = served.session(None, "Alice", "hello", "hi")
    meeting = served.emulator.world.store.rows("select id from meetings")[0]["id"]
    person = served.emulator.world.store.rows("select id from participants")[0]["id"]
    silent = served.emulator.join(meeting, person).session_id
    served.emulator.end(meeting)
    shown = json.loads(invoke_ok("sessions", "show", silent, "--json", env=served.env))
    assert (shown["chat"], shown["transcript"]) == ([], [])  # a 0-byte transcript is no error
    assert silent in invoke_ok("sessions", "show", silent, env=served.env)
    assert "untitled" in invoke_ok("sessions", "show", session_id, env=served.env)


def test_options_override_the_environment(served: Served) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    elsewhere = {**served.env, "REALTIMEKIT_APP_ID": "other", "CLOUDFLARE_ACCOUNT_ID": "other"}
    options = ("--app-id", served.emulator.app_id, "--account-id", served.emulator.account_id)
    assert json.loads(invoke_ok("sessions", "list", "--json", *options, env=elsewhere))[0]["id"] == session_id
    assert (
        json.loads(invoke_ok("sessions", "show", session_id, "--json", *options, env=elsewhere))["session"]["id"]
        == session_id
    )


def test_a_suspect_transcript_is_noted(served: Served, tmp_path: Path) -> None:
    session_id = served.session("Planning", "Alice", "hello", "hi")
    served.emulator.world.store.run("update files set content = ? where name like 'transcript.%'", b"")
    note = "transcript: it is empty, although people were in the session for 1.0 participant minutes\n"
    for arguments in (("show",), ("show", "--json"), ("transcript",), ("transcript", "--srt")):
        result = invoke("sessions", arguments[0], session_id, *arguments[1:], env=served.env)
        assert (result.exit_code, result.stderr) == (0, note)
    page = str(tmp_path / "report.html")
    assert note in invoke("sessions", "report", session_id, "-o", page, "--no-quality", env=served.env).stderr
