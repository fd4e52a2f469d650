"""Error messages in terms of the command line: they name options and variables, not Python keywords and reprs."""

from __future__ import annotations

import re

from realtimekit.errors import (
    APIConnectionError,
    APIError,
    ConfigurationError,
    DecodeError,
    NotFoundError,
    RealtimeKitError,
)
from realtimekit.settings import ENVIRONMENT, missing_setting_message

# The messages for missing settings.
MISSING_SETTINGS = {
    "api_token": "there is no API token: set CLOUDFLARE_API_TOKEN",
    "account_id": "there is no account id: set CLOUDFLARE_ACCOUNT_ID, or give --account-id",
    "app_id": "there is no app id: set REALTIMEKIT_APP_ID, or give --app-id (`realtimekit apps list` shows the ids)",
}
WRONG_PATH_STATUSES = {404, 405}  # of a server that is not the API, or has it at another path
NO_ROUTE = 7003  # the error code of Cloudflare's gateway for a path that it cannot route
_RECORD_REPR = re.compile(r"<([A-Z]\w*) \w+='([^']*)'(?:[^>]* status='([^']*)')?[^>]*>")
_DISABLED_FEATURE = re.compile(r"its meeting has (\w+)=False: set that to True for later sessions")


def format_error(error: Exception, base_url: str | None = None) -> str:
    """Return the message of an error on one line; `base_url` is the client's, for a hint if it looks wrong.

    Its notes, such as which sort keys are documented, are part of it.
    """
    return "; ".join([_message(error, base_url), *getattr(error, "__notes__", [])])


def _message(error: Exception, base_url: str | None) -> str:
    match error:
        case ConfigurationError():
            return _configuration_message(str(error))
        case RealtimeKitError():
            return _api_message(str(error)) + ((base_url and _base_url_hint(error, base_url)) or _hint(error))
        case UnicodeEncodeError():
            return "an argument or a setting contains bytes that are not valid text"
        case OSError(strerror=str(reason)):
            return f"{error.filename}: {reason}" if error.filename else reason
        case _:
            return str(error)


def _configuration_message(text: str) -> str:
    for name, variable in ENVIRONMENT.items():
        text = text.replace(missing_setting_message(name), MISSING_SETTINGS.get(name, ""))
        text = re.sub(rf"\b{name}=(?=['\w])", f"{variable}=", text)
        if "_" in name:  # others are ordinary words
            text = re.sub(rf"\b{name}\b=?", variable, text)
    return text.replace(", or an object with a `send` method", "")


def _api_message(text: str) -> str:
    for label in ("Error: ", "BAD_REQUEST: "):  # the line begins with "Error:" anyway, and the status says the rest
        text = text.replace(f": {label}", ": ", 1)
    for name, variable in ENVIRONMENT.items():
        text = text.replace(f"{name}= or {variable}", variable)
        text = re.sub(rf"\b{name}='(\w+)'", rf"{variable}=\1", text)
    text = re.sub(r"\[Errno -?\d+\] ", "", text)
    text = _RECORD_REPR.sub(_format_record, text)
    text = text.replace("reload() it later", "try again later")
    return _DISABLED_FEATURE.sub(_how_to_enable, text)


def _format_record(match: re.Match[str]) -> str:
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match[1]).lower()
    return f"{kind} {match[2]}" + (f" ({match[3]})" if match[3] else "")


def _how_to_enable(match: re.Match[str]) -> str:
    option = f"--{match[1].replace('_', '-')}"
    command = f"realtimekit meetings update MEETING_ID {option}"
    return f"its meeting does not enable it: run `{command}` for later sessions"


def _base_url_hint(error: RealtimeKitError, base_url: str) -> str:
    """Return the doctor's hint if something other than the API may be at the base URL."""
    from realtimekit.doctor import responses  # loaded only for an error

    if isinstance(error, APIError):
        gateway = error.code in responses.NO_ROUTE | responses.MALFORMED_TOKEN  # the API did respond
        page = isinstance(error.body, str) and error.status < 500  # not JSON
        suspect = responses.is_cloudflare(base_url) or page or (error.status in WRONG_PATH_STATUSES and not gateway)
    else:
        suspect = isinstance(error, DecodeError)
    wrong = responses.wrong_base_path(base_url) if suspect else None
    if wrong is None:
        return ""
    found, usual = wrong
    return f"; check REALTIMEKIT_BASE_URL: it {found}, and the API is at {responses.PATH}: set it to {usual}"


def _hint(error: RealtimeKitError) -> str:
    match error:
        case APIConnectionError(maybe_processed=False):
            return "; run `realtimekit doctor` to find out why"
        case NotFoundError(code=code) if code == NO_ROUTE:
            return "; check the account (--account-id or CLOUDFLARE_ACCOUNT_ID)"
        case NotFoundError(message=message) if type(error) is NotFoundError and "not found" in message.lower():
            app = "" if "/kit/apps" in error.path else " and the app (--app-id or REALTIMEKIT_APP_ID)"
            return f"; check the id{app}"
        case _:
            return ""
