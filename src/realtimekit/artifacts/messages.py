"""Parse the chat file of a session into messages."""

from __future__ import annotations

import json
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from realtimekit.artifacts.rows import convert_rows, decode_text, parse_table
from realtimekit.errors import DecodeError
from realtimekit.record import Field, Record, field

# https://developers.cloudflare.com/realtime/realtimekit/ documents these, but not whether there is a header row.
COLUMNS = (
    "id",
    "participantId",
    "sessionId",
    "meetingId",
    "displayName",
    "pinned",
    "isEdited",
    "payloadType",
    "payload",
    "createdAt",
)


class ChatMessage(Record, repr_fields=("id", "displayName", "createdAt")):
    """One chat message. Columns that are not declared here can be read as `message["column"]`."""

    id: str | None
    participant_id: str | None = field("participantId")
    session_id: str | None = field("sessionId")
    meeting_id: str | None = field("meetingId")
    display_name: str | None = field("displayName")
    pinned: bool | None
    is_edited: bool | None = field("isEdited")
    payload_type: Literal["TEXT_MESSAGE", "IMAGE_MESSAGE", "FILE_MESSAGE"] | str | None = field("payloadType")
    payload: str | None
    """The text; for an image or a file, its link or name."""
    created_at: datetime | None = field("createdAt")


_FIELDS = [name for name, value in vars(ChatMessage).items() if isinstance(value, Field)]


def parse_chat(content: bytes, *, errors: list[DecodeError] | None = None) -> list[ChatMessage]:
    """Return the messages of a chat file, in its order; an empty list for an empty file.

    Args:
        content: CSV with or without a header row, or JSON; the format is detected from the content.
        errors: if given, rows that cannot be read are appended here, each with its line, instead of raised.

    Raises:
        DecodeError: the file looks like JSON but is not; or a row cannot be read, and `errors` is None.
    """
    return convert_rows(parse_table(decode_text(content), COLUMNS, {}), _message, errors)


def _message(row: Mapping[str, Any]) -> ChatMessage:
    # An empty cell means that there is no value, except for the payload, which may be an empty text.
    data = {name: value for name, value in row.items() if value != "" or name == "payload"}
    if isinstance(payload := data.get("payload"), dict | list):
        data["payload"] = json.dumps(payload, ensure_ascii=False)
    for flag in ("pinned", "isEdited"):
        if isinstance(value := data.get(flag), str):
            data[flag] = value.strip().lower()
    if not data.keys() & set(COLUMNS):
        raise ValueError(f"it has none of {', '.join(COLUMNS)}")
    message = ChatMessage(data)
    for name in _FIELDS:  # decoded now, so that an error can name the row
        getattr(message, name)
    return message
