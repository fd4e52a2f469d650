"""What is specific to the limiter in Redis; `test_order.py` and `test_same.py` test the algorithm."""

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
from realtimekit.limits.redis import RETRY_INTERVAL
from tests.webhooks.conftest import redis_server

from .fast_clock import fast_script, seconds, send, use_fast_clock
from .simulation import Simulated, Simulation
from .test_limiter import rejected, with_limit


def limiters(client: redis.Redis, simulation: Simulation, **options: Any) -> tuple[Simulated, Simulated]:
    """Two processes."""
    options = {"max_wait": 1000, **options}
    return Simulated(client, simulation.clock, **options), Simulated(client, simulation.clock, **options)


def test_what_one_process_observes_reaches_the_other_with_its_next_request(client: redis.Redis) -> None:
    one, other = limiters(client, Simulation())
    one.observe(with_limit(1, 30, quota=10), one.reserve())
    assert other.reserve().wait == 0, "Redis does not know yet: observing does no I/O"
    one.reserve()
    assert other.reserve().wait > 0


def test_all_processes_wait_in_one_queue(client: redis.Redis) -> None:
    simulation = Simulation()
    one, other = limiters(client, simulation)
    one.observe(with_limit(0, 4, quota=2), one.reserve())
    first, second, third = one.reserve(), other.reserve(), one.reserve()
    assert [first.number, second.number, third.number] == sorted([first.number, second.number, third.number])
    simulation.now += 5
    third, second, first = one.reserve(third), other.reserve(second), one.reserve(first)
    assert (first.wait, second.wait, third.wait > 0) == (0, 0, True)


def test_a_429_for_one_process_blocks_the_other(client: redis.Redis) -> None:
    one, other = limiters(client, Simulation(), max_wait=60)
    one.observe(rejected(250), one.reserve())
    for limiter in (one, other):
        with pytest.raises(RateLimitError) as caught:
            limiter.reserve()
        assert caught.value.retry_after == pytest.approx(250)
    assert client.zcard("{realtimekit:limit}:queue") == 0


def test_requests_in_flight_of_a_silent_process_count_as_used(client: redis.Redis) -> None:
    simulation = Simulation()
    one, other = limiters(client, simulation)
    one.observe(with_limit(10, 300, quota=10), one.reserve())
    for _ in range(6):
        one.reserve()  # and then it is killed
    assert [not other.reserve().wait for _ in range(5)] == [True] * 4 + [False]
    simulation.now += 6
    waits = [other.reserve().wait for _ in range(2)]
    assert min(waits) > 0
    simulation.now += 300
    assert [not other.reserve().wait for _ in range(11)].count(True) == 10


def test_script_requests_may_overtake_each_other(client: redis.Redis) -> None:
    """Threads of one process ask Redis, and their requests arrive in another order."""
    one, other = limiters(client, Simulation())
    reservation = one.reserve()
    early = one._build_request(None)
    one.observe(with_limit(3, 300, quota=10), reservation)
    late = one._build_request(None)
    for request in (late, early):
        assert one._read_reply(request, one._script(one._keys, [request.payload])).wait == 0
    assert [not other.reserve().wait for _ in range(2)] == [True, False], (
        "1 of 3 is left, and the observation counted once"
    )


def test_a_lost_reply_costs_one_request_and_no_observation(client: redis.Redis) -> None:
    simulation = Simulation()
    one, other = limiters(client, simulation)
    script = one._script

    def lost(*arguments: Any) -> None:
        script(*arguments)
        raise redis.TimeoutError

    reservation = one.reserve()
    one.observe(with_limit(5, 300, quota=10), reservation)
    one._script = lost
    one.reserve()  # locally: Redis has allowed a request, too, which nobody will send
    one._script = script
    simulation.now += RETRY_INTERVAL
    assert one.reserve().wait == 0, "this reports the observation once more"
    assert [not other.reserve().wait for _ in range(4)] == [True] * 3 + [False]


def test_two_names_are_two_limits(client: redis.Redis) -> None:
    simulation = Simulation()
    one, other = Simulated(client, simulation.clock, name="one"), Simulated(client, simulation.clock, name="other")
    one.observe(rejected(50), one.reserve())
    assert one.reserve().wait > 0
    assert other.reserve().wait == 0


def test_the_keys_expire(client: redis.Redis) -> None:
    limiter = RedisLimiter(client)
    limiter.observe(with_limit(0, 30, quota=1), limiter.reserve())
    assert limiter.reserve().wait > 0
    keys = client.keys()
    assert isinstance(keys, list)
    assert sorted(keys) == [b"{realtimekit:limit}", b"{realtimekit:limit}:expiry", b"{realtimekit:limit}:queue"]
    for key in keys:
        assert 0 < float(client.ttl(key)) <= 100
    assert repr(limiter) == "<RedisLimiter 'realtimekit:limit' max_wait=60>"


def test_a_client_with_decode_responses(redis_socket: str, client: redis.Redis) -> None:
    with redis.Redis(unix_socket_path=redis_socket, decode_responses=True) as decoding:
        limiter = RedisLimiter(decoding)
        limiter.observe(with_limit(0, 30, quota=1), limiter.reserve())
        assert limiter.reserve().wait > 0


def test_the_async_limiter(redis_socket: str, client: redis.Redis) -> None:
    async def main() -> None:
        async with redis.asyncio.Redis(unix_socket_path=redis_socket) as connection:
            limiter = AsyncRedisLimiter(connection)
            limiter.observe(with_limit(5, 30, quota=10), await limiter.reserve())
            reservations = await asyncio.gather(*(limiter.reserve() for _ in range(8)))
            assert sorted(not reservation.wait for reservation in reservations) == [False] * 3 + [True] * 5
            task = asyncio.create_task(limiter.reserve())
            await asyncio.sleep(0)
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)
            assert (await limiter.reserve()).wait > 0

    asyncio.run(main())


def test_while_redis_fails_each_process_limits_itself(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    simulation = Simulation()
    caplog.set_level(logging.INFO, "realtimekit.limits")
    client = redis.Redis(unix_socket_path=str(tmp_path / "s"))
    limiter = Simulated(client, simulation.clock)
    with redis_server(tmp_path):
        limiter.observe(with_limit(3, 30, quota=10), limiter.reserve())
        limiter.reserve()
    client.connection_pool.disconnect()
    assert [not limiter.reserve().wait for _ in range(5)] == [True] * 2 + [False] * 3, (
        "the local limiter has observed the same"
    )
    simulation.now += RETRY_INTERVAL
    limiter.reserve()
    assert [record.levelname for record in caplog.records] == ["WARNING"], "one per outage"
    assert "limits this process alone until it can: ConnectionError" in caplog.text
    with redis_server(tmp_path):
        limiter.reserve()
        assert client.exists("{realtimekit:limit}") == 0, "it is not tried with every request"
        simulation.now += RETRY_INTERVAL
        limiter.reserve()
        assert client.exists("{realtimekit:limit}") == 1
    assert [record.levelname for record in caplog.records] == ["WARNING", "INFO"]
    client.close()


# --- processes --------------------------------------------------------------------------------------------------------


class Http:
    """A minimal transport with urllib."""

    def send(self, request: Request) -> Response:
        asked = urllib.request.Request(request.url, headers=dict(request.headers))
        try:
            with urllib.request.urlopen(asked, timeout=30) as answer:
                return Response(answer.status, {name.lower(): value for name, value in answer.headers.items()}, b"")
        except urllib.error.HTTPError as error:
            with error:
                return Response(error.code, {name.lower(): value for name, value in error.headers.items()}, b"")


def work(socket: str, request: Request, count: int) -> None:
    """The main function of a process."""
    with redis.Redis(unix_socket_path=socket) as client:
        limiter = RedisLimiter(client, clock=seconds, max_wait=1000)
        limiter._script = fast_script(client)
        for _ in range(count):
            send(limiter, Http(), request)


def test_processes_stay_inside_the_limit(redis_socket: str, client: redis.Redis) -> None:
    with Emulator() as emulator, emulator.serve() as server:
        use_fast_clock(emulator)
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
