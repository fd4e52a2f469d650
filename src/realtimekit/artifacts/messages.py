"""The chat of a session: its file in, messages out."""

from __future__ import annotations

import json
from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal

from realtimekit.artifacts.rows import read_each, table, text_of
from realtimekit.record import Field, Record, field

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.errors import DecodeError

# https://developers.cloudflare.com/realtime/realtimekit/ documents these, and not whether a header row comes first.
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
    """One message of a chat. Columns that are not declared here are still there: `message["column"]`."""

    id: str | None
    participant_id: str | None = field("participantId")
    session_id: str | None = field("sessionId")
    meeting_id: str | None = field("meetingId")
    display_name: str | None = field("displayName")
    pinned: bool | None
    is_edited: bool | None = field("isEdited")
    payload_type: Literal["TEXT_MESSAGE", "IMAGE_MESSAGE", "FILE_MESSAGE"] | str | None = field("payloadType")
    payload: str | None
    """The text, or what stands for the image or file."""
    created_at: datetime | None = field("createdAt")


_FIELDS = [name for name, value in vars(ChatMessage).items() if isinstance(value, Field)]


def parse_chat(content: bytes, *, problems: list[DecodeError] | None = None) -> list[ChatMessage]:
    """The messages of a chat file, in its order; an empty file has none.

    Args:
        content: CSV with or without a header row, or JSON, whatever the file's name says.
        problems: rows that cannot be read are reported here, each with its line, and the others are read.

    Raises:
        DecodeError: the file is no JSON though it begins like it; or a row cannot be read, and `problems` is None.
    """
    return read_each(table(text_of(content), COLUMNS, {}), _message, problems)


def _message(row: Mapping[str, Any]) -> ChatMessage:
    # An empty cell is no value, but an empty text is a text.
    data = {name: value for name, value in row.items() if value != "" or name == "payload"}
    if isinstance(payload := data.get("payload"), dict | list):
        data["payload"] = json.dumps(payload, ensure_ascii=False)
    for flag in ("pinned", "isEdited"):
        if isinstance(value := data.get(flag), str):
            data[flag] = value.strip().lower()
    if not data.keys() & set(COLUMNS):
        raise ValueError(f"it has none of {', '.join(COLUMNS)}")
    message = ChatMessage(data)
    for name in _FIELDS:  # read now, while it is known where the row stands
        getattr(message, name)
    return message
