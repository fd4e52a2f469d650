"""The files beside the code are true: workflows, templates and hooks name what exists."""

from __future__ import annotations

import re
import tomllib
from pathlib import Path
from typing import Any

import pytest
import yaml

import realtimekit

ROOT = Path(__file__).parents[1]
YAML = [*sorted((ROOT / ".github").rglob("*.yml")), ROOT / ".pre-commit-config.yaml", ROOT / "CITATION.cff"]

DOCUMENTS = [ROOT / name for name in ("AGENTS.md", "CONTRIBUTING.md", "README.md")]


def read(path: Path) -> Any:
    return yaml.safe_load(path.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def project() -> dict[str, Any]:
    return tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))


@pytest.mark.parametrize("path", YAML, ids=lambda path: path.name)
def test_yaml_can_be_read(path: Path) -> None:
    assert read(path)


@pytest.mark.parametrize(
    "path",
    [*YAML, *(ROOT / name for name in ("AGENTS.md", "CONTRIBUTING.md", "README.md"))],
    ids=lambda path: path.name,
)
def test_targets_of_make_exist(path: Path) -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    named = re.findall(r"(?:run: |entry: |`|^)make ([a-z]+)", path.read_text(encoding="utf-8"), re.MULTILINE)
    assert set(named) <= set(targets)


def test_workflows_run_each_version_that_is_supported(project: dict[str, Any]) -> None:
    matrix = read(ROOT / ".github/workflows/test.yml")["jobs"]["test"]["strategy"]["matrix"]
    prefix = "Programming Language :: Python :: 3."
    supported = [name.removeprefix(prefix) for name in project["project"]["classifiers"] if name.startswith(prefix)]
    assert matrix["python"] == [f"3.{minor}" for minor in supported]


def test_nothing_that_is_published_needs_a_token() -> None:
    publish = read(ROOT / ".github/workflows/publish.yml")
    assert publish["jobs"]["publish"]["permissions"] == {"id-token": "write"}
    assert "secrets." not in (ROOT / ".github/workflows/publish.yml").read_text(encoding="utf-8")


def test_the_hooks_have_the_versions_of_the_project(project: dict[str, Any]) -> None:
    ruff = next(name for name in project["dependency-groups"]["lint"] if name.startswith("ruff=="))
    assert read(ROOT / ".pre-commit-config.yaml")["repos"][0]["rev"] == "v" + ruff.removeprefix("ruff==")


def test_the_version_stands_everywhere() -> None:
    assert read(ROOT / "CITATION.cff")["version"] == realtimekit.__version__
    changelog = (ROOT / "CHANGELOG.md").read_text(encoding="utf-8")
    assert re.search(rf"^## \[{re.escape(realtimekit.__version__)}\] - ", changelog, re.MULTILINE)


def test_a_report_of_a_fault_has_what_doctor_says() -> None:
    fields = read(ROOT / ".github/ISSUE_TEMPLATE/bug.yml")["body"]
    required = [field["attributes"]["label"] for field in fields if field.get("validations") == {"required": True}]
    assert "realtimekit doctor --json" in required


def test_no_entry_of_the_changelog_stands_twice() -> None:
    """A merge may leave an entry as it was beside the same as it is: each section names a thing once."""
    sections = re.split(r"^#+ ", (ROOT / "CHANGELOG.md").read_text(encoding="utf-8"), flags=re.MULTILINE)
    for section in sections:
        names = re.findall(r"^- \*\*(.+?)\*\*", section, re.MULTILINE)
        assert len(names) == len(set(names)), section.partition("\n")[0]


@pytest.mark.parametrize("path", sorted(ROOT.glob("*.md")) + sorted((ROOT / "docs").rglob("*.md")), ids=str)
def test_no_sentence_of_a_document_stands_twice(path: Path) -> None:
    text = re.sub(r"^(```.*?^```|\|.*?)$", "", path.read_text(encoding="utf-8"), flags=re.MULTILINE | re.DOTALL)
    sentences = [" ".join(part.split()) for part in re.split(r"(?<=[.:!?])\s+|\n\n", text)]
    long = [sentence for sentence in sentences if len(sentence) > 60]
    assert sorted(long) == sorted(set(long))
    assert not re.search(r"^(<<<<<<<|>>>>>>>) ", text, re.MULTILINE)
