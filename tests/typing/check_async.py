"""What the awaiting mode's types are. Not run: checked by mypy and pyright in `make check`, as check_sync.py."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine
from typing import Any, assert_type

from realtimekit import (
    ActiveLivestreamSession,
    ActiveSession,
    App,
    Async,
    AsyncRealtimeKit,
    Chat,
    Livestream,
    LivestreamSession,
    Meeting,
    Participant,
    ParticipantToken,
    Poll,
    Preset,
    Recording,
    Session,
    SessionParticipant,
    Summary,
    Transcript,
    Webhook,
)
from realtimekit.interfaces import AsyncTransport, Transport
from realtimekit.resources.active_session import MuteResult
from realtimekit.resources.analytics import DaywiseReport
from realtimekit.resources.livestream import LivestreamDetails, LivestreamSessionRelation
from realtimekit.resources.recording import Recordings
from realtimekit.resources.session import Sessions
from realtimekit.resources.session_participant import SessionParticipants


async def by_client(client: AsyncRealtimeKit) -> None:
    assert_type(client.sessions.find("sess-1"), Coroutine[Any, Any, Session[Async]]).close()
    assert_type(await client.sessions.find("sess-1", app_id="app-1"), Session[Async])
    assert_type(client.sessions.where(status="LIVE").order_by("-created_at").limit(5), Sessions[Async])
    assert_type(await client.sessions.first(), Session[Async] | None)
    assert_type(await client.sessions.page(2), list[Session[Async]])
    assert_type(client.sessions.pages(), AsyncIterator[list[Session[Async]]])
    assert_type(await client.sessions.prefetch(4).all(), list[Session[Async]])
    assert_type(await client.sessions.count(), int)
    assert_type(client.sessions.ref("sess-1"), Session[Async])
    assert_type([session async for session in client.sessions], list[Session[Async]])
    assert_type(await client.sessions.find_participant_by_peer_id("peer-1"), SessionParticipant[Async])
    assert_type(await client.meetings.create(title="Weekly"), Meeting[Async])
    assert_type(client.with_options(timeout=5), AsyncRealtimeKit)
    async for app in client.apps.where():
        assert_type(app, App[Async])


def of_its_own(blocking: Transport, awaiting: AsyncTransport) -> list[AsyncRealtimeKit]:
    return [AsyncRealtimeKit(transport=blocking), AsyncRealtimeKit(transport=awaiting, app_id="app-1")]


async def records(session: Session[Async], meeting: Meeting[Async], participant: Participant[Async]) -> None:
    assert_type(session.participants, SessionParticipants[Async])
    assert_type(session.breakout_rooms, list[Session[Async]] | None)
    assert_type(session.chat, Coroutine[Any, Any, Chat[Async]]).close()
    assert_type(await session.summary, Summary[Async])
    assert_type(await session.transcript, Transcript[Async])
    assert_type(await session.transcript_as("VTT"), Transcript[Async])
    assert_type(await (await session.chat).read(), bytes)
    assert_type(session.recordings, Recordings[Async])
    assert_type(await session.recordings.all(), list[Recording[Async]])
    assert_type(await session.meeting, Meeting[Async])
    assert_type([each async for each in meeting.sessions.where(status="ENDED")], list[Session[Async]])
    assert_type(await participant.sessions.first(), Session[Async] | None)
    assert_type(await session.generate_summary(), Summary[Async])
    assert_type(await session.livestream_sessions(), list[LivestreamSession[Async]])
    assert_type(await session.reload(), Session[Async])
    assert_type(await meeting.update(title="x"), Meeting[Async])
    assert_type(await meeting.active_session, ActiveSession[Async])
    assert_type(await (await meeting.active_session).kick_all(), int)
    assert_type(await participant.regenerate_token(), Participant[Async])
    assert_type(participant.token, ParticipantToken)
    await participant.destroy()


async def live(meeting: Meeting[Async], live: ActiveSession[Async]) -> None:
    assert_type(await live.mute(participant_ids=["p"]), MuteResult)
    assert_type(await live.mute_all(allow_unmute=True), int)
    assert_type(await live.create_poll("Lunch?", ["yes", "no"]), Poll)
    assert_type(await meeting.end(), Meeting[Async])
    assert_type(await meeting.participants.ensure(custom_participant_id="u", preset_name="p"), Participant[Async])
    assert_type(await meeting.start_livestream(), Livestream[Async])
    assert_type(await meeting.active_livestream, Livestream[Async])
    assert_type(await meeting.livestream(), LivestreamDetails[Async])
    await meeting.stop_livestream()


async def media(client: AsyncRealtimeKit, livestream: Livestream[Async]) -> None:
    recording = await client.recordings.create(meeting_id="m")
    assert_type(await recording.pause(), Recording[Async])
    assert_type(await recording.wait_until("UPLOADED", progress=lambda r: r.status), Recording[Async])
    assert_type(recording.meeting, Meeting[Async] | None)
    assert_type(livestream.sessions, LivestreamSessionRelation[Async])
    assert_type(await livestream.sessions.all(), list[LivestreamSession[Async]])
    assert_type(await livestream.active_livestream_session(), ActiveLivestreamSession[Async])
    active = await livestream.active_livestream_session()
    assert_type(await active.session.reload(), LivestreamSession[Async])
    assert_type(await active.livestream.reload(), Livestream[Async])
    assert_type([preset async for preset in client.presets], list[Preset[Async]])
    assert_type(await client.webhooks.find("w"), Webhook[Async])
    assert_type(await client.webhooks.events(), list[str])
    assert_type(await client.analytics.daywise(), DaywiseReport)


async def errors(client: AsyncRealtimeKit, session: Session[Async]) -> None:
    client.sessions.where(statsu="ENDED")  # type: ignore[call-arg]
    await client.sessions.find(1)  # type: ignore[arg-type]
    await session.livestream_sessions(pag_no=1)  # type: ignore[call-arg]
    await client.recordings.ref("r").wait_until("UPLOADED", pol=1)  # type: ignore[call-arg]
    await session.update(title="x")  # type: ignore[attr-defined]
    (await client.sessions.first()).id  # type: ignore[union-attr]


async def mixed_up(client: AsyncRealtimeKit, session: Session[Async]) -> None:
    client.sessions.first().id  # type: ignore[attr-defined]
    session.chat.download_url  # type: ignore[attr-defined]
    session.reload()  # type: ignore[unused-coroutine]
    client.meetings.ref("m").active_livestream.id  # type: ignore[attr-defined]
    for _ in client.sessions:  # type: ignore[misc]
        pass
    with client:  # type: ignore[attr-defined]
        pass
