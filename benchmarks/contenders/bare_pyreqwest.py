"""pyreqwest and orjson, without any SDK: the lower bound of the extra `fast`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from pyreqwest.client import ClientBuilder, SyncClientBuilder

from benchmarks.contenders.raw import CREATE, FIND, HEADERS, JSON, new_participant, page_of, page_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from benchmarks.contenders import SessionFields


class SyncClient:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.client = SyncClientBuilder().default_headers(HEADERS).build()

    def get(self, path: str) -> Any:
        return orjson.loads(memoryview(self.client.get(self.base_url + path).build().send().bytes()))

    def find(self) -> str:
        return str(self.get(FIND)["data"]["id"])

    def sessions(self) -> Iterator[SessionFields]:
        page_no, last = 1, False
        while not last:
            items, last = page_of(self.get(page_path(page_no)))
            yield from items
            page_no += 1

    def create(self, name: str) -> str:
        request = self.client.post(self.base_url + CREATE).headers(JSON).body_bytes(orjson.dumps(new_participant(name)))
        return str(orjson.loads(memoryview(request.build().send().bytes()))["data"]["id"])


class AsyncClient:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.client = ClientBuilder().default_headers(HEADERS).build()

    async def get(self, path: str) -> Any:
        answer = await self.client.get(self.base_url + path).build().send()
        return orjson.loads(memoryview(await answer.bytes()))

    async def find(self) -> str:
        return str((await self.get(FIND))["data"]["id"])

    async def sessions(self) -> AsyncIterator[SessionFields]:
        page_no, last = 1, False
        while not last:
            items, last = page_of(await self.get(page_path(page_no)))
            for item in items:
                yield item
            page_no += 1

    async def create(self, name: str) -> str:
        request = self.client.post(self.base_url + CREATE).headers(JSON).body_bytes(orjson.dumps(new_participant(name)))
        answer = await request.build().send()
        return str(orjson.loads(memoryview(await answer.bytes()))["data"]["id"])
