"""The options of a sync, and what runs it: threads of this process, or the workers of a Dask cluster."""

from __future__ import annotations

import threading
from collections.abc import Callable
from datetime import datetime
from typing import Any, NamedTuple, TypedDict

from realtimekit.archive.bridge import BlockingClient
from realtimekit.archive.ledger import Ledger
from realtimekit.archive.store import Store
from realtimekit.archive.sync import SyncRun
from realtimekit.archive.sync_result import Progress, SyncResult
from realtimekit.kwargs import validate_positive
from realtimekit.values import validate_time_range


class SyncOptions(TypedDict, total=False):
    """The keywords of `Archive.sync`."""

    since: datetime | None
    """The time from which a new archive must be complete. None: from the oldest session that the API lists. In an
    existing archive: list the sessions that started from this time on again. None: from the last proven time."""
    until: datetime | None
    """Sessions that started later are left for another sync."""
    concurrency: int
    """How many sessions to copy at once, in each process; 8 by default."""
    workers: int | None
    """Copy in this many processes on this machine, with Dask (extra `cluster`)."""
    cluster: str | None
    """Instead: copy on this Dask cluster, given by the address of its scheduler, `tcp://HOST:PORT`. The workers need
    this package, and access to the target."""
    progress: Callable[[Progress], object] | None
    """Called after each session, from one thread."""
    stop: threading.Event | None
    """Set this event to end the sync early: what is being copied is finished, the rest is left for the next."""


class PreparedSync(NamedTuple):
    """A sync whose options are valid. `run` takes a client whose `run` blocks."""

    run: Callable[[BlockingClient], SyncResult]
    stop: threading.Event


def prepare_sync(store: Store, ledger: Ledger, options: SyncOptions) -> PreparedSync:
    """Return a sync with these options.

    Raises:
        ValueError: a time has no time zone, `since` is not before `until`, or a number is not positive.
    """
    since, until = options.get("since"), options.get("until")
    validate_time_range(since, until)
    workers, cluster = options.get("workers"), options.get("cluster")
    if workers is not None:
        validate_positive("workers", workers)
        if cluster is not None:
            raise ValueError("give workers= or cluster=, not both")
    event = options.get("stop") or threading.Event()
    arguments: dict[str, Any] = {
        "concurrency": validate_positive("concurrency", options.get("concurrency", 8)),
        "progress": options.get("progress"),
        "stop": event,
    }

    def run(client: BlockingClient) -> SyncResult:
        if workers is None and cluster is None:
            return SyncRun(client, store, ledger, **arguments).run(since, until)
        from realtimekit.archive.cluster import ClusterSync, connect  # Dask takes a second to load

        with connect(cluster, workers) as dask:
            return ClusterSync(client, store, ledger, cluster=dask, target=store.target, **arguments).run(since, until)

    return PreparedSync(run, event)
