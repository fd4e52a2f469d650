"""gunicorn --preload: the application uses its clients in the master process, from which the workers fork."""

from __future__ import annotations

import http.client
import json
import os
import signal
import socket
import subprocess
import sys
from collections.abc import Generator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

from .mirror import assert_nothing_is_mixed, call_reports

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")

WORKERS = 3


@contextmanager
def gunicorn(
    environment: dict[str, str], log: Path, *options: str, app: str = "tests.forks.wsgi:app", preload: bool = True
) -> Generator[int]:
    """Serve an application, and yield the port."""
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening, log.open("wb") as out:
        command = [sys.executable, "-m", "gunicorn", *["--preload"] * preload, "--workers", str(WORKERS), *options]
        command += ["--bind", f"fd://{listening.fileno()}", "--graceful-timeout", "20", app]
        process = subprocess.Popen(
            command,
            env=environment,
            pass_fds=[listening.fileno()],
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=out,
            start_new_session=True,
        )
        try:
            yield listening.getsockname()[1]
            process.terminate()
            assert process.wait(timeout=60) == 0
        finally:
            with suppress(ProcessLookupError):
                os.killpg(process.pid, signal.SIGKILL)  # its own group: the master and its workers
            process.wait(timeout=60)


def get(port: int, path: str) -> Any:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=60)
    try:
        connection.request("GET", path)
        answer = connection.getresponse()
        body = answer.read()
        assert answer.status == 200, body
        return json.loads(body)
    finally:
        connection.close()


@pytest.mark.parametrize("options", [["--worker-class", "sync"], ["--threads", "3"]], ids=["processes", "and threads"])
def test_every_worker_answers_on_connections_of_its_own(
    environment: dict[str, str], tmp_path: Path, options: list[str]
) -> None:
    log = tmp_path / "log"
    answers: list[Any] = []
    workers: set[int] = set()
    with gunicorn(environment, log, *options) as port, ThreadPoolExecutor(2 * WORKERS) as people:
        for turn in range(40):  # until each has been asked: the kernel chooses
            paths = [f"/turn-{turn}-{n}" for n in range(4 * WORKERS)]
            answers += people.map(lambda path: get(port, path), paths)
            workers = {call[0] for answer in answers for call in answer["after"]}
            if len(workers) == WORKERS:
                break
    assert len(workers) == WORKERS, log.read_text(encoding="utf-8")
    before = call_reports(answers[0]["before"])
    assert {call.client for call in before} >= {"default", "sync auto", "async auto"}
    assert_nothing_is_mixed(before, [call for answer in answers for call in call_reports(answer["after"])])
    said = log.read_text(encoding="utf-8")
    for trouble in ("Traceback", "WORKER TIMEOUT", "was sent", "Warning"):
        assert trouble not in said, said
