"""Aggregates: what the server computed from all samples of one kind, the `..._cumulative` blocks of a report.

A block is `{}` where nothing of the kind was sent or received; all its numbers are then None.
"""

from __future__ import annotations

from realtimekit.quality.nested import nested
from realtimekit.record import Record, field


class Percentiles(Record, repr_fields=("avg",)):
    """The mean, and the values that 50, 75 and 90 % of the samples do not exceed."""

    avg: float | None
    p50: float | None
    p75: float | None
    p90: float | None


class LossEvents(Record, repr_fields=("avg",)):
    """Packet loss in percent: the mean, and the fraction (0 to 1) of samples with at least this loss."""

    avg: float | None
    at_least_5: float | None = field("5_or_greater_event_fraction")
    at_least_10: float | None = field("10_or_greater_event_fraction")
    at_least_25: float | None = field("25_or_greater_event_fraction")
    at_least_50: float | None = field("50_or_greater_event_fraction")


class LatencyEvents(Record, repr_fields=("avg",)):
    """A delay in milliseconds: the mean, and the fraction (0 to 1) of samples with at least this delay."""

    avg: float | None
    at_least_100ms: float | None = field("100ms_or_greater_event_fraction")
    at_least_250ms: float | None = field("250ms_or_greater_event_fraction")
    at_least_500ms: float | None = field("500ms_or_greater_event_fraction")


class Aggregates(Record):
    """The fields that all blocks share."""

    quality_mos: Percentiles = nested()
    packet_loss: LossEvents = nested()


class AudioProducerAggregates(Aggregates):
    """Of all audio sent."""

    rtt: LatencyEvents = nested()


class AudioConsumerAggregates(Aggregates):
    """Of all audio received."""

    jitter_buffer_delay: LatencyEvents = nested()


class ProducerIssues(Record):
    """Fractions (0 to 1) of the video samples sent."""

    bandwidth_quality_limitation_fraction: float | None
    cpu_quality_limitation_fraction: float | None
    quality_limitation_fraction: float | None
    no_video_fraction: float | None
    poor_resolution_fraction: float | None


class ConsumerIssues(Record):
    """Fractions (0 to 1) of the video samples received."""

    lag_fraction: float | None
    no_video_fraction: float | None
    poor_resolution_fraction: float | None


class VideoProducerAggregates(AudioProducerAggregates):
    """Of all video sent."""

    frame_per_second: Percentiles = nested()
    frame_width: Percentiles = nested()
    high_negative_feedback_fraction: float | None
    key_frames_encoded_fraction: float | None
    issues: ProducerIssues = nested()


class VideoConsumerAggregates(AudioConsumerAggregates):
    """Of all video received."""

    frame_per_second: Percentiles = nested()
    frame_width: Percentiles = nested()
    key_frames_decoded_fraction: float | None
    issues: ConsumerIssues = nested()
