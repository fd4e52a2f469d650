"""A session with its artifacts, gathered through the SDK: as a document for programs, and as tables for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.text import Text

from realtimekit.cli.columns import Column
from realtimekit.cli.console import echo, make_console, safe_line, safe_text
from realtimekit.cli.output import format_time, print_table, serialize_record
from realtimekit.errors import ArtifactExpiredError, ArtifactNotEnabledError, ArtifactNotReadyError, NotFoundError
from realtimekit.values import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from realtimekit import Recording, Session
    from realtimekit.artifacts.segments import Segment
    from realtimekit.errors import DecodeError

CHAT_COLUMNS = (
    Column("createdAt", "at"),
    Column("displayName", "name", fold=True),
    Column("payload", "message", fold=True),
)
TRANSCRIPT_COLUMNS = (Column("start", "from"), Column("speaker", "name", fold=True), Column("text", fold=True))
PARTICIPANT_COLUMNS = (
    Column("name", fold=True), Column("custom_id", fold=True), Column("joined"), Column("left"), Column("peer_id"),
)  # fmt: skip
RECORDING_COLUMNS = (
    Column("started_time", "started"), Column("status"), Column("recording_duration", "seconds"),
    Column("file_size", "bytes"), Column("id"),
)  # fmt: skip
LIVESTREAM_COLUMNS = (Column("started"), Column("stopped"), Column("id"))
MISSING_REASONS: dict[type[NotFoundError], str] = {
    ArtifactNotReadyError: "not ready yet",
    ArtifactExpiredError: "no longer kept",
    ArtifactNotEnabledError: "not available: its meeting did not enable it",
}


class ProblemCollector(list["DecodeError"]):
    """Problems with the rows of a file. Each is noted on stderr; the rows that can be read are shown."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def append(self, problem: DecodeError, /) -> None:
        super().append(problem)
        echo(f"{self._kind}: {problem}", err=True)


def session_document(session: Session) -> dict[str, Any]:
    """Return everything about a session as JSON.

    The keys are `session`, `participants`, `chat`, `transcript`, `summary`, `recordings` and `livestream_sessions`.
    Where one of the artifacts is None, `missing` says why.
    """
    missing: dict[str, str] = {}

    def unless_missing(kind: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except NotFoundError as error:
            missing[kind] = MISSING_REASONS.get(type(error), "not found")
            return None

    document = {
        "session": serialize_record(session),
        "participants": [serialize_record(participant) for participant in session.participants],
        "chat": unless_missing("chat", lambda: _chat(session)),
        "transcript": unless_missing("transcript", lambda: _transcript(session)),
        "summary": unless_missing("summary", lambda: session.summary.text()),  # noqa: PLW0108 - reading it can fail
        "recordings": [serialize_record(recording) for recording in recordings_of(session)],
        "livestream_sessions": [serialize_record(record) for record in session.livestream_sessions()],
    }
    return {**document, "missing": missing} if missing else document


def recordings_of(session: Session) -> list[Recording]:
    """Return the recordings of a session; [] if it does not name its meeting, through which they are found."""
    return session.recordings.all() if session.associated_id else []


def _chat(session: Session) -> list[dict[str, Any]]:
    return [serialize_record(message) for message in session.chat.messages(errors=ProblemCollector("chat"))]


def _transcript(session: Session) -> list[dict[str, Any]]:
    return serialize_segments(read_segments(session))


def read_segments(session: Session) -> list[Segment]:
    """Return the segments of a session. Problems of its transcript are noted on stderr."""
    transcript = session.transcript
    flow = transcript._segments_unchecked({}, ProblemCollector("transcript"))
    segments: list[Segment] = session._client.run(flow)
    if transcript.suspect:
        echo(f"transcript: {transcript.suspect}", err=True)
    return segments


def serialize_segments(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """Return segments in RealtimeKit's own format: startTime, endTime, sentence, peerData."""
    from realtimekit.artifacts.formats import to_json  # only where there is a transcript

    document: list[dict[str, Any]] = json.loads(to_json(segments))
    return document


def print_session(session: Session, document: Mapping[str, Any]) -> None:
    """Print a session and its `session_document` for people."""
    console = make_console()
    times = f"{format_time(session.started_at)} to {format_time(session.ended_at) or 'now'} UTC"
    title = session.meeting_display_name or "untitled"
    console.print(safe_line(f"{title}: session {session.id}, {session.status}"), style="bold")
    console.print(safe_line(f"{times}, {session.minutes_consumed or 0:.1f} participant minutes"))
    console.print()
    participants = [
        [
            participant.get("display_name"),
            participant.get("custom_participant_id"),
            _time_of_day(participant, "joined_at"),
            _time_of_day(participant, "left_at"),
            participant["id"],
        ]
        for participant in document["participants"]
    ]
    print_table(console, "Participants", PARTICIPANT_COLUMNS, participants)
    if document["chat"] is not None:
        print_table(console, "Chat", CHAT_COLUMNS, [chat_row(message) for message in document["chat"]])
    if document["transcript"] is not None:
        segments = [transcript_row(segment) for segment in document["transcript"]]
        print_table(console, "Transcript", TRANSCRIPT_COLUMNS, segments)
    if document["summary"] is not None:
        console.print(Text("Summary", "bold"))
        console.print(safe_text(document["summary"].strip()))
        console.print()
    if document["recordings"]:
        recordings = [
            [_time_of_day(recording, "started_time"), *(recording.get(column.name) for column in RECORDING_COLUMNS[1:])]
            for recording in document["recordings"]
        ]
        print_table(console, "Recordings", RECORDING_COLUMNS, recordings)
    if document["livestream_sessions"]:
        livestream_sessions = [
            [_time_of_day(record, "started_time"), _time_of_day(record, "stopped_time"), record.get("id")]
            for record in document["livestream_sessions"]
        ]
        print_table(console, "Livestreams", LIVESTREAM_COLUMNS, livestream_sessions)
    for kind, reason in document.get("missing", {}).items():
        console.print(f"The {kind} is {reason}")


def _time_of_day(row: Mapping[str, Any], name: str) -> str:
    """Return the time of day of a field, or its raw value if that is not a time."""
    raw = row.get(name)
    try:
        return parse_timestamp(str(raw)).strftime("%H:%M:%S")
    except ValueError:
        return "" if raw is None else str(raw)


def chat_row(message: Mapping[str, Any]) -> list[object]:
    """Return a chat message as a row of a table."""
    return [_time_of_day(message, "createdAt"), message.get("displayName"), message.get("payload")]


def transcript_row(segment: Mapping[str, Any]) -> list[object]:
    """Return a segment of a transcript as a row of a table."""
    start = int(segment["startTime"])
    return [f"{start // 60000}:{start // 1000 % 60:02}", segment["peerData"].get("displayName"), segment["sentence"]]


def transcript_csv_row(segment: Segment) -> list[object]:
    """Return a segment as a row of CSV, with the columns `EXPORT_COLUMNS`."""
    end = None if segment.end is None else segment.end.total_seconds()
    custom_id = segment.peer and segment.peer.custom_participant_id
    return [segment.start.total_seconds(), end, segment.speaker, custom_id, segment.text]
