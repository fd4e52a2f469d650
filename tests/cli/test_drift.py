"""`realtimekit drift`, as it is used in CI."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from realtimekit.contract import extract, load_slice
from tests.transports.loopback import Server, answer

from .command import environment, invoke, run

PREFIX = "/accounts/{account_id}/realtime/kit"
ENV = environment()


@pytest.fixture
def spec(tmp_path: Path) -> Path:
    """Cloudflare's description a while later: other products, an operation gone, a stricter parameter."""
    later: dict[str, Any] = load_slice()
    later["info"] = {"title": "Cloudflare API", "version": "9.9"}
    later["paths"]["/zones"] = {"get": {"responses": {}}}
    del later["paths"][f"{PREFIX}/apps/{{app_id}}"]
    later["paths"][f"{PREFIX}/apps"]["get"]["parameters"][1]["schema"]["maximum"] = 50
    later["paths"][f"{PREFIX}/b/[red]new\x1b[31m"] = {"get": {}}
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(later))
    return path


def test_no_difference() -> None:
    result = invoke("drift", str(extract.SLICE_PATH), env=ENV)
    assert (result.exit_code, result.stderr) == (0, "")
    assert "No differences" in result.stdout


def test_differences(spec: Path) -> None:
    result = invoke("drift", str(spec), env=ENV)
    assert (result.exit_code, result.stderr) == (1, "")
    lines = result.stdout.splitlines()
    assert lines[:4] == [
        "GET /apps",
        "  breaking  query page_no: maximum 50 added",
        "GET /apps/{app_id}",
        "  breaking  operation removed",
    ]
    assert lines[4].startswith("GET /b/[red]new\ufffd[31m")
    assert lines[5] == "  harmless  operation added"
    assert lines[-1] == "3 differences, 2 breaking"
    assert "version 9.9, openapi.json" in lines[-2]
    assert str(spec.parent) not in result.stdout


def test_json(spec: Path) -> None:
    result = invoke("drift", str(spec), "--json", env=ENV)
    assert (result.exit_code, result.stderr) == (1, "")
    assert result.stdout.isascii()
    document = json.loads(result.stdout)
    assert (document["same"], document["breaking"], document["saved"]) == (False, 2, None)
    assert document["differences"][0] == {
        "operation": "GET /apps",
        "location": "query page_no",
        "change": "added",
        "aspect": "maximum",
        "old": None,
        "new": 50,
        "breaking": True,
    }
    same = json.loads(invoke("drift", str(extract.SLICE_PATH), "--json", env=ENV).stdout)
    assert (same["same"], same["differences"]) == (True, [])


def test_save_and_compare_with_what_was_saved(spec: Path, tmp_path: Path) -> None:
    target = tmp_path / "mine.json"
    assert invoke("drift", str(spec), "--save", str(target), env=ENV).exit_code == 0
    assert json.loads(target.read_text())["info"]["x-source"] == "openapi.json"
    assert "/zones" not in target.read_text()
    assert invoke("drift", str(spec), "--base", str(target), env=ENV).exit_code == 0
    assert invoke("drift", str(extract.SLICE_PATH), "--base", str(target), env=ENV).exit_code == 1


def test_update_puts_it_into_the_package(spec: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    target = tmp_path / "src" / "realtimekit" / "contract" / "slice.json"
    target.parent.mkdir(parents=True)
    target.write_bytes(extract.SLICE_PATH.read_bytes())
    monkeypatch.setattr(extract, "SLICE_PATH", target)
    assert invoke("drift", str(spec), "--update", env=ENV).exit_code == 2  # no checkout
    (tmp_path / "pyproject.toml").touch()
    assert invoke("drift", str(spec), env=ENV).exit_code == 1
    assert invoke("drift", str(spec), "--update", env=ENV).exit_code == 0
    assert invoke("drift", str(spec), env=ENV).exit_code == 0


def test_from_a_url(spec: Path) -> None:
    with Server(answer(spec.read_bytes())) as server:
        result = invoke("drift", f"{server.url}/openapi.json?signature=s3cret", env=ENV)
    assert result.exit_code == 1
    assert f"{server.url}/openapi.json" in result.stdout
    assert "s3cret" not in result.stdout


@pytest.mark.parametrize(
    "arguments",
    [
        ("missing.json",),
        ("http://example.com/openapi.json",),
        ("http://127.0.0.1:1/openapi.json",),
        ("https://api.invalid/openapi.json",),
        ("{html}",),
        ("{other}",),
        ("{slice}", "--base", "missing.json"),
        ("{slice}", "--base", "{other}"),
        ("{slice}", "--save", "missing/folder/mine.json"),
        ("{folder}",),
    ],
)
def test_not_compared(arguments: tuple[str, ...], tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text("<html>")
    (tmp_path / "other.json").write_text('{"paths": {"/zones": {}}}')
    names = {
        "html": tmp_path / "a.html",
        "other": tmp_path / "other.json",
        "slice": extract.SLICE_PATH,
        "folder": tmp_path,
    }
    result = invoke("drift", *[argument.format(**names) for argument in arguments], env=ENV)
    assert (result.exit_code, result.stdout) == (2, "")
    (line,) = result.stderr.splitlines()
    assert line.startswith("Error: ")


@pytest.mark.parametrize("arguments", [(), ("a", "b"), ("a", "--colour"), ("a", "--save", "b", "--update")])
def test_wrong_usage(arguments: tuple[str, ...]) -> None:
    assert invoke("drift", *arguments, env=ENV).exit_code == 2


def test_by_the_installed_script(spec: Path) -> None:
    assert (run("drift", str(extract.SLICE_PATH)).returncode, run("drift", str(spec)).returncode) == (0, 1)
    ended = run("drift", "missing.json")
    assert (ended.returncode, ended.stdout) == (2, "")
    assert ended.stderr == "Error: missing.json: No such file or directory\n"
