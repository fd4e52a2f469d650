"""Read commands print the same from an archive as from the API, without any credentials."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import NamedTuple

import pytest
from click.testing import CliRunner, Result

from realtimekit.cli.commands import realtimekit
from realtimekit.emulator import Emulator

from .rich_world import Rich, make_rich, plain, without_times
from .worlds import DAY, World

SETTINGS = (
    "CLOUDFLARE_API_TOKEN", "CLOUDFLARE_ACCOUNT_ID", "REALTIMEKIT_APP_ID", "REALTIMEKIT_BASE_URL",
    "REALTIMEKIT_ARCHIVE",
)  # fmt: skip


class Kept(NamedTuple):
    rich: Rich
    target: Path
    before: dict[tuple[str, ...], Result]


def commands(rich: Rich) -> list[tuple[str, ...]]:
    session_id = rich.weekly.session_id
    peer = rich.weekly.peers[0].peer_id
    found = [
        ("sessions", "list"), ("sessions", "list", "--json"), ("sessions", "list", "--csv"),
        ("sessions", "list", "--limit", "1"), ("sessions", "list", "--search", "budget"),
        ("meetings", "list"), ("meetings", "show", rich.weekly.meeting_id), ("recordings", "list"),
        ("sessions", "peer", peer), ("sessions", "peer", peer, "--json"),
    ]  # fmt: skip
    for command in ("show", "participants", "chat", "transcript", "summary", "quality"):
        found += [("sessions", command, session_id), ("sessions", command, rich.quiet.session_id)]
        if command != "summary":
            found.append(("sessions", command, session_id, "--json"))
    return [*found, ("sessions", "show", "no-such-session"), ("sessions", "report", session_id, "-o", "-")]


def invoke(*arguments: str, **environment: str) -> Result:
    settings: dict[str, str | None] = {**dict.fromkeys(SETTINGS), "COLUMNS": "200", **environment}
    return CliRunner().invoke(realtimekit, list(arguments), env=settings)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Kept:
    target = tmp_path_factory.mktemp("archive")
    with Emulator() as emulator, emulator.serve() as server:
        world = World(emulator, target)
        rich = make_rich(world)
        environment = {
            "CLOUDFLARE_API_TOKEN": emulator.api_token, "CLOUDFLARE_ACCOUNT_ID": emulator.account_id,
            "REALTIMEKIT_APP_ID": emulator.app_id, "REALTIMEKIT_BASE_URL": server.base_url,
        }  # fmt: skip
        before = {command: invoke(*command, **environment) for command in commands(rich)}
        assert world.sync().ok
        world.wait(200 * DAY)
    return Kept(rich, target, before)


def comparable(text: str) -> object:
    """Return an output without links, expiries, and the path of the app in errors."""
    try:
        return plain(json.loads(text))
    except ValueError:
        return re.sub(r"GET /\S+|https?://\S+", "", without_times(text))


@pytest.mark.parametrize("how", ["option", "environment"])
def test_they_print_the_same(kept: Kept, how: str) -> None:
    failed = 0
    for command, before in kept.before.items():
        if how == "option":
            after = invoke(*command, "--archive", str(kept.target))
        else:
            after = invoke(*command, REALTIMEKIT_ARCHIVE=str(kept.target))
        assert (after.exit_code, comparable(after.stdout)) == (before.exit_code, comparable(before.stdout)), command
        failed += bool(after.exit_code)
        assert len(after.stderr.splitlines()) == len(before.stderr.splitlines()), command
    assert 0 < failed < len(kept.before) / 2


def test_downloads(kept: Kept, tmp_path: Path) -> None:
    environment = {"REALTIMEKIT_ARCHIVE": str(kept.target)}
    recordings = json.loads(invoke("recordings", "list", "--json", **environment).stdout)
    assert len(recordings) == 2
    for recording in recordings:
        run = invoke("recordings", "download", recording["id"], "--to", f"{tmp_path}/", **environment)
        assert run.exit_code == 0, run.output
    names = {path.suffix for path in tmp_path.rglob("*") if path.is_file()}
    assert {".mp4", ".webm"} <= names


def test_what_writes_has_no_archive(kept: Kept) -> None:
    run = invoke("meetings", "create", "--title", "x", "--archive", str(kept.target))
    assert run.exit_code == 2
    assert "No such option" in run.stderr
    run = invoke("meetings", "create", "--title", "x", REALTIMEKIT_ARCHIVE=str(kept.target))
    assert run.exit_code != 0  # it needs credentials


def test_an_archive_that_is_none_is_one_line(tmp_path: Path) -> None:
    for target in (tmp_path, tmp_path / "none"):
        run = invoke("sessions", "list", "--archive", str(target))
        assert run.exit_code == 1
        assert run.stderr.startswith(f"Error: there is no archive at {target}")
        assert run.stderr.count("\n") == 1
