"""Webhooks: deliveries verified, typed, and handed to your code once.

    router = Router()

    @router.on("meeting.ended")
    def ended(event: MeetingEnded) -> None:
        print(event.session.minutes_consumed)

    endpoint = Endpoint(router, receiver=Receiver(app_id="app-1"), store=SQLiteStore("deliveries.db"))

An adapter puts the endpoint into a web framework: `realtimekit.webhooks.adapters.flask` and its like. Verifying needs
the extra `webhooks`: `pip install 'realtimekit[webhooks]'`.
"""

from __future__ import annotations

from realtimekit.webhooks.errors import (
    BodyTooLargeError,
    ForeignEventError,
    InvalidSignatureError,
    MalformedEventError,
    MissingSignatureError,
    PublicKeyUnavailableError,
    WebhookError,
)
from realtimekit.webhooks.events import (
    Event,
    LivestreamingStatusUpdate,
    MeetingChatSynced,
    MeetingEnded,
    MeetingEvent,
    MeetingParticipantJoined,
    MeetingParticipantLeft,
    MeetingStarted,
    MeetingSummary,
    MeetingTranscript,
    ParticipantEvent,
    RecordingStatusUpdate,
    UnknownEvent,
    event_from,
)
from realtimekit.webhooks.handling import Answer, AsyncEndpoint, Endpoint, by_body, by_delivery, by_event
from realtimekit.webhooks.payloads import EventMeeting, EventParticipant, EventRecording, Organizer, TrackLayer
from realtimekit.webhooks.redis import AsyncRedisStore, RedisStore
from realtimekit.webhooks.router import AsyncRouter, Router
from realtimekit.webhooks.stores import AsyncDeliveryStore, Claim, DeliveryStore, MemoryStore, SQLiteStore
from realtimekit.webhooks.verify import AsyncReceiver, Receiver

__all__ = [
    "Answer",
    "AsyncDeliveryStore",
    "AsyncEndpoint",
    "AsyncReceiver",
    "AsyncRedisStore",
    "AsyncRouter",
    "BodyTooLargeError",
    "Claim",
    "DeliveryStore",
    "Endpoint",
    "Event",
    "EventMeeting",
    "EventParticipant",
    "EventRecording",
    "ForeignEventError",
    "InvalidSignatureError",
    "LivestreamingStatusUpdate",
    "MalformedEventError",
    "MeetingChatSynced",
    "MeetingEnded",
    "MeetingEvent",
    "MeetingParticipantJoined",
    "MeetingParticipantLeft",
    "MeetingStarted",
    "MeetingSummary",
    "MeetingTranscript",
    "MemoryStore",
    "MissingSignatureError",
    "Organizer",
    "ParticipantEvent",
    "PublicKeyUnavailableError",
    "Receiver",
    "RecordingStatusUpdate",
    "RedisStore",
    "Router",
    "SQLiteStore",
    "TrackLayer",
    "UnknownEvent",
    "WebhookError",
    "by_body",
    "by_delivery",
    "by_event",
    "event_from",
]
