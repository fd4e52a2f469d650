"""Events: all nine typed, old and odd samples included; no field is lost, no secret leaks; related records."""

from __future__ import annotations

import asyncio
import copy
import pickle
from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pytest

from realtimekit import Async, AsyncRealtimeKit, ConfigurationError, DecodeError, NotFoundError, RealtimeKit, Session
from realtimekit.webhooks import (
    AsyncReceiver,
    Event,
    LivestreamingStatusUpdate,
    MeetingChatSynced,
    MeetingEnded,
    MeetingParticipantJoined,
    MeetingParticipantLeft,
    MeetingStarted,
    MeetingSummary,
    MeetingTranscript,
    Receiver,
    RecordingStatusUpdate,
    UnknownEvent,
    parse_event,
)
from tests.conftest import Demo

from . import samples
from .platform import Signer

NINE = {
    "meeting.started": MeetingStarted,
    "meeting.ended": MeetingEnded,
    "meeting.participantJoined": MeetingParticipantJoined,
    "meeting.participantLeft": MeetingParticipantLeft,
    "meeting.chatSynced": MeetingChatSynced,
    "meeting.transcript": MeetingTranscript,
    "meeting.summary": MeetingSummary,
    "recording.statusUpdate": RecordingStatusUpdate,
    "livestreaming.statusUpdate": LivestreamingStatusUpdate,
}


def at(text: str) -> datetime:
    return datetime.fromisoformat(text).replace(tzinfo=UTC)


@pytest.mark.parametrize("sample", samples.ALL, ids=lambda sample: sample["event"])
def test_the_documented_samples(sample: dict[str, Any]) -> None:
    event = parse_event(sample, delivery_id="delivery-1", webhook_id="hook-1")
    assert type(event) is NINE[sample["event"]]
    samples.read_everything(event)
    assert event.type == sample["event"]
    assert (event.app_id, event.meeting_id, event.session_id) == ("app-1", "meet-1", "sess-1")
    assert (event.delivery_id, event.webhook_id) == ("delivery-1", "hook-1")
    assert event.to_dict() == sample
    for secret in ("the-secret-stream-key", "signature=abc"):
        assert secret not in repr(event) + repr(getattr(event, "recording", "")) + repr(getattr(event, "meeting", ""))


def test_there_are_nine_event_classes() -> None:
    assert Event.types == NINE
    assert {sample["event"] for sample in samples.ALL} == set(NINE)


def test_an_unknown_event_keeps_everything() -> None:
    event = parse_event({"event": "meeting.raisedHand", "meeting": samples.MEETING, "hand": "left"})
    assert isinstance(event, UnknownEvent)
    assert (event.type, event["hand"], event.session_id) == ("meeting.raisedHand", "left", "sess-1")


def test_unknown_fields_survive() -> None:
    event = parse_event({**samples.STARTED, "new": 1, "meeting": {**samples.MEETING, "newer": [2]}})
    assert isinstance(event, MeetingStarted)
    assert (event["new"], event.meeting["newer"]) == (1, [2])


# --- oddities ---------------------------------------------------------------------------------------------------------


def recording(**fields: Any) -> RecordingStatusUpdate:
    event = parse_event({"event": "recording.statusUpdate", "recording": {**samples.RECORDING, **fields}})
    assert isinstance(event, RecordingStatusUpdate)
    samples.read_everything(event)
    return event


def test_a_file_size_as_string_or_number() -> None:
    assert [recording(fileSize=size).recording.file_size for size in ("123", 123, None)] == [123, 123, None]


def test_a_recording_without_its_meeting() -> None:
    event = recording()
    assert (event.meeting, event.session_id, event.meeting_id) == (None, "sess-1", "meet-1")
    assert event.recording.session_id == "sess-1"
    assert event.recording.download_url == samples.RECORDING["downloadUrl"]
    assert (event.recording.layers, event.recording.recording_duration) == ([], 600.0)


def test_an_uploading_recording_with_few_fields() -> None:
    few = {"id": "rec-1", "recordingId": "rec-1", "status": "UPLOADING", "fileSize": 0}
    few |= {"startedTime": "2026-06-03T10:00:00.000Z", "stoppedTime": "2026-06-03T10:10:00.000Z"}
    event = parse_event({"event": "recording.statusUpdate", "recording": few})
    assert isinstance(event, RecordingStatusUpdate)
    samples.read_everything(event)
    assert (event.session_id, event.meeting_id, event.app_id) == (None, None, None)
    assert (event.recording.status, event.recording.download_url) == ("UPLOADING", None)


def test_a_track_recording() -> None:
    link = {"download_url": "https://files.example/peer-1.webm?signature=abc"}
    layers = [{"layer_name": "default", "download_urls": {"peer-1.webm": link}}]
    found = recording(downloadUrl=layers).recording
    assert found.download_url is None
    (layer,) = found.layers
    assert (layer.layer_name, layer.files) == ("default", {"peer-1.webm": link["download_url"]})
    assert "signature" not in repr(layer)
    odds: list[list[Any]] = [[], ["x"], [{}], [{"download_urls": None}], [{"download_urls": {"a": None, "b": {}}}]]
    for odd in odds:
        assert [layer.files for layer in recording(downloadUrl=odd).recording.layers] in ([], [{}])


def test_a_null_end_and_an_older_time_format() -> None:
    meeting = {**samples.MEETING, "endedAt": None, "createdAt": "2023-01-25 04:51:35.903816Z", "roomName": "abc-def"}
    event = parse_event({"event": "meeting.ended", "meeting": meeting, "reason": "HOST_ENDED_MEETING"})
    assert isinstance(event, MeetingEnded)
    assert event.meeting.ended_at is None
    assert event.meeting.created_at == at("2023-01-25T04:51:35.903816")
    assert event.meeting.started_at == at("2026-06-03T10:00:00")
    assert (event.meeting.room_name, event.reason) == ("abc-def", "HOST_ENDED_MEETING")


def test_an_older_participant() -> None:
    event = parse_event({**samples.JOINED, "participant": {"peerId": "peer-1", "clientSpecificId": "user-1"}})
    assert isinstance(event, MeetingParticipantJoined)
    samples.read_everything(event)
    assert (event.participant.peer_id, event.participant.client_specific_id) == ("peer-1", "user-1")
    assert event.participant.custom_participant_id is None


def test_a_summary_whose_meeting_has_two_ids() -> None:
    event = parse_event(samples.SUMMARY)
    assert isinstance(event, MeetingSummary)
    samples.read_everything(event)
    assert event.meeting.title is None


def test_an_invalid_id_raises_decode_error() -> None:
    event = parse_event({"event": "meeting.ended", "meeting": {"id": "m", "sessionId": ".."}})
    assert isinstance(event, MeetingEnded)
    with RealtimeKit(api_token="x", account_id="a", app_id="b") as client:
        bound = event.bind(client)
        with pytest.raises(DecodeError, match="has a session id that cannot be used in a request"):
            _ = bound.session


def test_a_missing_field_raises_only_when_read() -> None:
    event = parse_event({"event": "meeting.started"})
    assert isinstance(event, MeetingStarted)
    assert event.type == "meeting.started"
    assert repr(event) == "<MeetingStarted 'meeting.started'>"
    for name, what in (("session_id", "session"), ("meeting_id", "meeting")):
        with pytest.raises(DecodeError, match=f"does not say which {what} it belongs to"):
            getattr(event, name)
    with pytest.raises(DecodeError, match="'meeting'"):
        _ = event.meeting
    with pytest.raises(DecodeError, match="which session"):
        _ = parse_event({"event": "x"}, client=RealtimeKit(api_token="x")).session


def test_an_event_is_read_only() -> None:
    event = parse_event(samples.STARTED)
    with pytest.raises(AttributeError):
        event.__setattr__("meeting", None)


# --- into the API -----------------------------------------------------------------------------------------------------


def test_related_records(demo: Demo, signer: Signer) -> None:
    with RealtimeKit(**demo.settings) as client:
        receiver = Receiver(signer.pem, client=client)
        event = receiver.verify(*signer.delivery(samples.ENDED))
        session = event.session
        assert (session.status, session.minutes_consumed is not None) == ("ENDED", True)
        assert event.session is session
        joined = receiver.verify(*signer.delivery(samples.JOINED))
        assert isinstance(joined, MeetingParticipantJoined)
        assert joined.participant_record.display_name == "Alice"
        assert joined.participant_record is joined.participant_record
        sent = len(demo.emulator.requests())
        link = session.transcript.download_url
        transcript = parse_event({**samples.TRANSCRIPT, "transcriptDownloadUrl": link}, client=client)
        assert isinstance(transcript, MeetingTranscript)
        assert b"Good morning" in transcript.transcript.read()
        assert len(demo.emulator.requests()) == sent + 2, "the event's own link is used"
        chat = parse_event(samples.CHAT_SYNCED, client=client)
        summary = parse_event(samples.SUMMARY, client=client)
        assert isinstance(chat, MeetingChatSynced)
        assert isinstance(summary, MeetingSummary)
        assert chat.chat.download_url == chat.download_url
        assert chat.chat.download_url_expiry == chat.download_url_expiry
        assert b"Upgrade notes" in chat.chat.reload().read()
        assert summary.summary.reload().read()
        nowhere = {**samples.STARTED, "meeting": {**samples.MEETING, "sessionId": "sess-9"}}
        with pytest.raises(NotFoundError):
            _ = parse_event(nowhere, client=client).session


def test_related_records_async(demo: Demo, signer: Signer) -> None:
    async def main() -> None:
        async with AsyncRealtimeKit(**demo.settings) as client:
            receiver = AsyncReceiver(signer.pem, client=client)
            event: Any = await receiver.verify(*signer.delivery(samples.JOINED))
            assert (await event.session).status == "ENDED"
            assert await event.session is await event.session
            assert (await event.participant_record).display_name == "Alice"
            transcript: Any = await receiver.verify(*signer.delivery(samples.TRANSCRIPT))
            assert b"Good morning" in await (await transcript.transcript.reload()).read()

    asyncio.run(main())


def test_without_a_client_the_default_client_is_used(demo_environment: Demo, signer: Signer) -> None:
    assert Receiver(signer.pem).verify(*signer.delivery(samples.ENDED)).session.id == "sess-1"
    assert parse_event(samples.ENDED).session.id == "sess-1"
    assert MeetingEnded(samples.ENDED).session.id == "sess-1"


def test_bound_to_another_client(demo: Demo) -> None:
    event = parse_event(samples.ENDED, delivery_id="delivery-1", client=RealtimeKit(api_token="x", app_id="other"))
    with RealtimeKit(**demo.settings) as client:
        bound = event.bind(client)
        assert (bound.session.id, bound.delivery_id) == ("sess-1", "delivery-1")
        assert bound == event


def test_a_client_without_an_app_uses_the_events_app(demo: Demo) -> None:
    with RealtimeKit(**{**demo.settings, "app_id": None}) as client:
        assert parse_event(samples.ENDED, client=client).session.scope["app_id"] == "app-1"
        joined = parse_event(samples.JOINED, client=client)
        assert isinstance(joined, MeetingParticipantJoined)
        assert joined.participant_record.id == "peer-1"


def test_a_pickle_leaves_the_client_behind(demo_environment: Demo, signer: Signer) -> None:
    client = RealtimeKit(**demo_environment.settings)
    event = parse_event(samples.ENDED, delivery_id="delivery-1", webhook_id="hook-1", client=client)
    pickled = pickle.dumps(event)
    assert demo_environment.emulator.api_token.encode() not in pickled
    again = pickle.loads(pickled)
    assert (again, again.delivery_id, again.webhook_id) == (event, "delivery-1", "hook-1")
    assert again.session.id == "sess-1"
    awaiting: Event[Async] = parse_event(samples.ENDED, client=AsyncRealtimeKit(**demo_environment.settings))
    again = pickle.loads(pickle.dumps(awaiting))
    with pytest.raises(ConfigurationError, match="has no client"):
        asyncio.run(again.session)
    assert asyncio.run(again.bind(AsyncRealtimeKit()).session).id == "sess-1"
    client.close()


COPIES: dict[str, Callable[[Any], Any]] = {
    "copy": copy.copy,
    "deepcopy": copy.deepcopy,
    "pickle": lambda transcript: pickle.loads(pickle.dumps(transcript)),
}


@pytest.mark.parametrize("copied", COPIES.values(), ids=COPIES)
def test_a_copy_of_a_transcript_asks_for_the_same_format(demo_environment: Demo, copied: Callable[[Any], Any]) -> None:
    csv = Session.find("sess-1").transcript_as("CSV")
    event = parse_event({**samples.TRANSCRIPT, "transcriptDownloadUrl": csv.download_url})
    assert isinstance(event, MeetingTranscript)
    assert copied(event.transcript).speaking_time() == event.transcript.speaking_time(), (
        "the link in the event is CSV's"
    )
    assert copied(csv).reload().read() == csv.read()
