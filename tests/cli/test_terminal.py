"""Users' text reaches the terminal as plain text: no escape sequences, no markup, no reordering."""

from __future__ import annotations

import json
import os
import subprocess
from typing import TYPE_CHECKING

import pytest

from .command import COMMAND, invoke_ok

if TYPE_CHECKING:
    from .conftest import Served

ODD = {
    "color": "\x1b[31mred",
    "title": "\x1b]0;owned\x07",
    "link": "\x1b]8;;http://evil.example\x1b\\x\x1b]8;;\x1b\\",
    "bell": "a\x07b\x08c",
    "csi": "\x9b31mred",
    "carriage": "safe\rEVIL",
    "bidi": "abc\u202egnp.exe\u202c\u2066x\u2069",
    "zero width": "a\u200bb\ufeffc",
    "delete": "a\x7fb",
    "nul": "a\x00b",
    "separators": "a\u2028b\u2029c\x85d\x0bd\x0cd",
}
MARKUP = [
    "[red]x[/red]",
    "[/]",
    "[link=http://evil.example]x[/link]",
    ":smile:",
    "[bold",
    r"\[x]",
    "[@click=app.bell]x[/]",
]


@pytest.mark.parametrize("text", [pytest.param(text, id=name) for name, text in ODD.items()])
def test_no_control_character_reaches_the_terminal(served: Served, text: str) -> None:
    session_id = served.session(text, text, text, text, custom_id=text)
    listed, shown = (
        invoke_ok("sessions", "list", env=served.env),
        invoke_ok("sessions", "show", session_id, env=served.env),
    )
    for output in (listed, shown):
        assert [c for c in output if not c.isprintable() and c != "\n"] == []
    assert session_id in shown


def test_json_escapes_but_keeps_them(served: Served) -> None:
    text = "".join(ODD.values())
    session_id = served.session(text, text, text, text, custom_id=text)
    output = invoke_ok("sessions", "show", session_id, "--json", env=served.env)
    assert output.isascii()
    assert [c for c in output if not c.isprintable() and c != "\n"] == []
    shown = json.loads(output)
    assert shown["session"]["meeting_display_name"] == text
    assert shown["participants"][0]["display_name"] == text
    assert shown["chat"][0]["payload"] == text


@pytest.mark.parametrize("text", MARKUP)
def test_markup_is_printed_as_it_is(served: Served, text: str) -> None:
    session_id = served.session(f"T{text}", f"N{text}", f"S{text}", f"W{text}", custom_id=f"C{text}")
    assert f"T{text}" in invoke_ok("sessions", "list", env=served.env)
    shown = invoke_ok("sessions", "show", session_id, env=served.env)
    for letter in "TNSWC":
        assert f"{letter}{text}" in shown


def test_a_real_terminal_gets_no_foreign_sequences(served: Served) -> None:
    """With colors on, the output has only rich's own escape sequences."""
    text = "\x1b[31mred\x1b]0;owned\x07"
    session_id = served.session(text, text, text, text)
    main, child = os.openpty()
    env = {**served.env, "TERM": "xterm-256color"}
    with subprocess.Popen([COMMAND, "sessions", "show", session_id], env=env, stdout=child, stderr=child) as process:
        os.close(child)
        output = b""
        while True:
            try:
                more = os.read(main, 65536)
            except OSError:  # Linux: the other end is closed
                break
            if not more:
                break
            output += more
        assert process.wait(timeout=30) == 0
    os.close(main)
    assert b"\x1b[" in output  # it took this for a terminal
    for sequence in (b"\x1b[31m", b"\x1b]0;", b"\x07"):
        assert sequence not in output
