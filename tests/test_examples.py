"""Each project in `examples` passes its own tests, run in its folder as its users run them."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

from tests.test_docs import ROOT

EXAMPLES = sorted(path.parent for path in (ROOT / "examples").glob("*/README.md"))


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda path: path.name)
def test_the_tests_of_an_example_pass(example: Path) -> None:
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTEST_")}
    environment["PYTEST_DISABLE_PLUGIN_AUTOLOAD"] = "1"  # those of our own tests take a second to load
    options = ["-q", "-p", "realtimekit.testing", "-p", "no:cacheprovider"]
    result = subprocess.run(
        [sys.executable, "-m", "pytest", *options],
        cwd=example,
        env=environment,
        check=False,
        capture_output=True,
        text=True,
        timeout=100,
    )
    assert result.returncode == 0, result.stdout + result.stderr
    assert " passed" in result.stdout


def test_the_list_of_examples_is_complete() -> None:
    text = (ROOT / "examples" / "README.md").read_text(encoding="utf-8")
    assert re.findall(r"^\| \[([\w-]+)\]\(\1\)", text, re.MULTILINE) == [example.name for example in EXAMPLES]
    for example in EXAMPLES:
        assert len((example / "README.md").read_text(encoding="utf-8").splitlines()) <= 25, "it is read in a minute"
        assert "realtimekit[" in (example / "requirements.txt").read_text(encoding="utf-8")
