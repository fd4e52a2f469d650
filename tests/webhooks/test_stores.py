"""Delivery stores: the same behavior in memory, SQLite and Redis, across threads and processes."""

from __future__ import annotations

import asyncio
import inspect
import multiprocessing
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from realtimekit import ConfigurationError
from realtimekit.webhooks import AsyncRedisStore, Claim, MemoryStore, RedisStore, SQLiteStore

from .platform import Clock


class Awaited:
    """An async store with sync methods."""

    def __init__(self, socket: str) -> None:
        self.socket = socket

    def __getattr__(self, name: str) -> Any:
        def call(*args: Any) -> Any:
            async def main() -> Any:
                async with redis.asyncio.Redis(unix_socket_path=self.socket) as client:
                    return await getattr(AsyncRedisStore(client), name)(*args)

            return asyncio.run(main())

        return call


class World:
    """A store and its clock."""

    def __init__(self, store: Any, wait: Callable[[float], None], unit: float) -> None:
        self.store, self.wait = store, wait
        self.unit = unit  # seconds: real ones where the store has its own clock


@pytest.fixture(params=["memory", "sqlite", "redis", "redis-text", "redis-async"])
def world(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[World]:
    clock = Clock()

    def pass_(seconds: float) -> None:
        clock.now += seconds

    if request.param == "memory":
        yield World(MemoryStore(clock=clock), pass_, 60)
    elif request.param == "sqlite":
        yield World(SQLiteStore(tmp_path / "deliveries.db", clock=clock), pass_, 60)
    else:
        socket = request.getfixturevalue("redis_socket")
        text = request.param == "redis-text"
        with redis.Redis(unix_socket_path=socket, decode_responses=text) as client:
            client.flushall()
            store = Awaited(socket) if request.param == "redis-async" else RedisStore(client)
            yield World(store, lambda seconds: time.sleep(seconds + 0.05), 0.2)


LONG = 1000.0


def test_claimed_once_until_released(world: World) -> None:
    store = world.store
    assert store.claim("k", "a", LONG) is Claim.ACQUIRED
    assert store.claim("k", "b", LONG) is Claim.IN_PROGRESS
    assert store.claim("k", "a", LONG) is Claim.ACQUIRED, "a client that lost the response asks again"
    assert store.claim("other", "b", LONG) is Claim.ACQUIRED
    store.release("k", "b")
    assert store.claim("k", "b", LONG) is Claim.IN_PROGRESS, "only its owner can release it"
    store.release("k", "a")
    assert store.claim("k", "b", LONG) is Claim.ACQUIRED


def test_a_committed_delivery_is_completed(world: World) -> None:
    store = world.store
    store.claim("k", "a", LONG)
    store.commit("k", "a", LONG)
    assert store.claim("k", "b", LONG) is Claim.COMPLETED
    store.release("k", "a")
    store.release("k", "b")
    assert store.claim("k", "b", LONG) is Claim.COMPLETED, "a completed delivery cannot be released"
    assert store.claim("k", "a", LONG) is Claim.COMPLETED


def test_a_lease_expires(world: World) -> None:
    store = world.store
    store.claim("k", "a", world.unit)
    world.wait(world.unit)
    assert store.claim("k", "b", LONG) is Claim.ACQUIRED
    store.release("k", "a")
    assert store.claim("k", "c", LONG) is Claim.IN_PROGRESS, "the late owner cannot release another's claim"
    store.commit("k", "a", LONG)
    assert store.claim("k", "c", LONG) is Claim.COMPLETED, "but if its handlers succeeded, it can commit"
    store.release("k", "b")
    assert store.claim("k", "c", LONG) is Claim.COMPLETED


def test_a_completed_delivery_expires(world: World) -> None:
    store = world.store
    store.claim("k", "a", world.unit)
    store.commit("k", "a", 3 * world.unit)
    world.wait(world.unit)
    assert store.claim("k", "b", LONG) is Claim.COMPLETED, "the retention counts, not the lease"
    world.wait(2 * world.unit)
    assert store.claim("k", "b", LONG) is Claim.ACQUIRED


def test_one_of_many_racing_claims_wins(world: World) -> None:
    for number in range(5):
        barrier, claims = threading.Barrier(8), list[Claim]()

        def race(key: str, owner: str, barrier: threading.Barrier = barrier, claims: list[Claim] = claims) -> None:
            barrier.wait()
            claims.append(world.store.claim(key, owner, LONG))

        threads = [threading.Thread(target=race, args=(f"k{number}", f"owner-{n}")) for n in range(8)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert sorted(claims) == [Claim.ACQUIRED, *[Claim.IN_PROGRESS] * 7]


def test_memory_is_bounded_and_forgets_the_oldest() -> None:
    clock = Clock()
    store = MemoryStore(max_size=100, clock=clock)
    for number in range(1000):
        store.claim(str(number), "a", LONG)
        store.commit(str(number), "a", LONG)
    assert len(store._completed) == 100
    assert (store.claim("999", "b", LONG), store.claim("0", "b", LONG)) == (Claim.COMPLETED, Claim.ACQUIRED)
    clock.now += LONG
    store.commit("new", "a", LONG)
    assert list(store._completed) == ["new"]


def test_memory_forgets_expired_claims() -> None:
    clock = Clock()
    store = MemoryStore(clock=clock)
    for number in range(1000):
        clock.now += 1
        store.claim(str(number), "a", 10)
    assert len(store._claims) == 10
    store.release("0", "a")
    assert store.claim("0", "b", 10) is Claim.ACQUIRED


def test_sqlite_deletes_expired_rows(tmp_path: Path) -> None:
    clock = Clock()
    store = SQLiteStore(tmp_path / "d.db", clock=clock)
    for number in range(20):
        store.claim(str(number), "a", 10)
        store.commit(str(number), "a", 10)
    clock.now += 10
    store.commit("new", "a", 10)
    with store._connect() as database:
        assert database.execute("select key from realtimekit_deliveries").fetchall() == [("new",)]
    database.close()


def test_sqlite_needs_a_file(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="MemoryStore"):
        SQLiteStore(":memory:")
    (tmp_path / "text").write_text("no database, but longer than the head of one" * 10, encoding="ascii")
    for path in (tmp_path, tmp_path / "nowhere" / "d.db", tmp_path / "text"):
        with pytest.raises(ConfigurationError, match=f"SQLiteStore cannot use the file '{path}': "):
            SQLiteStore(path)


CLAIMING = """
import sys
from realtimekit.webhooks import SQLiteStore
store = SQLiteStore(sys.argv[1])
print(sum(store.claim(str(n), sys.argv[2], 1000) == 0 for n in range(200)))
"""


def test_sqlite_across_processes(tmp_path: Path) -> None:
    command = [sys.executable, "-c", CLAIMING, str(tmp_path / "deliveries.db")]
    processes = [subprocess.Popen([*command, str(n)], stdout=subprocess.PIPE) for n in range(4)]
    won = [int(process.communicate()[0]) for process in processes]
    assert sum(won) == 200


def test_sqlite_after_a_fork(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "deliveries.db")
    store.claim("k", "a", LONG)
    context = multiprocessing.get_context("fork")
    results = context.Queue()
    child = context.Process(target=lambda: results.put(int(store.claim("k", "b", LONG))))
    child.start()
    assert results.get(timeout=30) == Claim.IN_PROGRESS
    child.join()


def test_sync_and_async_stores_have_the_same_methods() -> None:
    for name in ("claim", "commit", "release"):
        plain, awaiting = getattr(RedisStore, name), getattr(AsyncRedisStore, name)
        assert inspect.iscoroutinefunction(awaiting)
        assert inspect.signature(plain).parameters.keys() == inspect.signature(awaiting).parameters.keys()


def test_redis_stores_with_different_prefixes_are_separate(redis_socket: str) -> None:
    with redis.Redis(unix_socket_path=redis_socket) as client:
        client.flushall()
        for prefix in ("a:", "b:"):
            assert RedisStore(client, prefix=prefix).claim("k", "x", LONG) is Claim.ACQUIRED
        assert sorted(client.keys()) == [b"a:k", b"b:k"]
        assert 0 < client.pttl("a:k") <= LONG * 1000


def test_processes_that_create_the_file_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first of them has it to itself for a moment, for which SQLite does not wait."""
    connect, failures = SQLiteStore._connect, iter([sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY])

    def busy(store: SQLiteStore) -> sqlite3.Connection:
        if (code := next(failures, None)) is None:
            return connect(store)
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = code
        raise error

    monkeypatch.setattr(SQLiteStore, "_connect", busy)
    assert SQLiteStore(tmp_path / "deliveries.sqlite").claim("key", "owner", 10) is Claim.ACQUIRED


def test_a_file_that_stays_locked_is_an_error(tmp_path: Path) -> None:
    path = tmp_path / "deliveries.sqlite"
    with closing(sqlite3.connect(path, isolation_level=None)) as other:
        other.execute("begin exclusive")
        with pytest.raises(ConfigurationError, match="database is locked"):
            SQLiteStore(path, timeout=0.05)
