"""Everything about a session, asked for once: what is not there is noted with its reason, and the rest is gathered."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple, TypeVar

from realtimekit.errors import APIConnectionError, APIError, ArtifactError, AuthenticationError, DecodeError
from realtimekit.quality.thresholds import Thresholds
from realtimekit.report.people import Person, known, people_of
from realtimekit.report.series import POINTS, Plot, plots_of
from realtimekit.resources.recording import Recordings
from realtimekit.resources.session_quality import MissingReport, PeerQuality, iter_quality

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from realtimekit.artifacts.messages import ChatMessage
    from realtimekit.artifacts.segments import Segment
    from realtimekit.flow import Sync
    from realtimekit.resources.livestream_session import LivestreamSession
    from realtimekit.resources.recording import Recording
    from realtimekit.resources.session import Session

T = TypeVar("T")


class Call(NamedTuple):
    """How the call went for one participant.

    Attributes:
        quality: the summary and the findings; without the report, which may be large.
        plots: the course of each measure, thinned out.
    """

    quality: PeerQuality
    plots: list[Plot]


class Report(NamedTuple):
    """What a session left behind. A part that is not there is None, and `missing` says why.

    Attributes:
        session: as it was read for the report.
        made: when that was.
        people: who took part; who came several times is one of them.
        segments: what was said.
        messages: what was written.
        summary: plain text or Markdown.
        calls: how the call went, for each participant with a peer report.
        without_report: those without.
        recordings: of this session alone, not of others of its meeting.
        broadcasts: its livestreams.
        missing: part -> why it is not there.
        unreadable: part -> what could not be read of it, a line for each row.
        thresholds: what the findings were judged by.
    """

    session: Session[Sync]
    made: datetime
    people: list[Person]
    segments: list[Segment] | None
    messages: list[ChatMessage] | None
    summary: str | None
    calls: list[Call]
    without_report: list[MissingReport]
    recordings: list[Recording[Sync]] | None
    broadcasts: list[LivestreamSession[Sync]] | None
    missing: dict[str, str]
    unreadable: dict[str, list[str]]
    thresholds: Thresholds

    def html(self, *, links: bool = False) -> str:
        """The page, whole.

        Args:
            links: whether the recordings' download links are in it: whoever has the file can then download them.

        Raises:
            ImportError: the extra `report` is not installed.
        """
        from realtimekit.report.page import page  # noqa: PLC0415 - jinja2, only where a page is made

        return page(self, links=links)

    def save(self, path: str | os.PathLike[str], *, links: bool = False) -> None:
        """Write the page to a file. There is no half of one: a page that was there stays until the new one is whole.

        Args:
            path: the file, or where to make it.
            links: as for `html`.

        Raises:
            ImportError: as `html`.
            OSError: it cannot be written.
        """
        from realtimekit.report.page import write  # noqa: PLC0415 - as above

        write(self.html(links=links), path)

    def __repr__(self) -> str:  # a tuple's would show all that was said
        missing = f" missing={sorted(self.missing)}" if self.missing else ""
        return f"<Report session_id={self.session.id!r} people={len(self.people)}{missing}>"


def of(
    session: Session[Sync],
    *,
    quality: bool = True,
    concurrency: int = 4,
    thresholds: Thresholds | None = None,
    progress: Callable[[int, int | None], object] | None = None,
) -> Report:
    """Gather a report: the session, its participants, transcript, chat, summary, recordings, livestreams and quality.

    The requests are those of the SDK's own methods; the peer reports, one for each participant, are by far the largest,
    and at most `concurrency` of them are in memory.

    Args:
        session: of a sync client.
        quality: whether to ask for the peer reports.
        concurrency: how many of them to ask for at once, 1 or more.
        thresholds: from where on something is a problem, as for `PeerReport.problems`.
        progress: called with how many peer reports are there, and of how many.

    Raises:
        TypeError: the session is of an async client.
        NotFoundError: there is no such session.
        AuthenticationError: the token is not valid.
    """
    if session._client.asynchronous:
        raise TypeError("a report is gathered from a session of RealtimeKit, not of AsyncRealtimeKit")
    if "status" not in session:  # known by its id alone
        session = session.reload()
    parts = _Parts()
    made = datetime.now(UTC)
    listed = parts.read("participants", lambda: session.participants.where(include_peer_events=True).prefetch(4).all())
    report = Report(
        session,
        made,
        people_of(listed or [], known(session, "ended_at")),
        parts.rows("transcript", lambda problems: session.transcript.segments(problems=problems)),
        parts.rows("chat", lambda problems: session.chat.messages(problems=problems)),
        parts.read("summary", lambda: session.summary.text()),  # noqa: PLW0108 - to read `session.summary` can fail
        [],
        [],
        parts.read("recordings", lambda: _recordings(session)),
        parts.read("livestreams", session.livestream_sessions),
        parts.missing,
        parts.unreadable,
        thresholds or Thresholds(),
    )
    if quality:
        parts.read("quality", lambda: _measure(report, concurrency, len(listed or []), progress or (lambda *_: None)))
    else:
        parts.missing["quality"] = "it was not asked for"
    return report


class _Parts:
    """Reads parts, and notes those that are not there."""

    def __init__(self) -> None:
        self.missing: dict[str, str] = {}
        self.unreadable: dict[str, list[str]] = {}

    def read(self, name: str, read: Callable[[], T]) -> T | None:
        try:
            return read()
        except AuthenticationError:
            raise
        except (APIError, APIConnectionError, DecodeError) as error:
            self.missing[name] = _why(error)
            return None

    def rows(self, name: str, read: Callable[[list[DecodeError]], T]) -> T | None:
        problems: list[DecodeError] = []
        found = self.read(name, lambda: read(problems))
        if problems:
            self.unreadable[name] = [str(problem) for problem in problems]
        return found


def _why(error: Exception) -> str:
    if isinstance(error, ArtifactError):
        return str(error).partition("; ")[2] or str(error)  # what the request was says nothing to a reader
    if isinstance(error, APIError) and error.status == 404:
        return "the server has none (any more)"
    return str(error)


def _recordings(session: Session[Sync]) -> list[Recording[Sync]]:
    meeting_id = known(session, "associated_id")
    if not meeting_id:
        raise DecodeError("the session does not say which meeting it was of")
    scope = {name: session._scope[name] for name in ("account_id", "app_id") if session._scope.get(name)}
    of_meeting = Recordings(session._client, scope=scope).where(meeting_id=meeting_id).prefetch(4)
    return [recording for recording in of_meeting if known(recording, "session_id") == session.id]


def _measure(report: Report, concurrency: int, total: int, progress: Callable[[int, int | None], object]) -> None:
    points = max(60, min(POINTS, 3000 // max(1, total)))  # a crowd's page is to stay small
    for done, peer in enumerate(iter_quality(report.session, concurrency=concurrency, thresholds=report.thresholds), 1):
        if isinstance(peer, MissingReport):
            report.without_report.append(peer)
        else:
            plots = plots_of(peer.tracks or [], report.thresholds, points)
            report.calls.append(Call(peer._replace(report=None, tracks=None), plots))
        progress(done, max(total, done))
