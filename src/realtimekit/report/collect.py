"""Collects everything about a session. A part that is not available is recorded with the reason, and costs no other."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, TypeVar

from realtimekit.errors import APIConnectionError, APIError, ArtifactError, AuthenticationError, DecodeError
from realtimekit.kwargs import validate_type
from realtimekit.quality.thresholds import Thresholds
from realtimekit.report.attendees import group_participants
from realtimekit.report.data import CallQuality, ReportData
from realtimekit.report.fields import get_field
from realtimekit.report.plot_data import MAX_POINTS, build_plots
from realtimekit.resources.session import Session
from realtimekit.resources.session_quality import MissingReport, iter_quality

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.artifacts.segments import Segment
    from realtimekit.flow import Sync

T = TypeVar("T")


def collect_data(
    session: Session[Sync],
    *,
    quality: bool,
    concurrency: int,
    thresholds: Thresholds | None,
    progress: Callable[[int, int | None], object] | None,
) -> ReportData:
    """Collect the data of a report; see `session_report.collect`."""
    validate_type("session", session, Session, "a session, such as client.sessions.find(id)")
    if session._client.asynchronous:
        raise TypeError("a report needs a session of RealtimeKit, not of AsyncRealtimeKit")
    if "status" not in session:  # it is known by its id alone
        session = session.reload()
    parts = _Collector()
    created_at = datetime.now(UTC)
    participants = parts.read(
        "participants", lambda: session.participants.where(include_peer_events=True).prefetch(4).all()
    )
    data = ReportData(
        session,
        created_at,
        group_participants(participants or [], get_field(session, "ended_at")),
        parts.read_rows("transcript", lambda errors: parts.read_transcript(session, errors)),
        parts.read_rows("chat", lambda errors: session.chat.messages(errors=errors)),
        parts.read("summary", lambda: session.summary.text()),  # noqa: PLW0108 - reading `session.summary` can fail
        [],
        [],
        parts.read("recordings", lambda: session.recordings.prefetch(4).all()),
        parts.read("livestreams", session.livestream_sessions),
        parts.missing,
        parts.unreadable,
        thresholds or Thresholds(),
        parts.suspect,
    )
    if quality:
        total = len(participants or [])
        parts.read("quality", lambda: _collect_quality(data, concurrency, total, progress or (lambda *_: None)))
    else:
        parts.missing["quality"] = "it was not requested"
    return data


class _Collector:
    """Reads parts, and records those that are not available."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        self.unreadable: dict[str, list[str]] = {}
        self.suspect: dict[str, str] = {}

    def read(self, name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except AuthenticationError:
            raise
        except (APIError, APIConnectionError, DecodeError) as error:
            self.missing[name] = _reason(error)
            return None

    def read_rows(self, name: str, read: Callable[[list[DecodeError]], T]) -> T | None:
        errors: list[DecodeError] = []
        rows = self.read(name, lambda: read(errors))
        if errors:
            self.unreadable[name] = [str(error) for error in errors]
        return rows

    def read_transcript(self, session: Session[Sync], errors: list[DecodeError]) -> list[Segment]:
        transcript = session.transcript
        segments: list[Segment] = session._client.run(transcript._segments_unchecked({}, errors))
        if transcript.suspect:
            self.suspect["transcript"] = transcript.suspect
        return segments


def _reason(error: Exception) -> str:
    if isinstance(error, ArtifactError):
        return str(error).partition("; ")[2] or str(error)  # without the request, which means nothing to a reader
    if isinstance(error, APIError) and error.status == 404:
        return "the server does not have it, or no longer has it"
    return str(error)


def _collect_quality(
    data: ReportData, concurrency: int, total: int, progress: Callable[[int, int | None], object]
) -> None:
    points = max(60, min(MAX_POINTS, 3000 // max(1, total)))  # to keep the page of a large meeting small
    for done, peer in enumerate(iter_quality(data.session, concurrency=concurrency, thresholds=data.thresholds), 1):
        if isinstance(peer, MissingReport):
            data.missing_reports.append(peer)
        else:
            plots = build_plots(peer.tracks or [], data.thresholds, points)
            data.calls.append(CallQuality(peer._replace(report=None, tracks=None), plots))
        progress(done, max(total, done))
