"""2,000 deliveries, a fifth of them duplicates; handlers fail and workers die: none is lost, none is handled twice."""

from __future__ import annotations

import asyncio
import logging
import random
import threading
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis

from realtimekit import Async, RealtimeKit
from realtimekit.emulator import Emulator
from realtimekit.emulator.services.webhook_dispatcher import BACKOFF
from realtimekit.transports.emulator import connected
from realtimekit.webhooks import (
    AsyncEndpoint,
    AsyncReceiver,
    AsyncRouter,
    Claim,
    DeliveryStore,
    Endpoint,
    Event,
    MemoryStore,
    Receiver,
    RedisStore,
    Router,
    SQLiteStore,
)
from realtimekit.webhooks.adapters.wsgi import WebhookApp

from . import samples
from .frameworks import under_werkzeug
from .platform import Clock, Platform, Signer

DELIVERIES = 2000
EVENTS = 1600
WORKERS = 16
ROUNDS = 30  # more than enough: failures have a limit for each event


class Dead(BaseException):
    """The worker died: it runs nothing any more and sends no response."""


class Mortal:
    """A store for dying workers: a dead worker releases nothing."""

    def __init__(self, store: DeliveryStore) -> None:
        self._store = store

    def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        return self._store.claim(key, owner, lease)

    def commit(self, key: str, owner: str, keep: float, /) -> None:
        self._store.commit(key, owner, keep)

    def release(self, key: str, owner: str, /) -> None:
        if not getattr(dying, "now", False):
            self._store.release(key, owner)


dying = threading.local()

_END_LEASES = (
    "for _, k in ipairs(redis.call('keys', '*')) do if redis.call('get', k) ~= '' then redis.call('del', k) end end"
)


class Work:
    """Handlers that sometimes fail or die; and what was handled."""

    def __init__(self) -> None:
        self._random = random.Random(20261123)
        self._lock = threading.Lock()
        self._tried = Counter[str]()
        self.completed = Counter[str]()
        self.failed = self.died = 0

    def __call__(self, event: Event[Any]) -> None:
        name = event["meeting"]["id"]
        with self._lock:
            self._tried[name] += 1
            luck = self._random.random() if self._tried[name] <= 4 else 1.0
            self.failed += luck < 0.15
            self.died += 0.15 <= luck < 0.2
        if luck < 0.15:
            raise LookupError("injected")
        if luck < 0.2:
            dying.now = True
            raise Dead
        with self._lock:
            self.completed[name] += 1


def deliveries(signer: Signer) -> list[tuple[bytes, dict[str, str]]]:
    """Deliveries in random order. A duplicate has the bytes of its original, and half have another delivery id."""
    chance = random.Random(4)
    originals = []
    for number in range(EVENTS):
        event = {**samples.ENDED, "meeting": {**samples.ENDED["meeting"], "id": f"meet-{number}"}}
        originals.append(signer.delivery(event, delivery_id=f"delivery-{number}"))
    doubles = []
    for number, (body, headers) in enumerate(chance.sample(originals, DELIVERIES - EVENTS)):
        doubles.append((body, {**headers, "rtk-uuid": f"again-{number}"} if number % 2 else headers))
    mixed = originals + doubles
    chance.shuffle(mixed)
    return mixed


def check(work: Work, left: list[Any], statuses: Counter[int]) -> None:
    assert left == [], "the platform is rid of all"
    assert len(work.completed) == EVENTS, "none is lost"
    assert set(work.completed.values()) == {1}, "none is handled twice"
    assert statuses[200] == DELIVERIES
    assert set(statuses) <= {200, 500, 503, -1}
    assert work.failed == statuses[500] > 100
    assert work.died == statuses[-1] > 50


class Time(Clock):
    """Tells stores with their own clock when the leases have expired."""

    def __init__(self) -> None:
        super().__init__()
        self.listeners: list[Callable[[], None]] = []

    def pass_(self, seconds: float) -> None:
        self.now += seconds
        for listener in self.listeners:
            listener()


@pytest.fixture(autouse=True)
def _quiet(caplog: pytest.LogCaptureFixture) -> None:
    """Do not log: a thousand tracebacks take seconds to write."""
    caplog.set_level(logging.CRITICAL, "realtimekit.webhooks")


@pytest.fixture(params=["sqlite", "redis"])  # in memory: test_tasks
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: Time) -> Iterator[DeliveryStore]:
    if request.param == "sqlite":
        yield SQLiteStore(tmp_path / "deliveries.db", clock=clock)
    else:
        with redis.Redis(unix_socket_path=request.getfixturevalue("redis_socket"), decode_responses=True) as client:
            client.flushall()

            def end_leases() -> None:
                """The clock is the server's: to let time pass, delete the claims that were not released."""
                client.eval(_END_LEASES, 0)

            clock.listeners.append(end_leases)
            yield RedisStore(client)


@pytest.fixture
def clock() -> Time:
    return Time()


def test_threads(signer: Signer, store: Any, clock: Time) -> None:
    router, work = Router(), Work()
    router.on("meeting.ended")(work)
    endpoint = Endpoint(router, receiver=Receiver(signer.pem), store=Mortal(store), lease=60)

    def deliver(delivery: tuple[bytes, dict[str, str]]) -> int:
        dying.now = False
        try:
            return endpoint.handle(*delivery).status
        except Dead:
            return -1  # the connection breaks

    left, statuses = deliveries(signer), Counter[int]()
    with ThreadPoolExecutor(WORKERS) as pool:
        for _ in range(ROUNDS):
            answers = list(zip(left, pool.map(deliver, left), strict=True))
            statuses.update(status for _, status in answers)
            left = [delivery for delivery, status in answers if not 200 <= status < 300]
            clock.pass_(60)  # the platform's backoff
    check(work, left, statuses)


def test_tasks(signer: Signer, clock: Time) -> None:
    """The same with tasks: a dead worker is canceled when the loop ends, and releases its claim."""
    router, work = AsyncRouter(), Work()
    store = MemoryStore(clock=clock)

    @router.on("meeting.ended")
    async def handler(event: Event[Async]) -> None:
        await asyncio.sleep(0)
        try:
            work(event)
        except Dead:
            raise asyncio.CancelledError from None

    endpoint = AsyncEndpoint(router, receiver=AsyncReceiver(signer.pem), store=store, lease=60)

    async def deliver(delivery: tuple[bytes, dict[str, str]]) -> int:
        try:
            return (await endpoint.handle(*delivery)).status
        except asyncio.CancelledError:
            return -1

    async def main() -> None:
        left, statuses = deliveries(signer), Counter[int]()
        for _ in range(ROUNDS):
            answers: list[Any] = []
            for start in range(0, len(left), 100):
                batch = left[start : start + 100]
                answers += zip(batch, await asyncio.gather(*map(deliver, batch)), strict=True)
            statuses.update(status for _, status in answers)
            left = [delivery for delivery, status in answers if not 200 <= status < 300]
            clock.pass_(60)
        check(work, left, statuses)

    asyncio.run(main())


# --- the emulator as the platform -------------------------------------------------------------------------------------

MEETINGS = 80  # each is told of in five deliveries; 2,000 deliveries pass as well, and take half a minute


def test_through_the_emulator(platform: Platform, tmp_path: Path) -> None:
    """Real deliveries over HTTP, a fifth of them sent twice; handlers fail, the emulator retries by its clock."""
    chance, lock = random.Random(5), threading.Lock()
    failures = {number for number in range(DELIVERIES) if chance.random() < 0.15}
    completed, calls = Counter[tuple[str, str]](), 0
    router = Router()

    @router.on()
    def handler(event: Event) -> None:
        nonlocal calls
        with lock:
            calls += 1
            if calls in failures:
                raise LookupError("injected")
            completed[event.type, str(event.session_id)] += 1

    store = SQLiteStore(tmp_path / "deliveries.db")
    endpoint = Endpoint(router, receiver=Receiver(client=platform.client), store=store)
    players = RealtimeKit(**connected(platform.emulator))
    with under_werkzeug(WebhookApp(endpoint)) as origin:
        platform.subscribe(f"{origin}/webhooks", *FIVE)
        sessions = [play(players, platform.emulator) for _ in range(MEETINGS)]
        ids = [delivery["id"] for delivery in platform.emulator.webhook_deliveries()]
        platform.settled()
        for delivery_id in chance.sample(ids, len(ids) // 5):
            platform.emulator.redeliver(delivery_id)
        for seconds in BACKOFF:
            platform.settled()
            platform.emulator.advance(seconds)
        outcomes = platform.settled()
    assert len(outcomes) == len(ids) == MEETINGS * len(FIVE)
    assert {state for state, _ in outcomes} == {"delivered"}
    statuses = Counter(status for _, attempts in outcomes for status in attempts)
    assert set(statuses) <= {200, 500, 503}
    assert statuses[500] > 30
    assert statuses[200] > 1.1 * len(ids), "so many were sent again, and handled before"
    assert completed == Counter((event, session) for event in FIVE for session in sessions), "each once"


FIVE = (
    "meeting.started",
    "meeting.participantJoined",
    "meeting.participantLeft",
    "meeting.ended",
    "meeting.chatSynced",
)


def play(client: RealtimeKit, emulator: Emulator) -> str:
    """Hold a meeting; return the id of its session."""
    meeting = client.meetings.create(title="Weekly")
    alice = meeting.participants.create(name="Alice", custom_participant_id="user-1", preset_name="group_call_host")
    joined = emulator.join(meeting.id, alice.id)
    emulator.chat(joined.session_id, joined.peer_id, "Hello")
    emulator.end(meeting.id)
    return joined.session_id
