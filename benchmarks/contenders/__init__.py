"""Who is measured: each does the same things its own way.

A contender is a module with `Blocking` and `Awaiting`, made with the base URL of the API. It is written as somebody
would write it who uses that library: one client, kept.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import NamedTuple, Protocol, TypeAlias

# id, status, minutes consumed, started at, ended at
Read: TypeAlias = tuple[str, str, float, datetime, datetime]


class Contender(NamedTuple):
    """What is measured, and where it is installed."""

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
FLOORS = {OURS: HTTPCORE2, FAST: PYREQWEST}  # the same transport, used bare with json


class Blocking(Protocol):
    """Without asyncio."""

    def __init__(self, base_url: str, /) -> None: ...

    def find(self) -> str:
        """Read one session; its id."""
        ...

    def sessions(self) -> Iterator[Read]:
        """Five fields of every session there is, read by pages of 100."""
        ...

    def create(self, name: str, /) -> str:
        """Add a participant; its id."""
        ...


class Awaiting(Protocol):
    """With asyncio."""

    def __init__(self, base_url: str, /) -> None: ...

    async def find(self) -> str:
        """Read one session; its id."""
        ...

    def sessions(self) -> AsyncIterator[Read]:
        """As above."""
        ...

    async def create(self, name: str, /) -> str:
        """Add a participant; its id."""
        ...
