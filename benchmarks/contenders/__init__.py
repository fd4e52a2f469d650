"""The contenders. Each makes the same calls in its own way.

A contender is a module with `SyncClient` and `AsyncClient`, which take the base URL of the API. It is written as users
of that library would write it, with one client that is kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

# id, status, minutes consumed, started at, ended at
SessionFields: TypeAlias = tuple[str, str, float, datetime, datetime]


class Contender(NamedTuple):
    """A module to measure, and where it is installed."""

    name: str
    module: str  # of this package
    environment: str  # of benchmarks.environments


OFFICIAL = "cloudflare"
OURS = "realtimekit"
FAST = "realtimekit[fast]"
HTTPCORE2 = "httpcore2 alone"
PYREQWEST = "pyreqwest alone"
EMULATOR = "emulator"

CONTENDERS = {
    contender.name: contender
    for contender in (
        Contender(OFFICIAL, "official", "cloudflare"),
        Contender(OURS, "ours", "realtimekit"),
        Contender(FAST, "ours", "fast"),
        Contender(HTTPCORE2, "bare_httpcore2", "realtimekit"),
        Contender(PYREQWEST, "bare_pyreqwest", "fast"),
    )
}
INSTALLED = {**CONTENDERS, EMULATOR: Contender(EMULATOR, "ours", "emulator")}
FLOORS = {OURS: HTTPCORE2, FAST: PYREQWEST}  # the same transport with json, without any SDK


class SyncClient(Protocol):
    """A client without asyncio."""

    def __init__(self, base_url: str, /) -> None: ...

    def find(self) -> str:
        """Read one session, and return its id."""
        ...

    def sessions(self) -> Iterator[SessionFields]:
        """Yield five fields of every session, read in pages of 100."""
        ...

    def create(self, name: str, /) -> str:
        """Add a participant, and return its id."""
        ...


class AsyncClient(Protocol):
    """A client with asyncio."""

    def __init__(self, base_url: str, /) -> None: ...

    async def find(self) -> str:
        """Read one session, and return its id."""
        ...

    def sessions(self) -> AsyncIterator[SessionFields]:
        """Yield five fields of every session, read in pages of 100."""
        ...

    async def create(self, name: str, /) -> str:
        """Add a participant, and return its id."""
        ...
