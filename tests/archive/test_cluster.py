"""A sync on a Dask cluster of processes: nothing twice, nothing lost with a worker, one rate limit for all."""

from __future__ import annotations

import copyreg
import os
import re
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest

from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.archive.cluster import ClusterSync
from realtimekit.archive.errors import ArchiveError
from realtimekit.cli import demo_scenario
from realtimekit.emulator import Emulator
from realtimekit.errors import APIConnectionError
from realtimekit.limits import RedisLimiter
from realtimekit.settings import HOOKS
from tests.cli.command import environment, invoke
from tests.webhooks.conftest import redis_server

from .worlds import HOUR, World, below

pytestmark = pytest.mark.skipif(find_spec("distributed") is None, reason="the extra `cluster` is not installed")

SESSIONS = 20
DASK = "from distributed.cli.dask_{0} import main; main()"


@pytest.fixture(scope="module", autouse=True)
def pickling() -> Iterator[None]:
    """Dask changes how exceptions are pickled, in the whole process: other tests are about the usual way."""
    before = dict(copyreg.dispatch_table)
    yield
    copyreg.dispatch_table.clear()
    copyreg.dispatch_table.update(before)


@pytest.fixture(scope="module")
def base() -> Iterator[World]:
    """Some sessions, over HTTP."""
    with Emulator(**demo_scenario.CREDENTIALS) as emulator, emulator.serve() as server:
        world = World(emulator)
        meeting_id = world.meeting(transcribe_on_end=True)
        for _ in range(SESSIONS):
            world.start("Ann", meeting_id=meeting_id)
            emulator.advance(30)
            emulator.end(meeting_id)
        world.wait(2 * HOUR)
        world.settings = {
            **world.settings,
            "base_url": server.base_url,
            "transport": "httpcore2",
            "max_retries": 0,
            "limiter": "auto",
        }
        yield world


@contextmanager
def cluster(
    folder: Path, workers: int = 2, *, program: str = DASK
) -> Generator[tuple[str, list[subprocess.Popen[str]], list[Path]]]:
    """A scheduler and workers, each a process of its own, with their logs. Yields the address, workers and logs."""
    env = {**environment(), "DASK_LOGGING__DISTRIBUTED": "debug", "PYTHONWARNINGS": "ignore"}
    logs = [folder / f"{number}.log" for number in range(workers + 1)]
    options = ["--host", "127.0.0.1", "--no-dashboard", "--dashboard-address", "127.0.0.1:0"]
    processes: list[subprocess.Popen[str]] = []

    def start(kind: str, log: Path, *arguments: str) -> None:
        command = [sys.executable, "-c", program.format(kind), *arguments, *options]
        with log.open("w") as output:
            processes.append(subprocess.Popen(command, stdout=output, stderr=output, text=True, env=env))

    try:
        start("scheduler", logs[0], "--port", "0")
        address = read_until(logs[0], r"Scheduler at:\s+(tcp://[\d.:]+)")
        for log in logs[1:]:
            start("worker", log, address, "--nthreads", "1", "--no-nanny")
        for log in logs[1:]:
            read_until(log, r"Starting established connection|Registered to")
        yield address, processes[1:], logs
    finally:
        for process in processes:
            process.kill()
            process.wait()


def read_until(log: Path, pattern: str) -> str:
    for _ in range(1500):
        if found := re.search(pattern, log.read_text()):
            return found[found.re.groups]
        threading.Event().wait(0.02)
    raise AssertionError(log.read_text())


def check_complete(archive: Archive, requests: list[str]) -> None:
    assert len([*archive.manifests()]) == SESSIONS
    assert {manifest.revision for manifest in archive.manifests()} == {1}
    ledger = [entry.path for entry in archive.store.entries("ledger")]
    assert below(ledger, "/open/") == below(ledger, "/claims/") == []
    found = archive.verify(deep=True)
    assert found.ok, found.problems


def test_workers_of_this_machine(base: World, tmp_path: Path) -> None:
    """Under one rate limit: all of them together keep to it."""
    base.emulator.add_fault(
        method="GET", path="/client/v4/*", limit={"requests": 100, "window_seconds": 1.0, "block_seconds": 1.0}
    )
    before = len(base.log())
    try:
        with RealtimeKit(**base.settings) as client:
            result = Archive(tmp_path / "archive").sync(client, workers=2)
    finally:
        base.emulator.clear_faults()
    assert (result.ok, result.completed, result.skipped) == (True, SESSIONS, 0), result.failures
    log = base.log()[before:]
    assert Counter(entry["status"] for entry in log)[429] == 0
    asked = Counter(entry["path"] for entry in log if entry["path"].endswith(("/chat", "/participants")))
    assert set(asked.values()) == {1}
    assert len(asked) == 2 * SESSIONS
    check_complete(Archive(tmp_path / "archive"), base.requests(before))


def test_a_worker_that_is_killed_costs_what_it_had_in_hand(base: World, tmp_path: Path) -> None:
    """And no log of a cluster, however much it logs, holds the token."""
    archive = Archive(tmp_path / "archive")
    before = len(base.log())
    base.emulator.add_fault(path="*/chat", latency_seconds=0.05)
    results: list[Any] = []
    try:
        with cluster(tmp_path) as (address, workers, logs), RealtimeKit(**base.settings) as client:
            sync = threading.Thread(target=lambda: results.append(archive.sync(client, cluster=address, concurrency=2)))
            sync.start()
            for _ in range(1000):
                if len(archive.store.entries("ledger/changed")) >= 4:
                    break
                threading.Event().wait(0.02)
            os.kill(workers[0].pid, signal.SIGKILL)
            sync.join(60)
            assert not sync.is_alive()
            text = "".join(log.read_text() for log in logs)
    finally:
        base.emulator.clear_faults()
    (result,) = results
    assert result.failures == result.lost == []
    # A session that the lost worker had claimed is free at once: its process is gone from this machine.
    assert base_result(archive, base).ok
    check_complete(archive, base.requests(before))
    assert base.settings["api_token"] not in text
    twice = Counter(path for path in base.requests(before) if path.endswith("/participants"))
    assert sum(count - 1 for count in twice.values()) <= 4  # what it had in hand


def base_result(archive: Archive, base: World) -> Any:
    with RealtimeKit(**base.settings) as client:
        return archive.sync(client)


def test_what_cannot_work_is_one_clear_line(base: World, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = Archive(tmp_path / "a")
    monkeypatch.setattr("realtimekit.archive.cluster.CONNECT_TIMEOUT", 0.3)
    with RealtimeKit(**base.settings) as client:
        with pytest.raises(ArchiveError, match="do not share the memory"):
            ClusterSync(client, archive.store, archive.ledger, cluster=None, target="memory://cluster")  # type: ignore[arg-type]
        with pytest.raises(ValueError, match="not both"):
            archive.sync(client, workers=1, cluster="tcp://127.0.0.1:1")
    sync = ("archive", "sync", str(tmp_path / "b"))
    clash = ("--workers", "1", "--cluster", "tcp://x")
    env = environment(
        REALTIMEKIT_BASE_URL=str(base.settings["base_url"]),
        CLOUDFLARE_API_TOKEN=str(base.settings["api_token"]),
        CLOUDFLARE_ACCOUNT_ID=base.emulator.account_id,
        REALTIMEKIT_APP_ID=base.emulator.app_id,
    )
    assert invoke(*sync, *clash, env=env).exit_code == 2
    result = invoke(*sync, "--cluster", "tcp://127.0.0.1:1", env=env)
    assert result.exit_code == 1
    assert "the Dask scheduler at tcp://127.0.0.1:1 cannot be reached" in result.stderr
    assert "Traceback" not in result.stderr


def test_hooks_stay_in_their_process(base: World, tmp_path: Path) -> None:
    """A worker is another process: a hook may hold locks, which cannot be sent there."""
    hooks: Any = dict.fromkeys(HOOKS, threading.Lock().acquire)
    archive = Archive(tmp_path)
    with base.client_with(**hooks) as client:
        assert client.settings.on_wait is not None
        options: Any = {"cluster": None, "target": tmp_path, "concurrency": 1, "progress": None}
        sync = ClusterSync(client, archive.store, archive.ledger, stop=threading.Event(), **options)
        assert not sync._job().settings.keys() & set(HOOKS)


def call_nothing(transport: Any) -> None:
    """What a worker does: a call that no server answers."""
    settings: dict[str, Any] = dict.fromkeys(("api_token", "account_id", "app_id"), "x")
    with RealtimeKit(**settings, base_url="http://127.0.0.1:1", transport=transport, max_retries=0) as client:
        client.sessions.count()


def test_errors_come_from_workers_as_they_are_and_redis_limits_all_of_them(
    base: World, tmp_path: Path, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Dask pickles the causes of errors, too: those of pyreqwest could not be read."""
    import distributed
    import redis

    archive = Archive(tmp_path / "archive")
    folder = tmp_path_factory.mktemp("r")  # the path of a socket is short
    with (
        redis_server(folder),
        redis.Redis(unix_socket_path=str(folder / "s")) as server,
        cluster(tmp_path, 1) as (address, _, _),
    ):
        dask: Any = distributed
        with dask.Client(address) as client:
            for transport in ("httpcore2", "pyreqwest"):
                with pytest.raises(APIConnectionError, match=r"cannot connect to 127\.0\.0\.1:1") as caught:
                    client.submit(call_nothing, transport, pure=False).result()
                assert caught.value.maybe_processed is False
                assert "onnection refused" in str(caught.value.__cause__)
        limiter = RedisLimiter(server, name="cluster", quota=1000, window=300.0)
        with base.client_with(limiter=limiter) as kit:
            before = len(base.log())
            assert archive.sync(kit, cluster=address).ok
        sent = [path for path in base.requests(before) if path.startswith("/sessions")]  # others are downloads
        assert server.info("commandstats")["cmdstat_evalsha"]["calls"] >= len(sent) > 5 * SESSIONS
    check_complete(archive, base.requests(before))


def test_a_cluster_without_the_package_is_one_clear_line(base: World, tmp_path: Path) -> None:
    without = "import sys; sys.modules['realtimekit'] = None; " + DASK
    expected = r"the scheduler of the Dask cluster has no realtimekit: pip install 'realtimekit\[archive,cluster\]'"
    with (
        cluster(tmp_path, 1, program=without) as (address, _, _),
        RealtimeKit(**base.settings) as client,
        pytest.raises(ArchiveError, match=expected) as caught,
    ):
        Archive(tmp_path / "archive").sync(client, cluster=address)
    assert "\n" not in str(caught.value)
