"""Compares two schemas, independently of how they are written; they may be recursive."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from realtimekit.contract.document import SpecError, canonical_json
from realtimekit.contract.normalize import LOWER_BOUNDS, UPPER_BOUNDS, NormalizedSchema, normalize

if TYPE_CHECKING:
    from collections.abc import Iterator

    from realtimekit.contract.document import Document, Subschemas

# location, change, aspect, old, new, breaking
Change: TypeAlias = tuple[str, Literal["added", "removed", "changed"], str, Any, Any, bool]
Pair: TypeAlias = tuple[frozenset[int], frozenset[int]]  # the identities of the subschemas

# Pairs of schemas compared in one run. All of RealtimeKit takes some 3,000; schemas that refer to each other in many
# ways can have more paths through them than there is time for.
MAX_PAIRS = 500_000


class SchemaDiff:
    """Compares the schemas of two documents."""

    def __init__(self, before: Document, after: Document) -> None:
        self.before: Document = before
        self.after: Document = after
        self._pairs = 0
        self._in_progress: dict[Pair, int] = {}  # the pairs being compared, with their depth: schemas may be recursive
        self._lowest_depth = 0  # the lowest depth of a pair in progress that the current pair depends on
        self._equal: set[Pair] = set()

    def changes(self, old: Any, new: Any, location: str, *, sent: bool) -> list[Change]:
        """Return the changes from one schema to the other.

        Args:
            old: the schema in the first document.
            new: the schema in the second document.
            location: where the schemas are.
            sent: whether they describe what a client sends, or what it receives.

        Raises:
            SpecError: there are too many pairs of schemas to compare.
        """
        return self._compare(self.before.flatten(old), self.after.flatten(new), location, sent=sent)

    def _compare(self, old: Subschemas, new: Subschemas, location: str, *, sent: bool) -> list[Change]:
        pair = frozenset(map(id, old)), frozenset(map(id, new))
        if pair in self._equal:
            return []
        if (earlier := self._in_progress.get(pair)) is not None:
            self._lowest_depth = min(self._lowest_depth, earlier)
            return []
        self._pairs += 1
        if self._pairs > MAX_PAIRS:
            raise SpecError("the schemas of the description are too entangled to be compared")
        depth = self._in_progress[pair] = len(self._in_progress)
        outer, self._lowest_depth = self._lowest_depth, depth
        found = [*self._nested_changes(old, new, location, sent=sent)]
        del self._in_progress[pair]
        if not found and self._lowest_depth == depth:  # it does not depend on a pair in progress
            self._equal.add(pair)
        self._lowest_depth = min(outer, self._lowest_depth)
        return found

    def _nested_changes(self, old: Subschemas, new: Subschemas, location: str, *, sent: bool) -> Iterator[Change]:
        one, other = normalize(self.before, old), normalize(self.after, new)
        yield from _keyword_changes(one, other, location, sent=sent)
        if not one.types & other.types:
            return
        befores, afters = one.variants, other.variants
        if befores and not afters and not one.fields:
            afters = [{"allOf": [*new]}]  # one of several variants became the only one
        elif afters and not befores and not other.fields:
            befores = [{"allOf": [*old]}]
        else:
            yield from self._fields(one, other, location, sent=sent)
        yield from self._variants(befores, afters, location, sent=sent)
        if one.items or other.items:
            yield from self._compare_flattened(one.items, other.items, f"{_prefix(location)}[]", sent=sent)

    def _compare_flattened(self, old: list[Any], new: list[Any], location: str, *, sent: bool) -> list[Change]:
        return self._compare(self.before.flatten(*old), self.after.flatten(*new), location, sent=sent)

    def _fields(self, one: NormalizedSchema, other: NormalizedSchema, location: str, *, sent: bool) -> Iterator[Change]:
        for name in one.fields.keys() | other.fields.keys():
            here = f"{_prefix(location, '.')}{name}"
            if name not in one.fields:
                kind = normalize(self.after, self.after.flatten(*other.fields[name])).type_names
                yield (here, "added", "field", None, kind, sent and name in other.required)
            elif name not in other.fields:
                kind = normalize(self.before, self.before.flatten(*one.fields[name])).type_names
                yield (here, "removed", "field", kind, None, True)
            else:
                if (was := name in one.required) != (now := name in other.required):
                    yield (here, "changed", "required", was, now, now == sent)
                yield from self._compare_flattened(one.fields[name], other.fields[name], here, sent=sent)
        if one.additional is None or other.additional is None:
            if one.additional is not other.additional:
                opened = one.additional is None
                yield (location, "changed", "other fields", not opened, opened, sent and not opened)
        elif one.additional or other.additional:
            yield from self._compare_flattened(
                one.additional, other.additional, f"{_prefix(location, '.')}*", sent=sent
            )

    def _variants(self, old: list[Any], new: list[Any], location: str, *, sent: bool) -> Iterator[Change]:
        """Match equal variants first, then those of the same type in order; nothing else says which became which."""
        remaining, unmatched = list(range(len(new))), list(range(len(old)))
        for one in [*unmatched]:
            same = (other for other in remaining if not self.changes(old[one], new[other], "", sent=sent))
            if (found := next(same, None)) is not None:
                remaining.remove(found)
                unmatched.remove(one)
        for one in [*unmatched]:
            types = _types(self.before, old[one])
            alike = (other for other in remaining if types & _types(self.after, new[other]))
            if (found := next(alike, None)) is not None:
                remaining.remove(found)
                unmatched.remove(one)
                yield from self.changes(old[one], new[found], f"{_prefix(location)}|{found + 1}", sent=sent)
        for one in unmatched:
            yield (location, "removed", "variant", _describe(self.before, old[one]), None, sent)
        for other in remaining:
            yield (location, "added", "variant", None, _describe(self.after, new[other]), not sent)


def _prefix(location: str, separator: str = "") -> str:
    """Return the location to append a field to: "body" -> "body: ", "body: title" -> "body: title."."""
    return f"{location}: " if ": " not in location else f"{location}{'' if location.endswith(': ') else separator}"


def _types(document: Document, schema: Any) -> frozenset[str]:
    return normalize(document, document.flatten(schema)).types


def _describe(document: Document, schema: Any) -> str:
    found = normalize(document, document.flatten(schema))
    return f"{found.type_names} {{{', '.join(sorted(found.fields))}}}" if found.fields else found.type_names


def _keyword_changes(one: NormalizedSchema, other: NormalizedSchema, location: str, *, sent: bool) -> Iterator[Change]:
    """The differences of the schemas' own keywords, without those of nested schemas."""
    if one.types != other.types:
        safe = one.types <= other.types if sent else one.types >= other.types
        yield (location, "changed", "type", one.type_names, other.type_names, not safe)
    if one.nullable != other.nullable:
        yield (location, "changed", "nullable", one.nullable, other.nullable, one.nullable == sent)
    if one.deprecated != other.deprecated:
        yield (location, "changed", "deprecated", one.deprecated, other.deprecated, False)
    defaults = one.default, other.default
    if canonical_json(one.default) != canonical_json(other.default):
        was, now = (None if found is None else "null" if found[0] is None else found[0] for found in defaults)
        yield change_of(location, "default", was, now, breaking=sent)
    yield from _values(one, other, location, sent=sent)
    for name in (*LOWER_BOUNDS, *UPPER_BOUNDS):
        was, now = one.bounds.get(name), other.bounds.get(name)
        if was != now:
            tighter = now is not None and (was is None or (now > was if name in LOWER_BOUNDS else now < was))
            yield change_of(location, name, was, now, breaking=tighter == sent)
    for name in sorted(one.opaque.keys() | other.opaque.keys()):
        old, new = one.opaque.get(name), other.opaque.get(name)
        if canonical_json(old) != canonical_json(new):
            breaking = (new is not None) if sent else (old is not None)
            yield change_of(location, name, old, new, breaking=breaking)


def _values(one: NormalizedSchema, other: NormalizedSchema, location: str, *, sent: bool) -> Iterator[Change]:
    if one.enum is None or other.enum is None:
        if one.enum is not other.enum:
            old, new = (None if found is None else [*found.values()] for found in (one.enum, other.enum))
            yield change_of(location, "values", old, new, breaking=sent and new is not None)
        return
    for value in sorted(one.enum.keys() - other.enum.keys()):
        yield (location, "removed", "value", one.enum[value], None, sent)
    for value in sorted(other.enum.keys() - one.enum.keys()):
        yield (location, "added", "value", None, other.enum[value], False)


def change_of(location: str, aspect: str, old: Any, new: Any, *, breaking: bool) -> Change:
    """Return a change, added or removed if one of the values is None."""
    kind: Literal["added", "removed", "changed"] = "added" if old is None else "removed" if new is None else "changed"
    return (location, kind, aspect, old, new, breaking)
