"""File formats on a stdout that is not a terminal: UTF-8 bytes with LF, whatever the platform's encoding is."""

from __future__ import annotations

import io
import json
import subprocess
import sys
from typing import TYPE_CHECKING

import pytest

from realtimekit.artifacts.segments import parse_transcript
from realtimekit.cli import console

from .command import COMMAND

if TYPE_CHECKING:
    from .conftest import Served

NAME, TEXT = "Zoë 漢字 \U0001f600", "naïve – здравствуйте مرحبا"
TRANSCRIPTS = ("--vtt", "--srt", "--csv", "--text", "--markdown")


def redirected(served: Served, *arguments: str, encoding: str) -> bytes:
    """Run the installed script with its stdout in a pipe that Python would write to in this encoding."""
    env = {**served.env, "PYTHONIOENCODING": encoding, "PYTHONUTF8": "0"}
    ended = subprocess.run([COMMAND, *arguments], env=env, capture_output=True, timeout=60, check=False)
    assert (ended.returncode, ended.stderr) == (0, b"")
    return ended.stdout


def test_file_formats_are_utf_8(served: Served) -> None:
    session_id = served.session(NAME, NAME, TEXT, TEXT)
    for encoding, options in zip(("cp1252", "ascii", "utf-16", "cp437", "latin-1"), TRANSCRIPTS, strict=True):
        content = redirected(served, "sessions", "transcript", session_id, options, encoding=encoding)
        assert NAME in content.decode("utf-8")
        if options in {"--vtt", "--srt", "--csv"}:
            assert [(one.speaker, one.text) for one in parse_transcript(content)] == [(NAME, TEXT)]
    for command in (
        ("chat", session_id, "--csv"),
        ("summary", session_id),
        ("report", session_id, "-o", "-"),
        ("list", "--csv"),
    ):
        assert NAME in redirected(served, "sessions", *command, encoding="cp1252").decode("utf-8")
    (session,) = json.loads(redirected(served, "sessions", "list", "--json", encoding="utf-16").decode("utf-8"))
    assert session["meeting_display_name"] == NAME


@pytest.mark.parametrize("encoding", ["cp1252", "utf-8"])
def test_line_ends_are_not_translated(monkeypatch: pytest.MonkeyPatch, encoding: str) -> None:
    """As on Windows, where text gets CR LF."""
    stdout = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(stdout, encoding=encoding, newline="\r\n"))
    console.print_file(f"{NAME}\n")
    assert stdout.getvalue() == f"{NAME}\n".encode()


def test_a_closed_stdout(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", None)
    console.print_file("x\n")
