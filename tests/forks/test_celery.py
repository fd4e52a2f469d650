"""Celery's prefork pool, with a real broker: the task's clients were used before the pool forked."""

from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest

from tests.webhooks.conftest import redis_server

from .conftest import ROOT
from .mirror import assert_nothing_is_mixed, call_reports

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs os.fork")


def test_tasks_ask_on_connections_of_their_own(
    environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory
) -> None:
    folder = tmp_path_factory.mktemp("c")  # short: the path of a socket may not be long
    with redis_server(folder), (folder / "worker").open("wb") as out:
        environment = {**environment, "BROKER": f"redis+socket://{folder / 's'}"}
        command = [sys.executable, "-m", "celery", "-A", "tests.forks.celery_app", "worker"]
        command += ["--pool", "prefork", "--concurrency", "2", "--loglevel", "INFO", "--without-mingle"]
        worker = subprocess.Popen(
            command, env=environment, cwd=folder, stdin=subprocess.DEVNULL, stdout=out, stderr=out
        )
        try:
            sent = subprocess.run(
                [sys.executable, "-m", "tests.forks.celery_app"],
                env=environment,
                cwd=ROOT,
                capture_output=True,
                text=True,
                timeout=120,
                check=False,
            )
            worker.terminate()
            code = worker.wait(timeout=60)
        finally:
            worker.kill()
            worker.wait(timeout=60)
        said = (folder / "worker").read_text(encoding="utf-8")
    assert sent.returncode == 0, sent.stderr + said
    assert code == 0, said
    assert "Traceback" not in said, said
    answers = json.loads(sent.stdout)
    calls = [call for answer in answers for call in call_reports(answer["after"])]
    assert len({call.pid for call in calls}) == 2, "both of the pool's processes had work"
    assert_nothing_is_mixed(call_reports(answers[0]["before"]), calls)
