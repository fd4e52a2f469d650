"""Web frameworks with an endpoint, each on a real server; and an HTTP client."""

# Django has no types of its own.
# pyright: reportMissingTypeStubs=false, reportUnnecessaryTypeIgnoreComment=false

from __future__ import annotations

import contextlib
import http.client
import sys
import threading
import types
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any
from urllib.parse import urlsplit
from wsgiref.simple_server import WSGIRequestHandler, make_server

from werkzeug.serving import make_server as make_werkzeug_server

from .platform import served

# --- servers ----------------------------------------------------------------------------------------------------------


@contextmanager
def running(server: Any) -> Generator[str]:
    thread = threading.Thread(target=server.serve_forever, args=(0.01,), daemon=True)
    thread.start()
    try:
        yield f"http://127.0.0.1:{server.server_port}"
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: Any) -> None:
        pass


def under_wsgiref(app: Any) -> Any:
    def draining(environ: dict[str, Any], start_response: Any) -> Any:
        response = app(environ, start_response)
        # Otherwise the end of the connection, with chunks still unread, could overtake the response.
        while "HTTP_TRANSFER_ENCODING" in environ and environ["wsgi.input"].readline() not in {b"0\r\n", b""}:
            pass
        return response

    return running(make_server("127.0.0.1", 0, draining, handler_class=Quiet))


def under_werkzeug(app: Any) -> Any:
    from werkzeug.serving import WSGIRequestHandler as Handler

    class QuietHandler(Handler):
        def log(self, type: str, message: str, *args: Any) -> None:
            pass

    return running(make_werkzeug_server("127.0.0.1", 0, app, threaded=True, request_handler=QuietHandler))


def under_uvicorn(app: Any) -> Any:
    return served(app, lifespan="on")


@contextmanager
def django_with(view: Any, *, asynchronous: bool) -> Generator[Any]:
    """Django's own application, with this view at /webhooks; `view` may be a whole list of URL patterns."""
    import django  # type: ignore[import-untyped]
    from django.conf import settings  # type: ignore[import-untyped]
    from django.core.handlers.asgi import ASGIHandler  # type: ignore[import-untyped]
    from django.core.handlers.wsgi import WSGIHandler  # type: ignore[import-untyped]
    from django.test import override_settings  # type: ignore[import-untyped]
    from django.urls import path  # type: ignore[import-untyped]

    if not settings.configured:
        settings.configure(
            ALLOWED_HOSTS=["127.0.0.1"],
            MIDDLEWARE=["django.middleware.csrf.CsrfViewMiddleware"],
            SECRET_KEY="of the tests",
            DATA_UPLOAD_MAX_MEMORY_SIZE=100,  # for forms: deliveries have their own limit
            LOGGING_CONFIG=None,
        )
        django.setup()
    urls = types.ModuleType("urls_of_a_test")
    vars(urls)["urlpatterns"] = view if isinstance(view, list) else [path("webhooks", view)]
    sys.modules[urls.__name__] = urls
    with override_settings(ROOT_URLCONF=urls.__name__):
        yield ASGIHandler() if asynchronous else WSGIHandler()
    del sys.modules[urls.__name__]


# --- frameworks -------------------------------------------------------------------------------------------------------


def of_asgi(endpoint: Any) -> Any:
    from realtimekit.webhooks.adapters.asgi import WebhookApp

    return under_uvicorn(WebhookApp(endpoint))


def of_starlette(endpoint: Any) -> Any:
    from starlette.applications import Starlette

    from realtimekit.webhooks.adapters.starlette import webhook_route

    return under_uvicorn(Starlette(routes=[webhook_route("/webhooks", endpoint)]))


def of_fastapi(endpoint: Any) -> Any:
    from fastapi import FastAPI

    from realtimekit.webhooks.adapters.starlette import webhook_route

    app = FastAPI()
    app.router.routes.append(webhook_route("/webhooks", endpoint))
    return under_uvicorn(app)


def of_mounted(endpoint: Any) -> Any:
    from starlette.applications import Starlette
    from starlette.routing import Mount

    from realtimekit.webhooks.adapters.asgi import WebhookApp

    return under_uvicorn(Starlette(routes=[Mount("/", WebhookApp(endpoint))]))


def of_wsgi(endpoint: Any) -> Any:
    from realtimekit.webhooks.adapters.wsgi import WebhookApp

    return under_wsgiref(WebhookApp(endpoint))


def of_wsgi_with_chunks(endpoint: Any) -> Any:
    from realtimekit.webhooks.adapters.wsgi import WebhookApp

    return under_werkzeug(WebhookApp(endpoint))


def of_flask(endpoint: Any) -> Any:
    from flask import Flask

    from realtimekit.webhooks.adapters.flask import webhook_blueprint

    app = Flask("app")
    app.config["MAX_CONTENT_LENGTH"] = 100  # for other views: deliveries have their own limit
    app.register_blueprint(webhook_blueprint("/webhooks", endpoint))

    return under_werkzeug(app)


@contextmanager
def of_django(endpoint: Any) -> Generator[str]:
    from realtimekit.webhooks.adapters.django import webhook_view

    with (
        django_with(webhook_view(endpoint), asynchronous=False) as app,
        under_wsgiref(app) as origin,
    ):
        yield origin


@contextmanager
def of_django_asgi(endpoint: Any) -> Generator[str]:
    from realtimekit.webhooks.adapters.django import webhook_view

    with (
        django_with(webhook_view(endpoint), asynchronous=True) as app,
        served(app, lifespan="off") as origin,
    ):
        yield origin


@contextmanager
def of_django_awaiting_under_wsgi(endpoint: Any) -> Generator[str]:
    """Under WSGI, Django runs an async view in a new event loop for each request."""
    from realtimekit.webhooks.adapters.django import webhook_view

    with (
        django_with(webhook_view(endpoint), asynchronous=False) as app,
        under_wsgiref(app) as origin,
    ):
        yield origin


ASYNC = [of_asgi, of_starlette, of_fastapi, of_mounted, of_django_asgi]
BLOCKING = [of_wsgi, of_wsgi_with_chunks, of_flask, of_django]
NO_CHUNKS = [of_wsgi, of_django]  # wsgiref's server knows no chunked bodies


# --- a client ---------------------------------------------------------------------------------------------------------


def post(
    origin: str,
    body: Any,
    headers: dict[str, str],
    *,
    method: str = "POST",
    chunked: bool = False,
    path: str = "/webhooks",
) -> tuple[int, str]:
    url = urlsplit(origin)
    connection = http.client.HTTPConnection(str(url.hostname), url.port, timeout=20)
    with contextlib.closing(connection):
        connection.request(method, path, body, headers, encode_chunked=chunked)
        response = connection.getresponse()
        return response.status, response.read().decode()
