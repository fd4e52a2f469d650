"""What is looked at in each track: the measures, their limits and their words, in two tables."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from realtimekit.quality.tracks import Column, Direction, Parts, Step, Track


class Course(NamedTuple):
    """A measure with a course in time: a sum by another, so that many streams and samples add up."""

    kind: str
    limit: str  # the field of Thresholds
    total: tuple[str, ...]  # where the server's total of it is
    words: str
    parts: Parts
    direction: Direction | None = None  # None: both
    media: tuple[str, ...] = ("audio", "video", "screenshare_audio", "screenshare_video")
    factor: float = 1.0  # what the quotient of the parts is multiplied by

    def of(self, track: Track) -> bool:
        """Whether it is looked at in this track."""
        return track.media in self.media and self.direction in (None, track.direction)

    def course(self, track: Track) -> list[Step]:
        """The measure in steps, in order."""
        return track.course(self.parts, self.factor)

    def says(self, value: float) -> str:
        """E.g. "lost 12 % of its packets"."""
        return self.words.format(plain(value))


class Share(NamedTuple):
    """A state, which each sample was in or not; None: it cannot be told."""

    kind: str
    limit: str
    total: tuple[str, ...]
    words: str
    flags: Callable[[Track], list[bool | None]]
    direction: Direction
    media: tuple[str, ...] = ("video", "screenshare_video")

    def of(self, track: Track) -> bool:
        """Whether it is looked at in this track."""
        return track.media in self.media and self.direction == track.direction

    def share_of_totals(self, track: Track) -> float | None:
        """0 to 1, by the server."""
        return track.total(*self.total)

    def says(self, track: Track, percent: float) -> str:
        """E.g. "CPU-limited video for 31 % of the call"."""
        media = track.media.replace("screenshare_video", "screen share")
        return self.words.format(media, plain(percent))


def plain(value: float) -> str:
    """12, 5.3, 0.25: two figures that matter, more only before the point."""
    return f"{value:.0f}" if abs(value) >= 10 else f"{value:.2g}"


def duration(seconds: float) -> str:
    """In words: "40 seconds", "6 minutes"."""
    count, unit = (seconds, "second") if seconds < 120 else (seconds / 60, "minute")
    return f"{count:.0f} {unit}s"


# --- the measures -----------------------------------------------------------------------------------------------------


def _mean(values: Column) -> tuple[Column, Column]:
    return values, [None if value is None else 1.0 for value in values]


def _above_zero(values: Column) -> Column:
    return [value if value and value > 0 else None for value in values]


def doubtful_scores(track: Track) -> list[bool]:
    """Which samples have the lowest score although they lost nothing."""
    return [score is not None and score <= 1 and not lost for score, lost in zip(track.mos, track.lost, strict=True)]


def _believed_mos(track: Track) -> tuple[Column, Column]:
    pairs = zip(track.mos, doubtful_scores(track), strict=True)
    return _mean([None if doubtful else score for score, doubtful in pairs])


def _dropped(track: Track) -> tuple[Column, Column]:
    dropped, decoded = track.counted("frames_dropped"), track.counted("frames_decoded")
    return dropped, [None if a is None or b is None else a + b for a, b in zip(dropped, decoded, strict=True)]


def _concealed(track: Track) -> tuple[Column, Column]:
    events = track.counted("concealment_events")
    return events, [None if event is None else track.step for event in events]


COURSES = (
    Course(
        "packet_loss",
        "loss_percent",
        ("packet_loss", "avg"),
        "lost {} % of its packets",
        lambda track: (track.lost, track.packets),
        factor=100,
    ),
    Course("low_mos", "mos", ("quality_mos", "avg"), "had a MOS of {}", _believed_mos),
    Course(
        "high_rtt",
        "rtt_ms",
        ("rtt", "avg"),
        "took {} ms for the round trip",
        lambda track: _mean(track.rtt_ms),
        "sent",
    ),
    Course("high_jitter", "jitter_ms", (), "had {} ms of jitter", lambda track: _mean(track.jitter_ms)),
    Course(
        "low_frame_rate",
        "frames_per_second",
        ("frame_per_second", "avg"),
        "ran at {} frames per second",
        lambda track: _mean(_above_zero(track.column("frames_per_second"))),
        media=("video",),
    ),
    Course(
        "low_resolution",
        "frame_width",
        ("frame_width", "avg"),
        "was {} pixels wide",
        lambda track: _mean(_above_zero(track.column("frame_width"))),
        "sent",
        ("video", "screenshare_video"),
    ),
    Course(
        "low_resolution",
        "frame_width",
        ("frame_width", "avg"),
        "was {} pixels wide",
        lambda track: _mean(_above_zero(track.column("frame_width"))),
        "received",
        ("screenshare_video",),
    ),
    Course(
        "frames_dropped",
        "frames_dropped_percent",
        (),
        "dropped {} % of its frames",
        _dropped,
        "received",
        ("video", "screenshare_video"),
        factor=100,
    ),
    Course(
        "concealment",
        "concealments_per_minute",
        (),
        "had {} gaps a minute filled in",
        _concealed,
        "received",
        ("audio", "screenshare_audio"),
        factor=60,
    ),
)

# --- the states -------------------------------------------------------------------------------------------------------


def _limited_by(reason: str) -> Callable[[Track], list[bool | None]]:
    def flags(track: Track) -> list[bool | None]:
        reasons = [row.get("quality_limitation_reason") for row in track.rows]
        return [given == reason if isinstance(given, str) else None for given in reasons]

    return flags


def _frozen(track: Track) -> list[bool | None]:
    # Without packets nobody sent anything: a camera that is off is no freeze.
    pairs = zip(track.column("frames_per_second"), track.packets, strict=True)
    return [None if fps is None or not packets else fps <= 0 for fps, packets in pairs]


SHARES = (
    Share(
        "cpu_limited",
        "limited_percent",
        ("issues", "cpu_quality_limitation_fraction"),
        "CPU-limited {} for {} % of the call",
        _limited_by("cpu"),
        "sent",
    ),
    Share(
        "bandwidth_limited",
        "limited_percent",
        ("issues", "bandwidth_quality_limitation_fraction"),
        "bandwidth-limited {} for {} % of the call",
        _limited_by("bandwidth"),
        "sent",
    ),
    Share(
        "frozen_video",
        "frozen_percent",
        ("issues", "no_video_fraction"),
        "{} received stood still for {} % of the call",
        _frozen,
        "received",
        ("video",),
    ),
)

# --- the connection ---------------------------------------------------------------------------------------------------


def ways(pairs: Iterable[Any]) -> list[tuple[bool, str]]:
    """How media went that did not go straight over UDP: whether relayed, and "udp", "tcp" or "tls"; each way once.

    A relay candidate's own protocol is that between the relay and the far end; how the browser reaches the relay stands
    in its URL (RFC 7065: `turn:host:port?transport=tcp`, `turns:` for TLS).
    """
    objects = [pair for pair in pairs if isinstance(pair, dict)]
    used = [pair for pair in objects if pair.get("nominated") is True] or objects
    found: dict[tuple[bool, str], None] = {}
    for pair in used:
        local, remote = (str(pair.get(f"{side}_candidate_type")).lower() for side in ("local", "remote"))
        protocol = str(pair.get("local_candidate_protocol") or "udp").lower()
        url = str(pair.get("local_candidate_url") or "").lower()
        relayed = "relay" in (local, remote)
        if local == "relay" and "transport=tcp" in url:
            protocol = "tcp"
        if local == "relay" and url.startswith("turns:") and "transport=udp" not in url:
            protocol = "tls"
        if relayed or protocol != "udp":
            found[relayed, protocol] = None
    return list(found)
