"""The emulator over HTTP: an ASGI application, and uvicorn to serve it from a thread."""

from __future__ import annotations

import asyncio
import math
import socket
import struct
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from realtimekit.emulator.faults import FaultyResponse
from realtimekit.emulator.http import HTTPError, Request

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from realtimekit.emulator.http import Response

MAX_BODY_BYTES = 1024 * 1024
CONNECTION = "realtimekit.connection"  # the ASGI extension that holds the connection
DRIPS = 20  # pieces of a dripped body
_START_TIMEOUT = 10.0  # seconds


class _Protocol(H11Protocol):
    """Keeps no access log, which would contain the signatures of links, and gives the application the connection.

    `access_log=False` would silence uvicorn's logger for the whole process, other servers included.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False
        app = self.app

        async def connected(scope: Any, receive: Any, send: Any) -> None:
            await app({**scope, "extensions": {CONNECTION: self.transport}}, receive, send)

        self.app = connected

    def connection_made(self, transport: Any) -> None:
        super().connection_made(transport)
        # Head and body are written one after the other: without this the second waits for the client's ACK, 40 ms.
        # asyncio does it for sockets that it made itself.
        transport.get_extra_info("socket").setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)


def asgi(handle: Callable[[Request], Response]) -> Callable[..., Awaitable[None]]:
    """Return an ASGI application that answers each request with `handle`."""

    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http":  # a WebSocket, which nothing here speaks
            await send({"type": "websocket.close"})
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body, more = b"", True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            more = event.get("more_body", False)
            # A body that is too large is read to its end, so that the response arrives, but not kept.
            body = (body + event.get("body", b""))[: MAX_BODY_BYTES + 1]
        if len(body) > MAX_BODY_BYTES:
            response = HTTPError(413, f"the body is larger than {MAX_BODY_BYTES} bytes").response()
        else:
            path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
            response = handle(Request(scope["method"], path, query, headers, body))
        if isinstance(response, FaultyResponse):
            await send_faulty(response, receive, send, scope["extensions"][CONNECTION])
        else:
            await _send(response, send)

    return app


async def _send(response: Response, send: Callable[..., Any]) -> None:
    head = [*response.headers.items(), ("content-length", str(len(response.body)))]
    wire_head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head]
    await send({"type": "http.response.start", "status": response.status, "headers": wire_head})
    await send({"type": "http.response.body", "body": response.body})


async def send_faulty(
    response: FaultyResponse, receive: Callable[..., Any], send: Callable[..., Any], connection: asyncio.Transport
) -> None:
    """Send a response as badly as its impairment says."""
    impairment = response.impairment
    if impairment.latency_seconds and not await _sleep_while_connected(receive, impairment.latency_seconds):
        return
    if impairment.cut in {None, "after"} and not impairment.drip_seconds and impairment.content_length is None:
        await _send(response, send)
        if impairment.cut:
            connection.close()
        return
    if impairment.cut != "before":
        await _write(response, receive, connection)
    if impairment.cut in {"before", "within"}:
        reset(connection)
    connection.close()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(response: FaultyResponse, receive: Callable[..., Any], connection: asyncio.Transport) -> None:
    """Write past h11, which does not allow a wrong length."""
    impairment, body = response.impairment, response.body
    length = len(body) if impairment.content_length is None else impairment.content_length
    headers = {**response.headers, "content-length": str(length), "connection": "close"}
    lines = [f"HTTP/1.1 {response.status} ", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.write("\r\n".join(lines).encode("latin-1"))
    if impairment.cut == "within":
        body = body[: len(body) // 2]
    size = math.ceil(len(body) / DRIPS) if impairment.drip_seconds else len(body)
    for start in range(0, len(body), size or 1):
        if impairment.drip_seconds and not await _sleep_while_connected(receive, impairment.drip_seconds / DRIPS):
            return
        connection.write(body[start : start + size])


async def _sleep_while_connected(receive: Callable[..., Any], seconds: float) -> bool:
    """Sleep. Returns False as soon as the client disconnects."""
    try:
        async with asyncio.timeout(seconds):
            await receive()  # the request is complete: only a disconnect can follow
    except TimeoutError:
        return True
    return False


def reset(connection: asyncio.Transport) -> None:
    """Close a connection as a crash or a firewall would: with RST, not with FIN."""
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.abort()


class Server:
    """An HTTP server in a thread. It listens as soon as it is created.

    Attributes:
        origin: its scheme, host and port.
        base_url: the base URL for the SDK.
        control_url: the base URL of the control plane.
    """

    def __init__(self, handle: Callable[[Request], Response], host: str = "127.0.0.1", port: int = 0) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        port = self._socket.getsockname()[1]
        reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        self.origin: str = f"http://{reachable}:{port}"
        self.base_url: str = f"{self.origin}/client/v4"
        self.control_url: str = f"{self.origin}/_emulator"
        config = uvicorn.Config(
            asgi(handle),
            lifespan="off",
            log_config=None,
            http=_Protocol,
            ws="none",
            server_header=False,
            date_header=False,  # the emulator has a clock of its own
            timeout_graceful_shutdown=1,  # seconds for a request that never arrives completely
        )
        self._server = uvicorn.Server(config)
        # In a thread uvicorn installs no signal handlers: signals are the program's.
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="emulator", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        if not self._server.started:
            self.close()
            raise RuntimeError("the emulator's HTTP server did not start")

    def close(self) -> None:
        """Stop serving. The emulator stays usable, and can be served again."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
