"""The emulator over HTTP and WebSockets: an ASGI application, and uvicorn to serve it from a thread."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from realtimekit.emulator import sending, websocket
from realtimekit.emulator.http import HTTPError, Request
from realtimekit.emulator.sending import CONNECTION
from realtimekit.emulator.services.agents import AGENTS_PATH

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from realtimekit.emulator.http import Response
    from realtimekit.emulator.websocket import Upgrade

MAX_BODY_BYTES = 1024 * 1024
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


def asgi(handle: Callable[[Request], Response], upgrade: Upgrade) -> Callable[..., Awaitable[None]]:
    """Return an ASGI application that answers requests with `handle`, and those for WebSockets with `upgrade`."""

    async def app(scope: dict[str, Any], receive: Callable[..., Any], send: Callable[..., Any]) -> None:
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        if scope["type"] == "websocket":
            await websocket.serve(scope, headers, upgrade, receive, send)
            return
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
        await sending.send(response, receive, send, scope["extensions"][CONNECTION])

    return app


class Server:
    """An HTTP server in a thread. It listens as soon as it is created.

    Attributes:
        origin: its scheme, host and port.
        base_url: the base URL for the SDK.
        agent_url: the endpoint of agents.
        control_url: the base URL of the control plane.
    """

    def __init__(
        self, handle: Callable[[Request], Response], upgrade: Upgrade, host: str = "127.0.0.1", port: int = 0
    ) -> None:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        self._socket = socket.create_server((host, port), family=family)
        port = self._socket.getsockname()[1]
        reachable = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
        self.origin: str = f"http://{reachable}:{port}"
        self.base_url: str = f"{self.origin}/client/v4"
        self.agent_url: str = f"ws{self.origin.removeprefix('http')}{AGENTS_PATH}"
        self.control_url: str = f"{self.origin}/_emulator"
        config = uvicorn.Config(
            asgi(handle, upgrade),
            lifespan="off",
            log_config=None,
            http=_Protocol,
            ws=websocket.Protocol,
            ws_max_size=MAX_BODY_BYTES,
            ws_ping_interval=None,
            ws_per_message_deflate=False,
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
