"""Sessions that cannot be read, or not whole: what is done to all others is not done to them, and they are named."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from realtimekit.archive import Archive, layout
from realtimekit.archive.errors import ArchiveDamagedError, ArchiveError
from realtimekit.archive.manifest import find_manifest
from realtimekit.emulator import Emulator
from tests.cli.command import environment, invoke

from .raw import APP, CHAT, START, make_archive, people, put_session, transcript, update
from .traces import traces
from .worlds import DAY, HOUR, World, objects

ANN = ("user-ann", "custom-ann", "peer-ann", "Ann")
NOW = START.replace(year=2027)
FOLDER = layout.session_folder(APP, "2026-06-04", "s1")
RESTORE = "restore it from a copy, or from an older version of the object; or else delete "
AGAIN = "the folder of the session: `realtimekit archive sync --since 2026-06-04` copies what the platform still has"
Damage = Callable[[Archive], str]  # damages s1; returns what names it


def flip(archive: Archive, name: str, before: bytes, after: bytes) -> str:
    """Change what only the checksum tells."""
    path = f"{FOLDER}/{name}"
    archive.store.put(path, (archive.store.read(path) or b"").replace(before, after))
    return f"{path} is damaged: its checksum is wrong: {RESTORE}"


def flip_manifest(archive: Archive) -> str:
    return flip(archive, "manifest.json", b'"participants": 1', b'"participants": 9') + AGAIN


def empty_manifest(archive: Archive) -> str:
    archive.store.put(f"{FOLDER}/manifest.json", b"")
    return f"{FOLDER}/manifest.json is damaged: it is not a document of an archive: {RESTORE}{AGAIN}"


def delete_manifest(archive: Archive) -> str:
    archive.store.delete([f"{FOLDER}/manifest.json"])
    return f"{FOLDER}/manifest.json is missing: {RESTORE}{AGAIN}"


def flip_participants(archive: Archive) -> str:
    return flip(archive, "participants.json", b"custom-ann", b"custom-anm") + "it: the rest stays"


def no_json(archive: Archive) -> str:
    archive.store.put(f"{FOLDER}/participants.json", b"\xff{")
    return f"{FOLDER}/participants.json is damaged: its checksum is wrong: {RESTORE}it: the rest stays"


MANIFESTS = (flip_manifest, empty_manifest, delete_manifest)
DAMAGES = pytest.mark.parametrize("damage", [*MANIFESTS, flip_participants, no_json])


@pytest.fixture
def archive(tmp_path: Path) -> Archive:
    """Three sessions, on three days, all with Ann."""
    archive = make_archive(tmp_path / "archive")
    for number in range(3):
        put_session(
            archive, f"s{number}", START.replace(day=3 + number), participants=people("Ann"),
            transcript=transcript((0, "Ann", "a zebra"), (900, "Max", "a lion")),
        )  # fmt: skip
    update(archive)
    assert len(archive.search("lion")) == 3
    return archive


def kept(archive: Archive) -> list[str]:
    return sorted(archive.arrow("sessions")["session_id"].to_pylist())


def failed(archive: Archive, command: str, *options: str) -> tuple[str, list[str]]:
    """Run a command that exits with 1, and return its stdout and what it says on stderr."""
    result = invoke("archive", command, archive.target, *options, env=environment())
    assert result.exit_code == 1
    return result.stdout, result.stderr.splitlines()


@DAMAGES
def test_a_rebuild_leaves_it_out_until_it_is_mended(archive: Archive, damage: Damage) -> None:
    before = objects(archive)
    named = damage(archive)
    assert archive.rebuild() == [named]
    whole = ["s0", "s2"] if damage in MANIFESTS else ["s0", "s1", "s2"]
    assert kept(archive) == whole
    assert failed(archive, "rebuild")[1][0] == f"damaged: {named}"
    update(archive)  # changes nothing, again and again
    snapshot = archive.store.read(layout.SNAPSHOT)
    update(archive)
    assert (kept(archive), archive.store.read(layout.SNAPSHOT)) == (whole, snapshot)
    for path, content in before.items():
        if path.startswith(FOLDER):
            archive.store.put(path, content)
    update(archive)
    assert kept(archive) == ["s0", "s1", "s2"]
    assert len(archive.arrow("participants")) == len(archive.search("zebra")) == 3
    assert archive.ledger.changed_sessions() == []
    assert archive.rebuild() == []
    assert archive.verify(deep=True).ok


@pytest.mark.parametrize("damage", MANIFESTS)
def test_the_tables_keep_what_they_have_of_it(archive: Archive, damage: Damage) -> None:
    """It had changed, and others of its day have, when its manifest was damaged."""
    put_session(archive, "s1", START.replace(day=4), revision=2, participants=people("Ann", "Eve"))
    put_session(archive, "more", START.replace(day=4), participants=people("Eve"))
    damage(archive)
    update(archive)
    assert kept(archive) == ["more", "s0", "s1", "s2"]
    assert len(archive.search("zebra")) == 3
    assert [entry.session_id for entry in archive.ledger.changed_sessions()] == ["s1"]


@DAMAGES
@pytest.mark.parametrize("rebuilt", [False, True], ids=["", "rebuilt"])
def test_an_erasure_never_says_that_nothing_is_left_in_it(archive: Archive, damage: Damage, rebuilt: bool) -> None:
    """Not even when the tables have nothing of it any more. The next erasure, of anybody, finishes it."""
    before = objects(archive)
    named = damage(archive)
    if rebuilt:
        archive.rebuild()
    receipt = archive.erase(custom_participant_id="custom-ann")
    assert (receipt.ok, receipt.unreadable) == (False, [named])
    stored = json.loads(archive.store.read(f"ledger/receipts/{receipt.id}.json") or b"")
    assert stored["unreadable"] == [named]
    where = {path for path in traces(archive, *ANN) if not path.startswith("tables/")}
    assert all(path.startswith(FOLDER) for path in where)
    out, err = failed(archive, "erase", "--custom-participant-id", "custom-ann", "--yes", "--json")
    assert (json.loads(out)["unreadable"], err) == ([named], [f"damaged: {named}"])
    _, err = failed(archive, "erase", "--custom-participant-id", "custom-ann", "--yes")
    assert err == [
        f"damaged: {named}",
        "The person may still be in what cannot be read. Mend it, and erase the person again",
    ]
    assert any("an erasure is not finished" in note for note in archive.verify().notes)
    for path, content in before.items():
        if path.startswith(FOLDER) and archive.store.read(path) != content:
            archive.store.put(path, content)
    assert archive.erase(custom_participant_id="nobody").ok
    assert traces(archive, *ANN) == {}
    assert archive.verify(deep=True).ok
    assert archive.store.entries(layout.ERASING) == []


def test_an_erasure_is_whole_when_what_is_damaged_is_deleted(archive: Archive) -> None:
    flip_participants(archive)
    archive.erase(custom_participant_id="custom-ann")
    archive.store.delete([f"{FOLDER}/participants.json"])
    assert archive.erase(custom_participant_id="custom-ann").ok
    assert traces(archive, *ANN) == {}
    assert archive.store.entries(layout.ERASING) == []
    assert archive.ledger.changed_sessions() == []


def states(archive: Archive, session_id: str) -> dict[str, str]:
    found = find_manifest(archive.store, f"{FOLDER.rpartition('=')[0]}={session_id}")
    assert found is not None
    return {name: artifact.state.value for name, artifact in found.manifest.artifacts.items()}


@pytest.mark.parametrize("damaged", ["chat.csv", "manifest.json"])
def test_what_is_of_others_is_not_deleted_because_it_cannot_be_read(archive: Archive, damaged: str) -> None:
    """Neither by the erasure that cannot read it, nor by the one that finishes that, of somebody else."""
    day = START.replace(day=4)
    for session_id, name in (("theirs", "Eve"), ("hers", "Ann")):
        put_session(archive, session_id, day, participants=people(name), summary="Good.", chat=CHAT)
    paths = [f"{FOLDER.rpartition('=')[0]}={session_id}/{damaged}" for session_id in ("theirs", "hers")]
    before = {path: archive.store.read(path) or b"" for path in paths}
    for path in paths:
        archive.store.put(path, b"damaged")
    archive.rebuild()
    receipt = archive.erase(custom_participant_id="custom-ann", delete_summaries=True, delete_composites=True)
    assert len(receipt.unreadable) == 2
    assert not any("theirs" in line for line in receipt.undecided)
    for path, content in before.items():
        if archive.store.read(path) == b"damaged":
            archive.store.put(path, content)
    assert archive.erase(custom_participant_id="nobody", delete_summaries=True).ok
    assert (states(archive, "theirs")["summary"], states(archive, "hers")["summary"]) == ("COPIED", "ERASED")
    assert traces(archive, "custom-ann") == {}
    assert archive.store.entries(layout.ERASING) == []


def test_what_is_left_of_an_erasure_and_cannot_be_read_is_named_with_its_cure(archive: Archive) -> None:
    path = f"{layout.ERASING}/1.json"
    archive.store.put(path, b"{")
    with pytest.raises(ArchiveDamagedError, match="delete it, and erase again whoever was being erased"):
        archive.erase(custom_participant_id="custom-ann")
    archive.store.delete([path])
    assert archive.erase(custom_participant_id="custom-ann").ok


@pytest.mark.parametrize("name", [".DS_Store", "x_y.json"])
def test_a_file_of_another_program_among_the_windows_is_named(archive: Archive, name: str) -> None:
    archive.store.put(f"{layout.WINDOWS}/{name}", b"x")
    (problem,) = [one for one in archive.verify().problems if one.kind == "damaged"]
    assert problem.where == f"{layout.WINDOWS}/{name}"
    assert problem.text.endswith(": it is not of an archive: remove it if it is yours")


@pytest.mark.parametrize("damage", MANIFESTS)
def test_a_rule_goes_on_with_the_others(archive: Archive, damage: Damage) -> None:
    named = damage(archive)
    out, err = failed(archive, "expire", "--after", "30d", "--now", NOW.isoformat(), "--yes", "--json")
    receipt = json.loads(out)
    assert (receipt["sessions"], receipt["unreadable"], err) == (2, [named], [f"damaged: {named}"])
    _, err = failed(archive, "expire", "--after", "30d", "--now", NOW.isoformat(), "--yes")
    assert err == [f"damaged: {named}", "The rule was not applied to what cannot be read"]


@DAMAGES
def test_what_is_handed_out_about_a_person_says_that_it_is_not_everything(archive: Archive, damage: Damage) -> None:
    named = damage(archive)
    out, err = failed(archive, "export-subject", "--custom-participant-id", "custom-ann")
    found = json.loads(out)
    assert {session["session_id"] for session in found["sessions"]} >= {"s0", "s2"}
    assert found["unreadable"] == [named]
    assert err == [f"damaged: {named}", "This is not everything: the person may be in what cannot be read"]


def test_a_session_that_is_being_copied_is_not_damaged(archive: Archive) -> None:
    """It has no manifest yet, and the ledger knows it."""
    with Emulator() as emulator:
        world = World(emulator, archive.target + "-2")
        held = world.hold("Ann", minutes=1)
        world.wait(2 * HOUR)
        world.fail(f"/{held.session_id}/participants", status=500)
        world.sync()
        assert world.archive.rebuild() == []
        assert world.archive.expire(HOUR * (START - START) + (NOW - START), now=NOW.replace(year=2030)).ok
        assert world.archive.erase(custom_participant_id="user-ann").ok


def test_the_cure_of_a_session_that_the_platform_still_has(tmp_path: Path) -> None:
    """Its folder is deleted, and the time is read again."""
    with Emulator() as emulator:
        world = World(emulator, tmp_path / "archive")
        held = world.hold("Ann", minutes=1)
        world.wait(DAY)
        assert world.sync().ok
        before = world.states(held.session_id)
        (path,) = [path for path in objects(world.archive) if path.endswith("manifest.json")]
        world.archive.store.put(path, b"")
        (line,) = world.archive.rebuild()
        assert not world.sync().ok
        since = line.partition("--since ")[2][:10]
        shutil.rmtree(Path(world.archive.target) / path.rpartition("/")[0])
        assert world.sync(since=START.fromisoformat(f"{since}T00:00:00+00:00")).ok
        assert world.states(held.session_id) == before
        assert world.archive.verify(deep=True).ok
        assert world.archive.ledger.changed_sessions() == []
        assert kept(world.archive) == [held.session_id]


def test_a_damaged_window_is_read_again(tmp_path: Path) -> None:
    with Emulator() as emulator:
        world = World(emulator, tmp_path / "archive")
        world.hold("Ann", minutes=1)
        world.wait(2 * HOUR)
        assert world.sync().ok
        (window,) = world.archive.ledger.windows()
        world.archive.store.put(window.path, b"{}")
        world.wait(HOUR)
        (problem,) = world.archive.verify().problems
        assert (problem.kind, problem.where) == ("damaged", window.path)
        assert "delete it: `realtimekit archive sync --since " in problem.text
        assert world.sync().ok  # and in its place there is another: nothing was after it
        assert world.archive.verify(deep=True).ok


def test_a_damaged_window_among_others_is_read_again_when_you_say_so(tmp_path: Path) -> None:
    with Emulator() as emulator:
        world = World(emulator, tmp_path / "archive")
        for _ in range(3):
            world.hold("Ann", minutes=1)
            world.wait(2 * HOUR)
            assert world.sync().ok
        first, window, _ = world.archive.ledger.windows()
        world.archive.store.put(window.path, b"{}")
        (problem, gap) = world.archive.verify().problems
        assert (problem.kind, problem.where, gap.kind) == ("damaged", window.path, "unproven")
        world.archive.store.delete([window.path])
        world.wait(2 * HOUR)
        assert world.sync().ok
        assert [problem.kind for problem in world.archive.verify().problems] == ["unproven"]
        before = len(world.log())
        assert world.sync(since=window.start).ok
        assert [path for path in world.requests(before) if path != "/sessions"] == []  # copies nothing twice
        assert world.archive.verify(deep=True).ok
        world.archive.store.delete([first.path])
        assert [problem.kind for problem in world.archive.verify().problems] == ["unproven"]


# --- tables -----------------------------------------------------------------------------------------------------------


def flip_within(content: bytes) -> bytes:
    return content[:30] + bytes(byte ^ 0x5A for byte in content[30:90]) + content[90:]


@pytest.mark.parametrize(
    "damage", [lambda _: b"", lambda content: content[:-40], flip_within, None], ids=["empty", "short", "flip", "gone"]
)
def test_a_damaged_parquet_file_names_its_cure(archive: Archive, damage: Callable[[bytes], bytes] | None) -> None:
    (path, *_) = [path for path in objects(archive) if path.startswith("tables/sessions/")]
    if damage is None:
        archive.store.delete([path])
    else:
        archive.store.put(path, damage(archive.store.read(path) or b""))
    for read in (lambda: archive.query("select * from sessions"), lambda: archive.arrow("sessions")):
        with pytest.raises(ArchiveDamagedError, match="`realtimekit archive rebuild` rebuilds it") as raised:
            read()
        assert "\n" not in str(raised.value)
        assert path in str(raised.value)
    assert archive.rebuild() == []
    assert len(archive.query("select * from sessions").rows) == 3


# --- what is no archive -----------------------------------------------------------------------------------------------

COMMANDS: tuple[tuple[str, ...], ...] = (
    ("attendance",), ("erase", "--user-id", "x", "--yes"), ("expire", "--after", "1d", "--yes"),
    ("export-subject", "--user-id", "x"), ("rebuild",), ("status",), ("status", "--prometheus"), ("verify", "--deep"),
    ("query", "select 1"), ("search", "lion"), ("export", "-o", "exported"),
    ("export", "-o", "exported", "--anonymize"),
)  # fmt: skip


def newer(archive: Archive) -> str:
    archive.store.put(
        "archive.json", json.dumps({"format": "realtimekit-archive", "version": 2, "app_id": APP}).encode()
    )
    return "upgrade realtimekit"


def damaged(archive: Archive) -> str:
    archive.store.put("archive.json", (archive.store.read("archive.json") or b"").replace(b"app-1", b"app-2"))
    return "its archive.json is not that of an archive, or damaged: restore it from a copy"


def without(archive: Archive) -> str:
    archive.store.delete(["archive.json"])
    return "there is no archive at"


def foreign(archive: Archive) -> str:
    archive.store.delete(list(objects(archive)))
    archive.store.put("photo.jpg", b"mine")
    return "there is no archive at"


@pytest.mark.parametrize("make", [newer, damaged, without, foreign])
def test_no_command_touches_what_is_no_archive(
    archive: Archive, make: Callable[[Archive], str], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    text = make(archive)
    before = objects(archive)
    for command, *options in COMMANDS:
        where = ["--archive", archive.target] if command in {"query", "search", "export"} else [archive.target]
        result = invoke("archive", command, *options, *where, env=environment())
        assert (result.exit_code, result.stdout) == (1, ""), command
        (line,) = result.stderr.splitlines()
        assert text in line, command
        assert archive.target in line, command
    assert objects(archive) == before
    with pytest.raises(ArchiveError, match=text):
        archive.search("lion")
    assert not list(tmp_path.glob("exported/*"))
