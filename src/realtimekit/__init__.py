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
    from realtimekit.client import AsyncRealtimeKit, RealtimeKit
    from realtimekit.errors import (
        APIConnectionError,
        APIError,
        APITimeoutError,
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
    )
    from realtimekit.flow import Async, Sync
    from realtimekit.relation import Relation
    from realtimekit.resource import Resource
    from realtimekit.resources.active_session import ActiveSession
    from realtimekit.resources.app import App
    from realtimekit.resources.chat import Chat
    from realtimekit.resources.livestream_session import LivestreamSession
    from realtimekit.resources.meeting import Meeting
    from realtimekit.resources.participant import Participant
    from realtimekit.resources.peer_event import PeerEvent
    from realtimekit.resources.session import Session
    from realtimekit.resources.session_participant import SessionParticipant
    from realtimekit.resources.summary import Summary
    from realtimekit.resources.transcript import Transcript
    from realtimekit.settings import configure

# public name -> the module that it lives in
_HOMES = {
    "APIConnectionError": "errors",
    "APIError": "errors",
    "APITimeoutError": "errors",
    "ActiveSession": "resources.active_session",
    "App": "resources.app",
    "Async": "flow",
    "AsyncRealtimeKit": "client",
    "AuthenticationError": "errors",
    "Chat": "resources.chat",
    "ConfigurationError": "errors",
    "ConflictError": "errors",
    "DecodeError": "errors",
    "LivestreamSession": "resources.livestream_session",
    "Meeting": "resources.meeting",
    "NotFoundError": "errors",
    "Participant": "resources.participant",
    "PeerEvent": "resources.peer_event",
    "PermissionDeniedError": "errors",
    "RateLimitError": "errors",
    "ReadOnlyError": "errors",
    "RealtimeKit": "client",
    "RealtimeKitError": "errors",
    "Relation": "relation",
    "Resource": "resource",
    "ServerError": "errors",
    "Session": "resources.session",
    "SessionParticipant": "resources.session_participant",
    "Summary": "resources.summary",
    "Sync": "flow",
    "Transcript": "resources.transcript",
    "ValidationError": "errors",
    "configure": "settings",
}

__all__ = [
    "APIConnectionError",
    "APIError",
    "APITimeoutError",
    "ActiveSession",
    "App",
    "Async",
    "AsyncRealtimeKit",
    "AuthenticationError",
    "Chat",
    "ConfigurationError",
    "ConflictError",
    "DecodeError",
    "LivestreamSession",
    "Meeting",
    "NotFoundError",
    "Participant",
    "PeerEvent",
    "PermissionDeniedError",
    "RateLimitError",
    "ReadOnlyError",
    "RealtimeKit",
    "RealtimeKitError",
    "Relation",
    "Resource",
    "ServerError",
    "Session",
    "SessionParticipant",
    "Summary",
    "Sync",
    "Transcript",
    "ValidationError",
    "__version__",
    "configure",
]


if not TYPE_CHECKING:  # a checker that saw this would take every name for one of ours

    def __getattr__(name: str) -> object:
        if name not in _HOMES:
            raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
        from importlib import import_module  # noqa: PLC0415 - so that the name stays out of here

        value = globals()[name] = getattr(import_module(f"{__name__}.{_HOMES[name]}"), name)
        return value

    def __dir__() -> list[str]:
        return sorted(__all__)
