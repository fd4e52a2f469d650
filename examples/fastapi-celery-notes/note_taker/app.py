"""The web service: receives webhooks and serves the notes."""

from __future__ import annotations

import os
import secrets
from collections.abc import AsyncGenerator
from contextlib import asynccontextmanager
from typing import Annotated

from fastapi import Depends, FastAPI, HTTPException
from fastapi.responses import PlainTextResponse
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer
from realtimekit import Async, AsyncRealtimeKit
from realtimekit.webhooks import (
    AsyncEndpoint,
    AsyncReceiver,
    AsyncRouter,
    MeetingSummary,
    MeetingTranscript,
    SQLiteStore,
)
from realtimekit.webhooks.adapters.starlette import webhook_route

from . import notes, tasks

router = AsyncRouter()


# Plain functions: putting a task into the queue blocks, so the router calls them in a thread. If it fails, the response
# is 500, and RealtimeKit sends the event again. Only the id goes into the queue: the link in the event is a secret.
@router.on("meeting.transcript")
def transcribed(event: MeetingTranscript[Async]) -> None:
    tasks.write_transcript.delay(event.session_id)


@router.on("meeting.summary")
def summarized(event: MeetingSummary[Async]) -> None:
    tasks.write_summary.delay(event.session_id)


@asynccontextmanager
async def lifespan(app: FastAPI) -> AsyncGenerator[None]:
    app.state.token = os.environ["NOTES_TOKEN"]
    async with AsyncRealtimeKit() as client:
        store = SQLiteStore(notes.folder() / "deliveries.db")
        app.state.endpoint = AsyncEndpoint(router, receiver=AsyncReceiver(client=client), store=store)
        yield


app: FastAPI = FastAPI(lifespan=lifespan, routes=[webhook_route("/webhooks", lambda: app.state.endpoint)])


def authorize(credentials: Annotated[HTTPAuthorizationCredentials, Depends(HTTPBearer())]) -> None:
    if not secrets.compare_digest(credentials.credentials.encode(), app.state.token.encode()):
        raise HTTPException(401)


@app.get("/notes/{session_id}", dependencies=[Depends(authorize)], response_class=PlainTextResponse)
def show_note(session_id: str) -> str:
    note = notes.as_markdown(session_id)
    if note is None:
        raise HTTPException(404, "there is no note of this session")
    return note
