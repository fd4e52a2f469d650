"""A sync on many machines, with Dask: each worker copies a few sessions at a time, under one rate limit for all.

The claims of the ledger keep two workers from copying one session; the manifests make it harmless if they did. A worker
that is lost costs the sessions that it was copying: Dask gives them to another. Workers reach the archive by
themselves, with the credentials of their own environment; a folder has to be one that all of them share.
"""

from __future__ import annotations

import logging
import os
import threading
from collections.abc import Generator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.ledger import Ledger, OpenSession
from realtimekit.archive.store import missing_extra
from realtimekit.archive.sync import SyncRun
from realtimekit.archive.sync_result import Progress, Tally
from realtimekit.archive.targets import open_store
from realtimekit.errors import RateLimitError
from realtimekit.interfaces import Reservation, Response
from realtimekit.lazy import LazyModule
from realtimekit.limits.local import DEFAULT_MAX_WAIT, LocalLimiter, max_wait_exceeded
from realtimekit.limits.redis import AsyncRedisLimiter, RedisLimiter
from realtimekit.settings import HOOKS, Settings

if TYPE_CHECKING:
    import distributed
else:
    distributed = LazyModule("distributed")

BATCH = 16  # sessions that a worker gets at once, and that are copied again if it is lost
CONNECT_TIMEOUT = 10.0  # seconds, to the scheduler
HANDLER = "realtimekit_limit"


# --- connecting -------------------------------------------------------------------------------------------------------


@contextmanager
def connect(address: str | None = None, workers: int | None = None) -> Generator[distributed.Client]:
    """Connect to a Dask cluster, or start one of processes on this machine; the limiter is on its scheduler then.

    Args:
        address: of a scheduler, `tcp://...`.
        workers: instead: how many processes to start here.

    Raises:
        ArchiveError: the scheduler cannot be reached.
        ImportError: the extra `cluster` is not installed.
    """
    try:
        import distributed
    except ImportError:
        raise missing_extra("cluster") from None
    dask: Any = distributed  # it has types for a part of itself
    if address is None:
        with (
            dask.LocalCluster(
                n_workers=workers or 1,
                threads_per_worker=1,
                host="127.0.0.1",
                dashboard_address="127.0.0.1:0",  # None is the fixed port 8787, on which a second sync would warn
                silence_logs=logging.ERROR,
            ) as cluster,
            dask.Client(cluster) as client,
        ):
            _install_limiter(client)
            yield client
        return
    try:
        client = dask.Client(address, timeout=CONNECT_TIMEOUT)
    except (OSError, ValueError) as error:
        raise ArchiveError(f"the Dask scheduler at {address} cannot be reached: {error}") from None
    with client:
        _check_packages(client)
        _install_limiter(client)
        yield client


def _check_packages(client: distributed.Client) -> None:
    """Raise ArchiveError if the scheduler or a worker lacks what the tasks need."""

    def missing() -> list[str]:  # sent as its code: where the package is missing, no function of it can be called
        from importlib.util import find_spec

        return [name for name in ("realtimekit", "obstore", "pyarrow") if find_spec(name) is None]

    cluster: Any = client
    found = {"the scheduler": cluster.run_on_scheduler(missing), **cluster.run(missing)}
    for where, names in found.items():
        lacking = [name for name in names if where != "the scheduler" or name == "realtimekit"]
        if lacking:
            name = where if where == "the scheduler" else f"the worker {where}"
            raise ArchiveError(
                f"{name} of the Dask cluster has no {' and no '.join(lacking)}: "
                "pip install 'realtimekit[archive,cluster]' on each of its machines"
            )


# --- one rate limit for all -------------------------------------------------------------------------------------------


def _install_limiter(client: distributed.Client) -> None:
    from distributed import SchedulerPlugin

    class LimiterPlugin(SchedulerPlugin):
        """Keeps the rate limit of all workers, on the scheduler."""

        name = HANDLER
        idempotent = True

        async def start(self, scheduler: Any) -> None:
            limiters: dict[str, LocalLimiter] = {}
            lock = threading.Lock()

            def limit(key: str, max_wait: float, reservation: list[Any] | None, observed: list[Any]) -> list[Any]:
                with lock:
                    limiter = limiters.setdefault(key, LocalLimiter(max_wait=max_wait))
                return handle(limiter, reservation, observed)

            scheduler.handlers[HANDLER] = limit

    client.register_plugin(LimiterPlugin())


def handle(limiter: LocalLimiter, reservation: list[Any] | None, observed: list[Any]) -> list[Any]:
    """Do on the scheduler what a worker asks for: record responses, then reserve."""
    for status, headers, earlier in observed:
        response = None if status is None else Response(status, headers, b"")
        limiter.observe(response, None if earlier is None else Reservation(*earlier))
    try:
        return list(limiter.reserve(None if reservation is None else Reservation(*reservation)))
    except RateLimitError as error:
        return [-1.0, error.retry_after or 0.0]


class ClusterLimiter:
    """The limiter of a worker: it asks the scheduler, where the requests of all workers are counted."""

    def __init__(self, worker: Any, key: str, max_wait: float = DEFAULT_MAX_WAIT) -> None:
        self.max_wait: float = max_wait
        self._worker, self._key = worker, key
        self._lock = threading.Lock()
        self._observed: list[Any] = []

    def reserve(self, reservation: Reservation | None = None, /) -> Reservation:
        """See `Limiter`."""
        from distributed.utils import sync

        with self._lock:
            observed, self._observed = self._observed, []
        given = None if reservation is None else list(reservation)
        call = getattr(self._worker.scheduler, HANDLER)
        wanted: dict[str, Any] = {
            "key": self._key,
            "max_wait": self.max_wait,
            "reservation": given,
            "observed": observed,
        }
        found: Any = sync(self._worker.loop, call, **wanted)
        if found[0] < 0:
            raise max_wait_exceeded(found[1], self.max_wait)
        return Reservation(*found)

    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None:
        """See `Limiter`. What is learned goes to the scheduler with the next call of `reserve`."""
        given = None if reservation is None else list(reservation)
        status, headers = (None, {}) if response is None else (response.status, _limit_headers(response.headers))
        with self._lock:
            self._observed.append([status, headers, given])


def _limit_headers(headers: Mapping[str, str]) -> dict[str, str]:
    return {name: value for name, value in headers.items() if "ratelimit" in name or name in {"retry-after", "date"}}


# --- a sync -----------------------------------------------------------------------------------------------------------


class Job(NamedTuple):
    """What a worker needs. Its repr, which Dask may log, hides the token."""

    target: str
    settings: dict[str, Any]
    limiter_key: str | None  # None: the settings have a limiter of their own
    concurrency: int
    now: float  # the server's time

    def __repr__(self) -> str:
        return f"<Job {self.target}>"


class ClusterSync(SyncRun):
    """A sync whose sessions are copied by the workers of a Dask cluster."""

    def __init__(self, *args: Any, cluster: distributed.Client, target: str | os.PathLike[str], **options: Any) -> None:
        super().__init__(*args, **options)
        if str(target).startswith("memory:"):
            raise ArchiveError(
                f"{target}: the workers of a cluster do not share the memory of this process: use a folder or a URL"
            )
        self._cluster: Any = cluster  # as above
        self._target = str(target)

    def _copy_some(self, due: list[OpenSession]) -> None:
        import distributed

        completed: Any = distributed.as_completed
        job, cluster = self._job(), self._cluster
        batches = [[entry.path for entry in due[at : at + BATCH]] for at in range(0, len(due), BATCH)]
        size = {number: len(batch) for number, batch in enumerate(batches)}
        done, total = 0, len(due)
        futures = {
            # Without retries: what the API refuses, it refuses again. Dask gives the batch of a lost worker to another.
            cluster.submit(copy_batch, job, batch, pure=False): number
            for number, batch in enumerate(batches)
        }
        try:
            for future in completed(list(futures)):
                if future.cancelled():
                    continue
                try:
                    self._tally.add(future.result())
                except distributed.KilledWorker:
                    raise ArchiveError(
                        "several workers in turn were lost over the same sessions: see their logs"
                    ) from None
                done += size[futures[future]]
                if self._progress is not None:
                    self._progress(Progress(done, total, self._tally.bytes))
                if self._is_over() and done < total:
                    self._left = True
                    cluster.cancel([waiting for waiting in futures if not waiting.done()])
                    return
        finally:
            cluster.cancel(list(futures))

    def _job(self) -> Job:
        settings: Settings = self._client.settings
        if not isinstance(settings.transport, str):
            raise ArchiveError("a client with a transport of its own cannot be used on a cluster: omit transport=")
        values = settings._asdict()
        for name in HOOKS:
            del values[name]  # they belong to this process
        key: str | None = None
        # Each worker connects to the same Redis; every other limit is kept by the scheduler.
        if settings.limiter != "off" and not isinstance(settings.limiter, RedisLimiter | AsyncRedisLimiter):
            key = f"{settings.base_url} {settings.account_id}"
            del values["limiter"]
        return Job(self._target, values, key, self._concurrency, self._clock.now().timestamp())


def copy_batch(job: Job, paths: list[str]) -> Tally:
    """Copy some sessions: the task of a worker."""
    from distributed import get_worker

    from realtimekit.client import RealtimeKit

    settings = dict(job.settings)
    if job.limiter_key is not None:
        settings["limiter"] = ClusterLimiter(get_worker(), job.limiter_key)
    store = open_store(job.target)
    with RealtimeKit(**settings) as client:
        sync = SyncRun(client, store, Ledger(store), concurrency=job.concurrency)
        sync.set_time(job.now)
        return sync.copy_entries([OpenSession.from_path(path) for path in paths])
