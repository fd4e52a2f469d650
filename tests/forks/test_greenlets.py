"""gevent and eventlet: a call lets other greenlets run, in a program, in gunicorn and in Celery.

The server answers when eight requests have arrived: with a transport that blocks, only one would.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import urllib.request
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING

import pytest

from tests.transports.loopback import Connection, Server, answer
from tests.webhooks.conftest import redis_server

from .conftest import ROOT
from .test_gunicorn import gunicorn

if TYPE_CHECKING:
    from pathlib import Path

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="gunicorn and Celery need os.fork")

AT_ONCE = 8
NAMES = [f"s-{number}" for number in range(AT_ONCE)]

GEVENT = """
from gevent import monkey
monkey.patch_all()
import gevent

def concurrently(find, names):
    jobs = [gevent.spawn(find, name) for name in names]
    gevent.joinall(jobs, timeout=30)
    return [job.value for job in jobs]
"""
EVENTLET = """
import eventlet
eventlet.monkey_patch()

def concurrently(find, names):
    return [job.wait() for job in [eventlet.spawn(find, name) for name in names]]
"""
CALLS = f"""
from realtimekit import Session
print(concurrently(lambda name: Session.find(name).id, {NAMES}))
"""


@pytest.fixture
def api() -> Iterator[Server]:
    all_there = threading.Barrier(AT_ONCE)

    def script(connection: Connection) -> None:
        while request := connection.receive():
            all_there.wait(20)
            body = {"success": True, "data": {"id": request.target.rpartition("/")[2]}}
            connection.send(answer(json.dumps(body).encode()))

    with Server(script) as server:
        yield server


@pytest.fixture
def variables(api: Server) -> dict[str, str]:
    kept = {name: value for name, value in os.environ.items() if "PROXY" not in name.upper()}
    return {
        **kept,
        "PYTHONPATH": os.pathsep.join([str(ROOT), os.environ.get("PYTHONPATH", "")]),
        "CLOUDFLARE_API_TOKEN": "t",
        "CLOUDFLARE_ACCOUNT_ID": "acc",
        "REALTIMEKIT_APP_ID": "app",
        "REALTIMEKIT_BASE_URL": api.url,
        "REALTIMEKIT_TRANSPORT": "auto",
    }


@pytest.mark.parametrize("library", [GEVENT, EVENTLET], ids=["gevent", "eventlet"])
def test_a_program(variables: dict[str, str], library: str) -> None:
    done = subprocess.run(
        [sys.executable, "-c", library + CALLS], env=variables, capture_output=True, text=True, timeout=60, check=False
    )
    assert done.stdout == f"{NAMES}\n", done.stderr


@pytest.mark.parametrize("preload", [True, False], ids=["loaded before the fork", "loaded after it"])
def test_gunicorn(variables: dict[str, str], tmp_path: Path, *, preload: bool) -> None:
    def get(port: int) -> Callable[[str], str]:
        def found(name: str) -> str:
            with urllib.request.urlopen(f"http://127.0.0.1:{port}/{name}", timeout=60) as response:
                return str(response.read().decode())

        return found

    log = tmp_path / "log"
    chosen = ["--worker-class", "gevent", "--workers", "1"]
    with (
        gunicorn(variables, log, *chosen, app="tests.forks.greenlet_app:app", preload=preload) as port,
        ThreadPoolExecutor(AT_ONCE) as people,
    ):
        assert list(people.map(get(port), NAMES)) == NAMES, log.read_text(encoding="utf-8")


def test_celery(variables: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> None:
    folder = tmp_path_factory.mktemp("g")
    with redis_server(folder), (folder / "worker").open("wb") as out:
        variables |= {"BROKER": f"redis+socket://{folder / 's'}"}
        command = [sys.executable, "-m", "celery", "-A", "tests.forks.greenlet_app:celery", "worker"]
        command += ["--pool", "gevent", "--concurrency", str(AT_ONCE), "--loglevel", "INFO", "--without-mingle"]
        worker = subprocess.Popen(command, env=variables, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out)
        calls = "from celery import group; from tests.forks.greenlet_app import find; "
        calls += f"print(group(find.s(name) for name in {NAMES}).apply_async().get(timeout=60))"
        try:
            sent = subprocess.run(
                [sys.executable, "-c", calls], env=variables, capture_output=True, text=True, timeout=90, check=False
            )
        finally:
            worker.terminate()
            try:
                worker.wait(timeout=30)
            finally:
                worker.kill()
                worker.wait(timeout=30)
        said = (folder / "worker").read_text(encoding="utf-8")
    assert sent.stdout == f"{NAMES}\n", sent.stderr + said
