"""What the sample series add up to: the cumulative blocks, and the older totals."""

from __future__ import annotations

from math import ceil
from statistics import fmean
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.quality.conditions import CallLeg, Tick, bounds, ticks_of
from realtimekit.emulator.quality.series import Sample, all_series

if TYPE_CHECKING:
    from collections.abc import Iterable

_POOR_WIDTH = 320  # pixels; narrower counts as poor_resolution
_LAG_FPS = 12  # slower, but not stopped, counts as lag
_HIGH_FEEDBACK = 2  # pli + fir requests in one interval, from here on "high negative feedback"


def quality_block(leg: CallLeg, ticks: list[Tick]) -> dict[str, Any]:
    """Return every series of the report, each with its cumulative block."""
    series = all_series(leg, ticks)
    return {**series, **{f"{name}_cumulative": _cumulative(name, samples) for name, samples in series.items()}}


def quality_stats(leg: CallLeg) -> dict[str, Any]:
    """Return the older totals: of what the peer received, bandwidths as mean bit/s over the whole call.

    That they count received media is inferred: the recorded peer, alone, sent 3,188 audio packets and has 0 here.
    `audio_stats` and `video_stats` stay empty, as recorded: what their items look like is unknown.
    """
    quality = quality_block(leg, ticks_of(leg))
    audio: list[Sample] = quality["audio_consumer"]
    video: list[Sample] = quality["video_consumer"]
    received = {
        kind: sorted(sample["timestamp"] for sample in samples if sample["packets_received"])
        for kind, samples in (("audio", audio), ("video", video))
    }
    moments = sorted(sample["timestamp"] for sample in (*audio, *video))
    start, end = bounds(leg)
    seconds = (end - start) / 1000

    def ends(timestamps: list[str], index: int) -> str | None:
        return timestamps[index] if timestamps else None

    return {
        "audio_stats": [],
        "video_stats": [],
        "peer_ids": [leg.peer_id],  # recorded with nobody else there, so whether others belong is not known
        "start": ends(moments, 0),
        "end": ends(moments, -1),
        "total_audio_packets": total(audio, "packets_received"),
        "total_audio_packets_lost": total(audio, "packets_lost"),
        "total_video_packets": total(video, "packets_received"),
        "total_video_packets_lost": total(video, "packets_lost"),
        "first_audio_packet_received": ends(received["audio"], 0),
        "first_video_packet_received": ends(received["video"], 0),
        "last_audio_packet_received": ends(received["audio"], -1),
        "last_video_packet_received": ends(received["video"], -1),
        "average_quality": round(fmean(sample["mos_quality"] for sample in (*audio, *video)), 2) if moments else 0,
        "audio_bandwidth": round(total(audio, "bytes_received") * 8 / seconds) if seconds else 0,
        "video_bandwidth": round(total(video, "bytes_received") * 8 / seconds) if seconds else 0,
    }


def total(samples: list[Sample], field: str) -> int:
    """Return the sum of one field over the samples."""
    return sum(sample[field] for sample in samples)


def _cumulative(name: str, samples: list[Sample]) -> dict[str, Any]:
    if not samples:
        return {}
    producer, video = name.endswith("producer"), "video" in name
    result: dict[str, Any] = {
        "quality_mos": _percentiles(samples, "mos_quality"),
        "packet_loss": _at_or_above((_loss(sample) for sample in samples), (50, 25, 10, 5), ""),
    }
    if producer:
        result["rtt"] = _at_or_above((sample["rtt"] * 1000 for sample in samples), (500, 250, 100), "ms")
    else:
        waits = (
            sample["jitter_buffer_delay"] / max(1, sample["jitter_buffer_emitted_count"]) * 1000 for sample in samples
        )
        result["jitter_buffer_delay"] = _at_or_above(waits, (500, 250, 100), "ms")
    if not video:
        return result
    coded = "encoded" if producer else "decoded"
    frames = total(samples, f"frames_{coded}")
    result["frame_per_second"] = _percentiles(samples, "frames_per_second")
    result["frame_width"] = _percentiles(samples, "frame_width")
    result[f"key_frames_{coded}_fraction"] = round(total(samples, f"key_frames_{coded}") / frames, 6) if frames else 0
    issues = {
        "no_video_fraction": _fraction(sample["frames_per_second"] == 0 for sample in samples),
        "poor_resolution_fraction": _fraction(sample["frame_width"] < _POOR_WIDTH for sample in samples),
    }
    if producer:
        feedback = (sample["pli_count"] + sample["fir_count"] for sample in samples)
        result["high_negative_feedback_fraction"] = _fraction(count >= _HIGH_FEEDBACK for count in feedback)
        reasons = [sample["quality_limitation_reason"] for sample in samples]
        issues["bandwidth_quality_limitation_fraction"] = _fraction(reason == "bandwidth" for reason in reasons)
        issues["cpu_quality_limitation_fraction"] = _fraction(reason == "cpu" for reason in reasons)
        issues["quality_limitation_fraction"] = _fraction(reason != "none" for reason in reasons)
    else:
        issues["lag_fraction"] = _fraction(0 < sample["frames_per_second"] < _LAG_FPS for sample in samples)
    result["issues"] = issues
    return result


def _loss(sample: Sample) -> float:
    """Return the sample's loss in percent of what was sent."""
    lost: int = sample["packets_lost"]
    sent: int = sample["packets_sent"] if "packets_sent" in sample else sample["packets_received"] + lost
    return 100 * lost / sent if sent else 0.0


def _percentiles(samples: list[Sample], field: str) -> dict[str, float]:
    values = sorted(sample[field] for sample in samples)
    ranks = {f"p{percent}": values[ceil(len(values) * percent / 100) - 1] for percent in (50, 75, 90)}
    return {"avg": round(fmean(values), 6), **ranks}


def _at_or_above(values: Iterable[float], limits: tuple[int, ...], unit: str) -> dict[str, float]:
    listed = [round(value, 6) for value in values]  # 0.25 * 1000 must not miss 250 by a float's last digit
    events = {f"{limit}{unit}_or_greater_event_fraction": _fraction(v >= limit for v in listed) for limit in limits}
    return {"avg": round(fmean(listed), 6), **events}


def _fraction(outcomes: Iterable[bool]) -> float:
    return round(fmean(outcomes), 6)
