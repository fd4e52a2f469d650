"""The loopback server, in a process of its own. It parses as little as possible and sends canned responses.

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


class RequestCounts:
    """Counts of requests since the last time they were taken."""

    def __init__(self) -> None:
        self.reset()

    def reset(self) -> None:
        """Start from zero."""
        self.requests = self.waiting = self.most_waiting = 0
        self.created: Counter[str] = Counter()

    def take(self) -> bytes:
        """Return the counts as a response, and start again."""
        sent_twice = sum(count - 1 for count in self.created.values())
        response = canned.response({
            "requests": self.requests,
            "most_at_once": self.most_waiting,
            "created": len(self.created),
            "created_twice": sent_twice,
        })  # fmt: skip
        self.reset()
        return response


ONE, PAGES = canned.one(), canned.pages()


class Connection(asyncio.Protocol):
    """One connection, whose requests are answered one after another."""

    def __init__(self, counts: RequestCounts) -> None:
        self.counts = counts
        self.buffer = b""

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def data_received(self, data: bytes) -> None:
        self.buffer += data
        while (end := self.buffer.find(b"\r\n\r\n")) >= 0:
            head, length = self.buffer[:end], 0
            if not head.startswith(b"GET") and (found := _LENGTH.search(head)):
                length = int(found[1])
            whole = end + 4 + length
            if len(self.buffer) < whole:
                return
            body, self.buffer = self.buffer[end + 4 : whole], self.buffer[whole:]
            self.answer(head, body)

    def answer(self, head: bytes, body: bytes) -> None:
        method, target, _ = head.partition(b"\r\n")[0].split(b" ")
        if target == canned.COUNTS.encode():
            self.transport.write(self.counts.take())
            return
        self.counts.requests += 1
        if method == b"POST":
            sent = json.loads(body)
            self.counts.created[sent["custom_participant_id"]] += 1
            self.transport.write(canned.participant(self.counts.created.total(), sent))
            return
        page = _PAGE_NO.search(target)
        answer = PAGES[int(page[1]) - 1] if page else ONE
        if target.startswith(_SLOW):
            self.counts.waiting += 1
            self.counts.most_waiting = max(self.counts.most_waiting, self.counts.waiting)
            asyncio.get_running_loop().call_later(canned.PAGE_SECONDS, self.late, answer)
        else:
            self.transport.write(answer)

    def late(self, answer: bytes) -> None:
        self.counts.waiting -= 1
        self.transport.write(answer)


async def main() -> None:
    """Serve until stdin ends."""
    counts = RequestCounts()
    loop = asyncio.get_running_loop()
    server = await loop.create_server(lambda: Connection(counts), "127.0.0.1", 0, backlog=1024)
    sys.stdout.write(f"{server.sockets[0].getsockname()[1]}\n")
    sys.stdout.flush()
    await loop.run_in_executor(None, sys.stdin.read)


if __name__ == "__main__":
    asyncio.run(main())
