"""What the blocking mode's types are. Not run: checked by mypy and pyright in `make check`.

Each line with a `type: ignore` has to be an error in both: both report an ignore that is not needed.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import date, datetime
from typing import Any, assert_type

from realtimekit import (
    ActiveLivestreamSession,
    ActiveSession,
    App,
    Chat,
    Livestream,
    LivestreamSession,
    Meeting,
    Participant,
    ParticipantToken,
    PeerEvent,
    Poll,
    Preset,
    RealtimeKit,
    Recording,
    Session,
    SessionParticipant,
    Summary,
    Sync,
    Transcript,
    Webhook,
    configure,
)
from realtimekit.flow import Flow
from realtimekit.interfaces import AsyncTransport, Transport
from realtimekit.polling import wait_until
from realtimekit.resources.active_session import KickResult, MuteResult
from realtimekit.resources.analytics import DaywiseReport, LivestreamDay, LivestreamTotals
from realtimekit.resources.livestream import LivestreamDetails, Livestreams, LivestreamSessionRelation
from realtimekit.resources.preset import Presets
from realtimekit.resources.recording import RecordingLayer, Recordings
from realtimekit.resources.session import Sessions
from realtimekit.resources.session_participant import SessionParticipants
from realtimekit.resources.webhook import Webhooks


def by_class() -> None:
    assert_type(Session.find("sess-1", app_id="app-1"), Session)
    assert_type(Session.find("sess-1", include_breakout_rooms=True), Session[Sync])
    assert_type(Session.all(status="ENDED"), list[Session])
    assert_type(Session.where(start_time="2026-11-01T00:00:00Z"), Sessions[Sync])
    assert_type(Session.find_participant_by_peer_id("peer-1", filters=["quality_stats"]), SessionParticipant)
    assert_type(App.current(), App)
    assert_type(Meeting.create(title="Weekly"), Meeting)
    assert_type(Participant.find("part-1", meeting_id="meet-1"), Participant)
    assert_type(Participant.ensure(meeting_id="m", custom_participant_id="u", preset_name="p"), Participant)
    assert_type(LivestreamSession.find("live-1"), LivestreamSession)
    assert_type(Livestream.where(sort_order="DSC").order_by("-created_at"), Livestreams[Sync])
    assert_type(Recording.create(meeting_id="m", audio_config={"codec": "MP3"}), Recording)
    assert_type(Recording.create_track(meeting_id="m", layers={"a": {"media_kind": "audio"}}), Recording)
    assert_type(Recording.active_for("meet-1"), Recording)
    assert_type(Preset.all(search="host"), list[Preset])
    assert_type(Webhook.create(name="n", url="https://x.test", events=["meeting.started"]), Webhook)


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
    for app in client.apps.where():
        assert_type(app, App)
    for meeting in client.meetings.where(search="x").limit(3):
        assert_type(meeting, Meeting)


def of_its_own(blocking: Transport) -> RealtimeKit:
    configure(api_token="t", app_id=None, transport=blocking)
    RealtimeKit(transport="httpcore2", timeout=1)
    return RealtimeKit(api_token="t", account_id="a", max_retries=0, transport=blocking)


def as_mappings(session: Session, event: PeerEvent) -> dict[str, Any]:
    mapping: Mapping[str, Any] = session
    assert_type(dict(session), dict[str, Any])
    assert_type({**event}, dict[str, Any])
    assert_type([name for name in session], list[str])  # noqa: C416 - it is about iteration
    assert_type(list(session.items()), list[tuple[str, Any]])
    return {"is": mapping, "keys": session.keys() & event.keys()}


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
    assert_type(session.recordings, Recordings[Sync])
    assert_type(session.recordings.first(), Recording | None)
    assert_type(session.meeting, Meeting)
    assert_type(session.meeting.sessions, Sessions[Sync])
    assert_type(participant.sessions.order_by("-created_at"), Sessions[Sync])
    assert_type(meeting.active_session.meeting, Meeting)
    assert_type(Recording.all(session_id="sess-1"), list[Recording])
    assert_type(Session.where(meeting_id="meet-1"), Sessions[Sync])
    assert_type(meeting.update(status="INACTIVE"), Meeting)
    assert_type(meeting.participants.create(custom_participant_id="u", preset_name="p", name="Alice"), Participant)
    assert_type(meeting.active_session, ActiveSession)
    assert_type(meeting.active_session.kick(participant_ids=["part-1"]), KickResult)
    assert_type(meeting.active_session.kick_all(timeout=5), int)
    assert_type(participant.regenerate_token(), Participant)
    assert_type(participant.token, ParticipantToken)
    participant.destroy()


def live(meeting: Meeting, live: ActiveSession) -> None:
    assert_type(live.mute(custom_participant_ids=["u"]), MuteResult)
    assert_type(live.mute_all(allow_unmute=True), int)
    assert_type(live.create_poll("Lunch?", ["yes", "no"], anonymous=True, timeout=3), Poll)
    assert_type(meeting.end(), Meeting)
    assert_type(meeting.start_livestream(name=None, video_config={"width": 1280}), Livestream)
    assert_type(meeting.active_livestream, Livestream)
    assert_type(meeting.livestream(), LivestreamDetails[Sync])
    assert_type(meeting.livestream().livestream, Livestream | None)
    assert_type(meeting.livestream().sessions, list[LivestreamSession])
    meeting.stop_livestream()


def media(client: RealtimeKit, recording: Recording, livestream: Livestream) -> None:
    assert_type(client.recordings.where(status=["UPLOADED"], expired=False).order_by("-invoked_time"), Recordings[Sync])
    assert_type(recording.pause().resume().stop().transition("stop"), Recording)
    assert_type(recording.wait_until("UPLOADED", timeout=9, poll_interval=1, progress=lambda r: r.status), Recording)
    assert_type(recording.download_url, str | None)
    assert_type(recording.layers, list[RecordingLayer] | None)
    assert_type(recording.meeting, Meeting | None)
    assert_type(livestream.sessions, LivestreamSessionRelation[Sync])
    assert_type(livestream.sessions.first(), LivestreamSession | None)
    assert_type(livestream.active_livestream_session(), ActiveLivestreamSession)
    assert_type(livestream.active_livestream_session().session.reload(), LivestreamSession)
    assert_type(livestream.active_livestream_session().livestream.reload(), Livestream)


def of_the_app(client: RealtimeKit, preset: Preset, webhook: Webhook) -> None:
    assert_type(client.presets.where(search="x"), Presets[Sync])
    assert_type(preset.update(ui={"design_tokens": {"colors": {"brand": {"500": "#fff"}}}}), Preset)
    preset.destroy()
    assert_type(client.webhooks.where(), Webhooks[Sync])
    assert_type(client.webhooks.events(), list[str])
    assert_type(webhook.update(enabled=False), Webhook)
    webhook.destroy()
    assert_type(client.analytics.daywise(start_date=date(2026, 6, 1), end_date="2026-06-30"), DaywiseReport)
    assert_type(client.analytics.livestreams_daywise(start_time=0, end_time=1.5), list[LivestreamDay])
    assert_type(client.analytics.livestreams_overall(filters="x"), LivestreamTotals)


def waiting(session: Session) -> Flow[None]:
    return wait_until(
        session, lambda s: assert_type(s, Session).status == "ENDED", goal="to end", timeout=1, poll_interval=1
    )


def errors(client: RealtimeKit, session: Session, meeting: Meeting) -> None:
    Session.find()  # type: ignore[call-arg]
    Session.find(1)  # type: ignore[arg-type]
    Session.find("sess-1", ap_id="app-1")  # type: ignore[call-arg]
    Session.where(statsu="ENDED")  # type: ignore[call-arg]
    Session.all(status=1)  # type: ignore[arg-type]
    client.sessions.order_by()  # type: ignore[call-arg]
    client.session  # type: ignore[attr-defined]
    session.livestream_sessions(pag_no=1)  # type: ignore[call-arg]
    session.find("another")  # type: ignore[arg-type]
    session.update(title="x")  # type: ignore[attr-defined]
    meeting.destroy()  # type: ignore[attr-defined]
    meeting.update(titel="x")  # type: ignore[call-arg]
    meeting.participants.create(preset_name="p")  # type: ignore[call-arg]
    meeting.active_session.kick(participant_ids=1)  # type: ignore[arg-type]
    meeting.active_session.mute_all()  # type: ignore[call-arg]
    meeting.start_livestream(nme="x")  # type: ignore[call-arg]
    client.webhooks.create(name="n", url="u")  # type: ignore[call-arg]
    client.recordings.create()  # type: ignore[call-arg]
    client.recordings.create(meeting_id="m", audio_config={"codek": "MP3"})  # type: ignore[typeddict-unknown-key]
    client.recordings.ref("r").wait_until("UPLOADED", timeot=1)  # type: ignore[call-arg]
    client.presets.ref("p").update(ui={"design_tokens": {"colors": {"brand": {"50": "#f"}}}})  # type: ignore[typeddict-unknown-key]
    client.analytics.daywise(start_time="2026-06-01")  # type: ignore[call-arg]
    meeting.participants.ensure(preset_name="p")  # type: ignore[call-arg]
    session["status"] = "ENDED"  # type: ignore[index]


def flows(client: RealtimeKit, meeting: Meeting) -> Flow[Meeting]:
    assert_type(client.run(Sessions[Sync].find.flow(client.sessions, "s")), Session[Sync])
    changed: Meeting = yield from Meeting.update.flow(meeting, title="Daily")
    Meeting.update.flow(meeting, titel="Daily")  # type: ignore[call-arg]
    return changed


def settings(client: RealtimeKit, awaiting: AsyncTransport) -> None:
    RealtimeKit(transport=awaiting)  # type: ignore[arg-type]
    configure(transport=awaiting)  # type: ignore[arg-type]
    RealtimeKit(tiemout=1)  # type: ignore[call-arg]
    RealtimeKit(timeout="1")  # type: ignore[arg-type]
    RealtimeKit("token")  # type: ignore[call-arg, arg-type]
    configure(app=1)  # type: ignore[call-arg]
    client.with_options(transport="auto")  # type: ignore[call-arg]


def hidden(participant: Participant) -> dict[str, Any]:
    text: str = participant.token  # type: ignore[assignment]
    return {"token": text}


async def mixed_up(client: RealtimeKit, session: Session) -> None:
    await client.sessions.first()  # type: ignore[misc]
    await session.chat  # type: ignore[misc]
    async for _ in client.sessions:  # type: ignore[misc]
        pass
