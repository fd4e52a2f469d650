"""Whether responses are what the emulator's own description says of them."""

from __future__ import annotations

import functools
from typing import Any
from urllib.parse import urlsplit

import jsonschema_rs

from realtimekit.emulator import openapi
from realtimekit.emulator.http import HTTPError
from realtimekit.emulator.routes import API


@functools.cache
def document() -> dict[str, Any]:
    return openapi.document()


@functools.cache
def _validator(template: str, method: str, status: str) -> Any:
    operation = document()["paths"][template.removeprefix("/client/v4")][method.lower()]
    assert status in operation["responses"], (
        f"{method} {template} answers {status}, which its description does not have"
    )
    schema = operation["responses"][status]["content"]["application/json"]["schema"]
    whole = {**schema, "components": document()["components"]}
    return jsonschema_rs.Draft202012Validator(whole, validate_formats=True)


def check(method: str, target: str, status: int, body: Any) -> None:
    """Fail unless the response is described. A request that has no route is not the description's business."""
    try:
        route, _ = API.match(method, urlsplit(target).path)
    except HTTPError:
        return
    error = next(_validator(route.template, method, str(status)).iter_errors(body), None)
    assert error is None, f"{method} {target} {status}: {error}"
