"""A record that is asked for by its id is that record, or a DecodeError."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from realtimekit import DecodeError

from .scripted import Mode, Script, ok

if TYPE_CHECKING:
    from collections.abc import Callable

UUID = "497f6eca-6276-4993-bfeb-53cbbbba6f08"
OTHER = {"id": "other", "name": "n"}

ASKED: dict[str, Callable[[Any], Any]] = {
    "app": lambda c: c.apps.find("x"),
    "current app": lambda c: c.apps.current(),
    "meeting": lambda c: c.meetings.find("x"),
    "participant": lambda c: c.participants.find("x", meeting_id="m"),
    "session": lambda c: c.sessions.find("x"),
    "session participant": lambda c: c.session_participants.find("x", session_id="s"),
    "participant by peer id": lambda c: c.sessions.find_participant_by_peer_id("x"),
    "call quality": lambda c: c.session_participants.ref("x", session_id="s").load_report(),
    "livestream": lambda c: c.livestreams.find("x"),
    "livestream session": lambda c: c.livestream_sessions.find("x"),
    "recording": lambda c: c.recordings.find("x"),
    "preset": lambda c: c.presets.find("x"),
    "webhook": lambda c: c.webhooks.find("x"),
    "reloaded": lambda c: c.meetings.ref("x").reload(),
    "updated": lambda c: c.meetings.ref("x").update(title="t"),
    "replaced": lambda c: c.presets.ref("x").replace(name="n", config={}, ui={}, permissions={}),
    "stopped": lambda c: c.recordings.ref("x").stop(),
    "new token": lambda c: c.participants.ref("x", meeting_id="m").regenerate_token(),
    "waited for": lambda c: c.recordings.ref("x").wait_until("UPLOADED"),
    "transcript": lambda c: c.sessions.ref("x").transcript,
    "transcript in another format": lambda c: c.sessions.ref("x").transcript_as("CSV"),
    "summary": lambda c: c.sessions.ref("x").summary,
    "generated summary": lambda c: c.sessions.ref("x").generate_summary(),
    "recording of a meeting": lambda c: c.recordings.active_for("x"),
}
BODIES: dict[str, Any] = {
    "transcript": {"sessionId": "other"},
    "transcript in another format": {"sessionId": "other"},
    "summary": {"sessionId": "other"},
    "generated summary": {"session_id": "other"},
    "recording of a meeting": {"id": "r", "meeting": OTHER},
}


@pytest.mark.parametrize("name", ASKED)
def test_another_record_is_rejected(mode: Mode, name: str) -> None:
    script = Script(ok(BODIES.get(name, OTHER)))
    with pytest.raises(DecodeError, match=r"^the response is about another record: its .* is 'other', not '(x|app)'$"):
        mode.get(ASKED[name](mode.client(script)))
    assert len(script.calls) == 1


def test_another_record_is_not_merged(mode: Mode) -> None:
    script = Script(ok({"id": "x", "title": "mine"}), ok({"id": "other", "title": "not mine"}))
    meeting = mode.get(mode.client(script).meetings.find("x"))
    with pytest.raises(DecodeError):
        mode.get(meeting.reload())
    assert (meeting.id, meeting.title) == ("x", "mine")


@pytest.mark.parametrize("data", [{}, {"title": "t"}, {"id": None}])
def test_a_requested_record_has_an_id(mode: Mode, data: dict[str, Any]) -> None:
    with pytest.raises(DecodeError, match=r"got a record without an id$"):
        mode.get(mode.client(Script(ok(data))).meetings.find("x"))


@pytest.mark.parametrize("data", [{}, {"title": "t"}, {"id": None}])
def test_a_record_keeps_the_id_that_a_write_leaves_out(mode: Mode, data: dict[str, Any]) -> None:
    meeting = mode.get(mode.client(Script(ok(data))).meetings.ref("x").update(title="t"))
    assert meeting.id == "x"


@pytest.mark.parametrize("asked", [UUID, UUID.upper(), UUID.replace("-", "")])
def test_a_uuid_may_be_written_differently(mode: Mode, asked: str) -> None:
    assert mode.get(mode.client(Script(ok({"id": UUID}))).meetings.find(asked)).id == UUID
