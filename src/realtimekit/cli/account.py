"""An account of a session, gathered through the SDK: as a document for programs, and as text for people."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from rich.box import SIMPLE_HEAD
from rich.console import Console
from rich.table import Table
from rich.text import Text

from realtimekit.artefacts.tables import CHAT_COLUMNS, TRANSCRIPT_COLUMNS, rows
from realtimekit.errors import NotFoundError
from realtimekit.values import parse_timestamp

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence
    from datetime import datetime

    from realtimekit import Session, SessionParticipant


# Columns of ids and times, which are there to be copied, and of names: the long texts beside them fold instead.
ONE_LINE = {"id", "peer id", "at", "from", "who", "name", "status", "joined", "left", "started (UTC)"}


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


def table(title: str, columns: list[str], lines: Sequence[Sequence[object]]) -> Table:
    made = Table(title=title, title_justify="left", title_style="bold", box=SIMPLE_HEAD, padding=(0, 1, 0, 0))
    for column in columns:
        made.add_column(column, overflow="fold", no_wrap=column in ONE_LINE)
    for line in lines:
        made.add_row(*(clean(value) for value in line))
    return made


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
    out.print(table("Participants", ["name", "custom id", "joined", "left", "peer id"], people))
    if account["chat"] is not None:
        written = [[_clock(m, "createdAt"), m.get("displayName"), m.get("payload")] for m in account["chat"]]
        out.print(table("Chat", ["at", "who", "message"], written))
    if account["transcript"] is not None:
        out.print(table("Transcript", ["from", "who", "said"], [_sentence(said) for said in account["transcript"]]))
    if account["summary"] is not None:
        out.print(Text("Summary", "bold"))
        out.print(clean(account["summary"].strip()))
        out.print()
    if account["livestream_sessions"]:
        streamed = [
            [_clock(b, "started_time"), _clock(b, "stopped_time"), b.get("id")] for b in account["livestream_sessions"]
        ]
        out.print(table("Livestreams", ["started", "stopped", "id"], streamed))
    missing = [name for name in ("chat", "transcript", "summary") if account[name] is None]
    if missing:
        out.print(f"Not there (not made, not yet, or no longer kept): {', '.join(missing)}")


def _clock(row: Mapping[str, Any], name: str) -> str:
    """The time of day of a field; what is no time, as it is."""
    raw = row.get(name)
    try:
        return parse_timestamp(str(raw)).strftime("%H:%M:%S")
    except ValueError:
        return "" if raw is None else str(raw)


def _sentence(said: Mapping[str, Any]) -> list[object]:
    """From either form of a transcript: JSON's or CSV's."""
    start = int(said.get("startTime", said.get("startTimeMs", 0)))
    who = (said.get("peerData") or {}).get("displayName") or said.get("name")
    return [f"{start // 60000}:{start // 1000 % 60:02}", who, said.get("sentence") or said.get("text")]


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
    columns = ["averages", "quality (MOS, 1 to 5)", "packet loss (%)", "round trip"]
    out.print(table(f"Call quality of {clean(peer.display_name)}, found by peer id {clean(peer.id)}", columns, lines))
