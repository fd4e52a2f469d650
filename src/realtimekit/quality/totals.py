"""Totals: what the server made of all samples of one kind, its `..._cumulative` blocks.

`{}` where nothing of the kind was sent or received: then every number is None.
"""

from __future__ import annotations

from realtimekit.quality.parts import part
from realtimekit.record import Record, field


class Percentiles(Record, repr_fields=("avg",)):
    """The mean, and the values that 50, 75 and 90 % of the samples do not exceed."""

    avg: float | None
    p50: float | None
    p75: float | None
    p90: float | None


class LossEvents(Record, repr_fields=("avg",)):
    """Packet loss in percent: the mean, and the share (0 to 1) of samples that lost so much or more."""

    avg: float | None
    at_least_5: float | None = field("5_or_greater_event_fraction")
    at_least_10: float | None = field("10_or_greater_event_fraction")
    at_least_25: float | None = field("25_or_greater_event_fraction")
    at_least_50: float | None = field("50_or_greater_event_fraction")


class LatencyEvents(Record, repr_fields=("avg",)):
    """A delay in milliseconds: the mean, and the share (0 to 1) of samples that took so long or longer."""

    avg: float | None
    at_least_100ms: float | None = field("100ms_or_greater_event_fraction")
    at_least_250ms: float | None = field("250ms_or_greater_event_fraction")
    at_least_500ms: float | None = field("500ms_or_greater_event_fraction")


class Totals(Record):
    """What every block has."""

    quality_mos: Percentiles = part()
    packet_loss: LossEvents = part()


class AudioProducerTotals(Totals):
    """Of all sound sent."""

    rtt: LatencyEvents = part()


class AudioConsumerTotals(Totals):
    """Of all sound received."""

    jitter_buffer_delay: LatencyEvents = part()


class ProducerIssues(Record):
    """Shares (0 to 1) of the video samples sent."""

    bandwidth_quality_limitation_fraction: float | None
    cpu_quality_limitation_fraction: float | None
    quality_limitation_fraction: float | None
    no_video_fraction: float | None
    poor_resolution_fraction: float | None


class ConsumerIssues(Record):
    """Shares (0 to 1) of the video samples received."""

    lag_fraction: float | None
    no_video_fraction: float | None
    poor_resolution_fraction: float | None


class VideoProducerTotals(AudioProducerTotals):
    """Of all video sent."""

    frame_per_second: Percentiles = part()
    frame_width: Percentiles = part()
    high_negative_feedback_fraction: float | None
    key_frames_encoded_fraction: float | None
    issues: ProducerIssues = part()


class VideoConsumerTotals(AudioConsumerTotals):
    """Of all video received."""

    frame_per_second: Percentiles = part()
    frame_width: Percentiles = part()
    key_frames_decoded_fraction: float | None
    issues: ConsumerIssues = part()
