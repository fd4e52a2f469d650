"""The OpenAPI 3.1 document of the emulator, made from the routes and their schemas."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.routes import API
from realtimekit.emulator.schema import MAX_SAFE_INTEGER, Schema

if TYPE_CHECKING:
    from realtimekit.emulator.routes import Route
    from realtimekit.emulator.schema import Schema

_BASE = "/client/v4"
_INTEGER: dict[str, Any] = {"type": "integer"}
_STRING: dict[str, Any] = {"type": "string"}
_FALSE: dict[str, Any] = {"const": False}


def _object(properties: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": "object",
        "properties": properties,
        "required": list(properties),
        "additionalProperties": False,
    }


_COMPONENTS = {
    "Error": _object({"success": _FALSE, "error": _object({"code": _INTEGER, "message": _STRING})}),
    "GatewayError": _object({
        "success": _FALSE,
        "errors": {"type": "array", "items": _object({"code": _INTEGER, "message": _STRING})},
        "messages": {"type": "array"},
        "result": {"type": "null"},
    }),
}  # fmt: skip


def document(server_url: str = _BASE) -> dict[str, Any]:
    """Return the OpenAPI document. The control plane is not in it, because RealtimeKit has none."""
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
        {"name": name, "in": "query", "required": schema.required, "schema": _schema(schema), **_style(schema)}
        for name, schema in route.query.items()
    ]
    responses = {
        str(route.status): _response("Success", _schema(route.response)),
        "401": _response("The API token is missing or wrong", _ref("GatewayError")),
        "404": _response(
            "The account, the app or a record in the path does not exist",
            {"anyOf": [_ref("Error"), _ref("GatewayError")]},
        ),
    }
    if route.query or route.body is not None:
        responses["400"] = _response("A parameter or the body is not valid", _ref("Error"))
    operation: dict[str, Any] = {"operationId": route.handler.__name__, "parameters": ids + query}
    if route.body is not None:
        fields = {name: _schema(schema) for name, schema in route.body.items()}
        required = [name for name, schema in route.body.items() if schema.required]
        body: dict[str, Any] = {"type": "object", "properties": fields, "required": required}
        operation["requestBody"] = {"required": bool(required), "content": {"application/json": {"schema": body}}}
        responses["413"] = _response("The body is too large", _ref("Error"))
        responses["415"] = _response("The body is not sent as JSON", _ref("Error"))
    responses |= {str(status): _response(why, _ref("Error")) for status, why in route.errors.items()}
    return {**operation, "responses": dict(sorted(responses.items()))}


def _style(schema: Schema) -> dict[str, Any]:
    return {"style": "form", "explode": False} if schema.type == "array" else {}


def _response(description: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": description, "content": {"application/json": {"schema": schema}}}


def _ref(name: str) -> dict[str, Any]:
    return {"$ref": f"#/components/schemas/{name}"}


def _schema(schema: Schema) -> dict[str, Any]:
    """Return a schema in the words of JSON Schema."""
    written = _non_null_schema(schema)
    if schema.nullable and written:
        if "enum" in written:
            written["enum"] = [*written["enum"], None]
        written["type"] = [written["type"], "null"]
    return written


def _non_null_schema(schema: Schema) -> dict[str, Any]:
    if schema.type == "any":
        return {}
    if schema.type == "array":
        return {"type": "array", "items": _schema(schema.items) if schema.items else _STRING}
    if schema.type == "object":
        return _object_schema(schema)
    is_number = schema.type in {"number", "integer"}
    keywords = {
        "enum": list(schema.enum) or None,
        "minimum": -MAX_SAFE_INTEGER if is_number and schema.minimum is None else schema.minimum,
        "maximum": MAX_SAFE_INTEGER if is_number and schema.maximum is None else schema.maximum,
        "pattern": None if schema.pattern is None else f"^(?:{schema.pattern})$",
        "maxLength": schema.max_length,
        "format": schema.type if schema.type in {"date", "date-time"} else None,
        "default": schema.default,
    }
    json_type = "string" if schema.type in {"date", "date-time"} else schema.type
    return {"type": json_type, **{name: value for name, value in keywords.items() if value is not None}}


def _object_schema(schema: Schema) -> dict[str, Any]:
    if schema.items is not None:
        return {"type": "object", "additionalProperties": _schema(schema.items)}
    written: dict[str, Any] = {"type": "object"}
    if schema.properties:
        written["properties"] = {name: _schema(part) for name, part in schema.properties.items()}
        written["required"] = [name for name, part in schema.properties.items() if part.required]
    if schema.closed:
        written["additionalProperties"] = False
    return written
