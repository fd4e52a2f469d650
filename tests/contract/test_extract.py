"""The slice in the package, and how slices are made."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given

from realtimekit.contract import compare, extract_slice, load_slice
from realtimekit.contract.document import METHODS
from realtimekit.contract.extract import SLICE_PATH, write_slice

from .descriptions import KIT, description, of_body, things
from .test_properties import schemas


def test_the_packaged_slice_holds_every_operation() -> None:
    found = load_slice()
    operations = [(path, method) for path, item in found["paths"].items() for method in item if method in METHODS]
    assert len(operations) == 62
    assert all(path.startswith(f"{KIT}/") for path, _ in operations)
    assert found["info"]["x-source"]
    assert found["info"]["x-saved"] == "2026-11-23" or len(found["info"]["x-saved"]) == 10
    assert SLICE_PATH.stat().st_size < 100_000
    assert "description" not in {key for _, key in _keywords(found["paths"])}


def _keywords(node: Any, *, names: bool = False) -> list[tuple[str, str]]:
    found: list[tuple[str, str]] = []
    if isinstance(node, dict):
        for key, value in node.items():
            found += [] if names else [("", key)]
            found += _keywords(value, names=key in {"properties", "responses", "content"} and not names)
    elif isinstance(node, list):
        found += [each for item in node for each in _keywords(item)]
    return found


def test_only_realtimekit_is_kept() -> None:
    whole = description()
    before = copy.deepcopy(whole)
    things(whole)["get"] |= {"description": "prose", "x-internal": 1, "operationId": "a", "tags": ["b"]}
    made = extract_slice(whole, source="here", on="2026-01-02")
    assert list(made["paths"]) == [f"{KIT}/{{app_id}}/things"]
    assert "Item" in made["components"]["schemas"]
    assert "Zone" not in made["components"]["schemas"]
    assert made["paths"][f"{KIT}/{{app_id}}/things"]["get"].keys() == {"parameters", "responses"}
    assert (made["info"]["version"], made["info"]["x-source"], made["info"]["x-saved"]) == ("1", "here", "2026-01-02")
    assert compare(whole, made) == []
    assert extract_slice(made)["info"] == made["info"]  # a slice of a slice keeps where it is from
    assert things(before) == things(description())


def test_fields_may_have_the_names_of_keywords() -> None:
    names = ("description", "title", "example", "x-y", "properties", "required", "items", "headers", "enum", "schema")
    document = of_body({"properties": {name: {"type": "string", "description": "prose"} for name in names}})
    made = extract_slice(document)
    (path,) = made["paths"].values()
    fields = path["post"]["requestBody"]["content"]["application/json"]["schema"]["properties"]
    assert fields == {name: {"type": "string"} for name in names}
    assert compare(document, made) == []


def test_repeated_schemas_are_written_once() -> None:
    large = {"type": "object", "properties": {f"field_{number}": {"type": "string"} for number in range(20)}}
    document = of_body({"properties": {"one/two": large, "other": copy.deepcopy(large), "list": {"items": large}}})
    made = extract_slice(document)
    assert json.dumps(made).count("field_7") == 1
    assert compare(document, made) == []


@pytest.mark.parametrize(
    "reference", ["#/", "#", "#/paths", "#/components", "#/components/schemas", "#/info/x", "#/a/b/c"]
)
def test_odd_references(reference: str) -> None:
    extract_slice(of_body({"properties": {"x": {"$ref": reference}}}))


def test_writing_is_atomic(tmp_path: Path) -> None:
    made = extract_slice(description())
    write_slice(made, tmp_path / "slice.json")
    assert json.loads((tmp_path / "slice.json").read_bytes()) == made
    with pytest.raises(OSError, match="directory"):
        write_slice(made, tmp_path / "missing" / "slice.json")
    (tmp_path / "folder").mkdir()
    with pytest.raises(IsADirectoryError):
        write_slice(made, tmp_path / "folder")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["folder", "slice.json"]


@given(schemas, schemas)
def test_a_slice_equals_the_whole(body: Any, first: Any) -> None:
    document = of_body({"allOf": [{"properties": {"p": body}}]}, {"A": first if isinstance(first, dict) else {}})
    made = extract_slice(document)
    assert extract_slice(document) == made
    assert [str(d) for d in compare(document, made) if "unresolved" not in str(d)] == []
