"""Storage that counts what is asked of it, and fails as a test says: in place of obstore, below `Store`."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable
from typing import Any

import obstore

VERBS = {
    "get": "get",
    "get_range": "get",
    "head": "head",
    "put": "put",
    "delete": "delete",
    "list": "list",
    "list_with_delimiter": "list",
}
# "upload" is a part of a large object, "commit" its end; "index" a statement of SQL, where a test counts those.
WRITES = frozenset({"put", "delete", "upload", "commit", "index"})


class Storage:
    """What `Store` calls instead of the module `obstore`.

    Attributes:
        calls: verb and path of each call, in their order.
        before: called before each of them; what it raises is raised in its place.
    """

    def __init__(self) -> None:
        self.calls: list[tuple[str, str]] = []
        self.before: Callable[[str, str], object] = lambda _verb, _path: None
        self._lock = threading.Lock()

    def __getattr__(self, name: str) -> Any:
        function = getattr(obstore, name)
        if name not in VERBS:
            return function

        def call(objects: Any, path: str | None = None, *args: Any, **kwargs: Any) -> Any:
            if name.startswith("list"):
                self._count("list", kwargs.get("prefix") or "")
                return function(objects, **kwargs)
            self._count(VERBS[name], path or "")
            return function(objects, path, *args, **kwargs)

        return call

    def open_writer(self, objects: Any, path: str, **kwargs: Any) -> _Upload:
        return _Upload(self, obstore.open_writer(objects, path, **kwargs), path)

    def _count(self, verb: str, path: str) -> None:
        with self._lock:
            self.calls.append((verb, path))
        self.before(verb, path)

    @property
    def counts(self) -> dict[str, int]:
        """How many calls there were of each verb."""
        return dict(Counter(verb for verb, _ in self.calls))

    @property
    def writes(self) -> list[tuple[str, str]]:
        return [call for call in self.calls if call[0] in WRITES]

    def clear(self) -> None:
        self.calls.clear()


class _Upload:
    """A large object that is being written: its parts count, and its end."""

    def __init__(self, storage: Storage, writer: Any, path: str) -> None:
        self._storage, self._writer, self._path = storage, writer, path

    def write(self, content: bytes) -> None:
        self._storage._count("upload", self._path)
        self._writer.write(content)

    def close(self) -> None:
        self._storage._count("commit", self._path)
        self._writer.close()
