"""The exceptions of pyreqwest, as those of this package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pyreqwest.exceptions import DetailedPyreqwestError, RequestTimeoutError

from realtimekit.transports.failures import failure

if TYPE_CHECKING:
    from realtimekit.errors import APIConnectionError
    from realtimekit.interfaces import Request

FORKED = "pyreqwest does not work in a forked process: create a new client there, with transport='httpcore2'"
# ValueError: an invalid URL or header. Its message quotes the header, which may be the token.
ERRORS = (DetailedPyreqwestError, ValueError)


def connection_error(request: Request, error: Exception) -> APIConnectionError:
    """Return the error for the caller. Raise it outside the `except`: the original would become its context."""
    causes: list[str] = []
    if isinstance(error, DetailedPyreqwestError):
        causes = [cause["message"].partition(" for url ")[0] for cause in error.details["causes"] or []]
        error.args = (": ".join(causes) or error.message,)  # the message quoted the URL with its query
    # The class does not say: ConnectError is also raised if a connection breaks while waiting for the response.
    malformed = isinstance(error, ValueError)
    never_sent = "client error (Connect)" in causes or malformed
    failed = failure(
        request,
        ": ".join(causes[2:]) if never_sent else (causes or [type(error).__name__])[-1],
        never_sent=never_sent,
        timed_out=isinstance(error, RequestTimeoutError),
        malformed=malformed,
    )
    if not malformed:  # that error quotes the header, which may be the token
        failed.__cause__ = plain(error)
    return failed


def plain(error: Exception) -> OSError:
    """Return the cause of an error as one of Python's own.

    Dask sends the causes of errors, too, and pyreqwest's cannot be unpickled: their `details` are missing then.
    """
    kind = TimeoutError if isinstance(error, RequestTimeoutError) else ConnectionError
    return kind(f"{type(error).__name__}: {error.args[0] if error.args else error}")
