"""The tables and their columns: a contract with whoever queries an archive, with a version of its own.

Each table has `day`, the UTC date of the session's start, and `session_id`. Fields of a record without a column are
kept in `extra`, as JSON. Times are in UTC.
"""

from __future__ import annotations

from typing import Literal, NamedTuple, TypeAlias

VERSION = 3

Type: TypeAlias = Literal["string", "integer", "number", "boolean", "time", "json"]


class Column(NamedTuple):
    """A column.

    Attributes:
        name: of the column.
        type: "string", "integer", "number", "boolean", "time" (UTC, milliseconds), or "json": text that holds JSON.
        about: what it holds, with its unit.
        source: the names of the field in the platform's records, tried in this order; () if it is computed.
    """

    name: str
    type: Type
    about: str
    source: tuple[str, ...] = ()


def _field(name: str, type: Type, about: str, *source: str) -> Column:
    return Column(name, type, about, source or (name,))


_DAY = Column("day", "string", "the UTC date of the session's start, 2026-06-03")
_SESSION = Column("session_id", "string", "the session")
_EXTRA = Column("extra", "json", "the fields without a column; null if there are none")
_TIMES = (
    _field("created_at", "time", "when the record was made"),
    _field("updated_at", "time", "when it last changed"),
)

TABLES: dict[str, tuple[Column, ...]] = {
    "sessions": (
        _DAY,
        Column("session_id", "string", "the session", ("id",)),
        _field("meeting_id", "string", "the meeting", "associated_id"),
        _field("title", "string", "of the meeting", "meeting_display_name"),
        _field("type", "string", "meeting, livestream or participant"),
        _field("status", "string", "ENDED"),
        _field("started_at", "time", "when the first participant joined"),
        _field("ended_at", "time", "when the session ended"),
        *_TIMES,
        Column("seconds", "number", "from its start to its end"),
        _field("minutes_consumed", "number", "the participants' minutes, which the platform bills"),
        _field("live_participants", "integer", "as the platform last counted"),
        _field("max_concurrent_participants", "integer", "at any one time"),
        Column("participants", "integer", "stays of participants in the archive"),
        _field("organization_id", "string", "the app"),
        _EXTRA,
        Column("record", "json", "the session as the platform sent it"),
        Column("meeting", "json", "its meeting as it was when the session was copied"),
    ),
    "participants": (
        _DAY,
        _SESSION,
        Column("peer_id", "string", "one stay of a participant in the session", ("id",)),
        _field("user_id", "string", "the participant of the meeting"),
        _field("custom_participant_id", "string", "your own id of the participant"),
        _field("display_name", "string", "the name that others saw"),
        _field("preset_name", "string", "what the participant was allowed to do"),
        _field("joined_at", "time", "when the stay began"),
        _field("left_at", "time", "when it ended"),
        _field("minutes", "number", "the length of the stay", "duration"),
        *_TIMES,
        _EXTRA,
    ),
    "peer_quality": (
        _DAY,
        _SESSION,
        Column("peer_id", "string", "the stay of a participant"),
        Column("direction", "string", "sent or received"),
        Column("media", "string", "audio, video, screenshare_audio or screenshare_video"),
        Column("source", "string", "samples, or the platform's aggregates"),
        Column("samples", "integer", "how many there are"),
        Column("started_at", "time", "of the first sample"),
        Column("ended_at", "time", "of the last sample"),
        Column("mos_avg", "number", "mean opinion score, 1 (bad) to 5 (excellent)"),
        Column("mos_p10", "number", "a tenth of the samples were at most this"),
        Column("lost_percent", "number", "of all packets"),
        Column("packet_loss_percent_p90", "number", "a tenth of the samples lost more"),
        Column("rtt_ms_avg", "number", "round-trip time in milliseconds"),
        Column("rtt_ms_p90", "number", "a tenth of the samples took longer"),
        Column("jitter_ms_avg", "number", "in milliseconds"),
        Column("jitter_ms_p90", "number", "a tenth of the samples had more"),
        Column("frames_per_second_avg", "number", "of video"),
        Column("frame_width_p50", "number", "of video, in pixels"),
        Column("packets", "number", "sent, or to be received"),
        Column("packets_lost", "number", "of these"),
        Column("bytes", "number", "sent or received"),
    ),
    "chat_messages": (
        _DAY,
        _SESSION,
        _field("message_id", "string", "the message", "id"),
        _field("participant_id", "string", "who wrote it", "participantId"),
        _field("display_name", "string", "the name of who wrote it", "displayName"),
        _field("pinned", "boolean", "whether it was pinned"),
        _field("is_edited", "boolean", "whether it was changed", "isEdited"),
        _field("payload_type", "string", "TEXT_MESSAGE, IMAGE_MESSAGE or FILE_MESSAGE", "payloadType"),
        _field("payload", "string", "the text, or the link or name of the file"),
        _field("created_at", "time", "when it was written", "createdAt"),
        _EXTRA,
    ),
    "transcript_segments": (
        _DAY,
        _SESSION,
        Column("number", "integer", "its position in the transcript, from 1"),
        Column("start_ms", "integer", "milliseconds after the start of the transcript"),
        Column("end_ms", "integer", "null where the file does not say"),
        Column("peer_id", "string", "the stay of who spoke"),
        Column("user_id", "string", "the participant of the meeting"),
        Column("custom_participant_id", "string", "your own id of the participant"),
        Column("speaker", "string", "the name of who spoke"),
        Column("text", "string", "what was said"),
        Column("live", "boolean", "whether a listener heard it live, and it stands in for the platform's transcript"),
    ),
    "summaries": (_DAY, _SESSION, Column("text", "string", "the summary, in Markdown")),
    "recordings": (
        _DAY,
        _SESSION,
        _field("recording_id", "string", "the recording", "id"),
        _field("status", "string", "UPLOADED, or what it was when it was last checked"),
        _field("invoked_time", "time", "when it was asked for"),
        _field("started_time", "time", "when it began"),
        _field("stopped_time", "time", "when it ended"),
        _field("seconds", "number", "its length", "recording_duration"),
        _field("file_size", "integer", "in bytes, as the platform says: may be 0"),
        _field("output_file_name", "string", "its name on the platform"),
        Column("tracks", "integer", "how many files a track recording has; null for one of the whole meeting"),
        _EXTRA,
    ),
    "livestream_sessions": (
        _DAY,
        _SESSION,
        _field("livestream_session_id", "string", "the livestream session", "id"),
        _field("livestream_id", "string", "the livestream"),
        _field("err_message", "string", "why it failed"),
        _field("ingest_seconds", "number", "how long it was sent"),
        _field("viewer_seconds", "number", "how long all viewers watched, together"),
        _field("invoked_time", "time", "when it was asked for"),
        _field("started_time", "time", "when it began"),
        _field("stopped_time", "time", "when it ended"),
        *_TIMES,
        _EXTRA,
    ),
    "files": (
        _DAY,
        _SESSION,
        Column("artifact", "string", "what the session left behind: chat, peers/..., recordings/..."),
        Column("state", "string", "COPIED, EMPTY, SUSPECT_EMPTY, PENDING, NOT_ENABLED, LOST, TOO_OLD, ERRORED, ..."),
        Column("path", "string", "the object in the archive"),
        Column("bytes", "integer", "of its content, before compression"),
        Column("sha256", "string", "of its content, before compression"),
        Column("deadline", "time", "until when the platform keeps it, while it is checked again"),
        Column("source", "string", "the link it came from, without its signature"),
        Column("reason", "string", "why it is not there"),
        Column("checked_at", "time", "when it was last checked"),
    ),
}
