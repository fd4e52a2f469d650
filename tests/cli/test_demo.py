"""`realtimekit demo`."""

from __future__ import annotations

import json
from typing import Any

import pytest

from .command import environment, run


@pytest.fixture(scope="module")
def document() -> Any:
    ended = run("demo", "--json")
    assert (ended.returncode, ended.stderr) == (0, "")
    return json.loads(ended.stdout)  # one document and nothing else, or this fails


@pytest.mark.parametrize("proxy", ["socks://127.0.0.1:9", "http://127.0.0.1:9", "nonsense://proxy"])
def test_it_uses_no_proxy(proxy: str) -> None:
    ended = run("demo", "--json", env=environment(ALL_PROXY=proxy, HTTP_PROXY=proxy))
    assert (ended.returncode, ended.stderr) == (0, "")


def test_it_has_exactly_the_documented_keys(document: Any) -> None:
    assert document.keys() == {
        "session",
        "participants",
        "chat",
        "transcript",
        "summary",
        "peer",
        "recordings",
        "livestream_sessions",
        "archive",
    }
    assert all(document.values())


def test_its_archive_is_proven_and_searched(document: Any) -> None:
    archive = document["archive"]
    assert (archive["verification"]["ok"], archive["verification"]["sessions"]) == (True, 1)
    assert archive["verification"]["deep"] is True
    assert {match["kind"] for match in archive["matches"]} == {"transcript", "summary"}
    assert {match["session_id"] for match in archive["matches"]} == {document["session"]["id"]}


def test_its_parts_agree(document: Any) -> None:
    session, people = document["session"], document["participants"]
    assert session["status"] == "ENDED"
    assert len(people) == session["max_concurrent_participants"] == 3
    assert sum(person["duration"] for person in people) == pytest.approx(session["minutes_consumed"], abs=0.01)
    names = {person["display_name"] for person in people}
    assert len(names) == 3
    ids = {person["user_id"] for person in people}
    for message in document["chat"]:
        assert message["displayName"] in names
        assert message["participantId"] in ids
        assert message["sessionId"] == session["id"]
        assert message["payload"]
        assert session["started_at"] <= message["createdAt"] <= session["ended_at"]
    for sentence in document["transcript"]:
        assert sentence["peerData"]["displayName"] in names
        assert sentence["sentence"]
        assert 0 <= sentence["startTime"] < sentence["endTime"] < session["minutes_consumed"] * 60_000
    assert session["meeting_display_name"] in document["summary"]
    assert {name for name in names if name in document["summary"]} == {
        sentence["peerData"]["displayName"] for sentence in document["transcript"]
    }
    (livestream_session,) = document["livestream_sessions"]
    assert livestream_session["started_time"] > session["started_at"]
    assert livestream_session["stopped_time"] == session["ended_at"]
    (recording,) = document["recordings"]
    assert (recording["session_id"], recording["status"]) == (session["id"], "UPLOADED")


def test_its_peer_is_one_of_them_with_quality(document: Any) -> None:
    peer = document["peer"]
    (listed,) = [person for person in document["participants"] if person["id"] == peer["id"]]
    assert peer["session_id"] == document["session"]["id"]
    assert (peer["display_name"], peer["joined_at"]) == (listed["display_name"], listed["joined_at"])
    assert peer["peer_report"]["quality"]["audio_producer"]


def test_for_people(document: Any) -> None:
    ended = run("demo")
    assert ended.returncode == 0
    assert "Traceback" not in ended.stderr
    flat = " ".join(ended.stdout.split())
    for person in document["participants"]:
        assert person["display_name"] in ended.stdout
        assert person["display_name"] in ended.stderr  # the progress
    assert document["session"]["meeting_display_name"] in flat
    for sentence in document["transcript"]:
        assert sentence["sentence"] in flat
    for message in document["chat"]:
        assert message["payload"] in flat
    (recording,) = document["recordings"]
    assert "Recordings" in ended.stdout
    assert f"UPLOADED {recording['recording_duration']} {recording['file_size']} " in flat
    for line in document["summary"].splitlines():
        assert " ".join(line.split()) in flat
    assert "\x1b" not in ended.stdout  # no colours into a pipe


def test_wrong_usage() -> None:
    ended = run("demo", "--xml")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr.splitlines()[-1].startswith("Error: No such option")
