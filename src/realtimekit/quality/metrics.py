"""The metrics that findings are made from, with their thresholds and texts, in two tables."""

from __future__ import annotations

from collections.abc import Callable
from typing import NamedTuple

from realtimekit.quality.time_series import TimeSeries
from realtimekit.quality.tracks import Column, Direction, Media, Ratio, Track
from realtimekit.quality.wording import format_number


class RatioMetric(NamedTuple):
    """A metric that varies over the call. It is a quotient of two sums, so that streams and samples can be added up.

    Attributes:
        kind: the kind of its findings.
        threshold: the field of `Thresholds`.
        aggregate: the keys of the server's aggregate; empty if there is none.
        template: the text of a finding, with `{}` for the value, and `{s}` for the ending of a plural.
        unit: the unit of the value.
        ratio: returns the numerator and denominator of each sample.
        direction: of the tracks that it applies to; None for both.
        media: of the tracks that it applies to.
        factor: what to multiply the quotient by.
    """

    kind: str
    threshold: str
    aggregate: tuple[str, ...]
    template: str
    unit: str
    ratio: Ratio
    direction: Direction | None = None
    media: tuple[Media, ...] = ("audio", "video", "screenshare_audio", "screenshare_video")
    factor: float = 1.0

    def applies_to(self, track: Track) -> bool:
        """Return whether the metric applies to this track."""
        return track.media in self.media and self.direction in (None, track.direction)

    def time_series(self, track: Track) -> TimeSeries:
        """Return the metric over time."""
        return track.time_series(self.ratio, self.factor)

    def mean(self, track: Track) -> float | None:
        """Return the metric over all samples; None if it was never measured."""
        pairs = [(a, b) for a, b in zip(*self.ratio(track), strict=True) if a is not None and b is not None]
        denominator = sum(b for _, b in pairs)
        return self.factor * sum(a for a, _ in pairs) / denominator if denominator else None

    def describe(self, value: float) -> str:
        """Return the text for a value, e.g. "lost 12 % of its packets"."""
        number = format_number(value)
        return self.template.format(number, s="" if number == "1" else "s")


class StateMetric(NamedTuple):
    """A metric that counts the samples in some state.

    Attributes:
        kind: the kind of its findings.
        threshold: the field of `Thresholds`.
        aggregate: the keys of the server's aggregate, a fraction from 0 to 1.
        template: the text of a finding, with `{}` for the percentage.
        flags: returns whether each sample is in the state; None where it is not known.
        direction: of the tracks that it applies to.
        media: of the tracks that it applies to.
        unit: the unit of the value.
    """

    kind: str
    threshold: str
    aggregate: tuple[str, ...]
    template: str
    flags: Callable[[Track], list[bool | None]]
    direction: Direction
    media: tuple[Media, ...] = ("video", "screenshare_video")
    unit: str = "%"

    def applies_to(self, track: Track) -> bool:
        """Return whether the metric applies to this track."""
        return track.media in self.media and self.direction == track.direction

    def time_series(self, track: Track) -> TimeSeries:
        """Return the percentage over time."""
        return track.time_series(self._ratio, 100)

    def _ratio(self, track: Track) -> tuple[Column, Column]:
        return _mean([None if flag is None else float(flag) for flag in self.flags(track)])

    def describe(self, track: Track, percent: float) -> str:
        """Return the text for a track, e.g. "video sent was limited by the CPU for 31 % of the call"."""
        name = track.name.replace("screen share video", "screen share")
        return f"{name} {self.template.format(format_number(percent))}"


# --- ratios -----------------------------------------------------------------------------------------------------------


def _mean(values: Column) -> tuple[Column, Column]:
    return values, [None if value is None else 1.0 for value in values]


def _positive(values: Column) -> Column:
    return [value if value and value > 0 else None for value in values]


def doubtful_scores(track: Track) -> list[bool]:
    """Return which samples have the lowest score although no packets were lost."""
    columns = zip(track.mos, track.packets_lost, strict=True)
    return [score is not None and score <= 1 and not lost for score, lost in columns]


def _credible_mos(track: Track) -> tuple[Column, Column]:
    pairs = zip(track.mos, doubtful_scores(track), strict=True)
    return _mean([None if doubtful else score for score, doubtful in pairs])


def _dropped_frames(track: Track) -> tuple[Column, Column]:
    dropped, decoded = track.counter("frames_dropped"), track.counter("frames_decoded")
    return dropped, [None if a is None or b is None else a + b for a, b in zip(dropped, decoded, strict=True)]


def _concealments(track: Track) -> tuple[Column, Column]:
    events = track.counter("concealment_events")
    return events, [None if event is None else track.period for event in events]


RATIO_METRICS = (
    RatioMetric(
        "packet_loss",
        "packet_loss_percent",
        ("packet_loss", "avg"),
        "lost {} % of its packets",
        "%",
        lambda track: (track.packets_lost, track.packets),
        factor=100,
    ),
    RatioMetric("low_mos", "mos", ("quality_mos", "avg"), "had a MOS of {}", "MOS", _credible_mos),
    RatioMetric(
        "high_rtt",
        "rtt_ms",
        ("rtt", "avg"),
        "had a round-trip time of {} ms",
        "ms",
        lambda track: _mean(track.rtt_ms),
        "sent",
    ),
    RatioMetric("high_jitter", "jitter_ms", (), "had {} ms of jitter", "ms", lambda track: _mean(track.jitter_ms)),
    RatioMetric(
        "low_frame_rate",
        "frames_per_second",
        ("frame_per_second", "avg"),
        "ran at {} frame{s} per second",
        "frames per second",
        lambda track: _mean(_positive(track.column("frames_per_second"))),
        media=("video",),
    ),
    RatioMetric(
        "low_resolution",
        "frame_width",
        ("frame_width", "avg"),
        "was {} pixel{s} wide",
        "pixels",
        lambda track: _mean(_positive(track.column("frame_width"))),
        "sent",
        ("video", "screenshare_video"),
    ),
    RatioMetric(
        "low_resolution",
        "frame_width",
        ("frame_width", "avg"),
        "was {} pixel{s} wide",
        "pixels",
        lambda track: _mean(_positive(track.column("frame_width"))),
        "received",
        ("screenshare_video",),
    ),
    RatioMetric(
        "frames_dropped",
        "frames_dropped_percent",
        (),
        "dropped {} % of its frames",
        "%",
        _dropped_frames,
        "received",
        ("video", "screenshare_video"),
        factor=100,
    ),
    RatioMetric(
        "concealment",
        "concealments_per_minute",
        (),
        "had {} gap{s} a minute concealed",
        "gaps per minute",
        _concealments,
        "received",
        ("audio", "screenshare_audio"),
        factor=60,
    ),
)

# --- states -----------------------------------------------------------------------------------------------------------


def _limited_by(reason: str) -> Callable[[Track], list[bool | None]]:
    def flags(track: Track) -> list[bool | None]:
        reasons = [row.get("quality_limitation_reason") for row in track.rows]
        return [given == reason if isinstance(given, str) else None for given in reasons]

    return flags


def _frozen(track: Track) -> list[bool | None]:
    # Without packets nobody sent anything: a camera that is off is not a freeze.
    pairs = zip(track.column("frames_per_second"), track.packets, strict=True)
    return [None if fps is None or not packets else fps <= 0 for fps, packets in pairs]


STATE_METRICS = (
    StateMetric(
        "cpu_limited",
        "quality_limited_percent",
        ("issues", "cpu_quality_limitation_fraction"),
        "was limited by the CPU for {} % of the call",
        _limited_by("cpu"),
        "sent",
    ),
    StateMetric(
        "bandwidth_limited",
        "quality_limited_percent",
        ("issues", "bandwidth_quality_limitation_fraction"),
        "was limited by the bandwidth for {} % of the call",
        _limited_by("bandwidth"),
        "sent",
    ),
    StateMetric(
        "frozen_video",
        "freeze_percent",
        ("issues", "no_video_fraction"),
        "was frozen for {} % of the call",
        _frozen,
        "received",
        ("video",),
    ),
)
