"""A meeting on an emulator, and what those who follow its captions get."""

from __future__ import annotations

import asyncio
import json

import pytest
from realtimekit import NotFoundError, RealtimeKit
from realtimekit.emulator import Emulator, Peer
from realtimekit.live import Caption
from starlette.testclient import TestClient

from captions import Board, app, server_sent_events

PRESET = "group_call_host"


@pytest.fixture
def alice(realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit, monkeypatch: pytest.MonkeyPatch) -> Peer:
    """Alice, in the meeting that is captioned."""
    preset = next(preset for preset in realtimekit_client.presets if preset.name == PRESET)
    preset.update(permissions={"transcription_enabled": True})
    meeting = realtimekit_client.meetings.create(title="Weekly")
    participant = meeting.participants.create(name="Alice", custom_participant_id="user-1", preset_name=PRESET)
    monkeypatch.setenv("MEETING_ID", meeting.id)
    monkeypatch.setenv("AGENT_PRESET", PRESET)
    return realtimekit_emulator.join(meeting.id, participant.id)


def events(body: str) -> list[list[dict[str, str]]]:
    return [json.loads(line.removeprefix("data: ")) for line in body.splitlines() if line.startswith("data: ")]


def test_the_last_words_are_shown(alice: Peer, realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit) -> None:
    said = "</script><script>alert(1)</script>\n\ndata: []"
    with TestClient(app) as browser:
        assert "EventSource" in browser.get("/").text
        realtimekit_emulator.speak(alice.session_id, alice.peer_id, "Good morning", start_ms=0, end_ms=900)
        realtimekit_emulator.speak(alice.session_id, alice.peer_id, said, start_ms=1000, end_ms=2000)
        (meeting,) = realtimekit_client.meetings
        realtimekit_emulator.end(meeting.id)
        body = browser.get("/captions").text  # ends, because the meeting has
    assert events(body)[-1] == [{"speaker": "Alice", "text": said}]
    assert body.endswith("event: end\ndata:\n\n")


def test_the_agent_leaves_with_the_server(alice: Peer, realtimekit_client: RealtimeKit) -> None:
    with TestClient(app):
        assert realtimekit_client.sessions.find(alice.session_id).live_participants == 2
    assert realtimekit_client.sessions.find(alice.session_id).live_participants == 1


def test_a_meeting_that_does_not_exist_is_told_at_the_start(alice: Peer, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MEETING_ID", "another")
    with pytest.raises(NotFoundError), TestClient(app):
        pass


def test_a_slow_browser_gets_the_latest() -> None:
    async def main() -> None:
        board = Board()
        follower = server_sent_events(board)
        assert events(await anext(follower)) == [[]]
        for text in ("Good", "Good morning"):
            board.show([Caption("Alice", text, False, "peer-1")])
        assert events(await anext(follower)) == [[{"speaker": "Alice", "text": "Good morning"}]]
        board.end()
        assert "event: end" in "".join([chunk async for chunk in follower])

    asyncio.run(main())
