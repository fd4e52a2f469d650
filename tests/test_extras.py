"""The table of what extras cost names each of them, and what it brings."""

from __future__ import annotations

import re
from importlib.metadata import metadata, requires
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from tools import wheels

PAGE = Path(__file__).parents[1] / "docs" / "extras.md"


def table(name: str) -> list[list[str]]:
    page = PAGE.read_text(encoding="utf-8")
    marked = page.partition(f"<!-- begin: {name} -->")[2].partition(f"<!-- end: {name} -->")[0]
    return [line.split("|")[1:-1] for line in marked.splitlines() if line.startswith("|")]


def test_each_extra_has_a_row_with_what_it_requires() -> None:
    rows = [row for row in table("make extras") if row[0].startswith(" `")]
    brings = {row[0].strip(" `"): set(re.split(", ", row[4].strip())) for row in rows}
    extras = set(metadata("realtimekit").get_all("Provides-Extra") or []) - {"all"}
    assert set(brings) == extras
    for need in map(Requirement, requires("realtimekit") or []):
        for extra in extras:
            if need.name != "realtimekit" and need.marker is not None and need.marker.evaluate({"extra": extra}):
                assert need.name.lower() in brings[extra], extra


def test_each_extra_is_in_the_table_of_wheels_once() -> None:
    header, _, *rows = table("make extras ARGS=--wheels")
    assert [name.strip() for name in header[1:]] == [platform.name for platform in wheels.PLATFORMS]
    named = [name.strip(" `") for row in rows for name in row[0].split(",")]
    assert sorted(named) == sorted(["the core", *(metadata("realtimekit").get_all("Provides-Extra") or [])])


def test_what_another_platform_needs_is_asked_for() -> None:
    linux, windows = (next(p for p in wheels.PLATFORMS if p.name.startswith(name)) for name in ("Linux", "Windows"))
    assert {"mcp", "pydantic-core", "duckdb"} <= wheels.needs("mcp", linux.markers).keys()
    assert wheels.needs("mcp", windows.markers).keys() - wheels.needs("mcp", linux.markers).keys() >= {"pywin32"}
    assert wheels.needs("fast", linux.markers)["orjson"] == ">=3.10"
    assert wheels.is_compiled("orjson")
    assert not wheels.is_compiled("httpcore2")


@pytest.mark.parametrize(
    ("missing", "shown"),
    [
        ({}, "3.11 to 3.14, 3.14t"),
        ({"3.14t": {"a"}}, "3.11 to 3.14"),
        ({"3.14": {"b"}, "3.14t": {"a"}}, "3.11, 3.12, 3.13 (no `b`)"),
        ({python: {"b", "a"} for python in wheels.PYTHONS}, "- (no `a`, `b`)"),
    ],
)
def test_a_cell_has_the_versions_and_what_is_missing(missing: dict[str, set[str]], shown: str) -> None:
    assert wheels._cell({python: missing.get(python, set()) for python in wheels.PYTHONS}) == shown
