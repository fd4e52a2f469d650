"""The table of what extras cost names each of them, and what it brings."""

from __future__ import annotations

import re
from importlib.metadata import metadata, requires
from pathlib import Path

from packaging.requirements import Requirement

PAGE = Path(__file__).parents[1] / "docs" / "extras.md"


def test_each_extra_has_a_row_with_what_it_requires() -> None:
    rows = [line.split("|")[1:-1] for line in PAGE.read_text(encoding="utf-8").splitlines() if line.startswith("| `")]
    brings = {row[0].strip(" `"): set(re.split(", ", row[4].strip())) for row in rows}
    extras = set(metadata("realtimekit").get_all("Provides-Extra") or []) - {"all"}
    assert set(brings) == extras
    for need in map(Requirement, requires("realtimekit") or []):
        for extra in extras:
            if need.name != "realtimekit" and need.marker is not None and need.marker.evaluate({"extra": extra}):
                assert need.name.lower() in brings[extra], extra
