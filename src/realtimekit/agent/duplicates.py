"""Detection of duplicate events: delivery is at least once, and the server may repeat events after a resume."""

from __future__ import annotations

import json
from array import array
from typing import Any

REMEMBERED = 4096  # events; what the server sends again was in flight when the connection broke


class Duplicates:
    """Recognizes, after a resume, the events that arrived before it.

    Events have no ids, but most have a time or the id of a peer: two that are equal are one. Before the first resume
    only a number for each of the last events is kept.
    """

    def __init__(self) -> None:
        self._recent = array("q")
        self._next = 0
        self._replayed: set[int] = set()

    def resumed(self) -> None:
        """A connection was resumed: what was remembered may come again."""
        self._replayed = set(self._recent)

    def is_duplicate(self, name: str, data: dict[str, Any]) -> bool:
        """Return whether this event arrived before the last resume; remember it if not."""
        number = _fingerprint(name, data)
        if number is None:
            return False
        if number in self._replayed:
            self._replayed.discard(number)  # each is sent again once for each resume
            return True
        if len(self._recent) < REMEMBERED:
            self._recent.append(number)
        else:
            self._recent[self._next] = number
            self._next = (self._next + 1) % REMEMBERED
        return False


def _fingerprint(name: str, data: dict[str, Any]) -> int | None:
    """Return a number that two events share if they are the same; None if nothing in the event says so."""
    if name == "transcript.received":
        speaker = data.get("speaker")
        peer = speaker.get("peer_id") if isinstance(speaker, dict) else None
        parts = (peer, data.get("started_at"), data.get("ended_at"), data.get("is_final"), data.get("text"))
        if not isinstance(parts[1], str):
            return None
        try:
            return hash((name, *parts))
        except TypeError:  # a list where there should be text
            return None
    if name == "broadcast.received":
        if not isinstance(data.get("created_at"), str | int | float):
            return None
    elif name not in {"participant.join", "participant.leave"}:
        return None
    return hash((name, json.dumps(data, sort_keys=True)))
