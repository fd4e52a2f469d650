"""Any ASGI server or framework: `app = WebhookApp(endpoint)`, on its own or mounted. Needs nothing else."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.webhooks.handling import Answer, AsyncEndpoint, checked, refusal
from realtimekit.webhooks.verify import Body, too_large

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, MutableMapping

    Message = MutableMapping[str, Any]
    Receive = Callable[[], Awaitable[Message]]
    Send = Callable[[Message], Awaitable[None]]


class WebhookApp:
    """An ASGI application: each POST, whatever its path, is a delivery."""

    def __init__(self, endpoint: AsyncEndpoint) -> None:
        self.endpoint: AsyncEndpoint = checked(endpoint, AsyncEndpoint)

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _live(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close"})
        elif scope["method"] != "POST":
            await _answer(send, Answer(405, "RealtimeKit delivers events with POST"), (b"allow", b"POST"))
        elif (body := await _read(scope, receive, self.endpoint.max_body)) is None:
            await _answer(send, refusal(too_large(self.endpoint.max_body)))
        else:
            await _answer(send, await self.endpoint.handle(body, scope["headers"]))


async def _read(scope: MutableMapping[str, Any], receive: Receive, limit: int) -> bytes | None:
    """The whole body; None if it is too large, as soon as that is known."""
    declared = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"")
    if declared.isdigit() and int(declared) > limit:
        return None
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break  # half a body fits no signature
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > limit:
            return None
    return Body(body)


async def _answer(send: Send, answer: Answer, *headers: tuple[bytes, bytes]) -> None:
    body = answer.text.encode()
    fixed = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": answer.status, "headers": [*fixed, *headers]})
    await send({"type": "http.response.body", "body": body})


async def _live(receive: Receive, send: Send) -> None:
    """Nothing to start and nothing to stop; some servers insist on hearing so."""
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
