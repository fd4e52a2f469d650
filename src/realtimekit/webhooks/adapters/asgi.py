"""Any ASGI server or framework: `app = WebhookApp(endpoint)`, on its own or mounted. Imports no framework."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, MutableMapping
from typing import Any

from realtimekit.webhooks.body import RawBody, body_too_large
from realtimekit.webhooks.endpoint import AsyncEndpoint, WebhookResponse, error_response, validate_type

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]


class WebhookApp:
    """An ASGI application that treats every POST, whatever its path, as a delivery.

    Args:
        endpoint: the endpoint, or a function that returns it, if it is created when the server starts.
    """

    def __init__(self, endpoint: AsyncEndpoint | Callable[[], AsyncEndpoint]) -> None:
        self._endpoint = endpoint if callable(endpoint) else validate_type(endpoint, AsyncEndpoint)

    @property
    def endpoint(self) -> AsyncEndpoint:
        """The endpoint."""
        found: AsyncEndpoint = validate_type(
            self._endpoint() if callable(self._endpoint) else self._endpoint, AsyncEndpoint
        )
        return found

    async def __call__(self, scope: MutableMapping[str, Any], receive: Receive, send: Send) -> None:
        if scope["type"] == "lifespan":
            await _handle_lifespan(receive, send)
        elif scope["type"] != "http":
            await send({"type": "websocket.close"})
        elif scope["method"] != "POST":
            response = WebhookResponse(405, "RealtimeKit delivers events with POST")
            await _send_response(send, response, (b"allow", b"POST"))
        else:
            await _send_response(send, await _handle_delivery(self.endpoint, scope, receive))


async def _handle_delivery(
    endpoint: AsyncEndpoint, scope: MutableMapping[str, Any], receive: Receive
) -> WebhookResponse:
    body = await _read_body(scope, receive, endpoint.max_body)
    if body is None:
        return error_response(body_too_large(endpoint.max_body))
    return await endpoint.handle(body, scope["headers"])


async def _read_body(scope: MutableMapping[str, Any], receive: Receive, max_body: int) -> bytes | None:
    """Return the whole body, or None as soon as it turns out to be too large."""
    declared = next((value for name, value in scope["headers"] if name.lower() == b"content-length"), b"")
    if declared.isdigit() and int(declared) > max_body:
        return None
    body = bytearray()
    more = True
    while more:
        message = await receive()
        if message["type"] == "http.disconnect":
            break  # the signature does not match an incomplete body
        body += message.get("body", b"")
        more = message.get("more_body", False)
        if len(body) > max_body:
            return None
    return RawBody(body)


async def _send_response(send: Send, response: WebhookResponse, *headers: tuple[bytes, bytes]) -> None:
    body = response.text.encode()
    common = [(b"content-type", b"text/plain; charset=utf-8"), (b"content-length", str(len(body)).encode())]
    await send({"type": "http.response.start", "status": response.status, "headers": [*common, *headers]})
    await send({"type": "http.response.body", "body": body})


async def _handle_lifespan(receive: Receive, send: Send) -> None:
    """There is nothing to start or stop, but some servers insist on a reply."""
    while (await receive())["type"] != "lifespan.shutdown":
        await send({"type": "lifespan.startup.complete"})
    await send({"type": "lifespan.shutdown.complete"})
