"""Live meetings: CPU for each event, the delay that we add, and the memory of many listeners and of a slow consumer.

    python -m benchmarks.live [--events 20000] [--listeners 500]

The server runs in a process of its own, so that its work is not counted.
"""

from __future__ import annotations

import argparse
import asyncio
import inspect
import json
import multiprocessing
import resource
import statistics
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from websockets.asyncio.server import ServerConnection, serve

from realtimekit.live import connect

TOKEN = "a-token"  # noqa: S105 - the server of this benchmark does not look at it
SESSION = {"id": "s-1", "meeting_id": "m-1", "started_at": "2026-11-29T10:00:00Z", "ended_at": None}
DELAYED = 2000  # events whose delay is measured
RATE = 1000  # of them each second


def frame(name: str, data: Any) -> str:
    return json.dumps({"category": "message", "name": name, "data": data})


def transcript(number: int) -> str:
    ids = {"peer_id": "p" * 36, "participant_id": "q" * 36, "custom_participant_id": "alice", "display_name": "Alice"}
    text = f"{number} as many words as people say in one breath, more or less"
    times = {"started_at": f"2026-11-29T10:00:00.{number:06}Z", "ended_at": "2026-11-29T10:00:01Z"}
    return frame("transcript.received", {"text": text, "is_final": True, **times, "confidence": 0.9, "speaker": ids})


async def answer(connection: ServerConnection) -> None:
    async for text in connection:
        request = json.loads(text)
        data = {"connection": {"id": "c-1"}} if request["name"] == "connection.get" else {}
        await connection.send(json.dumps({**request, "category": "result", "data": data, "error": None}))


async def talk(connection: ServerConnection) -> None:
    """Send what the subscription stands for, in this benchmark alone."""
    assert connection.request is not None
    wanted = connection.request.path.partition("subscriptions=")[2]
    answering = asyncio.create_task(answer(connection))
    await connection.send(frame("session.started", {"session": SESSION}))
    if wanted == "broadcast":  # all at once
        for number in range(total_at_once):
            await connection.send(transcript(number))
            if number % 100 == 0:
                await asyncio.sleep(0)  # answers, too
    elif wanted == "transcript":  # at a rate
        await asyncio.sleep(0.5)  # until the consumer watches
        begin = time.monotonic()
        for number in range(DELAYED):
            await asyncio.sleep(max(0.0, begin + number / RATE - time.monotonic()))
            await connection.send(transcript(number))
    elif wanted == "broadcast,transcript":  # a minute at 1,000 a second, for a consumer that does not read
        for number in range(60_000):
            await connection.send(transcript(number))
            if number % 100 == 0:
                await asyncio.sleep(0)  # answers, too
    if wanted != "participant":  # which gets nothing, and stays
        await connection.close(1000, "session_ended")
    await asyncio.wait([answering])


total_at_once = 20_000


def run_server(pipe: Connection, total: int) -> None:
    global total_at_once  # noqa: PLW0603 - of this process
    total_at_once = total

    async def main() -> None:
        options: dict[str, Any] = {"subprotocols": ["realtimekit.v1"], "compression": None, "ping_interval": None}
        async with serve(talk, "127.0.0.1", 0, **options) as server:
            pipe.send(next(iter(server.sockets)).getsockname()[1])
            await asyncio.to_thread(pipe.recv)

    asyncio.run(main())


def memory() -> float:
    """Return the resident memory of this process, in MB."""
    status = Path("/proc/self/status").read_text(encoding="ascii")
    return int(status.partition("VmRSS:")[2].split()[0]) / 1024


def cpu() -> float:
    usage = resource.getrusage(resource.RUSAGE_SELF)
    return usage.ru_utime + usage.ru_stime


Each = Callable[[Any, Any], None]  # called with the events, and one of them


def read_sync(url: str, wanted: list[str], each: Each) -> int:
    count = 0
    with connect(TOKEN, agent_url=url, subscriptions=wanted) as events:
        for event in events:
            each(events, event)
            count += 1
    return count


def read_async(url: str, wanted: list[str], each: Each) -> int:
    async def main() -> int:
        count = 0
        async with connect(TOKEN, agent_url=url, subscriptions=wanted) as events:
            async for event in events:
                each(events, event)
                count += 1
        return count

    return asyncio.run(main())


def measure_cpu(url: str, read: Callable[..., int], total: int) -> float:
    """Return microseconds of CPU for each event, the text of which is read; with those of the library."""
    began = cpu()
    assert read(url, ["broadcast"], lambda _, event: event.get("text")) == total + 1
    return (cpu() - began) / total * 1e6


def measure_delay(url: str, read: Callable[..., int]) -> list[float]:
    """Return the milliseconds from the library's `recv` to the consumer, sorted."""
    received: deque[float] = deque()
    delays: list[float] = []

    def note(events: Any, event: Any) -> None:
        if event.name == "transcript.received" and received:  # the first one was awaited before this watched
            delays.append((time.perf_counter() - received.popleft()) * 1e3)
        elif event.name == "session.started":
            watch(events._driver._socket)

    def watch(socket: Any) -> None:
        receive = socket.receive

        def sync_receive(seconds: float) -> Any:
            return noted(receive(seconds))

        async def async_receive(seconds: float) -> Any:
            return noted(await receive(seconds))

        def noted(raw: Any) -> Any:
            if isinstance(raw, bytes) and b"transcript.received" in raw:
                received.append(time.perf_counter())
            return raw

        socket.receive = async_receive if inspect.iscoroutinefunction(receive) else sync_receive

    read(url, ["transcript"], note)
    return sorted(delays)


def measure_stalled(url: str) -> float:
    """Return the MB that a consumer takes which does not read while 60,000 events come."""
    before = memory()
    with connect(TOKEN, agent_url=url, subscriptions=["broadcast", "transcript"]) as events:
        next(events)
        backlog = events._driver._backlog
        while len(backlog) < 60_000:
            time.sleep(0.05)
        taken = memory() - before
        assert sum(1 for _ in events) == 60_000
    return taken


async def measure_many(url: str, count: int) -> float:
    """Return the kB for each of many listeners in one process."""
    before = memory()
    async with AsyncExitStack() as stack:
        for _ in range(count):
            events = await stack.enter_async_context(connect(TOKEN, agent_url=url, subscriptions=["participant"]))
            await anext(events)
        await asyncio.sleep(1)
        return (memory() - before) * 1024 / count


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("--events", type=int, default=20_000)
    parser.add_argument("--listeners", type=int, default=500)
    arguments = parser.parse_args()
    ours, theirs = multiprocessing.Pipe()
    server = multiprocessing.get_context("spawn").Process(target=run_server, args=(theirs, arguments.events))
    server.start()
    try:
        url = f"ws://127.0.0.1:{ours.recv()}/agent-ws/v1"
        for name, read in (("sync", read_sync), ("async", read_async)):
            measure_cpu(url, read, arguments.events)  # warm
            print(f"{name}: {measure_cpu(url, read, arguments.events):.0f} us of CPU for each event")
            delays = measure_delay(url, read)
            p99, p50 = delays[int(len(delays) * 0.99)], statistics.median(delays)
            print(f"{name}: delay added at {RATE} events a second: p50 {p50:.2f} ms, p99 {p99:.2f} ms")
        print(f"a consumer that stops for 60,000 events: {measure_stalled(url):.0f} MB")
        kilobytes = asyncio.run(measure_many(url, arguments.listeners))
        print(
            f"{arguments.listeners} listeners: {kilobytes:.0f} kB each, {kilobytes * arguments.listeners / 1024:.0f} MB"
        )
    finally:
        ours.send(None)
        server.join()


if __name__ == "__main__":
    main()
