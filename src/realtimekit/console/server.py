"""Serves the console over HTTP from a thread, until it is closed."""

from __future__ import annotations

import threading
import time
from typing import Self

import uvicorn
from starlette.applications import Starlette  # noqa: TC002 - read at run time, by tools

from realtimekit.console.access import TOKEN, Access
from realtimekit.settings import is_loopback
from realtimekit.web_server import Protocol, listen

_START_TIMEOUT = 10.0  # seconds


class Server:
    """The console over HTTP. It listens as soon as it is created.

    Attributes:
        origin: its scheme, host and port.
        url: the link that opens it, once.
        app: what it serves.

    Args:
        app: as `create_app` returns it; it is served once.
        host: the address to listen on. Anything but loopback opens the console to the network, without encryption.
        port: 0 picks a free one.

    Raises:
        OSError: the port cannot be used.
    """

    def __init__(self, app: Starlette, host: str = "127.0.0.1", port: int = 0) -> None:
        self._socket = listen(host, port)
        port = self._socket.getsockname()[1]
        self.origin: str = f"http://{f'[{host}]' if ':' in host else host}:{port}"
        access = Access(app, cookie=f"realtimekit-console-{port}", local=is_loopback(host))
        self.app: Starlette = app
        app.state.form_token = access.form_token
        self.url: str = f"{self.origin}/?{TOKEN}={access.token}"
        config = uvicorn.Config(
            access, lifespan="off", log_config=None, http=Protocol, ws="none", server_header=False,
            proxy_headers=False, timeout_graceful_shutdown=1,
        )  # fmt: skip
        self._server = uvicorn.Server(config)
        # In a thread uvicorn installs no signal handlers: signals are the program's.
        self._thread = threading.Thread(target=self._server.run, args=([self._socket],), name="console", daemon=True)
        self._thread.start()
        deadline = time.monotonic() + _START_TIMEOUT
        while not self._server.started and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(0.005)
        if not self._server.started:
            self.close()
            raise RuntimeError("the console's HTTP server did not start")

    def close(self) -> None:
        """Stop serving."""
        self._server.should_exit = True
        self._thread.join()
        self._socket.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:  # never the token
        return f"<Server {self.origin}>"
