"""A Celery application whose task uses clients that were used before the pool forked.

`python -m tests.forks.celery_app SOCKET` sends tasks through the broker at that socket and prints their results.
"""

from __future__ import annotations

import json
import os
from importlib import import_module
from typing import Any

from celery import Celery, group

CONCURRENCY = 2

app = Celery("forks", broker=os.environ["BROKER"], backend=os.environ["BROKER"])
app.conf.update(worker_prefetch_multiplier=1, broker_connection_retry_on_startup=True, worker_hijack_root_logger=False)


@app.task(name="ask")  # type: ignore[untyped-decorator]
def ask(name: str) -> dict[str, Any]:
    """Make calls with every client."""
    from .clients import BEFORE, ask_all

    return {"before": BEFORE, "after": ask_all(name)}


if __name__ == "__main__":
    answers: list[Any] = []
    task: Any = ask
    for turn in range(20):  # until each process of the pool had work
        sent = group(task.s(f"turn-{turn}-{number}") for number in range(4 * CONCURRENCY)).apply_async()
        answers += sent.get(timeout=60)
        if len({call[0] for answer in answers for call in answer["after"]}) == CONCURRENCY:
            break
    print(json.dumps(answers))
else:
    import_module("tests.forks.clients")  # as an application does: in the worker, before it forks
