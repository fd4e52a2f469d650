"""The types of the webhooks package. Not run, but checked by mypy and pyright, as tests/typing is."""

from __future__ import annotations

from collections.abc import Coroutine
from pathlib import Path
from typing import Any, assert_type

from realtimekit import Async, AsyncRealtimeKit, RealtimeKit, Recording, Session, SessionParticipant, Transcript
from realtimekit.webhooks import (
    AsyncReceiver,
    AsyncRouter,
    Endpoint,
    Event,
    MeetingEnded,
    MeetingTranscript,
    ParticipantEvent,
    Receiver,
    RecordingStatusUpdate,
    Router,
)
from realtimekit.webhooks.payloads import EventRecording


def blocking(receiver: Receiver, router: Router, client: RealtimeKit) -> None:
    event = receiver.verify(b"", {})
    assert_type(event, Event)
    assert_type(event.session, Session)
    assert_type(event.session_id, str | None)
    router.dispatch(event)
    Receiver(client=client)

    @router.on("meeting.ended")
    def by_name(event: MeetingEnded) -> None:
        assert_type(event.session_id, str)
        assert_type(event.session, Session)

    @router.on(ParticipantEvent)
    def by_class(event: ParticipantEvent) -> None:
        assert_type(event.participant_record, SessionParticipant)

    @router.on(RecordingStatusUpdate)
    def of_a_recording(event: RecordingStatusUpdate) -> None:
        assert_type(event.recording, EventRecording)
        assert_type(event.recording.download("recordings/"), Path)
        assert_type(event.recording_record, Recording)

    @router.on("meeting.ended", "meeting.started")
    def by_names(event: Event) -> None:
        assert_type(event.type, str)

    @router.on("meeting.ended")  # type: ignore[arg-type]
    def of_another(event: MeetingTranscript) -> None: ...


async def awaiting(receiver: AsyncReceiver, router: AsyncRouter, client: AsyncRealtimeKit) -> None:
    event = await receiver.verify(b"", {})
    assert_type(event, Event[Async])
    assert_type(event.session, Coroutine[Any, Any, Session[Async]]).close()
    await router.dispatch(event)
    AsyncReceiver(client=client)

    @router.on(MeetingTranscript)
    async def by_class(event: MeetingTranscript[Async]) -> None:
        assert_type(event.transcript, Transcript[Async])
        assert_type(await event.transcript.read(), bytes)
        assert_type(await event.session, Session[Async])

    @router.on(RecordingStatusUpdate)
    async def of_a_recording(event: RecordingStatusUpdate[Async]) -> None:
        assert_type(await event.recording.download("recordings/"), Path)
        assert_type(await event.recording.tracks[0].download("recordings/"), Path)
        assert_type(await event.recording_record, Recording[Async])


def mixed_up(client: AsyncRealtimeKit, router: AsyncRouter) -> None:
    Receiver(client=client)  # type: ignore[arg-type]
    Endpoint(router)  # type: ignore[arg-type]
    Receiver().verify("text", {})  # type: ignore[arg-type]
