"""The emulator's HTTP face: an ASGI application, and uvicorn to serve it from a thread."""

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

from realtimekit.emulator.faults import Disturbed
from realtimekit.emulator.wire import Incoming, Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.wire import Outgoing

LARGEST_BODY = 1024 * 1024  # bytes
CONNECTION = "realtimekit.connection"  # the extension of ASGI under which the application finds it
DRIPS = 20  # pieces of a body that drips
_STARTING = 10.0  # seconds


class _Protocol(H11Protocol):
    """Keeps no access log, whose lines would hold the signatures of links; and gives the application the connection.

    `access_log=False` would silence uvicorn's logger for the whole process, and so for the servers of others, too.
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


def asgi(emulator: Emulator) -> Callable[..., Awaitable[None]]:
    """The emulator as an ASGI application."""

    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        if scope["type"] != "http":  # a WebSocket: nothing here speaks it
            await send({"type": "websocket.close"})
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        body, more = b"", True
        while more:
            event = await receive()
            if event["type"] == "http.disconnect":
                return
            more = event.get("more_body", False)
            # What is too large is read to its end, so that the answer arrives, but not kept.
            body = (body + event.get("body", b""))[: LARGEST_BODY + 1]
        if len(body) > LARGEST_BODY:
            answer = Refusal(413, f"the body is larger than {LARGEST_BODY} bytes").answer()
        else:
            path, query = scope["raw_path"].decode("latin-1"), scope["query_string"].decode("latin-1")
            answer = emulator.handle(Incoming(scope["method"], path, query, headers, body))
        if isinstance(answer, Disturbed):
            await disturb(answer, receive, send, scope["extensions"][CONNECTION])
        else:
            await _send(answer, send)

    return app


async def _send(answer: Outgoing, send: Callable[..., Any]) -> None:
    head = [*answer.headers.items(), ("content-length", str(len(answer.body)))]
    wire_head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head]
    await send({"type": "http.response.start", "status": answer.status, "headers": wire_head})
    await send({"type": "http.response.body", "body": answer.body})


async def disturb(
    answer: Disturbed, receive: Callable[..., Any], send: Callable[..., Any], connection: asyncio.Transport
) -> None:
    """Have an answer travel badly, as it is told to."""
    delivery = answer.delivery
    if delivery.latency_seconds and not await _still_there(receive, delivery.latency_seconds):
        return
    if delivery.cut in {None, "after"} and not delivery.drip_seconds and delivery.content_length is None:
        await _send(answer, send)
        if delivery.cut:
            connection.close()
        return
    if delivery.cut != "before":
        await _write(answer, receive, connection)
    if delivery.cut in {"before", "within"}:
        reset(connection)
    connection.close()
    while (await receive())["type"] != "http.disconnect":
        pass


async def _write(answer: Disturbed, receive: Callable[..., Any], connection: asyncio.Transport) -> None:
    """Past h11, which lets no wrong length through."""
    delivery, body = answer.delivery, answer.body
    length = len(body) if delivery.content_length is None else delivery.content_length
    headers = {**answer.headers, "content-length": str(length), "connection": "close"}
    lines = [f"HTTP/1.1 {answer.status} ", *(f"{name}: {value}" for name, value in headers.items()), "", ""]
    connection.write("\r\n".join(lines).encode("latin-1"))
    if delivery.cut == "within":
        body = body[: len(body) // 2]
    size = math.ceil(len(body) / DRIPS) if delivery.drip_seconds else len(body)
    for start in range(0, len(body), size or 1):
        if delivery.drip_seconds and not await _still_there(receive, delivery.drip_seconds / DRIPS):
            return
        connection.write(body[start : start + size])


async def _still_there(receive: Callable[..., Any], seconds: float) -> bool:
    """Wait; False, and at once, when the client has gone."""
    try:
        async with asyncio.timeout(seconds):
            await receive()  # the request is here, whole: nothing but its end can follow
    except TimeoutError:
        return True
    return False


def reset(connection: asyncio.Transport) -> None:
    """End a connection as a crash or a firewall would: with RST, not with FIN."""
    connection.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    connection.abort()


class Server:
    """The emulator over HTTP, in a thread. Listens as soon as it is made.

    Attributes:
        base_url: what the SDK is to be pointed at.
        control_url: the control plane.
    """

    def __init__(self, emulator: Emulator, host: str = "127.0.0.1", port: int = 0) -> None:
        self.emulator = emulator
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        port = self._socket.getsockname()[1]
        reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        origin = f"http://{reachable}:{port}"
        self.base_url: str = f"{origin}/client/v4"
        self.control_url: str = f"{origin}/_emulator"
        emulator.origin = origin
        config = uvicorn.Config(
            asgi(emulator),
            lifespan="off",
            log_config=None,
            http=_Protocol,
            ws="none",
            server_header=False,
            date_header=False,  # the emulator has a clock of its own
            timeout_graceful_shutdown=1,  # seconds for a request that never arrives whole
        )
        self._server = uvicorn.Server(config)
        # In a thread uvicorn leaves the signals alone: they are the program's.
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="emulator", daemon=True)
        self._thread.start()
        give_up = time.monotonic() + _STARTING
        while not self._server.started and self._thread.is_alive() and time.monotonic() < give_up:
            time.sleep(0.005)
        if not self._server.started:
            self.close()
            raise RuntimeError("the emulator's HTTP server did not start")

    def close(self) -> None:
        """Stop serving. The emulator itself stays, and can be served again."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()
