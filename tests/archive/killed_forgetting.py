"""A program that ends with SIGKILL at the write of an erasure or a retention rule that it is told, and its handle.

It is run as `-m tests.archive.killed_forgetting`, and forks a process for each line of its input. The output is a line
for each: the writes of one that was not killed, null of one that was.
"""

from __future__ import annotations

import importlib
import json
import os
import signal
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import Any, Self

from realtimekit.archive import Archive, disk, store

from .storage import WRITES, Storage


class KilledForgetting:
    def __enter__(self) -> Self:
        command = [sys.executable, "-m", "tests.archive.killed_forgetting"]
        folder = Path(__file__).parents[2]
        self._process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True, cwd=folder)
        return self

    def __exit__(self, *_: object) -> None:
        self._process.kill()
        self._process.communicate()

    def run(self, target: str, verb: str, options: dict[str, Any], kill: int | None = None) -> list[Any] | None:
        """Run a verb on an archive. Returns its writes; None if it was killed."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write(json.dumps([target, verb, options, kill]) + "\n")
        self._process.stdin.flush()
        found: list[Any] | None = json.loads(self._process.stdout.readline())
        return found


def work(target: str, verb: str, options: dict[str, Any], kill: int | None) -> list[tuple[str, str]]:
    storage = Storage()
    store._obstore = lambda: storage
    disk.fsync = lambda path: None  # a process that is killed loses nothing that it has written

    def end_at(verb: str, _: str) -> None:
        if verb in WRITES and len(storage.writes) == kill:
            os.kill(os.getpid(), signal.SIGKILL)

    storage.before = end_at
    forget(Archive(target), verb, options)
    return storage.writes


def forget(archive: Archive, verb: str, options: dict[str, Any]) -> None:
    if verb == "erase":
        archive.erase(**options)
    else:
        archive.expire(timedelta(seconds=options["after"]), keep=options["keep"])


def main() -> None:
    for name in ("pyarrow.compute", "pyarrow.parquet"):
        importlib.import_module(name)  # once, before the forks
    for line in sys.stdin:
        reading, writing = os.pipe()
        if (pid := os.fork()) == 0:
            with os.fdopen(writing, "w") as output:
                json.dump(work(*json.loads(line)), output)
            os._exit(0)
        os.close(writing)
        with os.fdopen(reading) as answer:
            found = answer.read()
        _, status = os.waitpid(pid, 0)
        assert status == (0 if found else signal.SIGKILL), status
        print(found or "null", flush=True)


if __name__ == "__main__":
    main()
