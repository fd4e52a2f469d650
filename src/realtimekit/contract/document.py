"""An OpenAPI document (3.0 or 3.1): resolves `$ref`s, lists the operations of RealtimeKit, flattens schemas.

Anything malformed counts as absent, because documents come from elsewhere.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote

KIT_PATH = re.compile(r"/accounts/\{[^{}/]*\}/realtime/kit(?=/|$)")
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")

Subschemas: TypeAlias = tuple[dict[str, Any], ...]  # schemas that all apply, without `$ref` and `allOf`

UNRESOLVED = "unresolved reference"  # the key that replaces a `$ref` to nothing

# Subschemas that a document only implies. One object each, because subschemas are compared by identity.
_NULLABLE: dict[str, Any] = {"nullable": True}
_NEVER: dict[str, Any] = {"not": {}}


class SpecError(ValueError):
    """The document is not a description of this API, or cannot be compared. The message says why."""


def as_dict(value: Any) -> dict[str, Any]:
    """Return the value if it is an object, else an empty one."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """Return the value if it is an array, else an empty one."""
    return value if isinstance(value, list) else []


def canonical_json(value: Any) -> str:
    """Return the same JSON for equal values: `1.0` is written as `1`, and keys are sorted."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=str)


class Operation(NamedTuple):
    """One operation.

    Attributes:
        path: below /realtime/kit, with the document's names of its parameters.
        item: the path item, which declares what all methods of the path share.
        raw: the operation itself.
    """

    path: str
    item: dict[str, Any]
    raw: dict[str, Any]


class Document:
    """A decoded document. It must not be changed while it is in use."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self._missing: dict[str, dict[str, Any]] = {}

    def operations(self) -> dict[tuple[str, str], Operation]:
        """Return the operations of RealtimeKit by path, without the names of its parameters, and method.

        The names are never sent: `{livestream-session-id}` and `{livestream_session_id}` are the same path.
        """
        found: dict[tuple[str, str], Operation] = {}
        paths = as_dict(as_dict(self.raw).get("paths"))
        for path in sorted(paths):
            if not (match := KIT_PATH.match(path)):
                continue
            below = path[match.end() :]
            item = self.resolve(paths[path])
            for method in METHODS:
                if isinstance(item.get(method), dict):
                    key = re.sub(r"\{[^{}]*\}", "{}", below), method.upper()
                    found.setdefault(key, Operation(below, item, item[method]))
        return found

    def lookup(self, reference: Any) -> Any:
        """Return what a `$ref` within this document points to (RFC 6901).

        Raises:
            LookupError: it points to nothing, or outside of the document.
        """
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise LookupError
        node: Any = self.raw
        for token in parse_pointer(reference):
            try:
                node = node[int(token)] if isinstance(node, list) else node[token]
            except (TypeError, ValueError, KeyError, IndexError):
                raise LookupError from None
        return node

    def resolve(self, node: Any) -> dict[str, Any]:
        """Return the path item, parameter, body or response that a `$ref` points to, or the node itself."""
        seen: set[str] = set()
        while "$ref" in (node := as_dict(node)):
            reference = node["$ref"]
            try:
                target = self.lookup(reference)
            except LookupError:
                return self._unresolved(reference)
            if reference in seen or not isinstance(target, dict):
                return self._unresolved(reference)
            seen.add(reference)
            node = target
        return node

    def flatten(self, *schemas: Any) -> Subschemas:
        """Return all subschemas that apply, each once, with `$ref`, `allOf` and single variants resolved."""
        found: dict[int, dict[str, Any]] = {}
        pending = list(reversed(schemas))
        seen: set[int] = set()
        while pending:
            schema = pending.pop()
            if schema is False:
                schema = _NEVER
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            if schema.keys() - {"$ref", "allOf"}:
                found[id(schema)] = schema
            inner = list(as_list(schema.get("allOf")))
            for rule in ("anyOf", "oneOf"):
                variants, nullable = self.variants(schema, rule)
                inner += variants if len(variants) == 1 else []
                inner += [_NULLABLE] if nullable else []
            if "$ref" in schema:
                inner.append(self._resolve_schema(schema["$ref"]))
            pending.extend(reversed(inner))
        return tuple(found.values())

    def variants(self, schema: dict[str, Any], rule: str) -> tuple[list[Any], bool]:
        """Return the variants of an `anyOf` or `oneOf` without those that are only null, and whether there was one."""
        variants = as_list(schema.get(rule))
        non_null = [variant for variant in variants if not self._is_null(variant)]
        return non_null, len(non_null) < len(variants)

    def _is_null(self, schema: Any) -> bool:
        schema = self.resolve(schema)
        return (
            schema.get("type") in ("null", ["null"])
            or schema.get("enum") == [None]
            or ("const" in schema and schema["const"] is None)
        )

    def _resolve_schema(self, reference: Any) -> Any:
        try:
            target = self.lookup(reference)
        except LookupError:
            target = None
        return target if isinstance(target, dict | bool) else self._unresolved(reference)

    def _unresolved(self, reference: Any) -> dict[str, Any]:
        return self._missing.setdefault(canonical_json(reference), {UNRESOLVED: str(reference)})


def parse_pointer(reference: str) -> list[str]:
    """Return the tokens of a JSON pointer such as `#/a/b~1c`."""
    return [unquote(token).replace("~1", "/").replace("~0", "~") for token in reference.split("/")[1:]]
