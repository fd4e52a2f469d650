"""The time series of what the peer sent and received: audio and video, one sample for each tick."""

from __future__ import annotations

import random
import uuid
from math import ceil
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.emulator.quality.conditions import RUNGS, CallLeg, Rung, Tick, bounds, during, ms, overlaps, profile_of

if TYPE_CHECKING:
    from collections.abc import Iterator

Sample = dict[str, Any]

_AUDIO_PACKETS_PER_SECOND = 50  # Opus in 20 ms frames
_MUTED_BYTES, _SPEECH_BYTES = 18, 80  # payload of one audio packet: 18 is recorded, 80 is Opus at 32 kbit/s
_VIDEO_PACKET_BYTES = 1_100
_FREEZE_LOSS = 30.0  # percent; from here on no frame can be decoded


class _Stream(NamedTuple):
    """The ticks of one stream, each with the seconds since the one before, and the fields of every sample."""

    ticks: list[tuple[Tick, float]]
    names: Sample
    rng: random.Random


def all_series(leg: CallLeg, ticks: list[Tick]) -> dict[str, list[Sample]]:
    """Return every sample series of the report by its name; nobody shares a screen."""
    return {
        "video_consumer": list(_video_consumer(leg, ticks)),
        "audio_consumer": list(_audio_consumer(leg, ticks)),
        "screenshare_video_consumer": [],
        "screenshare_audio_consumer": [],
        "video_producer": list(_video_producer(leg, ticks)),
        "audio_producer": list(_audio_producer(leg, ticks)),
        "screenshare_video_producer": [],
        "screenshare_audio_producer": [],
    }


def _produced(leg: CallLeg, ticks: list[Tick], kind: str) -> _Stream:
    rng = random.Random(f"{leg.peer_id} {kind} samples")
    names = {
        "producer_id": _producer_id(leg.peer_id, kind),
        "ssrc": rng.getrandbits(32),
        "mid": "0" if kind == "audio" else "1",
    }
    return _Stream(during(ticks, *bounds(leg)), names, rng)


def _consumed(leg: CallLeg, ticks: list[Tick], kind: str) -> Iterator[tuple[str, _Stream]]:
    for index, (other, start, end) in enumerate(overlaps(leg)):
        rng = random.Random(f"{leg.peer_id} {kind} of {other}")
        names = {
            "peer_id": other,
            "consumer_id": _uuid(rng),
            "producer_id": _producer_id(other, kind),  # the one in the other peer's own report
            "ssrc": rng.getrandbits(32),
            "mid": str(2 * index + (kind == "video")),
        }
        yield other, _Stream(during(ticks, start, end), names, rng)


def _audio_producer(leg: CallLeg, ticks: list[Tick]) -> Iterator[Sample]:
    stream = _produced(leg, ticks, "audio")
    speech = [(ms(start), ms(end)) for start, end in leg.spoke]
    for number, (tick, seconds) in enumerate(stream.ticks):
        sent = round(seconds * _AUDIO_PACKETS_PER_SECOND)
        voiced = _voiced(stream.rng)
        if speech and seconds:
            since = tick.at - round(seconds * 1000)
            overlap = sum(max(0, min(end, tick.at) - max(start, since)) for start, end in speech)
            voiced = min(1.0, overlap / (tick.at - since))
        network = _network(tick, _lost(stream.rng, sent, tick), sent, no_report_yet=number == 0)
        yield {**network, "packets_sent": sent, "bytes_sent": _audio_bytes(sent, voiced), **stream.names}


def _audio_consumer(leg: CallLeg, ticks: list[Tick]) -> Iterator[Sample]:
    for _, stream in _consumed(leg, ticks, "audio"):
        for tick, seconds in stream.ticks:
            sent = round(seconds * _AUDIO_PACKETS_PER_SECOND)
            lost = _lost(stream.rng, sent, tick)
            network = _network(tick, lost, sent)
            del network["rtt"]  # consumers report none
            yield {
                **network,
                "packets_received": sent - lost,
                "bytes_received": _audio_bytes(sent - lost, _voiced(stream.rng)),
                "concealment_events": ceil(lost / 3),  # a gap hides about three packets in a row
                **_jitter_buffer(tick, round(seconds * 48_000)),  # audio is counted in samples at 48 kHz
                **stream.names,
            }


def _video_producer(leg: CallLeg, ticks: list[Tick]) -> Iterator[Sample]:
    profile = profile_of(leg.peer_id)
    stream = _produced(leg, ticks, "video")
    rng = stream.rng
    rung_before = None
    for number, (tick, seconds) in enumerate(stream.ticks):
        reason = "bandwidth" if tick.burst else "cpu" if tick.cpu_limited else "none"
        rung = RUNGS[profile.best_rung + (reason != "none")]
        fps = _fps(rng, rung, slow=tick.cpu_limited)
        frames = round(fps * seconds)
        size, sent = _video_size(rng, rung, frames)
        changed = rung_before not in (None, rung)
        rung_before = rung
        requests = rng.randint(0, 3) if tick.burst else int(rng.random() < 0.02)
        limited = 0.0 if reason == "none" else round(seconds * rng.uniform(0.6, 1), 3)
        durations = {"bandwidth": 0.0, "cpu": 0.0, "none": round(seconds - limited, 3), "other": 0.0}
        durations[reason] = limited or durations["none"]
        yield {
            **_network(tick, _lost(rng, sent, tick), sent, no_report_yet=number == 0),
            "packets_sent": sent,
            "bytes_sent": size,
            "fir_count": 0,
            "pli_count": requests,
            "frame_width": rung.width,
            "frame_height": rung.height,
            "frames_encoded": frames,
            "frames_per_second": fps if frames else 0,
            "key_frames_encoded": min(frames, (number == 0) + changed + requests),
            "quality_limitation_reason": reason,
            "quality_limitation_durations": durations,
            "quality_limitation_resolution_changes": int(changed),
            **stream.names,
        }


def _video_consumer(leg: CallLeg, ticks: list[Tick]) -> Iterator[Sample]:
    others = len(overlaps(leg))
    tile = 0 if others == 1 else 1 if others <= 8 else 2  # of RUNGS: the more people, the smaller their pictures
    for other, stream in _consumed(leg, ticks, "video"):
        rng = stream.rng
        best = max(tile, profile_of(other).best_rung)
        for number, (tick, seconds) in enumerate(stream.ticks):
            rung = RUNGS[best + tick.burst]
            frames = round(_fps(rng, rung, slow=False) * seconds)
            size, sent = _video_size(rng, rung, frames)
            lost = _lost(rng, sent, tick)
            # Up to so much of the frames: a slow machine cannot keep up, a lossy line breaks some, heavy loss all.
            dropping = 0.7 if tick.cpu_limited else 0.25 if tick.burst else 0.01
            dropped = frames if tick.loss >= _FREEZE_LOSS else round(frames * dropping * rng.random())
            decoded = frames - dropped
            network = _network(tick, lost, sent)
            del network["rtt"]
            requests = rng.randint(0, 2) if tick.burst else 0
            yield {
                **network,
                "packets_received": sent - lost,
                "bytes_received": size * (sent - lost) // sent if sent else 0,
                "fir_count": requests,
                "frame_width": rung.width,
                "frame_height": rung.height,
                "frames_decoded": decoded,
                "frames_dropped": dropped,
                "frames_per_second": round(decoded / seconds) if seconds else 0,
                "key_frames_decoded": min(decoded, (number == 0) + requests),
                **_jitter_buffer(tick, decoded),  # video is counted in frames
                **stream.names,
            }


def _network(tick: Tick, lost: int, sent: int, *, no_report_yet: bool = False) -> Sample:
    rtt = 0.0 if no_report_yet else tick.rtt
    return {
        "mos_quality": _mos(100 * lost / sent if sent else 0.0, rtt, tick.jitter),
        "timestamp": tick.timestamp,
        "packets_lost": lost,
        "jitter": round(tick.jitter / 1000, 6),
        "rtt": round(rtt / 1000, 6),
    }


def _mos(loss: float, rtt: float, jitter: float) -> float:
    """Return the mean opinion score, 1 to 5, for loss in percent, rtt and jitter in ms.

    The E-model (ITU-T G.107) simplified as by Cole and Rosenbluth, "Voice over IP Performance Monitoring" (2001):
    R = 93.2 - Id - Ie; delay impairment Id with its knee at 177.3 ms one way; loss impairment Ie for a codec that
    hides loss well (Bpl = 10); R to MOS as in G.107 annex B. It is made for speech; for video it stands as a score
    of the line. The formula real reports use is not known.
    """
    delay = 20 + rtt / 2 + 2 * jitter
    rating = 93.2 - 0.024 * delay - 0.11 * max(0.0, delay - 177.3) - 95 * loss / (loss + 10)
    if rating <= 0:
        return 1.0
    return round(min(5.0, max(1.0, 1 + 0.035 * rating + 7e-6 * rating * (rating - 60) * (100 - rating))), 2)


def _lost(rng: random.Random, sent: int, tick: Tick) -> int:
    return min(sent, int(sent * tick.loss / 100 + rng.random()))  # rounded up or down by chance, so right on average


def _voiced(rng: random.Random) -> float:
    """Return for how much of an interval somebody speaks whose speech is not known."""
    return rng.uniform(0.4, 1) if rng.random() < 0.3 else 0.0


def _audio_bytes(packets: int, voiced: float) -> int:
    return round(packets * (_MUTED_BYTES + (_SPEECH_BYTES - _MUTED_BYTES) * voiced))


def _fps(rng: random.Random, rung: Rung, *, slow: bool) -> int:
    return round(rung.fps * rng.uniform(0.93, 1) * (0.5 if slow else 1))


def _video_size(rng: random.Random, rung: Rung, frames: int) -> tuple[int, int]:
    """Return bytes and packets of so many frames."""
    size = round(frames / rung.fps * rung.bitrate / 8 * rng.uniform(0.85, 1.05))
    return size, max(frames, ceil(size / _VIDEO_PACKET_BYTES))  # a frame takes a packet at least


def _jitter_buffer(tick: Tick, emitted: int) -> Sample:
    held = (40 + 3 * tick.jitter) / 1000  # seconds that one unit waits
    return {"jitter_buffer_delay": round(emitted * held, 6), "jitter_buffer_emitted_count": emitted}


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _producer_id(peer_id: str, kind: str) -> str:
    return _uuid(random.Random(f"{peer_id} {kind} producer"))
