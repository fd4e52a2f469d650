"""The expected shape of responses: exact keys, and for each value a type, a literal, or a rule of this file."""

from __future__ import annotations

import re
import uuid as uuids
from typing import Any


def uuid(value: Any) -> bool:
    return isinstance(value, str) and str(uuids.UUID(value)) == value


def when(value: Any) -> bool:
    """Match a time as the API writes it."""
    return isinstance(value, str) and re.fullmatch(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z", value) is not None


def number(value: Any) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def text(value: Any) -> bool:
    return isinstance(value, str)


def url(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"http://[^/?#]+/[^?#]+\?[^#]+", value) is not None


def jwt(value: Any) -> bool:
    return isinstance(value, str) and re.fullmatch(r"[\w-]+\.[\w-]+\.[\w-]+", value) is not None


def must_be(value: Any, wanted: Any, at: str = "$") -> None:
    """Assert that a value has a shape.

    Args:
        value: the decoded response.
        wanted: a dict (these keys and no others), a list of one (each item so), a rule, or the value itself.
        at: where in the response; for the message.
    """
    if isinstance(wanted, dict):
        assert isinstance(value, dict), f"{at}: {value!r} is no object"
        assert value.keys() == wanted.keys(), f"{at}: keys differ by {sorted(value.keys() ^ wanted.keys())}"
        for name, rule in wanted.items():
            must_be(value[name], rule, f"{at}.{name}")
    elif isinstance(wanted, list) and len(wanted) == 1:
        assert isinstance(value, list), f"{at}: {value!r} is no list"
        assert value, f"{at}: nothing in it, so nothing was tested"
        for position, item in enumerate(value):
            must_be(item, wanted[0], f"{at}[{position}]")
    elif callable(wanted):
        assert wanted(value), f"{at}: {value!r} is no {wanted.__name__}"
    else:
        assert type(value) is type(wanted), f"{at}: {value!r} is not {wanted!r}"
        assert value == wanted, f"{at}: {value!r} is not {wanted!r}"


PAGING = {"total_count": whole, "start_offset": whole, "end_offset": whole}
APP = {"id": uuid, "name": text, "created_at": when}
MEETING = {
    "id": uuid,
    "title": text,
    "status": "ACTIVE",
    "record_on_start": False,
    "live_stream_on_start": False,
    "persist_chat": False,
    "summarize_on_end": False,
    "transcribe_on_end": False,
    "session_keep_alive_time_in_secs": 60,
    "created_at": when,
    "updated_at": when,
}
PARTICIPANT = {
    "id": uuid,
    "custom_participant_id": text,
    "preset_name": text,
    "name": text,
    "picture": None,
    "created_at": when,
    "updated_at": when,
}
LIVE_SESSION = {
    "id": uuid,
    "associated_id": uuid,
    "meeting_display_name": text,
    "type": "meeting",
    "status": "LIVE",
    "live_participants": whole,
    "max_concurrent_participants": whole,
    "minutes_consumed": number,
    "organization_id": uuid,
    "started_at": when,
    "ended_at": None,
    "created_at": when,
    "updated_at": when,
}
SESSION = {**LIVE_SESSION, "status": "ENDED", "ended_at": when, "live_participants": 0}
PEER = {
    "id": uuid,
    "user_id": uuid,
    "custom_participant_id": text,
    "display_name": text,
    "preset_name": text,
    "joined_at": when,
    "left_at": when,
    "duration": number,
    "created_at": when,
    "updated_at": when,
}
PEER_EVENT = {
    "id": uuid,
    "event_name": text,
    "peer_id": uuid,
    "session_id": uuid,
    "participant_id": uuid,
    "preset_view_type": "GROUP_CALL",
    "created_at": when,
    "updated_at": when,
}
LIVESTREAM_SESSION = {
    "id": uuid,
    "livestream_id": uuid,
    "err_message": None,
    "ingest_seconds": whole,
    "viewer_seconds": number,
    "invoked_time": None,
    "started_time": when,
    "stopped_time": when,
    "created_at": when,
    "updated_at": when,
}
LIVESTREAM = {
    "id": uuid,
    "name": None,
    "status": text,
    "meeting_id": uuid,
    "ingest_server": text,
    "stream_key": text,
    "playback_url": text,
    "disabled": False,
    "created_at": when,
    "updated_at": when,
}
INVOKED_RECORDING = {
    "id": uuid,
    "output_file_name": text,
    "status": "INVOKED",
    "session_id": None,
    "invoked_time": when,
    "started_time": None,
    "stopped_time": None,
    "download_url": None,
    "download_url_expiry": None,
    "audio_download_url": None,
    "file_size": None,
}
BY_API = {"reason": "API_CALL", "caller": {"type": "ORGANIZATION"}}


def error(status: int, message: str) -> dict[str, Any]:
    """Return the body of an error in RealtimeKit's own form."""
    return {"success": False, "error": {"code": status, "message": message}}


def gateway_error(code: int, message: Any) -> dict[str, Any]:
    """Return the body of an error of Cloudflare's gateway."""
    return {"success": False, "errors": [{"code": code, "message": message}], "messages": [], "result": None}


NOT_FOUND = error(404, "Error: resource not found")
