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
import queue
import resource
import statistics
import threading
import time
from collections import deque
from collections.abc import Callable
from contextlib import AsyncExitStack, ExitStack
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from websockets.asyncio.client import connect as async_connect
from websockets.asyncio.server import ServerConnection, serve
from websockets.sync.client import connect as sync_connect

from realtimekit.live import connect

TOKEN = "a-token"  # noqa: S105 - the server of this benchmark does not look at it
SESSION = {"id": "s-1", "meeting_id": "m-1", "started_at": "2026-11-29T10:00:00Z", "ended_at": None}
DELAYED = 2000  # events whose delay is measured
RATE = 1000  # of them each second
STALLED = 60_000  # events for a consumer that does not read: a minute of them


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
        for number in range(STALLED):
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


def measure_floor(url: str, *, asynchronous: bool) -> list[float]:
    """Return the same for a program without this package: the library, and a queue between two threads or tasks.

    On a busy machine most of a delay is the time until a thread gets a processor, which nobody adds.
    """
    return asyncio.run(_async_floor(url)) if asynchronous else _sync_floor(url)


_OPTIONS: dict[str, Any] = {"subprotocols": ["realtimekit.v1"], "compression": None, "ping_interval": None}


def _sync_floor(url: str) -> list[float]:
    arrived: queue.SimpleQueue[float | None] = queue.SimpleQueue()
    delays: list[float] = []

    def receive() -> None:
        with sync_connect(f"{url}?subscriptions=transcript", **_OPTIONS) as connection:
            for _ in connection:
                arrived.put(time.perf_counter())
        arrived.put(None)

    thread = threading.Thread(target=receive)
    thread.start()
    while (at := arrived.get()) is not None:
        delays.append((time.perf_counter() - at) * 1e3)
    thread.join()
    return sorted(delays)


async def _async_floor(url: str) -> list[float]:
    arrived: asyncio.Queue[float | None] = asyncio.Queue()
    delays: list[float] = []

    async def receive() -> None:
        async with async_connect(f"{url}?subscriptions=transcript", **_OPTIONS) as connection:
            async for _ in connection:
                arrived.put_nowait(time.perf_counter())
        arrived.put_nowait(None)

    task = asyncio.create_task(receive())
    while (at := await arrived.get()) is not None:
        delays.append((time.perf_counter() - at) * 1e3)
    await task
    return sorted(delays)


def measure_stalled(url: str) -> tuple[float, int]:
    """Return the MB that a consumer takes which does not read while 60,000 events come, and how many it was sent then.

    What is above its limit waits on the server; nothing is lost.
    """
    before = memory()
    with connect(TOKEN, agent_url=url, subscriptions=["broadcast", "transcript"]) as events:
        next(events)
        backlog, waiting = events._driver._backlog, -1
        while waiting != len(backlog):  # until no more comes
            waiting = len(backlog)
            time.sleep(2)
        taken = memory() - before
        assert sum(1 for _ in events) == STALLED
    return taken, waiting


def measure_many(url: str, count: int, *, asynchronous: bool) -> float:
    """Return the MB of many listeners, in a process of their own: this one has memory to reuse."""
    with multiprocessing.get_context("spawn").Pool(1) as pool:
        return pool.apply(_many_async if asynchronous else _many_sync, (url, count))


def _many_sync(url: str, count: int) -> float:
    with connect(TOKEN, agent_url=url, subscriptions=["participant"]) as events:
        next(events)  # everything is imported
    before = memory()
    with ExitStack() as stack:
        for _ in range(count):
            next(stack.enter_context(connect(TOKEN, agent_url=url, subscriptions=["participant"])))
        return memory() - before


def _many_async(url: str, count: int) -> float:
    async def main() -> float:
        async with connect(TOKEN, agent_url=url, subscriptions=["participant"]) as events:
            await anext(events)
        before = memory()
        async with AsyncExitStack() as stack:
            for _ in range(count):
                listener = connect(TOKEN, agent_url=url, subscriptions=["participant"])
                await anext(await stack.enter_async_context(listener))
            return memory() - before

    return asyncio.run(main())


def quantiles(delays: list[float]) -> str:
    return f"p50 {statistics.median(delays):.2f} ms, p99 {delays[int(len(delays) * 0.99)]:.2f} ms"


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
            print(f"{name}: delay added at {RATE} events a second: {quantiles(measure_delay(url, read))}")
            floor = quantiles(measure_floor(url, asynchronous=read is read_async))
            print(f"{name}: the same without this package: {floor}", flush=True)
        megabytes, waiting = measure_stalled(url)
        print(
            f"a consumer that stops for {STALLED:,} events: {megabytes:.0f} MB, {waiting:,} in its memory", flush=True
        )
        for name in ("sync", "async"):
            megabytes = measure_many(url, arguments.listeners, asynchronous=name == "async")
            each = megabytes * 1024 / arguments.listeners
            print(f"{name}: {arguments.listeners} listeners in a process: {megabytes:.0f} MB, {each:.0f} kB each")
    finally:
        ours.send(None)
        server.join()


if __name__ == "__main__":
    main()
