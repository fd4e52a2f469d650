"""Clients of every kind, made and used where this module is loaded: before a server forks, which loads it first.

The environment says where the API is.
"""

from __future__ import annotations

import asyncio
import os
from collections.abc import Callable
from typing import Any

import realtimekit.client
from realtimekit import AsyncRealtimeKit, RealtimeKit, Session
from realtimekit.settings import TransportName

from .mirror import CallReport


class Asker:
    """A client, and how to find a session with it."""

    def __init__(self, name: str, find: Callable[[str], Any], client: Callable[[], Any]) -> None:
        self.name, self._find, self._client = name, find, client

    def ask(self, session_id: str) -> CallReport:
        """Find a session, and return which id and connection the response names."""
        session = self._find(session_id)
        made = self._client()._transports._by_process[os.getpid()].transports
        return CallReport(
            os.getpid(),
            self.name,
            session_id,
            session.id,
            session["connection"],
            [type(transport).__name__ for transport in list(made.values())],
        )


def _sync(name: TransportName) -> Asker:
    client = RealtimeKit(transport=name)
    return Asker(f"sync {name}", client.sessions.find, lambda: client)


def _async(name: TransportName) -> Asker:
    client = AsyncRealtimeKit(transport=name)

    async def both(session_id: str) -> Any:
        found = await asyncio.gather(client.sessions.find(session_id), client.sessions.find("another"))
        # Nobody closes the client here, as nobody does in a server: the loop's own connections are closed at its end.
        return found[0]

    return Asker(f"async {name}", lambda session_id: asyncio.run(both(session_id)), lambda: client)


ASKERS = {
    asker.name: asker
    for asker in (
        Asker("default", Session.find, lambda: realtimekit.client._default),
        _sync("httpcore2"),
        _sync("auto"),
        _async("httpcore2"),
        _async("auto"),
    )
}
BEFORE = [asker.ask("before") for asker in ASKERS.values()]


def ask_all(name: str) -> list[CallReport]:
    """Find a session with each client, twice."""
    return [asker.ask(f"{name}-{turn}") for turn in range(2) for asker in ASKERS.values()]
