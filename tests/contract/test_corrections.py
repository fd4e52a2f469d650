"""The list of corrections is complete, names operations that exist, and is shown in the docs unchanged."""

from __future__ import annotations

import re
from pathlib import Path

from realtimekit.contract import load_slice
from realtimekit.contract.corrections import CORRECTIONS

PAGE = Path(__file__).parents[2] / "docs" / "operations.md"


def test_each_is_listed_once_and_complete() -> None:
    assert len({(one.operation, one.described) for one in CORRECTIONS}) == len(CORRECTIONS)
    for one in CORRECTIONS:
        assert all(one)


def test_the_operations_exist() -> None:
    prefix = "/accounts/{account_id}/realtime/kit"
    known = {path.removeprefix(prefix) for path in load_slice()["paths"]}
    for one in CORRECTIONS:
        for path in re.findall(r"(?:GET|POST|PUT|PATCH|DELETE) (/\S+)", one.operation):
            if path.endswith("/..."):
                assert any(other.startswith(path.removesuffix("...")) for other in known), path
            else:
                assert path in known, path


def test_the_docs_show_it() -> None:
    rows = [f"| {one.operation} | {one.described} | {one.evidence} | {one.behavior} |" for one in CORRECTIONS]
    shown = PAGE.read_text(encoding="utf-8").partition("## Where the description is wrong")[2]
    assert [line for line in shown.splitlines() if line.startswith("| ") and "---" not in line][1:] == rows
