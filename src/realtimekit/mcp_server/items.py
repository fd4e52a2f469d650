"""Records of the SDK as the tools return them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any, Literal, overload

from realtimekit.artifacts.messages import ChatMessage
from realtimekit.artifacts.segments import Segment
from realtimekit.costs import CostGroup, CostLine, IdleUsage
from realtimekit.mcp_server import results
from realtimekit.mcp_server.time_codes import format_time_code, milliseconds
from realtimekit.mcp_server.untrusted import clean_line, clean_name, identifier, pieces
from realtimekit.quality.finding import Finding
from realtimekit.quality.summary import MediaSummary
from realtimekit.report.fields import get_field
from realtimekit.resources.session_quality import MissingReport, PeerQuality
from realtimekit.values import format_time

MAX_FINDINGS = 10  # of one participant; the worst come first


def match_item(
    session_id: str,
    kind: Literal["transcript", "chat", "summary"],
    start: timedelta | None,
    at: datetime | None,
    text: results.FoundText,
    meeting_id: str | None,
) -> results.Match:
    """Return a match of a search."""
    time_code = None if start is None else format_time_code(start)
    position = time_code or (f"{kind} {_time(at)}" if kind == "chat" and at else kind)
    return results.Match(
        citation=f"{session_id} {position}", session_id=session_id, meeting_id=clean_name(meeting_id), kind=kind,
        time_code=time_code, start_ms=None if start is None else milliseconds(start), at=_time(at), untrusted=text,
    )  # fmt: skip


def found_text(title: str | None, speaker: str | None, snippet: list[tuple[str, bool]]) -> results.FoundText:
    """Return what was found, and by whom it is."""
    text = "".join(piece for piece, _ in snippet)
    matches = dict.fromkeys(clean_line(piece) for piece, is_match in snippet if is_match)
    return results.FoundText(
        title=clean_name(title), speaker=clean_name(speaker), snippet=next(pieces(text)), matches=[*matches]
    )


def session_item(session: Any) -> results.SessionItem:
    """Return a session."""
    return results.SessionItem(
        session_id=str(session.id),
        meeting_id=clean_name(get_field(session, "associated_id")),
        status=clean_name(get_field(session, "status")),
        started_at=_time(get_field(session, "started_at")),
        ended_at=_time(get_field(session, "ended_at")),
        participant_minutes=get_field(session, "minutes_consumed"),
        untrusted=results.SessionText(title=clean_name(get_field(session, "meeting_display_name"))),
    )


def participant_item(participant: Any) -> results.Participant:
    """Return one stay of a participant."""
    return results.Participant(
        peer_id=clean_name(get_field(participant, "id")),
        joined_at=_time(get_field(participant, "joined_at")),
        left_at=_time(get_field(participant, "left_at")),
        minutes=get_field(participant, "duration"),
        untrusted=_participant_text(participant),
    )


def _participant_text(participant: Any) -> results.ParticipantText:
    return results.ParticipantText(
        name=clean_name(get_field(participant, "display_name")),
        custom_participant_id=clean_name(get_field(participant, "custom_participant_id")),
        preset=clean_name(get_field(participant, "preset_name")),
    )


def recording_item(recording: Any) -> results.RecordingItem:
    """Return a recording."""
    links = (get_field(recording, name) for name in ("download_url", "layers", "audio_download_url"))
    return results.RecordingItem(
        recording_id=clean_name(get_field(recording, "id")),
        status=clean_name(get_field(recording, "status")),
        started_at=_time(get_field(recording, "started_time")),
        seconds=get_field(recording, "recording_duration"),
        bytes=get_field(recording, "file_size"),
        has_file=any(links),
    )


def segment_items(session_id: str, segment: Segment) -> Iterator[results.Segment]:
    """Iterate over a segment: as several if its text is long."""
    time_code = format_time_code(segment.start)
    for number, text in enumerate(pieces(segment.text)):
        yield results.Segment(
            citation=f"{session_id} {time_code}",
            time_code=time_code,
            start_ms=milliseconds(segment.start),
            end_ms=None if segment.end is None else milliseconds(segment.end),
            peer_id=None if segment.peer is None else clean_name(segment.peer.id),
            continued=True if number else None,
            untrusted=results.SpokenText(speaker=clean_name(segment.speaker), text=text),
        )


def message_items(session_id: str, message: ChatMessage) -> Iterator[results.Message]:
    """Iterate over a message of a chat: as several if its text is long."""
    at, message_id = _time(message.created_at), identifier(message.id)
    for number, text in enumerate(pieces(message.payload or "")):
        yield results.Message(
            citation=f"{session_id} chat {at or message_id or ''}".rstrip(),
            message_id=message_id,
            at=at,
            kind=identifier(message.payload_type),
            continued=True if number else None,
            untrusted=results.WrittenText(name=clean_name(message.display_name), text=text),
        )


def quality_item(
    session_id: str, started_at: datetime | None, quality: PeerQuality | MissingReport
) -> results.ParticipantQuality:
    """Return the call quality of a participant."""
    peer_id = clean_name(get_field(quality.participant, "id"))
    person = _participant_text(quality.participant)
    if isinstance(quality, MissingReport):
        reason = clean_line(quality.reason)
        return results.ParticipantQuality(
            peer_id=peer_id, missing=reason, findings=[], measurements=[], untrusted=person
        )
    return results.ParticipantQuality(
        peer_id=peer_id,
        findings=[
            _finding(f"{session_id} {peer_id}", started_at, finding) for finding in quality.findings[:MAX_FINDINGS]
        ],
        more_findings=len(quality.findings) - MAX_FINDINGS if len(quality.findings) > MAX_FINDINGS else None,
        measurements=[_measurement(media) for media in quality.summary.media()],
        untrusted=person,
    )


def _finding(source: str, session_started_at: datetime | None, finding: Finding) -> results.FindingItem:
    time_code = None
    if session_started_at is not None and finding.start is not None and finding.start >= session_started_at:
        time_code = format_time_code(finding.start - session_started_at)
    return results.FindingItem(
        citation=f"{source} {time_code or ''}".rstrip(),
        kind=finding.kind,
        severity=finding.severity,
        direction=finding.direction,
        media=finding.media,
        start=_time(finding.start),
        end=_time(finding.end),
        time_code=time_code,
        text=clean_line(finding.text),
    )


def _measurement(media: MediaSummary) -> results.Measurement:
    return results.Measurement(
        direction=media.direction,
        media=media.media,
        mos=_rounded(media.mos.avg),
        lost_percent=_rounded(media.lost_percent),
        rtt_ms=_rounded(media.rtt_ms.avg),
        jitter_ms=_rounded(media.jitter_ms.avg),
    )


def cost_line(line: CostLine) -> results.CostLine:
    """Return minutes of one kind, and what they cost."""
    return results.CostLine(
        item=line.item,
        minutes=_rounded(line.minutes),
        per_minute=line.per_minute,
        cost=_rounded(line.cost, 4),
        estimated=line.estimated or None,
        source=line.source,
        date=None if line.date is None else line.date.isoformat(),
    )


def person_costs(group: CostGroup) -> results.PersonCosts:
    """Return what is charged for one person."""
    return results.PersonCosts(
        cost=_rounded(group.cost, 4),
        minutes={line.item: _rounded(line.minutes) for line in group.lines},
        untrusted=results.PersonText(name=clean_name(group.name), id=clean_name(group.key)),
    )


def idle_usage(one: IdleUsage) -> results.IdleUsage:
    """Return what continued when everybody else had left."""
    return results.IdleUsage(
        reason=one.reason,
        id=clean_name(one.id),
        since=format_time(one.since, "since"),
        until=_time(one.until),
        minutes=_rounded(one.minutes),
        cost=_rounded(one.cost, 4),
        untrusted=results.PersonText(name=clean_name(one.name)),
    )


@overload
def _rounded(value: float, digits: int = 2) -> float: ...
@overload
def _rounded(value: float | None, digits: int = 2) -> float | None: ...
def _rounded(value: float | None, digits: int = 2) -> float | None:
    return None if value is None else round(value, digits)


def _time(value: datetime | None) -> str | None:
    return None if value is None else format_time(value, "a time")
