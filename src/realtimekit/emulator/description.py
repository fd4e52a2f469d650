"""What the emulator serves, as OpenAPI 3.1: made from the routes, so that it cannot say anything else."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.operations import API
from realtimekit.emulator.shapes import SAFEST

if TYPE_CHECKING:
    from realtimekit.emulator.routes import Route
    from realtimekit.emulator.shapes import Shape

_BASE = "/client/v4"
_TYPES = {
    "text": "string",
    "date": "string",
    "time": "string",
    "number": "number",
    "integer": "integer",
    "flag": "boolean",
}
_WHOLE: dict[str, Any] = {"type": "integer"}
_TEXT: dict[str, Any] = {"type": "string"}
_NO: dict[str, Any] = {"const": False}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_COMPONENTS = {
    "Error": _object({"success": _NO, "error": _object({"code": _WHOLE, "message": _TEXT})}),
    "GatewayError": _object({
        "success": _NO,
        "errors": {"type": "array", "items": _object({"code": _WHOLE, "message": _TEXT})},
        "messages": {"type": "array"},
        "result": {"type": "null"},
    }),
}  # fmt: skip


def describe(server_url: str = _BASE) -> dict[str, Any]:
    """The OpenAPI document. The control plane is not in it: RealtimeKit has none."""
    paths: dict[str, Any] = {}
    for route in API.table:
        paths.setdefault(route.template.removeprefix(_BASE), {})[route.method.lower()] = _operation(route)
    return {
        "openapi": "3.1.0",
        "info": {
            "title": "RealtimeKit, as the emulator serves it",
            "version": "1",
            "description": "An emulator of Cloudflare RealtimeKit's REST API. Not Cloudflare's own description.",
        },
        "servers": [{"url": server_url}],
        "security": [{"token": []}],
        "paths": dict(sorted(paths.items())),
        "components": {
            "schemas": _COMPONENTS,
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
    }


def _operation(route: Route) -> dict[str, Any]:
    ids = [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in re.findall(r"{(\w+)}", route.template)
    ]
    query = [
        {"name": name, "in": "query", "required": shape.required, "schema": _schema(shape), **_style(shape)}
        for name, shape in route.query.items()
    ]
    answers = {
        str(route.status): _answer("Success", _schema(route.answer)),
        "401": _answer("The API token is missing or wrong", _ref("GatewayError")),
        "404": _answer(
            "The account, the app or a record in the path is not there",
            {"anyOf": [_ref("Error"), _ref("GatewayError")]},
        ),
    }
    if route.query or route.body is not None:
        answers["400"] = _answer("A parameter or the body is not what it should be", _ref("Error"))
    operation: dict[str, Any] = {"operationId": route.handler.__name__, "parameters": ids + query}
    if route.body is not None:
        fields = {name: _schema(shape) for name, shape in route.body.items()}
        required = [name for name, shape in route.body.items() if shape.required]
        body: dict[str, Any] = {"type": "object", "properties": fields, "required": required}
        operation["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": body}}}
        answers["413"] = _answer("The body is too large", _ref("Error"))
        answers["415"] = _answer("The body is not sent as JSON", _ref("Error"))
    answers |= {str(status): _answer(why, _ref("Error")) for status, why in route.refuses.items()}
    return {**operation, "responses": dict(sorted(answers.items()))}


def _style(shape: Shape) -> dict[str, Any]:
    return {"style": "form", "explode": False} if shape.kind == "list" else {}


def _answer(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schema(shape: Shape) -> dict[str, Any]:
    schema = _unqualified(shape)
    if shape.nullable and schema:
        if "enum" in schema:
            schema["enum"] = [*schema["enum"], None]
        schema["type"] = [schema["type"], "null"]
    return schema


def _unqualified(shape: Shape) -> dict[str, Any]:
    if shape.kind == "any":
        return {}
    if shape.kind == "list":
        return {"type": "array", "items": _schema(shape.items) if shape.items else _TEXT}
    if shape.kind == "object":
        return _object_schema(shape)
    is_number = shape.kind in {"number", "integer"}
    told = {
        "enum": list(shape.choices) or None,
        "minimum": -SAFEST if is_number and shape.minimum is None else shape.minimum,
        "maximum": SAFEST if is_number and shape.maximum is None else shape.maximum,
        "pattern": None if shape.pattern is None else f"^(?:{shape.pattern})$",
        "maxLength": shape.longest,
        "format": {"date": "date", "time": "date-time"}.get(shape.kind),
        "default": shape.default,
    }
    return {"type": _TYPES[shape.kind], **{name: value for name, value in told.items() if value is not None}}


def _object_schema(shape: Shape) -> dict[str, Any]:
    if shape.items is not None:
        return {"type": "object", "additionalProperties": _schema(shape.items)}
    schema: dict[str, Any] = {"type": "object"}
    if shape.fields:
        schema["properties"] = {name: _schema(field) for name, field in shape.fields.items()}
        schema["required"] = [name for name, field in shape.fields.items() if field.required]
    if shape.closed:
        schema["additionalProperties"] = False
    return schema
