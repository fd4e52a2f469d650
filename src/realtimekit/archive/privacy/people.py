"""Where people are in what a session left behind: in which records, messages, segments and files."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Iterator
from typing import Any, NamedTuple, Protocol

from realtimekit import responses
from realtimekit.artifacts.messages import COLUMNS as CHAT_COLUMNS
from realtimekit.artifacts.rows import decode_text
from realtimekit.artifacts.segments import COLUMNS as TRANSCRIPT_COLUMNS
from realtimekit.saving.scrub import encode_json

# The names of fields, in any of the platform's spellings: compared without case and underscores.
ID_FIELDS = frozenset({"id", "peerid", "userid", "customparticipantid", "cpi", "participantid", "clientspecificid"})
NAME_FIELDS = frozenset({"displayname", "name", "userdisplayname"})
TEXT_FIELDS = frozenset({"text", "sentence", "payload"})
# What is left of a record in which a person was: when something was, and of what kind, and not who or what.
KEPT_FIELDS = frozenset(
    {
        *("createdat", "updatedat", "joinedat", "leftat", "starttime", "endtime", "starttimems", "endtimems"),
        *("duration", "presetname", "sessionid", "meetingid", "payloadtype", "pinned", "isedited"),
    }
)
REDACTED = "[erased]"
ERASED_LINK = "erased"  # in place of the link to a track


class Erased(Protocol):
    """Who is to be left out: `Tombstones`."""

    def cover(self, *ids: object) -> bool: ...
    def cover_part_of(self, name: str) -> bool: ...
    def pseudonym(self, one: str) -> str: ...


def erase_from(name: str, content: bytes, erased: Erased, *, redact: bool) -> bytes:
    """Return an artifact without a person; the same object if they are not in it.

    Args:
        name: the artifact: "participants", "chat", ...
        content: of the artifact, decompressed.
        erased: returns whether an id is to be erased.
        redact: whether placeholders are kept for what they said.
    """
    eraser = _Eraser(erased, redact)
    if name == "participants":
        return eraser.participants(content)
    if name == "chat":
        return eraser.items(content, CHAT_COLUMNS, author_ids)
    if name.partition("/")[0] == "transcript":
        return eraser.items(content, TRANSCRIPT_COLUMNS, ids_of)
    if name == "recordings":
        return eraser.recordings(content)
    # Reports of others, and records of the session, may refer to a person.
    return content if name == "summary" or name.startswith("recordings/") else eraser.references(content)


def ids_of(record: dict[str, Any]) -> list[str]:
    """Return the ids of a person in a record: of a participant or a segment."""
    found = [value for name, value in record.items() if _plain(name) in ID_FIELDS and isinstance(value, str) and value]
    peer = record.get("peerData")
    return found + (ids_of(peer) if isinstance(peer, dict) else [])


def author_ids(message: dict[str, Any]) -> list[str]:
    """Return the ids of who wrote a message: its own id is not that of a person."""
    return ids_of({name: value for name, value in message.items() if name != "id"})


def _plain(name: str) -> str:
    return name.replace("_", "").replace(" ", "").lower()


def recordings_in(content: bytes | None) -> list[dict[str, Any]]:
    """Return the records of recordings in the artifact of them, whatever else is in it."""
    records = responses.loads(content or b"null")
    return [record for record in records if isinstance(record, dict)] if isinstance(records, list) else []


def without_tracks(recording: dict[str, Any], erased: Erased) -> dict[str, Any]:
    """Return a recording with a placeholder for each track of a person who was erased; the same if there is none."""
    layers = recording.get("download_url")
    if not isinstance(layers, list):
        return recording
    changed = [_without_tracks(layer, erased) if isinstance(layer, dict) else layer for layer in layers]
    return recording if changed == layers else {**recording, "download_url": changed}


def _without_tracks(layer: dict[str, Any], erased: Erased) -> dict[str, Any]:
    files = layer.get("download_urls")
    if not isinstance(files, dict):
        return layer
    # Each keeps its position: the names of the other files contain it.
    kept: dict[str, Any] = {}
    for name, file in files.items():
        if erased.cover_part_of(name):
            kept[erased.pseudonym(name)] = {"download_url": ERASED_LINK}
        else:
            kept[name] = file
    return {**layer, "download_urls": kept}


class _Eraser(NamedTuple):
    erased: Erased
    redact: bool

    def participants(self, content: bytes) -> bytes:
        body = responses.loads(content)
        records = responses.unwrap_list(body, "participants") or []
        kept = list(self._kept(records, ids_of, is_message=False))
        if kept == records:
            return content
        body["data"]["participants"] = kept
        return encode_json(body)

    def items(self, content: bytes, columns: tuple[str, ...], ids: Any) -> bytes:
        """Erase from a list of objects in JSON, or from the rows of a CSV file."""
        text = content.removeprefix(b"\xef\xbb\xbf")
        if text.lstrip()[:1] not in {b"[", b"{"}:
            return self._rows(content, columns, ids)
        body = responses.loads(text)
        items = body if isinstance(body, list) else next((v for v in body.values() if isinstance(v, list)), [])
        kept = list(self._kept(items, ids, is_message=True))
        if kept == items:
            return content
        items[:] = kept
        return json.dumps(body, ensure_ascii=False).encode("utf-8", "surrogatepass")

    def _kept(self, records: list[Any], ids: Any, *, is_message: bool) -> Iterator[Any]:
        for record in records:
            if not isinstance(record, dict) or not self.erased.cover(*ids(record)):
                yield record
            elif self.redact:
                yield self._redacted(record, is_message=is_message)

    def _redacted(self, record: dict[str, Any], *, is_message: bool) -> dict[str, Any]:
        """Return a record with its times, and without whose it is and what they said."""
        changed: dict[str, Any] = {}
        for name, value in record.items():
            plain = _plain(name)
            if plain in KEPT_FIELDS or (name == "id" and is_message):
                changed[name] = value
            elif name == "id":
                changed[name] = self.erased.pseudonym(str(value))
            elif plain in NAME_FIELDS or plain in TEXT_FIELDS:
                changed[name] = REDACTED
            elif name == "peerData":
                changed[name] = {"displayName": REDACTED}
        return changed

    # --- CSV ---------------------------------------------------------------------------------------------------------

    def _rows(self, content: bytes, columns: tuple[str, ...], ids: Any) -> bytes:
        text = decode_text(content)
        try:
            rows = list(csv.reader(io.StringIO(text, newline=""), strict=True))
        except csv.Error:
            return self._lines(text, content)
        names, first = columns, True
        written = io.StringIO(newline="")
        writer = csv.writer(written)
        changed = False
        known = {_plain(column) for column in columns} | ID_FIELDS | NAME_FIELDS
        for row in rows:
            if first and row:
                first = False
                # As the parser of chats and transcripts finds a header row.
                if sum(_plain(cell.strip()) in known for cell in row) * 2 > len(row):
                    names = tuple(cell.strip() for cell in row)
                    writer.writerow(row)
                    continue
            record = dict(zip(names, row, strict=False))
            # A row that does not fit the columns may have its ids anywhere.
            if not self.erased.cover(*(ids(record) if len(row) == len(names) else row)):
                writer.writerow(row)
                continue
            changed = True
            if self.redact and len(row) == len(names):
                left = self._redacted(record, is_message=ids is author_ids)
                writer.writerow([left.get(name, "") for name in names])
        return written.getvalue().encode("utf-8", "surrogatepass") if changed else content

    def _lines(self, text: str, content: bytes) -> bytes:
        """Erase from what is no CSV after all: whole lines with an id of the person."""
        lines = text.splitlines(keepends=True)
        kept = [line for line in lines if not self.erased.cover(*(cell.strip(' "\r\n') for cell in line.split(",")))]
        return content if kept == lines else "".join(kept).encode("utf-8", "surrogatepass")

    # --- records -----------------------------------------------------------------------------------------------------

    def recordings(self, content: bytes) -> bytes:
        """Erase the tracks of a person, and that they started or stopped a recording."""
        records = responses.loads(content)
        if not isinstance(records, list):
            return content
        kept = [self._recording(record) if isinstance(record, dict) else record for record in records]
        return content if kept == records else encode_json(kept)

    def _recording(self, record: dict[str, Any]) -> dict[str, Any]:
        changed = without_tracks(record, self.erased)
        for reason in ("start_reason", "stop_reason"):
            found = changed.get(reason)
            if not isinstance(found, dict):
                continue
            caller = found.get("caller")
            if isinstance(caller, dict) and self.erased.cover(*ids_of(caller)):
                changed = {**changed, reason: {**found, "caller": {"type": caller.get("type")}}}
        users = changed.get("user_ids")
        if isinstance(users, list) and any(self.erased.cover(user) for user in users):
            changed = {**changed, "user_ids": [user for user in users if not self.erased.cover(user)]}
        return changed

    def references(self, content: bytes) -> bytes:
        """Replace the ids of a person wherever a record refers to them."""
        body = responses.loads(content)
        kept = self._without_references(body)
        return content if kept == body else encode_json(kept)

    def _without_references(self, value: Any, field: str = "") -> Any:
        if isinstance(value, dict):
            return {name: self._without_references(child, name) for name, child in value.items()}
        if isinstance(value, list):
            return [self._without_references(child, field) for child in value]
        if isinstance(value, str) and _plain(field).endswith(("id", "ids", "cpi")) and self.erased.cover(value):
            return self.erased.pseudonym(value)
        return value
