"""The example that the package's interface is based on, line by line, in both modes, over HTTP.

session = Session.find("sess-1", app_id="app-1")
session.participants.all
session.chat       # → Chat (loaded)
session.summary    # → Summary (loaded)
session.transcript # → Transcript (loaded)
"""

from __future__ import annotations

import asyncio

import pytest

import realtimekit
from realtimekit import (
    AsyncRealtimeKit,
    Chat,
    LivestreamSession,
    Session,
    SessionParticipant,
    Summary,
    Transcript,
)
from realtimekit.settings import TransportName

from .conftest import Demo

PEOPLE = ["Alice", "Bob", "Carol"]


def test_the_example_on_the_default_client(
    demo: Demo, transport: TransportName, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name, value in demo.environment.items():
        if name != "REALTIMEKIT_APP_ID":  # the example gives it in the call
            monkeypatch.setenv(name, value)
    realtimekit.configure(transport=transport)

    session = Session.find("sess-1", app_id="app-1")
    assert [participant.display_name for participant in session.participants.all()] == PEOPLE
    assert isinstance(session.chat, Chat)
    assert isinstance(session.summary, Summary)
    assert isinstance(session.transcript, Transcript)

    # (loaded): on the first read, once
    loaded = len(demo.emulator.requests())
    assert session.chat.download_url is not None
    assert session.summary.download_url is not None
    assert session.transcript.download_url is not None
    assert len(demo.emulator.requests()) == loaded
    assert session.chat is session.chat

    participant = Session.find_participant_by_peer_id("peer-1", app_id="app-1")
    assert isinstance(participant, SessionParticipant)
    assert (participant.id, participant.display_name) == ("peer-1", "Alice")
    assert participant.scope["app_id"] == "app-1"
    assert participant in list(session.participants)

    (livestream_session,) = session.livestream_sessions(page_no=1, per_page=10)
    assert isinstance(livestream_session, LivestreamSession)
    assert livestream_session.id == "live-session-1"
    assert livestream_session == LivestreamSession.find("live-session-1", app_id="app-1")
    assert session.livestream_sessions(page_no=2, per_page=10) == []

    assert Session.read_only
    assert [found.id for found in Session.all(status="ENDED", app_id="app-1")] == ["sess-1"]
    assert Session.all(status="LIVE", app_id="app-1") == []


def test_the_example_on_an_async_client(demo: Demo, transport: TransportName) -> None:
    async def main() -> None:
        async with AsyncRealtimeKit(**demo.settings, transport=transport).with_options(app_id="another") as client:
            session = await client.sessions.find("sess-1", app_id="app-1")
            assert [participant.display_name for participant in await session.participants.all()] == PEOPLE
            assert isinstance(await session.chat, Chat)
            assert isinstance(await session.summary, Summary)
            assert isinstance(await session.transcript, Transcript)

            loaded = len(demo.emulator.requests())
            assert (await session.chat).download_url is not None
            assert await session.chat is await session.chat
            assert len(demo.emulator.requests()) == loaded

            participant = await client.sessions.find_participant_by_peer_id("peer-1", app_id="app-1")
            assert (participant.id, participant.display_name) == ("peer-1", "Alice")
            assert participant in [found async for found in session.participants]

            (livestream_session,) = await session.livestream_sessions(page_no=1, per_page=10)
            assert livestream_session == await client.livestream_sessions.find("live-session-1", app_id="app-1")
            assert await session.livestream_sessions(page_no=2, per_page=10) == []

            assert [found.id async for found in client.sessions.where(status="ENDED", app_id="app-1")] == ["sess-1"]
            assert await client.sessions.where(status="LIVE", app_id="app-1").all() == []

    asyncio.run(main())


def test_the_filters_of_the_reverse_lookup_reach_the_server(demo: Demo) -> None:
    with realtimekit.RealtimeKit(**demo.settings, transport="httpcore2") as client:
        whole = client.sessions.find_participant_by_peer_id("peer-2")
        part = client.sessions.find_participant_by_peer_id("peer-2", filters=["quality_stats", "device_info"])
    assert demo.emulator.requests()[-1]["query"] == "filters=quality_stats%2Cdevice_info"
    assert whole.peer_report is not None
    assert part.peer_report is not None
    assert "ip_information" in whole.peer_report["metadata"]
    assert "ip_information" not in part.peer_report["metadata"]
    assert part.peer_report["quality"]["audio_producer"]
