"""Listening with either client, as one function."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from realtimekit.live import LiveEvent, connect

from .scripted_server import TOKEN, ScriptedServer

Each = Callable[[LiveEvent[Any]], None]


def listen(
    server: ScriptedServer, *, asynchronous: bool, each: Each | None = None, **options: Any
) -> list[LiveEvent[Any]]:
    """Listen to a scripted server to the end, and return the events; `each` is called with every one."""
    found: list[LiveEvent[Any]] = []

    def note(event: LiveEvent[Any]) -> None:
        found.append(event)
        if each is not None:
            each(event)

    async def main() -> None:
        async with connect(TOKEN, agent_url=server.url, **options) as events:
            async for event in events:
                note(event)

    if asynchronous:
        asyncio.run(main())
        return found
    with connect(TOKEN, agent_url=server.url, **options) as events:
        for event in events:
            note(event)
    return found


def names(events: list[LiveEvent[Any]]) -> list[str]:
    """Return the texts of transcripts, the reasons of gaps, the names of other events."""
    return [str(event.get("text") or event.get("reason") or event.name) for event in events]
