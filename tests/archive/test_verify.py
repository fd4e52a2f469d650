"""An archive is proven; and it is not, once anything is missing, damaged, or was never shown to be complete."""

from __future__ import annotations

import copy
import json
import shutil
from collections.abc import Callable, Iterator
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from realtimekit.archive import Archive
from realtimekit.archive.manifest import encode
from realtimekit.archive.sealed import seal, unseal
from realtimekit.archive.verify import Verification
from realtimekit.emulator import Emulator
from realtimekit.resources.analytics import DaywiseReport
from realtimekit.saving.manifest import State
from tests.cli.command import environment, invoke

from .worlds import DAY, HOUR, World

SESSIONS = 120


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    """Many sessions in three days, whose artifacts appear late, copied by several syncs, one session still live."""
    with Emulator() as emulator:
        world = World(emulator, tmp_path_factory.mktemp("proof") / "archive")
        meeting_id = world.meeting(transcribe_on_end=True, summarize_on_end=True)
        peer_of = {name: world.client.meetings.find(meeting_id).participants.create(
            name=name, custom_participant_id=name, preset_name="group_call_host"
        ).id for name in ("Ann", "Max")}  # fmt: skip
        for number in range(SESSIONS):
            peer = emulator.join(meeting_id, peer_of["Ann"])
            if number % 2:
                peer = emulator.join(meeting_id, peer_of["Max"])
            emulator.speak(peer.session_id, peer.peer_id, "Good morning", 0, 500)
            emulator.advance(20)
            emulator.end(meeting_id)
            if number % 40 == 39:
                world.fail("/transcript", status=404, times=30)  # they appear late
                world.wait(HOUR / 2)
                world.sync()
                emulator.clear_faults()
                world.wait(DAY - HOUR)
                assert world.sync().ok
        held = world.hold("Zoe")
        world.wait(2 * HOUR)
        world.start("Live")
        assert world.sync().ok
        assert held
        yield world


@pytest.fixture
def world(base: World, tmp_path: Path) -> World:
    world = copy.copy(base)
    world.archive = Archive(shutil.copytree(base.archive.target, tmp_path / "archive"))
    return world


def kinds(verification: Verification) -> set[str]:
    return {problem.kind for problem in verification.problems}


def command(archive: Archive, *flags: str) -> tuple[int, dict[str, Any]]:
    result = invoke("archive", "verify", archive.target, "--json", *flags, env=environment())
    return result.exit_code, json.loads(result.stdout)


def test_many_sessions_are_proven(world: World) -> None:
    found = world.archive.verify(deep=True)
    assert found.ok, found.problems
    assert found.sessions == SESSIONS + 1
    assert found.waiting == 1  # the live one
    assert found.artifacts["COPIED"] > 7 * SESSIONS
    assert found.proven_until is not None
    assert sum(window.begun or 0 for window in world.archive.ledger.windows()) == SESSIONS + 1
    code, printed = command(world.archive)
    assert code == 0
    assert printed["ok"] is True
    assert printed["sessions"] == SESSIONS + 1
    text = invoke("archive", "verify", world.archive.target, env=environment()).stdout
    assert f"{SESSIONS + 1} sessions, 1 with something still to come" in text
    assert "Proven: nothing is missing until" in text


def first(archive: Archive, folder: str, end: str = "", start: int = 0) -> str:
    return [entry.path for entry in archive.store.entries(folder) if entry.path.endswith(end)][start]


def delete_session(archive: Archive) -> None:
    folder = first(archive, "raw").rpartition("/")[0]
    archive.store.delete([entry.path for entry in archive.store.entries(folder.partition("/peers")[0])])


def delete_session_and_rebuild(archive: Archive) -> None:
    delete_session(archive)
    archive.rebuild()


def unprove(archive: Archive) -> None:
    path = first(archive, "ledger/windows")
    window = unseal(archive.store.read(path) or b"", path)
    archive.store.put(path, seal({**window, "proven": False}))


@pytest.mark.parametrize(
    ("damage", "kind"),
    [
        (lambda a: a.store.delete([first(a, "raw", "/chat.csv")]), "missing"),
        (lambda a: a.store.delete([first(a, "raw", "/session.json")]), "missing"),
        (lambda a: a.store.delete([first(a, "raw", ".json.zst")]), "missing"),
        (lambda a: a.store.delete([first(a, "raw", "/manifest.json")]), "missing"),
        (delete_session, "missing"),
        (delete_session_and_rebuild, "missing"),
        (lambda a: a.store.delete([first(a, "ledger/windows")]), "unproven"),
        (lambda a: a.store.delete([first(a, "ledger/windows", start=1)]), "unproven"),
        (lambda a: a.store.delete([e.path for e in a.store.entries("ledger/windows")]), "unproven"),
        (unprove, "unproven"),
        (lambda a: a.store.put(first(a, "raw", "/manifest.json"), b"{}"), "damaged"),
        (lambda a: a.store.put(first(a, "raw", "/summary.md"), b""), "damaged"),
        (lambda a: a.store.put(first(a, "ledger/windows"), b"nothing"), "damaged"),
        (lambda a: a.store.delete([first(a, "tables", ".parquet")]), "tables"),
        (lambda a: a.store.delete(["tables/current.json"]), "tables"),
        (lambda a: a.store.put("tables/current.json", b"{}"), "tables"),
    ],
)
def test_the_opposite(world: World, damage: Callable[[Archive], object], kind: str) -> None:
    damage(world.archive)
    found = world.archive.verify()
    assert not found.ok
    assert kind in kinds(found), found.problems
    code, printed = command(world.archive)
    assert code == 1
    assert kind in {problem["kind"] for problem in printed["problems"]}


@pytest.mark.parametrize("pick", [("raw", ".csv"), ("raw", ".json.zst"), ("raw", ".mp4"), ("raw", "summary.md"),
    ("raw", "manifest.json"), ("raw", "meeting.json"), ("tables", ".parquet"), ("tables", "current.json"),
    ("ledger/windows", ".json"), ("", "archive.json")])  # fmt: skip
def test_a_flipped_byte_is_found_by_reading_everything(world: World, pick: tuple[str, str]) -> None:
    path = first(world.archive, *pick)
    content = bytearray(world.archive.store.read(path) or b"")
    content[len(content) // 2] ^= 1
    world.archive.store.put(path, bytes(content))
    result = invoke("archive", "verify", world.archive.target, "--deep", env=environment())
    assert result.exit_code == 1
    assert path.rpartition("/")[2] in result.output
    assert "Traceback" not in result.output


def test_what_was_lost_is_named_with_when_and_why(tmp_path: Path) -> None:
    with Emulator() as emulator:
        world = World(emulator, tmp_path / "archive")
        assert world.sync().ok
        held = world.hold("Ann", minutes=1)
        world.wait(8 * DAY)  # nobody synced in time
        result = world.sync()
        assert not result.ok
        found = world.archive.verify()
        lost = {problem.where: problem.text for problem in found.problems if problem.kind == "lost"}
        where = f"session {held.session_id}: transcript"
        assert "kept for 7 days, until 20" in lost[where]
        assert "last checked: never" in lost[where]
        ran = invoke("archive", "verify", world.archive.target, env=environment())
        assert ran.exit_code == 1
        assert f"lost: {where}: kept for 7 days" in ran.stderr
        assert "Not proven" in ran.stdout


def test_an_archive_that_is_too_young_to_be_proven_says_so(tmp_path: Path) -> None:
    with Emulator() as emulator:
        world = World(emulator, tmp_path / "archive")
        world.hold("Alice", minutes=1)
        assert world.sync().ok  # its window ends a quarter of an hour ago, before there was anything
        ran = invoke("archive", "verify", world.archive.target, env=environment())
        assert (ran.exit_code, world.archive.verify().proven_until) == (0, None)
        assert "No problems. Nothing is proven yet: sync again when a quarter of an hour has passed" in ran.stdout


def test_what_is_overdue_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """An archive that waits for something, and nobody has synced until after the platform forgot it."""
    with Emulator() as emulator:
        world = World(emulator, tmp_path / "archive")
        held = world.hold("Ann", minutes=1)
        world.fail("/transcript", status=404)
        world.wait(1800)
        world.sync()
        assert world.state(held.session_id, "transcript") is State.PENDING
        assert world.archive.verify().ok
        world.wait(9 * DAY)
        now = datetime.fromisoformat(emulator.now())
        monkeypatch.setattr(world.archive.ledger, "now", lambda: now)
        found = world.archive.verify()
        assert [(p.kind, p.where) for p in found.problems] == [("overdue", f"session {held.session_id}")]


def test_a_size_that_the_platform_contradicts_is_a_note(world: World) -> None:
    manifest = next(m for m in world.archive.manifests() if any(n.endswith(".mp4") for n in m.artifacts))
    path = next(p.path for p in world.archive.store.entries("raw") if f"={manifest.session_id}/manifest" in p.path)
    (name,) = [name for name in manifest.artifacts if name.endswith(".mp4")]
    odd = manifest.artifacts[name]._replace(reason="the platform says 1 bytes")
    world.archive.store.put(path, encode(manifest._replace(artifacts={**manifest.artifacts, name: odd})))
    found = world.archive.verify(deep=True)
    assert found.ok
    assert found.notes == [f"session {manifest.session_id}: {name}: the platform says 1 bytes"]


def test_wrong_usage(tmp_path: Path) -> None:
    assert invoke("archive", "verify", env=environment()).exit_code == 2
    result = invoke("archive", "verify", str(tmp_path / "none"), env=environment())
    assert result.exit_code == 1
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "none").exists()
    (tmp_path / "some").mkdir()
    (tmp_path / "some/file").write_text("mine")
    assert invoke("archive", "verify", str(tmp_path / "some"), env=environment()).exit_code == 1


def test_days_that_the_platform_counts_otherwise_are_named(tmp_path: Path) -> None:
    """What it counts is not documented: a note, and no problem."""
    with Emulator() as emulator, emulator.serve() as server:
        world = World(emulator, tmp_path / "archive")
        first = world.hold("Ann", minutes=1)
        world.wait(DAY)
        world.hold("Bob", minutes=1)
        world.wait(DAY)
        assert world.sync().ok
        assert world.archive.verify(daywise=world.client.analytics.daywise()).notes == []
        day = f"{world.manifest(first.session_id).started_at:%Y-%m-%d}"
        report = world.client.analytics.daywise().to_dict()
        report["session_stats"]["day_stats"][0]["total_sessions"] = 5
        found = world.archive.verify(daywise=DaywiseReport(report))
        assert found.ok
        assert found.notes == [f"{day}: analytics/daywise counts 5 sessions, the archive has 1"]
        assert world.archive.verify(daywise=DaywiseReport({"session_stats": None})).ok
        world.hold("Zoe", minutes=1)
        env = environment(
            REALTIMEKIT_BASE_URL=server.base_url, CLOUDFLARE_API_TOKEN=emulator.api_token,
        )  # fmt: skip
        ran = invoke("archive", "verify", world.archive.target, "--online", env=env)
        assert ran.exit_code == 0, ran.output
        assert "analytics/daywise" not in ran.stderr  # today is not proven yet
