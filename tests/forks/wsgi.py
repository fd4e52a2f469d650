"""The application that gunicorn serves: `GET /{id}` finds a session with every client of `clients`."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable
from typing import Any

from .clients import BEFORE, ask_all


def app(environ: dict[str, Any], start_response: Callable[..., Any]) -> Iterable[bytes]:
    name = environ["PATH_INFO"].strip("/")
    body = json.dumps({"before": BEFORE, "after": ask_all(name)}).encode()
    start_response("200 OK", [("Content-Type", "application/json"), ("Content-Length", str(len(body)))])
    return [body]
