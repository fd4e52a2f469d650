"""Prefetching of pages, in order and with bounded concurrency: a sync version for threads, an async one for tasks."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Coroutine
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from realtimekit.flow import STEP_ERRORS, Flow, Sleep, Step

if TYPE_CHECKING:
    from asyncio import Task

T = TypeVar("T")


def _pages_to_request(number: int, last: int | None, concurrency: int) -> range:
    """Return the pages to have requested when page `number` is read: only this one while the last page is unknown."""
    return range(number, min(number + concurrency - 1, number if last is None else last) + 1)


class Prefetcher(Generic[T]):
    """Fetches pages with up to `concurrency` threads.

    They are daemon threads, so that a program that is interrupted while iterating exits at once. (The interpreter waits
    for threads of `concurrent.futures`, with all their retries.) A flow wrapped in `until_closed` ends with the
    iteration.
    """

    def __init__(self, concurrency: int, fetch: Callable[[int], T]) -> None:
        self._concurrency, self._fetch = concurrency, fetch
        self._pending: dict[int, _PageFetch[T]] = {}
        self._reader = threading.get_ident()
        self._closed = False

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._closed = True

    def get(self, number: int, last: int | None) -> T:
        """Return page `number`, and request the ones after it, up to page `last`, in the background."""
        wanted = _pages_to_request(number, last, self._concurrency)
        if not self._pending and len(wanted) <= 1:
            return self._fetch(number)
        for page in wanted:
            if page not in self._pending:
                self._pending[page] = _PageFetch(partial(self._fetch, page))
        return self._pending.pop(number).result()

    def until_closed(self, flow: Flow[T]) -> Flow[T]:
        """Wrap a flow so that, in a background thread, it ends when the prefetcher is closed."""
        return flow if threading.get_ident() == self._reader else _run_until(lambda: self._closed, flow)


class _PageFetch(Generic[T]):
    """Fetches one page in a thread of its own."""

    _value: T
    _error: BaseException | None = None

    def __init__(self, fetch: Callable[[], T]) -> None:
        self._thread = threading.Thread(target=self._run, args=[fetch], name="realtimekit-prefetch", daemon=True)
        self._thread.start()

    def _run(self, fetch: Callable[[], T]) -> None:
        try:
            self._value = fetch()
        except BaseException as error:  # noqa: BLE001 - raised where the page is read
            self._error = error

    def result(self) -> T:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value


class _ClosedError(Exception):
    """The prefetcher was closed: nobody waits for the page."""


_MAX_SLEEP = 0.05  # seconds


def _sleep(seconds: float, is_closed: Callable[[], bool]) -> None:
    # Not an Event: if its set() were interrupted, its lock would stay taken, and all threads would wait forever.
    until = time.monotonic() + seconds
    while not is_closed() and (left := until - time.monotonic()) > 0:
        time.sleep(min(left, _MAX_SLEEP))


def _run_until(is_closed: Callable[[], bool], flow: Flow[T]) -> Flow[T]:
    """Run a flow until the prefetcher is closed: then it sends nothing more, and a sleep ends soon."""
    resume: Callable[[Any], Step] = flow.send
    value: Any = None
    try:
        while not is_closed():
            try:
                step = resume(value)
            except StopIteration as stop:
                return cast("T", stop.value)
            resume, value = flow.send, None
            if isinstance(step, Sleep):
                _sleep(step.seconds, is_closed)
                continue
            try:
                value = yield step
            except STEP_ERRORS as error:
                resume, value = flow.throw, error
    finally:
        flow.close()
    raise _ClosedError


class AsyncPrefetcher(Generic[T]):
    """Fetches pages with up to `concurrency` tasks."""

    def __init__(self, concurrency: int, fetch: Callable[[int], Coroutine[Any, Any, T]]) -> None:
        self._concurrency, self._fetch = concurrency, fetch
        self._pending: dict[int, Task[T]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._pending:
            import asyncio

            for task in self._pending.values():
                task.cancel()
            await asyncio.gather(*self._pending.values(), return_exceptions=True)

    async def get(self, number: int, last: int | None) -> T:
        """Return page `number`, and request the ones after it, up to page `last`, in the background."""
        wanted = _pages_to_request(number, last, self._concurrency)
        if not self._pending and len(wanted) <= 1:
            return await self._fetch(number)
        import asyncio

        for page in wanted:
            if page not in self._pending:
                self._pending[page] = asyncio.create_task(self._fetch(page))
        return await self._pending.pop(number)
