"""The emulator in this process as a transport: the whole API without a socket, in microseconds a call."""

from __future__ import annotations

from typing import Literal, TypedDict
from urllib.parse import urlsplit

from realtimekit.emulator import Emulator, http
from realtimekit.emulator.faults import FaultyResponse
from realtimekit.emulator.services.agent_socket import ABNORMAL, AgentSocket, SocketClosedError
from realtimekit.interfaces import Request, Response
from realtimekit.transports.failures import failure

__all__ = ["AgentSocket", "Connected", "EmulatorTransport", "SocketClosedError", "connected"]


class Connected(TypedDict):
    """The settings of a client."""

    api_token: str
    account_id: str
    app_id: str
    base_url: str
    limiter: Literal["off"]
    transport: EmulatorTransport


def connected(emulator: Emulator) -> Connected:
    """Return the settings for a client of an emulator in this process: `RealtimeKit(**connected(emulator))`."""
    return {
        "api_token": emulator.api_token,
        "account_id": emulator.account_id,
        "app_id": emulator.app_id,
        "base_url": "http://emulator.localhost/client/v4",
        "limiter": "off",  # the emulator has a clock of its own, which a test may advance
        "transport": EmulatorTransport(emulator),
    }


class EmulatorTransport:
    """Hands requests to an emulator. It never waits, so it works for both clients."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def send(self, request: Request, /) -> Response:
        response = self.emulator.handle(_arrived(request))
        return _received(request, response)

    def upgrade(self, request: Request, /) -> tuple[Response, AgentSocket | None]:
        """Open a WebSocket to the endpoint of agents: `GET ws://emulator.localhost/agent-ws/v1?...`.

        Returns the response and, if its status is 101, the connection, which is for both clients: `receive(timeout)`
        and `await receive_async()` return the next frame and raise `SocketClosedError`, as `send(frame)` does, when
        either side has closed it; `close(code, reason)` may be called from any thread.
        """
        response, socket = self.emulator.upgrade(_arrived(request))
        usable = False
        try:
            received = _received(request, response)
            usable = not isinstance(response, FaultyResponse) or response.impairment.cut is None
        finally:
            if socket is not None and not usable:
                socket.close(ABNORMAL)
        return received, socket


def _arrived(request: Request) -> http.Request:
    """Return a request as the emulator gets it."""
    url = urlsplit(request.url)
    headers = {"host": url.netloc, **{name.lower(): value for name, value in request.headers.items()}}
    return http.Request(request.method, url.path, url.query, headers, request.content or b"")


def _received(request: Request, response: http.Response) -> Response:
    """Return what a client receives of a response. A latency is not waited for: it is compared with the timeout.

    Raises:
        APIConnectionError, APITimeoutError: as over a connection. The request may have been carried out.
    """
    body = response.body
    if isinstance(response, FaultyResponse):
        latency, drip, length, cut = response.impairment
        if latency + drip >= request.timeout:
            raise failure(request, "", never_sent=False, timed_out=True)
        if cut in {"before", "within"} or (length or 0) > len(body):
            raise failure(request, "a fault of the emulator broke the connection", never_sent=False)
        body = body[:length]
    return Response(response.status, response.headers, body)
