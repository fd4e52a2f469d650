"""Flask 3.1 or newer: `app.register_blueprint(webhook_blueprint("/webhooks", endpoint))`."""

from __future__ import annotations

from collections.abc import Callable

from flask import Blueprint, Response, request
from werkzeug.exceptions import RequestEntityTooLarge

from realtimekit.webhooks.adapters.wsgi import check_readable
from realtimekit.webhooks.body import RawBody, body_too_large
from realtimekit.webhooks.endpoint import Endpoint, error_response, validate_type
from realtimekit.webhooks.errors import WebhookError


def webhook_view(endpoint: Endpoint) -> Callable[[], Response]:
    """Return a view: `app.add_url_rule("/webhooks", view_func=webhook_view(endpoint), methods=["POST"])`.

    If the app uses the CSRF protection of Flask-WTF, exempt the view: a delivery is signed instead.
    """
    validate_type(endpoint, Endpoint)

    def realtimekit_webhooks() -> Response:
        try:
            body = _read_body(endpoint.max_body)
        except WebhookError as error:
            response = error_response(error)
        else:
            response = endpoint.handle(body, request.headers)
        return Response(response.text, response.status, content_type="text/plain; charset=utf-8")

    return realtimekit_webhooks


def _read_body(max_body: int) -> bytes:
    check_readable(request.environ)
    # One byte more: Werkzeug silently truncates a chunked body at the limit.
    request.max_content_length = max_body + 1
    try:
        body = RawBody(request.get_data())
    except RequestEntityTooLarge:
        raise body_too_large(max_body) from None
    if len(body) > max_body:
        raise body_too_large(max_body)
    return body


def webhook_blueprint(path: str, endpoint: Endpoint, *, name: str = "realtimekit_webhooks") -> Blueprint:
    """Return a blueprint with only this view."""
    blueprint = Blueprint(name, __name__)
    blueprint.add_url_rule(path, view_func=webhook_view(endpoint), methods=["POST"])
    return blueprint
