"""What went wrong in a call, said plainly: findings, each with the numbers behind it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any, Literal, NamedTuple, TypeAlias

from realtimekit.quality import checks
from realtimekit.quality.thresholds import LOW_IS_BAD, Limit, Thresholds, checked
from realtimekit.quality.tracks import Track, dig, known, moment

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime, tzinfo

    from realtimekit.quality.checks import Course, Share
    from realtimekit.quality.tracks import Direction, Media, Stretch

Severity: TypeAlias = Literal["info", "warning", "severe"]
_WORST_FIRST: tuple[Severity, ...] = ("severe", "warning", "info")


class Spell(NamedTuple):
    """When it was bad, and how bad over that time."""

    start: datetime
    end: datetime
    value: float


class Finding(NamedTuple):
    """One thing that went wrong.

    Attributes:
        kind: "packet_loss", "low_mos", "high_rtt", "high_jitter", "low_frame_rate", "low_resolution", "frames_dropped",
            "concealment", "frozen_video", "cpu_limited", "bandwidth_limited", "relayed", "over_tcp", "doubtful_mos".
        severity: "info", "warning" or "severe".
        direction: "sent" or "received".
        media: None where it is about the connection.
        start: when it began; None where only totals tell of it.
        end: when it ended.
        spells: the bad times themselves, for what comes and goes.
        numbers: what it was judged by; `value` is what the text says, `limit` what it reached.
        text: one line for people.
    """

    kind: str
    severity: Severity
    direction: Direction | None
    media: Media | None
    start: datetime | None
    end: datetime | None
    spells: tuple[Spell, ...]
    numbers: dict[str, float]
    text: str

    def to_dict(self) -> dict[str, Any]:
        """As plain JSON; times in ISO 8601."""
        spells = [
            {"start": start.isoformat(), "end": end.isoformat(), "value": value} for start, end, value in self.spells
        ]
        start, end = (None if time is None else time.isoformat() for time in (self.start, self.end))
        return {**self._asdict(), "start": start, "end": end, "spells": spells}


def find(tracks: Iterable[Track], metadata: Any, thresholds: Thresholds, tz: tzinfo = UTC) -> list[Finding]:
    """The findings of a report's tracks and metadata, the worst first.

    Raises:
        TypeError, ValueError: a threshold cannot be right.
    """
    checked(thresholds)
    found: list[Finding | None] = []
    for track in tracks:
        if track.rows or track.totals:
            found += [_course(track, check, thresholds, tz) for check in checks.COURSES if check.of(track)]
            found += [_share(track, check, thresholds) for check in checks.SHARES if check.of(track)]
            found.append(_doubtful(track))
    findings = [finding for finding in found if finding] + _connections(metadata)
    return sorted(findings, key=lambda finding: _WORST_FIRST.index(finding.severity))


def _course(track: Track, check: Course, thresholds: Thresholds, tz: tzinfo) -> Finding | None:
    """A measure that rises and falls during the call."""
    limit: Limit = getattr(thresholds, check.limit)
    low = check.limit in LOW_IS_BAD
    numbers = {"limit": float(limit.warning)}

    def bad(value: float) -> bool:
        value = round(value, 9)  # a mean of 3.6s is 3.6
        return value < limit.warning if low else value >= limit.warning

    if track.timed:
        shortest, join = thresholds.shortest_seconds, thresholds.join_seconds
        stretches = track.spells(check.course(track), bad, shortest=shortest, join=join)
        if not stretches:
            return None
        worst = (min if low else max)(stretches, key=lambda stretch: stretch.value)
        spells = tuple(Spell(moment(s.start), moment(s.end), s.value) for s in stretches)
        seconds = sum(spell.end - spell.start for spell in stretches)
        numbers |= {"value": worst.value, "seconds": seconds, "spells": float(len(spells))}
        text = f"{track.name} {check.says(worst.value)} {_when(worst, tz)}{_others(stretches, seconds)}"
        return _finding(track, check.kind, _severity(worst.value, limit, low=low), spells, numbers, text)
    # No course in time: one sample alone, samples without times, or the server's totals.
    pairs = [(a, b) for a, b in zip(*check.parts(track), strict=True) if a is not None and b is not None]
    weight = sum(b for _, b in pairs)
    mean = check.factor * sum(a for a, _ in pairs) / weight if weight else None
    value = mean if track.rows else track.total(*check.total)
    if value is None or not bad(value):
        return None
    numbers["value"] = value
    text = f"{track.name} {check.says(value)} on average"
    return _finding(track, check.kind, _severity(value, limit, low=low), (), numbers, text)


def _share(track: Track, check: Share, thresholds: Thresholds) -> Finding | None:
    """A state that a part of the samples was in."""
    limit: Limit = getattr(thresholds, check.limit)
    flags = check.flags(track)
    there = [flag for flag in flags if flag is not None]
    share = check.share_of_totals(track) if not track.rows else sum(there) / len(there) if there else None
    if share is None or not share or 100 * share < limit.warning:
        return None
    percent = 100 * share
    times = [time for time, flag in zip(track.times, flags, strict=True) if flag and time is not None]
    numbers = {"limit": float(limit.warning), "value": percent, "samples": float(len(there))}
    text = check.says(track, percent)
    finding = _finding(track, check.kind, _severity(percent, limit, low=False), (), numbers, text)
    if not times:
        return finding
    start, end = moment(min(times) - track.step), moment(max(times))
    return finding._replace(start=start, end=end)


def _doubtful(track: Track) -> Finding | None:
    """The one recorded report scores a silent microphone 1 in each sample, on a line that lost nothing."""
    doubtful = checks.doubtful_scores(track)
    scores = known(track.mos)
    if not scores or 2 * sum(doubtful) < len(scores):
        return None
    percent = 100 * sum(doubtful) / len(scores)
    text = f"{track.name} scored 1, the worst there is, though no packet was lost: not believed, as if not scored"
    return _finding(track, "doubtful_mos", "info", (), {"value": percent, "samples": float(len(scores))}, text)


def _connections(metadata: Any) -> list[Finding]:
    found = []
    for direction, key in (("sent", "producing_transport"), ("received", "consuming_transport")):
        pairs = dig(metadata, "candidate_pairs", key)
        for relayed, protocol in checks.ways(pairs if isinstance(pairs, list) else []):
            tcp = protocol != "udp"
            name = protocol.upper()
            text = f"media {direction} was relayed over {name}" if relayed else f"media {direction} went over {name}"
            kind, severity = "relayed" if relayed else "over_tcp", "warning" if tcp else "info"
            found.append(Finding(kind, severity, direction, None, None, None, (), {}, text))  # type: ignore[arg-type]
    return found


# --- saying it --------------------------------------------------------------------------------------------------------


def _finding(
    track: Track, kind: str, severity: Severity, spells: tuple[Spell, ...], numbers: dict[str, float], text: str
) -> Finding:
    start, end = (spells[0].start, spells[-1].end) if spells else (None, None)
    return Finding(kind, severity, track.direction, track.media, start, end, spells, numbers, text)


def _severity(value: float, limit: Limit, *, low: bool) -> Severity:
    value = round(value, 9)
    return "severe" if (value < limit.severe if low else value >= limit.severe) else "warning"


def _when(stretch: Stretch, tz: tzinfo) -> str:
    start, end = moment(stretch.start).astimezone(tz), moment(stretch.end).astimezone(tz)
    form = "%H:%M" if stretch.end - stretch.start >= 120 else "%H:%M:%S"
    return f"between {start:{form}} and {end:{form}} {end:%Z}".rstrip()


def _others(stretches: list[Stretch], seconds: float) -> str:
    if len(stretches) == 1:
        return ""
    return f", the worst of {len(stretches)} spells of {checks.duration(seconds)} together"
