"""What is collected for a report, and the reasons for what is missing."""

from __future__ import annotations

from typing import Any

import pytest

from realtimekit import AsyncRealtimeKit, AuthenticationError, NotFoundError, RealtimeKit, report
from realtimekit.emulator import Emulator
from realtimekit.interfaces import Request, Response
from realtimekit.report import SessionReport
from realtimekit.transports.emulator import EmulatorTransport, connected

from .meeting import NAMES, SAID, WRITTEN, Met, meet


def test_everything_is_there(made: SessionReport) -> None:
    assert made.missing == {}
    assert [attendee.name for attendee in made.attendees] == list(NAMES)
    assert [segment.text for segment in made.segments or []] == list(SAID)
    assert [message.payload for message in made.messages or []] == list(WRITTEN)
    assert made.summary
    assert len(made.calls) == len(NAMES) + 1, "a call for each peer: Alice joined twice"
    assert all(call.plots and call.quality.report is None for call in made.calls)
    assert [recording.status for recording in made.recordings or []] == ["UPLOADED"]
    assert len(made.livestreams or []) == 1


def test_somebody_who_rejoins_is_one_attendee(made: SessionReport) -> None:
    alice, *others = made.attendees
    assert [(interval.end or interval.start) - interval.start for interval in alice.attendance] != []
    assert len(alice.attendance) == 2
    assert all(len(attendee.attendance) == 1 for attendee in others)


def test_a_session_known_by_its_id_alone(met: Met) -> None:
    found = report.collect(met.client.sessions.ref(met.session.id), quality=False)
    assert found.session.meeting_display_name == met.session.meeting_display_name
    assert found.calls == []
    assert found.missing == {"quality": "it was not requested"}


def test_progress_counts_the_reports(met: Met) -> None:
    told: list[tuple[int, int | None]] = []
    report.collect(met.session, progress=lambda done, total: told.append((done, total)))
    assert told == [(done, 7) for done in range(1, 8)]


def test_a_part_that_has_expired_is_missing_with_the_reason() -> None:
    with Emulator() as emulator:
        met = meet(emulator)
        emulator.advance(9 * 86_400)
        made = report.collect(met.client.sessions.find(met.session.id))
    for part in ("chat", "transcript", "summary"):
        assert made.missing[part].startswith(f"the {part} is kept for 7 days"), made.missing[part]
        assert "/accounts/" not in made.missing[part]
    assert (made.messages, made.segments, made.summary) == (None, None, None)
    assert len(made.calls) == 7, "call analytics are kept for longer"
    html = made.html()
    assert html.count("is kept for 7 days") == 3


def test_a_live_session() -> None:
    with Emulator() as emulator:
        client = RealtimeKit(**connected(emulator))
        meeting = client.meetings.create(title="now")
        person = meeting.participants.create(name="Ann", custom_participant_id="a", preset_name="group_call_host")
        session_id = emulator.join(meeting.id, person.id).session_id
        made = report.collect(client.sessions.find(session_id))
        assert made.attendees[0].attendance[0].end is None
        assert "is LIVE" in made.missing["transcript"]
        html = made.html()
    assert '<span class="badge live">live</span>' in html
    assert "–now" in html


def test_recordings_of_other_sessions_of_the_meeting_are_left_out() -> None:
    with Emulator() as emulator:
        met = meet(emulator)
        person = met.client.meetings.ref(met.meeting_id).participants.all()[0]
        emulator.join(met.meeting_id, person.id)
        emulator.advance(60)
        emulator.end(met.meeting_id)
        emulator.advance(60)
        assert met.client.recordings.where(meeting_id=met.meeting_id).count() == 2
        made = report.collect(met.session, quality=False)
    assert [recording.session_id for recording in made.recordings or []] == [met.session.id]


class NoRecordings(EmulatorTransport):
    """Refuses requests for recordings."""

    def send(self, request: Request, /) -> Response:
        answer = super().send(request)
        return Response(403, answer.headers, b'{"success": false}') if "/recordings" in request.url else answer


def test_a_part_that_fails_does_not_affect_the_others(met: Met) -> None:
    settings: dict[str, Any] = {**connected(met.emulator), "transport": NoRecordings(met.emulator)}
    with RealtimeKit(**settings) as client:
        made = report.collect(client.sessions.find(met.session.id), quality=False)
    assert "403" in made.missing["recordings"]
    assert made.recordings is None
    assert made.messages


def test_an_invalid_token_is_an_error(met: Met) -> None:
    settings: dict[str, Any] = {**connected(met.emulator), "api_token": "another"}
    with RealtimeKit(**settings) as client, pytest.raises(AuthenticationError):
        report.collect(client.sessions.ref(met.session.id))


def test_no_such_session_is_an_error(met: Met) -> None:
    with pytest.raises(NotFoundError):
        report.collect(met.client.sessions.ref("no-such-session"))


def test_a_session_of_an_async_client_is_refused(met: Met) -> None:
    client = AsyncRealtimeKit(**connected(met.emulator))
    with pytest.raises(TypeError, match="not of AsyncRealtimeKit"):
        report.collect(client.sessions.ref(met.session.id))  # type: ignore[arg-type]


def test_repr_contains_no_speech(made: SessionReport) -> None:
    assert repr(made) == f"<SessionReport session_id={made.session.id!r} attendees=6>"
    assert "missing=['chat']" in repr(made._replace(missing={"chat": "why"}))
