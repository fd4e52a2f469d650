"""An account of a session, gathered through the SDK: as a document for programs, and as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtimekit.artefacts.tables import CHAT_COLUMNS, TRANSCRIPT_COLUMNS, rows
from realtimekit.errors import NotFoundError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from realtimekit import Session, SessionParticipant


def gather(session: Session) -> dict[str, Any]:
    """Everything about a session: `session`, `participants`, `chat`, `transcript`, `summary`, `livestream_sessions`.

    What there is none of (any more) is None.
    """
    return {
        "session": session.to_dict(),
        "participants": [participant.to_dict() for participant in session.participants],
        "chat": _unless_missing(lambda: rows(session.chat.read(), CHAT_COLUMNS)),
        "transcript": _unless_missing(lambda: rows(session.transcript_as("JSON").read(), TRANSCRIPT_COLUMNS)),
        "summary": _unless_missing(lambda: session.summary.read().decode()),
        "livestream_sessions": [broadcast.to_dict() for broadcast in session.livestream_sessions()],
    }


def _unless_missing(read: Callable[[], Any]) -> Any:
    try:
        return read()
    except NotFoundError:
        return None


def clean(value: object) -> Text:
    """Text from outside, for a terminal: without control characters, and with no markup read into it."""
    text = "" if value is None else str(value)
    return Text("".join(character if character.isprintable() or character == "\n" else "\ufffd" for character in text))


def console(*, stderr: bool = False, quiet: bool = False) -> Console:
    """Where to print; no numbers or addresses are coloured by guess."""
    return Console(stderr=stderr, quiet=quiet, highlight=False)


def moment(value: datetime | None) -> str:
    return "" if value is None else value.strftime("%Y-%m-%d %H:%M:%S")


def table(title: str, columns: list[str], lines: list[list[object]]) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold")
    for column in columns:
        made.add_column(column, overflow="fold")
    for line in lines:
        made.add_row(*(clean(value) for value in line))
    return made


def show(out: Console, session: Session, account: Mapping[str, Any]) -> None:
    """Print the account of a session."""
    out.print(Text.assemble(("Session ", "bold"), clean(session.id), f" ({session.status})"))
    times = f"{moment(session.started_at)} to {moment(session.ended_at) or 'now'} UTC"
    title = session.meeting_display_name or "untitled"
    out.print(clean(f"{title}, {times}, {session.minutes_consumed} participant minutes"))
    people = [
        [p.get("display_name"), p.get("custom_participant_id"), p.get("joined_at"), p.get("left_at"), p.get("id")]
        for p in account["participants"]
    ]
    out.print(table("Participants", ["name", "custom id", "joined", "left", "peer id"], people))
    if account["chat"] is not None:
        written = [[m.get("createdAt"), m.get("displayName"), m.get("payload")] for m in account["chat"]]
        out.print(table("Chat", ["at", "who", "message"], written))
    if account["transcript"] is not None:
        out.print(table("Transcript", ["from", "who", "said"], [_sentence(s) for s in account["transcript"]]))
    if account["summary"] is not None:
        out.print(Text("Summary", "bold"))
        out.print(clean(account["summary"].rstrip()))
    if account["livestream_sessions"]:
        streamed = [[b.get("id"), b.get("started_time"), b.get("stopped_time")] for b in account["livestream_sessions"]]
        out.print(table("Livestreams", ["id", "started", "stopped"], streamed))
    missing = [name for name in ("chat", "transcript", "summary") if account[name] is None]
    if missing:
        out.print(f"Not there (not made, not yet, or no longer kept): {', '.join(missing)}")


def _sentence(segment: Mapping[str, Any]) -> list[object]:
    start = segment.get("startTime", segment.get("startTimeMs", 0))
    who = (segment.get("peerData") or {}).get("displayName") or segment.get("name")
    return [f"{int(start) // 60000}:{int(start) // 1000 % 60:02}", who, segment.get("sentence") or segment.get("text")]


def show_peer(out: Console, peer: SessionParticipant) -> None:
    """Print what is known of one participant's call quality."""
    cumulative = ((peer.peer_report or {}).get("quality") or {}).get("audio_producer_cumulative") or {}
    lines: list[list[object]] = [
        [name, *(f"{key} {value:g}" for key, value in list(numbers.items())[:4])]
        for name, numbers in cumulative.items()
        if isinstance(numbers, dict)
    ]
    title = f"Audio sent by {clean(peer.display_name)}"
    width = max([len(line) for line in lines], default=1)
    lines = [[*line, *[""] * (width - len(line))] for line in lines]
    out.print(table(title, ["measure", *[""] * (width - 1)], lines))
