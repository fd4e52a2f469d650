"""Extracts the slice of Cloudflare's OpenAPI description that is about RealtimeKit; one is saved in this package.

Prose, examples, extensions (`x-`), security and OpenAPI's own defaults are left out; `compare` ignores them as well.
Repeated schemas are moved to `components`.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from importlib.resources import files
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

from realtimekit.contract.document import KIT_PATH, SpecError, as_dict, canonical_json, parse_pointer
from realtimekit.contract.normalize import OPAQUE_KEYWORDS
from realtimekit.files import write_file

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

SLICE_PATH = cast("Path", files("realtimekit.contract") / "slice.json")  # a Traversable if the package is in a zip file

# Objects whose keys are names of the API, not keywords.
_NAMES = {"content", "definitions", "properties", "responses", "$defs"}
_VALUES = {"const", "default", "enum", "required", *OPAQUE_KEYWORDS}  # compared as a whole
_LEFT_OUT = {
    "callbacks", "description", "encoding", "example", "examples", "externalDocs", "headers", "links", "operationId",
    "security", "servers", "summary", "tags", "title",
}  # fmt: skip
_MIN_SHARED_SIZE = 60  # characters; a `$ref` takes about 40


def load_slice() -> dict[str, Any]:
    """Return the slice in this package; its `info` says where it comes from, and when it was saved."""
    document: dict[str, Any] = json.loads(SLICE_PATH.read_bytes())
    return document


def extract_slice(document: Any, *, source: str = "", on: str = "") -> dict[str, Any]:
    """Return the slice of a description (decoded JSON): the paths of RealtimeKit, and what they refer to.

    Args:
        document: the description; it is not changed.
        source: where it comes from, for `info`.
        on: the day that it was read, as YYYY-MM-DD.

    Raises:
        SpecError: it has no path of RealtimeKit.
    """
    try:
        return _extract(as_dict(document), source, on)
    except RecursionError:
        raise SpecError("the description is nested too deeply") from None


def _extract(raw: dict[str, Any], source: str, on: str) -> dict[str, Any]:
    paths = as_dict(raw.get("paths"))
    wanted = {path: _strip(paths[path]) for path in sorted(paths) if KIT_PATH.match(path)}
    if not any(as_dict(item) for item in wanted.values()):
        raise SpecError("it has no path below /accounts/{account_id}/realtime/kit")
    info = as_dict(raw.get("info"))
    header = {
        "title": "RealtimeKit: a slice of the description of Cloudflare's API, without prose",
        "version": str(info.get("version", "")),
        "x-source": source or str(info.get("x-source", "")),
        "x-saved": on or str(info.get("x-saved", "")),
    }
    made: dict[str, Any] = {"openapi": str(raw.get("openapi", "")), "info": header, "paths": wanted, "components": {}}
    _copy_references(raw, made)
    _share_repeated(made)
    made["components"] = {kind: dict(sorted(group.items())) for kind, group in made["components"].items()}
    return made


def write_slice(document: dict[str, Any], path: Path) -> None:
    """Write a slice atomically, as compact JSON with a line for each operation and schema."""
    write_file(path, f"{_to_json(document, 3)}\n".encode())


def _to_json(value: Any, depth: int) -> str:
    if not depth or not isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    lines = [f"{json.dumps(key)}:{_to_json(inner, depth - 1)}" for key, inner in value.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _strip(node: Any, *, names: bool = False) -> Any:
    """Return the node without prose; `names` says that its keys are names of the API."""
    if isinstance(node, list):
        return [_strip(item) for item in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {name: _strip(value) for name, value in node.items()}
    kept = {key: value for key, value in node.items() if key not in _LEFT_OUT and not key.startswith("x-")}
    if kept.get("additionalProperties") is True and "type" in kept:
        del kept["additionalProperties"]
    if kept.get("required") in (False, []):
        del kept["required"]
    return {key: value if key in _VALUES else _strip(value, names=key in _NAMES) for key, value in kept.items()}


def _copy_references(raw: dict[str, Any], made: dict[str, Any]) -> None:
    """Copy everything that is referred to, to the same path, until nothing is missing."""
    pending = [made["paths"]]
    done: set[tuple[str, ...]] = set()
    while pending:
        for reference in _references(pending.pop()):
            tokens = parse_pointer(reference)
            piece = tuple(tokens[: 3 if tokens[0] == "components" else 2])
            if piece in done or len(piece) < (3 if tokens[0] == "components" else 2):
                continue
            done.add(piece)
            source: Any = raw
            for token in piece:
                source = as_dict(source).get(token)
            if not isinstance(source, dict | bool):
                continue  # it points to nothing, and is compared as such
            parent = made
            for token in piece[:-1]:
                parent = parent.setdefault(token, {})
            parent[piece[-1]] = _strip(source)
            pending.append(parent[piece[-1]])


def _references(node: Any) -> list[str]:
    """Return every `$ref` within the document, in a fixed order."""
    found: list[str] = []
    pending = [node]
    while pending:
        node = pending.pop()
        if isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str) and reference.startswith("#/"):
                found.append(reference)
            pending.extend(node.values())
        elif isinstance(node, list):
            pending.extend(node)
    return found


def _share_repeated(made: dict[str, Any]) -> None:
    """Move repeated schemas to `components`."""
    texts: dict[int, str] = {}
    uses: Counter[str] = Counter()
    pending = [(made, "schema")]
    while pending:
        for container, key, name in _subschemas(*pending.pop()):
            schema = container[key]
            text = texts[id(schema)] = canonical_json(schema)
            uses[text] += 1
            if uses[text] == 1:  # an equal schema has the same subschemas
                pending.append((schema, name))
    names: dict[str, str] = {}
    components = made["components"].setdefault("schemas", {})
    pending = [(made, "schema")]
    while pending:
        for container, key, name in [*_subschemas(*pending.pop())]:
            schema = container[key]
            text = texts.get(id(schema), "")
            if uses[text] < 2 or len(text) < _MIN_SHARED_SIZE:
                pending.append((schema, name))
                continue
            if text not in names:
                names[text] = _unique_name(re.sub(r"\W", "_", name), components)
                components[names[text]] = schema
                pending.append((schema, name))
            container[key] = {"$ref": f"#/components/schemas/{names[text]}"}


def _subschemas(node: Any, name: str, *, schemas: bool = False) -> Iterator[tuple[Any, Any, str]]:
    """Yield the schemas directly below a node: their container, their key in it, and a name for them."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        if schemas or key in {"schema", "items", "additionalProperties"}:
            if isinstance(value, dict):
                yield node, key, key if schemas and isinstance(key, str) else name
        elif key not in _VALUES:
            yield from _subschemas(value, name, schemas=key in {"properties", "allOf", "anyOf", "oneOf"})


def _unique_name(name: str, taken: Container[str]) -> str:
    return next(unique for number in count(1) if (unique := name if number == 1 else f"{name}_{number}") not in taken)
