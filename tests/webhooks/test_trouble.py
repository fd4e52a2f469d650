"""What can go wrong around a delivery: a new key, forks, full disks, a Redis that is down, handlers that hang."""

from __future__ import annotations

import asyncio
import multiprocessing
import sqlite3
import threading
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio
from redis.asyncio.retry import Retry as AsyncRetry
from redis.backoff import NoBackoff
from redis.retry import Retry

from realtimekit import Async, AsyncRealtimeKit
from realtimekit.interfaces import Request, Response
from realtimekit.webhooks import (
    AsyncEndpoint,
    AsyncReceiver,
    AsyncRedisStore,
    AsyncRouter,
    Endpoint,
    Event,
    ForeignEventError,
    InvalidSignatureError,
    MemoryStore,
    Receiver,
    RedisStore,
    Router,
    SQLiteStore,
    WebhookResponse,
)
from tests.transports.loopback import Connection, Server

from . import samples
from .conftest import redis_server
from .platform import Clock, Platform, Signer, emulated

# --- another key ------------------------------------------------------------------------------------------------------


def test_a_restarted_emulator_has_a_new_key(signer: Signer, other_signer: Signer, tmp_path: Path) -> None:
    with emulated(signer) as first:
        old = first.captured("meeting.ended")
        receiver = Receiver(key_url=f"http://127.0.0.1:{first.port}/.well-known/webhooks.json")
        receiver.verify(*old)
    with emulated(other_signer, first.port) as second:
        receiver.verify(*second.captured("meeting.ended"))
    with emulated(Signer.made_in(tmp_path), first.port) as third:
        receiver.verify(*third.captured("meeting.ended"))
        with pytest.raises(InvalidSignatureError):
            receiver.verify(*old)


def test_in_a_fork(platform: Platform) -> None:
    """The parent has fetched the key, is fetching it again, and holds the lock; none of that stops the child."""
    receiver = Receiver(client=platform.client)
    delivery = platform.captured("meeting.ended")
    receiver.verify(*delivery)
    public_key = receiver._public_key
    context = multiprocessing.get_context("fork")
    results = context.Queue()

    def verify() -> None:
        public_key._key = None  # so that the child has to fetch it
        results.put(receiver.verify(*delivery).type)

    with public_key._lock:
        public_key._fetching_until = float("inf")
        child = context.Process(target=verify)
        child.start()
    assert results.get(timeout=30) == "meeting.ended"
    child.join()


# --- many at once -----------------------------------------------------------------------------------------------------


def delivered(endpoint: Endpoint, delivery: tuple[bytes, dict[str, str]], times: int) -> Counter[int]:
    """The statuses of this many concurrent deliveries, each retried until it does not get a 503."""
    barrier = threading.Barrier(times)

    def deliver(_: int) -> list[int]:
        barrier.wait()
        statuses: list[int] = []
        while not statuses or statuses[-1] == 503:
            statuses.append(endpoint.handle(*delivery).status)
        return statuses

    with ThreadPoolExecutor(times) as pool:
        return Counter(status for statuses in pool.map(deliver, range(times)) for status in statuses)


@pytest.mark.parametrize("kind", ["memory", "sqlite"])
def test_fifty_at_once_in_threads(signer: Signer, tmp_path: Path, kind: str) -> None:
    runs = list[str]()
    router = Router()
    router.on("meeting.ended")(lambda event: runs.append(event.type))
    store = MemoryStore() if kind == "memory" else SQLiteStore(tmp_path / "d.db")
    endpoint = Endpoint(router, receiver=Receiver(signer.pem), store=store)
    statuses = delivered(endpoint, signer.delivery(samples.ENDED), 50)
    assert (statuses[200], set(statuses) <= {200, 503}, runs) == (50, True, ["meeting.ended"])


def test_fifty_at_once_in_processes(signer: Signer, tmp_path: Path) -> None:
    """Five processes with ten threads each; the handler runs once."""
    log = tmp_path / "runs"
    router = Router()

    @router.on("meeting.ended")
    def handler(event: Event) -> None:
        with log.open("a", encoding="ascii") as file:
            file.write(f"{event.type}\n")

    store = SQLiteStore(tmp_path / "d.db")
    endpoint = Endpoint(router, receiver=Receiver(signer.pem), store=store)
    delivery = signer.delivery(samples.ENDED)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    children = [context.Process(target=lambda: results.put(delivered(endpoint, delivery, 10))) for _ in range(5)]
    for child in children:
        child.start()
    statuses = sum((results.get(timeout=60) for _ in children), Counter[int]())
    for child in children:
        child.join()
    assert (statuses[200], set(statuses) <= {200, 503}) == (50, True)
    assert log.read_text(encoding="ascii") == "meeting.ended\n"


# --- stores that fail -------------------------------------------------------------------------------------------------


def test_a_disk_that_is_not_writable(
    signer: Signer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """If it fails during a handler, the event counts as handled; if before it, a retry is requested."""
    runs = list[str]()
    router, store = Router(), SQLiteStore(tmp_path / "d.db")
    endpoint = Endpoint(router, receiver=Receiver(signer.pem), store=store)
    connect = store._connect

    def broken() -> sqlite3.Connection:
        database = connect()
        database.execute("pragma query_only = on")
        return database

    @router.on("meeting.ended")
    def handler(event: Event) -> None:
        runs.append(event.type)
        monkeypatch.setattr(store, "_connect", broken)

    first, second = (signer.delivery({**samples.ENDED, "n": n}) for n in (1, 2))
    assert endpoint.handle(*first) == WebhookResponse(200, "handled")
    assert "could not remember it" in caplog.text
    assert "readonly database" in caplog.text
    assert [endpoint.handle(*second) for _ in range(2)] == [WebhookResponse(503, "delivery store unavailable")] * 2
    monkeypatch.undo()
    assert endpoint.handle(*second).status == 200
    assert runs == ["meeting.ended"] * 2


@pytest.mark.parametrize("mode", ["sync", "async"])
def test_a_redis_that_goes_away_and_comes_back(signer: Signer, tmp_path: Path, mode: str) -> None:
    """If it is down between claim and commit, the event counts as handled; if from the start, a retry is requested."""
    runs = list[str]()
    socket = str(tmp_path / "s")
    server = redis_server(tmp_path)
    process = server.__enter__()

    def go_away() -> None:
        process.kill()
        process.wait()

    def handled(event: Event[Any]) -> None:
        runs.append(event.type)
        if len(runs) == 1:
            go_away()

    def handle(delivery: tuple[bytes, dict[str, str]]) -> int:
        if mode == "sync":
            router = Router()
            router.on("meeting.ended")(handled)
            with redis.Redis(unix_socket_path=socket, retry=Retry(NoBackoff(), 1)) as client:
                endpoint = Endpoint(router, receiver=Receiver(signer.pem), store=RedisStore(client))
                return endpoint.handle(*delivery).status

        async def main() -> int:
            router = AsyncRouter()
            router.on("meeting.ended")(handled)
            async with redis.asyncio.Redis(unix_socket_path=socket, retry=AsyncRetry(NoBackoff(), 1)) as client:
                store = AsyncRedisStore(client)
                endpoint = AsyncEndpoint(router, receiver=AsyncReceiver(signer.pem), store=store)
                return (await endpoint.handle(*delivery)).status

        return asyncio.run(main())

    first, second = (signer.delivery({**samples.ENDED, "n": n}) for n in (1, 2))
    assert handle(first) == 200
    assert [handle(second) for _ in range(2)] == [503, 503]
    with redis_server(tmp_path):
        assert [handle(second) for _ in range(2)] == [200, 200]
    assert runs == ["meeting.ended"] * 2


# --- handlers that hang -----------------------------------------------------------------------------------------------


def test_a_handler_that_hangs_keeps_its_claim_until_the_lease_expires(signer: Signer) -> None:
    clock, go_on, begun = Clock(), threading.Event(), threading.Event()
    runs = list[int]()
    router, store = Router(), MemoryStore(clock=clock)

    @router.on("meeting.ended")
    def handler(_: Event) -> None:
        runs.append(len(runs))
        if len(runs) == 1:
            begun.set()
            assert go_on.wait(30)
            raise LookupError("at last")

    endpoint = Endpoint(router, receiver=Receiver(signer.pem), store=store, lease=60)
    delivery = signer.delivery(samples.ENDED)
    late: list[WebhookResponse] = []
    thread = threading.Thread(target=lambda: late.append(endpoint.handle(*delivery)))
    thread.start()
    assert begun.wait(10)
    assert endpoint.handle(*delivery) == WebhookResponse(503, "in progress")
    clock.now += 60
    assert endpoint.handle(*delivery) == WebhookResponse(200, "handled")
    go_on.set()
    thread.join()
    assert late == [WebhookResponse(500, "a handler failed")]
    assert endpoint.handle(*delivery) == WebhookResponse(200, "already handled"), "the late failure releases nothing"


def test_a_session_that_is_not_awaited(signer: Signer) -> None:
    """The API hangs: the handler gives up, the claim is released, and the retry reads the session."""
    body = b'{"success": true, "data": {"id": "sess-1", "status": "ENDED"}}'
    sent = list[Request]()

    class Hanging:
        async def send(self, request: Request, /) -> Response:
            sent.append(request)
            await asyncio.sleep(3600 if len(sent) == 1 else 0)
            return Response(200, {}, body)

    statuses = list[str | None]()

    async def main() -> None:
        client = AsyncRealtimeKit(api_token="x", account_id="acc-1", app_id="app-1", transport=Hanging())
        router = AsyncRouter()

        @router.on("meeting.ended")
        async def handler(event: Event[Async]) -> None:
            reading = asyncio.ensure_future(event.session)
            while not sent:  # noqa: ASYNC110 - a transport tells nobody
                await asyncio.sleep(0)
            if len(sent) == 1:
                reading.cancel()
                await asyncio.gather(reading, return_exceptions=True)
                statuses.append((await event.session).status)  # of the same event: nothing is stuck
                raise TimeoutError
            statuses.append((await reading).status)

        endpoint = AsyncEndpoint(router, receiver=AsyncReceiver(signer.pem, client=client))
        delivery = signer.delivery(samples.ENDED)
        assert await endpoint.handle(*delivery) == WebhookResponse(500, "a handler failed")
        assert await endpoint.handle(*delivery) == WebhookResponse(200, "handled")

    asyncio.run(main())
    assert statuses == ["ENDED", "ENDED"]


# --- headers ----------------------------------------------------------------------------------------------------------


def test_huge_headers(signer: Signer) -> None:
    body, headers = signer.delivery(samples.ENDED)
    huge = "A" * 1_000_000
    receiver = Receiver(signer.pem, webhook_ids=["mine"])
    with pytest.raises(InvalidSignatureError):
        receiver.verify(body, {"rtk-signature": huge})
    with pytest.raises(ForeignEventError) as caught:
        receiver.verify(body, {**headers, "rtk-webhook-id": huge})
    assert len(str(caught.value)) < 1000
    event = Receiver(signer.pem).verify(body, {**headers, "rtk-uuid": huge})
    assert event.delivery_id == huge
    assert len(repr(event)) < 1000


def test_both_prefixes_with_different_values(signer: Signer) -> None:
    """The newer prefix counts, for each header: a right old header does not make up for a wrong new one."""
    body, headers = signer.delivery(samples.ENDED, delivery_id="new", webhook_id="new")
    old = {name.replace("rtk-", "dyte-"): "old" for name in headers if name.startswith("rtk-")}
    event = Receiver(signer.pem).verify(body, {**old, **headers})
    assert (event.delivery_id, event.webhook_id) == ("new", "new")
    wrong = {**headers, "dyte-signature": headers["rtk-signature"], "rtk-signature": signer.signature(b"another")}
    with pytest.raises(InvalidSignatureError):
        Receiver(signer.pem).verify(body, wrong)


# --- receivers that answer nonsense -----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "answer",
    [
        b"nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n",
        b"HTTP/1.1 " + b"x" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"a: b\r\n" * 200 + b"\r\n",
        b"",
    ],
    ids=lambda answer: answer[:40],
)
def test_the_emulator_survives_an_invalid_response(platform: Platform, answer: bytes) -> None:
    def nonsense(connection: Connection) -> None:
        connection.receive()
        connection.send(answer)

    with Server(nonsense) as server:
        for _ in range(6):  # more than it has threads
            platform.emulator.trigger("meeting.started", server.url)
        assert platform.settled() == [("pending", ["error"])] * 6


def test_a_retry_during_handling_is_retried_again(platform: Platform) -> None:
    asked, go_on = threading.Event(), threading.Event()

    def slow(connection: Connection) -> None:
        connection.receive()
        asked.set()
        assert go_on.wait(10)
        connection.send(b"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n")

    with Server(slow) as server:
        delivery_id = platform.emulator.trigger("meeting.started", server.url)
        assert asked.wait(10)
        platform.emulator.advance(1)
        platform.emulator.redeliver(delivery_id)
        go_on.set()
        assert platform.settled() == [("delivered", [200, 200])]
