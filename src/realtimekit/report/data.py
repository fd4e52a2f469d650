"""The data of a report, as it was collected."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import NamedTuple

from realtimekit.artifacts.messages import ChatMessage
from realtimekit.artifacts.segments import Segment
from realtimekit.flow import Sync
from realtimekit.quality.thresholds import Thresholds
from realtimekit.report.attendees import Attendee
from realtimekit.report.plot_data import Plot
from realtimekit.resources.livestream_session import LivestreamSession
from realtimekit.resources.recording import Recording
from realtimekit.resources.session import Session
from realtimekit.resources.session_quality import MissingReport, PeerQuality


class CallQuality(NamedTuple):
    """How the call went for one participant.

    Attributes:
        quality: the summary and the findings; without the peer report, which may be large.
        plots: the metrics over time, downsampled.
    """

    quality: PeerQuality
    plots: list[Plot]

    def __repr__(self) -> str:
        return f"<CallQuality quality={self.quality!r} plots={[plot.kind for plot in self.plots]}>"


class ReportData(NamedTuple):
    """What is known about a session. A part that is not available is None, and `missing` says why.

    Attributes:
        session: the session, as it was read for the report.
        created_at: when the report was made.
        attendees: the people who took part; somebody who joined several times is one attendee.
        segments: the transcript.
        messages: the chat.
        summary: plain text or Markdown.
        calls: how the call went, for each participant with a peer report.
        missing_reports: the participants without a peer report.
        recordings: those of this session, without those of other sessions of its meeting.
        livestreams: the livestreams of this session.
        missing: name of a part -> why it is not available.
        unreadable: name of a part -> the errors of its rows that could not be decoded.
        thresholds: from where on something was a finding.
        suspect: name of a part -> why its content may be wrong.
    """

    session: Session[Sync]
    created_at: datetime
    attendees: list[Attendee]
    segments: list[Segment] | None
    messages: list[ChatMessage] | None
    summary: str | None
    calls: list[CallQuality]
    missing_reports: list[MissingReport]
    recordings: list[Recording[Sync]] | None
    livestreams: list[LivestreamSession[Sync]] | None
    missing: dict[str, str]
    unreadable: dict[str, list[str]]
    thresholds: Thresholds
    suspect: Mapping[str, str] = MappingProxyType({})
