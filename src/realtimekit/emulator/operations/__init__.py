"""The operations of the API: one module for each resource, which declares routes and their handlers."""

from __future__ import annotations

from realtimekit.emulator.operations import (
    active_session,
    analytics,
    apps,
    livestreams,
    meetings,
    participants,
    presets,
    recordings,
    sessions,
    webhooks,
)
from realtimekit.emulator.routes import API

__all__ = [
    "API",
    "active_session",
    "analytics",
    "apps",
    "livestreams",
    "meetings",
    "participants",
    "presets",
    "recordings",
    "sessions",
    "webhooks",
]
