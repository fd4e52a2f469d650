"""The emulator in this process as a transport: the whole API without a socket, in microseconds a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypedDict
from urllib.parse import urlsplit

from realtimekit.emulator.wire import Incoming
from realtimekit.flow import Response

if TYPE_CHECKING:
    from realtimekit.emulator import Emulator
    from realtimekit.flow import Request


class Connected(TypedDict):
    """The settings of a client."""

    api_token: str
    account_id: str
    app_id: str
    base_url: str
    transport: EmulatorTransport


def connected(emulator: Emulator) -> Connected:
    """What makes a client of an emulator in this process: `RealtimeKit(**connected(emulator))`, or `configure(...)`."""
    return {
        "api_token": emulator.api_token,
        "account_id": emulator.account_id,
        "app_id": emulator.app_id,
        "base_url": "http://emulator.localhost/client/v4",
        "transport": EmulatorTransport(emulator),
    }


class EmulatorTransport:
    """Hands requests to an emulator. It never waits, so it is right for both clients."""

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def send(self, request: Request, /) -> Response:
        url = urlsplit(request.url)
        headers = {"host": url.netloc, **request.headers}
        answer = self.emulator.handle(Incoming(request.method, url.path, url.query, headers, request.content or b""))
        return Response(answer.status, answer.headers, answer.body)
