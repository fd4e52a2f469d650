"""The exceptions of this package.

RealtimeKitError
├── ConfigurationError        a setting is missing or invalid; nothing was sent
├── ReadOnlyError             the API offers no such write for this record; nothing was sent
├── DecodeError               a field or body of a response cannot be read
├── WaitError                 the awaited state can no longer be reached
│   └── WaitTimeoutError      ... was not reached in time (also a TimeoutError)
├── APIConnectionError        no complete response arrived
│   └── APITimeoutError       ... in time
└── APIError                  the response is an error
    ├── ValidationError       400, 422
    ├── AuthenticationError   401
    ├── PermissionDeniedError 403
    ├── NotFoundError         404
    │   └── ArtifactError     a file of a session is missing, for a known reason
    │       ├── ArtifactNotReadyError    ... not ready yet
    │       ├── ArtifactExpiredError     ... no longer kept
    │       └── ArtifactNotEnabledError  ... never made, by the settings of the meeting
    ├── ConflictError         409
    ├── RateLimitError        429
    └── ServerError           5xx

An invalid argument (an empty id, a naive datetime, an unknown keyword) raises Python's own `ValueError` or `TypeError`
before anything is sent. No message contains a token or another secret.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Self


class RealtimeKitError(Exception):
    """The base class of all exceptions of this package."""

    def __reduce__(self) -> tuple[Callable[..., Self], tuple[Any, ...]]:
        # Task queues and process pools pickle errors; the default would call __init__ with `args` alone.
        return _rebuild, (type(self), self.args, self.__dict__)


def _rebuild(cls: Any, args: tuple[Any, ...], state: dict[str, Any]) -> Any:
    error = cls.__new__(cls, *args)
    error.args = args
    error.__dict__.update(state)
    return error


class ConfigurationError(RealtimeKitError):
    """A setting is missing or invalid. The message names the argument and the environment variable."""


class ReadOnlyError(RealtimeKitError, AttributeError):
    """The API offers no such write for this class of record. Nothing was sent.

    It is also an AttributeError, so that `hasattr(session, "update")` is False.
    """


class DecodeError(RealtimeKitError, ValueError):
    """A response contains something that cannot be read as the declared type.

    An invalid field raises when it is read, not before; `record.to_dict()["field"]` still returns the raw value.
    """


class WaitError(RealtimeKitError):
    """The awaited state can no longer be reached, e.g. the upload of a recording that failed.

    Attributes:
        record: the record that was waited for, as it was last read.
    """

    def __init__(self, message: str, *, record: Any) -> None:
        super().__init__(message)
        self.record = record


class WaitTimeoutError(WaitError, TimeoutError):
    """The awaited state was not reached in time (`timeout=`, in seconds). It still may be."""


class APIConnectionError(RealtimeKitError):
    """No complete response arrived.

    Attributes:
        maybe_processed: True if the server may have received and processed the request; False if it certainly did
            not, because the connection was never made.
        method: the HTTP method of the call, e.g. "GET".
        path: the path of the call, without its query.
    """

    _retryable = True  # whether a retry may help

    def __init__(self, message: str, *, maybe_processed: bool, method: str = "", path: str = "") -> None:
        super().__init__(message)
        self.maybe_processed = maybe_processed
        self.method = method
        self.path = path


class APITimeoutError(APIConnectionError):
    """No complete response arrived in time (`timeout=`, in seconds)."""


class APIError(RealtimeKitError):
    """The response is an error, or its body is not one of the API.

    Attributes:
        status: the HTTP status, e.g. 404; 200 if the body of a 200 says `"success": false`.
        status_code: the same, by the name that other libraries use.
        code: the code in the body (RealtimeKit: the HTTP status again; Cloudflare's gateway: e.g. 10000), or None.
        message: the server's own message, or "".
        body: the decoded JSON body; a string if it was not JSON; None if it was empty.
        request_id: the `cf-ray` (or `x-request-id`) response header, to quote to support, or None.
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

    @property
    def status_code(self) -> int:
        """The HTTP status, as `status`: httpx, requests and other SDKs call it so."""
        return self.status


class ValidationError(APIError):
    """400 or 422: the server rejected the request as invalid."""


class AuthenticationError(APIError):
    """401: the token is missing, wrong or expired."""


class PermissionDeniedError(APIError):
    """403: the token is valid but lacks the permission."""


class NotFoundError(APIError):
    """404: the record does not exist, or no longer exists."""


class ArtifactError(NotFoundError):
    """A file of a session or recording is missing. The message says why, and what to do.

    `status` is 404, or 200 if the response contained no link.
    """


class ArtifactNotReadyError(ArtifactError):
    """The file is not there yet: the session is still live, or the file is being made."""


class ArtifactExpiredError(ArtifactError):
    """The file was deleted at the end of its retention."""


class ArtifactNotEnabledError(ArtifactError):
    """The file is never made: the settings of the meeting do not enable it."""


class ConflictError(APIError):
    """409: the state of the record does not allow this."""


class RateLimitError(APIError):
    """429, and the retries are used up or the server asks for a longer wait than the client accepts.

    Attributes:
        retry_after: seconds to wait before the next request, or None if the server did not say.
    """

    retry_after: float | None = None


class ServerError(APIError):
    """5xx: the server failed."""
