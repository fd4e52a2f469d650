"""An account of a session, gathered through the SDK: as a document for programs, and as text for people."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from rich.text import Text

from realtimekit.cli.options import Column
from realtimekit.cli.output import clean, console, moment, note, plain, print_table
from realtimekit.errors import ArtifactExpiredError, ArtifactNotEnabledError, ArtifactNotReadyError, NotFoundError
from realtimekit.values import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from rich.console import Console

    from realtimekit import Session, SessionParticipant
    from realtimekit.artifacts.segments import Segment
    from realtimekit.errors import DecodeError

__all__ = ["clean", "console", "gather", "show", "show_peer"]

CHAT_COLUMNS = (Column("createdAt", "at"), Column("displayName", "who"), Column("payload", "message", folds=True))
SPEECH_COLUMNS = (Column("start", "from"), Column("speaker", "who"), Column("text", "said", folds=True))
PEOPLE_COLUMNS = (
    Column("name"), Column("custom_id", folds=True), Column("joined"), Column("left"), Column("peer_id"),
)  # fmt: skip
STREAM_COLUMNS = (Column("started"), Column("stopped"), Column("id"))
WHY: dict[type[NotFoundError], str] = {
    ArtifactNotReadyError: "not yet there",
    ArtifactExpiredError: "no longer kept",
    ArtifactNotEnabledError: "not made: its meeting was not set to",
}


class Unreadable(list["DecodeError"]):
    """Rows of a file that could not be read: each is told on stderr, and the others are shown."""

    def __init__(self, kind: str) -> None:
        super().__init__()
        self._kind = kind

    def append(self, problem: DecodeError, /) -> None:
        super().append(problem)
        note(f"{self._kind}: {problem}")


def gather(session: Session) -> dict[str, Any]:
    """Everything about a session.

    Its keys: `session`, `participants`, `chat`, `transcript`, `summary`, `livestream_sessions`; and where one of the
    files is None `missing`, which says why.
    """
    missing: dict[str, str] = {}

    def unless_missing(kind: str, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except NotFoundError as error:
            missing[kind] = WHY.get(type(error), "not there")
            return None

    account = {
        "session": plain(session),
        "participants": [plain(participant) for participant in session.participants],
        "chat": unless_missing("chat", lambda: chat_of(session)),
        "transcript": unless_missing("transcript", lambda: transcript_of(session)),
        "summary": unless_missing("summary", lambda: session.summary.text()),  # noqa: PLW0108 - reading it can fail
        "livestream_sessions": [plain(broadcast) for broadcast in session.livestream_sessions()],
    }
    return {**account, "missing": missing} if missing else account


def chat_of(session: Session) -> list[dict[str, Any]]:
    """The messages, as the wire has them but for their times."""
    return [plain(message) for message in session.chat.messages(errors=Unreadable("chat"))]


def transcript_of(session: Session) -> list[dict[str, Any]]:
    """What was said, in RealtimeKit's own form: startTime, endTime, sentence, peerData."""
    return as_document(session.transcript.segments(errors=Unreadable("transcript")))


def as_document(segments: Sequence[Segment]) -> list[dict[str, Any]]:
    """Segments in RealtimeKit's own form."""
    from realtimekit.artifacts.formats import to_json  # noqa: PLC0415 - only where there is one

    said: list[dict[str, Any]] = json.loads(to_json(segments))
    return said


def show(out: Console, session: Session, account: Mapping[str, Any]) -> None:
    """Print the account of a session, as `gather` gives it."""
    times = f"{moment(session.started_at)} to {moment(session.ended_at) or 'now'} UTC"
    title = session.meeting_display_name or "untitled"
    out.print(clean(f"{title}: session {session.id}, {session.status}"), style="bold")
    out.print(clean(f"{times}, {session.minutes_consumed or 0:.1f} participant minutes"))
    out.print()
    people = [
        [p.get("display_name"), p.get("custom_participant_id"), _clock(p, "joined_at"), _clock(p, "left_at"), p["id"]]
        for p in account["participants"]
    ]
    print_table(out, "Participants", PEOPLE_COLUMNS, people)
    if account["chat"] is not None:
        print_table(out, "Chat", CHAT_COLUMNS, [written(message) for message in account["chat"]])
    if account["transcript"] is not None:
        print_table(out, "Transcript", SPEECH_COLUMNS, [sentence(said) for said in account["transcript"]])
    if account["summary"] is not None:
        out.print(Text("Summary", "bold"))
        out.print(clean(account["summary"].strip()))
        out.print()
    if account["livestream_sessions"]:
        streamed = [
            [_clock(b, "started_time"), _clock(b, "stopped_time"), b.get("id")] for b in account["livestream_sessions"]
        ]
        print_table(out, "Livestreams", STREAM_COLUMNS, streamed)
    for kind, why in account.get("missing", {}).items():
        out.print(f"The {kind} is {why}")


def _clock(row: Mapping[str, Any], name: str) -> str:
    """The time of day of a field; what is no time, as it is."""
    raw = row.get(name)
    try:
        return parse_timestamp(str(raw)).strftime("%H:%M:%S")
    except ValueError:
        return "" if raw is None else str(raw)


def written(message: Mapping[str, Any]) -> list[object]:
    """A message of a chat, as a row for people."""
    return [_clock(message, "createdAt"), message.get("displayName"), message.get("payload")]


def sentence(said: Mapping[str, Any]) -> list[object]:
    """A segment of a transcript, as a row for people."""
    start = int(said["startTime"])
    return [f"{start // 60000}:{start // 1000 % 60:02}", said["peerData"].get("displayName"), said["sentence"]]


def show_peer(out: Console, peer: SessionParticipant) -> None:
    """Print the averages of one participant's call quality."""
    quality: Mapping[str, Any] = (peer.peer_report or {}).get("quality") or {}
    lines: list[list[object]] = []
    for kind in ("audio", "video"):
        for way, direction in (("sent", "producer"), ("received", "consumer")):
            averages = quality.get(f"{kind}_{direction}_cumulative") or {}
            values = [(averages.get(name) or {}).get("avg") for name in ("quality_mos", "packet_loss", "rtt")]
            if any(value is not None for value in values):
                lines.append([f"{kind} {way}", *("" if value is None else f"{value:.2f}" for value in values)])
    columns = [Column("averages"), Column("quality (MOS, 1 to 5)"), Column("packet loss (%)"), Column("round trip")]
    print_table(out, f"Call quality of {peer.display_name}, found by peer id {peer.id}", columns, lines)
