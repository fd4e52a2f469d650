"""Django: `path("webhooks", webhook_view(endpoint))`, sync or async, depending on the endpoint."""

# Django has no type hints.
# pyright: reportMissingTypeStubs=false, reportUnnecessaryTypeIgnoreComment=false

from __future__ import annotations

from collections.abc import Callable, Coroutine
from typing import Any, overload

from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]
from django.views.decorators.csrf import csrf_exempt  # type: ignore[import-untyped]
from django.views.decorators.http import require_POST  # type: ignore[import-untyped]

from realtimekit.webhooks.adapters.wsgi import read_body
from realtimekit.webhooks.body import RawBody, body_too_large
from realtimekit.webhooks.endpoint import AsyncEndpoint, Endpoint, WebhookResponse, error_response, validate_type
from realtimekit.webhooks.errors import WebhookError


@overload
def webhook_view(endpoint: Endpoint) -> Callable[[HttpRequest], HttpResponse]: ...
@overload
def webhook_view(endpoint: AsyncEndpoint) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]: ...
def webhook_view(endpoint: Any) -> Any:
    """Return a view for deliveries, sent by POST. It is exempt from CSRF protection: a delivery is signed instead.

    Under ASGI, Django itself reads the whole body before it calls a view; a large body goes into a temporary file.
    """

    def sync_view(request: HttpRequest) -> HttpResponse:
        try:
            body = _read_body(request, endpoint.max_body)
        except WebhookError as error:
            return _http_response(error_response(error))
        return _http_response(endpoint.handle(body, request.headers))

    async def async_view(request: HttpRequest) -> HttpResponse:
        try:
            body = _read_body(request, endpoint.max_body)
        except WebhookError as error:
            return _http_response(error_response(error))
        return _http_response(await endpoint.handle(body, request.headers))

    asynchronous = isinstance(endpoint, AsyncEndpoint)
    validate_type(endpoint, AsyncEndpoint if asynchronous else Endpoint)
    return csrf_exempt(require_POST(async_view if asynchronous else sync_view))


def _read_body(request: Any, max_body: int) -> bytes:
    """Return the whole body.

    Raises:
        BodyTooLargeError, UnreadableBodyError: see `read_body`.
    """
    declared = request.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > max_body:
        raise body_too_large(max_body)
    if not declared and hasattr(request, "environ"):
        return read_body(request.environ, max_body)  # under WSGI, Django treats it as a request without a body
    # Not `request.body`, which has a limit meant for forms: DATA_UPLOAD_MAX_MEMORY_SIZE.
    body = RawBody(request.read(max_body + 1))
    if len(body) > max_body:
        raise body_too_large(max_body)
    return body


def _http_response(response: WebhookResponse) -> HttpResponse:
    return HttpResponse(response.text.encode(), status=response.status, content_type="text/plain; charset=utf-8")
