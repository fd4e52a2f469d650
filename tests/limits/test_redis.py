"""The limiter in Redis: what only it does. The algorithm's own tests are in `test_order.py` and `test_same.py`."""

from __future__ import annotations

import asyncio
import logging
import multiprocessing
import urllib.error
import urllib.request
from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import redis
import redis.asyncio

from realtimekit import RateLimitError
from realtimekit.emulator import Emulator
from realtimekit.interfaces import Request, Response
from realtimekit.limits import AsyncRedisLimiter, RedisLimiter
from realtimekit.limits.redis import RETRY
from tests.webhooks.conftest import redis_server

from .quick import quick_script, quicken, seconds, send
from .simulation import Simulated, World
from .test_limiter import refused, told


def limiters(client: redis.Redis, world: World, **options: Any) -> tuple[Simulated, Simulated]:
    """Two processes."""
    options = {"max_wait": 1000, **options}
    return Simulated(client, world.clock, **options), Simulated(client, world.clock, **options)


def test_what_one_hears_holds_for_the_other_once_the_first_asks_again(client: redis.Redis) -> None:
    one, other = limiters(client, World())
    one.observe(told(1, 30, quota=10), one.reserve())
    assert other.reserve().wait == 0, "nobody has told Redis yet: hearing does no I/O"
    one.reserve()
    assert other.reserve().wait > 0


def test_all_wait_in_one_line(client: redis.Redis) -> None:
    world = World()
    one, other = limiters(client, world)
    one.observe(told(0, 4, quota=2), one.reserve())
    first, second, third = one.reserve(), other.reserve(), one.reserve()
    assert [first.number, second.number, third.number] == sorted([first.number, second.number, third.number])
    world.now += 5
    third, second, first = one.reserve(third), other.reserve(second), one.reserve(first)
    assert (first.wait, second.wait, third.wait > 0) == (0, 0, True)


def test_a_refusal_of_one_blocks_the_other(client: redis.Redis) -> None:
    one, other = limiters(client, World(), max_wait=60)
    one.observe(refused(250), one.reserve())
    for limiter in (one, other):
        with pytest.raises(RateLimitError) as caught:
            limiter.reserve()
        assert caught.value.retry_after == pytest.approx(250)
    assert client.zcard("{realtimekit:limit}:line") == 0


def test_what_a_silent_process_has_under_way_counts_as_used(client: redis.Redis) -> None:
    world = World()
    one, other = limiters(client, world)
    one.observe(told(10, 300, quota=10), one.reserve())
    for _ in range(6):
        one.reserve()  # and then it is killed
    assert [not other.reserve().wait for _ in range(5)] == [True] * 4 + [False]
    world.now += 6
    waits = [other.reserve().wait for _ in range(2)]
    assert min(waits) > 0
    world.now += 300
    assert [not other.reserve().wait for _ in range(11)].count(True) == 10


def test_questions_may_overtake_each_other(client: redis.Redis) -> None:
    """Threads of a process ask; the questions arrive in another order."""
    one, other = limiters(client, World())
    reservation = one.reserve()
    early = one._question(None)
    one.observe(told(3, 300, quota=10), reservation)
    late = one._question(None)
    for question in (late, early):
        assert one._place(question, one._script(one._keys, [question.text])).wait == 0
    assert [not other.reserve().wait for _ in range(2)] == [True, False], "1 of 3 is left, and known of once"


def test_a_lost_reply_costs_a_turn_and_no_report(client: redis.Redis) -> None:
    world = World()
    one, other = limiters(client, world)
    script = one._script

    def lost(*arguments: Any) -> None:
        script(*arguments)
        raise redis.TimeoutError

    reservation = one.reserve()
    one.observe(told(5, 300, quota=10), reservation)
    one._script = lost
    one.reserve()  # by itself: Redis has given it a turn, too, and nobody will use that
    one._script = script
    world.now += RETRY
    assert one.reserve().wait == 0, "which reports the answer once more"
    assert [not other.reserve().wait for _ in range(4)] == [True] * 3 + [False]


def test_two_names_are_two_limits(client: redis.Redis) -> None:
    world = World()
    one, other = Simulated(client, world.clock, name="one"), Simulated(client, world.clock, name="other")
    one.observe(refused(50), one.reserve())
    assert one.reserve().wait > 0
    assert other.reserve().wait == 0


def test_what_is_in_redis_ends_by_itself(client: redis.Redis) -> None:
    limiter = RedisLimiter(client)
    limiter.observe(told(0, 30, quota=1), limiter.reserve())
    assert limiter.reserve().wait > 0
    keys = client.keys()
    assert isinstance(keys, list)
    assert sorted(keys) == [b"{realtimekit:limit}", b"{realtimekit:limit}:due", b"{realtimekit:limit}:line"]
    for key in keys:
        assert 0 < float(client.ttl(key)) <= 100
    assert repr(limiter) == "<RedisLimiter 'realtimekit:limit' max_wait=60>"


def test_a_client_that_decodes(redis_socket: str, client: redis.Redis) -> None:
    with redis.Redis(unix_socket_path=redis_socket, decode_responses=True) as decoding:
        limiter = RedisLimiter(decoding)
        limiter.observe(told(0, 30, quota=1), limiter.reserve())
        assert limiter.reserve().wait > 0


def test_awaited(redis_socket: str, client: redis.Redis) -> None:
    async def main() -> None:
        async with redis.asyncio.Redis(unix_socket_path=redis_socket) as connection:
            limiter = AsyncRedisLimiter(connection)
            limiter.observe(told(5, 30, quota=10), await limiter.reserve())
            places = await asyncio.gather(*(limiter.reserve() for _ in range(8)))
            assert sorted(not reservation.wait for reservation in places) == [False] * 3 + [True] * 5
            task = asyncio.create_task(limiter.reserve())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert (await limiter.reserve()).wait > 0

    asyncio.run(main())


def test_while_redis_is_away_each_process_limits_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    world = World()
    caplog.set_level(logging.INFO, "realtimekit.limits")
    client = redis.Redis(unix_socket_path=str(tmp_path / "s"))
    limiter = Simulated(client, world.clock)
    with redis_server(tmp_path):
        limiter.observe(told(3, 30, quota=10), limiter.reserve())
        limiter.reserve()
    client.connection_pool.disconnect()
    assert [not limiter.reserve().wait for _ in range(5)] == [True] * 2 + [False] * 3, "it knows what it heard"
    world.now += RETRY
    limiter.reserve()
    assert [record.levelname for record in caplog.records] == ["WARNING"], "one for each outage"
    assert "limits this process alone until it can: ConnectionError" in caplog.text
    with redis_server(tmp_path):
        limiter.reserve()
        assert client.exists("{realtimekit:limit}") == 0, "it is not tried with each request"
        world.now += RETRY
        limiter.reserve()
        assert client.exists("{realtimekit:limit}") == 1
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    client.close()


# --- processes --------------------------------------------------------------------------------------------------------


class Http:
    """A transport that is nothing but urllib."""

    def send(self, request: Request) -> Response:
        asked = urllib.request.Request(request.url, headers=dict(request.headers))
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, b"")
        except urllib.error.HTTPError as error:
            with error:
                return Response(error.code, {name.lower(): value for name, value in error.headers.items()}, b"")


def work(socket: str, request: Request, count: int) -> None:
    """A process of its own."""
    with redis.Redis(unix_socket_path=socket) as client:
        limiter = RedisLimiter(client, clock=seconds, max_wait=1000)
        limiter._script = quick_script(client)
        for _ in range(count):
            send(limiter, Http(), request)


def test_processes_stay_inside_the_limit(redis_socket: str, client: redis.Redis) -> None:
    with Emulator() as emulator, emulator.serve() as server:
        quicken(emulator)
        emulator.add_fault(limit={"requests": 20, "window_seconds": 20, "block_seconds": 300})
        url = f"{server.base_url}/accounts/{emulator.account_id}/realtime/kit/apps"
        request = Request("GET", url, {"authorization": f"Bearer {emulator.api_token}"}, None, 30.0)
        work(redis_socket, request, 2)
        context = multiprocessing.get_context("spawn")
        processes = [context.Process(target=work, args=(redis_socket, request, 15)) for _ in range(3)]
        for process in processes:
            process.start()
        for process in processes:
            process.join()
        assert [process.exitcode for process in processes] == [0, 0, 0]
        assert Counter(request["status"] for request in emulator.requests()) == {200: 47}
