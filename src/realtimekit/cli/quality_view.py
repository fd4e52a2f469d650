"""Call quality: of everybody in a session, as `sessions quality` shows it, and of one participant."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.cli.columns import Column
from realtimekit.cli.console import echo, make_console
from realtimekit.cli.output import print_rows, print_table
from realtimekit.cli.progress import progress_bar
from realtimekit.resources.session_quality import MissingReport, PeerQuality, SessionQuality, iter_quality

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from realtimekit import Session, SessionParticipant

COLUMNS = (
    Column("peer_id", wide_only=True),
    Column("display_name", "name", fold=True),
    Column("direction"),
    Column("media"),
    Column("mos_avg", "MOS, mean", fold=True),
    Column("mos_p10", "MOS, 10th percentile", fold=True),
    Column("lost_percent", "packets lost, %", fold=True),
    Column("rtt_ms_p90", "round-trip time, ms, 90th percentile", fold=True),
    Column("jitter_ms_p90", "jitter, ms, 90th percentile", fold=True, wide_only=True),
    Column("packets", wide_only=True),
)
FINDING_COLUMNS = (Column("severity"), Column("finding", fold=True))
PEER_COLUMNS = (
    Column("means"), Column("quality (MOS, 1 to 5)"), Column("packets lost, %"), Column("round-trip time, ms"),
)  # fmt: skip


def print_session_quality(output_format: str | None, session: Session) -> None:
    """Request the reports of all participants, and print a summary of each and the findings."""
    quality = SessionQuality(session.id, [], [])
    with progress_bar("Reports") as update:
        for number, peer in enumerate(iter_quality(session), 1):
            update(number, None)
            if isinstance(peer, MissingReport):
                quality.missing.append(peer)
            else:
                quality.participants.append(peer._replace(report=None, tracks=None))
    rows = [row for peer in quality.participants for row in _rows(peer)]
    print_rows(output_format, f"Call quality in session {session.id}", COLUMNS, rows, quality.to_dict())
    for missing in quality.missing:
        echo(f"{missing.participant.display_name} ({missing.participant.id}): {missing.reason}", err=True)
    if output_format is None:
        findings, lines = quality.findings, list[tuple[str, str]]()
        for finding in findings:
            lines.append((finding.severity, finding.text))
            lines += [(detail.severity, f"- {detail.text}") for detail in finding.details]
        print_table(make_console(), f"Findings: {len(findings)}", FINDING_COLUMNS, lines)


def _rows(peer: PeerQuality) -> Iterator[list[Any]]:
    who = peer.participant
    for media in peer.summary.media():
        numbers = [media.mos.avg, media.mos.p10, media.lost_percent, media.rtt_ms.p90, media.jitter_ms.p90]
        yield [who.id, who.display_name, media.direction, media.media, *numbers, media.packets]


def print_peer_quality(peer: SessionParticipant) -> None:
    """Print the means of one participant's call quality."""
    quality: Mapping[str, Any] = (peer.peer_report or {}).get("quality") or {}
    rows: list[list[object]] = []
    for kind in ("audio", "video"):
        for direction, stream in (("sent", "producer"), ("received", "consumer")):
            averages = quality.get(f"{kind}_{stream}_cumulative") or {}
            values = [(averages.get(name) or {}).get("avg") for name in ("quality_mos", "packet_loss", "rtt")]
            if any(value is not None for value in values):
                rows.append([f"{kind} {direction}", *("" if value is None else f"{value:.2f}" for value in values)])
    title = f"Call quality of {peer.display_name}, found by the peer id {peer.id}"
    print_table(make_console(), title, PEER_COLUMNS, rows)
