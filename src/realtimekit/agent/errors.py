"""The errors of live meetings.

RealtimeKitError
└── LiveError                    the server closed the connection for good
    ├── UpstreamRejectedError    close code 4403: the token or the participant is wrong
    └── ConnectionReplacedError  close code 4409: another connection took over

A refused upgrade raises the `APIError` of its HTTP status, such as `AuthenticationError`; a server that cannot be
reached, or no longer, an `APIConnectionError`.
"""

from __future__ import annotations

from realtimekit.errors import RealtimeKitError


class LiveError(RealtimeKitError):
    """The server closed the connection, and connecting again would not help.

    Attributes:
        close_code: the WebSocket close code, e.g. 4403.
        reason: the server's reason, e.g. "upstream_rejected"; "" if it gave none.
    """

    def __init__(self, message: str, *, close_code: int, reason: str) -> None:
        super().__init__(message)
        self.close_code = close_code
        self.reason = reason


class UpstreamRejectedError(LiveError):
    """4403: the meeting rejected the agent, whose token or participant is wrong."""


class ConnectionReplacedError(LiveError):
    """4409: another connection with the same `connection_id` took over."""
