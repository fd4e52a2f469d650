"""Django: `path("webhooks", webhook_view(endpoint))`, sync or async as the endpoint is."""

# Django has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnnecessaryTypeIgnoreComment=false

from __future__ import annotations

from typing import TYPE_CHECKING, Any, overload

from django.http import HttpRequest, HttpResponse  # type: ignore[import-untyped]
from django.views.decorators.csrf import csrf_exempt  # type: ignore[import-untyped]
from django.views.decorators.http import require_POST  # type: ignore[import-untyped]

from realtimekit.webhooks.handling import Answer, AsyncEndpoint, Endpoint, checked, refusal
from realtimekit.webhooks.verify import Body, too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine


@overload
def webhook_view(endpoint: Endpoint) -> Callable[[HttpRequest], HttpResponse]: ...
@overload
def webhook_view(endpoint: AsyncEndpoint) -> Callable[[HttpRequest], Coroutine[Any, Any, HttpResponse]]: ...
def webhook_view(endpoint: Any) -> Any:
    """A view that takes deliveries by POST. Exempt from CSRF: a delivery is signed instead.

    Under ASGI Django itself reads the body to its end before it calls a view, into a file where it is large.
    """

    def blocking(request: HttpRequest) -> HttpResponse:
        body = _read(request, endpoint.max_body)
        return _response(_refused(endpoint) if body is None else endpoint.handle(body, request.headers))

    async def awaiting(request: HttpRequest) -> HttpResponse:
        body = _read(request, endpoint.max_body)
        return _response(_refused(endpoint) if body is None else await endpoint.handle(body, request.headers))

    asynchronous = isinstance(endpoint, AsyncEndpoint)
    checked(endpoint, AsyncEndpoint if asynchronous else Endpoint)
    return csrf_exempt(require_POST(awaiting if asynchronous else blocking))


def _read(request: Any, limit: int) -> bytes | None:
    """The whole body; None if it is too large."""
    declared = request.headers.get("Content-Length", "")
    if declared.isdigit() and int(declared) > limit:
        return None
    # Not `request.body`: its limit is the one of forms, DATA_UPLOAD_MAX_MEMORY_SIZE.
    body = Body(request.read(limit + 1))
    return None if len(body) > limit else body


def _refused(endpoint: Endpoint | AsyncEndpoint) -> Answer:
    return refusal(too_large(endpoint.max_body))


def _response(answer: Answer) -> HttpResponse:
    return HttpResponse(answer.text.encode(), status=answer.status, content_type="text/plain; charset=utf-8")
