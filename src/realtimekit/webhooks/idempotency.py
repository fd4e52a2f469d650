"""Idempotency keys: which deliveries count as the same one."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any, TypeAlias

from realtimekit.webhooks.events import Event, LivestreamingStatusUpdate, RecordingStatusUpdate, UnknownEvent

IdempotencyKey: TypeAlias = Callable[[Event[Any], bytes], str]
"""Returns a short string for an event and its raw body. Deliveries with the same string are handled once."""


def by_delivery(event: Event[Any], body: bytes) -> str:
    """Return a key made from the delivery id, which the platform documents; `by_body` if there is none. Not signed."""
    return by_body(event, body) if event.delivery_id is None else _digest("delivery", event.delivery_id)


def by_body(event: Event[Any], body: bytes) -> str:
    """Return a key made from the raw body and the id of the webhook. The same bytes are then always the same event."""
    return _digest("body", event.webhook_id or "", hashlib.sha256(body).hexdigest())


def by_event(event: Event[Any], body: bytes) -> str:
    """Return `by_body` for an event that cannot happen twice with the same bytes, else `by_delivery`.

    It is not documented whether a retried delivery keeps its id; the body does not depend on that. But a recording or
    livestream may return to an earlier status (RECORDING, PAUSED, RECORDING), and nothing in the body is certain to
    differ: treating the second event as a duplicate of the first would lose it.
    """
    if isinstance(event, RecordingStatusUpdate):
        recording = event.to_dict().get("recording")
        is_final = isinstance(recording, dict) and recording.get("status") in ("UPLOADED", "ERRORED")
        return by_body(event, body) if is_final else by_delivery(event, body)
    may_recur = isinstance(event, LivestreamingStatusUpdate | UnknownEvent)
    return by_delivery(event, body) if may_recur else by_body(event, body)


def _digest(*parts: str) -> str:
    # The ids come from headers: a digest is short and plain whatever they contain.
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()
