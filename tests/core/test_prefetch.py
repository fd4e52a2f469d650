"""`prefetch(n)`: at most n concurrent requests, pages in order, and no request after the iteration has ended."""

from __future__ import annotations

import asyncio
import json
import logging
import signal
import subprocess
import sys
import threading
from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import AsyncRealtimeKit, NotFoundError, RealtimeKit
from realtimekit.interfaces import Request, Response
from tests.transports.loopback import Connection, Server, answer

from .scripted import SETTINGS, Mode, Step, call_of, error, lost, ok, paging_of

PATIENCE = 20  # seconds; only a failing test waits that long


def page(number: int, last: int, *, says: bool = True) -> Response:
    """Page `number` of `last`, of one session each."""
    found = [{"id": str(number)}] if number <= last else []
    return ok({"sessions": found}, paging_of(last, number, number) if says else None)


def number_of(request: Request) -> int:
    return int(call_of(request).query["page_no"])


class Threads:
    """A transport that counts concurrent requests."""

    def __init__(self, serve: Callable[[int], Response]) -> None:
        self.serve = serve
        self.asked: list[int] = []
        self.under_way = self.most = 0
        self.lock = threading.Lock()

    def send(self, request: Request, /) -> Response:
        number = number_of(request)
        with self.lock:
            self.asked.append(number)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        try:
            return self.serve(number)
        finally:
            with self.lock:
                self.under_way -= 1

    def sessions(self, window: int) -> Any:
        return RealtimeKit(transport=self, **SETTINGS).sessions.prefetch(window)


class Tasks:
    """As `Threads`, for tasks; `serve` may wait."""

    def __init__(self, serve: Callable[[int], Any]) -> None:
        self.serve = serve
        self.asked: list[int] = []
        self.given_up: list[int] = []
        self.under_way = self.most = 0

    async def send(self, request: Request, /) -> Response:
        number = number_of(request)
        self.asked.append(number)
        self.under_way += 1
        self.most = max(self.most, self.under_way)
        try:
            found = self.serve(number)
            response: Response = await found if asyncio.iscoroutine(found) else found
        except asyncio.CancelledError:
            self.given_up.append(number)
            raise
        else:
            return response
        finally:
            self.under_way -= 1

    def sessions(self, window: int) -> Any:
        return AsyncRealtimeKit(transport=self, **SETTINGS).sessions.prefetch(window)


async def turns(count: int = 20) -> None:
    """Let the event loop run (asyncio.sleep is replaced by a recorder here)."""
    loop = asyncio.get_running_loop()
    for _ in range(count):
        turn = loop.create_future()
        loop.call_soon(turn.set_result, None)
        await turn


def no_threads_left() -> None:
    for thread in threading.enumerate():
        if thread.name.startswith("realtimekit-prefetch"):
            thread.join(PATIENCE)
            assert not thread.is_alive()


@pytest.mark.parametrize("window", [1, 2, 3, 10])
@pytest.mark.parametrize("last", [0, 1, 2, 7])
@pytest.mark.parametrize("says", [True, False], ids=["paging", "no paging"])
def test_the_same_records_in_the_same_order(mode: Mode, window: int, last: int, *, says: bool) -> None:
    transport = (Tasks if mode.asynchronous else Threads)(lambda number: page(number, last, says=says))
    sessions = mode.each(transport.sessions(window))
    assert [int(session.id) for session in sessions] == list(range(1, last + 1))
    assert sorted(transport.asked) == list(range(1, (max(last, 1) if says else last + 1) + 1))
    assert transport.most <= window


@pytest.mark.parametrize("limit", [1, 2, 5, 9])
def test_no_page_beyond_the_limit(mode: Mode, limit: int) -> None:
    transport = (Tasks if mode.asynchronous else Threads)(lambda number: page(number, 100))
    assert len(mode.each(transport.sessions(4).limit(limit))) == limit
    assert sorted(transport.asked) == list(range(1, limit + 1))


def test_no_page_is_requested_ahead_while_the_last_page_is_unknown(mode: Mode) -> None:
    transport = (Tasks if mode.asynchronous else Threads)(lambda number: page(number, 5, says=False))
    mode.each(transport.sessions(4))
    assert transport.asked == [1, 2, 3, 4, 5, 6]
    assert transport.most == 1


class TestThreads:
    def test_pages_are_requested_concurrently(self) -> None:
        meeting_point = threading.Barrier(3)

        def serve(number: int) -> Response:
            if 2 <= number <= 4:
                meeting_point.wait(PATIENCE)  # passes only if pages 2, 3 and 4 are asked for together
            return page(number, 4)

        transport = Threads(serve)
        assert len(list(transport.sessions(3))) == 4
        assert transport.most == 3

    def test_pages_are_returned_in_order(self) -> None:
        third = threading.Event()

        def serve(number: int) -> Response:
            if number == 2:
                assert third.wait(PATIENCE)
            if number == 3:
                third.set()
            return page(number, 5)

        assert [session.id for session in Threads(serve).sessions(2)] == ["1", "2", "3", "4", "5"]

    def test_memory_is_bounded_by_the_window(self) -> None:
        transport = Threads(lambda number: page(number, 50))
        for read, _ in enumerate(transport.sessions(3).pages(), 1):
            assert max(transport.asked) <= read + 2

    def test_an_early_break_stops_requesting(self) -> None:
        transport = Threads(lambda number: page(number, 50))
        for session in transport.sessions(3):
            if session.id == "4":
                break
        no_threads_left()
        assert set(range(1, 5)) <= set(transport.asked) <= set(range(1, 7))
        assert transport.under_way == 0

    @pytest.mark.parametrize("failure", [error(503), error(429, retry_after="50"), lost()])
    def test_nothing_is_retried_after_the_iteration(self, failure: Step) -> None:
        left = threading.Event()

        def serve(number: int) -> Response:
            if number <= 2:
                return page(number, 9)
            assert left.wait(PATIENCE)
            if isinstance(failure, BaseException):
                raise failure
            return failure

        transport = Threads(serve)
        pages = transport.sessions(3).pages()
        next(pages)
        next(pages)  # 3 and 4 are under way, or will be
        pages.close()
        left.set()
        no_threads_left()
        assert len(set(transport.asked)) == len(transport.asked), "some page was asked for again"
        assert set(transport.asked) <= {1, 2, 3, 4}

    def test_pages_are_retried_while_iterating(self) -> None:
        tried: set[int] = set()

        def serve(number: int) -> Response:
            if number in tried:
                return page(number, 5)
            tried.add(number)
            if number == 3:
                raise lost()
            return error(503, retry_after="0")

        assert [session.id for session in Threads(serve).sessions(3)] == ["1", "2", "3", "4", "5"]

    @pytest.mark.parametrize("transport", ["httpcore2", "pyreqwest"])
    @pytest.mark.parametrize("end", ["break", "interrupt"])
    def test_a_program_that_exits_while_iterating_ends_at_once(self, transport: str, end: str) -> None:
        """The requests are pending at a server that does not respond."""
        silent = threading.Event()

        def script(connection: Connection) -> None:
            while request := connection.receive():
                number = int(request.target.rpartition("page_no=")[2])
                if number > 2:
                    silent.set()
                    return connection.wait_for_close()
                data = {"sessions": [{"id": str(number)}]}
                connection.send(answer(json.dumps({"data": data, "paging": paging_of(9, number, number)}).encode()))
            return None

        with Server(script) as server:
            given = {"api_token": "x", "account_id": "a", "app_id": "b", "base_url": server.url}
            program = f"""
from realtimekit import RealtimeKit
sessions = iter(RealtimeKit(transport={transport!r}, **{given!r}).sessions.prefetch(3))
print(next(sessions).id, next(sessions).id, flush=True)
if {end!r} == "interrupt":
    next(sessions)
input()
"""
            child = subprocess.Popen(
                [sys.executable, "-c", program],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.PIPE,
                text=True,
            )
            try:
                assert child.stdout is not None
                assert child.stdout.readline() == "1 2\n"
                assert silent.wait(PATIENCE)
                if end == "interrupt":
                    # Python loses a signal that arrives in a weak reference's callback, as when a thread's object is
                    # freed: by now the program is past that, and waits.
                    threading.Event().wait(0.2)
                    child.send_signal(signal.SIGINT)
                _, errors = child.communicate("\n", timeout=PATIENCE)
            finally:
                child.kill()
                child.wait()
        assert errors.rstrip().endswith("KeyboardInterrupt" if end == "interrupt" else "")

    def test_a_failure_is_raised_when_its_page_is_read(self) -> None:
        failed = threading.Event()

        def serve(number: int) -> Response:
            if number == 2:
                assert failed.wait(PATIENCE)
            if number == 3:
                failed.set()
                return error(404)
            return page(number, 9)

        sessions = iter(Threads(serve).sessions(2))
        assert [next(sessions).id, next(sessions).id] == ["1", "2"]
        with pytest.raises(NotFoundError):
            next(sessions)
        no_threads_left()


class TestTasks:
    def test_pages_are_requested_concurrently(self) -> None:
        async def story() -> None:
            together = asyncio.Event()

            async def serve(number: int) -> Response:
                if 2 <= number <= 4:
                    if transport.under_way == 3:
                        together.set()
                    await asyncio.wait_for(together.wait(), PATIENCE)
                return page(number, 4)

            transport = Tasks(serve)
            assert len(await transport.sessions(3).all()) == 4
            assert transport.most == 3

        asyncio.run(story())

    def test_pages_are_returned_in_order(self) -> None:
        async def story() -> list[str]:
            third = asyncio.Event()

            async def serve(number: int) -> Response:
                if number == 2:
                    await asyncio.wait_for(third.wait(), PATIENCE)
                if number == 3:
                    third.set()
                return page(number, 5)

            return [session.id async for session in Tasks(serve).sessions(2)]

        assert asyncio.run(story()) == ["1", "2", "3", "4", "5"]

    def test_memory_is_bounded_by_the_window(self) -> None:
        async def story() -> None:
            transport = Tasks(lambda number: page(number, 50))
            read = 0
            async for _ in transport.sessions(3).pages():
                read += 1
                await turns()
                assert max(transport.asked) <= read + 2

        asyncio.run(story())

    def test_an_early_break_stops_requesting(self) -> None:
        async def story() -> None:
            transport = Tasks(lambda number: page(number, 50))
            async for session in transport.sessions(3):
                if session.id == "4":
                    break
            await turns()
            asked = list(transport.asked)
            assert set(asked) <= set(range(1, 7))
            await turns()
            assert transport.asked == asked
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(story())

    def test_cancellation_cancels_the_pending_pages(self) -> None:
        async def story() -> None:
            never = asyncio.Event()

            async def serve(number: int) -> Response:
                if number > 1:
                    await never.wait()
                return page(number, 9)

            transport = Tasks(serve)
            reader = asyncio.ensure_future(transport.sessions(3).all())
            await turns()
            assert transport.under_way == 3
            reader.cancel()
            with pytest.raises(asyncio.CancelledError):
                await reader
            await turns()
            assert sorted(transport.given_up) == [2, 3, 4]
            assert asyncio.all_tasks() == {asyncio.current_task()}

        asyncio.run(story())

    def test_a_failure_is_raised_when_its_page_is_read_and_no_other_is_reported(
        self, caplog: pytest.LogCaptureFixture
    ) -> None:
        async def story() -> list[str]:
            transport = Tasks(lambda number: page(number, 9) if number < 3 else error(404))
            sessions = aiter(transport.sessions(4))
            read = [(await anext(sessions)).id, (await anext(sessions)).id]
            with pytest.raises(NotFoundError):
                await anext(sessions)
            await turns()
            return read

        with caplog.at_level(logging.ERROR, "asyncio"):
            assert asyncio.run(story()) == ["1", "2"]
        assert caplog.records == []
