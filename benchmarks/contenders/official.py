"""Cloudflare's own package. It lists one page per call, and returns the times of sessions as strings."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from cloudflare import AsyncCloudflare, Cloudflare

from benchmarks.canned import ACCOUNT, APP, MEETING, PAGE, SESSION, TOKEN

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from benchmarks.contenders import SessionFields


def fields(session: Any) -> SessionFields:
    return (
        session.id,
        session.status,
        session.minutes_consumed,
        datetime.fromisoformat(session.started_at),
        datetime.fromisoformat(session.ended_at),
    )


class SyncClient:
    def __init__(self, base_url: str) -> None:
        self.kit = Cloudflare(api_token=TOKEN, base_url=base_url).realtime_kit

    def find(self) -> str:
        found = self.kit.sessions.get_session_details(SESSION, account_id=ACCOUNT, app_id=APP)
        assert found.data is not None
        return found.data.id

    def sessions(self) -> Iterator[SessionFields]:
        page_no, read, total = 1, 0, 1.0
        while read < total:
            page = self.kit.sessions.get_sessions(APP, account_id=ACCOUNT, page_no=page_no, per_page=PAGE)
            assert page.data is not None
            assert page.paging is not None
            assert page.data.sessions is not None
            for session in page.data.sessions:
                yield fields(session)
            read += len(page.data.sessions)
            page_no, total = page_no + 1, page.paging.total_count or 0.0

    def create(self, name: str) -> str:
        new = self.kit.meetings.add_participant(
            MEETING,
            account_id=ACCOUNT,
            app_id=APP,
            custom_participant_id=name,
            preset_name="group_call_host",
            name=name,
        )
        assert new.data is not None
        return new.data.id


class AsyncClient:
    def __init__(self, base_url: str) -> None:
        self.kit = AsyncCloudflare(api_token=TOKEN, base_url=base_url).realtime_kit

    async def find(self) -> str:
        found = await self.kit.sessions.get_session_details(SESSION, account_id=ACCOUNT, app_id=APP)
        assert found.data is not None
        return found.data.id

    async def sessions(self) -> AsyncIterator[SessionFields]:
        page_no, read, total = 1, 0, 1.0
        while read < total:
            page = await self.kit.sessions.get_sessions(APP, account_id=ACCOUNT, page_no=page_no, per_page=PAGE)
            assert page.data is not None
            assert page.paging is not None
            assert page.data.sessions is not None
            for session in page.data.sessions:
                yield fields(session)
            read += len(page.data.sessions)
            page_no, total = page_no + 1, page.paging.total_count or 0.0

    async def create(self, name: str) -> str:
        new = await self.kit.meetings.add_participant(
            MEETING,
            account_id=ACCOUNT,
            app_id=APP,
            custom_participant_id=name,
            preset_name="group_call_host",
            name=name,
        )
        assert new.data is not None
        return new.data.id
