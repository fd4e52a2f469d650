"""Pages asked for ahead of their reader, in order and within a window; in small twins for threads and tasks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Generic, Self, TypeVar

if TYPE_CHECKING:
    from asyncio import Task
    from collections.abc import Callable, Coroutine
    from concurrent.futures import Future, ThreadPoolExecutor

T = TypeVar("T")


def _wanted(number: int, last: int | None, window: int) -> range:
    """The pages to have under way when page `number` is read. Where the last is unknown none is guessed."""
    return range(number, min(number + window - 1, number if last is None else last) + 1)


class Ahead(Generic[T]):
    """Reads pages with up to `window` threads."""

    def __init__(self, window: int, fetch: Callable[[int], T]) -> None:
        self._window, self._fetch = window, fetch
        self._threads: ThreadPoolExecutor | None = None
        self._under_way: dict[int, Future[T]] = {}

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._threads:
            self._threads.shutdown(wait=False, cancel_futures=True)

    def get(self, number: int, last: int | None) -> T:
        """Page `number`; the ones after it, up to page `last`, are asked for meanwhile."""
        wanted = _wanted(number, last, self._window)
        if self._threads is None and len(wanted) <= 1:
            return self._fetch(number)
        if self._threads is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - slow to import, seldom needed

            self._threads = ThreadPoolExecutor(self._window, "realtimekit-prefetch")
        for page in wanted:
            if page not in self._under_way:
                self._under_way[page] = self._threads.submit(self._fetch, page)
        return self._under_way.pop(number).result()


class AsyncAhead(Generic[T]):
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
