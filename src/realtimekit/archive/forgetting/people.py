"""Where people are in what a session left behind: in which records, messages, segments and files."""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Protocol

from realtimekit import responses
from realtimekit.archive.scrub import encode
from realtimekit.artifacts.messages import COLUMNS as CHAT_COLUMNS
from realtimekit.artifacts.rows import decode_text
from realtimekit.artifacts.segments import COLUMNS as TRANSCRIPT_COLUMNS

if TYPE_CHECKING:
    from collections.abc import Callable

# The names of fields that identify a person, in any of the platform's spellings: compared without case and underscores.
ID_FIELDS = frozenset({"id", "peerid", "userid", "customparticipantid", "cpi", "participantid", "clientspecificid"})
NAME_FIELDS = frozenset({"displayname", "name", "userdisplayname"})
TEXT_FIELDS = frozenset({"text", "sentence", "payload"})
REDACTED = "[erased]"


class Covers(Protocol):
    """Whether one of these ids is of a person to be erased."""

    def __call__(self, *ids: object) -> bool: ...


def erase_from(name: str, content: bytes, covers: Covers, *, redact: bool) -> bytes:
    """Return an artifact without a person; the same object if they are not in it.

    Args:
        name: the artifact: "participants", "chat", "transcript" or "recordings"; others are returned as they are.
        content: of the artifact, decompressed.
        covers: tells whose ids are to be erased.
        redact: whether what they said is kept as an empty place, instead of left out.
    """
    erasers: dict[str, Callable[[bytes, Covers, bool], bytes]] = {
        "participants": _participants,
        "chat": _chat,
        "transcript": _transcript,
        "recordings": _recordings,
    }
    eraser = erasers.get(name)
    return content if eraser is None else eraser(content, covers, redact)


def ids_of(record: dict[str, Any]) -> list[str]:
    """Return the ids of a person in a record: of a participant, a message or a segment."""
    found = [value for name, value in record.items() if _plain(name) in ID_FIELDS and isinstance(value, str) and value]
    peer = record.get("peerData")
    return found + (ids_of(peer) if isinstance(peer, dict) else [])


def _plain(name: str) -> str:
    return name.replace("_", "").lower()


def _author_ids(message: dict[str, Any]) -> list[str]:
    """Return the ids of who wrote a message: its own id is no person's."""
    return ids_of({name: value for name, value in message.items() if name != "id"})


def _participants(content: bytes, covers: Covers, redact: bool) -> bytes:  # noqa: FBT001 - one of several erasers
    body = responses.loads(content)
    records = responses.unwrap_list(body, "participants") or []
    if not any(covers(*ids_of(record)) for record in records):
        return content
    if redact:
        kept = [_redacted(record) if covers(*ids_of(record)) else record for record in records]
    else:
        kept = [record for record in records if not covers(*ids_of(record))]
    body["data"]["participants"] = kept
    return encode(body)


def _redacted(record: dict[str, Any]) -> dict[str, Any]:
    """Return a record with its times, and without whose it is and what they said."""
    changed: dict[str, Any] = {}
    for name, value in record.items():
        plain = _plain(name)
        if plain in NAME_FIELDS or plain in TEXT_FIELDS:
            changed[name] = REDACTED
        elif plain in ID_FIELDS and name != "id":
            changed[name] = None
        elif name == "peerData" and isinstance(value, dict):
            changed[name] = {"displayName": REDACTED}
        elif name == "peer_events":
            changed[name] = []
        else:
            changed[name] = value
    return changed


def _chat(content: bytes, covers: Covers, redact: bool) -> bytes:  # noqa: FBT001 - as above
    return _items(content, CHAT_COLUMNS, lambda item: covers(*_author_ids(item)), redact=redact)


def _transcript(content: bytes, covers: Covers, redact: bool) -> bytes:  # noqa: FBT001 - as above
    return _items(content, TRANSCRIPT_COLUMNS, lambda item: covers(*ids_of(item)), redact=redact)


def _items(
    content: bytes, columns: tuple[str, ...], matches: Callable[[dict[str, Any]], bool], *, redact: bool
) -> bytes:
    """Erase from a list of objects in JSON, or from the rows of a CSV file."""
    if content.lstrip(b"\xef\xbb\xbf \t\r\n")[:1] in {b"[", b"{"}:
        body = responses.loads(content.removeprefix(b"\xef\xbb\xbf"))
        items = body if isinstance(body, list) else next((v for v in body.values() if isinstance(v, list)), [])
        kept = [item for item in items if not (isinstance(item, dict) and matches(item))]
        if len(kept) == len(items):
            return content
        if redact:
            kept = [_redacted(item) if isinstance(item, dict) and matches(item) else item for item in items]
        items[:] = kept
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")
    return _rows(content, columns, matches, redact=redact)


def _rows(
    content: bytes, columns: tuple[str, ...], matches: Callable[[dict[str, Any]], bool], *, redact: bool
) -> bytes:
    rows = list(csv.reader(io.StringIO(decode_text(content), newline="")))
    names = columns
    if rows and {_plain(cell) for cell in rows[0]} & {_plain(column) for column in columns} - {""}:
        names = tuple(rows[0])
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    changed = False
    for row in rows:
        record = dict(zip(names, row, strict=False))
        if row != list(names) and matches(record):
            changed = True
            if redact:
                writer.writerow([_redacted_cell(name, value) for name, value in record.items()])
            continue
        writer.writerow(row)
    return written.getvalue().encode("utf-8", "surrogatepass") if changed else content


def _redacted_cell(name: str, value: str) -> str:
    plain = _plain(name)
    if plain in NAME_FIELDS or plain in TEXT_FIELDS:
        return REDACTED
    return "" if plain in ID_FIELDS and name != "id" else value


def _recordings(content: bytes, covers: Covers, _redact: bool) -> bytes:  # noqa: FBT001 - as above
    """Erase who started or stopped a recording."""
    records = responses.loads(content)
    changed = False
    for record in records if isinstance(records, list) else []:
        for reason in ("start_reason", "stop_reason"):
            caller = (record.get(reason) or {}).get("caller")
            if isinstance(caller, dict) and covers(*ids_of(caller)):
                record[reason]["caller"] = {"type": caller.get("type")}
                changed = True
    return encode(records) if changed else content
