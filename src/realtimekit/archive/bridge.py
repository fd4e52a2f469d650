"""Either client for a sync, which works in threads: an async one is driven in its own event loop."""

from __future__ import annotations

import asyncio
import contextlib
from typing import TYPE_CHECKING, Any, Protocol, TypeVar, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Generator

    from realtimekit.client import AsyncRealtimeKit
    from realtimekit.flow import Flow
    from realtimekit.settings import Settings

T = TypeVar("T")


class BlockingClient(Protocol):
    """What a sync needs of a client: `RealtimeKit` has it."""

    @property
    def settings(self) -> Settings: ...
    def run(self, flow: Flow[T], /) -> T: ...


class _Driven:
    """An async client, for threads: each flow runs in the client's event loop, and its thread waits."""

    def __init__(self, client: AsyncRealtimeKit, loop: asyncio.AbstractEventLoop) -> None:
        self._client, self._loop = client, loop
        self.settings: Settings = client.settings

    def run(self, flow: Flow[T], /) -> T:
        return asyncio.run_coroutine_threadsafe(self._client.run(flow), self._loop).result()


async def in_thread(client: AsyncRealtimeKit, work: Callable[[BlockingClient], T], cancel: Callable[[], object]) -> T:
    """Do blocking work with an async client in a thread. If the caller is canceled, the work is told, and awaited.

    Args:
        client: the client. Its own connections are used, or others with the same settings.
        work: takes a client whose `run` blocks.
        cancel: tells the work to come to an end.
    """
    with _blocking(client, asyncio.get_running_loop()) as blocking:
        task = asyncio.ensure_future(asyncio.to_thread(work, blocking))
        try:
            return await asyncio.shield(task)
        except asyncio.CancelledError:
            cancel()
            with contextlib.suppress(Exception):
                await task
            raise


@contextlib.contextmanager
def _blocking(client: AsyncRealtimeKit, loop: asyncio.AbstractEventLoop) -> Generator[BlockingClient]:
    from realtimekit.client import RealtimeKit

    settings: Any = client.settings
    if isinstance(settings.transport, str):
        # Downloads write to the storage as they arrive, which must not hold up the event loop.
        with RealtimeKit(**settings._asdict()) as twin:
            yield cast("BlockingClient", twin)
    else:
        yield _Driven(client, loop)
