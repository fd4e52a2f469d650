"""Everything that this package raises on purpose.

RealtimeKitError
├── ConfigurationError        something is missing or wrong in the settings; nothing was sent
├── ReadOnlyError             a write on a record that the API only lets read; nothing was sent
├── DecodeError               the server answered, but a field or body is not what it should be
├── WaitError                 what was waited for can no longer happen
│   └── WaitTimeoutError      ... did not happen in the time allowed (a TimeoutError, too)
├── APIConnectionError        no answer arrived
│   └── APITimeoutError       ... in the time allowed
└── APIError                  the server answered with an error
    ├── ValidationError       400, 422
    ├── AuthenticationError   401
    ├── PermissionDeniedError 403
    ├── NotFoundError         404
    │   └── ArtifactError     a file of a session is not there, and why is known
    │       ├── ArtifactNotReadyError    ... not yet
    │       ├── ArtifactExpiredError     ... no longer
    │       └── ArtifactNotEnabledError  ... and will not be, by the settings of the meeting
    ├── ConflictError         409
    ├── RateLimitError        429
    └── ServerError           5xx

A wrong argument (an empty id, a naive datetime, an unknown keyword) is Python's own `ValueError` or `TypeError`,
raised before anything is sent. No message holds a token or another secret.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class RealtimeKitError(Exception):
    """The base of every error of this package."""

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, ...]]:
        # Task queues and process pools pickle errors; the default would call __init__ with `args` alone.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: Any, args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(RealtimeKitError):
    """A setting is missing or cannot be right. The message names the argument and the environment variable."""


class ReadOnlyError(RealtimeKitError, AttributeError):
    """The API offers no such write for this class of record. Nothing was sent.

    It is an AttributeError too, so that `hasattr(session, "update")` is False.
    """


class DecodeError(RealtimeKitError, ValueError):
    """The server's answer holds something that cannot be read as what it should be.

    A bad field raises when it is read, not before: `record.to_dict()["field"]` still gives the raw value.
    """


class WaitError(RealtimeKitError):
    """What was waited for can no longer happen, e.g. the upload of a recording that failed.

    Attributes:
        record: what was waited for, as it was read last.
    """

    def __init__(self, message: str, *, record: Any) -> None:
        super().__init__(message)
        self.record = record


class WaitTimeoutError(WaitError, TimeoutError):
    """What was waited for did not happen in the time allowed; it still may."""


class APIConnectionError(RealtimeKitError):
    """No complete answer arrived.

    Attributes:
        maybe_processed: True if the server may have seen, and acted on, the request; False if it is certain that
            it did not (the connection was never made).
        method: the HTTP method of the call, e.g. "GET".
        path: the path of the call, without its query.
    """

    _retryable = True  # whether sending again may help

    def __init__(self, message: str, *, maybe_processed: bool, method: str = "", path: str = "") -> None:
        super().__init__(message)
        self.maybe_processed = maybe_processed
        self.method = method
        self.path = path


class APITimeoutError(APIConnectionError):
    """No complete answer arrived in the time allowed (`timeout=`, in seconds)."""


class APIError(RealtimeKitError):
    """The server answered with an error, or with a body that is no answer.

    Attributes:
        status: HTTP status, e.g. 404. A 200 whose body says `"success": false` keeps its 200.
        code: the code in the body (RealtimeKit: the HTTP status again; Cloudflare's gateway: e.g. 10000), or None.
        message: the server's own words, or "" where it said none.
        body: the decoded JSON body; text if it was not JSON; None if it was empty.
        request_id: the `cf-ray` (or `x-request-id`) header, to quote to support, or None.
        method: the HTTP method of the call, e.g. "GET".
        path: the path of the call, without its query.
    """

    def __init__(
        self,
        text: str,
        *,
        status: int,
        code: int | None = None,
        message: str = "",
        body: Any = None,
        request_id: str | None = None,
        method: str = "",
        path: str = "",
    ) -> None:
        super().__init__(text)
        self.status = status
        self.code = code
        self.message = message
        self.body = body
        self.request_id = request_id
        self.method = method
        self.path = path


class ValidationError(APIError):
    """400 or 422: the server found the request wrong."""


class AuthenticationError(APIError):
    """401: the token is missing, wrong or expired."""


class PermissionDeniedError(APIError):
    """403: the token is valid but may not do this."""


class NotFoundError(APIError):
    """404: there is no such record (or it is gone)."""


class ArtifactError(NotFoundError):
    """What a session or recording leaves behind is not there. The message says what would change that.

    `status` is 404, or 200 where the server answered without a link.
    """


class ArtifactNotReadyError(ArtifactError):
    """It is not there yet: the session goes on, or the file is still being made."""


class ArtifactExpiredError(ArtifactError):
    """It was kept for its time, and that is over."""


class ArtifactNotEnabledError(ArtifactError):
    """Nobody asked for it: the meeting's settings do not."""


class ConflictError(APIError):
    """409: the state of the record does not allow this."""


class RateLimitError(APIError):
    """429, and the wait that the server asks for is longer than this package waits, or the retries are used up.

    Attributes:
        retry_after: seconds to wait before the next request, as the server said, or None if it did not say.
    """

    retry_after: float | None = None


class ServerError(APIError):
    """5xx: the server failed."""
