"""What gunicorn serves: an endpoint in each framework that WSGI has, at /wsgi, /flask, /django and /django-async."""

# Django has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnnecessaryTypeIgnoreComment=false

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

from django.conf import settings  # type: ignore[import-untyped]
from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-untyped]
from django.urls import path  # type: ignore[import-untyped]
from flask import Flask
from werkzeug.middleware.dispatcher import DispatcherMiddleware

from realtimekit.webhooks import AsyncEndpoint, AsyncReceiver, AsyncRouter, Endpoint, MemoryStore, Receiver, Router
from realtimekit.webhooks.adapters import django as of_django
from realtimekit.webhooks.adapters import flask as of_flask
from realtimekit.webhooks.adapters import wsgi as of_wsgi

PEM = Path(os.environ["WEBHOOKS_PEM"]).read_text(encoding="ascii")
MAX_BODY = 4000


def handle(event: Any) -> None:
    assert event["pad"]


def endpoint() -> Endpoint:
    router = Router()
    router.on()(handle)
    return Endpoint(router, receiver=Receiver(PEM, max_body=MAX_BODY), store=MemoryStore())


def async_endpoint() -> AsyncEndpoint:
    router = AsyncRouter()
    router.on()(handle)
    return AsyncEndpoint(router, receiver=AsyncReceiver(PEM, max_body=MAX_BODY), store=MemoryStore())


settings.configure(
    ALLOWED_HOSTS=["127.0.0.1"],
    MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
    SECRET_KEY="of the tests",
    ROOT_URLCONF=__name__,
    LOGGING_CONFIG=None,
)
urlpatterns = [
    path("webhooks", of_django.webhook_view(endpoint())),
    path("async", of_django.webhook_view(async_endpoint())),
]
flask = Flask("app")
flask.register_blueprint(of_flask.webhook_blueprint("/webhooks", endpoint()))
mounts: dict[str, Any] = {"/flask": flask, "/django": WSGIHandler()}
app = DispatcherMiddleware(of_wsgi.WebhookApp(endpoint()), mounts)
