"""httpcore2 and json, without any SDK: the lower bound of the default transport."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpcore2

from benchmarks.contenders import raw
from benchmarks.contenders.raw import CREATE, FIND, new_participant, page_of, page_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from benchmarks.contenders import SessionFields

HEADERS: list[tuple[bytes | str, bytes | str]] = list(raw.HEADERS.items())
WITH_JSON = [*HEADERS, *raw.JSON.items()]
CONNECTIONS = 100  # as in the transport; with fewer, 100 calls at once would wait for one another


class SyncClient:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.pool = httpcore2.ConnectionPool(max_connections=CONNECTIONS)

    def get(self, path: str) -> Any:
        return json.loads(self.pool.request("GET", self.base_url + path, headers=HEADERS).content)

    def find(self) -> str:
        return str(self.get(FIND)["data"]["id"])

    def sessions(self) -> Iterator[SessionFields]:
        page_no, last = 1, False
        while not last:
            items, last = page_of(self.get(page_path(page_no)))
            yield from items
            page_no += 1

    def create(self, name: str) -> str:
        content = json.dumps(new_participant(name)).encode()
        answer = self.pool.request("POST", self.base_url + CREATE, content=content, headers=WITH_JSON)
        return str(json.loads(answer.content)["data"]["id"])


class AsyncClient:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.pool = httpcore2.AsyncConnectionPool(max_connections=CONNECTIONS)

    async def get(self, path: str) -> Any:
        return json.loads((await self.pool.request("GET", self.base_url + path, headers=HEADERS)).content)

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
        content = json.dumps(new_participant(name)).encode()
        answer = await self.pool.request("POST", self.base_url + CREATE, content=content, headers=WITH_JSON)
        return str(json.loads(answer.content)["data"]["id"])
