"""The network conditions and the load of a peer's device over time, and the times of its stay."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta
from math import ceil
from typing import TYPE_CHECKING, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Sequence

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_INTERVAL_MS = 7_000  # as recorded
# Two hours at 7 s. A longer call gets a wider interval instead of more samples.
_SAMPLES_PER_STREAM = 1_030
# Five people for two hours at full detail; a bigger meeting gets a wider interval (50 people, two hours: 70 s).
_SAMPLES_PER_REPORT = 10 * _SAMPLES_PER_STREAM


class CallLeg(NamedTuple):
    """One peer's stay in a session: in telephony, its leg of the call. All times are aware and in UTC."""

    peer_id: str
    user_id: str
    session_id: str
    display_name: str
    custom_participant_id: str
    meeting_id: str
    joined_at: datetime
    left_at: datetime
    others: Sequence[tuple[str, datetime, datetime]]  # the other peers: id, joined, left
    spoke: Sequence[tuple[datetime, datetime]] = ()  # when this peer spoke; empty where it is not known


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


class Profile(NamedTuple):
    """A peer's device and network; times in ms, loss in percent, probabilities for one sample."""

    device: _Device
    network_type: str  # as RTCIceCandidateStats names it
    rtt: float
    jitter: float
    loss: float
    burst_probability: float = 0.0
    burst_loss: tuple[float, float] = (0.0, 0.0)
    burst_rtt: float = 0.0  # added during a burst
    cpu_probability: float = 0.0  # that a period of too little CPU begins
    best_rung: int = 0  # of RUNGS
    relayed: bool = False  # through a TURN server over TCP
    effective_type: str = "4g"  # as the browser's Network Information API names it
    throughput: int = 8_000  # kbit/s, before the call


_MAC = _Device("macOS", "10.15.7", "Macintosh; Intel Mac OS X 10_15_7", 8, 8)
_LAPTOP = _Device("Windows", "10", "Windows NT 10.0; Win64; x64", 2, 4)
_PHONE = _Device("Android", "10", "Linux; Android 10; K", 8, 4, is_mobile=True)

_PROFILES = (
    Profile(_MAC, "ethernet", rtt=14, jitter=1.5, loss=0.02, throughput=40_000),
    Profile(_MAC, "wifi", 24, 4, 0.1, burst_probability=0.004, burst_loss=(3, 8), burst_rtt=30, throughput=20_000),
    Profile(_MAC, "wifi", 60, 18, 0.8, burst_probability=0.05, burst_loss=(8, 40), burst_rtt=220, throughput=3_000),
    Profile(_LAPTOP, "wifi", rtt=30, jitter=5, loss=0.1, cpu_probability=0.08),
    # TCP hides loss and shows it as delay.
    Profile(
        _PHONE, "cellular", 170, 28, 0.3, burst_probability=0.03, burst_loss=(1, 6), burst_rtt=380,
        best_rung=1, relayed=True, effective_type="3g", throughput=2_500,
    ),
)  # fmt: skip


class Rung(NamedTuple):
    """One rung of the bitrate ladder: in RUNGS, each is followed by the one to fall back to."""

    width: int
    height: int
    fps: int
    bitrate: int  # bit/s


RUNGS = (Rung(1280, 720, 30, 1_500_000), Rung(640, 360, 30, 600_000), Rung(320, 180, 20, 180_000),
         Rung(160, 90, 10, 60_000))  # fmt: skip


class Tick(NamedTuple):
    """The network conditions and CPU load at one time, at which all streams are sampled."""

    at: int  # ms since 1970
    timestamp: str
    loss: float  # percent
    rtt: float  # ms
    jitter: float  # ms
    burst: bool
    cpu_limited: bool


def ms(when: datetime) -> int:
    """Return the milliseconds since 1970."""
    return (when - _EPOCH) // timedelta(milliseconds=1)


def iso(at: int) -> str:
    """Return the timestamp, as the API writes it, of a time in ms since 1970."""
    return (_EPOCH + timedelta(milliseconds=at)).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def bounds(leg: CallLeg) -> tuple[int, int]:
    """Return when the stay began and ended (ms); the end is never before the beginning."""
    start = ms(leg.joined_at)
    return start, max(start, ms(leg.left_at))


def overlaps(leg: CallLeg) -> list[tuple[str, int, int]]:
    """Return which other peers were there meanwhile: id, from, to (ms)."""
    start, end = bounds(leg)
    clipped = ((peer_id, max(start, ms(joined)), min(end, ms(left))) for peer_id, joined, left in leg.others)
    return [(peer_id, begin, until) for peer_id, begin, until in clipped if begin < until]


def profile_of(peer_id: str) -> Profile:
    """Return the profile of a peer: always the same one for the same id."""
    return random.Random(peer_id).choice(_PROFILES)


def ticks_of(leg: CallLeg) -> list[Tick]:
    """Return the conditions at each time that is sampled; at least one."""
    profile = profile_of(leg.peer_id)
    rng = random.Random(f"{leg.peer_id} line")
    start, end = bounds(leg)
    streams = 2 + 2 * len(overlaps(leg))
    most = max(2, min(_SAMPLES_PER_STREAM, _SAMPLES_PER_REPORT // streams))
    interval = max(_INTERVAL_MS, ceil((end - start) / (most - 1)))
    first = start + min(200, (end - start) // 2)  # the first sample comes right after the join, as recorded
    ticks: list[Tick] = []
    burst_left = cpu_left = 0
    severity = 0.0
    at = first
    while at <= end:
        burst_left, cpu_left = max(0, burst_left - 1), max(0, cpu_left - 1)
        if not burst_left and rng.random() < profile.burst_probability:
            burst_left, severity = rng.randint(3, 8), rng.uniform(*profile.burst_loss)
        if not cpu_left and rng.random() < profile.cpu_probability:
            cpu_left = rng.randint(5, 20)
        burst = burst_left > 0
        loss = severity * rng.uniform(0.7, 1.3) if burst else profile.loss * rng.uniform(0, 2)
        rtt = profile.rtt * rng.uniform(0.8, 1.3) + (profile.burst_rtt * rng.uniform(0.5, 1.2) if burst else 0)
        jitter = profile.jitter * rng.uniform(0.6, 1.5) * (2.5 if burst else 1)
        ticks.append(Tick(at, iso(at), loss, rtt, jitter, burst, cpu_left > 0))
        at = first + len(ticks) * interval + rng.randint(-10, 10)
    return ticks


def during(ticks: list[Tick], start: int, end: int) -> list[tuple[Tick, float]]:
    """Return the ticks from `start` to `end` (ms), each with the seconds that it covers; at least one."""
    inside = [tick for tick in ticks if start <= tick.at <= end]
    if not inside:  # shorter than the interval: one sample, with the conditions of that time
        at = (start + end) // 2
        before = [tick for tick in ticks if tick.at < at]
        inside = [(before[-1] if before else ticks[0])._replace(at=at, timestamp=iso(at))]
    previous = [start, *(tick.at for tick in inside)]
    return [(tick, (tick.at - since) / 1000) for tick, since in zip(inside, previous, strict=False)]
