"""The summary of one participant's measurements, for each direction and kind of media."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from math import ceil
from typing import Any, Literal, NamedTuple

from realtimekit.quality.parsing import drop_none, to_datetime
from realtimekit.quality.tracks import Column, Direction, Media, Track


class Distribution(NamedTuple):
    """The distribution of a metric over `size` samples; all None where nothing was measured.

    Percentiles are values of samples (nearest rank, ascending): 90 % of the samples have `p90` or less. From the
    server's aggregates only `avg`, `p50`, `p75` and `p90` are known, and `size` is 0.
    """

    size: int = 0
    avg: float | None = None
    min: float | None = None
    p10: float | None = None
    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    max: float | None = None

    def __repr__(self) -> str:
        known = "".join(f" {name}={value:.4g}" for name, value in self._asdict().items() if value is not None)
        return f"<Distribution{known}>"

    def to_dict(self) -> dict[str, Any]:
        """Return a dict that can be dumped as JSON."""
        return self._asdict()


class MediaSummary(NamedTuple):
    """One kind of media in one direction.

    Attributes:
        direction: "sent" or "received".
        media: the kind of media.
        source: what it was computed from; "none" if there was no media of this kind.
        samples: how many samples there are, of all streams.
        start: when the first sample was taken.
        end: when the last sample was taken.
        mos: mean opinion scores, 1 (bad) to 5 (excellent), as the server reports them.
        lost_percent: the loss over all packets; from aggregates, the mean of the samples.
        packet_loss_percent: the loss of each sample.
        rtt_ms: round-trip times; the API has none for received media.
        jitter_ms: the jitter of the packets' arrival.
        jitter_buffer_ms: how long received media waited in the jitter buffer.
        frames_per_second: the frame rate of video.
        frame_width: the width of video in pixels.
        packets: packets sent, or packets that should have been received.
        packets_lost: how many of these did not arrive.
        bytes: bytes sent or received.
    """

    direction: Direction
    media: Media
    source: Literal["samples", "aggregates", "none"]
    samples: int = 0
    start: datetime | None = None
    end: datetime | None = None
    mos: Distribution = Distribution()
    lost_percent: float | None = None
    packet_loss_percent: Distribution = Distribution()
    rtt_ms: Distribution = Distribution()
    jitter_ms: Distribution = Distribution()
    jitter_buffer_ms: Distribution = Distribution()
    frames_per_second: Distribution = Distribution()
    frame_width: Distribution = Distribution()
    packets: float | None = None
    packets_lost: float | None = None
    bytes: float | None = None

    def __repr__(self) -> str:
        means = {"mos": self.mos.avg, "lost_percent": self.lost_percent, "rtt_ms": self.rtt_ms.avg}
        known = "".join(f" {name}={value:.4g}" for name, value in means.items() if value is not None)
        return f"<MediaSummary {self.direction} {self.media} source={self.source!r}{known}>"

    def to_dict(self) -> dict[str, Any]:
        """Return a dict that can be dumped as JSON; times are ISO 8601 strings."""
        return {name: _to_json(value) for name, value in self._asdict().items()}


class DirectionSummary(NamedTuple):
    """Everything sent, or everything received."""

    audio: MediaSummary
    video: MediaSummary
    screenshare_audio: MediaSummary
    screenshare_video: MediaSummary

    def __repr__(self) -> str:
        return f"<DirectionSummary {self.audio.direction} media={self._used()}>"

    def _used(self) -> list[Media]:
        return [media.media for media in self if media.source != "none"]

    def to_dict(self) -> dict[str, Any]:
        """Return a dict that can be dumped as JSON."""
        return {summary.media: summary.to_dict() for summary in self}


class QualitySummary(NamedTuple):
    """The summary of a peer report.

    E.g. `summary.sent.audio.mos.avg` or `summary.received.video.packet_loss_percent.p90`.
    """

    sent: DirectionSummary
    received: DirectionSummary

    def __repr__(self) -> str:
        return f"<QualitySummary sent={self.sent._used()} received={self.received._used()}>"

    def media(self) -> list[MediaSummary]:
        """Return the kinds of media that were sent or received, as a list."""
        return [media for direction in self for media in direction if media.source != "none"]

    def to_dict(self) -> dict[str, Any]:
        """Return a dict that can be dumped as JSON."""
        return {"sent": self.sent.to_dict(), "received": self.received.to_dict()}


def summarize(tracks: Iterable[Track]) -> QualitySummary:
    """Return the summary of a report's eight tracks."""
    found = {(track.direction, track.media): _media_summary(track) for track in tracks}
    return QualitySummary(
        *(
            DirectionSummary(
                found[direction, "audio"],
                found[direction, "video"],
                found[direction, "screenshare_audio"],
                found[direction, "screenshare_video"],
            )
            for direction in ("sent", "received")
        )
    )


def distribution(values: Column) -> Distribution:
    """Return the distribution of the values that are not None."""
    present = sorted(drop_none(values))
    if not present:
        return Distribution()
    p10, p50, p75, p90 = (present[ceil(len(present) * percent / 100) - 1] for percent in (10, 50, 75, 90))
    return Distribution(len(present), sum(present) / len(present), present[0], p10, p50, p75, p90, present[-1])


def _media_summary(track: Track) -> MediaSummary:
    if not track.rows:
        return _summary_of_aggregates(track)
    times = drop_none(track.times)
    packets, lost = _sum(track.packets), _sum(track.packets_lost)
    video = track.media.endswith("video")
    return MediaSummary(
        track.direction,
        track.media,
        "samples",
        len(track.rows),
        to_datetime(min(times)) if times else None,
        to_datetime(max(times)) if times else None,
        mos=distribution(track.mos),
        lost_percent=100 * lost / packets if packets and lost is not None else None,
        packet_loss_percent=distribution(track.packet_loss_percent),
        rtt_ms=distribution(track.rtt_ms) if track.direction == "sent" else Distribution(),
        jitter_ms=distribution(track.jitter_ms),
        jitter_buffer_ms=distribution(track.jitter_buffer_ms) if track.direction == "received" else Distribution(),
        frames_per_second=distribution(track.column("frames_per_second")) if video else Distribution(),
        frame_width=distribution(track.column("frame_width")) if video else Distribution(),
        packets=packets,
        packets_lost=lost,
        bytes=_sum(track.counter(f"bytes_{track.direction}")),
    )


def _summary_of_aggregates(track: Track) -> MediaSummary:
    empty = MediaSummary(track.direction, track.media, "none")
    if not track.aggregates:
        return empty

    def known_part(name: str) -> Distribution:
        avg, p50, p75, p90 = (track.aggregate(name, key) for key in ("avg", "p50", "p75", "p90"))
        return Distribution(0, avg, None, None, p50, p75, p90)

    summary = MediaSummary(
        track.direction,
        track.media,
        "aggregates",
        mos=known_part("quality_mos"),
        lost_percent=track.aggregate("packet_loss", "avg"),
        packet_loss_percent=known_part("packet_loss"),
        rtt_ms=known_part("rtt"),
        jitter_buffer_ms=known_part("jitter_buffer_delay"),
        frames_per_second=known_part("frame_per_second"),
        frame_width=known_part("frame_width"),
    )
    return empty if summary == empty._replace(source="aggregates") else summary


def _sum(values: Column) -> float | None:
    present = drop_none(values)
    return sum(present) if present else None


def _to_json(value: Any) -> Any:
    if isinstance(value, Distribution):
        return value.to_dict()
    return value.isoformat() if hasattr(value, "isoformat") else value
