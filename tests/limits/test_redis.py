"""One limit for many processes: a real Redis, and the script beside the queue that it is a copy of."""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import pytest
import redis
import redis.asyncio
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from redis.backoff import NoBackoff
from redis.retry import Retry

from realtimekit import AsyncRealtimeKit, RateLimitError, RealtimeKit
from realtimekit.flow import Response
from realtimekit.limits import AsyncRedisLimiter, RedisLimiter
from realtimekit.limits import redis as module
from realtimekit.limits.pace import Pace, Told

from .conftest import Limited


@pytest.fixture
def client(redis_socket: str) -> Iterator[redis.Redis]:
    with redis.Redis(unix_socket_path=redis_socket) as client:
        client.flushall()
        yield client


AWAY = redis.Redis(unix_socket_path="/nowhere/s", retry=Retry(NoBackoff(), 0))
WHOLE = st.integers(0, 40)
OPERATIONS = st.lists(
    st.tuples(
        st.integers(0, 30),  # seconds that pass before it
        st.one_of(
            st.just("take"),
            st.just("silent"),
            st.builds(Told, WHOLE, WHOLE, st.integers(1, 9), st.integers(1, 40), st.none()),
            st.builds(Told, WHOLE, WHOLE, st.none(), st.none(), st.none()),
            st.builds(Told, st.none(), st.just(0), st.none(), st.none(), st.integers(0, 90) | st.just(1e18)),
        ),
    ),
    max_size=40,
)


def taken(pace: Pace, now: float, longest: float) -> tuple[float | None, float, bool]:
    """The wait, how far all are put off, and whether the wait is refused as too long."""
    try:
        return pace.take(now, longest), pace.moved, False
    except RateLimitError as error:
        return error.retry_after, pace.moved, True


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(OPERATIONS)
def test_the_script_does_as_the_queue(client: redis.Redis, operations: list[tuple[int, Any]]) -> None:
    client.flushall()
    pace, now, longest = Pace(), 1_000_000, 60.0
    script = module._SCRIPT.replace("redis.call('time')", "cjson.decode(redis.call('get', 'clock'))")
    answers: list[str] = []
    for seconds, operation in operations:
        now += seconds
        client.set("clock", json.dumps([now, 0]))
        if operation == "take":
            wait, moved, refused = client.eval(script, 1, "limit", repr(longest), "", *(answers or ["0"]))
            answers = []
            expected = taken(pace, now, longest)
            assert (float(wait), float(moved), bool(refused)) == pytest.approx(expected, abs=1e-3)
        else:
            told = None if operation == "silent" else operation
            pace.heard(told, now)
            values = [] if told is None else ["0", *("" if value is None else repr(value) for value in told)]
            client.eval(script, 1, "limit", repr(longest), repr(pace.moved), "1", *values)


PROCESS = """
import json, sys
import redis
from realtimekit import RealtimeKit
from realtimekit.limits import RedisLimiter

given = json.loads(sys.argv[1])
with RealtimeKit(**given["settings"], limiter=RedisLimiter(redis.Redis(unix_socket_path=given["socket"]))) as client:
    for _ in range(given["calls"]):
        client.apps.all()
"""


def test_processes_share_the_limit(limited: Limited, client: redis.Redis, redis_socket: str) -> None:
    with RealtimeKit(**limited.settings, limiter=RedisLimiter(client)) as first:
        first.apps.all()
        first.apps.all()  # and so the others hear what the first answer told
    given = json.dumps({"settings": limited.settings, "socket": redis_socket, "calls": 12})
    processes = [subprocess.Popen([sys.executable, "-c", PROCESS, given]) for _ in range(4)]
    assert [process.wait(60) for process in processes] == [0] * 4
    assert limited.statuses() == [200] * 50


def test_tasks_share_it_too(limited: Limited, redis_socket: str, client: redis.Redis) -> None:
    async def main() -> None:
        server = redis.asyncio.Redis(unix_socket_path=redis_socket)
        async with server, AsyncRealtimeKit(**limited.settings, limiter=AsyncRedisLimiter(server, name="n")) as api:
            await api.apps.all()
            await api.apps.all()
            await asyncio.gather(*(api.apps.all() for _ in range(40)))

    asyncio.run(main())
    assert limited.statuses() == [200] * 42
    assert client.keys() == [b"realtimekit:limit:n"]
    assert 600_000 < client.pttl("realtimekit:limit:n") < 700_000


def test_while_redis_is_away_calls_go_on(caplog: pytest.LogCaptureFixture, client: redis.Redis) -> None:
    caplog.set_level(logging.WARNING, "realtimekit")
    limiter = RedisLimiter(AWAY, max_wait=30)
    assert [limiter.reserve(None).wait for _ in range(3)] == [0, 0, 0]
    assert [record.getMessage()[:22] for record in caplog.records] == ["Redis does not answer "]
    limiter.heard(Response(429, {"retry-after": "250"}, b""))
    with pytest.raises(RateLimitError, match="not sent"):  # this process has heard it
        limiter.reserve(None)
    limiter._redis = client
    place = limiter.reserve(None)
    assert place.wait == 0
    limiter._redis = AWAY
    assert limiter.reserve(place).wait == 0
    assert len(caplog.records) == 2


def test_a_refusal_reaches_the_other_processes(client: redis.Redis) -> None:
    one, other = (RedisLimiter(client, max_wait=100) for _ in range(2))
    one.reserve(None)
    one.heard(Response(429, {"retry-after": "90"}, b""))
    assert one.reserve(None).wait == pytest.approx(90, abs=2)
    assert other.reserve(None).wait == pytest.approx(90, abs=2)
    impatient = RedisLimiter(client, max_wait=5)
    with pytest.raises(RateLimitError) as caught:
        impatient.reserve(None)
    assert caught.value.retry_after == pytest.approx(90, abs=2)
