"""A finding: one problem in a call, with the numbers behind it."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal, NamedTuple, TypeAlias

from realtimekit.quality.time_series import Interval
from realtimekit.quality.tracks import Direction, Media

Severity: TypeAlias = Literal["info", "warning", "severe"]
WORST_FIRST: tuple[Severity, ...] = ("severe", "warning", "info")


class Finding(NamedTuple):
    """One problem in a call.

    Attributes:
        kind: "bad_network" or "overloaded_device" for an event with several details; otherwise "packet_loss",
            "low_mos", "high_rtt", "high_jitter", "low_frame_rate", "low_resolution", "frames_dropped", "concealment",
            "frozen_video", "cpu_limited", "bandwidth_limited", "relayed", "over_tcp", "doubtful_mos".
        severity: "info", "warning" or "severe"; of an event, that of its worst detail.
        direction: "sent" or "received"; None for both.
        media: None if it is about several kinds of media, or about the connection.
        start: when it began; None if there are only aggregates.
        end: when it ended; None like `start`.
        intervals: the bad intervals. The value of one is the metric over it, in `unit`. Those of an event are the
            intervals of its worst details (the severe ones, if there are any), and the value is how many were bad.
        numbers: the numbers behind it; `value` is the one in the text, `threshold` the one that it reached, both in
            `unit`; `seconds` is how long it was bad in total.
        text: one line for people.
        unit: the unit of values: "%", "ms", "MOS", "frames per second", "pixels" or "gaps per minute"; empty for
            connections and events.
        details: the findings of which an event consists, the worst first; empty for all others.
        peer_id: whose call it was; only in `SessionQuality.findings`.
        display_name: that participant's name; only in `SessionQuality.findings`.
    """

    kind: str
    severity: Severity
    direction: Direction | None
    media: Media | None
    start: datetime | None
    end: datetime | None
    intervals: tuple[Interval, ...]
    numbers: dict[str, float]
    text: str
    unit: str = ""
    details: tuple[Finding, ...] = ()
    peer_id: str | None = None
    display_name: str | None = None

    def to_dict(self) -> dict[str, Any]:
        """Return a dict that can be dumped as JSON; times are ISO 8601 strings."""
        intervals = [
            {"start": start.isoformat(), "end": end.isoformat(), "value": value} for start, end, value in self.intervals
        ]
        start, end = (None if time is None else time.isoformat() for time in (self.start, self.end))
        details = [detail.to_dict() for detail in self.details]
        return {**self._asdict(), "start": start, "end": end, "intervals": intervals, "details": details}

    def text_about(self, name: str) -> str:
        """Return the text with the name of the participant, e.g. "Alice's network was bad from 01:40 to 01:44 UTC"."""
        return f"{name}'s {self.text.removeprefix('the ')}" if self.details else f"{name}: {self.text}"

    def __repr__(self) -> str:
        details = f" details={len(self.details)}" if self.details else ""
        return f"<Finding kind={self.kind!r} severity={self.severity!r} text={self.text!r}{details}>"


def worst_first(findings: list[Finding]) -> list[Finding]:
    """Return the findings sorted by severity, in the same order within a severity."""
    return sorted(findings, key=lambda finding: WORST_FIRST.index(finding.severity))
