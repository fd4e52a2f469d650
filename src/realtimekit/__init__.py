"""The Python SDK for Cloudflare RealtimeKit.

    from realtimekit import Session

    session = Session.find("sess-1", app_id="app-1")
    session.participants.all()
    session.chat
    session.summary
    session.transcript

The public names are loaded when they are first used: `import realtimekit` itself loads almost nothing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

__version__ = "0.1.0"

if TYPE_CHECKING:
    from realtimekit.artifacts.messages import ChatMessage
    from realtimekit.artifacts.segments import Segment
    from realtimekit.client import AsyncRealtimeKit, RealtimeKit
    from realtimekit.errors import (
        APIConnectionError,
        APIError,
        APITimeoutError,
        ArtifactError,
        ArtifactExpiredError,
        ArtifactNotEnabledError,
        ArtifactNotReadyError,
        AuthenticationError,
        ConfigurationError,
        ConflictError,
        DecodeError,
        NotFoundError,
        PermissionDeniedError,
        RateLimitError,
        ReadOnlyError,
        RealtimeKitError,
        ServerError,
        ValidationError,
        WaitError,
        WaitTimeoutError,
    )
    from realtimekit.flow import Async, Sync
    from realtimekit.interfaces import Attempt
    from realtimekit.quality.finding import Finding
    from realtimekit.quality.peer_report import PeerReport
    from realtimekit.quality.thresholds import Thresholds
    from realtimekit.relation import Relation
    from realtimekit.resource import Resource
    from realtimekit.resources.active_session import ActiveSession, Poll
    from realtimekit.resources.analytics import Analytics
    from realtimekit.resources.app import App
    from realtimekit.resources.chat import Chat
    from realtimekit.resources.livestream import ActiveLivestreamSession, Livestream
    from realtimekit.resources.livestream_session import LivestreamSession
    from realtimekit.resources.meeting import Meeting
    from realtimekit.resources.participant import Participant
    from realtimekit.resources.participant_token import ParticipantToken
    from realtimekit.resources.peer_event import PeerEvent
    from realtimekit.resources.preset import Preset
    from realtimekit.resources.recording import Recording
    from realtimekit.resources.session import Session
    from realtimekit.resources.session_participant import SessionParticipant
    from realtimekit.resources.session_quality import SessionQuality
    from realtimekit.resources.summary import Summary
    from realtimekit.resources.transcript import SuspectTranscriptWarning, Transcript
    from realtimekit.resources.webhook import Webhook
    from realtimekit.settings import configure

# public name -> the module that it lives in
_HOMES = {
    "APIConnectionError": "errors",
    "APIError": "errors",
    "APITimeoutError": "errors",
    "ActiveLivestreamSession": "resources.livestream",
    "ActiveSession": "resources.active_session",
    "Analytics": "resources.analytics",
    "App": "resources.app",
    "ArtifactError": "errors",
    "ArtifactExpiredError": "errors",
    "ArtifactNotEnabledError": "errors",
    "ArtifactNotReadyError": "errors",
    "Async": "flow",
    "AsyncRealtimeKit": "client",
    "Attempt": "interfaces",
    "AuthenticationError": "errors",
    "Chat": "resources.chat",
    "ChatMessage": "artifacts.messages",
    "ConfigurationError": "errors",
    "ConflictError": "errors",
    "DecodeError": "errors",
    "Finding": "quality.finding",
    "Livestream": "resources.livestream",
    "LivestreamSession": "resources.livestream_session",
    "Meeting": "resources.meeting",
    "NotFoundError": "errors",
    "Participant": "resources.participant",
    "ParticipantToken": "resources.participant_token",
    "PeerEvent": "resources.peer_event",
    "PeerReport": "quality.peer_report",
    "PermissionDeniedError": "errors",
    "Poll": "resources.active_session",
    "Preset": "resources.preset",
    "RateLimitError": "errors",
    "ReadOnlyError": "errors",
    "RealtimeKit": "client",
    "RealtimeKitError": "errors",
    "Recording": "resources.recording",
    "Relation": "relation",
    "Resource": "resource",
    "Segment": "artifacts.segments",
    "ServerError": "errors",
    "Session": "resources.session",
    "SessionParticipant": "resources.session_participant",
    "SessionQuality": "resources.session_quality",
    "Summary": "resources.summary",
    "SuspectTranscriptWarning": "resources.transcript",
    "Sync": "flow",
    "Thresholds": "quality.thresholds",
    "Transcript": "resources.transcript",
    "ValidationError": "errors",
    "WaitError": "errors",
    "WaitTimeoutError": "errors",
    "Webhook": "resources.webhook",
    "configure": "settings",
}

# old name -> its new name, and the version that renamed it
_RENAMED: dict[str, tuple[str, str]] = {}

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "ActiveLivestreamSession",
    "ActiveSession",
    "Analytics",
    "App",
    "ArtifactError",
    "ArtifactExpiredError",
    "ArtifactNotEnabledError",
    "ArtifactNotReadyError",
    "Async",
    "AsyncRealtimeKit",
    "Attempt",
    "AuthenticationError",
    "Chat",
    "ChatMessage",
    "ConfigurationError",
    "ConflictError",
    "DecodeError",
    "Finding",
    "Livestream",
    "LivestreamSession",
    "Meeting",
    "NotFoundError",
    "Participant",
    "ParticipantToken",
    "PeerEvent",
    "PeerReport",
    "PermissionDeniedError",
    "Poll",
    "Preset",
    "RateLimitError",
    "ReadOnlyError",
    "RealtimeKit",
    "RealtimeKitError",
    "Recording",
    "Relation",
    "Resource",
    "Segment",
    "ServerError",
    "Session",
    "SessionParticipant",
    "SessionQuality",
    "Summary",
    "SuspectTranscriptWarning",
    "Sync",
    "Thresholds",
    "Transcript",
    "ValidationError",
    "WaitError",
    "WaitTimeoutError",
    "Webhook",
    "__version__",
    "configure",
]


if not TYPE_CHECKING:  # a checker that saw this would take every name for one of ours

    def __getattr__(name: str) -> object:
        from importlib import import_module

        if name in _RENAMED:
            new, since = _RENAMED[name]
            import_module(f"{__name__}.deprecation").warn_renamed(
                f"{__name__}.{name}", f"{__name__}.{new}", since=since
            )
            return getattr(import_module(__name__), new)
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")

        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
