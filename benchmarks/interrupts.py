"""`make interrupts`: calls that are interrupted or canceled at random points, beside others. Linux only.

In each of four rounds (both transports, both modes) a client is shared. In the sync ones, a signal handler raises in
the main thread while three other threads make calls; in the async ones, tasks are canceled while others continue. Every
other call must get its own response, and in the end nothing may be left: no thread, no open connection, no reservation
of the limiter, no lock that a later call would wait for.

Exit code 1: something was left, or a call had a wrong result.
"""

from __future__ import annotations

import argparse
import asyncio
import gc
import os
import random
import signal
import subprocess
import sys
import threading
import time
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtimekit import AsyncRealtimeKit, RealtimeKit
from realtimekit.limits import LocalLimiter

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

OTHERS = 3  # threads, or tasks
MAX_DELAY = 0.004  # seconds until an interrupt: a call takes about a millisecond
KEPT = 200  # exceptions with their tracebacks, which hold the frames of the calls
TIMEOUT = 10.0  # seconds for each call
HANGING = 30.0  # seconds after which a thread that does not end hangs


class InterruptError(Exception):
    """Raised by the signal handler, like the soft time limit of a task queue."""


class Round:
    """One client and its calls."""

    def __init__(self, url: str, transport: Any, calls: int, chance: random.Random) -> None:
        self.limiter = LocalLimiter(quota=10**9, window=3600)
        self.settings: dict[str, Any] = {
            "api_token": "t",
            "account_id": "a",
            "app_id": "app",
            "base_url": url,
            "timeout": TIMEOUT,
            "max_retries": 0,
            "transport": transport,
            "limiter": self.limiter,
        }
        self.calls, self.chance = calls, chance
        self.stopping = False
        self.others = self.interrupted = 0
        self.kept: list[BaseException] = []
        self.problems: list[str] = []

    def keep(self, error: BaseException) -> None:
        """Count an interrupted call, and keep some of the exceptions."""
        self.interrupted += 1
        self.kept = [*self.kept[1 - KEPT :], error]

    def check(self, got: str, expected: str) -> None:
        """Record a response to another call."""
        if got != expected:
            self.problems.append(f"requested {expected}, got {got}")


class SyncRound(Round):
    """Threads share a client; the main thread is interrupted."""

    def run(self) -> None:
        """Make the calls."""
        client = RealtimeKit(**self.settings)
        # The first calls import modules. Interrupted there, Python itself may keep the lock of a module (3.11).
        client.sessions.find("first")
        client.meetings.prefetch(8).all()
        threads = [threading.Thread(target=self._other, args=[client, n], daemon=True) for n in range(OTHERS)]
        for thread in threads:
            thread.start()
        signal.signal(signal.SIGALRM, _interrupt)
        for number in range(self.calls):
            self._interrupted_call(client, number)
        signal.signal(signal.SIGALRM, signal.SIG_IGN)
        self.stopping = True
        until = time.monotonic() + HANGING
        for thread in threads:
            thread.join(max(0.0, until - time.monotonic()))
            if thread.is_alive():
                self.problems.append("a thread hangs")
        client.sessions.find("last")
        client.close()

    def _interrupted_call(self, client: RealtimeKit, number: int) -> None:
        name, pages = f"main-{number}", number % 20 == 0
        try:
            try:
                signal.setitimer(signal.ITIMER_REAL, self.chance.uniform(1e-5, MAX_DELAY))
                if pages:
                    client.meetings.prefetch(8).all()
                else:
                    self.check(client.sessions.find(name).id, name)
            finally:
                signal.setitimer(signal.ITIMER_REAL, 0)
        except InterruptError as error:
            self.keep(error)

    def _other(self, client: RealtimeKit, thread: int) -> None:
        while not self.stopping:
            name = f"{thread}-{self.others}"
            self.others += 1
            try:
                self.check(client.sessions.find(name).id, name)
            except Exception as error:  # noqa: BLE001 - reported at the end
                self.problems.append(f"another thread got {error!r}")
                return


def _interrupt(*_: object) -> None:
    raise InterruptError


class AsyncRound(Round):
    """Tasks share a client; some are canceled."""

    def run(self) -> None:
        """Make the calls."""
        asyncio.run(self._run())

    async def _run(self) -> None:
        async with AsyncRealtimeKit(**self.settings) as client:
            others = [asyncio.create_task(self._other(client, n)) for n in range(OTHERS)]
            for number in range(0, self.calls, 10):
                calls = [asyncio.create_task(self._call(client, number + n)) for n in range(10)]
                for call in calls:
                    await asyncio.sleep(self.chance.uniform(0, MAX_DELAY / 4))
                    call.cancel()
                for result in await asyncio.gather(*calls, return_exceptions=True):
                    if isinstance(result, BaseException):
                        self.keep(result)
            self.stopping = True
            for result in await asyncio.wait_for(asyncio.gather(*others, return_exceptions=True), HANGING):
                if isinstance(result, BaseException):
                    self.problems.append(f"another task got {result!r}")
            await client.sessions.find("last")

    async def _call(self, client: AsyncRealtimeKit, number: int) -> None:
        if number % 20 == 0:
            await client.meetings.prefetch(8).all()
        else:
            name = f"main-{number}"
            self.check((await client.sessions.find(name)).id, name)

    async def _other(self, client: AsyncRealtimeKit, task: int) -> None:
        while not self.stopping:
            name = f"{task}-{self.others}"
            self.others += 1
            self.check((await client.sessions.find(name)).id, name)


def left_over(before: set[str], round_: Round) -> list[str]:
    """Return what is left of a round, after waiting for what ends by itself."""
    until = time.monotonic() + HANGING
    while True:
        in_flight, _ = round_.limiter.count_in_flight()
        if not in_flight:  # also while the exceptions are kept; what they were connecting to goes with them
            round_.kept.clear()
        gc.collect()
        # `threading` also lists a thread whose start() was interrupted before it ran; that one is not alive.
        alive = [thread.name for thread in threading.enumerate() if thread.is_alive()]
        threads = [name for name in alive if name.startswith("realtimekit")]
        sockets = _sockets() - before
        found = [*threads, *sockets, *([f"{in_flight} requests in flight"] if in_flight else [])]
        if not found or time.monotonic() > until:
            return found
        time.sleep(0.1)


def _sockets() -> set[str]:
    found: set[str] = set()
    for name in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names of descriptors
        try:
            target = str(Path("/proc/self/fd", name).readlink())
        except OSError:
            continue
        if target.startswith("socket:"):
            found.add(target)
    return found


# --- the server -------------------------------------------------------------------------------------------------------


async def _serve() -> None:
    server = await asyncio.start_server(_answer, "127.0.0.1", 0)
    print(server.sockets[0].getsockname()[1], flush=True)
    await asyncio.get_running_loop().run_in_executor(None, sys.stdin.read)


async def _answer(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    try:
        while head := await reader.readuntil(b"\r\n\r\n"):
            path, _, query = head.split(b" ", 2)[1].partition(b"?")
            name = path.rpartition(b"/")[2]
            body = b'{"success":true,"data":{"id":"%s"}}' % name
            if name == b"meetings":
                page = int(query.partition(b"page_no=")[2].partition(b"&")[0] or 1)
                paging = b'{"start_offset":%d,"end_offset":%d,"total_count":6}' % (page, page)
                body = b'{"success":true,"data":[{"id":"%d"}],"paging":%s}' % (page, paging)
            await asyncio.sleep(0.0005)
            writer.write(b"HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s" % (len(body), body))
    except (asyncio.IncompleteReadError, ConnectionError):
        pass
    finally:
        writer.close()


@contextmanager
def served() -> Generator[str]:
    """Serve in a process of its own; the URL."""
    command = [sys.executable, "-m", "benchmarks.interrupts", "--serve"]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True) as server:
        assert server.stdin is not None
        assert server.stdout is not None
        try:
            yield f"http://127.0.0.1:{int(server.stdout.readline())}"
        finally:
            server.stdin.close()


def main(calls: int, seed: int) -> int:
    """Run all rounds and print their results."""
    rounds: list[tuple[str, Callable[..., SyncRound | AsyncRound], str]] = [
        ("sync", SyncRound, "httpcore2"),
        ("async", AsyncRound, "httpcore2"),
        ("sync", SyncRound, "pyreqwest"),
        ("async", AsyncRound, "pyreqwest"),
    ]
    failed = False
    with served() as url:
        for mode, kind, transport in rounds:
            before = _sockets()
            this = kind(url, transport, calls, random.Random(seed))  # noqa: S311 - repeatable
            this.run()
            problems = [*this.problems[:5], *left_over(before, this)]
            failed |= bool(problems)
            print(f"{transport} {mode}: {calls} calls, {this.interrupted} interrupted, {this.others} beside them")
            for problem in problems:
                print(f"  {problem}")
    print("something was left" if failed else "nothing was left")
    return int(failed)


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--calls", type=int, default=10_000, help="calls of each round that are interrupted")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--serve", action="store_true", help="be the server")
    given = parser.parse_args()
    if given.serve:
        asyncio.run(_serve())
    else:
        sys.exit(main(given.calls, given.seed))
