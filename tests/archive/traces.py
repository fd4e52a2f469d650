"""What is left of a person in an archive: every byte of every object, whatever it is packed in."""

from __future__ import annotations

import json
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq

from realtimekit.archive import Archive
from realtimekit.archive.compression import decompressed
from realtimekit.archive.search import index_path

from .worlds import objects

BY_CHANCE = 5  # so few bytes may be anywhere in compressed data


def traces(archive: Archive, *needles: str) -> dict[str, set[str]]:
    """Return where any of these words stands: in the path or content of an object, or in the index. Path -> words."""
    everything = {path: (path.encode() + b"\n" + unpacked(path, raw), raw) for path, raw in objects(archive).items()}
    for path in index_path(archive.store).parent.glob(index_path(archive.store).name + "*"):
        everything[path.name] = path.read_bytes(), b""
    found = {
        path: {
            needle
            for needle in needles
            if needle.encode() in content or (len(needle) > BY_CHANCE and needle.encode() in raw)
        }
        for path, (content, raw) in everything.items()
    }
    return {path: words for path, words in found.items() if words}


def unpacked(path: str, content: bytes) -> bytes:
    """Return an object, or what is in it if it is compressed."""
    if path.endswith(".zst"):
        return decompressed(content)
    if path.endswith(".parquet"):
        return json.dumps(rows(content), default=str, ensure_ascii=False).encode()
    return content


def rows(content: bytes) -> list[dict[str, Any]]:
    table: Any = pq.read_table(pa.BufferReader(content))
    found: list[dict[str, Any]] = table.to_pylist()
    return found


def tables(archive: Archive) -> dict[str, list[str]]:
    """Return the rows of all tables that the snapshot lists, in an order of their own."""
    found: dict[str, list[str]] = {}
    for table, by_day in json.loads(archive.store.read("tables/current.json") or b"{}")["parts"].items():
        files = [part[0] for parts in by_day.values() for part in parts]
        contents = [archive.store.read(file) or b"" for file in files]
        found[table] = sorted(json.dumps(row, default=str) for content in contents for row in rows(content))
    return {table: lines for table, lines in found.items() if lines}
