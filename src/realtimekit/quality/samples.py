"""Samples: the measurements of one stream over one sampling period of a few seconds.

The fields have the names of the schema of `GET /sessions/peer-report/{peer_id}`; any of them may be missing. Counters
(packets, bytes, frames, ...) are assumed to count the sample's own period; docs/quality.md has the evidence, and what
is not known about units.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from realtimekit.quality.nested import nested
from realtimekit.record import Record


class Sample(Record, repr_fields=("timestamp", "mos_quality")):
    """The fields that all samples share."""

    timestamp: datetime | None
    mid: str | None
    ssrc: float | None
    producer_id: str | None
    mos_quality: float | None
    """Mean opinion score, 1 (bad) to 5 (excellent)."""
    packets_lost: float | None
    jitter: float | None
    """Assumed to be in seconds, as in WebRTC statistics."""


class ProducerSample(Sample):
    """A sample of a stream that the peer sent."""

    bytes_sent: float | None
    packets_sent: float | None
    rtt: float | None
    """In seconds, according to the one recorded report. 0 until it is measured."""


class ConsumerSample(Sample):
    """A sample of a stream that the peer received."""

    consumer_id: str | None
    peer_id: str | None
    """The peer that sent the stream."""
    bytes_received: float | None
    packets_received: float | None
    jitter_buffer_delay: float | None
    """Assumed to be in seconds, summed over `jitter_buffer_emitted_count` units."""
    jitter_buffer_emitted_count: float | None


class AudioProducerSample(ProducerSample):
    """A sample of a microphone, or of the audio of a shared screen."""


class AudioConsumerSample(ConsumerSample):
    """A sample of somebody else's audio."""

    concealment_events: float | None
    """How often missing audio was replaced with synthesized audio."""


class LimitationDurations(Record):
    """The seconds spent under each limitation."""

    bandwidth: float | None
    cpu: float | None
    none: float | None
    other: float | None


class VideoProducerSample(ProducerSample):
    """A sample of a camera, or of a shared screen."""

    fir_count: float | None
    pli_count: float | None
    frame_height: float | None
    frame_width: float | None
    frames_encoded: float | None
    frames_per_second: float | None
    key_frames_encoded: float | None
    quality_limitation_durations: LimitationDurations = nested()
    quality_limitation_reason: Literal["cpu", "bandwidth", "none", "other"] | str | None
    quality_limitation_resolution_changes: float | None


class VideoConsumerSample(ConsumerSample):
    """A sample of somebody else's video."""

    fir_count: float | None
    frame_height: float | None
    frame_width: float | None
    frames_decoded: float | None
    frames_dropped: float | None
    frames_per_second: float | None
    key_frames_decoded: float | None
