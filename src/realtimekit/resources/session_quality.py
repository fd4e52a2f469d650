"""The call quality of everybody in a session: reports asked for several at once, in order, in small twins."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, overload

from realtimekit import errors
from realtimekit.kwargs import validate_positive
from realtimekit.prefetch import AsyncPrefetcher, Prefetcher
from realtimekit.quality.findings import detect_findings
from realtimekit.quality.peer_report import PeerReport
from realtimekit.quality.summary import summarize
from realtimekit.quality.thresholds import Thresholds, validate_thresholds
from realtimekit.quality.tracks import tracks_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Coroutine, Iterator

    from realtimekit.flow import Async, Flow, Sync
    from realtimekit.quality.findings import Finding
    from realtimekit.quality.summary import QualitySummary
    from realtimekit.quality.tracks import Track
    from realtimekit.resources.session import Session
    from realtimekit.resources.session_participant import SessionParticipant


_REASONS: dict[type[Exception], str] = {
    errors.NotFoundError: "no report: call analytics are kept for 6 months, and a live call may have none yet",
    errors.RateLimitError: "not asked for: the rate limit was reached",
}


class PeerQuality(NamedTuple):
    """How the call went for one participant.

    Attributes:
        participant: as `session.participants` lists it.
        summary: what the measurements add up to.
        findings: what went wrong, the worst first.
        report: the report itself; None where it was not to be kept.
        tracks: its samples as columns, as far as they were read; None as the report.
    """

    participant: SessionParticipant[Any]
    summary: QualitySummary
    findings: list[Finding]
    report: PeerReport | None
    tracks: list[Track] | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON, without the report."""
        findings = [finding.to_dict() for finding in self.findings]
        return {**_who(self.participant), "summary": self.summary.to_dict(), "findings": findings}


class MissingReport(NamedTuple):
    """Somebody of whom there is no report.

    Attributes:
        participant: as `session.participants` lists it.
        reason: why, for people.
        error: what was raised, or None where the answer held no report.
    """

    participant: SessionParticipant[Any]
    reason: str
    error: errors.RealtimeKitError | None

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {**_who(self.participant), "reason": self.reason}


class SessionQuality(NamedTuple):
    """How the call went for everybody.

    Attributes:
        session_id: of which session.
        participants: those with a report, in the order of `session.participants`.
        missing: those without.
    """

    session_id: str
    participants: list[PeerQuality]
    missing: list[MissingReport]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {
            "session_id": self.session_id,
            "participants": [peer.to_dict() for peer in self.participants],
            "missing": [peer.to_dict() for peer in self.missing],
        }

    def to_pandas(self) -> Any:
        """Every sample of everybody as a row of a pandas.DataFrame; see `Quality.to_pandas`.

        Raises:
            ImportError: pandas is not installed.
            ValueError: the reports were not kept.
        """
        from realtimekit.quality import dataframes

        return dataframes.to_pandas(self._reports())

    def to_polars(self) -> Any:
        """As `to_pandas`, a polars.DataFrame.

        Raises:
            ImportError: polars is not installed.
            ValueError: the reports were not kept.
        """
        from realtimekit.quality import dataframes

        return dataframes.to_polars(self._reports())

    def _reports(self) -> list[tuple[str | None, Any]]:
        if any(peer.report is None for peer in self.participants):
            raise ValueError("the samples were not kept: gather them with keep_reports=True")
        return [(peer.participant.id, peer.report.quality._data) for peer in self.participants if peer.report]


class Gathering:
    """The flow of one report, and what all of them share."""

    def __init__(self, session: Session[Any], thresholds: Thresholds | None) -> None:
        self._session = session
        self._thresholds = validate_thresholds(thresholds or Thresholds())
        scope = {name: session._scope[name] for name in ("account_id", "app_id") if session._scope.get(name)}
        self._sessions: Any = session._collection(session._client, scope=scope)

    def report(self, participant: SessionParticipant[Any]) -> Flow[PeerQuality | MissingReport]:
        """One participant's quality. What concerns all of them is raised: a token that may not read reports."""
        try:
            raw = yield from self._asked(participant._data.get("id"))
        except (errors.AuthenticationError, errors.PermissionDeniedError):
            raise
        except (errors.APIError, errors.APIConnectionError, errors.DecodeError) as error:
            reason = _REASONS.get(type(error)) or str(error)
            return MissingReport(participant, reason, error)
        if not isinstance(raw, dict) or not raw:
            return MissingReport(participant, "the answer held no report", None)
        tracks = tracks_of(raw.get("quality"), self._thresholds.units)
        findings = detect_findings(tracks, raw.get("metadata"), self._thresholds)
        return PeerQuality(participant, summarize(tracks), findings, PeerReport(raw), tracks)

    def _asked(self, peer_id: Any) -> Flow[Any]:
        if not peer_id:
            raise errors.DecodeError("the participant was listed without an id")
        found = yield from type(self._sessions).find_participant_by_peer_id.flow(self._sessions, peer_id)
        return found._data.get("peer_report")


# --- in small twins ---------------------------------------------------------------------------------------------------


@overload
def each(
    session: Session[Sync], *, concurrency: int = 4, thresholds: Thresholds | None = None
) -> Iterator[PeerQuality | MissingReport]: ...
@overload
def each(
    session: Session[Async], *, concurrency: int = 4, thresholds: Thresholds | None = None
) -> AsyncIterator[PeerQuality | MissingReport]: ...
def each(session: Any, *, concurrency: int = 4, thresholds: Thresholds | None = None) -> Any:
    """Everybody's quality, one after the other, with their reports: at most `concurrency` of these in memory.

    Args:
        session: whose participants; one request for a page of them, and one for each report.
        concurrency: how many reports to ask for at once, 1 or more.
        thresholds: as for `PeerReport.findings`.
    """
    validate_positive("concurrency", concurrency)
    gathering = Gathering(session, thresholds)
    if session._client.asynchronous:
        return _each_async(session, gathering, concurrency)
    return _each_sync(session, gathering, concurrency)


def _each_sync(session: Session[Sync], gathering: Gathering, concurrency: int) -> Iterator[PeerQuality | MissingReport]:
    people = session.participants.all()
    with Prefetcher(
        concurrency, lambda at: session._client.run(ahead.until_left(gathering.report(people[at - 1])))
    ) as ahead:
        for at in range(1, len(people) + 1):
            yield ahead.get(at, len(people))


async def _each_async(
    session: Session[Async], gathering: Gathering, concurrency: int
) -> AsyncIterator[PeerQuality | MissingReport]:
    people = await session.participants.all()
    async with AsyncPrefetcher(concurrency, lambda at: session._client.run(gathering.report(people[at - 1]))) as ahead:
        for at in range(1, len(people) + 1):
            yield await ahead.get(at, len(people))


@overload
def quality_of(
    session: Session[Sync], *, concurrency: int = 4, thresholds: Thresholds | None = None, keep_reports: bool = False
) -> SessionQuality: ...
@overload
def quality_of(
    session: Session[Async], *, concurrency: int = 4, thresholds: Thresholds | None = None, keep_reports: bool = False
) -> Coroutine[Any, Any, SessionQuality]: ...
def quality_of(
    session: Any, *, concurrency: int = 4, thresholds: Thresholds | None = None, keep_reports: bool = False
) -> Any:
    """Everybody's quality: `session.participants`, then `GET /sessions/peer-report/{peer_id}` for each of them.

    Somebody without a report loses nobody else's: they are in `missing`.

    Args:
        session: whose participants.
        concurrency: how many reports to ask for at once, 1 or more. The client's limiter has them wait where the server
            allows nothing more for now; where that is for longer than it waits, the rest is in `missing`.
        thresholds: as for `PeerReport.findings`.
        keep_reports: whether the reports stay in memory; a two-hour call of many people has a million samples.

    Raises:
        AuthenticationError, PermissionDeniedError: the token is not valid, or may not read reports.
        APIError, APIConnectionError: the participants could not be listed.
    """
    found = each(session, concurrency=concurrency, thresholds=thresholds)
    if session._client.asynchronous:
        return _collected_async(session, found, keep_reports=keep_reports)
    quality = SessionQuality(session.id, [], [])
    for peer in found:
        _add(quality, peer, keep_reports=keep_reports)
    return quality


async def _collected_async(session: Any, found: Any, *, keep_reports: bool) -> SessionQuality:
    quality = SessionQuality(session.id, [], [])
    async for peer in found:
        _add(quality, peer, keep_reports=keep_reports)
    return quality


def _add(quality: SessionQuality, peer: PeerQuality | MissingReport, *, keep_reports: bool) -> None:
    if isinstance(peer, MissingReport):
        quality.missing.append(peer)
    else:
        quality.participants.append(peer if keep_reports else peer._replace(report=None, tracks=None))


def _who(participant: SessionParticipant[Any]) -> dict[str, Any]:
    names = ("custom_participant_id", "display_name")
    return {"peer_id": participant._data.get("id"), **{name: participant._data.get(name) for name in names}}
