"""Descriptions of any kind, also malformed ones: each equals itself, and any two can be compared."""

from __future__ import annotations

import random
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from realtimekit.contract import compare, extract_slice

from .descriptions import KIT, of_body

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)
WORDS = (
    "type", "enum", "const", "default", "properties", "required", "items", "allOf", "anyOf", "oneOf", "nullable",
    "additionalProperties", "minimum", "exclusiveMinimum", "maxLength", "format", "not", "deprecated", "description",
)  # fmt: skip
NAMES = st.sampled_from(("a", "b", "items", "properties", "description", "$ref"))
references = st.sampled_from(("A", "B", "missing", "A/properties/a")).map(
    lambda name: {"$ref": f"#/components/schemas/{name}"}
)


def schemas_of(inner: st.SearchStrategy[Any]) -> st.SearchStrategy[Any]:
    lists = st.lists(inner, max_size=3)
    right = {
        "type": st.sampled_from(("string", "object", "null", ["integer", "null"], ["number"])),
        "enum": st.lists(st.sampled_from((None, "a", 1, 1.0, True)), max_size=3),
        "properties": st.dictionaries(NAMES, inner, max_size=3),
        "required": st.lists(NAMES, max_size=2),
        "additionalProperties": st.booleans() | inner,
        "allOf": lists, "anyOf": lists, "oneOf": lists, "items": inner,
    }  # fmt: skip
    sane = st.fixed_dictionaries({}, optional=right)
    odd = st.dictionaries(st.sampled_from(WORDS), inner | json_values, max_size=4)
    return sane | odd


schemas = st.recursive(references | json_values, schemas_of, max_leaves=12)


def shuffled(node: Any, chance: random.Random) -> Any:
    """Return the same JSON with the keys of every object in another order."""
    if isinstance(node, dict):
        pairs = [(key, shuffled(value, chance)) for key, value in node.items()]
        chance.shuffle(pairs)
        return dict(pairs)
    return [shuffled(item, chance) for item in node] if isinstance(node, list) else node


@settings(max_examples=60, deadline=None)
@given(schemas, schemas, schemas, st.randoms(use_true_random=False))
def test_a_description_equals_itself(body: Any, first: Any, second: Any, chance: random.Random) -> None:
    document = of_body(body, {"A": first, "B": second})
    operation = document["paths"][f"{KIT}/x"]["post"]
    operation["responses"] = {"200": {"content": {"application/json": {"schema": body}}}, "default": first}
    operation["parameters"] = [{"name": "q", "in": "query", "schema": second}, first]
    assert compare(document, document) == []
    if "$ref" not in repr((first, second)):  # what contains itself and contradicts itself has no one meaning
        assert compare(document, shuffled(document, chance)) == []


@given(schemas, schemas, schemas, schemas)
def test_any_two_descriptions_can_be_compared(one: Any, other: Any, first: Any, second: Any) -> None:
    old, new = of_body(one, {"A": first}), of_body(other, {"A": second, "B": first})
    differences = compare(old, new)
    assert differences == compare(old, new)  # the order is fixed
    assert bool(differences) == bool(compare(new, old))
    for difference in differences:
        assert str(difference)


@given(json_values)
def test_malformed_places(value: Any) -> None:
    """There may be anything in place of an object."""
    for place in (
        {"parameters": value}, {"parameters": [value]}, {"requestBody": value}, {"requestBody": {"content": value}},
        {"responses": value}, {"responses": {"200": value}}, {"responses": {"200": {"content": {"x": value}}}},
    ):  # fmt: skip
        document = {"paths": {f"{KIT}/x": {"get": place}, f"{KIT}/y": value}, "components": value}
        assert compare(document, document) == []
        extract_slice(document)
