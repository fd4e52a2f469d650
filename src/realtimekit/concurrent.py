"""Several flows at once, with bounded concurrency, in small twins."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any, TypeVar

from realtimekit.flow import Flow, Runner
from realtimekit.kwargs import validate_positive
from realtimekit.prefetch import AsyncPrefetcher, Prefetcher

T = TypeVar("T")
R = TypeVar("R")


def run_all(
    client: Runner[Any], first: Flow[Sequence[Flow[T]]], finish: Callable[[list[T]], R], concurrency: int
) -> Any:
    """Run a flow that returns more flows, and then these; the result is what `finish` makes of their results.

    Args:
        client: runs the flows.
        first: which flows to run; each is run once.
        finish: gets the results, in the order of the flows.
        concurrency: how many to run at once, 1 or more.

    Returns:
        The result; a coroutine of it if the client is async.
    """
    validate_positive("concurrency", concurrency)
    twin = _run_all_async if client.asynchronous else _run_all_sync
    return twin(client, first, finish, concurrency)


def _run_all_sync(client: Any, first: Flow[Any], finish: Callable[[list[Any]], Any], concurrency: int) -> Any:
    flows = client.run(first)
    prefetcher: Prefetcher[Any]
    with Prefetcher(concurrency, lambda n: client.run(prefetcher.until_closed(flows[n - 1]))) as prefetcher:
        return finish([prefetcher.get(number, len(flows)) for number in range(1, len(flows) + 1)])


async def _run_all_async(client: Any, first: Flow[Any], finish: Callable[[list[Any]], Any], concurrency: int) -> Any:
    flows = await client.run(first)
    async with AsyncPrefetcher[Any](concurrency, lambda n: client.run(flows[n - 1])) as prefetcher:
        return finish([await prefetcher.get(number, len(flows)) for number in range(1, len(flows) + 1)])
