"""The buffer of unread events, bounded by memory. No I/O."""

from __future__ import annotations

from collections import deque

from realtimekit.agent.steps import Message

MAX_BYTES = 32 * 2**20
"""The default limit: a minute at 1,000 events a second. The next 10,000 events wait on the server."""
_DECODED = 256  # messages that keep their decoded form, which takes several times the memory of the frame


class Backlog:
    """The messages between the connection and a consumer that may be slow."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self._messages: deque[Message] = deque()
        self._bytes = 0
        self._max_bytes = max_bytes

    def __len__(self) -> int:
        return len(self._messages)

    @property
    def has_room(self) -> bool:
        """Whether another message may be added."""
        return self._bytes < self._max_bytes

    def add(self, message: Message) -> None:
        """Add a message."""
        if len(self._messages) >= _DECODED and message.raw:
            message = message._replace(decoded=None)
        self._messages.append(message)
        self._bytes += message.size

    def take(self) -> Message:
        """Remove and return the oldest message."""
        message = self._messages.popleft()
        self._bytes -= message.size
        return message
