"""Any WSGI server: `app = WebhookApp(endpoint)`. Needs nothing else."""

from __future__ import annotations

from http import HTTPStatus
from typing import TYPE_CHECKING, Any

from realtimekit.webhooks.errors import WebhookError
from realtimekit.webhooks.handling import Answer, Endpoint, checked, refusal
from realtimekit.webhooks.verify import Body, too_large

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Environ = dict[str, Any]
    StartResponse = Callable[..., Any]


class WebhookApp:
    """A WSGI application: each POST, whatever its path, is a delivery."""

    def __init__(self, endpoint: Endpoint) -> None:
        self.endpoint: Endpoint = checked(endpoint, Endpoint)

    def __call__(self, environ: Environ, start_response: StartResponse) -> Iterable[bytes]:
        headers = []
        if environ["REQUEST_METHOD"] != "POST":
            answer = Answer(405, "RealtimeKit delivers events with POST")
            headers.append(("Allow", "POST"))
        else:
            try:
                body = _read(environ, self.endpoint.max_body)
            except WebhookError as error:
                answer = refusal(error)
            else:
                answer = self.endpoint.handle(body, _headers(environ))
        text = answer.text.encode()
        headers += [("Content-Type", "text/plain; charset=utf-8"), ("Content-Length", str(len(text)))]
        start_response(f"{answer.status} {HTTPStatus(answer.status).phrase}", headers)
        return [text]


def _read(environ: Environ, limit: int) -> bytes:
    length = environ.get("CONTENT_LENGTH") or ""
    if length.isdigit():
        if int(length) > limit:
            raise too_large(limit)
        wanted = int(length)
    elif environ.get("wsgi.input_terminated"):
        wanted = limit + 1  # sent in chunks
    else:
        return b""  # PEP 3333: without a length there is nothing to read
    body = bytearray()
    while len(body) < wanted and (chunk := environ["wsgi.input"].read(wanted - len(body))):
        body += chunk
    if len(body) > limit:
        raise too_large(limit)
    return Body(body)


def _headers(environ: Environ) -> list[tuple[str, str]]:
    return [(name[5:].replace("_", "-"), value) for name, value in environ.items() if name.startswith("HTTP_")]
