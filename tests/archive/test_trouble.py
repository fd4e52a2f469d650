"""A sync in trouble: storage that fails, a full disk, an API that refuses, a stop in the middle."""

from __future__ import annotations

import re
import threading
from pathlib import Path
from typing import Any

import pytest

import realtimekit.archive
from realtimekit.archive import Archive, errors
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.store import Store
from realtimekit.archive.sync_result import Progress
from realtimekit.errors import APIConnectionError, PermissionDeniedError, RateLimitError, RealtimeKitError
from realtimekit.interfaces import Request, Response

from .storage import WRITES, Storage
from .worlds import HOUR, World, below, comparable

SESSIONS = 3


def some(world: World) -> list[str]:
    ids = [world.hold("Alice", minutes=1).session_id for _ in range(SESSIONS)]
    world.wait(2 * HOUR)
    return ids


def error_of(world: World) -> Exception | None:
    """Sync, and return the error that it ended with."""
    try:
        world.sync(concurrency=2)
    except Exception as error:
        return error
    return None


def check_whole(world: World, ids: list[str]) -> None:
    """Sync once more, and check that nothing is missing."""
    assert world.sync().ok
    assert {manifest.session_id for manifest in world.archive.manifests()} == set(ids)
    assert all(set(world.states(session_id).values()) == {"COPIED", "EMPTY"} for session_id in ids)
    assert world.check_contents() == 9 * len(ids)
    ledger = [entry.path for entry in world.archive.store.entries("ledger")]
    assert below(ledger, "/claims/") == below(ledger, "/open/") == []


# --- storage ----------------------------------------------------------------------------------------------------------


def test_storage_that_fails_at_any_write(world_at: World, storage: Storage) -> None:
    """Every eighth write fails: the sync ends with one clear line, and the next goes on where it stopped."""
    world = world_at
    ids = some(world)
    failed = 0

    def fail(verb: str, _: str) -> None:
        if verb in WRITES and len(storage.writes) % 8 == 0 and failed < 12:
            raise OSError(28, "No space left on device")

    storage.before = fail
    while error := error_of(world):
        failed += 1
        assert isinstance(error, ArchiveError)
        assert re.fullmatch(r"[^\n]+: cannot (write|delete) [^\n]+: No space left on device", str(error))
        world.check_contents()
    assert failed >= 3
    world.wait(HOUR)  # a claim whose release failed lasts for two minutes
    check_whole(world, ids)


def test_a_claim_that_cannot_be_renewed_for_a_while_is_no_error(
    world: World, storage: Storage, monkeypatch: pytest.MonkeyPatch
) -> None:
    import realtimekit.archive.sync

    monkeypatch.setattr(realtimekit.archive.sync, "RENEWAL", 0.001)
    ids = some(world)
    renewals = 0

    def fail(verb: str, path: str) -> None:
        nonlocal renewals
        if threading.current_thread().name == "realtimekit-claims" and "claims/" in path:
            renewals += 1
            if renewals % 2:
                raise OSError(5, "Input/output error")

    storage.before = fail
    assert world.sync().ok
    assert renewals > 2
    check_whole(world, ids)


def test_a_disk_that_is_full(world: World, tmp_path: Path) -> None:
    """A limit on the size of files stands for it: what does not fit is not there, and its session is not committed."""
    import resource

    world.archive = Archive(tmp_path / "archive")
    ids = some(world)
    limits = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (2000, limits[1]))
    try:
        with pytest.raises(ArchiveError, match=r"cannot write raw/[^\n]*: [^\n]*(File too large|os error 27)"):
            world.sync()
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, limits)
    assert list(world.archive.manifests()) == []
    check_whole(world, ids)
    assert list((tmp_path / "archive" / "raw").rglob("*#*")) == []


def test_a_target_that_cannot_be_written(world: World, tmp_path: Path) -> None:
    some(world)
    (tmp_path / "ledger").write_text("a file, where a folder must be")
    world.archive = Archive(tmp_path)
    before = len(world.log())
    with pytest.raises(ArchiveError, match="is not empty and holds no archive"):
        world.sync()
    assert len(world.log()) == before
    (tmp_path / "ledger").unlink()
    (tmp_path / "archive.json").mkdir()
    with pytest.raises(ArchiveError, match="is not empty and holds no archive"):
        world.sync()
    assert not (tmp_path / "raw").exists()


def test_a_manifest_that_is_damaged_concerns_its_session_alone(world: World) -> None:
    ids = some(world)
    world.fail(f"/{ids[0]}/summary", status=404)
    world.sync()
    (path,) = [entry.path for entry in world.archive.store.entries("raw") if f"{ids[0]}/manifest" in entry.path]
    kept = world.archive.store.read(path)
    assert kept is not None
    world.archive.store.put(path, b'{"version": 1, "half": ')
    world.emulator.clear_faults()
    world.wait(24 * HOUR)
    other = world.hold("Bob")
    world.wait(2 * HOUR)
    result = world.sync()
    assert [line for line in result.failures if "is damaged" in line and ids[0] in line]
    world.archive.store.put(path, kept)
    check_whole(world, [*ids, other.session_id])


# --- the API ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(("status", "kind"), [(403, PermissionDeniedError), (429, RateLimitError)])
def test_an_api_that_refuses_in_the_middle_stops_the_sync_which_goes_on_later(
    world: World, status: int, kind: type[Exception]
) -> None:
    ids = some(world)
    world.fail("/participants", status=status, calls=[2, 3, 4, 5])
    with pytest.raises(kind):
        world.sync(concurrency=1)
    copied = [manifest.session_id for manifest in world.archive.manifests()]
    assert len(copied) == 1
    world.emulator.clear_faults()
    before = len(world.log())
    check_whole(world, ids)
    assert below(world.requests(before), copied[0]) == []


def test_an_api_that_cannot_be_reached_changes_nothing(world: World) -> None:
    some(world)
    world.fail("/sessions", cut="before")
    with pytest.raises(APIConnectionError):
        world.sync()
    assert world.archive.store.is_empty()


def test_every_answer_may_be_broken(world: World) -> None:
    """Half of all requests fail, in every way: nothing wrong is kept, and in the end all is there."""
    ids = some(world)
    faults: list[dict[str, Any]] = [{"status": 500}, {"cut": "within"}, {"json": "truncated"}, {"json": "invalid"}]
    for seed, fault in enumerate(faults):
        world.fail("*", probability=0.15, seed=seed, **fault)
    for _ in range(12):
        assert isinstance(error_of(world), RealtimeKitError | None)  # the list of sessions itself
        world.check_contents()
        world.wait(4 * HOUR)
    world.emulator.clear_faults()
    world.wait(24 * HOUR)
    check_whole(world, ids)


NONSENSE: list[Any] = [
    {"success": True, "data": None},
    {"success": True, "data": "text"},
    {"success": True, "data": {"id": "another"}},
    {"success": True, "data": {"sessions": [1, 2]}},
    {},
    "<html>log in</html>",
]


@pytest.mark.parametrize("body", NONSENSE, ids=str)
@pytest.mark.parametrize("path", ["/sessions", "/sessions/{}", "/meetings/*", "/recordings", "/sessions/{}/chat"])
def test_answers_that_make_no_sense_are_failures_and_not_records(world: World, path: str, body: Any) -> None:
    held = world.hold("Alice")
    world.wait(2 * HOUR)
    world.fail(path.format(held.session_id), status=200, body=body)
    assert isinstance(error_of(world), RealtimeKitError | None)  # the list of sessions itself
    if path == "/sessions/{}":
        assert len(world.archive.ledger.open_sessions()) == 1
        assert list(world.archive.manifests()) == []
    world.emulator.clear_faults()
    world.wait(24 * HOUR)
    assert world.sync().ok
    assert set(world.states(held.session_id).values()) <= {"COPIED", "EMPTY"}


# --- a stop -----------------------------------------------------------------------------------------------------------


def test_a_stop_finishes_what_is_in_hand_and_leaves_the_rest(world: World) -> None:
    ids = some(world)
    stop = threading.Event()

    class Stopping:
        def send(self, request: Request) -> Response:
            if request.url.partition("?")[0].endswith("/chat"):
                stop.set()
            return world.transport.send(request)

    result = world.archive.sync(world.client_with(transport=Stopping()), concurrency=1, stop=stop)
    assert (result.interrupted, result.ok, result.checked, result.completed) == (True, False, 1, 1)
    (copied,) = world.archive.manifests()
    assert set(world.states(copied.session_id).values()) == {"COPIED", "EMPTY"}
    before = len(world.log())
    check_whole(world, ids)
    assert below(world.requests(before), copied.session_id) == []


def test_a_stop_that_leaves_nothing_interrupts_nothing(world: World) -> None:
    """It comes with the last piece in hand: everything is copied."""
    some(world)
    stop = threading.Event()

    def stop_at_the_end(progress: Progress) -> None:
        if progress.done == progress.total:
            stop.set()

    result = world.sync(stop=stop, progress=stop_at_the_end)
    assert (result.interrupted, result.ok, result.completed) == (False, True, SESSIONS)


def test_a_stop_before_the_start_copies_nothing(world: World) -> None:
    ids = some(world)
    stop = threading.Event()
    stop.set()
    result = world.sync(stop=stop)
    assert (result.interrupted, result.found, result.checked) == (True, SESSIONS, 0)
    check_whole(world, ids)


def test_a_failure_does_not_set_the_event_of_the_caller(world: World) -> None:
    """It may be used for the next sync."""
    ids = some(world)
    stop = threading.Event()
    world.fail("/participants", status=403)
    with pytest.raises(PermissionDeniedError):
        world.sync(stop=stop)
    assert not stop.is_set()
    world.emulator.clear_faults()
    check_whole(world, ids)


@pytest.mark.parametrize("kind", [KeyboardInterrupt, ValueError])
def test_ctrl_c_or_an_error_of_the_progress_leaves_a_resumable_archive(world: World, kind: type[BaseException]) -> None:
    ids = some(world)

    def progress(_: Any) -> None:
        raise kind("stop")

    with pytest.raises(kind, match="stop"):
        world.sync(progress=progress, concurrency=1)
    assert 1 <= len(list(world.archive.manifests())) <= SESSIONS
    check_whole(world, ids)


def test_progress_tells_of_each_session_from_one_thread(world: World) -> None:
    some(world)
    seen, threads = list[tuple[int, int]](), set[int]()

    def progress(at: Any) -> None:
        seen.append((at.done, at.total))
        threads.add(threading.get_ident())

    result = world.sync(progress=progress)
    assert seen == [(number, SESSIONS) for number in range(1, SESSIONS + 1)]
    assert threads == {threading.get_ident()}
    assert result.to_dict()["ok"] is True


def test_the_same_is_written_whatever_the_concurrency(world: World) -> None:
    some(world)
    world.sync(concurrency=1)
    one, archive = comparable(world.archive), world.archive
    world.archive = Archive("memory://trouble-concurrency")
    world.sync(concurrency=16)
    many = comparable(world.archive)
    assert {path for path in one if "windows" not in path} == {path for path in many if "windows" not in path}
    assert isinstance(archive.store, Store)


def test_the_errors_are_where_the_archive_is() -> None:
    defined = {
        name for name, value in vars(errors).items() if value.__class__ is type and issubclass(value, ArchiveError)
    }
    assert defined
    assert set(realtimekit.archive.__all__) == {"Archive", *defined}
