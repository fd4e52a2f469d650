"""Samples: what was measured of one stream over one interval, some seconds long.

Names are the wire's. The fields are those of the schema of `GET /sessions/peer-report/{peer_id}`, each of which may be
missing. Counters (packets, bytes, frames, ...) are taken to count the sample's own interval; docs/quality.md has the
evidence, and what is not known about units.
"""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from realtimekit.quality.parts import part
from realtimekit.record import Record


class Sample(Record, repr_fields=("timestamp", "mos_quality")):
    """What every sample has."""

    timestamp: datetime | None
    mid: str | None
    ssrc: float | None
    producer_id: str | None
    mos_quality: float | None
    """Mean opinion score, 1 (bad) to 5 (excellent)."""
    packets_lost: float | None
    jitter: float | None
    """Taken to be seconds, as in WebRTC's own statistics."""


class ProducerSample(Sample):
    """Of a stream that the peer sent."""

    bytes_sent: float | None
    packets_sent: float | None
    rtt: float | None
    """Seconds, by the one recorded report. 0 where nothing was measured yet."""


class ConsumerSample(Sample):
    """Of a stream that the peer received."""

    consumer_id: str | None
    peer_id: str | None
    """Whose stream it was."""
    bytes_received: float | None
    packets_received: float | None
    jitter_buffer_delay: float | None
    """Taken to be seconds, summed over `jitter_buffer_emitted_count` units."""
    jitter_buffer_emitted_count: float | None


class AudioProducerSample(ProducerSample):
    """Of a microphone, or of the sound of a shared screen."""


class AudioConsumerSample(ConsumerSample):
    """Of somebody else's sound."""

    concealment_events: float | None
    """How often a gap was filled with made-up sound."""


class LimitationDurations(Record):
    """Seconds spent under each limitation."""

    bandwidth: float | None
    cpu: float | None
    none: float | None
    other: float | None


class VideoProducerSample(ProducerSample):
    """Of a camera, or of a shared screen."""

    fir_count: float | None
    pli_count: float | None
    frame_height: float | None
    frame_width: float | None
    frames_encoded: float | None
    frames_per_second: float | None
    key_frames_encoded: float | None
    quality_limitation_durations: LimitationDurations = part()
    quality_limitation_reason: Literal["cpu", "bandwidth", "none", "other"] | str | None
    quality_limitation_resolution_changes: float | None


class VideoConsumerSample(ConsumerSample):
    """Of somebody else's picture."""

    fir_count: float | None
    frame_height: float | None
    frame_width: float | None
    frames_decoded: float | None
    frames_dropped: float | None
    frames_per_second: float | None
    key_frames_decoded: float | None
