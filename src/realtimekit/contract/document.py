"""A description (OpenAPI 3.0 or 3.1) as it is written: its `$ref`s, its RealtimeKit operations, its schemas in parts.

Whatever is malformed counts as absent: what is compared was written by others.
"""

from __future__ import annotations

import json
import re
from typing import Any, NamedTuple, TypeAlias
from urllib.parse import unquote

KIT = re.compile(r"/accounts/\{[^{}/]*\}/realtime/kit(?=/|$)")
METHODS = ("get", "post", "put", "patch", "delete", "head", "options", "trace")

Parts: TypeAlias = tuple[dict[str, Any], ...]  # schemas without `$ref` and `allOf` that hold together

UNRESOLVED = "unresolved reference"  # what stands for a `$ref` that leads nowhere

# Parts that a description only implies. One object each: a part is known by its identity.
_NULLABLE: dict[str, Any] = {"nullable": True}
_NOTHING: dict[str, Any] = {"not": {}}


class SpecError(ValueError):
    """It cannot be read as a description of this API, or not be compared. The message says why."""


def mapping(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def sequence(value: Any) -> list[Any]:
    return value if isinstance(value, list) else []


def canonical(value: Any) -> str:
    """JSON of a value, the same for the same value: `1.0` is `1`, and keys have one order."""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    return json.dumps(value, sort_keys=True, default=str)


class Operation(NamedTuple):
    """One operation, with what its path declares for all methods."""

    path: str  # below /realtime/kit, as the description names its parameters
    item: dict[str, Any]
    raw: dict[str, Any]


class Document:
    """A decoded description. It must not change while it is in use."""

    def __init__(self, raw: Any) -> None:
        self.raw = raw
        self._missing: dict[str, dict[str, Any]] = {}

    def operations(self) -> dict[tuple[str, str], Operation]:
        """The operations of RealtimeKit, by (path with its parameters' names left out, method).

        The names are on no wire: `{livestream-session-id}` and `{livestream_session_id}` are one path.
        """
        found: dict[tuple[str, str], Operation] = {}
        paths = mapping(mapping(self.raw).get("paths"))
        for path in sorted(paths):
            if not (match := KIT.match(path)):
                continue
            below = path[match.end() :]
            item = self.followed(paths[path])
            for method in METHODS:
                if isinstance(item.get(method), dict):
                    key = re.sub(r"\{[^{}]*\}", "{}", below), method.upper()
                    found.setdefault(key, Operation(below, item, item[method]))
        return found

    def target(self, reference: Any) -> Any:
        """What a `$ref` within this document points at (RFC 6901).

        Raises:
            LookupError: nothing, or something outside of it.
        """
        if not isinstance(reference, str) or not reference.startswith("#"):
            raise LookupError
        place: Any = self.raw
        for token in pointer(reference):
            try:
                place = place[int(token)] if isinstance(place, list) else place[token]
            except (TypeError, ValueError, KeyError, IndexError):
                raise LookupError from None
        return place

    def followed(self, node: Any) -> dict[str, Any]:
        """A path item, parameter, body or response behind its `$ref`s; empty where they lead nowhere."""
        seen: set[str] = set()
        while "$ref" in (node := mapping(node)):
            reference = node["$ref"]
            try:
                target = self.target(reference)
            except LookupError:
                return self._unresolved(reference)
            if reference in seen or not isinstance(target, dict):
                return self._unresolved(reference)
            seen.add(reference)
            node = target
        return node

    def parts(self, *schemas: Any) -> Parts:
        """The schemas that hold together here, `$ref`, `allOf` and lone variants opened, each once."""
        found: dict[int, dict[str, Any]] = {}
        waiting = list(reversed(schemas))
        seen: set[int] = set()
        while waiting:
            schema = waiting.pop()
            if schema is False:
                schema = _NOTHING
            if not isinstance(schema, dict) or id(schema) in seen:
                continue
            seen.add(id(schema))
            if schema.keys() - {"$ref", "allOf"}:
                found[id(schema)] = schema
            inner = list(sequence(schema.get("allOf")))
            for rule in ("anyOf", "oneOf"):
                variants, nullable = self.variants(schema, rule)
                inner += variants if len(variants) == 1 else []
                inner += [_NULLABLE] if nullable else []
            if "$ref" in schema:
                inner.append(self._schema(schema["$ref"]))
            waiting.extend(reversed(inner))
        return tuple(found.values())

    def variants(self, schema: dict[str, Any], rule: str) -> tuple[list[Any], bool]:
        """Those of an `anyOf` or `oneOf` that are not just null, and whether one was."""
        given = sequence(schema.get(rule))
        left = [variant for variant in given if not self._only_null(variant)]
        return left, len(left) < len(given)

    def _only_null(self, schema: Any) -> bool:
        schema = self.followed(schema)
        return (
            schema.get("type") in ("null", ["null"])
            or schema.get("enum") == [None]
            or ("const" in schema and schema["const"] is None)
        )

    def _schema(self, reference: Any) -> Any:
        try:
            target = self.target(reference)
        except LookupError:
            target = None
        return target if isinstance(target, dict | bool) else self._unresolved(reference)

    def _unresolved(self, reference: Any) -> dict[str, Any]:
        return self._missing.setdefault(canonical(reference), {UNRESOLVED: str(reference)})


def pointer(reference: str) -> list[str]:
    """The tokens of `#/a/b~1c`."""
    return [unquote(token).replace("~1", "/").replace("~0", "~") for token in reference.split("/")[1:]]
