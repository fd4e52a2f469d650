"""Either client for a sync, which works in threads: an async one is driven in its own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import Callable, Generator
from typing import Any, Protocol, TypeVar, cast

from realtimekit.client import AsyncRealtimeKit
from realtimekit.flow import Flow, Step, run
from realtimekit.settings import Settings

T = TypeVar("T")


class BlockingClient(Protocol):
    """What a sync needs of a client: `RealtimeKit` has it."""

    @property
    def settings(self) -> Settings: ...
    def run(self, flow: Flow[T], /) -> T: ...


class _Driven:
    """An async client, for threads: a thread runs the flow, and waits while the client's event loop does each step."""

    def __init__(self, client: AsyncRealtimeKit, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._loop = client, loop
        self.settings: Settings = client.settings

    def run(self, flow: Flow[T], /) -> T:
        return run(flow, self._perform)

    def _perform(self, step: Step) -> Any:
        return asyncio.run_coroutine_threadsafe(self._client._perform(step), self._loop).result()


async def in_thread(client: AsyncRealtimeKit, work: Callable[[BlockingClient], T], cancel: Callable[[], object]) -> T:
    """Do blocking work with an async client in a thread. If the caller is canceled, so is the work, which is awaited.

    Args:
        client: the client. Its own connections are used, or others with the same settings.
        work: takes a client whose `run` blocks.
        cancel: asks the work to end.
    """
    with _blocking(client, asyncio.get_running_loop()) as blocking:
        task = asyncio.ensure_future(asyncio.to_thread(work, blocking))
        canceled: asyncio.CancelledError | None = None
        while not task.done():
            try:
                await asyncio.shield(task)
            except asyncio.CancelledError as error:
                canceled = error
                cancel()
            except Exception:  # noqa: BLE001, S110 - it is the task's, and raised below
                pass
        if canceled is not None:
            task.exception()  # not lost: the caller wants none
            raise canceled
        return task.result()


@contextlib.contextmanager
def _blocking(client: AsyncRealtimeKit, loop: asyncio.AbstractEventLoop) -> Generator[BlockingClient]:
    from realtimekit.client import RealtimeKit

    settings: Any = client.settings
    # A limiter of the caller's may be an async one.
    if isinstance(settings.transport, str) and isinstance(settings.limiter, str):
        # Downloads write to the storage as they arrive, which must not hold up the event loop.
        with RealtimeKit(**settings._asdict()) as twin:
            yield cast("BlockingClient", twin)
    else:
        yield _Driven(client, loop)
