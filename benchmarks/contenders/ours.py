"""This package."""

from __future__ import annotations

from typing import TYPE_CHECKING

from benchmarks.canned import ACCOUNT, APP, MEETING, PAGE, SESSION, TOKEN
from realtimekit import AsyncRealtimeKit, RealtimeKit

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from benchmarks.contenders import SessionFields


class SyncClient:
    def __init__(self, base_url: str) -> None:
        self.client = RealtimeKit(api_token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=base_url)

    def find(self) -> str:
        return self.client.sessions.find(SESSION).id

    def sessions(self, ahead: int = 1) -> Iterator[SessionFields]:
        for session in self.client.sessions.page_size(PAGE).prefetch(ahead):
            assert session.started_at is not None
            assert session.ended_at is not None
            yield session.id, session.status, session.minutes_consumed or 0.0, session.started_at, session.ended_at

    def create(self, name: str) -> str:
        new = self.client.participants.create(
            meeting_id=MEETING, custom_participant_id=name, preset_name="group_call_host", name=name
        )
        return new.id


class AsyncClient:
    def __init__(self, base_url: str) -> None:
        self.client = AsyncRealtimeKit(api_token=TOKEN, account_id=ACCOUNT, app_id=APP, base_url=base_url)

    async def find(self) -> str:
        return (await self.client.sessions.find(SESSION)).id

    async def sessions(self, ahead: int = 1) -> AsyncIterator[SessionFields]:
        async for session in self.client.sessions.page_size(PAGE).prefetch(ahead):
            assert session.started_at is not None
            assert session.ended_at is not None
            yield session.id, session.status, session.minutes_consumed or 0.0, session.started_at, session.ended_at

    async def create(self, name: str) -> str:
        new = await self.client.participants.create(
            meeting_id=MEETING, custom_participant_id=name, preset_name="group_call_host", name=name
        )
        return new.id
