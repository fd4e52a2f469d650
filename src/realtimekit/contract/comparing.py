"""What differs between two descriptions of the API, and whether it can break a program that was written for the first.

What is sent may become laxer, what is answered stricter; the other way round breaks. One exception: a new value of an
enum in an answer is an addition, since this package keeps enums open.

Not compared: prose, examples, operation ids, the names of path parameters, headers of answers, security, servers.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Literal, NamedTuple

from realtimekit.contract.document import METHODS, UNRESOLVED, Document, SpecError, canonical, mapping, sequence
from realtimekit.contract.schemas import Schemas, change_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtimekit.contract.document import Operation
    from realtimekit.contract.schemas import Change


class Difference(NamedTuple):
    """One difference.

    Attributes:
        operation: e.g. "GET /{app_id}/meetings", below `/accounts/{account_id}/realtime/kit`.
        place: "query per_page", "body: title", "answer 200: data[].id"; "" for the operation itself.
        change: whether something is there that was not, is not there that was, or is otherwise.
        aspect: what it is: "operation", "parameter", "field", "value", "type", "required", "maximum", ...
        old: what it was, as JSON; None where there was none.
        new: what it is, as JSON; None where there is none.
        breaking: whether a program written for the old description may fail with the new one.
    """

    operation: str
    place: str
    change: Literal["added", "removed", "changed"]
    aspect: str
    old: Any
    new: Any
    breaking: bool

    def __str__(self) -> str:
        words = f"{self.operation} {self.place}".strip()
        return f"{words}: {self.what}{' (breaking)' if self.breaking else ''}"

    @property
    def what(self) -> str:
        """The change alone, without its place: "maximum 100 -> 50"."""
        if self.change == "changed":
            return f"{self.aspect} {_told(self.old)} -> {_told(self.new)}"
        value = self.old if self.change == "removed" else self.new
        return f"{self.aspect} {'' if value is None else _told(value) + ' '}{self.change}"


def _told(value: Any) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return value if isinstance(value, str) else canonical(value)


def compare(old: Any, new: Any) -> list[Difference]:
    """The differences from an old to a new description (decoded JSON), in a fixed order; none: they say the same.

    Only what lies below `/accounts/{account_id}/realtime/kit` counts.

    Raises:
        SpecError: one holds nothing of RealtimeKit, or is nested or entangled beyond reason.
    """
    before, after = Document(old), Document(new)
    first, second = before.operations(), after.operations()
    for operations, which in ((first, "first"), (second, "second")):
        if not operations:
            raise SpecError(f"the {which} description has no operation below /accounts/{{account_id}}/realtime/kit")
    schemas = Schemas(before, after)
    found: list[Difference] = []
    keys = sorted(first.keys() | second.keys(), key=lambda key: (key[0], METHODS.index(key[1].lower())))
    try:
        for key in keys:
            one, other = first.get(key), second.get(key)
            name = f"{key[1]} {(other or first[key]).path}"
            changes = _Comparison(schemas, one, other).changes() if one and other else _whole(one)
            found += [Difference(name, *change) for change in sorted(changes, key=_order)]
    except RecursionError:
        raise SpecError("the description is nested too deeply") from None
    return found


def _whole(gone: Operation | None) -> Iterator[Change]:
    yield ("", "removed" if gone else "added", "operation", None, None, gone is not None)


def _lost(one: dict[str, Any], other: dict[str, Any], place: str) -> Iterator[Change]:
    """A `$ref` that leads nowhere in one description, and not the same way in the other."""
    if (old := one.get(UNRESOLVED)) != (new := other.get(UNRESOLVED)):
        yield change_of(place, UNRESOLVED, old, new, breaking=True)


def _order(change: Change) -> tuple[str, ...]:
    place, kind, aspect, old, new, _ = change
    return (place, aspect, kind, canonical(old), canonical(new))


class _Comparison:
    """One operation, old and new."""

    def __init__(self, schemas: Schemas, one: Operation, other: Operation) -> None:
        self.schemas, self.one, self.other = schemas, one, other

    def changes(self) -> Iterator[Change]:
        if (was := self.one.raw.get("deprecated") is True) != (now := self.other.raw.get("deprecated") is True):
            yield ("", "changed", "deprecated", was, now, False)
        yield from self._parameters()
        yield from self._body()
        yield from self._answers()

    def _parameters(self) -> Iterator[Change]:
        old = _parameters(self.schemas.before, self.one)
        new = _parameters(self.schemas.after, self.other)
        for key in old.keys() | new.keys():
            one, other = old.get(key), new.get(key)
            given = other if other is not None else one or {}
            place = f"{key[0]} {given.get('name', '')}".strip()
            if one is None or other is None:
                required = _required(key, given)
                kind: Literal["added", "removed"] = "added" if one is None else "removed"
                yield (place, kind, "parameter", None, None, required if one is None else True)
                continue
            if (was := _required(key, one)) != (now := _required(key, other)):
                yield (place, "changed", "required", was, now, now)
            if (was := one.get("deprecated") is True) != (now := other.get("deprecated") is True):
                yield (place, "changed", "deprecated", was, now, False)
            if (spelt := _style(key[0], one)) != (spells := _style(key[0], other)):
                yield (place, "changed", "style", spelt, spells, True)
            yield from self.schemas.changes(_schema_of(one), _schema_of(other), place, sent=True)

    def _body(self) -> Iterator[Change]:
        before, after = self.schemas.before, self.schemas.after
        one, other = before.followed(self.one.raw.get("requestBody")), after.followed(self.other.raw.get("requestBody"))
        old, new = mapping(one.get("content")), mapping(other.get("content"))
        was, now = one.get("required") is True, other.get("required") is True
        if bool(old) != bool(new):
            kind: Literal["added", "removed"] = "removed" if old else "added"
            yield ("body", kind, "body", None, None, bool(old) or now)
            return
        if old and was != now:
            yield ("body", "changed", "required", was, now, now)
        yield from _lost(one, other, "body")
        yield from self._content("body", old, new, sent=True)

    def _answers(self) -> Iterator[Change]:
        old, new = mapping(self.one.raw.get("responses")), mapping(self.other.raw.get("responses"))
        for status in old.keys() | new.keys():
            place = f"answer {status}"
            if status not in new or status not in old:
                succeeds = status.startswith("2")
                kind: Literal["added", "removed"] = "removed" if status in old else "added"
                yield (place, kind, "status", None, None, succeeds and status in old)
                continue
            one, other = self.schemas.before.followed(old[status]), self.schemas.after.followed(new[status])
            contents = mapping(one.get("content")), mapping(other.get("content"))
            yield from _lost(one, other, place)
            yield from self._content(place, *contents, sent=False)

    def _content(self, place: str, old: dict[str, Any], new: dict[str, Any], *, sent: bool) -> Iterator[Change]:
        for media in old.keys() | new.keys():
            here = place if media == "application/json" else f"{place} {media}"
            if media not in new or media not in old:
                kind: Literal["added", "removed"] = "removed" if media in old else "added"
                yield (here, kind, "content", None, None, media in old)
                continue
            one, other = mapping(old[media]).get("schema"), mapping(new[media]).get("schema")
            yield from self.schemas.changes(one, other, here, sent=sent)


def _parameters(document: Document, operation: Operation) -> dict[tuple[str, str], dict[str, Any]]:
    """By (where, name); those in the path by their number in it, since nobody sends their names."""
    names = re.findall(r"\{([^{}]*)\}", operation.path)
    found: dict[tuple[str, str], dict[str, Any]] = {}
    for raw in [*sequence(operation.item.get("parameters")), *sequence(operation.raw.get("parameters"))]:
        parameter = document.followed(raw)
        name, where = str(parameter.get("name", "")), str(parameter.get("in", ""))
        if lost := parameter.get(UNRESOLVED):
            found[UNRESOLVED, lost] = {"name": lost}
        elif where != "path":
            found[where, name.lower() if where == "header" else name] = parameter
        elif name in names:  # the account's is every operation's
            found[where, str(names.index(name))] = parameter
    return found


def _required(key: tuple[str, str], parameter: dict[str, Any]) -> bool:
    return key[0] == "path" or parameter.get("required") is True


def _style(where: str, parameter: dict[str, Any]) -> str:
    """How a list or an object is spelt, with OpenAPI's defaults."""
    style = str(parameter.get("style", "form" if where in {"query", "cookie"} else "simple"))
    return f"{style}, exploded" if parameter.get("explode", style == "form") is True else style


def _schema_of(parameter: dict[str, Any]) -> Any:
    contents = mapping(parameter.get("content"))
    return mapping(contents[min(contents)]).get("schema") if contents else parameter.get("schema")
