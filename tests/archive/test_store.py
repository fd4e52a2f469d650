"""The five verbs over a folder, S3 and memory: what exists once is written once, whoever else writes."""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import obstore
import pytest
from obstore.exceptions import GenericError

from realtimekit.archive import store as store_module
from realtimekit.archive.errors import ArchiveChangedError, ArchiveError
from realtimekit.archive.store import PART_BYTES, Store
from realtimekit.archive.targets import open_store

from .storage import Storage, _Upload


@pytest.fixture
def store(target: str) -> Store:
    return open_store(target, create=True)


def race(times: int, action: Callable[[int], bool]) -> list[bool]:
    """Do something in many threads at once."""
    barrier = threading.Barrier(times)

    def run(number: int) -> bool:
        barrier.wait()
        return action(number)

    with ThreadPoolExecutor(times) as pool:
        return list(pool.map(run, range(times)))


def test_get_put_delete(store: Store) -> None:
    assert store.get("a/b") is None
    assert store.read_range("a/b", 0, 1) is None
    assert store.size("a/b") is None
    store.put("a/b", b"content")
    assert (store.read("a/b"), store.size("a/b"), store.read_range("a/b", 1, 3)) == (b"content", 7, b"on")
    store.put("a/b", b"")
    assert store.read("a/b") == b""
    store.delete(["a/b", "a/b", "never"])
    assert store.read("a/b") is None


def test_only_one_of_many_creates(store: Store) -> None:
    assert race(16, lambda number: store.create("one", str(number).encode())).count(True) == 1


def test_only_one_of_many_swaps_and_a_stale_version_is_refused(store: Store) -> None:
    store.put("one", b"0")
    found = store.get("one")
    assert found is not None
    assert race(16, lambda number: store.swap("one", f"x{number}".encode(), found.version)).count(True) == 1
    assert not store.swap("one", b"late", found.version)
    assert not store.swap("one", b"late", None)


def test_a_swap_of_what_was_deleted_meanwhile_is_refused(store: Store) -> None:
    store.put("one", b"0")
    found = store.get("one")
    assert found is not None
    store.delete(["one"])
    assert not store.swap("one", b"1", found.version)
    assert store.read("one") is None


def test_updates_at_once_lose_nothing(store: Store) -> None:
    def add(_: int) -> bool:
        return store.update("sum", lambda before: str(int(before or b"0") + 1).encode()) is not None

    race(8, add)
    assert store.read("sum") == b"8"
    assert store.update("sum", lambda _: None) == b"8"


def test_listings_are_sorted_and_can_begin_anywhere(store: Store) -> None:
    assert store.is_empty()
    for path in ("w/b", "w/a", "w/c/d", "v/x", "w2/y"):
        store.put(path, b"1")
    assert not store.is_empty()
    assert [entry.path for entry in store.entries("w")] == ["w/a", "w/b", "w/c/d"]
    assert [entry.path for entry in store.entries("w", after="w/aa")] == ["w/b", "w/c/d"]
    assert store.entries("w", after="w/z") == store.entries("nothing") == []
    assert store.folders("") == ["v", "w", "w2"]
    assert store.folders("w") == ["w/c"]


def test_a_large_object_appears_whole_or_not_at_all(store: Store) -> None:
    content = bytes(range(256)) * (2 * PART_BYTES // 256 + 1)
    with store.writer("large") as writer:
        writer.write(content[:1000])
    assert store.read("large") is None  # not committed
    with store.writer("large") as writer:
        writer.write(b"the wrong file" * PART_BYTES)
        assert writer.tell() == 14 * PART_BYTES
        writer.seek(0)
        writer.truncate()
        for start in range(0, len(content), 1_000_000):
            writer.write(content[start : start + 1_000_000])
        assert store.read("large") is None
        writer.commit()
    assert b"".join(store.chunks("large")) == content
    with pytest.raises(OSError, match="from its start"):
        store.writer("large").seek(5)
    with store.writer("empty") as writer:
        writer.commit()
    assert store.read("empty") == b""
    with pytest.raises(ArchiveError, match="missing is missing"):
        next(store.chunks("missing"))


def test_a_folder_keeps_nothing_half_written(tmp_path: Path) -> None:
    """A process that was killed leaves NAME#1: no listing shows it, and the next to write there removes it."""
    store = open_store(tmp_path)
    store.put("session/a", b"1")
    half = tmp_path / "session" / "deeper" / "b#1"
    half.parent.mkdir()
    half.write_bytes(b"half")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "c#2").write_bytes(b"somebody is writing this")
    assert [entry.path for entry in store.entries("")] == ["session/a"]
    store.remove_leftovers("session")
    assert not half.exists()
    assert (tmp_path / "other" / "c#2").exists()
    assert store.read("session/a") == b"1"


def test_a_half_written_file_that_another_process_removes_is_written_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What obstore says when `remove_leftovers` comes between the file and its name; two processes can show it."""
    put, failures = obstore.put, iter([True, True, False])
    said = "Generic LocalFileSystem error: Unable to rename file: No such file or directory (os error 2)"

    def removed(*arguments: Any, **options: Any) -> Any:
        if next(failures, True):
            raise GenericError(said)
        return put(*arguments, **options)

    monkeypatch.setattr(obstore, "put", removed)
    store = open_store(tmp_path)
    store.put("a", b"1")
    assert store.read("a") == b"1"
    with pytest.raises(ArchiveError, match="cannot write b: its half-written file is gone"):
        store.create("b", b"1")  # each time


def test_what_a_writer_has_written_and_another_process_removes_is_not_committed(tmp_path: Path) -> None:
    store = open_store(tmp_path)
    ended = threading.Event()

    def remove() -> None:
        while not ended.is_set():
            store.remove_leftovers("a")

    with ThreadPoolExecutor(2) as pool:
        removing = [pool.submit(remove) for _ in range(2)]
        try:
            for number in range(300):
                with store.writer(f"a/{number}") as writer, contextlib.suppress(ArchiveChangedError):
                    writer.write(b"1")
                    writer.commit()
                store.put(f"a/{number}", b"1")
        finally:
            ended.set()
        for one in removing:
            one.result()
    assert len(store.entries("a")) == 300


def test_flush_waits_for_files_folders_and_the_way_to_them(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from realtimekit.archive import disk

    flushed = list[str]()
    monkeypatch.setattr(disk, "fsync", lambda path: flushed.append(str(path.relative_to(tmp_path))))
    store = open_store(tmp_path)
    store.put("raw/session/peers/a", b"1")
    store.flush("raw/session")
    assert sorted(flushed) == [".", "raw", "raw/session", "raw/session/peers", "raw/session/peers/a"]
    flushed.clear()
    store.flush("raw/session", content=False)
    assert sorted(flushed) == [".", "raw", "raw/session"]
    flushed.clear()
    open_store("memory://flush").flush("raw")
    assert flushed == []


def test_a_disk_that_fails_is_no_success(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store(tmp_path)
    store.put("a", b"1")

    def fail(_: int) -> None:
        raise OSError(5, "Input/output error")

    monkeypatch.setattr("os.fsync", fail)
    with pytest.raises(ArchiveError, match="Input/output error"):
        store.flush("a")


@pytest.mark.parametrize("written", [True, False])
def test_storage_that_has_put_an_upload_together_and_forgets_it(
    written: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """S3 does so when the response to the last request of an upload is lost: sent again, it gets a NoSuchUpload."""
    storage = Storage()
    monkeypatch.setattr(store_module, "_obstore", lambda: storage)
    close = _Upload.close

    def close_and_forget(upload: _Upload) -> None:
        if written:
            close(upload)
        raise FileNotFoundError("NoSuchUpload")

    monkeypatch.setattr(_Upload, "close", close_and_forget)
    store = open_store(tmp_path / "archive", create=True)
    with store.writer("large") as writer:
        writer.write(b"content")
        if written:
            assert writer.commit().bytes == 7
            assert store.read("large") == b"content"
        else:
            with pytest.raises(ArchiveError, match=r"another process has deleted large"):
                writer.commit()


@pytest.mark.parametrize(
    ("target", "message"),
    [
        ("  ", "is empty"),
        ("ftp://host/x", "ftp:// is not a supported storage"),
        ("s3:/bucket/x", "two slashes after its colon, as in s3://BUCKET/PREFIX"),
        ("GS:bucket/x", "two slashes after its colon"),
        ("s3://key:hunter2@bucket/x", "do not belong in the target"),
        ("s3://bucket/x?secret=hunter2", "do not belong in the target"),
        ("/dev/null", "is a file"),
        ("/dev/null/below", "cannot create the folder|is a file"),
        ("/proc/archive", "cannot create the folder"),
    ],
)
def test_bad_targets(target: str, message: str) -> None:
    with pytest.raises(ArchiveError, match=message) as caught:
        open_store(target, create=True)
    assert "hunter2" not in str(caught.value)
    assert "\n" not in str(caught.value)


def test_a_folder_that_is_not_there_is_not_made_by_a_reader(tmp_path: Path) -> None:
    with pytest.raises(ArchiveError, match="there is no archive at"):
        open_store(tmp_path / "nothing")
    assert not (tmp_path / "nothing").exists()


def test_file_urls_and_memory_names(tmp_path: Path) -> None:
    open_store(f"file://{tmp_path}/a%20b", create=True).put("x", b"1")
    assert (tmp_path / "a b" / "x").read_bytes() == b"1"
    assert open_store("memory://same") is open_store("memory://same")
