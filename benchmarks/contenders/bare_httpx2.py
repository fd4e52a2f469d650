"""httpx2 and json, without any SDK: the floor of the default transport."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import httpx2

from benchmarks.contenders.raw import CREATE, FIND, HEADERS, JSON, new_participant, page_of, page_path

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from benchmarks.contenders import Read

# As the transport has it: with fewer kept, 100 at once would connect anew again and again.
LIMITS = httpx2.Limits(max_connections=100, max_keepalive_connections=100)


class Blocking:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.client = httpx2.Client(headers=HEADERS, limits=LIMITS)

    def get(self, path: str) -> Any:
        return json.loads(self.client.get(self.base_url + path).content)

    def find(self) -> str:
        return str(self.get(FIND)["data"]["id"])

    def sessions(self) -> Iterator[Read]:
        page_no, last = 1, False
        while not last:
            items, last = page_of(self.get(page_path(page_no)))
            yield from items
            page_no += 1

    def create(self, name: str) -> str:
        content = json.dumps(new_participant(name)).encode()
        answer = self.client.post(self.base_url + CREATE, content=content, headers=JSON)
        return str(json.loads(answer.content)["data"]["id"])


class Awaiting:
    def __init__(self, base_url: str) -> None:
        self.base_url = base_url
        self.client = httpx2.AsyncClient(headers=HEADERS, limits=LIMITS)

    async def get(self, path: str) -> Any:
        return json.loads((await self.client.get(self.base_url + path)).content)

    async def find(self) -> str:
        return str((await self.get(FIND))["data"]["id"])

    async def sessions(self) -> AsyncIterator[Read]:
        page_no, last = 1, False
        while not last:
            items, last = page_of(await self.get(page_path(page_no)))
            for item in items:
                yield item
            page_no += 1

    async def create(self, name: str) -> str:
        content = json.dumps(new_participant(name)).encode()
        answer = await self.client.post(self.base_url + CREATE, content=content, headers=JSON)
        return str(json.loads(answer.content)["data"]["id"])
