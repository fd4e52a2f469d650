"""Runs every example in the documents.

In a `python` block a line that ends in `# -> text` is checked: its value's repr is the text, where `...` stands for
anything. The `bash` blocks' `realtimekit` commands are run, too.
"""

from __future__ import annotations

import ast
import re
import shlex
from importlib.util import find_spec
from operator import attrgetter
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from realtimekit.cli.commands import realtimekit

pytest_plugins = ["pytester"]

ROOT = Path(__file__).parents[1]
DOCUMENTS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md"))]
WITHOUT_PYTHON = {"extras.md"}
WITH_COMMANDS = [ROOT / "README.md", ROOT / "docs" / "tutorial.md"]
WITH_TESTS = WITH_COMMANDS  # of a user, for pytest


def blocks(path: Path, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", path.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


class Checked(ast.NodeTransformer):
    """Turns `value  # -> text` into `_check(value, "text")`."""

    def __init__(self, source: str) -> None:
        self.lines = source.splitlines()
        self.count = sum(bool(re.search(r"# -> ", line)) for line in self.lines)

    def visit_Expr(self, node: ast.Expr) -> ast.Expr:
        assert node.end_lineno is not None
        _, arrow, expected = self.lines[node.end_lineno - 1].partition("  # -> ")
        if arrow:
            self.count -= 1
            name, text = ast.Name("_check", ast.Load()), ast.Constant(expected)
            node.value = ast.Call(name, [node.value, text], [])
        return node


def check(value: object, expected: str) -> None:
    pattern = ".*".join(re.escape(part) for part in expected.strip().split("..."))
    assert re.fullmatch(pattern, repr(value)), f"{value!r} is not {expected}"


def run(source: str, namespace: dict[str, Any]) -> None:
    checked = Checked(source)
    tree = ast.fix_missing_locations(checked.visit(ast.parse(source)))
    assert checked.count == 0, "an arrow stands where nothing is checked"
    exec(compile(tree, "<document>", "exec"), namespace)


@pytest.mark.usefixtures("demo_environment")
@pytest.mark.parametrize(
    "path", [path for path in DOCUMENTS if path.name not in WITHOUT_PYTHON], ids=attrgetter("name")
)
def test_examples_run_as_shown(path: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # for the examples that write files
    namespace: dict[str, Any] = {"_check": check}
    examples = [source for source in blocks(path, "python") if "def test_" not in source]
    assert examples
    for source in examples:
        run(source, namespace)


@pytest.mark.parametrize("path", WITH_TESTS, ids=attrgetter("name"))
def test_the_example_of_a_users_test_runs(path: Path, pytester: pytest.Pytester) -> None:
    (example,) = [source for source in blocks(path, "python") if "def test_" in source]
    pytester.makepyfile(example)
    pytester.runpytest_subprocess("-p", "no:cacheprovider", "-p", "no:schemathesis").assert_outcomes(passed=1)


@pytest.mark.usefixtures("demo_environment")
@pytest.mark.parametrize(
    ("path", "count"), [(WITH_COMMANDS[0], 4), (WITH_COMMANDS[1], 4)], ids=lambda value: getattr(value, "name", None)
)
def test_commands_run_as_shown(path: Path, count: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # for those that write files
    lines = [line for source in blocks(path, "bash") for line in source.splitlines()]
    commands = [shlex.split(line, comments=True)[1:] for line in lines if line.startswith("realtimekit ")]
    assert len(commands) >= count
    for arguments in commands:
        if arguments[0] == "emulator":  # runs until it is stopped: tests/cli starts it for real
            assert CliRunner().invoke(realtimekit, ["emulator", "--help"]).exit_code == 0
            continue
        result = CliRunner().invoke(realtimekit, arguments)
        assert result.exit_code == 0, result.output
        assert "Alice" in result.output or "sess-1" in result.output or arguments == ["doctor"]


@pytest.mark.usefixtures("demo_environment")
@pytest.mark.skipif(find_spec("obstore") is None, reason="the extra `archive` is not installed")
def test_commands_about_archives_run_as_shown(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """In their order, in one folder, the archive of which is in the environment."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("REALTIMEKIT_ARCHIVE", "meetings")
    documents = [path for path in DOCUMENTS if path.name.startswith(("archive", "README"))]
    texts = [path.read_text(encoding="utf-8") for path in documents]
    found = [block for text in texts for block in re.findall(r"^```(\w*)\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)]
    lines = [line for language, block in found if language in {"", "bash"} for line in block.splitlines()]
    commands = [
        # In a folder, in place of a bucket, and once.
        shlex.split(line.replace("s3://bucket/meetings", "meetings").replace(" --every 15m", ""), comments=True)[1:]
        for line in lines
        if line.startswith("realtimekit archive ")
    ]
    assert len(commands) >= 6
    for arguments in sorted(commands, key=lambda arguments: arguments[1] != "sync"):
        result = CliRunner().invoke(realtimekit, arguments)
        assert result.exit_code == 0, (arguments, result.output)


def test_every_route_of_the_control_plane_is_documented() -> None:
    from realtimekit.emulator.routes import CONTROL

    text = (ROOT / "docs" / "emulator.md").read_text(encoding="utf-8")
    documented = set(re.findall(r"^\| `(\w+ /_emulator\S*)`", text, re.MULTILINE))
    assert documented == {f"{route.method} {route.template}" for route in CONTROL.table}


def test_every_command_is_documented() -> None:
    text = "".join(path.read_text(encoding="utf-8") for path in DOCUMENTS)

    def commands(group: Any, path: str) -> list[str]:
        context = __import__("click").Context(group)
        found = []
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            found += commands(command, f"{path} {name}") if hasattr(command, "list_commands") else [f"{path} {name}"]
        return found

    for command in commands(realtimekit, "realtimekit"):
        assert command in text, f"{command} is in no document"


def test_links_between_documents_exist() -> None:
    for path in [*DOCUMENTS, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"]:
        for target in re.findall(r"\]\((?!https?:)([^)#]+)", path.read_text(encoding="utf-8")):
            assert (path.parent / target).exists(), f"{path.name} links to {target}"


@pytest.mark.parametrize("document", ["tests/README.md", "CONTRIBUTING.md", "ARCHITECTURE.md"])
def test_the_files_of_the_tests_that_a_page_names_exist(document: str) -> None:
    text = (ROOT / document).read_text(encoding="utf-8")
    assert [path for path in re.findall(r"`(tests/[\w/.]*)`", text) if not (ROOT / path).exists()] == []


def test_the_helpers_that_are_described_exist() -> None:
    """`Name` (`tests/file.py`...) is a name of that file."""
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    described = re.findall(r"`(\w+)`\*{0,2} \((?:fixture of )?`(tests/[\w/]+\.py)`", text)
    assert len(described) > 9
    for name, path in described:
        source = (ROOT / path).read_text(encoding="utf-8")
        assert re.search(rf"^(?:class|def) {name}\b", source, re.MULTILINE), f"{path} has no {name}"


def test_the_functions_in_the_examples_of_the_helpers_exist() -> None:
    text = (ROOT / "tests" / "README.md").read_text(encoding="utf-8")
    blocks = "".join(re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL))
    called = {name for name in re.findall(r"\b([A-Za-z_]+)\(", blocks) if not name.startswith("test_")}
    paths = [*(ROOT / "tests").rglob("*.py"), *(ROOT / "src").rglob("*.py")]
    texts = [blocks, *(path.read_text(encoding="utf-8") for path in paths)]
    defined = {name for source in texts for name in re.findall(r"(?:class|def) (\w+)", source)}
    assert called - defined - {"given", "binary"} == set(), "hypothesis defines these two"


def test_every_column_of_an_archives_tables_is_documented() -> None:
    """Between its marks docs/archive.md has what this makes of the schema."""
    from realtimekit.archive.tables.schema import TABLES, VERSION

    lines = []
    for table, columns in TABLES.items():
        lines += ["", f"### `{table}`", "", "| column | type | |", "|---|---|---|"]
        lines += [f"| `{column.name}` | {column.type} | {column.about} |" for column in columns]
    text = (ROOT / "docs" / "archive.md").read_text(encoding="utf-8")
    documented = text.partition("<!-- tables -->\n")[2].partition("\n<!-- /tables -->")[0]
    assert documented.splitlines() == lines
    assert f"This is version {VERSION}." in text
