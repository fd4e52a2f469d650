"""What went wrong, in the words of the command line: options and variables, not keywords and reprs of Python."""

from __future__ import annotations

import re

from realtimekit.errors import APIConnectionError, ConfigurationError, NotFoundError, RealtimeKitError
from realtimekit.settings import ENVIRONMENT, missing_setting_message

# What is missing_setting_message where one of the settings is, and what to do.
MISSING = {
    "api_token": "there is no API token: set CLOUDFLARE_API_TOKEN",
    "account_id": "which account? Set CLOUDFLARE_ACCOUNT_ID, or give --account-id",
    "app_id": "which app? Set REALTIMEKIT_APP_ID, or give --app-id (`realtimekit apps list` shows the ids)",
}
NO_ROUTE = 7003  # the code of Cloudflare's gateway where a path leads nowhere
_RECORD = re.compile(r"<([A-Z]\w*) \w+='([^']*)'(?:[^>]* status='([^']*)')?[^>]*>")
_SWITCH = re.compile(r"its meeting has (\w+)=False: set that to True for later sessions")


def told(error: Exception) -> str:
    """One line for people."""
    match error:
        case ConfigurationError():
            return _setting(str(error))
        case RealtimeKitError():
            return _answer(str(error)) + _cure(error)
        case UnicodeEncodeError():
            return "an argument, or a setting, holds bytes that are no text"
        case OSError(strerror=str(words)):
            return f"{error.filename}: {words}" if error.filename else words
        case _:
            return str(error)


def _setting(text: str) -> str:
    for name, variable in ENVIRONMENT.items():
        text = text.replace(missing_setting_message(name), MISSING.get(name, ""))
        text = re.sub(rf"\b{name}=(?=['\w])", f"{variable}=", text)
        if "_" in name:  # else it is a word like any other
            text = re.sub(rf"\b{name}\b=?", variable, text)
    return text.replace(", or an object with a `send` method", "")


def _answer(text: str) -> str:
    for label in ("Error: ", "BAD_REQUEST: "):  # this line has its label, and the status says the same
        text = text.replace(f": {label}", ": ", 1)
    for name, variable in ENVIRONMENT.items():
        text = text.replace(f"{name}= or {variable}", variable)
        text = re.sub(rf"\b{name}='(\w+)'", rf"{variable}=\1", text)
    text = re.sub(r"\[Errno -?\d+\] ", "", text)
    text = _RECORD.sub(_record, text)
    text = text.replace("reload() it later", "try again later")
    return _SWITCH.sub(_switch, text)


def _record(match: re.Match[str]) -> str:
    kind = re.sub(r"(?<=[a-z])(?=[A-Z])", " ", match[1]).lower()
    return f"{kind} {match[2]}" + (f" ({match[3]})" if match[3] else "")


def _switch(match: re.Match[str]) -> str:
    option = f"--{match[1].replace('_', '-')}"
    return f"its meeting is not set to make one: `realtimekit meetings update MEETING_ID {option}`, for later sessions"


def _cure(error: RealtimeKitError) -> str:
    match error:
        case APIConnectionError(maybe_processed=False):
            return "; `realtimekit doctor` finds out why"
        case NotFoundError(code=code) if code == NO_ROUTE:
            return "; check the account (--account-id or CLOUDFLARE_ACCOUNT_ID)"
        case NotFoundError(message=message) if type(error) is NotFoundError and "not found" in message.lower():
            place = "" if "/kit/apps" in error.path else " and the app (--app-id or REALTIMEKIT_APP_ID)"
            return f"; check the id{place}"
        case _:
            return ""
