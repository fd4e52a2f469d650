"""What the measurements of one participant add up to, for each direction and kind of media."""

from __future__ import annotations

from math import ceil
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from realtimekit.quality.tracks import known, moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from realtimekit.quality.tracks import Column, Direction, Media, Track


class Spread(NamedTuple):
    """How a measure was spread over the samples (`size` of them); all None where nothing was measured.

    Percentiles are values of samples (nearest rank, ascending): 90 % of the samples have `p90` or less. Of the server's
    totals only `avg`, `p50`, `p75` and `p90` can be known, and `size` is 0.
    """

    size: int = 0
    avg: float | None = None
    min: float | None = None
    p10: float | None = None
    p50: float | None = None
    p75: float | None = None
    p90: float | None = None
    max: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return self._asdict()


class MediaSummary(NamedTuple):
    """One kind of media in one direction.

    Attributes:
        source: what it was computed from; "none" where there was nothing of this kind.
        samples: how many; of received media, of all streams together.
        start: when the first sample was taken.
        end: when the last was.
        mos: mean opinion scores, 1 (bad) to 5 (excellent), as the server has them.
        lost_percent: of all packets; from totals, the mean of the samples.
        loss_percent: of the packets of each sample.
        rtt_ms: round trips; the API has none of received media.
        jitter_ms: of the packets' arrival.
        jitter_buffer_ms: how long received media waited to be played.
        frames_per_second: of video.
        frame_width: pixels, of video.
        packets: sent, or due to be received.
        packets_lost: of these.
        bytes: sent or received.
    """

    direction: Direction
    media: Media
    source: Literal["samples", "totals", "none"]
    samples: int = 0
    start: datetime | None = None
    end: datetime | None = None
    mos: Spread = Spread()
    lost_percent: float | None = None
    loss_percent: Spread = Spread()
    rtt_ms: Spread = Spread()
    jitter_ms: Spread = Spread()
    jitter_buffer_ms: Spread = Spread()
    frames_per_second: Spread = Spread()
    frame_width: Spread = Spread()
    packets: float | None = None
    packets_lost: float | None = None
    bytes: float | None = None

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON; times in ISO 8601."""
        return {name: _plain(value) for name, value in self._asdict().items()}


class DirectionSummary(NamedTuple):
    """Everything sent, or everything received."""

    audio: MediaSummary
    video: MediaSummary
    screenshare_audio: MediaSummary
    screenshare_video: MediaSummary

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {summary.media: summary.to_dict() for summary in self}


class Summary(NamedTuple):
    """`summary.sent.audio.mos.avg`, `summary.received.video.loss_percent.p90`, ..."""

    sent: DirectionSummary
    received: DirectionSummary

    def media(self) -> list[MediaSummary]:
        """Those of which there was anything, in a list."""
        return [media for direction in self for media in direction if media.source != "none"]

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON."""
        return {"sent": self.sent.to_dict(), "received": self.received.to_dict()}


def summarize(tracks: Iterable[Track]) -> Summary:
    """The summary of a report's eight tracks."""
    found = {(track.direction, track.media): _summary(track) for track in tracks}
    return Summary(
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


def spread(values: Column) -> Spread:
    """How the values are spread that are there."""
    there = sorted(known(values))
    if not there:
        return Spread()
    p10, p50, p75, p90 = (there[ceil(len(there) * percent / 100) - 1] for percent in (10, 50, 75, 90))
    return Spread(len(there), sum(there) / len(there), there[0], p10, p50, p75, p90, there[-1])


def _summary(track: Track) -> MediaSummary:
    if not track.rows:
        return _of_totals(track)
    times = known(track.times)
    packets, lost = _sum(track.packets), _sum(track.lost)
    video = track.media.endswith("video")
    return MediaSummary(
        track.direction,
        track.media,
        "samples",
        len(track.rows),
        moment(min(times)) if times else None,
        moment(max(times)) if times else None,
        mos=spread(track.mos),
        lost_percent=100 * lost / packets if packets and lost is not None else None,
        loss_percent=spread(track.loss_percent),
        rtt_ms=spread(track.rtt_ms) if track.direction == "sent" else Spread(),
        jitter_ms=spread(track.jitter_ms),
        jitter_buffer_ms=spread(track.jitter_buffer_ms) if track.direction == "received" else Spread(),
        frames_per_second=spread(track.column("frames_per_second")) if video else Spread(),
        frame_width=spread(track.column("frame_width")) if video else Spread(),
        packets=packets,
        packets_lost=lost,
        bytes=_sum(track.counted(f"bytes_{track.direction}")),
    )


def _of_totals(track: Track) -> MediaSummary:
    def total(name: str) -> Spread:
        avg, p50, p75, p90 = (track.total(name, part) for part in ("avg", "p50", "p75", "p90"))
        return Spread(0, avg, None, None, p50, p75, p90)

    summary = MediaSummary(
        track.direction,
        track.media,
        "totals",
        mos=total("quality_mos"),
        lost_percent=track.total("packet_loss", "avg"),
        loss_percent=total("packet_loss"),
        rtt_ms=total("rtt"),
        jitter_buffer_ms=total("jitter_buffer_delay"),
        frames_per_second=total("frame_per_second"),
        frame_width=total("frame_width"),
    )
    empty = MediaSummary(track.direction, track.media, "none")
    return empty if summary == empty._replace(source="totals") else summary


def _sum(values: Column) -> float | None:
    there = known(values)
    return sum(there) if there else None


def _plain(value: Any) -> Any:
    if isinstance(value, Spread):
        return value.to_dict()
    return value.isoformat() if hasattr(value, "isoformat") else value
