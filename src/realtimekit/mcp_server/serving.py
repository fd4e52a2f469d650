"""Serving: over stdin and stdout, for a program that starts the server; or over HTTP, on this machine."""

from __future__ import annotations

import hmac
import os
import signal
import socket
from collections.abc import Generator, Iterable
from contextlib import contextmanager
from typing import Any
from urllib.parse import parse_qs

import anyio
import uvicorn
from mcp.server.mcpserver import MCPServer  # noqa: TC002 - annotations resolve at run time
from mcp.server.transport_security import TransportSecuritySettings
from starlette.responses import PlainTextResponse

from realtimekit.web_server import Protocol

PATH = "/mcp"
LOOPBACK = ("127.0.0.1", "localhost", "[::1]")
_SHUTDOWN = 2  # seconds for the requests that are being answered


def serve_stdio(server: MCPServer) -> None:
    """Serve one client over stdin and stdout, until stdin ends, or SIGINT or SIGTERM ends the process."""
    for number in (signal.SIGINT, signal.SIGTERM):
        # At once: a thread waits for stdin, and nothing can interrupt it. Everything that is read stays as it was.
        signal.signal(number, lambda *_: os._exit(0))
    anyio.run(server.run_stdio_async)


def make_app(server: MCPServer, token: str, allowed_hosts: Iterable[str] = ()) -> Any:
    """Return the server as an ASGI application, at the path `/mcp`.

    A request needs the token, as `Authorization: Bearer TOKEN` or as `?token=TOKEN`, and a Host (and an Origin, if it
    has one) of this machine: a web page can make a browser send requests, but knows neither.

    Args:
        server: as `create_server` returns it.
        token: what clients have to know.
        allowed_hosts: further names of the server, such as a reverse proxy's.
    """
    names = [*LOOPBACK, *allowed_hosts]
    security = TransportSecuritySettings(
        allowed_hosts=[host for name in names for host in (name, f"{name}:*")],
        allowed_origins=[
            origin
            for name in names
            for scheme in ("http", "https")
            for origin in (f"{scheme}://{name}", f"{scheme}://{name}:*")
        ],
    )
    # Each request stands alone: nothing is kept between two of them.
    app = server.streamable_http_app(
        streamable_http_path=PATH, json_response=True, stateless_http=True, transport_security=security
    )
    return _TokenMiddleware(app, token)


class _TokenMiddleware:
    """Refuses requests without the token, and those that would wait for messages of the server: it sends none."""

    def __init__(self, app: Any, token: str) -> None:
        self._app = app
        self._token = token.encode()

    async def __call__(self, scope: dict[str, Any], receive: Any, send: Any) -> None:
        refusal = None
        if scope["type"] == "http":
            if not self._is_authorized(scope):
                headers = {"www-authenticate": "Bearer"}
                text = "the token is missing or wrong: send it as `Authorization: Bearer TOKEN`\n"
                refusal = PlainTextResponse(text, 401, headers)
            elif scope["method"] != "POST":
                refusal = PlainTextResponse("send requests with POST\n", 405, {"allow": "POST"})
        await (refusal or self._app)(scope, receive, send)

    def _is_authorized(self, scope: dict[str, Any]) -> bool:
        headers = [value for name, value in scope["headers"] if name == b"authorization"]
        schemes = [value.partition(b" ") for value in headers]
        given = [token.strip() for scheme, _, token in schemes if scheme.lower() == b"bearer"]
        given += parse_qs(scope["query_string"]).get(b"token", [])
        return any(hmac.compare_digest(token, self._token) for token in given)


def serve_http(app: Any, listener: socket.socket) -> None:
    """Serve an application on a socket until SIGINT or SIGTERM."""
    config = uvicorn.Config(app, log_config=None, http=Protocol, timeout_graceful_shutdown=_SHUTDOWN, ws="none")
    _HTTPServer(config).run(sockets=[listener])


class _HTTPServer(uvicorn.Server):
    @contextmanager
    def capture_signals(self) -> Generator[None]:
        """As the base class, but the process ends with 0: it was asked to."""
        handlers = {number: signal.signal(number, self.handle_exit) for number in (signal.SIGINT, signal.SIGTERM)}
        try:
            yield
        finally:
            for number, handler in handlers.items():
                signal.signal(number, handler)
