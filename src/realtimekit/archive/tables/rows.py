"""The rows of one session in each table, from its raw files."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from contextlib import suppress
from datetime import UTC, datetime, timedelta
from typing import Any, TypeAlias

from realtimekit import responses
from realtimekit.archive import layout
from realtimekit.archive.errors import ArchiveDamagedError
from realtimekit.archive.live_transcripts import SOURCE, offered_transcript
from realtimekit.archive.manifest import read_artifact
from realtimekit.archive.session_files import tracks_of_recording
from realtimekit.archive.store import Store
from realtimekit.archive.tables.schema import TABLES, Column
from realtimekit.artifacts.messages import parse_chat
from realtimekit.artifacts.segments import parse_transcript
from realtimekit.errors import DecodeError
from realtimekit.quality.summary import MediaSummary, summarize
from realtimekit.quality.thresholds import Thresholds
from realtimekit.quality.tracks import tracks_of
from realtimekit.responses import loads, to_int
from realtimekit.saving.manifest import KEPT, Manifest
from realtimekit.values import parse_timestamp

Row: TypeAlias = dict[str, Any]

# What parsing raises of a file that is not what it should be.
_UNREADABLE = (DecodeError, ValueError, TypeError, LookupError, AttributeError, RecursionError, OverflowError)


def rows_of(store: Store, folder: str, manifest: Manifest) -> tuple[dict[str, list[Row]], list[str]]:
    """Return the rows of a session, by table; and which of its objects are damaged.

    A part that cannot be parsed gives no rows: it stays in the archive as it came, and `files` names it.

    Args:
        store: the archive.
        folder: the session's.
        manifest: the session's.

    Raises:
        ArchiveError: the archive cannot be read.
    """
    session = _Session(store, folder, manifest)
    return {table: session.rows(table) for table in TABLES}, sorted(session.damaged)


class _Session:
    def __init__(self, store: Store, folder: str, manifest: Manifest) -> None:
        self._store, self._folder, self._manifest = store, folder, manifest
        day = layout.partition_value(folder.rpartition("/")[0], "day")
        self.damaged: set[str] = set()
        self._common = {"day": day, "session_id": manifest.session_id}
        self._makers: dict[str, Callable[[], Iterable[Row]]] = {
            "sessions": self._sessions,
            "participants": lambda: self._records("participants", "participants", "participants"),
            "peer_quality": self._peer_quality,
            "chat_messages": self._chat_messages,
            "transcript_segments": self._transcript_segments,
            "summaries": self._summaries,
            "recordings": self._recordings,
            "livestream_sessions": lambda: self._records("livestream_sessions", "livestream_sessions", "data"),
            "files": self._files,
        }

    def rows(self, table: str) -> list[Row]:
        rows: list[Row] = []
        with suppress(*_UNREADABLE):
            for row in self._makers[table]():
                rows.append({name: _clean(value) for name, value in {**self._common, **row}.items()})  # noqa: PERF401 - those before an error stay
        return rows

    def _content(self, name: str) -> bytes | None:
        artifact = self._manifest.artifacts.get(name)
        if artifact is None or artifact.state not in KEPT:
            return None
        try:
            return read_artifact(self._store, self._folder, artifact)
        except ArchiveDamagedError as error:
            self.damaged.add(str(error))
            return None

    def _json(self, name: str) -> Any:
        content = self._content(name)
        return None if content is None else json.loads(content)  # orjson would round huge numbers

    def _records(self, table: str, name: str, key: str | None) -> Iterator[Row]:
        records = responses.unwrap(self._json(name), key)
        for record in records if isinstance(records, list) else []:
            if isinstance(record, dict):
                yield convert(table, record)

    def _sessions(self) -> Iterator[Row]:
        session = responses.unwrap(self._json("session"))
        row = convert("sessions", session)
        started, ended = row["started_at"], row["ended_at"]
        row["seconds"] = None if started is None or ended is None else (ended - started).total_seconds()
        row["participants"] = self._manifest.participants
        row["record"] = _dump(session)
        row["meeting"] = None
        with suppress(*_UNREADABLE):  # of the meeting
            meeting = responses.unwrap(self._json("meeting"))
            row["meeting"] = _dump(meeting) if isinstance(meeting, dict) else None
        yield row

    def _peer_quality(self) -> Iterator[Row]:
        for name in self._manifest.artifacts:
            kind, _, peer = name.partition("/")
            if kind == "peers":
                with suppress(*_UNREADABLE):  # of one peer
                    yield from self._quality_of(name, peer)

    def _quality_of(self, name: str, peer: str) -> list[Row]:
        if (content := self._content(name)) is None:
            return []
        participant = responses.unwrap(loads(content), "participant")
        peer_id = participant.get("id") if layout.is_digest(peer) else layout.decode_id(peer)
        quality = (participant.get("peer_report") or {}).get("quality")
        found = summarize(tracks_of(quality, Thresholds().units)).media()
        return [{"peer_id": peer_id, **_quality_row(media)} for media in found]

    def _chat_messages(self) -> Iterator[Row]:
        for message in parse_chat(self._content("chat") or b"", errors=[]):
            yield convert("chat_messages", message.to_dict())

    def _transcript_segments(self) -> Iterator[Row]:
        offered = offered_transcript(self._manifest)
        if offered is None:
            return
        segments = parse_transcript(self._content(offered.name) or b"", errors=[])
        for number, segment in enumerate(segments, 1):
            peer = segment.peer
            yield {
                "number": number,
                "start_ms": _milliseconds(segment.start),
                "end_ms": None if segment.end is None else _milliseconds(segment.end),
                "peer_id": peer and peer.id,
                "user_id": peer and peer.user_id,
                "custom_participant_id": peer and peer.custom_participant_id,
                "speaker": segment.speaker,
                "text": segment.text,
                "live": offered.source == SOURCE,
            }

    def _summaries(self) -> Iterator[Row]:
        if content := self._content("summary"):
            yield {"text": content.decode("utf-8-sig", "replace")}

    def _recordings(self) -> Iterator[Row]:
        for recording in self._json("recordings") or []:
            if isinstance(recording, dict):
                is_of_tracks = isinstance(recording.get("download_url"), list)
                tracks = sum(1 for _ in tracks_of_recording(recording)) if is_of_tracks else None
                yield {**convert("recordings", recording), "tracks": tracks}

    def _files(self) -> Iterator[Row]:
        for artifact in self._manifest.artifacts.values():
            row: Row = artifact._asdict()
            path = artifact.path and f"{self._folder}/{artifact.path}"
            yield {**row, "artifact": row.pop("name"), "state": artifact.state.value, "path": path}


def _quality_row(media: MediaSummary) -> Row:
    return {
        "direction": media.direction,
        "media": media.media,
        "source": media.source,
        "samples": media.samples,
        "started_at": media.start,
        "ended_at": media.end,
        "mos_avg": media.mos.avg,
        "mos_p10": media.mos.p10,
        "lost_percent": media.lost_percent,
        "packet_loss_percent_p90": media.packet_loss_percent.p90,
        "rtt_ms_avg": media.rtt_ms.avg,
        "rtt_ms_p90": media.rtt_ms.p90,
        "jitter_ms_avg": media.jitter_ms.avg,
        "jitter_ms_p90": media.jitter_ms.p90,
        "frames_per_second_avg": media.frames_per_second.avg,
        "frame_width_p50": media.frame_width.p50,
        "packets": media.packets,
        "packets_lost": media.packets_lost,
        "bytes": media.bytes,
    }


# --- records ----------------------------------------------------------------------------------------------------------


def convert(table: str, record: dict[str, Any]) -> Row:
    """Return a record of the platform as a row: what has no column, or is not of its type, is in `extra`."""
    left = dict(record)
    left.pop("session_id", None)
    row: Row = {}
    for column in TABLES[table]:
        name = next((name for name in column.source if record.get(name) is not None), None)
        row[column.name] = value = None if name is None else _value(column, record[name])
        for used in column.source:
            # Null says nothing. What has another value than its column stays.
            if record.get(used) is None or (value is not None and record[used] == record[name or used]):
                left.pop(used, None)
    if "extra" in row:
        row["extra"] = _dump(left) if left else None
    row.pop("day")
    if not any(column.name == "session_id" and column.source for column in TABLES[table]):
        row.pop("session_id")
    return row


def _value(column: Column, value: Any) -> Any:
    try:
        match column.type:
            case "time":
                return parse_timestamp(value).astimezone(UTC)
            case "integer":
                return None if isinstance(value, float) and not value.is_integer() else _small(to_int(value))
            case "number":
                number = float(value)
                return None if isinstance(value, bool) or not math.isfinite(number) else number
            case "boolean":
                return _boolean(value)
            case _:
                return value if isinstance(value, str) else _dump(value)
    except (ValueError, TypeError, AttributeError, OverflowError):
        return None


def _small(value: int | None) -> int | None:
    return value if value is not None and -(2**63) <= value < 2**63 else None


def _boolean(value: Any) -> bool | None:
    return value if isinstance(value, bool) else {"true": True, "false": False}.get(str(value).lower())


def _milliseconds(value: timedelta) -> int:
    return round(value.total_seconds() * 1000)


def _clean(value: Any) -> Any:
    """Return a value that Parquet can hold: text without halves of characters."""
    if isinstance(value, str) and not value.isascii():
        return value.encode("utf-8", "replace").decode()
    return value


def _dump(value: Any) -> str:
    text = json.dumps(value, ensure_ascii=False, separators=(",", ":"), default=_plain)
    return text.encode("utf-8", "replace").decode()


def _plain(value: object) -> str:
    return value.isoformat() if isinstance(value, datetime) else str(value)
