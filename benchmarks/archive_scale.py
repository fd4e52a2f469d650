"""What an archived session costs: requests to the API and to the storage, objects, bytes; and what 10 million would.

    python -m benchmarks.archive_scale [SESSIONS]

It measures sessions of ten people in the emulator, and prints the constants of docs/archive-scale.md as JSON.
"""

from __future__ import annotations

import json
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path
from typing import Any

import obstore

from benchmarks.archive_platform import hold
from realtimekit import RealtimeKit
from realtimekit.archive import Archive, store
from realtimekit.archive.search import index_path
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected

VERBS = {"get": "get", "head": "get", "put": "put", "delete": "delete", "list": "list", "list_with_delimiter": "list"}


class Counting:
    """Stands in for the module `obstore`, and counts the requests that object storage would get."""

    def __init__(self) -> None:
        self.requests: Counter[str] = Counter()

    def __getattr__(self, name: str) -> Any:
        function = getattr(obstore, name)

        def call(*args: Any, **kwargs: Any) -> Any:
            self.requests[VERBS.get(name, "put" if name == "open_writer" else name)] += 1
            return function(*args, **kwargs)

        return call


def measure(sessions: int) -> dict[str, Any]:
    counting: Any = Counting()
    store._obstore = lambda: counting
    with tempfile.TemporaryDirectory() as folder, Emulator() as emulator:
        archive = Archive(Path(folder) / "archive")
        with RealtimeKit(**connected(emulator)) as client:
            for number in range(sessions):
                hold(emulator, client, number)
            emulator.advance(7200)
            before, started = len(emulator.requests()), time.process_time()
            archive.sync(client)
            seconds = time.process_time() - started
            calls = len([e for e in emulator.requests()[before:] if "/files/" not in e["path"]])
            requests = dict(counting.requests)
            counting.requests.clear()
            emulator.advance(3600)
            before = len(emulator.requests())
            archive.sync(client)
            idle = {"api_calls": len(emulator.requests()) - before, "storage": dict(counting.requests)}
        raw = archive.store.entries("raw")
        tables = [entry for entry in archive.store.entries("tables") if entry.path.endswith(".parquet")]
        archive.search("budgets")
        by_part: Counter[str] = Counter()
        for entry in raw:
            by_part[entry.path.partition("/session=")[2].split("/")[1].partition(".")[0]] += entry.size
        return {
            "sessions": sessions,
            "api_calls": calls / sessions,
            "cpu_seconds_with_the_emulator": seconds / sessions,
            "storage_requests": {verb: count / sessions for verb, count in requests.items()},
            "nothing_new": idle,
            "objects": len(raw) / sessions,
            "raw_bytes": {part: size // sessions for part, size in by_part.items()},
            "table_bytes": sum(entry.size for entry in tables) / sessions,
            "table_files": len(tables),
            "index_bytes": index_path(archive.store).stat().st_size / sessions,
        }


if __name__ == "__main__":
    print(json.dumps(measure(int(sys.argv[1]) if len(sys.argv) > 1 else 12), indent=1))
