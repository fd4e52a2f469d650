"""The steps that the protocol yields to its driver, and their results.

The protocol (`protocol.py`) is a generator of these steps, without I/O; `sync_driver.py` and `async_driver.py` perform
them.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, NamedTuple, TypeAlias

from realtimekit.flow import Sleep


class SessionInfo(NamedTuple):
    """The session of a connection, as `session.started` gave it; every event of the connection belongs to it."""

    id: str | None = None
    meeting_id: str | None = None
    started_at: str | None = None


class Message(NamedTuple):
    """An event for the consumer.

    Attributes:
        session: the session that it belongs to.
        raw: the frame.
        decoded: the name and the data of the frame; None if the consumer is far behind, to save memory.
    """

    session: SessionInfo
    raw: bytes
    decoded: tuple[str, dict[str, Any]] | None

    @property
    def size(self) -> int:
        """The memory that it takes without `decoded`, in bytes, approximately."""
        return len(self.raw) + 128


# --- steps ------------------------------------------------------------------------------------------------------------


class Connect(NamedTuple):
    """Open a WebSocket, with these parameters in the query. The result: None if it is open, or a `Refusal`.

    An `APIConnectionError` is thrown into the protocol if there was no complete response.
    """

    query: Mapping[str, str]


class Joined(NamedTuple):
    """The first connection is open: the caller's wait for it is over."""


class Receive(NamedTuple):
    """Wait for the next frame. The result: the frame, a `Closed`, or None on timeout."""

    seconds: float


class Send(NamedTuple):
    """Send a text frame. A closed connection is not an error here: the next `Receive` returns `Closed`."""

    text: str


class Disconnect(NamedTuple):
    """Close the connection with this code and reason."""

    code: int
    reason: str


class Deliver(NamedTuple):
    """Queue a message for the consumer. The result: False if there was no room for it in time."""

    message: Message
    seconds: float


class CheckForOthers(NamedTuple):
    """Check with the API whether anyone but the agent is in this session. The result: None if that is unknown."""

    session_id: str | None


Step: TypeAlias = Connect | Joined | Receive | Send | Disconnect | Deliver | CheckForOthers | Sleep

# --- results ----------------------------------------------------------------------------------------------------------


class Refusal(NamedTuple):
    """The HTTP response that refused a connection."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    body: bytes


class Closed(NamedTuple):
    """The connection is closed.

    Attributes:
        code: the server's close code; 1006 if there was none.
        reason: the server's reason; "" if there was none.
    """

    code: int
    reason: str
