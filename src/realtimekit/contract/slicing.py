"""The slice of the whole description that is about RealtimeKit: cut out, without prose, kept in this package.

What is left out changes nothing that `compare` sees: prose, examples, extensions (`x-`), security, defaults of OpenAPI
itself. Schemas that recur are written once, below `components`.
"""

from __future__ import annotations

import json
import os
import re
from collections import Counter
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

from realtimekit.contract.document import KIT, SpecError, canonical, mapping, pointer
from realtimekit.contract.shape import RULES

if TYPE_CHECKING:
    from collections.abc import Container, Iterator

SLICE = Path(__file__).with_name("slice.json")

# Where keys are names that the API chose, not keywords.
_NAMES = {"content", "definitions", "properties", "responses", "$defs"}
_VALUES = {"const", "default", "enum", "required", *RULES}  # compared as they are
_LEFT_OUT = {
    "callbacks", "description", "encoding", "example", "examples", "externalDocs", "headers", "links", "operationId",
    "security", "servers", "summary", "tags", "title",
}  # fmt: skip
_WORTH_SHARING = 60  # characters; a `$ref` takes some 40


def saved() -> dict[str, Any]:
    """The slice in this package; its `info` says where it comes from and when."""
    found: dict[str, Any] = json.loads(SLICE.read_bytes())
    return found


def cut(document: Any, *, source: str = "", on: str = "") -> dict[str, Any]:
    """The slice of a description (decoded JSON): the paths of RealtimeKit, and what they refer to.

    Args:
        document: the description; it is not changed.
        source: what to say of where it comes from.
        on: the day that it was read, as YYYY-MM-DD.

    Raises:
        SpecError: it holds nothing of RealtimeKit.
    """
    try:
        return _cut(mapping(document), source, on)
    except RecursionError:
        raise SpecError("the description is nested too deeply") from None


def _cut(raw: dict[str, Any], source: str, on: str) -> dict[str, Any]:
    paths = mapping(raw.get("paths"))
    wanted = {path: _bare(paths[path]) for path in sorted(paths) if KIT.match(path)}
    if not any(mapping(item) for item in wanted.values()):
        raise SpecError("there is no path below /accounts/{account_id}/realtime/kit in it")
    info = mapping(raw.get("info"))
    header = {
        "title": "RealtimeKit: a slice of the description of Cloudflare's API, without prose",
        "version": str(info.get("version", "")),
        "x-source": source or str(info.get("x-source", "")),
        "x-saved": on or str(info.get("x-saved", "")),
    }
    made: dict[str, Any] = {"openapi": str(raw.get("openapi", "")), "info": header, "paths": wanted, "components": {}}
    _bring(raw, made)
    _share(made)
    made["components"] = {kind: dict(sorted(group.items())) for kind, group in made["components"].items()}
    return made


def write(document: dict[str, Any], path: Path) -> None:
    """Write a slice: compact, a line for each operation and schema, all at once or not at all."""
    made = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        made.write_text(_text(document, 3) + "\n", encoding="utf-8")
        made.replace(path)
    finally:
        made.unlink(missing_ok=True)


def _text(value: Any, depth: int) -> str:
    if not depth or not isinstance(value, dict):
        return json.dumps(value, separators=(",", ":"))
    lines = [f"{json.dumps(key)}:{_text(inner, depth - 1)}" for key, inner in value.items()]
    return "{\n" + ",\n".join(lines) + "\n}"


def _bare(node: Any, *, names: bool = False) -> Any:
    """Without prose; `names` where the keys are the API's own."""
    if isinstance(node, list):
        return [_bare(item) for item in node]
    if not isinstance(node, dict):
        return node
    if names:
        return {name: _bare(value) for name, value in node.items()}
    kept = {key: value for key, value in node.items() if key not in _LEFT_OUT and not key.startswith("x-")}
    if kept.get("additionalProperties") is True and "type" in kept:
        del kept["additionalProperties"]
    if kept.get("required") in (False, []):
        del kept["required"]
    return {key: value if key in _VALUES else _bare(value, names=key in _NAMES) for key, value in kept.items()}


def _bring(raw: dict[str, Any], made: dict[str, Any]) -> None:
    """Copy what is referred to, at the same place, until nothing is missing."""
    waiting = [made["paths"]]
    done: set[tuple[str, ...]] = set()
    while waiting:
        for reference in _references(waiting.pop()):
            tokens = pointer(reference)
            piece = tuple(tokens[: 3 if tokens[0] == "components" else 2])
            if piece in done or len(piece) < (3 if tokens[0] == "components" else 2):
                continue
            done.add(piece)
            source: Any = raw
            for token in piece:
                source = mapping(source).get(token)
            if not isinstance(source, dict | bool):
                continue  # it leads nowhere, and is compared as that
            place = made
            for token in piece[:-1]:
                place = place.setdefault(token, {})
            place[piece[-1]] = _bare(source)
            waiting.append(place[piece[-1]])


def _references(node: Any) -> list[str]:
    """Every `$ref` within the document, in a fixed order."""
    found: list[str] = []
    waiting = [node]
    while waiting:
        node = waiting.pop()
        if isinstance(node, dict):
            if isinstance(reference := node.get("$ref"), str) and reference.startswith("#/"):
                found.append(reference)
            waiting.extend(node.values())
        elif isinstance(node, list):
            waiting.extend(node)
    return found


def _share(made: dict[str, Any]) -> None:
    """Write schemas that recur once, below `components`."""
    texts: dict[int, str] = {}
    uses: Counter[str] = Counter()
    waiting = [(made, "schema")]
    while waiting:
        for container, key, name in _places(*waiting.pop()):
            schema = container[key]
            text = texts[id(schema)] = canonical(schema)
            uses[text] += 1
            if uses[text] == 1:  # what another like it holds is this one's, too
                waiting.append((schema, name))
    names: dict[str, str] = {}
    components = made["components"].setdefault("schemas", {})
    waiting = [(made, "schema")]
    while waiting:
        for container, key, name in [*_places(*waiting.pop())]:
            schema = container[key]
            text = texts.get(id(schema), "")
            if uses[text] < 2 or len(text) < _WORTH_SHARING:
                waiting.append((schema, name))
                continue
            if text not in names:
                names[text] = _free(re.sub(r"\W", "_", name), components)
                components[names[text]] = schema
                waiting.append((schema, name))
            container[key] = {"$ref": f"#/components/schemas/{names[text]}"}


def _places(node: Any, name: str, *, schemas: bool = False) -> Iterator[tuple[Any, Any, str]]:
    """Where the schemas right below a node stand: what holds them, under which key, and a name for them."""
    pairs = node.items() if isinstance(node, dict) else enumerate(node) if isinstance(node, list) else ()
    for key, value in pairs:
        if schemas or key in {"schema", "items", "additionalProperties"}:
            if isinstance(value, dict):
                yield node, key, key if schemas and isinstance(key, str) else name
        elif key not in _VALUES:
            yield from _places(value, name, schemas=key in {"properties", "allOf", "anyOf", "oneOf"})


def _free(name: str, taken: Container[str]) -> str:
    return next(free for number in count(1) if (free := name if number == 1 else f"{name}_{number}") not in taken)
