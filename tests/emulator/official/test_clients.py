"""The official package beyond single calls: a longer scenario, its errors, and its async client."""

from __future__ import annotations

import asyncio
from typing import Any

import cloudflare
import jwt
import pytest
from cloudflare import AsyncCloudflare, Cloudflare

from tests.emulator.world import World

from .calls_of_meetings import TEACHER, in_python
from .reading import Reader, options


@pytest.fixture
def ids(world: World) -> Any:
    return {"account_id": world.emulator.account_id, "app_id": world.emulator.app_id}


def some(value: Any) -> Any:
    """Return a value that must not be None, although the package's types allow it."""
    assert value is not None
    return value


def test_a_story(reader: Reader, ids: Any, world: World) -> None:
    """Other calls, the token and the files show what one call has written."""
    kit = reader.strict
    preset = some(kit.presets.create(**ids, **in_python(TEACHER)).data)
    colours = some(kit.presets.get_preset_by_id(preset.id, **ids).data).ui.design_tokens.colors
    assert colours.brand.api_500 == TEACHER["ui"]["design_tokens"]["colors"]["brand"]["500"]
    audio: Any = {"codec": "MP3", "export_file": True}
    meeting = some(kit.meetings.create(**ids, title="Weekly", recording_config={"audio_config": audio}).data).id
    person: Any = {"custom_participant_id": "ann", "preset_name": "teacher", "name": "Ann"}
    ann = some(kit.meetings.add_participant(meeting, **ids, **person).data)
    claims = jwt.decode(ann.token, options={"verify_signature": False})
    assert (claims["meetingId"], claims["participantId"], claims["presetId"]) == (meeting, ann.id, preset.id)

    session_id = world.control("/enter", {"token": ann.token}).json()["session_id"]
    recording = some(kit.recordings.start_recordings(**ids, meeting_id=meeting).data).id
    world.advance(62)
    assert kit.recordings.get_active_recordings(meeting, **ids).data.session_id == session_id
    kit.recordings.pause_resume_stop_recording(recording, **ids, action="stop")
    world.advance(10)
    some(kit.active_session.kick_all_participants(meeting, **ids).data)
    world.advance(60)  # that it is kept alive
    ready = some(kit.recordings.get_one_recording(recording, **ids).data)
    assert len(world.download(some(ready.download_url)).body) == ready.file_size
    assert world.download(some(ready.audio_download_url)).kind == "audio/mpeg"

    session = some(kit.sessions.get_session_details(session_id, **ids).data)
    (peer,) = some(some(kit.sessions.get_session_participants(session_id, **ids).data).participants)
    assert (session.status, peer.custom_participant_id, peer.preset_name) == ("ENDED", "ann", "teacher")
    totals = some(reader.lenient.analytics.get_org_analytics(**ids, start_date="2020-01-01").data)
    assert totals.session_stats.sessions_minutes_consumed == session.minutes_consumed == pytest.approx(peer.duration)
    assert totals.recording_stats.recording_minutes_consumed == pytest.approx(ready.recording_duration / 60, abs=1 / 60)


def test_errors(reader: Reader, ids: Any, world: World) -> None:
    """The package expects a list of `errors`; the API's own errors are one object, which only the body shows."""
    meeting = world.meeting()
    kit = reader.strict
    with pytest.raises(cloudflare.NotFoundError, match=f"No active session found for meeting_id {meeting}") as caught:
        kit.active_session.get_active_session(meeting, **ids)
    assert not caught.value.errors
    with pytest.raises(cloudflare.BadRequestError, match='"page_no" must be'):
        kit.meetings.get(**ids, page_no=-1)
    kit.recordings.start_recordings(**ids, meeting_id=meeting)
    with pytest.raises(cloudflare.ConflictError, match="is already being recorded"):
        kit.recordings.start_recordings(**ids, meeting_id=meeting)


def test_errors_of_the_gateway(reader: Reader, ids: Any, world: World) -> None:
    with pytest.raises(cloudflare.NotFoundError) as caught:
        reader.strict.sessions.get_sessions("x", account_id="nobody")
    assert [error.code for error in caught.value.errors] == [7003]
    with Cloudflare(api_token="wrong", base_url=world.server.base_url, max_retries=0) as stranger:
        with pytest.raises(cloudflare.AuthenticationError) as refused:
            stranger.realtime_kit.sessions.get_sessions(**ids)
        assert [(error.code, error.message) for error in refused.value.errors] == [(10000, "Authentication error")]


def test_async(ids: Any, world: World) -> None:
    async def story() -> list[str]:
        async with AsyncCloudflare(**options(world, strict=True)) as client:
            kit = client.realtime_kit
            made = await asyncio.gather(*(kit.meetings.create(**ids, title=title) for title in ("a", "b", "c")))
            meeting = some(made[0].data).id
            person: Any = {"custom_participant_id": "ann", "preset_name": "group_call_host", "name": "Ann"}
            token = some((await kit.meetings.add_participant(meeting, **ids, **person)).data).token
            world.control("/enter", {"token": token})
            live = some((await kit.sessions.get_sessions(**ids, status="LIVE")).data).sessions
            with pytest.raises(cloudflare.NotFoundError):
                await kit.sessions.get_session_details("x", **ids)
            return [session.associated_id == meeting for session in some(live)] + [some(one.data).title for one in made]

    assert asyncio.run(story()) == [True, "a", "b", "c"]
