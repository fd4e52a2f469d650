"""The emulator in this process as a transport: the whole API without a socket, in microseconds a call."""

from __future__ import annotations

from typing import TYPE_CHECKING
from urllib.parse import urlsplit

from realtimekit.emulator.wire import Incoming
from realtimekit.flow import Response

if TYPE_CHECKING:
    from realtimekit.emulator import Emulator
    from realtimekit.flow import Request

BASE_URL = "http://emulator.localhost/client/v4"


class EmulatorTransport:
    """`RealtimeKit(transport=EmulatorTransport(emulator), base_url=BASE_URL, api_token=emulator.api_token, ...)`.

    For `AsyncRealtimeKit`, too: it never waits.
    """

    def __init__(self, emulator: Emulator) -> None:
        self.emulator = emulator

    def send(self, request: Request, /) -> Response:
        url = urlsplit(request.url)
        headers = {"host": url.netloc, **request.headers}
        answer = self.emulator.handle(Incoming(request.method, url.path, url.query, headers, request.content or b""))
        return Response(answer.status, answer.headers, answer.body)
