"""Captions of one meeting: an agent listens, browsers follow."""

from __future__ import annotations

import asyncio
import json
import logging
import os
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from pathlib import Path

from realtimekit import AsyncRealtimeKit, RealtimeKitError
from realtimekit.live import AsyncEvents, Caption
from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import FileResponse, StreamingResponse
from starlette.routing import Route

log = logging.getLogger("captions")

PAGE = Path(__file__).with_name("captions.html")


class Board:
    """The captions of now. Whoever follows too slowly misses what is outdated, and holds up nobody."""

    def __init__(self) -> None:
        self._captions: list[Caption] = []
        self._is_over = False
        self._changed = asyncio.Event()

    def show(self, captions: list[Caption]) -> None:
        self._captions = captions
        self._notify()

    def end(self) -> None:
        self._is_over = True
        self._notify()

    def _notify(self) -> None:
        self._changed.set()
        self._changed = asyncio.Event()

    async def follow(self) -> AsyncGenerator[list[Caption]]:
        """Return the captions, now and after each change, until the meeting is over."""
        while True:
            changed = self._changed
            yield self._captions
            if self._is_over:
                return
            await changed.wait()


async def show_all(events: AsyncEvents, board: Board) -> None:
    """Show what is said until the session ends. A connection that breaks is resumed; an error means that it is lost."""
    try:
        async for captions in events.captions():
            board.show(captions)
        log.info("the agent has left: %s", events.end_reason)
    except RealtimeKitError:
        log.exception("the captions ended")
    finally:
        board.end()


@asynccontextmanager
async def lifespan(app: Starlette) -> AsyncGenerator[None]:
    """Listen while the server runs. If the meeting or a setting is wrong, it does not start."""
    app.state.board = board = Board()
    async with AsyncRealtimeKit() as client:
        meeting = client.meetings.ref(os.environ["MEETING_ID"])
        preset = os.environ["AGENT_PRESET"]
        async with meeting.listen(name="Captions", preset_name=preset, max_idle=600) as events:
            task = asyncio.create_task(show_all(events, board))
            yield
            await events.leave()
            await task


async def page(_request: Request) -> FileResponse:
    return FileResponse(PAGE)


async def stream(request: Request) -> StreamingResponse:
    return StreamingResponse(server_sent_events(request.app.state.board), media_type="text/event-stream")


async def server_sent_events(board: Board) -> AsyncGenerator[str]:
    async for captions in board.follow():
        yield f"data: {json.dumps([{'speaker': each.speaker, 'text': each.text} for each in captions])}\n\n"
    yield "event: end\ndata:\n\n"


app = Starlette(routes=[Route("/", page), Route("/captions", stream)], lifespan=lifespan)
