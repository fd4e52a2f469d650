"""Compares two descriptions of the API, and says which differences can break a program written for the first.

Requests may become less strict and responses more strict; the opposite is breaking. One exception: a new enum value in
a response is not breaking, since this package keeps enums open.

Not compared: prose, examples, operation ids, the names of path parameters, response headers, security, servers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from realtimekit.contract.document import METHODS, UNRESOLVED, Document, SpecError, as_dict, as_list, canonical_json
from realtimekit.contract.schema_diff import SchemaDiff, change_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtimekit.contract.document import Operation
    from realtimekit.contract.schema_diff import Change


class Difference(NamedTuple):
    """One difference.

    Attributes:
        operation: e.g. "GET /{app_id}/meetings", below `/accounts/{account_id}/realtime/kit`.
        location: "query per_page", "body: title", "response 200: data[].id"; "" for the operation itself.
        change: "added", "removed" or "changed".
        aspect: what changed: "operation", "parameter", "field", "value", "type", "required", "maximum", ...
        old: the old value, as JSON; None if there was none.
        new: the new value, as JSON; None if there is none.
        breaking: whether a program written for the old description may fail with the new one.
    """

    operation: str
    location: str
    change: Literal["added", "removed", "changed"]
    aspect: str
    old: Any
    new: Any
    breaking: bool

    def __str__(self) -> str:
        words = f"{self.operation} {self.location}".strip()
        return f"{words}: {self.description}{' (breaking)' if self.breaking else ''}"

    @property
    def description(self) -> str:
        """The change without its location: "maximum 100 -> 50"."""
        if self.change == "changed":
            return f"{self.aspect} {_format(self.old)} -> {_format(self.new)}"
        value = self.old if self.change == "removed" else self.new
        return f"{self.aspect} {'' if value is None else _format(value) + ' '}{self.change}"


def _format(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else canonical_json(value)


def compare(old: Any, new: Any) -> list[Difference]:
    """Return the differences between an old and a new description (decoded JSON), in a fixed order.

    Only paths below `/accounts/{account_id}/realtime/kit` are compared.

    Raises:
        SpecError: a description has no such path, or its schemas are nested too deeply or too entangled.
    """
    before, after = Document(old), Document(new)
    first, second = before.operations(), after.operations()
    for operations, which in ((first, "first"), (second, "second")):
        if not operations:
            raise SpecError(f"the {which} description has no operation below /accounts/{{account_id}}/realtime/kit")
    schemas = SchemaDiff(before, after)
    found: list[Difference] = []
    keys = sorted(first.keys() | second.keys(), key=lambda key: (key[0], METHODS.index(key[1].lower())))
    try:
        for key in keys:
            one, other = first.get(key), second.get(key)
            name = f"{key[1]} {(other or first[key]).path}"
            changes = _OperationDiff(schemas, one, other).changes() if one and other else _operation_change(one)
            found += [Difference(name, *change) for change in sorted(changes, key=_sort_key)]
    except RecursionError:
        raise SpecError("the description is nested too deeply") from None
    return found


def _operation_change(removed: Operation | None) -> Iterator[Change]:
    yield ("", "removed" if removed else "added", "operation", None, None, removed is not None)


def _unresolved(one: dict[str, Any], other: dict[str, Any], location: str) -> Iterator[Change]:
    """A `$ref` to nothing in one description that the other does not have."""
    if (old := one.get(UNRESOLVED)) != (new := other.get(UNRESOLVED)):
        yield change_of(location, UNRESOLVED, old, new, breaking=True)


def _sort_key(change: Change) -> tuple[str, ...]:
    location, kind, aspect, old, new, _ = change
    return (location, aspect, kind, canonical_json(old), canonical_json(new))


class _OperationDiff:
    """Compares one operation, old and new."""

    def __init__(self, schemas: SchemaDiff, one: Operation, other: Operation) -> None:
        self.schemas, self.one, self.other = schemas, one, other

    def changes(self) -> Iterator[Change]:
        if (was := self.one.raw.get("deprecated") is True) != (now := self.other.raw.get("deprecated") is True):
            yield ("", "changed", "deprecated", was, now, False)
        yield from self._parameters()
        yield from self._body()
        yield from self._responses()

    def _parameters(self) -> Iterator[Change]:
        old = _parameters(self.schemas.before, self.one)
        new = _parameters(self.schemas.after, self.other)
        for key in old.keys() | new.keys():
            one, other = old.get(key), new.get(key)
            given = other if other is not None else one or {}
            location = f"{key[0]} {given.get('name', '')}".strip()
            if one is None or other is None:
                required = _required(key, given)
                kind: Literal["added", "removed"] = "added" if one is None else "removed"
                yield (location, kind, "parameter", None, None, required if one is None else True)
                continue
            if (was := _required(key, one)) != (now := _required(key, other)):
                yield (location, "changed", "required", was, now, now)
            if (was := one.get("deprecated") is True) != (now := other.get("deprecated") is True):
                yield (location, "changed", "deprecated", was, now, False)
            if (old_style := _style(key[0], one)) != (new_style := _style(key[0], other)):
                yield (location, "changed", "style", old_style, new_style, True)
            yield from self.schemas.changes(_schema_of(one), _schema_of(other), location, sent=True)

    def _body(self) -> Iterator[Change]:
        before, after = self.schemas.before, self.schemas.after
        one, other = before.resolve(self.one.raw.get("requestBody")), after.resolve(self.other.raw.get("requestBody"))
        old, new = as_dict(one.get("content")), as_dict(other.get("content"))
        was, now = one.get("required") is True, other.get("required") is True
        if bool(old) != bool(new):
            kind: Literal["added", "removed"] = "removed" if old else "added"
            yield ("body", kind, "body", None, None, bool(old) or now)
            return
        if old and was != now:
            yield ("body", "changed", "required", was, now, now)
        yield from _unresolved(one, other, "body")
        yield from self._content("body", old, new, sent=True)

    def _responses(self) -> Iterator[Change]:
        old, new = as_dict(self.one.raw.get("responses")), as_dict(self.other.raw.get("responses"))
        for status in old.keys() | new.keys():
            location = f"response {status}"
            if status not in new or status not in old:
                succeeds = status.startswith("2")
                kind: Literal["added", "removed"] = "removed" if status in old else "added"
                yield (location, kind, "status", None, None, succeeds and status in old)
                continue
            one, other = self.schemas.before.resolve(old[status]), self.schemas.after.resolve(new[status])
            contents = as_dict(one.get("content")), as_dict(other.get("content"))
            yield from _unresolved(one, other, location)
            yield from self._content(location, *contents, sent=False)

    def _content(self, location: str, old: dict[str, Any], new: dict[str, Any], *, sent: bool) -> Iterator[Change]:
        for media in old.keys() | new.keys():
            here = location if media == "application/json" else f"{location} {media}"
            if media not in new or media not in old:
                kind: Literal["added", "removed"] = "removed" if media in old else "added"
                yield (here, kind, "content", None, None, media in old)
                continue
            one, other = as_dict(old[media]).get("schema"), as_dict(new[media]).get("schema")
            yield from self.schemas.changes(one, other, here, sent=sent)


def _parameters(document: Document, operation: Operation) -> dict[tuple[str, str], dict[str, Any]]:
    """Return the parameters by (in, name); path parameters by their index, since their names are never sent."""
    names = re.findall(r"\{([^{}]*)\}", operation.path)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for raw in [*as_list(operation.item.get("parameters")), *as_list(operation.raw.get("parameters"))]:
        parameter = document.resolve(raw)
        name, where = str(parameter.get("name", "")), str(parameter.get("in", ""))
        if unresolved := parameter.get(UNRESOLVED):
            found[UNRESOLVED, unresolved] = {"name": unresolved}
        elif where != "path":
            found[where, name.lower() if where == "header" else name] = parameter
        elif name in names:  # not that of the account, which all operations have
            found[where, str(names.index(name))] = parameter
    return found


def _required(key: tuple[str, str], parameter: dict[str, Any]) -> bool:
    return key[0] == "path" or parameter.get("required") is True


def _style(where: str, parameter: dict[str, Any]) -> str:
    """How a list or an object is serialized, with OpenAPI's defaults."""
    style = str(parameter.get("style", "form" if where in {"query", "cookie"} else "simple"))
    return f"{style}, exploded" if parameter.get("explode", style == "form") is True else style


def _schema_of(parameter: dict[str, Any]) -> Any:
    contents = as_dict(parameter.get("content"))
    return as_dict(contents[min(contents)]).get("schema") if contents else parameter.get("schema")
