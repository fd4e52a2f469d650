"""Made-up call quality: the peer report of one participant ("peer") of a past session.

`peer_report`, `peer_stats` and `quality_stats` are pure: everything follows from the `Call`, every random choice is
seeded from peer ids, so the same call gives the same report in any process. The shapes are those of the one recorded
answer (its key names, `{}` and `[]` for what is unused) and of the published schema; no other field is sent.

The units of the real report are not documented. Taken here, from the recorded example where it tells:

- `rtt` of a sample: seconds. The cumulative rtt: milliseconds (recorded: mean of the samples' rtt x 1000 = 135.7009,
  which counts the first sample too, whose rtt is 0 because no receiver report has come yet; so it is here).
- `jitter`: seconds, the unit of WebRTC's getStats. All recorded values are 0, so nothing confirms it.
- `packets_*`, `bytes_*`: those of the sample's own interval (recorded: 350 audio packets in 7 s). The other counters
  (frames, key frames, pli, fir, concealment, limitation durations in seconds, resolution changes, jitter buffer) are
  taken to be per interval as well. `jitter_buffer_delay` is seconds summed over `jitter_buffer_emitted_count`.
- Cumulative packet loss: percent. Cumulative jitter buffer delay: milliseconds for one emitted unit.

Also unknown, and chosen: how percentiles are taken (nearest rank, ascending), and the thresholds named below.
"""

from __future__ import annotations

import random
import uuid
from datetime import UTC, datetime, timedelta
from math import ceil
from statistics import fmean
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Iterator, Sequence

Sample = dict[str, Any]

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTERVAL_MS = 7_000  # as recorded
# Two hours at 7 s. A longer call gets a wider interval instead of more samples.
_SAMPLES_PER_STREAM = 1_030
# Ten people for two hours at full detail; a bigger meeting gets a wider interval (50 people, two hours: 35 s).
_SAMPLES_PER_REPORT = 20 * _SAMPLES_PER_STREAM

_AUDIO_PACKETS_PER_SECOND = 50  # Opus in 20 ms frames
_MUTED_BYTES, _SPEECH_BYTES = 18, 80  # payload of one audio packet: 18 is recorded, 80 is Opus at 32 kbit/s
_VIDEO_PACKET_BYTES = 1_100
_OVERHEAD_BYTES = 43  # of one packet on the wire, from the recorded candidate pair
_POOR_WIDTH = 320  # pixels; narrower counts as poor_resolution
_LAG_FPS = 12  # slower, but not stopped, counts as lag
_FREEZE_LOSS = 30.0  # percent; from here on no frame can be decoded
_HIGH_FEEDBACK = 2  # pli + fir requests in one interval, from here on "high negative feedback"


class Call(NamedTuple):
    """One peer's stay in a session. All times are aware and in UTC."""

    peer_id: str
    user_id: str
    session_id: str
    display_name: str
    custom_participant_id: str
    meeting_id: str
    joined_at: datetime
    left_at: datetime
    others: Sequence[tuple[str, datetime, datetime]]  # the other peers: id, joined, left
    spoke: Sequence[tuple[datetime, datetime]] = ()  # when this peer spoke; empty: not known, made up


class _Device(NamedTuple):
    os: str
    os_version: str
    user_agent_system: str
    cpus: int
    memory: int  # GB
    is_mobile: bool = False
    browser_version: str = "140.0.0.0"

    @property
    def user_agent(self) -> str:
        mobile = "Mobile " if self.is_mobile else ""
        return (
            f"Mozilla/5.0 ({self.user_agent_system}) AppleWebKit/537.36 (KHTML, like Gecko) "
            f"Chrome/{self.browser_version} {mobile}Safari/537.36"
        )


class _Profile(NamedTuple):
    """What a peer's machine and line are like; times in ms, loss in percent, chances for one sample."""

    device: _Device
    network_type: str  # as RTCIceCandidateStats names it
    rtt: float
    jitter: float
    loss: float
    burst_chance: float = 0.0
    burst_loss: tuple[float, float] = (0.0, 0.0)
    burst_rtt: float = 0.0  # added during a burst
    cpu_chance: float = 0.0  # that an episode of too little CPU begins
    best_rung: int = 0  # of _RUNGS
    relayed: bool = False  # through a TURN server over TCP
    effective_type: str = "4g"  # as the browser's Network Information API names it
    throughput: int = 8_000  # kbit/s, before the call


_MAC = _Device("macOS", "10.15.7", "Macintosh; Intel Mac OS X 10_15_7", 8, 8)
_LAPTOP = _Device("Windows", "10", "Windows NT 10.0; Win64; x64", 2, 4)
_PHONE = _Device("Android", "10", "Linux; Android 10; K", 8, 4, is_mobile=True)

_PROFILES = (
    _Profile(_MAC, "ethernet", rtt=14, jitter=1.5, loss=0.02, throughput=40_000),
    _Profile(_MAC, "wifi", 24, 4, 0.1, burst_chance=0.004, burst_loss=(3, 8), burst_rtt=30, throughput=20_000),
    _Profile(_MAC, "wifi", 60, 18, 0.8, burst_chance=0.05, burst_loss=(8, 40), burst_rtt=220, throughput=3_000),
    _Profile(_LAPTOP, "wifi", rtt=30, jitter=5, loss=0.1, cpu_chance=0.08),
    # TCP hides loss and shows it as delay.
    _Profile(
        _PHONE, "cellular", 170, 28, 0.3, burst_chance=0.03, burst_loss=(1, 6), burst_rtt=380,
        best_rung=1, relayed=True, effective_type="3g", throughput=2_500,
    ),
)  # fmt: skip


class _Rung(NamedTuple):
    width: int
    height: int
    fps: int
    bitrate: int  # bit/s


_RUNGS = (_Rung(1280, 720, 30, 1_500_000), _Rung(640, 360, 30, 600_000), _Rung(320, 180, 20, 180_000),
          _Rung(160, 90, 10, 60_000))  # fmt: skip


class _Tick(NamedTuple):
    """The state of the peer's line and machine at one moment; all its streams are sampled then."""

    at: int  # ms since 1970
    timestamp: str
    loss: float  # percent
    rtt: float  # ms
    jitter: float  # ms
    burst: bool
    cpu_limited: bool


class _Stream(NamedTuple):
    """The ticks of one stream, each with the seconds since the one before, and what all its samples repeat."""

    ticks: list[tuple[_Tick, float]]
    names: Sample
    rng: random.Random


def peer_report(call: Call) -> dict[str, Any]:
    """Return `peer_report`: {"metadata": {...}, "quality": {...}}."""
    ticks = _ticks(call)
    quality = _quality(call, ticks)
    return {"metadata": _metadata(call, ticks, quality), "quality": quality}


def peer_stats(call: Call) -> dict[str, Any]:
    """Return the older block of events, device, address and the measurement before the call (rtt in seconds)."""
    profile = _profile(call.peer_id)
    device, place = _browser(profile), _place(call.peer_id)
    sdk = _sdk()
    effective, reachable = profile.effective_type, not profile.relayed
    rtt, backend_rtt = profile.rtt / 1000, (profile.rtt + 1) / 1000
    join_metadata = {
        "user_id": call.user_id,
        "peer_id": call.peer_id,
        "display_name": call.display_name,
        "room_u_u_i_d": call.session_id,
        "room_view_type": "groupCall",
        "room_name": call.meeting_id,
        "device_info": {
            "is_mobile": profile.device.is_mobile,
            "browser_name": device["browser"],
            "os_name": profile.device.os,
            "browser_version": device["browser_version"],
            "os_version_name": profile.device.os_version,
            "engine_name": device["engine"],
            "user_agent": device["user_agent"],
            "memory": profile.device.memory,
            "cpus": profile.device.cpus,
        },
        **sdk,
        "meta_data": {},
        "permissions": {},
        "meeting_env": "devel",
    }
    connection = {
        "ip_details": {
            **{key: place[key] for key in ("city", "country", "region", "timezone", "asn")},
            "loc": "0.0,0.0",
            "ip": place["ipv4"],
            "postal": "",
        },
        "effective_network_type": effective,
        "location": {"coords": {"latitude": 0.0, "longitude": 0.0}},
        "turn_connectivity": True,
        "connectivity": {"host": True, "relay": True, "reflexive": reachable},
        "throughput": profile.throughput,
        "fractional_loss": 0,
        "r_t_t": rtt,
        "jitter": 0,
        "backend_r_t_t": backend_rtt,
    }
    extra: dict[str, dict[str, Any]] = {
        "call_join": {"peer_meta_data": join_metadata},
        "tab_change": {"is_meetings_tab_active": False},
        "precall_end": {"connection_info": connection},
    }
    names = {"meeting_view_backgrounded": ("tab_change", "browser_backgrounded")}
    return {
        "events": [
            {"type": name, **({"metadata": extra[name]} if name in extra else {}), "timestamp": _iso(at)}
            for at, event in _events(call)
            for name in names.get(event, (event,))
        ],
        "device_info": {**device, **_device(profile), **sdk},
        "ip_information": {**place, "ip_location": place["ipv4"], "org": place["ipv4"]},
        "precall_network_information": {
            "backend_rtt": backend_rtt,
            "effective_networktype": effective,
            "fractional_loss": 0,
            "jitter": 0,
            "reflexive_connectivity": reachable,
            "relay_connectivity": True,
            "rtt": rtt,
            "throughput": profile.throughput,
            "turn_connectivity": True,
        },
    }


def quality_stats(call: Call) -> dict[str, Any]:
    """Return the older totals: of what the peer received, bandwidths as mean bit/s over the whole call.

    That they count received media is inferred: the recorded peer, alone, sent 3,188 audio packets and has 0 here.
    `audio_stats` and `video_stats` stay empty, as recorded: nothing tells what their items look like.
    """
    quality = _quality(call, _ticks(call))
    audio: list[Sample] = quality["audio_consumer"]
    video: list[Sample] = quality["video_consumer"]
    received = {
        kind: sorted(sample["timestamp"] for sample in samples if sample["packets_received"])
        for kind, samples in (("audio", audio), ("video", video))
    }
    moments = sorted(sample["timestamp"] for sample in (*audio, *video))
    start, end = _bounds(call)
    seconds = (end - start) / 1000

    def ends(timestamps: list[str], index: int) -> str | None:
        return timestamps[index] if timestamps else None

    return {
        "audio_stats": [],
        "video_stats": [],
        "peer_ids": [call.peer_id],  # recorded with nobody else there, so whether others belong is not known
        "start": ends(moments, 0),
        "end": ends(moments, -1),
        "total_audio_packets": _sum(audio, "packets_received"),
        "total_audio_packets_lost": _sum(audio, "packets_lost"),
        "total_video_packets": _sum(video, "packets_received"),
        "total_video_packets_lost": _sum(video, "packets_lost"),
        "first_audio_packet_received": ends(received["audio"], 0),
        "first_video_packet_received": ends(received["video"], 0),
        "last_audio_packet_received": ends(received["audio"], -1),
        "last_video_packet_received": ends(received["video"], -1),
        "average_quality": round(fmean(sample["mos_quality"] for sample in (*audio, *video)), 2) if moments else 0,
        "audio_bandwidth": round(_sum(audio, "bytes_received") * 8 / seconds) if seconds else 0,
        "video_bandwidth": round(_sum(video, "bytes_received") * 8 / seconds) if seconds else 0,
    }


def only(participant: dict[str, Any], filters: Collection[str]) -> dict[str, Any]:
    """Return `participant` with only the parts that `filters` asks for; without filters, with everything.

    Which parts the real filters cover is not documented. Chosen: each covers the parts below, in the report and in
    the two older blocks; a part not asked for is absent; what no filter names (the plain fields, `candidate_pairs`,
    `sdk_name`, the device updates) always stays. `participant` itself is not changed.
    """
    if not filters:
        return participant
    parts = {
        "device_info": ("device_info", "browser_metadata"),
        "ip_information": ("ip_information",),
        "precall_network_information": ("pc_metadata", "precall_network_information"),
        "events": ("events",),
        "quality_stats": ("quality", "quality_stats"),
    }
    hidden = {part for name, named in parts.items() if name not in filters for part in named}

    def shown(block: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in block.items() if key not in hidden}

    result = shown(participant)
    if "peer_stats" in result:
        result["peer_stats"] = shown(result["peer_stats"])
    if "peer_report" in result:
        report = result["peer_report"] = shown(result["peer_report"])
        if "metadata" in report:
            report["metadata"] = shown(report["metadata"])
    return result


# --- when, and in what state of the line


def _ms(when: datetime) -> int:
    return (when - _EPOCH) // timedelta(milliseconds=1)


def _iso(at: int) -> str:
    return (_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _bounds(call: Call) -> tuple[int, int]:
    start = _ms(call.joined_at)
    return start, max(start, _ms(call.left_at))


def _overlaps(call: Call) -> list[tuple[str, int, int]]:
    """Return who else was there during the call: id, from, to (ms)."""
    start, end = _bounds(call)
    clipped = ((peer_id, max(start, _ms(joined)), min(end, _ms(left))) for peer_id, joined, left in call.others)
    return [(peer_id, begin, until) for peer_id, begin, until in clipped if begin < until]


def _profile(peer_id: str) -> _Profile:
    return random.Random(peer_id).choice(_PROFILES)


def _ticks(call: Call) -> list[_Tick]:
    profile = _profile(call.peer_id)
    rng = random.Random(f"{call.peer_id} line")
    start, end = _bounds(call)
    streams = 2 + 2 * len(_overlaps(call))
    most = max(2, min(_SAMPLES_PER_STREAM, _SAMPLES_PER_REPORT // streams))
    interval = max(_INTERVAL_MS, ceil((end - start) / (most - 1)))
    first = start + min(200, (end - start) // 2)  # the first sample comes right after the join, as recorded
    ticks: list[_Tick] = []
    burst_left = cpu_left = 0
    severity = 0.0
    at = first
    while at <= end:
        burst_left, cpu_left = max(0, burst_left - 1), max(0, cpu_left - 1)
        if not burst_left and rng.random() < profile.burst_chance:
            burst_left, severity = rng.randint(3, 8), rng.uniform(*profile.burst_loss)
        if not cpu_left and rng.random() < profile.cpu_chance:
            cpu_left = rng.randint(5, 20)
        burst = burst_left > 0
        loss = severity * rng.uniform(0.7, 1.3) if burst else profile.loss * rng.uniform(0, 2)
        rtt = profile.rtt * rng.uniform(0.8, 1.3) + (profile.burst_rtt * rng.uniform(0.5, 1.2) if burst else 0)
        jitter = profile.jitter * rng.uniform(0.6, 1.5) * (2.5 if burst else 1)
        ticks.append(_Tick(at, _iso(at), loss, rtt, jitter, burst, cpu_left > 0))
        at = first + len(ticks) * interval + rng.randint(-10, 10)
    return ticks


def _during(ticks: list[_Tick], start: int, end: int) -> list[tuple[_Tick, float]]:
    """Return the ticks from `start` to `end` (ms) with the seconds each stands for; at least one."""
    inside = [tick for tick in ticks if start <= tick.at <= end]
    if not inside:  # too short to be met by the interval: one sample, in the state the line was in
        at = (start + end) // 2
        before = [tick for tick in ticks if tick.at < at]
        inside = [(before[-1] if before else ticks[0])._replace(at=at, timestamp=_iso(at))]
    previous = [start, *(tick.at for tick in inside)]
    return [(tick, (tick.at - since) / 1000) for tick, since in zip(inside, previous, strict=False)]


# --- the sample series


def _produced(call: Call, ticks: list[_Tick], kind: str) -> _Stream:
    rng = random.Random(f"{call.peer_id} {kind} samples")
    names = {
        "producer_id": _producer_id(call.peer_id, kind),
        "ssrc": rng.getrandbits(32),
        "mid": "0" if kind == "audio" else "1",
    }
    return _Stream(_during(ticks, *_bounds(call)), names, rng)


def _consumed(call: Call, ticks: list[_Tick], kind: str) -> Iterator[tuple[str, _Stream]]:
    for index, (other, start, end) in enumerate(_overlaps(call)):
        rng = random.Random(f"{call.peer_id} {kind} of {other}")
        names = {
            "peer_id": other,
            "consumer_id": _uuid(rng),
            "producer_id": _producer_id(other, kind),  # the one in the other peer's own report
            "ssrc": rng.getrandbits(32),
            "mid": str(2 * index + (kind == "video")),
        }
        yield other, _Stream(_during(ticks, start, end), names, rng)


def _audio_producer(call: Call, ticks: list[_Tick]) -> Iterator[Sample]:
    stream = _produced(call, ticks, "audio")
    speech = [(_ms(start), _ms(end)) for start, end in call.spoke]
    for number, (tick, seconds) in enumerate(stream.ticks):
        sent = round(seconds * _AUDIO_PACKETS_PER_SECOND)
        voiced = _voiced(stream.rng)
        if speech and seconds:
            since = tick.at - round(seconds * 1000)
            overlap = sum(max(0, min(end, tick.at) - max(start, since)) for start, end in speech)
            voiced = min(1.0, overlap / (tick.at - since))
        network = _network(tick, _lost(stream.rng, sent, tick), sent, no_report_yet=number == 0)
        yield {**network, "packets_sent": sent, "bytes_sent": _audio_bytes(sent, voiced), **stream.names}


def _audio_consumer(call: Call, ticks: list[_Tick]) -> Iterator[Sample]:
    for _, stream in _consumed(call, ticks, "audio"):
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


def _video_producer(call: Call, ticks: list[_Tick]) -> Iterator[Sample]:
    profile = _profile(call.peer_id)
    stream = _produced(call, ticks, "video")
    rng = stream.rng
    rung_before = None
    for number, (tick, seconds) in enumerate(stream.ticks):
        reason = "bandwidth" if tick.burst else "cpu" if tick.cpu_limited else "none"
        rung = _RUNGS[profile.best_rung + (reason != "none")]
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


def _video_consumer(call: Call, ticks: list[_Tick]) -> Iterator[Sample]:
    others = len(_overlaps(call))
    tile = 0 if others == 1 else 1 if others <= 8 else 2  # of _RUNGS: the more people, the smaller their pictures
    for other, stream in _consumed(call, ticks, "video"):
        rng = stream.rng
        best = max(tile, _profile(other).best_rung)
        for number, (tick, seconds) in enumerate(stream.ticks):
            rung = _RUNGS[best + tick.burst]
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


def _network(tick: _Tick, lost: int, sent: int, *, no_report_yet: bool = False) -> Sample:
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


def _lost(rng: random.Random, sent: int, tick: _Tick) -> int:
    return min(sent, int(sent * tick.loss / 100 + rng.random()))  # rounded up or down by chance, so right on average


def _voiced(rng: random.Random) -> float:
    """Return for how much of an interval somebody speaks whose speech is not known."""
    return rng.uniform(0.4, 1) if rng.random() < 0.3 else 0.0


def _audio_bytes(packets: int, voiced: float) -> int:
    return round(packets * (_MUTED_BYTES + (_SPEECH_BYTES - _MUTED_BYTES) * voiced))


def _fps(rng: random.Random, rung: _Rung, *, slow: bool) -> int:
    return round(rung.fps * rng.uniform(0.93, 1) * (0.5 if slow else 1))


def _video_size(rng: random.Random, rung: _Rung, frames: int) -> tuple[int, int]:
    """Return bytes and packets of so many frames."""
    size = round(frames / rung.fps * rung.bitrate / 8 * rng.uniform(0.85, 1.05))
    return size, max(frames, ceil(size / _VIDEO_PACKET_BYTES))  # a frame takes a packet at least


def _jitter_buffer(tick: _Tick, emitted: int) -> Sample:
    held = (40 + 3 * tick.jitter) / 1000  # seconds that one unit waits
    return {"jitter_buffer_delay": round(emitted * held, 6), "jitter_buffer_emitted_count": emitted}


def _uuid(rng: random.Random) -> str:
    return str(uuid.UUID(int=rng.getrandbits(128), version=4))


def _producer_id(peer_id: str, kind: str) -> str:
    return _uuid(random.Random(f"{peer_id} {kind} producer"))


# --- what the series add up to


def _quality(call: Call, ticks: list[_Tick]) -> dict[str, Any]:
    series = {
        "video_consumer": list(_video_consumer(call, ticks)),
        "audio_consumer": list(_audio_consumer(call, ticks)),
        "screenshare_video_consumer": [],
        "screenshare_audio_consumer": [],
        "video_producer": list(_video_producer(call, ticks)),
        "audio_producer": list(_audio_producer(call, ticks)),
        "screenshare_video_producer": [],
        "screenshare_audio_producer": [],
    }
    return {**series, **{f"{name}_cumulative": _cumulative(name, samples) for name, samples in series.items()}}


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
    frames = _sum(samples, f"frames_{coded}")
    result["frame_per_second"] = _percentiles(samples, "frames_per_second")
    result["frame_width"] = _percentiles(samples, "frame_width")
    result[f"key_frames_{coded}_fraction"] = round(_sum(samples, f"key_frames_{coded}") / frames, 6) if frames else 0
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


def _sum(samples: list[Sample], field: str) -> int:
    return sum(sample[field] for sample in samples)


# --- what is known about the peer


def _metadata(call: Call, ticks: list[_Tick], quality: dict[str, Any]) -> dict[str, Any]:
    profile = _profile(call.peer_id)
    start, end = _bounds(call)
    return {
        "events": [
            {"name": name, "timestamp": _iso(at)}
            for at, name in _events(call)
            if name not in {"call_join", "precall_end"}  # recorded in peer_stats only
        ],
        "pc_metadata": [
            {
                "effective_network_type": profile.effective_type,
                "reflexive_connectivity": not profile.relayed,
                "relay_connectivity": True,
                "turn_connectivity": True,
                "timestamp": _iso(min(start + 4_800, end)),
            }
        ],
        "audio_devices_updates": [],
        "video_devices_updates": [],
        "speaker_devices_updates": [],
        "selected_device_updates": [],
        "candidate_pairs": _candidate_pairs(call, ticks, quality),
        "device_info": _device(profile),
        "browser_metadata": _browser(profile),
        **_sdk(),
        "room_view_type": "groupCall",
        "ip_information": _place(call.peer_id),
    }


def _events(call: Call) -> list[tuple[int, str]]:
    """Return when (ms) what happened, under names that were recorded; others exist but are not known."""
    start, end = _bounds(call)
    events = [(start - 3_000, "precall_begin"), (min(start + 220, end), "call_join")]
    events.append((min(start + 4_800, end), "precall_end"))
    if _profile(call.peer_id).device.is_mobile:  # a phone's screen is left for something else
        events.append(((start + end) // 2, "meeting_view_backgrounded"))
    return sorted(events, key=lambda event: event[0])


def _device(profile: _Profile) -> dict[str, Any]:
    device = profile.device
    return {"cpus": device.cpus, "is_mobile": device.is_mobile, "os": device.os, "os_version": device.os_version}


def _browser(profile: _Profile) -> dict[str, Any]:
    return {
        "browser": "Chrome",
        "browser_version": profile.device.browser_version,
        "engine": "Blink",
        "user_agent": profile.device.user_agent,
        "webgl_support": None,
    }


def _sdk() -> dict[str, str]:
    return {"sdk_name": "web-core", "sdk_version": "1.21.1"}


def _place(peer_id: str) -> dict[str, Any]:
    """Return a public address (RFC 5737, as all addresses here) and a generic place; AS64496 is RFC 5398's example."""
    host = random.Random(f"{peer_id} address").randint(1, 254)
    place = {"city": "Lisbon", "country": "PT", "timezone": "Europe/Lisbon", "region": "Lisbon"}
    return {**place, "asn": {"asn": "AS64496"}, "ipv4": f"203.0.113.{host}"}


def _candidate_pairs(call: Call, ticks: list[_Tick], quality: dict[str, Any]) -> dict[str, Any]:
    producing = [*quality["audio_producer"], *quality["video_producer"]]
    consuming = [*quality["audio_consumer"], *quality["video_consumer"]]
    start, end = _bounds(call)
    # One way the media; the other way only reports: 10 packets of 49 bytes a second, as recorded.
    reports = (end - start) // 100
    sent, received = _sum(producing, "packets_sent"), _sum(consuming, "packets_received")
    sent_bytes = _sum(producing, "bytes_sent") + _OVERHEAD_BYTES * sent
    received_bytes = _sum(consuming, "bytes_received") + _OVERHEAD_BYTES * received
    rate = _RUNGS[_profile(call.peer_id).best_rung + ticks[-1].burst].bitrate * 2
    up = {"bytes_received": reports * 49, "bytes_sent": sent_bytes, "available_outgoing_bitrate": rate}
    up |= {"packets_sent": sent, "packets_received": reports}
    down = {"bytes_received": received_bytes, "bytes_sent": reports * 49, "available_incoming_bitrate": rate}
    down |= {"packets_sent": reports, "packets_received": received}
    return {
        "producing_transport": [_candidate_pair(call, ticks, "producing", up)],
        "consuming_transport": [_candidate_pair(call, ticks, "consuming", down)] if consuming else [],
    }


def _candidate_pair(call: Call, ticks: list[_Tick], name: str, traffic: dict[str, int]) -> dict[str, Any]:
    """Return an ICE candidate pair: round trips in seconds, last packets in ms since 1970."""
    rng = random.Random(f"{call.peer_id} {name}")
    profile = _profile(call.peer_id)
    public, last = _place(call.peer_id)["ipv4"], ticks[-1]
    start, end = _bounds(call)
    port, server = rng.randint(49_152, 65_535), rng.randint(1, 199)
    # Between the TURN server and the far end a relay candidate speaks UDP; that TCP leads to it stands in its url.
    turn = {"local_candidate_url": "turn:turn.example.com:443?transport=tcp"} if profile.relayed else {}
    checks = (end - start) / 2_500  # taken: the browser tests the pair every 2.5 s
    return {
        "nominated": True,
        "current_round_trip_time": round(last.rtt / 1000, 3),
        "total_round_trip_time": round(fmean(tick.rtt for tick in ticks) / 1000 * checks, 3),
        **traffic,
        "last_packet_received_timestamp": max(start, last.at - 18),
        "last_packet_sent_timestamp": last.at,
        "local_candidate_id": f"I{rng.getrandbits(32):08x}",
        "remote_candidate_id": f"I{rng.getrandbits(32):08x}",
        "bytes_discarded_on_send": 0,
        "packets_discarded_on_send": 0,
        "local_candidate_type": "relay" if profile.relayed else "prflx",
        "local_candidate_address": f"198.51.100.{200 + server % 50}" if profile.relayed else public,
        "local_candidate_port": port,
        "local_candidate_protocol": "udp",
        "local_candidate_network_type": profile.network_type,
        "local_candidate_related_address": public if profile.relayed else f"192.0.2.{server}",
        "local_candidate_related_port": port,
        **turn,
        "remote_candidate_type": "host",
        "remote_candidate_address": f"198.51.100.{server}",
        "remote_candidate_port": rng.randint(40_000, 49_151),
        "remote_candidate_protocol": "udp",
    }
