"""`-o/--output`: the same name in every command that writes something."""

from __future__ import annotations

import csv
import errno
import io
import json
import os
import stat
import threading
from collections.abc import Iterator
from pathlib import Path

import click
import pytest

from realtimekit.cli.commands import realtimekit as root

from .command import error_line, invoke, invoke_ok, shell, usage_error
from .conftest import Served

# They print one sentence, for a person.
WITHOUT = {"archive rebuild", "console", "livestreams stop", "mcp"} | {
    "participants remove",
    "presets delete",
    "webhooks delete",
}


def commands(group: click.Command = root, path: str = "") -> Iterator[tuple[str, click.Command]]:
    if isinstance(group, click.Group):
        context = click.Context(group)
        for name in group.list_commands(context):
            command = group.get_command(context, name)
            assert command is not None
            yield from commands(command, f"{path} {name}".strip())
    else:
        yield path, group


def test_every_command_that_writes_has_it() -> None:
    without = {
        name
        for name, command in commands()
        if not any({"-o", "--output"} <= set(parameter.opts) for parameter in command.params)
    }
    assert without == WITHOUT


@pytest.fixture
def session_id(served: Served) -> str:
    return served.session("Planning", "Zoë Ångström ✓", "Good morning", "hi ✓")


COMMANDS: list[tuple[str, ...]] = [
    ("sessions", "list"),
    ("sessions", "show", "{session}"),
    ("sessions", "participants", "{session}", "--csv"),
    ("sessions", "chat", "{session}"),
    ("sessions", "transcript", "{session}", "--srt"),
    ("sessions", "summary", "{session}"),
    ("sessions", "quality", "{session}", "--json"),
    ("meetings", "list", "--json"),
    ("presets", "list", "--csv"),
    ("webhooks", "events"),
    ("analytics", "daily"),
]


@pytest.mark.parametrize("command", COMMANDS, ids=lambda command: "-".join(command[:2]))
def test_a_file_has_what_stdout_would_have(
    served: Served, session_id: str, command: tuple[str, ...], tmp_path: Path
) -> None:
    words = [word.format(session=session_id) for word in command]
    printed, file = invoke_ok(*words, env=served.env), tmp_path / "output"
    assert invoke_ok(*words, "-o", str(file), env=served.env) == ""
    assert file.read_bytes() == printed.encode()
    assert invoke_ok(*words, "--output", "-", env=served.env) == printed


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_a_file_is_utf_8_whatever_the_terminal_is(
    served: Served, session_id: str, tmp_path: Path, encoding: str
) -> None:
    env = {**served.env, "PYTHONIOENCODING": encoding}
    ended = shell(f'"$R" sessions transcript {session_id} --vtt -o {tmp_path}/t', env=env)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")
    assert "Zoë Ångström ✓: Good morning" in (tmp_path / "t").read_text(encoding="utf-8")


def test_the_extension_is_the_format(served: Served, session_id: str, tmp_path: Path) -> None:
    def written(name: str, *command: str) -> str:
        invoke_ok(*command, "-o", str(tmp_path / name), env=served.env)
        return (tmp_path / name).read_text(encoding="utf-8")

    transcript = ("sessions", "transcript", session_id)
    assert written("a.vtt", *transcript).startswith("WEBVTT")
    assert written("a.SRT", *transcript).startswith("1\n00:00:01,000")
    assert written("a.md", *transcript).startswith("00:00:01 **Zoë")
    assert written("a.txt", *transcript) == "Zoë Ångström ✓: Good morning\n"
    assert json.loads(written("a.json", *transcript))[0]["sentence"] == "Good morning"
    assert json.loads(written("b.json", "sessions", "list"))[0]["id"] == session_id
    (row,) = csv.DictReader(io.StringIO(written("b.csv", "sessions", "list")))
    assert row["id"] == session_id
    assert "Sessions: 1" in written("b.txt", "sessions", "list")  # a list has no such format
    assert "Sessions: 1" in written("b.html", "sessions", "list")
    assert json.loads(written("c.csv", "sessions", "list", "--json"))  # the option counts
    assert json.loads(written("d.json", "doctor"))["problem"] is None


def test_an_error_leaves_the_file_as_it_was(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "mine.json"
    file.write_text("mine")
    file.chmod(0o640)
    error_line("sessions", "show", "nowhere", "-o", str(file), env=served.env)
    assert file.read_text() == "mine"
    invoke_ok("sessions", "list", "-o", str(file), env=served.env)
    assert file.read_text() == "[]\n"
    assert stat.S_IMODE(file.stat().st_mode) == 0o640
    assert [path.name for path in tmp_path.iterdir()] == ["mine.json"]


def test_a_result_with_an_exit_code_of_its_own_is_written(served: Served, tmp_path: Path) -> None:
    file = tmp_path / "diagnosis.txt"
    result = invoke("doctor", "-o", str(file), env={**served.env, "CLOUDFLARE_API_TOKEN": ""})
    assert (result.exit_code, result.stdout) == (1, "")
    assert "api_token is not set" in file.read_text()


def test_paths_are_checked_before_anything_is_sent(served: Served, tmp_path: Path) -> None:
    for path, said in ((tmp_path, "is a folder"), (tmp_path / "no" / "file", "there is no folder")):
        for command in (("sessions", "list"), ("presets", "list", "--all"), ("doctor",), ("webhooks", "events")):
            assert said in usage_error(*command, "-o", str(path), env=served.env)
    assert served.emulator.requests() == []


def test_the_older_names_of_folders_stay(served: Served, session_id: str, tmp_path: Path) -> None:
    for option in ("--to", "-o", "--output"):
        folder = tmp_path / option
        printed = invoke_ok("sessions", "download", session_id, option, str(folder), "--only", "chat", env=served.env)
        assert printed.strip() == str(folder / f"{session_id}-chat.csv")


def test_what_is_printed_goes_to_a_pipe_and_through_a_link(served: Served, session_id: str, tmp_path: Path) -> None:
    """By the same writer as downloads: durable, with the permissions of the file that was there."""
    target, link = tmp_path / "chat.json", tmp_path / "link"
    target.write_text("old")
    target.chmod(0o600)
    link.symlink_to(target)
    invoke_ok("sessions", "chat", session_id, "--json", "-o", str(link), env=served.env)
    assert link.is_symlink()
    assert json.loads(target.read_text(encoding="utf-8"))
    assert stat.S_IMODE(target.stat().st_mode) == 0o600
    os.mkfifo(tmp_path / "pipe")
    got: list[bytes] = []
    thread = threading.Thread(target=lambda: got.append((tmp_path / "pipe").read_bytes()))
    thread.start()
    invoke_ok("sessions", "chat", session_id, "--json", "-o", str(tmp_path / "pipe"), env=served.env)
    thread.join()
    assert got == [target.read_bytes()]
    assert stat.S_ISFIFO((tmp_path / "pipe").stat().st_mode)


def test_a_full_disk_leaves_the_file_as_it_was(
    served: Served, session_id: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    target = tmp_path / "chat.json"
    target.write_text("old")

    def full(_: int) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    monkeypatch.setattr(os, "fsync", full)
    line = error_line("sessions", "chat", session_id, "-o", str(target), env=served.env)
    assert line == f"Error: cannot write to {target}: No space left on device"
    assert target.read_text() == "old"
    assert list(tmp_path.iterdir()) == [target]
