"""The emulator's HTTP face: an ASGI application, and uvicorn to serve it from a thread."""

from __future__ import annotations

import socket
import threading
import time
from typing import TYPE_CHECKING, Any, Self

import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from realtimekit.emulator.wire import Incoming, Refusal

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from realtimekit.emulator.emulator import Emulator

LARGEST_BODY = 1024 * 1024  # bytes
_STARTING = 10.0  # seconds


class _Quiet(H11Protocol):
    """Keeps no access log, whose lines would hold the signatures of links.

    `access_log=False` would silence uvicorn's logger for the whole process, and so for the servers of others, too.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.access_log = False


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
        head = [*answer.headers.items(), ("content-length", str(len(answer.body)))]
        wire_head = [(name.encode("latin-1"), value.encode("latin-1")) for name, value in head]
        await send({"type": "http.response.start", "status": answer.status, "headers": wire_head})
        await send({"type": "http.response.body", "body": answer.body})

    return app


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
        config = uvicorn.Config(
            asgi(emulator),
            lifespan="off",
            log_config=None,
            http=_Quiet,
            ws="none",
            server_header=False,
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
