"""Error messages in terms of the command line."""

from __future__ import annotations

import pytest

from realtimekit import settings
from realtimekit.cli.error_messages import format_error
from realtimekit.errors import (
    APIConnectionError,
    ArtifactNotEnabledError,
    ConfigurationError,
    NotFoundError,
    RealtimeKitError,
    ServerError,
    WaitTimeoutError,
)

APP = "--app-id or REALTIMEKIT_APP_ID"
SWITCHED_OFF = "its meeting has transcribe_on_end=False: set that to True for later sessions"
SWITCH_ON = "realtimekit meetings update MEETING_ID --transcribe-on-end"


def not_found(message: str, path: str, code: int = 404) -> NotFoundError:
    return NotFoundError(f"GET {path} returned 404: {message}", status=404, code=code, message=message, path=path)


@pytest.mark.parametrize(
    ("error", "line"),
    [
        (
            ConfigurationError(settings.missing_setting_message("account_id")),
            "there is no account id: set CLOUDFLARE_ACCOUNT_ID, or give --account-id",
        ),
        (
            ConfigurationError("base_url='x' must be a plain URL"),
            "REALTIMEKIT_BASE_URL='x' must be a plain URL",
        ),
        (
            ConfigurationError("base_url contains a user name or password: pass the token as api_token="),
            "REALTIMEKIT_BASE_URL contains a user name or password: pass the token as CLOUDFLARE_API_TOKEN",
        ),
        (
            ConfigurationError("transport='x': must be one of a, b, or an object with a `send` method"),
            "REALTIMEKIT_TRANSPORT='x': must be one of a, b",
        ),
        (ConfigurationError("cannot use the transport"), "cannot use the transport"),
        (
            not_found("Error: resource not found", "/kit/b/sessions/c"),
            f"GET /kit/b/sessions/c returned 404: resource not found; check the id and the app ({APP})",
        ),
        (
            not_found("resource not found", "/kit/apps/b"),
            "GET /kit/apps/b returned 404: resource not found; check the id",
        ),
        (
            not_found("Could not route", "/x", 7003),
            "GET /x returned 404: Could not route; check the account (--account-id or CLOUDFLARE_ACCOUNT_ID)",
        ),
        (not_found("No preset found with name x", "/x"), "GET /x returned 404: No preset found with name x"),
        (
            ArtifactNotEnabledError(f"no; {SWITCHED_OFF}", status=404, message="not found"),
            f"no; its meeting does not enable it: run `{SWITCH_ON}` for later sessions",
        ),
        (
            WaitTimeoutError("waited 3 s for <Recording id='r-1' status='INVOKED'> to be UPLOADED", record=None),
            "waited 3 s for recording r-1 (INVOKED) to be UPLOADED",
        ),
        (RealtimeKitError("<SessionParticipant id='p-1'> has no 'x'"), "session participant p-1 has no 'x'"),
        (
            APIConnectionError("cannot connect to x: [Errno 111] Connection refused", maybe_processed=False),
            "cannot connect to x: Connection refused; run `realtimekit doctor` to find out why",
        ),
        (APIConnectionError("the file broke off", maybe_processed=True), "the file broke off"),
        (
            ServerError("GET /x returned 500: Error: Error: y", status=500),
            "GET /x returned 500: Error: y",
        ),
        (OSError(28, "No space left on device"), "No space left on device"),
        (FileNotFoundError(2, "No such file or directory", "x"), "x: No such file or directory"),
        (OSError("odd"), "odd"),
        (ImportError("pip install it"), "pip install it"),
        (
            UnicodeEncodeError("utf-8", "\udc80", 0, 1, "x"),
            "an argument or a setting contains bytes that are not valid text",
        ),
    ],
)
def test_messages(error: Exception, line: str) -> None:
    assert format_error(error) == line


@pytest.mark.parametrize("name", settings.ENVIRONMENT)
def test_every_setting_has_a_message(name: str) -> None:
    line = format_error(ConfigurationError(settings.missing_setting_message(name)))
    assert "pass" not in line
    assert "configure" not in line


def test_notes_are_shown() -> None:
    """As where a list is sorted by a key that is not documented."""
    error = ServerError("GET /sessions returned 500: no", status=500, path="/sessions")
    error.add_note("sort_by='x' is not documented for this list: 'createdAt' is")
    assert format_error(error) == f"{error}; sort_by='x' is not documented for this list: 'createdAt' is"
