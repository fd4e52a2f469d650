"""What differs between two schemas, however they are written and however they recur."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from realtimekit.contract.document import SpecError, canonical
from realtimekit.contract.shape import HIGHEST, LOWEST, Shape, shape

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtimekit.contract.document import Document, Parts

# place, change, aspect, old, new, breaking
Change: TypeAlias = tuple[str, Literal["added", "removed", "changed"], str, Any, Any, bool]
Pair: TypeAlias = tuple[frozenset[int], frozenset[int]]  # the identities of the parts

# Pairs of schemas looked at in one comparison. The whole of RealtimeKit takes some 3,000; schemas that refer to each
# other in many ways can have more paths through them than there is time for.
MOST_PAIRS = 500_000


class Schemas:
    """The schemas of two descriptions."""

    def __init__(self, before: Document, after: Document) -> None:
        self.before: Document = before
        self.after: Document = after
        self._pairs = 0
        self._open: dict[Pair, int] = {}  # what is being compared further up, and how far: a schema that holds itself
        self._highest = 0  # the highest of those that the pair at hand has come back to
        self._same: set[Pair] = set()

    def changes(self, old: Any, new: Any, place: str, *, sent: bool) -> list[Change]:
        """The changes from one schema to the other.

        Args:
            old: as it stands in the first description.
            new: as it stands in the second.
            place: where they stand.
            sent: whether a client sends what they describe, or is answered it.

        Raises:
            SpecError: there is no end to it.
        """
        return self._compare(self.before.parts(old), self.after.parts(new), place, sent=sent)

    def _compare(self, old: Parts, new: Parts, place: str, *, sent: bool) -> list[Change]:
        pair = frozenset(map(id, old)), frozenset(map(id, new))
        if pair in self._same:
            return []
        if (above := self._open.get(pair)) is not None:
            self._highest = min(self._highest, above)
            return []
        self._pairs += 1
        if self._pairs > MOST_PAIRS:
            raise SpecError("the schemas of the description are too entangled to be compared")
        depth = self._open[pair] = len(self._open)
        around, self._highest = self._highest, depth
        found = [*self._inside(old, new, place, sent=sent)]
        del self._open[pair]
        if not found and self._highest == depth:  # it rests on nothing that is still being compared
            self._same.add(pair)
        self._highest = min(around, self._highest)
        return found

    def _inside(self, old: Parts, new: Parts, place: str, *, sent: bool) -> Iterator[Change]:
        one, other = shape(self.before, old), shape(self.after, new)
        yield from _own(one, other, place, sent=sent)
        if not one.types & other.types:
            return
        befores, afters = one.variants, other.variants
        if befores and not afters and not one.fields:
            afters = [{"allOf": [*new]}]  # what was one of several is the only one
        elif afters and not befores and not other.fields:
            befores = [{"allOf": [*old]}]
        else:
            yield from self._fields(one, other, place, sent=sent)
        yield from self._variants(befores, afters, place, sent=sent)
        if one.items or other.items:
            yield from self._inner(one.items, other.items, f"{_field(place)}[]", sent=sent)

    def _inner(self, old: list[Any], new: list[Any], place: str, *, sent: bool) -> list[Change]:
        return self._compare(self.before.parts(*old), self.after.parts(*new), place, sent=sent)

    def _fields(self, one: Shape, other: Shape, place: str, *, sent: bool) -> Iterator[Change]:
        for name in one.fields.keys() | other.fields.keys():
            here = f"{_field(place, '.')}{name}"
            if name not in one.fields:
                kind = shape(self.after, self.after.parts(*other.fields[name])).type_names
                yield (here, "added", "field", None, kind, sent and name in other.required)
            elif name not in other.fields:
                kind = shape(self.before, self.before.parts(*one.fields[name])).type_names
                yield (here, "removed", "field", kind, None, True)
            else:
                if (was := name in one.required) != (now := name in other.required):
                    yield (here, "changed", "required", was, now, now == sent)
                yield from self._inner(one.fields[name], other.fields[name], here, sent=sent)
        if one.others is None or other.others is None:
            if one.others is not other.others:
                opened = one.others is None
                yield (place, "changed", "other fields", not opened, opened, sent and not opened)
        elif one.others or other.others:
            yield from self._inner(one.others, other.others, f"{_field(place, '.')}*", sent=sent)

    def _variants(self, old: list[Any], new: list[Any], place: str, *, sent: bool) -> Iterator[Change]:
        """Alike ones go together, then those of one type in their order: nothing else tells which became which."""
        left, unmatched = list(range(len(new))), list(range(len(old)))
        for one in [*unmatched]:
            same = (other for other in left if not self.changes(old[one], new[other], "", sent=sent))
            if (found := next(same, None)) is not None:
                left.remove(found)
                unmatched.remove(one)
        for one in [*unmatched]:
            types = shape(self.before, self.before.parts(old[one])).types
            alike = (other for other in left if types & shape(self.after, self.after.parts(new[other])).types)
            if (found := next(alike, None)) is not None:
                left.remove(found)
                unmatched.remove(one)
                yield from self.changes(old[one], new[found], f"{_field(place)}|{found + 1}", sent=sent)
        for one in unmatched:
            yield (place, "removed", "variant", _brief(self.before, old[one]), None, sent)
        for other in left:
            yield (place, "added", "variant", None, _brief(self.after, new[other]), not sent)


def _field(place: str, separator: str = "") -> str:
    """A place with room for a field: "body" -> "body: ", "body: title" -> "body: title.", "query status" as it is."""
    return f"{place}: " if ": " not in place else f"{place}{'' if place.endswith(': ') else separator}"


def _brief(document: Document, schema: Any) -> str:
    found = shape(document, document.parts(schema))
    return f"{found.type_names} {{{', '.join(sorted(found.fields))}}}" if found.fields else found.type_names


def _own(one: Shape, other: Shape, place: str, *, sent: bool) -> Iterator[Change]:
    """The differences of the schemas themselves, without a look at what they hold."""
    if one.types != other.types:
        safe = one.types <= other.types if sent else one.types >= other.types
        yield (place, "changed", "type", one.type_names, other.type_names, not safe)
    if one.nullable != other.nullable:
        yield (place, "changed", "nullable", one.nullable, other.nullable, one.nullable == sent)
    if one.deprecated != other.deprecated:
        yield (place, "changed", "deprecated", one.deprecated, other.deprecated, False)
    defaults = one.default, other.default
    if canonical(one.default) != canonical(other.default):
        was, now = (None if found is None else "null" if found[0] is None else found[0] for found in defaults)
        yield change_of(place, "default", was, now, breaking=sent)
    yield from _values(one, other, place, sent=sent)
    for name in (*LOWEST, *HIGHEST):
        was, now = one.limits.get(name), other.limits.get(name)
        if was != now:
            tighter = now is not None and (was is None or (now > was if name in LOWEST else now < was))
            yield change_of(place, name, was, now, breaking=tighter == sent)
    for name in sorted(one.rules.keys() | other.rules.keys()):
        old, new = one.rules.get(name), other.rules.get(name)
        if canonical(old) != canonical(new):
            breaking = (new is not None) if sent else (old is not None)
            yield change_of(place, name, old, new, breaking=breaking)


def _values(one: Shape, other: Shape, place: str, *, sent: bool) -> Iterator[Change]:
    if one.enum is None or other.enum is None:
        if one.enum is not other.enum:
            old, new = (None if found is None else [*found.values()] for found in (one.enum, other.enum))
            yield change_of(place, "values", old, new, breaking=sent and new is not None)
        return
    for value in sorted(one.enum.keys() - other.enum.keys()):
        yield (place, "removed", "value", one.enum[value], None, sent)
    for value in sorted(other.enum.keys() - one.enum.keys()):
        yield (place, "added", "value", None, other.enum[value], False)


def change_of(place: str, aspect: str, old: Any, new: Any, *, breaking: bool) -> Change:
    """A change, whose kind the values tell: None is what is not there."""
    kind: Literal["added", "removed", "changed"] = "added" if old is None else "removed" if new is None else "changed"
    return (place, kind, aspect, old, new, breaking)
