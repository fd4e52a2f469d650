"""Starlette and FastAPI: `Starlette(routes=[webhook_route("/webhooks", endpoint)])`."""

from __future__ import annotations

from collections.abc import Callable

from starlette.routing import Route

from realtimekit.webhooks.adapters.asgi import WebhookApp
from realtimekit.webhooks.endpoint import AsyncEndpoint


def webhook_route(
    path: str, endpoint: AsyncEndpoint | Callable[[], AsyncEndpoint], *, name: str = "realtimekit-webhooks"
) -> Route:
    """Return a route for deliveries.

    Args:
        path: the path of the route.
        endpoint: the endpoint, or a function that returns it, if the application's lifespan creates it.
        name: the name of the route.

    It also works in FastAPI: `FastAPI(routes=[...])` or `app.routes.append(...)`. The OpenAPI schema does not show it.
    """
    return Route(path, WebhookApp(endpoint), methods=["POST"], name=name, include_in_schema=False)
