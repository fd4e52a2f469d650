"""Pages asked for ahead of their reader, in order and within a window; in small twins for threads and tasks."""

from __future__ import annotations

import threading
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar, cast

from realtimekit.errors import APIConnectionError
from realtimekit.flow import Sleep

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Callable, Coroutine

    from realtimekit.flow import Flow, Step

T = TypeVar("T")


def _wanted(number: int, last: int | None, window: int) -> range:
    """The pages to have under way when page `number` is read. Where the last is unknown none is guessed."""
    return range(number, min(number + window - 1, number if last is None else last) + 1)


class Prefetcher(Generic[T]):
    """Reads pages with up to `window` threads.

    They are daemons: a program that is interrupted in a walk ends at once. (Those of `concurrent.futures` are waited
    for, retries and all.) A flow that is given to `while_read` ends with the walk, too.
    """

    def __init__(self, window: int, fetch: Callable[[int], T]) -> None:
        self._window, self._fetch = window, fetch
        self._under_way: dict[int, _Thread[T]] = {}
        self._reader = threading.get_ident()
        self._left = threading.Event()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._left.set()

    def get(self, number: int, last: int | None) -> T:
        """Page `number`; the ones after it, up to page `last`, are asked for meanwhile."""
        wanted = _wanted(number, last, self._window)
        if not self._under_way and len(wanted) <= 1:
            return self._fetch(number)
        for page in wanted:
            if page not in self._under_way:
                self._under_way[page] = _Thread(partial(self._fetch, page))
        return self._under_way.pop(number).result()

    def while_read(self, flow: Flow[T]) -> Flow[T]:
        """The flow as it is for the reader's own thread; in another, it ends when the reader has left."""
        return flow if threading.get_ident() == self._reader else _until(self._left, flow)


class _Thread(Generic[T]):
    """A thread of its own for one page, and what came of it."""

    _value: T
    _error: BaseException | None = None

    def __init__(self, work: Callable[[], T]) -> None:
        self._thread = threading.Thread(target=self._carry_out, args=[work], name="realtimekit-prefetch", daemon=True)
        self._thread.start()

    def _carry_out(self, work: Callable[[], T]) -> None:
        try:
            self._value = work()
        except BaseException as error:  # noqa: BLE001 - it is the reader's
            self._error = error

    def result(self) -> T:
        self._thread.join()
        if self._error is not None:
            raise self._error
        return self._value


class _LeftError(Exception):
    """Nobody reads what the thread is about."""


def _sleep(seconds: float, left: threading.Event) -> None:
    left.wait(seconds)


def _until(left: threading.Event, flow: Flow[T]) -> Flow[T]:
    """The flow, until then: after that it neither sleeps on nor has anything sent."""
    go_on: Callable[[], Step] = partial(next, flow)
    while not left.is_set():
        try:
            step = go_on()
        except StopIteration as stop:
            return cast("T", stop.value)
        if isinstance(step, Sleep):
            _sleep(step.seconds, left)
            go_on = partial(flow.send, None)
            continue
        try:
            response = yield step
        except APIConnectionError as error:
            go_on = partial(flow.throw, error)
        else:
            go_on = partial(flow.send, response)
    raise _LeftError


class AsyncPrefetcher(Generic[T]):
    """Reads pages with up to `window` tasks."""

    def __init__(self, window: int, fetch: Callable[[int], Coroutine[Any, Any, T]]) -> None:
        self._window, self._fetch = window, fetch
        self._under_way: dict[int, Task[T]] = {}

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        if self._under_way:
            import asyncio  # noqa: PLC0415 - loaded by whoever is here, but not by the sync path

            for task in self._under_way.values():
                task.cancel()
            await asyncio.gather(*self._under_way.values(), return_exceptions=True)

    async def get(self, number: int, last: int | None) -> T:
        """Page `number`; the ones after it, up to page `last`, are asked for meanwhile."""
        wanted = _wanted(number, last, self._window)
        if not self._under_way and len(wanted) <= 1:
            return await self._fetch(number)
        import asyncio  # noqa: PLC0415 - as above

        for page in wanted:
            if page not in self._under_way:
                self._under_way[page] = asyncio.create_task(self._fetch(page))
        return await self._under_way.pop(number)
