"""The emulator's modules: each uses only those below it, also for types and inside functions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

import realtimekit.emulator

ROOT = Path(realtimekit.emulator.__file__).parent
PACKAGE = "realtimekit.emulator"

# From the bottom up. A package stands for its modules, which may use each other, but in no circle.
LAYERS = (
    {"extras", "http"},
    {"clock", "store", "quality"},
    {"schema", "scheduler"},
    {"world", "queries", "session_pages", "faults"},
    {"services"},
    {"context"},
    {"routes"},
    {"openapi", "host_check", "sample_events"},
    {"control", "operations"},
    {"dispatch"},
    {"sending"},
    {"websocket"},
    {"server"},
    {"emulator"},
    {"", "remote"},  # the package itself
)
LEVELS = {name: level for level, names in enumerate(LAYERS) for name in names}


def module_name(path: Path) -> str:
    parts = path.relative_to(ROOT).with_suffix("").parts
    return ".".join(part for part in parts if part != "__init__")


MODULES = {module_name(path): path for path in ROOT.rglob("*.py")}


def imports(name: str) -> set[str]:
    """The emulator's modules that a module imports, anywhere in its text."""
    found = set()
    for node in ast.walk(ast.parse(MODULES[name].read_text(encoding="utf-8"))):
        if isinstance(node, ast.ImportFrom) and node.module and f"{node.module}.".startswith(f"{PACKAGE}."):
            module = node.module.removeprefix(PACKAGE).removeprefix(".")
            for alias in node.names:
                inner = f"{module}.{alias.name}".removeprefix(".")
                found.add(inner if inner in MODULES else module)
    return found - {name}


@pytest.mark.parametrize("name", sorted(MODULES))
def test_modules_import_only_lower_layers(name: str) -> None:
    top = name.partition(".")[0]
    for other in imports(name):
        other_top = other.partition(".")[0]
        assert other_top == top or LEVELS[other_top] < LEVELS[top], f"{name} imports {other}"


def test_no_modules_import_each_other_in_a_circle() -> None:
    remaining = {name: imports(name) for name in MODULES}
    while leaves := {name for name, others in remaining.items() if not others & remaining.keys()}:
        remaining = {name: others for name, others in remaining.items() if name not in leaves}
    assert not remaining, f"these import each other: {sorted(remaining)}"
