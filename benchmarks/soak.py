"""`make soak`: ten minutes of all kinds of calls, to see whether memory, descriptors or threads grow. Linux only.

The emulator is served by a process of its own. This one makes the calls in rounds: threads and event loops start, share
clients or make their own, and end with the round. Then the process takes a sample of itself, while it is idle. Some of
the calls fail, as in reality: broken connections, timeouts, error responses.

Exit code 1: something grew, or a call had an unexpected result.
"""

from __future__ import annotations

import argparse
import asyncio
import ctypes
import gc
import io
import json
import math
import os
import random
import subprocess
import sys
import threading
import time
import tracemalloc
from collections import Counter
from contextlib import contextmanager
from pathlib import Path
from statistics import median
from typing import TYPE_CHECKING, Any, NamedTuple

import realtimekit
from realtimekit import APIConnectionError, APITimeoutError, AsyncRealtimeKit, NotFoundError, RealtimeKit, ServerError
from realtimekit.emulator.remote import RemoteEmulator

if TYPE_CHECKING:
    from collections.abc import Callable, Generator, Sequence

THREADS, LOOPS, TASKS = 4, 3, 3  # per round; tasks per loop
TURNS = 4  # calls of a thread or task in a round
CALLS_PER_ROUND = (THREADS + LOOPS * TASKS) * TURNS
SHORT_TIMEOUT = 0.15  # seconds, for responses that come too late
TRANSPORTS: tuple[Any, ...] = ("httpcore2", "pyreqwest")


# --- samples of the process -------------------------------------------------------------------------------------------


class Sample(NamedTuple):
    """This process between two rounds."""

    seconds: float
    calls: int
    memory: float  # MiB, resident
    descriptors: int
    threads: int
    objects: int  # allocated by this package and still alive; 0 without --trace

    def row(self) -> str:
        """Return a line of the table."""
        figures = f"{self.seconds:8.1f} {self.calls:8} {self.memory:8.1f}"
        return f"{figures} {self.descriptors:12} {self.threads:8} {self.objects:8}"


# How much more the last quarter may have than the second: fragments of an allocator, connections that are open.
TOLERANCES = {"memory": 4.0, "descriptors": 4.0, "threads": 2.0, "objects": 200.0}


def sample(seconds: float, calls: int) -> Sample:
    """Take a sample after garbage collection, and after free memory was returned: the rest is in use."""
    gc.collect()
    if trim := getattr(ctypes.CDLL(None), "malloc_trim", None):  # only glibc has it
        trim(0)
    status = dict(line.split(":", 1) for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines())
    return Sample(
        seconds,
        calls,
        int(status["VmRSS"].split()[0]) / 1024,
        len(os.listdir("/proc/self/fd")),  # noqa: PTH208 - each sample has one for the listing itself
        int(status["Threads"]),
        _objects() if tracemalloc.is_tracing() else 0,
    )


def _objects() -> int:
    ours = tracemalloc.Filter(inclusive=True, filename_pattern=str(Path(realtimekit.__file__).parent / "*"))
    return sum(line.count for line in tracemalloc.take_snapshot().filter_traces([ours]).statistics("filename"))


def grown(samples: Sequence[Sample]) -> list[str]:
    """Return what grew: where the median of the last quarter exceeds that of the second by more than the tolerance."""
    quarter = len(samples) // 4
    if not quarter:
        return [f"{len(samples)} samples are too few to tell"]
    found: list[str] = []
    for name, tolerance in TOLERANCES.items():
        if name == "memory" and samples[-1].objects:
            continue  # most of it is used by the tracer
        values = [getattr(sample, name) for sample in samples]
        before, after = median(values[quarter : 2 * quarter]), median(values[-quarter:])
        if after - before > tolerance:
            found.append(f"{name} grew from {before:g} to {after:g}; up to {tolerance:g} more is tolerated")
    return found


# --- the calls --------------------------------------------------------------------------------------------------------

# Call -> its weight, and the error that it must raise because of FAULTS.
MIX: dict[str, tuple[int, type[Exception] | None]] = {
    "find": (30, None),
    "list": (10, None),
    "prefetch": (4, None),
    "create": (8, None),
    "chat": (6, None),
    "download": (4, None),
    "again": (2, None),
    "missing": (8, NotFoundError),
    "broken": (4, ServerError),
    "cut": (4, APIConnectionError),
    "half": (4, APIConnectionError),
    "late": (2, APITimeoutError),
}
NAMES, WEIGHTS = list(MIX), [weight for weight, _ in MIX.values()]
FAULTS: list[Any] = [
    {"path": "*/sessions/broken", "status": 502, "body": "<html>bad gateway</html>"},
    {"path": "*/sessions/cut", "cut": "before"},
    {"path": "*/sessions/half", "cut": "within", "status": 200, "body": {"success": True, "data": {"id": "half"}}},
    {"path": "*/sessions/late", "latency_seconds": 60},
    {"path": "*/sessions/sess-1/summary", "probability": 0.5, "status": 503, "retry_after_date": 0},
]
PERSON: Any = {"name": "Dan", "custom_participant_id": "dan", "preset_name": "group_call_participant"}


def call(client: RealtimeKit, name: str) -> None:
    """Make one call, or a few that belong together."""
    match name:
        case "find":
            assert client.sessions.find("sess-1").status == "ENDED"
        case "list":
            assert len(client.meetings.page_size(3).limit(9).all()) == 9
        case "prefetch":
            assert len(client.meetings.page_size(2).limit(8).prefetch(4).all()) == 8
        case "create":
            client.meetings.ref("meet-1").participants.create(**PERSON).destroy()
        case "chat":
            assert len(client.sessions.ref("sess-1").chat.messages()) == 2
        case "download":
            client.sessions.ref("sess-1").transcript.download(io.BytesIO())
        case "again":
            assert client.with_options(max_retries=30).sessions.ref("sess-1").summary.text()
        case _:
            client.with_options(max_retries=0).sessions.find(name, timeout=SHORT_TIMEOUT if name == "late" else 30)


async def call_async(client: AsyncRealtimeKit, name: str) -> None:
    """Make one call, or a few that belong together, with an async client."""
    match name:
        case "find":
            assert (await client.sessions.find("sess-1")).status == "ENDED"
        case "list":
            assert len(await client.meetings.page_size(3).limit(9).all()) == 9
        case "prefetch":
            assert len(await client.meetings.page_size(2).limit(8).prefetch(4).all()) == 8
        case "create":
            await (await client.meetings.ref("meet-1").participants.create(**PERSON)).destroy()
        case "chat":
            assert len(await (await client.sessions.ref("sess-1").chat).messages()) == 2
        case "download":
            await (await client.sessions.ref("sess-1").transcript).download(io.BytesIO())
        case "again":
            summary = await client.with_options(max_retries=30).sessions.ref("sess-1").summary
            assert await summary.text()
        case _:
            await client.with_options(max_retries=0).sessions.find(
                name, timeout=SHORT_TIMEOUT if name == "late" else 30
            )


class Mix:
    """The shared clients, and the outcomes of the calls."""

    def __init__(self, settings: dict[str, Any]) -> None:
        self.settings = settings
        self.shared = {name: RealtimeKit(transport=name, **settings) for name in TRANSPORTS}
        self.shared_async = {name: AsyncRealtimeKit(transport=name, **settings) for name in TRANSPORTS}
        self.outcomes: Counter[str] = Counter()
        self.wrong: Counter[str] = Counter()

    def round(self, number: int) -> None:
        """Start threads and event loops, let them make calls, and wait for their end."""
        chances = [random.Random(number * 100 + n) for n in range(THREADS + LOOPS)]  # noqa: S311 - repeatable
        threads = [
            threading.Thread(target=self._thread if n < THREADS else self._loop, args=[number + n, chance])
            for n, chance in enumerate(chances)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    def _thread(self, number: int, chance: random.Random) -> None:
        transport = TRANSPORTS[number % 2]
        match number % 5:
            case 0:
                with RealtimeKit(transport=transport, **self.settings) as client:
                    self._turns(client, chance)
            case 1:  # left to the garbage collector
                self._turns(RealtimeKit(transport=transport, **self.settings), chance)
            case _:
                self._turns(self.shared[transport], chance)

    def _turns(self, client: RealtimeKit, chance: random.Random) -> None:
        for name in chance.choices(NAMES, WEIGHTS, k=TURNS):
            with self._expected(name):
                call(client, name)

    def _loop(self, number: int, chance: random.Random) -> None:
        asyncio.run(self._tasks(number, chance))

    async def _tasks(self, number: int, chance: random.Random) -> None:
        transport = TRANSPORTS[number % 2]
        if number % 3:  # shared by one loop after another, and closed by none
            await self._gathered(self.shared_async[transport], chance)
        else:
            async with AsyncRealtimeKit(transport=transport, **self.settings) as client:
                await self._gathered(client, chance)

    async def _gathered(self, client: AsyncRealtimeKit, chance: random.Random) -> None:
        async def turns(names: list[str]) -> None:
            for name in names:
                with self._expected(name):
                    await call_async(client, name)

        await asyncio.gather(*(turns(chance.choices(NAMES, WEIGHTS, k=TURNS)) for _ in range(TASKS)))

    @contextmanager
    def _expected(self, name: str) -> Generator[None]:
        expected = MIX[name][1]
        try:
            yield
        except Exception as error:  # noqa: BLE001 - reported at the end
            if expected is None or not isinstance(error, expected):
                self.wrong[f"{name}: {type(error).__name__}: {error}"] += 1
            self.outcomes[type(error).__name__] += 1
        else:
            if expected is not None:
                self.wrong[f"{name}: no {expected.__name__}"] += 1
            self.outcomes["done"] += 1


# --- the soak test ----------------------------------------------------------------------------------------------------


@contextmanager
def emulator() -> Generator[dict[str, Any]]:
    """Start an emulator with a session, a dozen meetings and FAULTS, and yield the settings of its clients."""
    command = [sys.executable, "-m", "realtimekit", "emulator", "--demo", "--json", "--port", "0"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        try:
            assert process.stdout is not None
            settings = json.loads(process.stdout.readline())
            remote = RemoteEmulator(settings.pop("control_url"))
            with RealtimeKit(**settings) as client:
                for number in range(12):
                    client.meetings.create(title=f"Meeting {number}")
            remote.add_faults(FAULTS)
            yield settings
        finally:
            process.terminate()


def soak(calls: int, seconds: float, every: float, report: Callable[[Sample], object]) -> tuple[Mix, list[Sample]]:
    """Make a number of calls in about a given time.

    Args:
        calls: the number of calls; a few that belong together count as one.
        seconds: the time; 0 for as fast as possible.
        every: the minimum number of seconds between two samples.
        report: called with each sample.
    """
    samples: list[Sample] = []
    with emulator() as settings:
        mix, begun = Mix(settings), time.monotonic()
        for number in range(math.ceil(calls / CALLS_PER_ROUND)):
            time.sleep(max(0.0, begun + seconds * number * CALLS_PER_ROUND / calls - time.monotonic()))
            mix.round(number)
            now = time.monotonic() - begun
            if not samples or now - samples[-1].seconds >= every:
                samples.append(sample(now, mix.outcomes.total()))
                report(samples[-1])
    return mix, samples


def main() -> int:
    """Run the soak test, print the samples, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.soak", description=__doc__)
    parser.add_argument("--calls", type=int, default=50_000)
    parser.add_argument("--seconds", type=float, default=600, help="approximate time; 0 for as fast as possible")
    parser.add_argument("--every", type=float, default=5, help="minimum seconds between two samples")
    parser.add_argument("--trace", action="store_true", help="also count the objects of this package (slow)")
    options = parser.parse_args()
    if not Path("/proc/self/status").exists():
        parser.error("needs /proc, which exists only on Linux")
    if options.trace:
        tracemalloc.start()
    say(f"{'seconds':>8} {'calls':>8} {'MiB':>8} {'descriptors':>12} {'threads':>8} {'objects':>8}")
    mix, samples = soak(options.calls, options.seconds, options.every, lambda now: say(now.row()))
    say(", ".join(f"{count} {name}" for name, count in mix.outcomes.most_common()))
    problems = grown(samples) + [f"{count} times {what}" for what, count in mix.wrong.most_common()]
    say("\n".join(problems) or "nothing grew")
    return 1 if problems else 0


def say(text: str) -> None:
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
