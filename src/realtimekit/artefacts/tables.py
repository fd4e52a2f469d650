"""Chat and transcript files as rows: CSV with or without a header row, or JSON, told apart by their content."""

from __future__ import annotations

import csv
import io
import json
from typing import Any

from realtimekit.errors import DecodeError

CHAT_COLUMNS = (
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
TRANSCRIPT_COLUMNS = ("startTimeMs", "peerId", "userId", "customParticipantId", "name", "text")


def rows(content: bytes, columns: tuple[str, ...]) -> list[dict[str, Any]]:
    """The rows of a file, by column.

    Args:
        content: the file. An empty one has no rows.
        columns: the documented ones: names for a CSV without a header row, whose own names count otherwise.

    Raises:
        DecodeError: a row has more or fewer fields than there are columns, or the JSON is none.
    """
    text = content.decode("utf-8-sig", "replace")
    if not text.strip():
        return []
    if text.lstrip()[0] in "[{":
        try:
            found = json.loads(text)
        except ValueError as error:
            raise DecodeError(f"the file is no JSON: {error}") from None
        return found if isinstance(found, list) else [found]
    reader = csv.reader(io.StringIO(text, newline=""))
    table = [(reader.line_num, fields) for fields in reader if fields]
    if table[0][1][0] == columns[0]:
        columns = tuple(table.pop(0)[1])
    for line, fields in table:
        if len(fields) != len(columns):
            raise DecodeError(f"line {line} of the file has {len(fields)} fields, not {len(columns)}")
    return [dict(zip(columns, fields, strict=True)) for _, fields in table]
