"""From the webhook to the note, on an emulator. Tasks run where they are sent from."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from fastapi.testclient import TestClient
from kombu.exceptions import OperationalError
from realtimekit import ArtifactNotEnabledError, RealtimeKit
from realtimekit.emulator import Emulator
from realtimekit.testing import signed_delivery

from note_taker import tasks
from note_taker.app import app

TOKEN = {"Authorization": "Bearer our-token"}


@pytest.fixture
def web(realtimekit_emulator: Emulator, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[TestClient]:
    monkeypatch.setenv("NOTES_DIR", str(tmp_path))
    monkeypatch.setenv("NOTES_TOKEN", "our-token")
    monkeypatch.setitem(tasks.app.conf, "task_always_eager", True)
    with TestClient(app) as client:
        yield client


@pytest.fixture
def session_id(realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit) -> str:
    """A session of Alice's that is over, with its transcript and its summary."""
    meeting = realtimekit_client.meetings.create(title="Weekly", transcribe_on_end=True, summarize_on_end=True)
    alice = meeting.participants.create(name="Alice", custom_participant_id="user-1", preset_name="group_call_host")
    peer = realtimekit_emulator.join(meeting.id, alice.id)
    realtimekit_emulator.speak(peer.session_id, peer.peer_id, "We ship on Friday", start_ms=0, end_ms=1500)
    realtimekit_emulator.advance(600)
    realtimekit_emulator.end(meeting.id)
    realtimekit_emulator.advance(60)  # until there is a summary
    return peer.session_id


def deliver(web: TestClient, event: str) -> tuple[int, str]:
    body, headers = signed_delivery(event)
    response = web.post("/webhooks", content=body, headers=headers)
    return response.status_code, response.text


def test_a_note_has_what_was_said_and_its_summary(web: TestClient, session_id: str) -> None:
    assert deliver(web, "meeting.transcript") == (200, "handled")
    assert deliver(web, "meeting.summary") == (200, "handled")
    note = web.get(f"/notes/{session_id}", headers=TOKEN).text
    assert note.startswith("# Weekly")
    assert "**Alice**" in note
    assert "We ship on Friday" in note


def test_only_genuine_events_are_handled_and_only_once(web: TestClient, session_id: str) -> None:
    body, headers = signed_delivery("meeting.transcript")
    assert web.post("/webhooks", content=body + b" ", headers=headers).status_code == 401
    assert web.get(f"/notes/{session_id}", headers=TOKEN).status_code == 404
    assert web.post("/webhooks", content=body, headers=headers).text == "handled"
    assert web.post("/webhooks", content=body, headers=headers).text == "already handled"


def test_a_broker_that_is_down_loses_nothing(web: TestClient, session_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise OperationalError("no broker")

    with monkeypatch.context() as broken:
        broken.setattr(tasks.write_transcript, "delay", fail)
        assert deliver(web, "meeting.transcript") == (500, "a handler failed")
    assert deliver(web, "meeting.transcript") == (200, "handled")
    assert web.get(f"/notes/{session_id}", headers=TOKEN).status_code == 200


def test_a_task_waits_for_a_file_that_is_late(web: TestClient, session_id: str, realtimekit_emulator: Emulator) -> None:
    realtimekit_emulator.add_fault(path="*/transcript", status=404, times=3)
    tasks.write_transcript.delay(session_id)
    assert "We ship on Friday" in web.get(f"/notes/{session_id}", headers=TOKEN).text


def test_a_task_gives_up_on_a_file_that_is_never_made(
    web: TestClient, realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit
) -> None:
    meeting = realtimekit_client.meetings.create(title="No transcript")
    bob = meeting.participants.create(name="Bob", custom_participant_id="user-2", preset_name="group_call_host")
    peer = realtimekit_emulator.join(meeting.id, bob.id)
    realtimekit_emulator.end(meeting.id)
    result = tasks.write_transcript.delay(peer.session_id)
    assert isinstance(result.result, ArtifactNotEnabledError)
    assert [request["path"].rpartition("/")[2] for request in realtimekit_emulator.requests()].count("transcript") == 1


def test_notes_are_not_for_everybody(web: TestClient, session_id: str) -> None:
    assert web.get(f"/notes/{session_id}").status_code == 401
    assert web.get(f"/notes/{session_id}", headers={"Authorization": "Bearer wrong"}).status_code == 401
