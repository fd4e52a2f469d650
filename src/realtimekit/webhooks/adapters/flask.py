"""Flask 3.1 or newer: `app.register_blueprint(webhook_blueprint("/webhooks", endpoint))`."""

from __future__ import annotations

from typing import TYPE_CHECKING

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from realtimekit.webhooks.handling import Endpoint, checked, refusal
from realtimekit.webhooks.verify import Body, too_large

if TYPE_CHECKING:
    from collections.abc import Callable


def webhook_view(endpoint: Endpoint) -> Callable[[], Response]:
    """A view: `app.add_url_rule("/webhooks", view_func=webhook_view(endpoint), methods=["POST"])`.

    Where Flask-WTF protects the app against forged forms, exempt it: a delivery is signed instead.
    """
    checked(endpoint, Endpoint)

    def realtimekit_webhooks() -> Response:
        # One byte more: Werkzeug cuts a body in chunks at the limit, and does not say so.
        request.max_content_length = endpoint.max_body + 1
        try:
            body = Body(request.get_data())
        except RequestEntityTooLarge:
            body = None
        if body is None or len(body) > endpoint.max_body:
            answer = refusal(too_large(endpoint.max_body))
        else:
            answer = endpoint.handle(body, request.headers)
        return Response(answer.text, answer.status, content_type="text/plain; charset=utf-8")

    return realtimekit_webhooks


def webhook_blueprint(path: str, endpoint: Endpoint, *, name: str = "realtimekit_webhooks") -> Blueprint:
    """A blueprint with this one view."""
    blueprint = Blueprint(name, __name__)
    blueprint.add_url_rule(path, view_func=webhook_view(endpoint), methods=["POST"])
    return blueprint
