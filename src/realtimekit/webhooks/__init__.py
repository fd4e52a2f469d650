"""Webhooks: verify deliveries, parse them into typed events, and call your handlers once for each.

    router = Router()

    @router.on("meeting.ended")
    def ended(event: MeetingEnded) -> None:
        print(event.session.minutes_consumed)

    endpoint = Endpoint(router, store=SQLiteStore("deliveries.db"))

An adapter mounts the endpoint in a web framework, for example `realtimekit.webhooks.adapters.flask`. Verification
needs the extra `webhooks`: `pip install 'realtimekit[webhooks]'`.
"""

from __future__ import annotations

from realtimekit.webhooks.endpoint import AsyncEndpoint, Delivery, DeliveryHook, Endpoint, WebhookResponse
from realtimekit.webhooks.errors import (
    BodyTooLargeError,
    ForeignEventError,
    InvalidSignatureError,
    MalformedEventError,
    MissingSignatureError,
    PublicKeyUnavailableError,
    UnreadableBodyError,
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
    parse_event,
)
from realtimekit.webhooks.idempotency import IdempotencyKey, by_body, by_delivery, by_event
from realtimekit.webhooks.payloads import EventMeeting, EventParticipant, EventRecording, Organizer, TrackLayer
from realtimekit.webhooks.receiver import AsyncReceiver, Receiver
from realtimekit.webhooks.redis import AsyncRedisStore, RedisStore
from realtimekit.webhooks.router import AsyncRouter, Router
from realtimekit.webhooks.stores import AsyncDeliveryStore, Claim, DeliveryStore, MemoryStore, SQLiteStore

__all__ = [
    "AsyncDeliveryStore",
    "AsyncEndpoint",
    "AsyncReceiver",
    "AsyncRedisStore",
    "AsyncRouter",
    "BodyTooLargeError",
    "Claim",
    "Delivery",
    "DeliveryHook",
    "DeliveryStore",
    "Endpoint",
    "Event",
    "EventMeeting",
    "EventParticipant",
    "EventRecording",
    "ForeignEventError",
    "IdempotencyKey",
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
    "UnreadableBodyError",
    "WebhookError",
    "WebhookResponse",
    "by_body",
    "by_delivery",
    "by_event",
    "parse_event",
]
