"""What the blocking flavour's types are. Not run: checked by mypy and pyright in `make check`.

Each line with a `type: ignore` has to be an error in both: both report an ignore that is not needed.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from typing import assert_type

from realtimekit import (
    ActiveSession,
    App,
    Chat,
    LivestreamSession,
    Meeting,
    Participant,
    PeerEvent,
    RealtimeKit,
    Session,
    SessionParticipant,
    Summary,
    Sync,
    Transcript,
)
from realtimekit.resources.active_session import Kicked
from realtimekit.resources.session import Sessions
from realtimekit.resources.session_participant import SessionParticipants


def by_class() -> None:
    assert_type(Session.find("sess-1", app_id="app-1"), Session)
    assert_type(Session.find("sess-1", include_breakout_rooms=True), Session[Sync])
    assert_type(Session.all(status="ENDED"), list[Session])
    assert_type(Session.where(start_time="2026-11-01T00:00:00Z"), Sessions[Sync])
    assert_type(Session.find_participant_by_peer_id("peer-1", filters=["quality_stats"]), SessionParticipant)
    assert_type(App.current(), App)
    assert_type(Meeting.create(title="Weekly"), Meeting)
    assert_type(Participant.find("part-1", meeting_id="meet-1"), Participant)
    assert_type(LivestreamSession.find("live-1"), LivestreamSession)


def by_client(client: RealtimeKit) -> None:
    assert_type(client.sessions.where(status="LIVE").order_by("-created_at").page_size(10).limit(5), Sessions[Sync])
    assert_type(client.sessions.first(), Session | None)
    assert_type(client.sessions.page(2), list[Session])
    assert_type(client.sessions.pages(), Iterator[list[Session]])
    assert_type(client.sessions.prefetch(4).all(), list[Session])
    assert_type(client.sessions.count(), int)
    assert_type(client.sessions.ref("sess-1"), Session)
    assert_type([session for session in client.sessions], list[Session])  # noqa: C416 - it is about iteration
    assert_type(client.with_options(timeout=5), RealtimeKit)


def records(session: Session, meeting: Meeting, participant: Participant) -> None:
    assert_type(session.id, str)
    assert_type(session.status == "ENDED", bool)
    assert_type(session.started_at, datetime | None)
    assert_type(session.minutes_consumed, float | None)
    assert_type(session.breakout_rooms, list[Session] | None)
    assert_type(session.participants, SessionParticipants[Sync])
    assert_type(session.participants.find("peer-1").peer_events, list[PeerEvent] | None)
    assert_type(session.chat, Chat)
    assert_type(session.summary, Summary)
    assert_type(session.transcript, Transcript)
    assert_type(session.transcript_as("VTT"), Transcript)
    assert_type(session.chat.read(), bytes)
    assert_type(session.summary.generate(), Summary)
    assert_type(session.generate_summary(), Summary)
    assert_type(session.livestream_sessions(page_no=1, per_page=10), list[LivestreamSession])
    assert_type(session.reload(), Session)
    assert_type(meeting.update(status="INACTIVE"), Meeting)
    assert_type(meeting.participants.create(custom_participant_id="u", preset_name="p", name="Alice"), Participant)
    assert_type(meeting.active_session, ActiveSession)
    assert_type(meeting.active_session.kick(participant_ids=["part-1"]), Kicked)
    assert_type(meeting.active_session.kick_all(timeout=5), int)
    assert_type(participant.regenerate_token(), Participant)
    participant.destroy()


def errors(client: RealtimeKit, session: Session, meeting: Meeting) -> None:
    Session.find()  # type: ignore[call-arg]
    Session.find(1)  # type: ignore[arg-type]
    Session.find("sess-1", ap_id="app-1")  # type: ignore[call-arg]
    Session.where(statsu="ENDED")  # type: ignore[call-arg]
    Session.all(status=1)  # type: ignore[arg-type]
    client.sessions.order_by()  # type: ignore[call-arg]
    client.session  # type: ignore[attr-defined]  # noqa: B018
    session.livestream_sessions(pag_no=1)  # type: ignore[call-arg]
    session.find("another")  # type: ignore[arg-type]
    session.update(title="x")  # type: ignore[attr-defined]
    meeting.destroy()  # type: ignore[attr-defined]
    meeting.update(titel="x")  # type: ignore[call-arg]
    meeting.participants.create(preset_name="p")  # type: ignore[call-arg]
    meeting.active_session.kick(participant_ids=1)  # type: ignore[arg-type]


async def mixed_up(client: RealtimeKit, session: Session) -> None:
    await client.sessions.first()  # type: ignore[misc]
    await session.chat  # type: ignore[misc]
    async for _ in client.sessions:  # type: ignore[misc]
        pass
