"""An API and a storage on 127.0.0.1 in one server, which fails as scripted; the four ways to download from it."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, NamedTuple, Self, TypeAlias

from realtimekit import AsyncRealtimeKit, RealtimeKit
from tests.transports.loopback import Connection, Received, Server, answer

TOKEN = "s3cret-token"
SIGNATURE = "s3cret-signature"
DATA = b"".join(n.to_bytes(4, "big") for n in range(100_000))  # 400 kB, no two parts alike

Act: TypeAlias = "Callable[[Storage, Connection, Received], None]"


class Storage:
    """Serves one file. Each request gets the next of the acts; after the last one, it is served properly.

    The API beside it gives out links to that file, each with a number: `links` counts them.
    """

    def __init__(
        self,
        *acts: Act,
        data: bytes = DATA,
        size: int | None = None,
        name: str = "chat.csv",
        link: str | None = None,
    ) -> None:
        self.data, self.name, self.etag = data, name, '"v1"'
        self.size = len(data) if size is None else size
        self.links = 0
        self._acts = list(acts)
        self._link = link
        self._server = Server(self._play)

    def __enter__(self) -> Self:
        self._server.__enter__()
        self.url = self._server.url
        return self

    def __exit__(self, *_: object) -> None:
        self._server.__exit__()

    @property
    def asked(self) -> list[Received]:
        """The requests for the file."""
        return [request for request in self._server.requests if "/client/v4/" not in request.target]

    @property
    def ranges(self) -> list[str | None]:
        return [request.headers.get("range") for request in self.asked]

    def _play(self, connection: Connection) -> None:
        while request := connection.receive():
            if "/client/v4/" in request.target:
                self.links += 1
                url = self._link or f"{self.url}/{self.name}?n={self.links}&signature={SIGNATURE}"
                connection.send(answer(json.dumps({"success": True, "data": {"chat_download_url": url}}).encode()))
                continue
            act = self._acts.pop(0) if self._acts else Storage.serve
            act(self, connection, request)

    # --- acts -------------------------------------------------------------------------------------------------------

    def serve(self, connection: Connection, request: Received, *, until: int | None = None) -> None:
        """Serve the file, or the requested range; `until` is the position at which the connection breaks."""
        start = 0
        wanted = re.fullmatch(r"bytes=(\d+)-", request.headers.get("range", ""))
        if wanted and request.headers.get("if-range", self.etag) == self.etag:
            start = int(wanted[1])
            lines = ["HTTP/1.1 206 Partial Content"]
            lines.append(f"Content-Range: bytes {start}-{self.size - 1}/{self.size}")
        else:
            lines = ["HTTP/1.1 200 OK"]
        head = [*lines, f"ETag: {self.etag}", f"Content-Length: {self.size - start}"]
        connection.send("\r\n".join(head).encode() + b"\r\n\r\n")
        self.send(connection, start, until)
        if until is not None:
            raise OSError("cut")

    def send(self, connection: Connection, start: int, until: int | None) -> None:
        connection.send(self.data[start:until])


def cut(until: int) -> Act:
    """Serve up to this position in the file, then break the connection."""
    return lambda storage, connection, request: storage.serve(connection, request, until=until)


def says(body: bytes = b"", *, status: str = "200 OK", headers: tuple[str, ...] = ()) -> Act:
    """Send this response, whatever was requested."""
    return lambda _storage, connection, _request: connection.send(answer(body, status=status, headers=headers))


def raw(data: bytes) -> Act:
    """Send these bytes, then close the connection."""

    def act(_storage: Storage, connection: Connection, _request: Received) -> None:
        connection.send(data)
        raise OSError("cut")

    return act


class Way(NamedTuple):
    """One of the four ways to download: a transport, sync or async."""

    transport: Any
    asynchronous: bool

    def do(self, base_url: str, act: Callable[[Any], Any], **settings: Any) -> Any:
        """Call `act` with the chat of a session of such a client. It may return a coroutine."""
        given: dict[str, Any] = {"api_token": TOKEN, "account_id": "a", "app_id": "b", "timeout": 5}
        given |= {"base_url": f"{base_url}/client/v4", "transport": self.transport, **settings}
        if not self.asynchronous:
            with RealtimeKit(**given) as client:
                return act(client.sessions.ref("sess").chat)

        async def run() -> Any:
            async with AsyncRealtimeKit(**given) as client:
                return await act(await client.sessions.ref("sess").chat)

        return asyncio.run(run())

    def download(self, storage: Storage, to: Any, *, settings: dict[str, Any] | None = None, **options: Any) -> Any:
        return self.do(storage.url, lambda chat: chat.download(to, **options), **(settings or {}))


def left(folder: Path) -> Sequence[str]:
    return sorted(path.name for path in folder.iterdir())
