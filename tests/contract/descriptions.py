"""Small made-up descriptions."""

from __future__ import annotations

import copy
from typing import Any

KIT = "/accounts/{account_id}/realtime/kit"
BODY: dict[str, Any] = {
    "type": "object",
    "required": ["name"],
    "properties": {
        "name": {"type": "string", "maxLength": 10, "default": "x"},
        "kind": {"type": "string", "enum": ["A", "B"]},
        "count": {"type": "integer", "minimum": 1, "nullable": True},
        "tags": {"type": "array", "items": {"type": "string"}},
    },
}
ANSWER: dict[str, Any] = {
    "type": "object",
    "required": ["id"],
    "properties": {
        "id": {"type": "string", "format": "uuid"},
        "kind": {"type": "string", "enum": ["A", "B"]},
        "count": {"type": "integer", "nullable": True},
        "size": {"type": "number"},
        "list": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}},
    },
}


def description() -> dict[str, Any]:
    """Return a new description, with one GET and one POST."""
    things = {
        "parameters": [{"name": "account_id", "in": "path", "required": True, "schema": {"type": "string"}}],
        "get": {
            "parameters": [
                {"name": "app_id", "in": "path", "required": True, "schema": {"type": "string"}},
                {"name": "per_page", "in": "query", "schema": {"type": "integer", "default": 20}},
                {"name": "status", "in": "query", "schema": {"type": "string", "enum": ["A", "B"]}},
            ],
            "responses": {"200": {"$ref": "#/components/responses/Things"}, "404": {"description": "none"}},
        },
        "post": {
            "requestBody": {"required": True, "content": {"application/json": {"schema": copy.deepcopy(BODY)}}},
            "responses": {"201": {"content": {"application/json": {"schema": copy.deepcopy(ANSWER)}}}},
        },
    }
    return {
        "openapi": "3.0.3",
        "info": {"title": "Everything", "version": "1"},
        "paths": {f"{KIT}/{{app_id}}/things": things, "/zones/{zone_id}": {"get": {"responses": {}}}},
        "components": {
            "schemas": {
                "Item": {
                    "type": "object",
                    "properties": {"n": {"type": "integer"}, "next": {"$ref": "#/components/schemas/Item"}},
                },
                "Zone": {"type": "object"},
            },
            "responses": {
                "Things": {
                    "content": {
                        "application/json": {
                            "schema": {"type": "array", "items": {"$ref": "#/components/schemas/Item"}}
                        }
                    }
                }
            },
        },
    }


def things(document: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = document["paths"][f"{KIT}/{{app_id}}/things"]
    return found


def sent(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the request body."""
    found: dict[str, Any] = things(document)["post"]["requestBody"]["content"]["application/json"]["schema"]
    return found


def answered(document: dict[str, Any]) -> dict[str, Any]:
    """Return the schema of the response to the POST."""
    found: dict[str, Any] = things(document)["post"]["responses"]["201"]["content"]["application/json"]["schema"]
    return found


def of_body(schema: Any, components: dict[str, Any] | None = None) -> dict[str, Any]:
    """Return a description whose only schema is that of one body."""
    post = {"requestBody": {"content": {"application/json": {"schema": schema}}}}
    return {"paths": {f"{KIT}/x": {"post": post}}, "components": {"schemas": components or {}}}
