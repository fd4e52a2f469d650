"""Each kind of difference: how it is described, and whether it is breaking, in both directions."""

from __future__ import annotations

import copy
import json
from typing import TYPE_CHECKING, Any

import pytest

import realtimekit.contract.schema_diff
from realtimekit.contract import SpecError, compare, extract_slice, load_slice

from .descriptions import KIT, answered, description, of_body, sent, things

if TYPE_CHECKING:
    from collections.abc import Callable

POST = "POST /{app_id}/things"
GET = "GET /{app_id}/things"


def field(schema: dict[str, Any], name: str, **more: Any) -> None:
    schema["properties"][name] |= more


def without(schema: dict[str, Any], *path: str) -> None:
    for name in path[:-1]:
        schema = schema[name]
    del schema[path[-1]]


def query(document: dict[str, Any], number: int) -> dict[str, Any]:
    found: dict[str, Any] = things(document)["get"]["parameters"][number]
    return found


# the change, its description, whether it is breaking, and whether undoing it is
CHANGES: list[tuple[Callable[[dict[str, Any]], Any], str, bool, bool]] = [
    (lambda d: things(d).pop("get"), f"{GET}: operation removed", True, False),
    (lambda d: d["paths"].update({f"{KIT}/new": {"get": {}}}), "GET /new: operation added", False, True),
    (lambda d: things(d)["get"].update(deprecated=True), f"{GET}: deprecated no -> yes", False, False),
    (lambda d: things(d)["get"]["parameters"].pop(), f"{GET} query status: parameter removed", True, False),
    (
        lambda d: things(d)["get"]["parameters"].append({"name": "n", "in": "query", "required": True}),
        f"{GET} query n: parameter added", True, True,
    ),
    (
        lambda d: things(d)["parameters"].append({"name": "X-N", "in": "header"}),
        f"{GET} header X-N: parameter added", False, True,
    ),
    (lambda d: query(d, 1).update(required=True), f"{GET} query per_page: required no -> yes", True, False),
    (lambda d: query(d, 1).update(deprecated=True), f"{GET} query per_page: deprecated no -> yes", False, False),
    (lambda d: query(d, 1)["schema"].update(maximum=50), f"{GET} query per_page: maximum 50 added", True, False),
    (lambda d: query(d, 1)["schema"].update(default=9), f"{GET} query per_page: default 20 -> 9", True, True),
    (lambda d: query(d, 1).update(explode=False), f"{GET} query per_page: style form, exploded -> form", True, True),
    (lambda d: query(d, 2)["schema"]["enum"].append("C"), f"{GET} query status: value C added", False, True),
    (lambda d: query(d, 2)["schema"].pop("enum"), f'{GET} query status: values ["A", "B"] removed', False, True),
    (lambda d: query(d, 0)["schema"].update(pattern="^a"), f"{GET} path app_id: pattern ^a added", True, False),
    # the body
    (lambda d: things(d)["post"].pop("requestBody"), f"{POST} body: body removed", True, True),
    (lambda d: things(d)["post"]["requestBody"].pop("required"), f"{POST} body: required yes -> no", False, True),
    (lambda d: sent(d).update(additionalProperties=False), f"{POST} body: other fields yes -> no", True, False),
    (lambda d: without(sent(d), "properties", "kind"), f"{POST} body: kind: field string removed", True, False),
    (lambda d: sent(d)["required"].append("kind"), f"{POST} body: kind: required no -> yes", True, False),
    (lambda d: field(sent(d), "name", type="integer"), f"{POST} body: name: type string -> integer", True, True),
    (lambda d: field(sent(d), "count", type="number"), f"{POST} body: count: type integer -> number", False, True),
    (lambda d: field(sent(d), "count", nullable=False), f"{POST} body: count: nullable yes -> no", True, False),
    (lambda d: field(sent(d), "count", minimum=0), f"{POST} body: count: minimum 1 -> 0", False, True),
    (lambda d: field(sent(d), "name", maxLength=9), f"{POST} body: name: maxLength 10 -> 9", True, False),
    (lambda d: field(sent(d), "name", default=None), f"{POST} body: name: default x -> null", True, True),
    (lambda d: field(sent(d), "kind", enum=["A"]), f"{POST} body: kind: value B removed", True, False),
    (lambda d: field(sent(d), "tags", maxItems=3), f"{POST} body: tags: maxItems 3 added", True, False),
    (lambda d: field(sent(d), "tags", items={}), f"{POST} body: tags[]: type string -> anything", False, True),
    (lambda d: field(sent(d), "name", format="uri"), f"{POST} body: name: format uri added", True, False),
    (lambda d: field(sent(d), "name", deprecated=True), f"{POST} body: name: deprecated no -> yes", False, False),
    (lambda d: field(sent(d), "name", readOnly=True), f"{POST} body: name: readOnly yes added", True, False),
    # the answer: the other way round
    (lambda d: things(d)["get"]["responses"].pop("404"), f"{GET} response 404: status removed", False, False),
    (lambda d: things(d)["get"]["responses"].pop("200"), f"{GET} response 200: status removed", True, False),
    (
        lambda d: without(answered(d), "properties", "kind"),
        f"{POST} response 201: kind: field string removed", True, False,
    ),
    (
        lambda d: answered(d).pop("required"),
        f"{POST} response 201: id: required yes -> no", True, False,
    ),
    (
        lambda d: field(answered(d), "size", type="integer"),
        f"{POST} response 201: size: type number -> integer", False, True,
    ),
    (
        lambda d: field(answered(d), "id", nullable=True),
        f"{POST} response 201: id: nullable no -> yes", True, False,
    ),
    (
        lambda d: field(answered(d), "kind", enum=["A", "B", "C"]),
        f"{POST} response 201: kind: value C added", False, False,
    ),
    (
        lambda d: field(answered(d), "id", format="date"),
        f"{POST} response 201: id: format uuid -> date", True, True,
    ),
    (
        lambda d: answered(d)["properties"]["id"].pop("format"),
        f"{POST} response 201: id: format uuid removed", True, False,
    ),
    (lambda d: field(answered(d), "size", maximum=9), f"{POST} response 201: size: maximum 9 added", False, True),
    (
        lambda d: things(d)["post"]["responses"]["201"]["content"].update({"text/csv": {}}),
        f"{POST} response 201 text/csv: content added", False, True,
    ),
]  # fmt: skip


@pytest.mark.parametrize(("change", "said", "breaks", "undoing"), CHANGES, ids=[case[1] for case in CHANGES])
def test_a_change(change: Callable[[dict[str, Any]], Any], said: str, *, breaks: bool, undoing: bool) -> None:
    old, new = description(), description()
    change(new)
    differences = compare(old, new)
    texts = [str(difference).removesuffix(" (breaking)") for difference in differences]
    assert said in texts
    assert len(texts) == (2 if "header" in said else 1)  # a path's parameter is that of both its methods
    assert {difference.breaking for difference in differences} == {breaks}
    assert {difference.breaking for difference in compare(new, old)} == {undoing}
    assert compare(extract_slice(old), extract_slice(new)) == differences


def test_a_schema_that_many_share_is_reported_wherever_it_is_used() -> None:
    new = description()
    new["components"]["schemas"]["Item"]["properties"]["n"]["type"] = "string"
    assert [str(difference) for difference in compare(description(), new)] == [
        f"{GET} response 200: [].n: type integer -> string (breaking)",
        f"{POST} response 201: list[].n: type integer -> string (breaking)",
    ]


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ({"type": "string", "nullable": True}, {"type": ["string", "null"]}),
        ({"type": "string", "nullable": True}, {"anyOf": [{"type": "string"}, {"type": "null"}]}),
        ({"type": "integer", "minimum": 1, "exclusiveMinimum": True}, {"type": "integer", "exclusiveMinimum": 1}),
        ({"const": "a"}, {"type": "string", "enum": ["a"]}),
        ({"type": ["number", "integer"]}, {"type": "number"}),
        ({"maximum": 5}, {"maximum": 5.0}),
        ({"allOf": [{"type": "string"}, {"maxLength": 3}]}, {"type": "string", "maxLength": 3}),
        ({"allOf": [{"maxLength": 9}, {"maxLength": 3}]}, {"maxLength": 3}),
        ({"$ref": "#/components/schemas/S"}, {"type": "string"}),
        ({"$ref": "#/components/schemas/S", "maxLength": 3}, {"type": "string", "maxLength": 3}),
        ({"oneOf": [{"type": "string"}]}, {"type": "string"}),
        ({"anyOf": [{"type": "string"}, {"type": "object"}]}, {"oneOf": [{"type": "object"}, {"type": "string"}]}),
        ({"properties": {}}, {"type": "object", "additionalProperties": True}),
        ({"enum": ["a", "b"]}, {"enum": ["b", "a"], "type": "string", "description": "x", "example": "a", "x-y": 1}),
        ({"required": []}, {}),
        (True, {}),
    ],
)
def test_equivalent_schemas(one: Any, other: Any) -> None:
    components = {"S": {"type": "string"}}
    assert compare(of_body(one, components), of_body(other, components)) == []
    assert compare(of_body(other, components), of_body(one, components)) == []


def test_variants() -> None:
    old = {"anyOf": [{"properties": {"a": {}}}, {"properties": {"b": {"type": "string"}}}]}
    new = {"anyOf": [{"type": "string"}, {"properties": {"b": {"type": "integer"}}}, {"properties": {"a": {}}}]}
    texts = [str(difference) for difference in compare(of_body(old), of_body(new))]
    assert texts == [
        "POST /x body: variant string added",
        "POST /x body: |2.b: type string -> integer (breaking)",
    ]
    texts = [str(difference) for difference in compare(of_body(new), of_body(old))]
    assert texts == [
        "POST /x body: variant string removed (breaking)",
        "POST /x body: |2.b: type integer -> string (breaking)",
    ]


def test_one_variant_becomes_several() -> None:
    old = {"type": "object", "properties": {"a": {"type": "string"}}}
    new = {"oneOf": [{"type": "integer"}, old]}
    assert [difference.description for difference in compare(of_body(old), of_body(new))] == [
        "type object -> anything",
        "variant integer added",
    ]
    assert [difference.description for difference in compare(of_body(new), of_body(old))] == [
        "type anything -> object",
        "variant integer removed",
    ]


def test_the_names_of_path_parameters_are_ignored() -> None:
    new = description()
    text = json.dumps(new).replace("{app_id}", "{app-id}").replace('"app_id"', '"app-id"')
    assert compare(description(), json.loads(text)) == []


def test_recursive_schemas() -> None:
    """Schemas that contain themselves, directly in one description, indirectly in the other, and that differ."""
    node = {"properties": {"next": {"$ref": "#/components/schemas/N"}, "v": {"type": "string"}}}
    detour = {"properties": {"next": {"allOf": [{"$ref": "#/components/schemas/M"}]}, "v": {"type": "integer"}}}
    one = of_body({"$ref": "#/components/schemas/N"}, {"N": node})
    other = of_body({"$ref": "#/components/schemas/N"}, {"N": detour, "M": {"$ref": "#/components/schemas/N"}})
    assert [difference.location for difference in compare(one, other)] == ["body: v"]
    assert compare(other, other) == []


@pytest.mark.parametrize(
    "components",
    [
        {"N": {"$ref": "#/components/schemas/N"}},
        {"N": {"$ref": "#/components/schemas/M"}, "M": {"$ref": "#/components/schemas/N"}},
        {"N": {"allOf": [{"$ref": "#/components/schemas/N"}]}},
        {"N": {"anyOf": [{"$ref": "#/components/schemas/N"}, {"type": "null"}]}},
        {"N": {"anyOf": [{"$ref": "#/components/schemas/N"}, {"$ref": "#/components/schemas/N"}]}},
        {
            "N": {
                "allOf": [
                    {"properties": {"n": {"$ref": "#/components/schemas/N"}}},
                    {"properties": {"n": {"allOf": []}}},
                ]
            }
        },
        {},
        {"N": {"$ref": "https://elsewhere.example/s.json"}},
        {"N": {"$ref": 5}},
        {"N": None},
        {"N": []},
    ],
)
def test_circular_and_missing_references(components: dict[str, Any]) -> None:
    document = of_body({"$ref": "#/components/schemas/N"}, components)
    assert compare(document, copy.deepcopy(document)) == []
    assert compare(extract_slice(document), document) == []


def test_responses_that_refer_to_each_other() -> None:
    document = description()
    document["components"]["responses"] = {
        "Things": {"$ref": "#/components/responses/Others"},
        "Others": {"$ref": "#/components/responses/Things"},
    }
    assert compare(document, copy.deepcopy(document)) == []


def test_a_reference_whose_target_was_removed() -> None:
    old, new = description(), description()
    del new["components"]["responses"]
    assert f"{GET} response 200: unresolved reference #/components/responses/Things added (breaking)" in [
        str(difference) for difference in compare(old, new)
    ]
    del new["components"]["schemas"]["Item"]
    assert compare(new, copy.deepcopy(new)) == []


def test_schemas_that_are_nested_too_deeply() -> None:
    deep: dict[str, Any] = {}
    for _ in range(100_000):
        deep = {"items": deep}
    with pytest.raises(SpecError, match="too deeply"):
        compare(of_body(deep), of_body(deep))
    with pytest.raises(SpecError, match="too deeply"):
        extract_slice(of_body(deep))
    while deep:  # Python would recurse to free it
        deep = deep.pop("items", {})


def test_many_paths_through_the_same_schemas(monkeypatch: pytest.MonkeyPatch) -> None:
    """Forty levels with two references to the next: equal schemas are compared only once."""
    names = [f"S{number}" for number in range(40)]
    levels: dict[str, Any] = {
        name: {"properties": {key: {"$ref": f"#/components/schemas/{below}"} for key in "ab"}}
        for name, below in zip(names, [*names[1:], "end"], strict=True)
    }
    levels["end"] = {"type": "string"}
    document = of_body({"$ref": "#/components/schemas/S0"}, levels)
    assert compare(document, copy.deepcopy(document)) == []
    changed = copy.deepcopy(document)
    changed["components"]["schemas"]["end"]["type"] = "integer"
    monkeypatch.setattr(realtimekit.contract.schema_diff, "MAX_PAIRS", 10_000)
    with pytest.raises(SpecError, match="entangled"):  # it would be reported 2 ** 40 times
        compare(document, changed)


@pytest.mark.parametrize("nothing", [None, [], 5, "x", {}, {"paths": None}, {"paths": {"/zones": {"get": {}}}}])
def test_nothing_of_realtimekit(nothing: Any) -> None:
    with pytest.raises(SpecError, match="first description"):
        compare(nothing, description())
    with pytest.raises(SpecError, match="second description"):
        compare(description(), nothing)
    with pytest.raises(SpecError):
        extract_slice(nothing)


def test_the_packaged_slice_equals_itself() -> None:
    assert compare(load_slice(), load_slice()) == []
    assert sum(difference.change == "removed" for difference in compare(load_slice(), description())) == 62
