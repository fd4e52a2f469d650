"""The call quality of every participant of a session: reports fetched concurrently, in order, in small twins."""

from __future__ import annotations

from collections.abc import AsyncIterator, Coroutine, Iterator, Sequence
from typing import Any, NamedTuple, overload

from realtimekit import errors
from realtimekit.flow import Async, Flow, Sync
from realtimekit.kwargs import validate_positive, validate_type
from realtimekit.prefetch import AsyncPrefetcher, Prefetcher
from realtimekit.quality.finding import Finding, worst_first
from realtimekit.quality.findings import detect_findings
from realtimekit.quality.peer_report import PeerReport
from realtimekit.quality.summary import QualitySummary, summarize
from realtimekit.quality.thresholds import Thresholds, validate_thresholds
from realtimekit.quality.tracks import Track, tracks_of
from realtimekit.resources.session import Session
from realtimekit.resources.session_participant import SessionParticipant

_MISSING_REASONS: dict[type[Exception], str] = {
    errors.NotFoundError: "no report: call analytics are kept for 6 months, and a live call may have none yet",
    errors.RateLimitError: "not requested: the rate limit was reached",
}


class PeerQuality(NamedTuple):
    """The call quality of one participant.

    Attributes:
        participant: the participant, as `session.participants` returns it.
        summary: the aggregated measurements.
        findings: the problems, grouped by event, the worst first.
        report: the report itself; None unless `keep_reports`.
        tracks: its samples as columns; None unless `keep_reports`.
    """

    participant: SessionParticipant[Any]
    summary: QualitySummary
    findings: list[Finding]
    report: PeerReport | None
    tracks: list[Track] | None = None

    def __repr__(self) -> str:
        ids = _identify(self.participant)
        who = f"peer_id={ids['peer_id']!r} display_name={ids['display_name']!r}"
        return f"<PeerQuality {who} findings={len(self.findings)}>"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON, without the report."""
        findings = [finding.to_dict() for finding in self.findings]
        return {**_identify(self.participant), "summary": self.summary.to_dict(), "findings": findings}


class MissingReport(NamedTuple):
    """A participant without a report.

    Attributes:
        participant: the participant, as `session.participants` returns it.
        reason: why there is no report, in words.
        error: the exception, or None if the response contained no report.
    """

    participant: SessionParticipant[Any]
    reason: str
    error: errors.RealtimeKitError | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**_identify(self.participant), "reason": self.reason}


class SessionQuality(NamedTuple):
    """The call quality of every participant of a session.

    Attributes:
        session_id: the id of the session.
        participants: the participants with a report, in the order of `session.participants`.
        missing: the participants without one.
    """

    session_id: str
    participants: list[PeerQuality]
    missing: list[MissingReport]

    @property
    def findings(self) -> list[Finding]:
        """The findings of all participants, the worst first, each with the participant's name in its text."""
        return worst_first(
            [_name_participant(finding, peer.participant) for peer in self.participants for finding in peer.findings]
        )

    def __repr__(self) -> str:
        counts = f"participants={len(self.participants)} missing={len(self.missing)} findings={len(self.findings)}"
        return f"<SessionQuality session_id={self.session_id!r} {counts}>"

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "session_id": self.session_id,
            "participants": [peer.to_dict() for peer in self.participants],
            "missing": [peer.to_dict() for peer in self.missing],
        }

    def _repr_html_(self) -> str:
        """Return the participants and their worst findings as a table, for notebooks."""
        from realtimekit.notebook import html_table

        rows = [
            [
                _identify(peer.participant)["display_name"] or _identify(peer.participant)["peer_id"],
                len(peer.findings),
                peer.findings[0].text if peer.findings else "",
            ]
            for peer in self.participants
        ]
        rows += [[_identify(peer.participant)["display_name"], "", peer.reason] for peer in self.missing]
        return html_table(repr(self), ["participant", "findings", "the worst"], rows)

    def to_pandas(self) -> Any:
        """Return every sample of every participant as a row of a pandas.DataFrame; see `Quality.to_pandas`.

        Only after `session.quality(keep_reports=True)`, because the samples are in the reports.

        Raises:
            ImportError: pandas is not installed.
            ValueError: the reports were not kept.
        """
        from realtimekit.quality import dataframes

        return dataframes.to_pandas(self._reports())

    def to_polars(self) -> Any:
        """As `to_pandas`, but a polars.DataFrame.

        Raises:
            ImportError: polars is not installed.
            ValueError: the reports were not kept.
        """
        from realtimekit.quality import dataframes

        return dataframes.to_polars(self._reports())

    def _reports(self) -> list[tuple[str | None, Any]]:
        if any(peer.report is None for peer in self.participants):
            raise ValueError("the samples were not kept: pass keep_reports=True to session.quality()")
        return [(peer.participant.id, peer.report.quality._data) for peer in self.participants if peer.report]


class _ReportFetcher:
    """Fetches the reports of a session's participants, as flows."""

    def __init__(self, session: Session[Any], thresholds: Thresholds | None) -> None:
        self._session = session
        self._thresholds = validate_thresholds(Thresholds() if thresholds is None else thresholds)
        self._sessions: Any = session._collection(session._client, scope=session._scope_for(type(session)))

    def report(self, participant: SessionParticipant[Any]) -> Flow[PeerQuality | MissingReport]:
        """Return one participant's quality. A token without the permission to read reports raises: it concerns all."""
        try:
            raw = yield from self._fetch(participant._data.get("id"))
        except (errors.AuthenticationError, errors.PermissionDeniedError):
            raise
        except (errors.APIError, errors.APIConnectionError, errors.DecodeError) as error:
            reason = _MISSING_REASONS.get(type(error)) or str(error)
            return MissingReport(participant, reason, error)
        if not isinstance(raw, dict) or not raw:
            return MissingReport(participant, "the response contained no report", None)
        tracks = tracks_of(raw.get("quality"), self._thresholds.units)
        findings = detect_findings(tracks, raw.get("metadata"), self._thresholds)
        return PeerQuality(participant, summarize(tracks), findings, PeerReport(raw), tracks)

    def _fetch(self, peer_id: Any) -> Flow[Any]:
        if not peer_id:
            raise errors.DecodeError("the participant was listed without an id")
        found = yield from type(self._sessions).find_participant_by_peer_id.flow(self._sessions, peer_id)
        return found._data.get("peer_report")


# --- in small twins ---------------------------------------------------------------------------------------------------


@overload
def iter_quality(
    session: Session[Sync],
    *,
    concurrency: int = 4,
    thresholds: Thresholds | None = None,
    participants: Sequence[SessionParticipant[Sync]] | None = None,
) -> Iterator[PeerQuality | MissingReport]: ...
@overload
def iter_quality(
    session: Session[Async],
    *,
    concurrency: int = 4,
    thresholds: Thresholds | None = None,
    participants: Sequence[SessionParticipant[Async]] | None = None,
) -> AsyncIterator[PeerQuality | MissingReport]: ...
def iter_quality(
    session: Any,
    *,
    concurrency: int = 4,
    thresholds: Thresholds | None = None,
    participants: Sequence[SessionParticipant[Any]] | None = None,
) -> Any:
    """Iterate over the quality of each participant, with the reports: at most `concurrency` of them are in memory.

    Args:
        session: the session; one request for each page of its participants, and one for each report.
        concurrency: how many reports to request at once, 1 or more.
        thresholds: as for `PeerReport.findings`.
        participants: only these, such as one page of `session.participants`; None for all, who are then listed first.
    """
    validate_type("session", session, Session, "a session, such as client.sessions.find(id)")
    validate_positive("concurrency", concurrency)
    fetcher = _ReportFetcher(session, thresholds)
    if session._client.asynchronous:
        return _iter_quality_async(session, fetcher, concurrency, participants)
    return _iter_quality_sync(session, fetcher, concurrency, participants)


def _iter_quality_sync(
    session: Session[Sync],
    fetcher: _ReportFetcher,
    concurrency: int,
    given: Sequence[SessionParticipant[Any]] | None,
) -> Iterator[PeerQuality | MissingReport]:
    participants = session.participants.all() if given is None else given
    with Prefetcher(
        concurrency,
        lambda number: session._client.run(prefetcher.until_closed(fetcher.report(participants[number - 1]))),
    ) as prefetcher:
        for number in range(1, len(participants) + 1):
            yield prefetcher.get(number, len(participants))


async def _iter_quality_async(
    session: Session[Async],
    fetcher: _ReportFetcher,
    concurrency: int,
    given: Sequence[SessionParticipant[Any]] | None,
) -> AsyncIterator[PeerQuality | MissingReport]:
    participants = await session.participants.all() if given is None else given
    async with AsyncPrefetcher(
        concurrency, lambda number: session._client.run(fetcher.report(participants[number - 1]))
    ) as prefetcher:
        for number in range(1, len(participants) + 1):
            yield await prefetcher.get(number, len(participants))


@overload
def session_quality(
    session: Session[Sync], *, concurrency: int = 4, thresholds: Thresholds | None = None, keep_reports: bool = False
) -> SessionQuality: ...
@overload
def session_quality(
    session: Session[Async], *, concurrency: int = 4, thresholds: Thresholds | None = None, keep_reports: bool = False
) -> Coroutine[Any, Any, SessionQuality]: ...
def session_quality(
    session: Any, *, concurrency: int = 4, thresholds: Thresholds | None = None, keep_reports: bool = False
) -> Any:
    """Return the quality of every participant of a session.

    `session.participants`, then `GET /sessions/peer-report/{peer_id}` for each of them. Participants without a report
    are in `missing`.

    Args:
        session: the session.
        concurrency: how many reports to request at once, 1 or more. If the client's limiter refuses a request, because
            it would have to wait for longer than `max_wait`, the remaining participants are in `missing`.
        thresholds: as for `PeerReport.findings`.
        keep_reports: whether the reports stay in memory, as `to_pandas()` and `to_polars()` need them; a two-hour call
            of many people has a million samples.

    Raises:
        AuthenticationError, PermissionDeniedError: the token is invalid, or may not read reports.
        APIError, APIConnectionError: the participants could not be listed.
    """
    peers = iter_quality(session, concurrency=concurrency, thresholds=thresholds)
    if session._client.asynchronous:
        return _collect_async(session, peers, keep_reports=keep_reports)
    quality = SessionQuality(session.id, [], [])
    for peer in peers:
        _add(quality, peer, keep_reports=keep_reports)
    return quality


async def _collect_async(session: Any, peers: Any, *, keep_reports: bool) -> SessionQuality:
    quality = SessionQuality(session.id, [], [])
    async for peer in peers:
        _add(quality, peer, keep_reports=keep_reports)
    return quality


def _add(quality: SessionQuality, peer: PeerQuality | MissingReport, *, keep_reports: bool) -> None:
    if isinstance(peer, MissingReport):
        quality.missing.append(peer)
    else:
        quality.participants.append(peer if keep_reports else peer._replace(report=None, tracks=None))


def _name_participant(finding: Finding, participant: SessionParticipant[Any]) -> Finding:
    ids = _identify(participant)
    name = ids["display_name"] or ids["custom_participant_id"] or ids["peer_id"] or "(no name)"
    return finding._replace(text=finding.text_about(name), peer_id=ids["peer_id"], display_name=ids["display_name"])


def _identify(participant: SessionParticipant[Any]) -> dict[str, Any]:
    """Return the ids and the name of a participant, for JSON."""
    names = ("custom_participant_id", "display_name")
    return {"peer_id": participant._data.get("id"), **{name: participant._data.get(name) for name in names}}
