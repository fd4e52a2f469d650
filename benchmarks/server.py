"""The loopback server, a process of its own: it reads as little as it must and answers with bytes made beforehand.

`python -m benchmarks.server` prints its port and serves until its stdin ends.
"""

from __future__ import annotations

import asyncio
import json
import re
import sys
from collections import Counter

from benchmarks import canned

_PAGE_NO = re.compile(rb"[?&]page_no=(\d+)")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_SLOW = canned.SLOW.encode()


class Seen:
    """What arrived since somebody last asked."""

    def __init__(self) -> None:
        self.begin()

    def begin(self) -> None:
        """Count from nothing."""
        self.requests = self.waiting = self.most_waiting = 0
        self.created: Counter[str] = Counter()

    def told(self) -> bytes:
        """All of it, as an answer; counting begins anew."""
        sent_twice = sum(count - 1 for count in self.created.values())
        told = canned.answer({
            "requests": self.requests,
            "most_at_once": self.most_waiting,
            "created": len(self.created),
            "created_twice": sent_twice,
        })  # fmt: skip
        self.begin()
        return told


ONE, PAGES = canned.one(), canned.pages()


class Connection(asyncio.Protocol):
    """One connection; its requests are answered one after another."""

    def __init__(self, seen: Seen) -> None:
        self.seen = seen
        self.arrived = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.arrived += data
        while (end := self.arrived.find(b"\r\n\r\n")) >= 0:
            head, length = self.arrived[:end], 0
            if not head.startswith(b"GET") and (found := _LENGTH.search(head)):
                length = int(found[1])
            whole = end + 4 + length
            if len(self.arrived) < whole:
                return
            body, self.arrived = self.arrived[end + 4 : whole], self.arrived[whole:]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.partition(b"\r\n")[0].split(b" ")
        if target == canned.COUNTS.encode():
            self.transport.write(self.seen.told())
            return
        self.seen.requests += 1
        if method == b"POST":
            sent = json.loads(body)
            self.seen.created[sent["custom_participant_id"]] += 1
            self.transport.write(canned.participant(self.seen.created.total(), sent))
            return
        page = _PAGE_NO.search(target)
        answer = PAGES[int(page[1]) - 1] if page else ONE
        if target.startswith(_SLOW):
            self.seen.waiting += 1
            self.seen.most_waiting = max(self.seen.most_waiting, self.seen.waiting)
            asyncio.get_running_loop().call_later(canned.PAGE_SECONDS, self.late, answer)
        else:
            self.transport.write(answer)

    def late(self, answer: bytes) -> None:
        self.seen.waiting -= 1
        self.transport.write(answer)


async def main() -> None:
    """Serve until stdin ends."""
    seen = Seen()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(seen), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
