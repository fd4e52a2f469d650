"""How the call went for everybody in a session, as `sessions quality` shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.cli import output
from realtimekit.cli.options import Column
from realtimekit.resources.session_quality import MissingReport, PeerQuality, SessionQuality, iter_quality

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtimekit import Session

COLUMNS = (
    Column("peer_id", wide=True),
    Column("display_name", "who", folds=True),
    Column("direction"),
    Column("media"),
    Column("mos_avg", "MOS"),
    Column("mos_p10", "MOS worst tenth"),
    Column("lost_percent", "lost %"),
    Column("rtt_ms_p90", "round trip ms"),
    Column("jitter_ms_p90", "jitter ms", wide=True),
    Column("packets", wide=True),
)


def show(form: str | None, session: Session) -> None:
    """Gather everybody's reports, and print what they add up to and what went wrong."""
    quality = SessionQuality(session.id, [], [])
    with output.progress("Reports") as tell:
        for number, peer in enumerate(iter_quality(session), 1):
            tell(number, None)
            if isinstance(peer, MissingReport):
                quality.missing.append(peer)
            else:
                quality.participants.append(peer._replace(report=None, tracks=None))
    rows = [row for peer in quality.participants for row in _rows(peer)]
    output.show_rows(form, f"Call quality in session {session.id}", COLUMNS, rows, quality.to_dict())
    for missing in quality.missing:
        output.note(f"{missing.participant.display_name} ({missing.participant.id}): {missing.reason}")
    if form is None:
        findings = [
            [peer.participant.display_name, finding.severity, finding.text]
            for peer in quality.participants
            for finding in peer.findings
        ]
        columns = [Column("who", folds=True), Column("severity"), Column("finding", folds=True)]
        output.print_table(output.console(), f"Findings: {len(findings)}", columns, findings)


def _rows(peer: PeerQuality) -> Iterator[list[Any]]:
    who = peer.participant
    for media in peer.summary.media():
        numbers = [media.mos.avg, media.mos.p10, media.lost_percent, media.rtt_ms.p90, media.jitter_ms.p90]
        yield [who.id, who.display_name, media.direction, media.media, *numbers, media.packets]
