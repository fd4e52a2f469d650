"""Deliveries without a Content-Length: under gunicorn, which ends the input, and under a server that does not."""

from __future__ import annotations

import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from .frameworks import NO_CHUNKS, django_with, of_django_awaiting_under_wsgi, post, under_wsgiref
from .platform import Signer
from .test_frameworks import MAX_BODY, Setup, padded

APPS = ["/webhooks", "/flask/webhooks", "/django/webhooks", "/django/async"]
CHUNKED = {"transfer-encoding": "chunked"}


@pytest.fixture(scope="module")
def gunicorn(signer: Signer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    folder: Path = tmp_path_factory.mktemp("gunicorn")
    (folder / "key.pem").write_text(signer.pem, encoding="ascii")
    with socket.create_server(("127.0.0.1", 0), backlog=64) as listening, (folder / "log").open("wb") as log:
        command = [sys.executable, "-m", "gunicorn", "--bind", f"fd://{listening.fileno()}"]
        process = subprocess.Popen(
            [*command, "tests.webhooks.gunicorn_app:app"],
            env={**os.environ, "WEBHOOKS_PEM": str(folder / "key.pem")},
            pass_fds=[listening.fileno()],
            stdout=log,
            stderr=log,
        )
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}"
        finally:
            process.terminate()
            process.wait(timeout=60)
    said = (folder / "log").read_text(encoding="utf-8")
    assert "Traceback" not in said, said


def chunks(body: bytes) -> Iterator[bytes]:
    return iter([body[:1], body[1:2500], body[2500:]])


@pytest.mark.parametrize("path", APPS)
def test_a_chunked_body_is_read(gunicorn: str, signer: Signer, path: str) -> None:
    for size in (3000, MAX_BODY):
        body = padded(size)
        headers = {**signer.headers(body), **CHUNKED}
        assert post(gunicorn, chunks(body), headers, chunked=True, path=path) == (200, "handled")
        assert post(gunicorn, body, signer.headers(body), path=path) == (200, "already handled")


@pytest.mark.parametrize("path", APPS)
def test_a_chunked_body_that_is_too_large(gunicorn: str, signer: Signer, path: str) -> None:
    body = padded(MAX_BODY + 1)
    assert post(gunicorn, chunks(body), {**signer.headers(body), **CHUNKED}, chunked=True, path=path)[0] == 413


@pytest.mark.parametrize("path", APPS)
def test_no_body(gunicorn: str, signer: Signer, path: str) -> None:
    assert post(gunicorn, None, {}, path=path)[0] == 401
    assert post(gunicorn, b"", signer.headers(b"x"), path=path)[0] == 401


def of_flask_under_wsgiref(endpoint: Any) -> Any:
    from flask import Flask

    from realtimekit.webhooks.adapters.flask import webhook_blueprint

    app = Flask("app")
    app.register_blueprint(webhook_blueprint("/webhooks", endpoint))
    return under_wsgiref(app)


@pytest.mark.parametrize("make", [*NO_CHUNKS, of_flask_under_wsgiref, of_django_awaiting_under_wsgi])
@pytest.mark.parametrize("prefix", ["rtk", "dyte"])
def test_a_body_whose_end_is_unknown_gets_503(make: Any, signer: Signer, prefix: str) -> None:
    """Wsgiref passes no length and does not end the input. A 401 would be final: the event would be lost."""
    setup = Setup(signer, asynchronous=make is of_django_awaiting_under_wsgi)
    body = padded(500)
    headers = {name.replace("rtk", prefix): value for name, value in signer.headers(body).items()}
    with make(setup.endpoint) as origin:
        status, text = post(origin, chunks(body), {**headers, **CHUNKED}, chunked=True)
        assert (status, "wsgi.input_terminated" in text) == (503, True)
        assert post(origin, body, headers) == (200, "handled")
        assert post(origin, chunks(body), CHUNKED, chunked=True)[0] == 401
    assert len(setup.events) == 1


def test_middleware_may_read_the_body_first(signer: Signer) -> None:
    from realtimekit.webhooks.adapters.django import webhook_view

    setup = Setup(signer, asynchronous=False)
    view: Any = webhook_view(setup.endpoint)

    def reading(request: Any) -> Any:
        assert isinstance(request.body, bytes)
        return view(request)

    reading.csrf_exempt = True  # type: ignore[attr-defined]
    body = padded(90)
    with django_with(reading, asynchronous=False) as app, under_wsgiref(app) as origin:
        assert post(origin, body, signer.headers(body)) == (200, "handled")
