"""The emulator in this process as a transport: the whole API without a socket, in microseconds a call."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, TypedDict
from urllib.parse import urlsplit

from realtimekit.emulator.faults import Disturbed
from realtimekit.emulator.wire import Incoming
from realtimekit.interfaces import Response
from realtimekit.transports.failures import failure

if TYPE_CHECKING:
    from realtimekit.emulator import Emulator
    from realtimekit.emulator.wire import Outgoing
    from realtimekit.interfaces import Request


class Connected(TypedDict):
    """The settings of a client."""

    api_token: str
    account_id: str
    app_id: str
    base_url: str
    limiter: Literal["off"]
    transport: EmulatorTransport


def connected(emulator: Emulator) -> Connected:
    """What makes a client of an emulator in this process: `RealtimeKit(**connected(emulator))`, or `configure(...)`."""
    return {
        "api_token": emulator.api_token,
        "account_id": emulator.account_id,
        "app_id": emulator.app_id,
        "base_url": "http://emulator.localhost/client/v4",
        "limiter": "off",  # it goes by a clock of its own, which a test may move
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
        if isinstance(answer, Disturbed):
            answer = _arrived(request, answer)
        return Response(answer.status, answer.headers, answer.body)


def _arrived(request: Request, answer: Disturbed) -> Outgoing:
    """What a client makes of an answer that travels badly. Nothing is waited for: late is what comes after its time.

    Raises:
        APIConnectionError, APITimeoutError: as over a connection. The request may have been carried out.
    """
    latency, drip, length, cut = answer.delivery
    if latency + drip >= request.timeout:
        raise failure(request, "", never_sent=False, timed_out=True)
    if cut in {"before", "within"} or (length or 0) > len(answer.body):
        raise failure(request, "the emulator was told to break the connection", never_sent=False)
    return answer._replace(body=answer.body[:length])
