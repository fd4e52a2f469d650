"""`realtimekit sessions report`."""

from __future__ import annotations

from pathlib import Path

from click.testing import CliRunner, Result

from realtimekit.cli.sessions_report import report
from tests.conftest import Demo

from .meeting import Met, Page


def run(demo: Demo, *arguments: str) -> Result:
    result = CliRunner().invoke(report, arguments, env=demo.environment)
    if result.exception is not None and not isinstance(result.exception, SystemExit):
        raise result.exception
    return result


def test_a_file(demo: Demo, tmp_path: Path) -> None:
    place = tmp_path / "report.html"
    result = run(demo, "sess-1", "-o", str(place))
    assert (result.exit_code, result.stdout) == (0, "")
    told = f"{place}: session sess-1, 3 participants\nOpen it in a browser: {place.as_uri()}\n"
    assert result.stderr == told
    text = Page(place.read_text(encoding="utf-8")).text
    assert "Release planning" in text
    assert "Carol" in text
    assert "Call quality" in text


def test_on_stdout(demo: Demo) -> None:
    result = run(demo, "sess-1", "-o", "-", "--no-quality")
    assert result.exit_code == 0
    assert result.stdout.startswith("<!doctype html>")
    assert "it was not requested" in result.stdout


def test_missing_parts_are_reported(demo: Demo, tmp_path: Path) -> None:
    demo.emulator.advance(9 * 86_400)
    result = run(demo, "sess-1", "-o", str(tmp_path / "report.html"))
    assert result.exit_code == 0
    assert "chat: the chat is kept for 7 days" in result.stderr


def test_links_only_on_demand(met: Met) -> None:
    with met.emulator.serve() as server:
        demo = Demo(met.emulator, server.base_url, server.control_url)
        assert "signature=" not in run(demo, met.session.id, "-o", "-", "--no-quality").stdout
        assert "signature=" in run(demo, met.session.id, "-o", "-", "--no-quality", "--links").stdout


def test_an_invalid_id(demo: Demo) -> None:
    assert run(demo, "..").exit_code == 2


def test_its_options_are_explained() -> None:
    text = CliRunner().invoke(report, ["--help"]).output
    for option in ("--output", "--links", "--no-quality"):
        assert option in text
