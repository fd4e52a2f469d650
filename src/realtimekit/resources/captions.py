"""Captions: what each speaker says now, from live transcripts."""

from __future__ import annotations

import logging
from typing import Any, NamedTuple

from realtimekit.errors import DecodeError
from realtimekit.resources.live_event import LiveEvent, ParticipantLeft, TranscriptReceived

_logger = logging.getLogger("realtimekit.live")


class Caption(NamedTuple):
    """The latest text of one speaker.

    Attributes:
        speaker: the display name.
        text: what the speaker says.
        is_final: whether the text will not change any more.
        peer_id: the speaker's id in this session.
    """

    speaker: str | None
    text: str
    is_final: bool
    peer_id: str


class Captions:
    """The latest text of each speaker, from the events as they come: `update(event)`, `current()`."""

    def __init__(self) -> None:
        self._by_peer: dict[str, Caption] = {}

    def update(self, event: LiveEvent[Any]) -> bool:
        """Take an event into account, and return whether a caption changed. Who leaves has no caption any more.

        An event that cannot be read changes nothing, and is logged.
        """
        try:
            return self._update(event)
        except DecodeError as error:
            _logger.warning("an event is left out: %s", error)
            return False

    def _update(self, event: LiveEvent[Any]) -> bool:
        if isinstance(event, TranscriptReceived):
            peer_id = event.speaker.peer_id
            self._by_peer.pop(peer_id, None)  # the latest is the last
            self._by_peer[peer_id] = Caption(event.speaker.display_name, event.text, event.is_final, peer_id)
            return True
        if isinstance(event, ParticipantLeft):
            return self._by_peer.pop(event.participant.peer_id, None) is not None
        return False

    def current(self) -> list[Caption]:
        """Return the caption of each speaker, who spoke last at the end."""
        return list(self._by_peer.values())
