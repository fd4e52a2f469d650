"""The emulator in this process as a transport: the whole API without a socket, in microseconds a call."""

from __future__ import annotations

from typing import Literal, TypedDict
from urllib.parse import urlsplit

from realtimekit.emulator import Emulator, http
from realtimekit.emulator.faults import FaultyResponse
from realtimekit.interfaces import Request, Response
from realtimekit.transports.failures import failure


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
        url = urlsplit(request.url)
        headers = {"host": url.netloc, **request.headers}
        body = request.content or b""
        response = self.emulator.handle(http.Request(request.method, url.path, url.query, headers, body))
        if isinstance(response, FaultyResponse):
            response = _received(request, response)
        return Response(response.status, response.headers, response.body)


def _received(request: Request, response: FaultyResponse) -> http.Response:
    """Return what a client receives of a faulty response. A latency is not waited for: it is compared with the timeout.

    Raises:
        APIConnectionError, APITimeoutError: as over a connection. The request may have been carried out.
    """
    latency, drip, length, cut = response.impairment
    if latency + drip >= request.timeout:
        raise failure(request, "", never_sent=False, timed_out=True)
    if cut in {"before", "within"} or (length or 0) > len(response.body):
        raise failure(request, "a fault of the emulator broke the connection", never_sent=False)
    return response._replace(body=response.body[:length])
