"""Output into a closed pipe: no error message."""

from __future__ import annotations

import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from .command import COMMAND, environment

if TYPE_CHECKING:
    from .conftest import Served


def into_a_closed_pipe(*arguments: str, env: dict[str, str]) -> tuple[int, str]:
    reader, writer = os.pipe()
    os.close(reader)
    try:
        ended = subprocess.run(
            [COMMAND, *arguments], env=env, stdout=writer, stderr=subprocess.PIPE, text=True, timeout=60, check=False
        )
    finally:
        os.close(writer)
    return ended.returncode, ended.stderr


@pytest.mark.parametrize("options", [(), ("--json",), ("--csv",)])
def test_sessions(served: Served, options: tuple[str, ...]) -> None:
    session_id = served.session("Planning", "Alice", "x" * 200_000, "hi")
    for command in (
        ("sessions", "list"),
        ("sessions", "show", session_id),
        ("sessions", "chat", session_id),
        ("sessions", "transcript", session_id),
        ("sessions", "quality", session_id),
        ("presets", "list", "--limit", "1"),
    ):
        code, errors = into_a_closed_pipe(*command, *options, env=served.env)
        assert errors in {"", "There are more than this one: --limit N shows N of them, --all shows all\n"}
        assert code in {0, 1}


def test_demo() -> None:
    code, errors = into_a_closed_pipe("demo", "--json", env=environment())
    assert errors == ""
    assert code in {0, 1}


def test_help() -> None:
    code, errors = into_a_closed_pipe("--help", env=environment())
    assert errors == ""
    assert code in {0, 1}
