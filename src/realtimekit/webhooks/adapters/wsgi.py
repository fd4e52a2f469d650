"""Any WSGI server: `app = WebhookApp(endpoint)`. Imports no framework."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from http import HTTPStatus
from typing import Any

from realtimekit.webhooks.body import RawBody, body_too_large
from realtimekit.webhooks.endpoint import Endpoint, WebhookResponse, error_response, validate_type
from realtimekit.webhooks.errors import UnreadableBodyError, WebhookError
from realtimekit.webhooks.headers import PREFIXES

Environ = dict[str, Any]
StartResponse = Callable[..., Any]


class WebhookApp:
    """A WSGI application that treats every POST, whatever its path, as a delivery."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint: Endpoint = validate_type(endpoint, Endpoint)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        headers = []
        if environ["REQUEST_METHOD"] != "POST":
            response = WebhookResponse(405, "RealtimeKit delivers events with POST")
            headers.append(("Allow", "POST"))
        else:
            try:
                body = read_body(environ, self.endpoint.max_body)
            except WebhookError as error:
                response = error_response(error)
            else:
                response = self.endpoint.handle(body, _headers(environ))
        text = response.text.encode()
        headers += [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
        start_response(f"{response.status} {HTTPStatus(response.status).phrase}", headers)
        return [text]


def read_body(environ: Environ, max_body: int) -> bytes:
    """Return the whole body.

    Raises:
        BodyTooLargeError: it has more than `max_body` bytes.
        UnreadableBodyError: see `check_readable`.
    """
    check_readable(environ)
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        if int(length) > max_body:
            raise body_too_large(max_body)
        size = int(length)
    elif environ.get("wsgi.input_terminated"):
        size = max_body + 1  # a chunked body
    else:
        return b""  # PEP 3333: without a Content-Length there is no body
    body = bytearray()
    while len(body) < size and (chunk := environ["wsgi.input"].read(size - len(body))):
        body += chunk
    if len(body) > max_body:
        raise body_too_large(max_body)
    return RawBody(body)


def check_readable(environ: Environ) -> None:
    """Check that the end of a delivery's body is known.

    A chunked body has no Content-Length, and an HTTP/2 body need not have one. Some servers then end the input
    themselves, and set `wsgi.input_terminated`; under others, PEP 3333 does not allow reading. Without its body, a
    delivery would be refused for its signature, which may be final.

    Raises:
        UnreadableBodyError: it is not known.
    """
    is_delivery = any(f"HTTP_{prefix.upper()}_SIGNATURE" in environ for prefix in PREFIXES)
    if is_delivery and not environ.get("CONTENT_LENGTH") and not environ.get("wsgi.input_terminated"):
        raise UnreadableBodyError(
            "the body has no Content-Length, and this server does not say where it ends: use a server that sets "
            "wsgi.input_terminated, as gunicorn does, or a proxy that buffers requests"
        )


def _headers(environ: Environ) -> list[tuple[str, str]]:
    return [(name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")]
