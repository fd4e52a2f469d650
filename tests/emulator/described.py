"""Checks responses against the emulator's own OpenAPI document."""

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
    """Fail unless the document describes the response. Requests without a route are not in the document."""
    try:
        route, _ = API.match(method, urlsplit(target).path)
    except HTTPError:
        return
    error = next(_validator(route.template, method, str(status)).iter_errors(body), None)
    assert error is None, f"{method} {target} {status}: {error}"
