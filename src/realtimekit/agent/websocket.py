"""Connections over the network, with the library `websockets`."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Mapping
from contextlib import suppress
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode, urlsplit

from realtimekit.agent.sockets import SUBPROTOCOL, Target
from realtimekit.agent.steps import Closed, Refusal
from realtimekit.errors import APIConnectionError, ConfigurationError
from realtimekit.transports.failures import failure

try:
    from websockets.asyncio import client as async_client
    from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidProxy, InvalidStatus, InvalidURI
    from websockets.sync import client as sync_client
    from websockets.typing import Subprotocol
except ImportError:
    raise ConfigurationError("live meetings need the extra `live`: pip install 'realtimekit[live]'") from None

if TYPE_CHECKING:
    from websockets.http11 import Response

MAX_FRAME_BYTES = 16 * 2**20
CLOSE_TIMEOUT = 2.0  # seconds to wait for the other side when closing: well within the grace period

# What opening a connection raises. OSError is also that of TLS, and of time that ran out.
_CONNECT_ERRORS = (OSError, InvalidHandshake, InvalidURI, EOFError)


_BAD_PROXY = "cannot use the proxy: check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"


class _RefusedError(Exception):
    """A refused upgrade. Not the library's exception, for which it would follow redirects."""

    def __init__(self, error: InvalidStatus) -> None:
        response: Response = error.response
        super().__init__(response.status_code)
        headers = {name.lower(): value for name, value in response.headers.raw_items()}
        self.refusal = Refusal(response.status_code, headers, bytes(response.body or b""))


class _SyncConnection(sync_client.ClientConnection):
    def handshake(self, *args: Any, **kwargs: Any) -> None:
        try:
            super().handshake(*args, **kwargs)
        except InvalidStatus as error:
            raise _RefusedError(error) from None


class _AsyncConnection(async_client.ClientConnection):
    async def handshake(self, *args: Any, **kwargs: Any) -> None:
        try:
            await super().handshake(*args, **kwargs)
        except InvalidStatus as error:
            raise _RefusedError(error) from None


class WebSocket:
    """A connection for a thread."""

    def __init__(self, connection: sync_client.ClientConnection) -> None:
        self._connection = connection.__enter__()

    def receive(self, seconds: float) -> bytes | Closed | None:
        try:
            return self._connection.recv(min(seconds, threading.TIMEOUT_MAX), decode=False)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            return _closed_by(error)

    def send(self, text: str) -> None:
        with suppress(ConnectionClosed):
            self._connection.send(text)

    def close(self, code: int, reason: str) -> None:
        self._connection.close(code, reason)
        self._connection.__exit__(None, None, None)


class AsyncWebSocket:
    """A connection for a task."""

    def __init__(self, connection: async_client.ClientConnection) -> None:
        self._connection = connection

    async def receive(self, seconds: float) -> bytes | Closed | None:
        try:
            async with asyncio.timeout(min(seconds, threading.TIMEOUT_MAX)):
                return await self._connection.recv(decode=False)
        except TimeoutError:
            return None
        except ConnectionClosed as error:
            return _closed_by(error)

    async def send(self, text: str) -> None:
        with suppress(ConnectionClosed):
            await self._connection.send(text)

    async def close(self, code: int, reason: str) -> None:
        await self._connection.close(code, reason)
        await self._connection.__aexit__(None, None, None)


def open_websocket(target: Target, query: Mapping[str, str]) -> WebSocket | Refusal:
    """Open a connection for a thread.

    Raises:
        APIConnectionError: there was no complete response.
    """
    url, options = _connect_options(target, query)
    try:
        return WebSocket(sync_client.connect(url, create_connection=_SyncConnection, **options))
    except _RefusedError as error:
        return _without_token(error.refusal, target)
    except InvalidProxy:
        pass
    except _CONNECT_ERRORS as error:
        raise _connection_error(target, error) from None
    raise ConfigurationError(_BAD_PROXY)


async def open_async_websocket(target: Target, query: Mapping[str, str]) -> AsyncWebSocket | Refusal:
    """Open a connection for a task. Raises as `open_websocket`."""
    url, options = _connect_options(target, query)
    try:
        return AsyncWebSocket(await async_client.connect(url, create_connection=_AsyncConnection, **options))
    except _RefusedError as error:
        return _without_token(error.refusal, target)
    except InvalidProxy:
        pass
    except _CONNECT_ERRORS as error:
        raise _connection_error(target, error) from None
    raise ConfigurationError(_BAD_PROXY)


def _connect_options(target: Target, query: Mapping[str, str]) -> tuple[str, dict[str, Any]]:
    """Return the URL, and the options of `connect`, which are those of both modes.

    The heartbeat is the protocol's own, so the library sends no pings. Events are small: compression would take more
    memory for each connection than it saves.
    """
    logging.getLogger("websockets.client").addFilter(_hide_token)  # again has no effect
    options: dict[str, Any] = {
        "subprotocols": [Subprotocol(SUBPROTOCOL)],
        "additional_headers": {"Authorization": target.request().headers["authorization"]},
        "compression": None,
        "open_timeout": target.timeout,
        "close_timeout": CLOSE_TIMEOUT,
        "ping_interval": None,
        "max_size": MAX_FRAME_BYTES,
        "proxy": _proxy_for(target.url),
    }
    if target.url.startswith("wss:"):
        from realtimekit.transports.httpcore2.tls import ssl_context

        options["ssl"] = ssl_context()
    return f"{target.url}?{urlencode(query, safe=',')}", options


def _proxy_for(url: str) -> str | None:
    """Return the proxy that requests to the API would use for this URL; None for a direct connection.

    Raises:
        ConfigurationError: it cannot be used.
    """
    from realtimekit.transports.httpcore2.proxies import ProxySettings

    parts, secure = urlsplit(url), url.startswith("wss:")
    port = parts.port or (443 if secure else 80)
    address = ProxySettings.from_environment().address_for("https" if secure else "http", parts.hostname or "", port)
    if address is None:
        return None
    scheme, _, rest = address.rpartition("://")
    if scheme.startswith("socks") and find_spec("python_socks") is None:
        raise ConfigurationError("live meetings through a SOCKS proxy need `pip install 'python-socks[asyncio]'`")
    return f"{'socks5h' if scheme == 'socks' else scheme or 'http'}://{rest}"


def _without_token(refusal: Refusal, target: Target) -> Refusal:
    """Return a refusal whose message can be shown: some proxies send back what they got."""
    return refusal._replace(body=refusal.body.replace(target.token.encode(), b"..."))


def _hide_token(record: logging.LogRecord) -> bool:
    """At DEBUG, the library logs the headers of its requests."""
    args = record.args
    if isinstance(args, tuple) and len(args) == 2 and str(args[0]).lower() == "authorization":
        record.args = (args[0], "...")
    return True


def _connection_error(target: Target, error: BaseException) -> APIConnectionError:
    cause = error.__cause__
    reason = str(error) or (str(cause) if cause else "") or type(error).__name__
    return failure(
        target.request(), reason, never_sent=isinstance(error, OSError), timed_out=isinstance(error, TimeoutError)
    )


def _closed_by(error: ConnectionClosed) -> Closed:
    """Return how the server closed a connection; 1006 without a close frame."""
    close = error.rcvd
    return Closed(1006, "") if close is None else Closed(int(close.code), close.reason)
