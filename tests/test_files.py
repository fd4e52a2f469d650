"""Files that this package writes: whole or not at all, durably, and never in place of what is not a regular file."""

from __future__ import annotations

import os
import socket
import stat
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from realtimekit import files
from realtimekit.contract.extract import write_slice
from tests.artifacts.storage import DATA, Storage, Way

Writer = Callable[[Path], object]


@pytest.fixture(params=["write_file", "write_slice", "download", "async download"])
def write(request: pytest.FixtureRequest) -> Writer:
    """Each way to write a file. What is written begins as `Begins` says."""
    if request.param == "write_file":
        return lambda path: files.write_file(path, DATA)
    if request.param == "write_slice":
        return lambda path: write_slice({"openapi": "3"}, path)

    def download(path: Path) -> object:
        with Storage() as storage:
            return Way("httpcore2", request.param.startswith("async")).download(storage, path)

    return download


def read_in_a_thread(path: Path) -> tuple[threading.Thread, list[bytes]]:
    got: list[bytes] = []
    thread = threading.Thread(target=lambda: got.append(path.read_bytes()))
    thread.start()
    return thread, got


def test_a_pipe_is_written_to(write: Writer, tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    thread, got = read_in_a_thread(pipe)
    try:
        write(pipe)
    finally:
        if not stat.S_ISFIFO(pipe.stat().st_mode):
            pipe.unlink()
            os.mkfifo(pipe)
            pipe.open("r+b", buffering=0).close()
        thread.join(5)
    assert stat.S_ISFIFO(pipe.lstat().st_mode)
    assert got[0] in {DATA, b'{\n"openapi":"3"\n}\n'}


def test_a_device_is_written_to(write: Writer) -> None:
    """A terminal of the test's own."""
    terminal, device = os.openpty()
    try:
        path = Path(os.ttyname(device))
        before = path.stat().st_rdev
        ended = threading.Event()

        def drain() -> None:
            while not ended.is_set() and os.read(terminal, 1 << 16):
                pass

        thread = threading.Thread(target=drain)
        thread.start()
        try:
            write(path)
        finally:
            ended.set()
            os.write(device, b"\n")
            thread.join(5)
        assert path.stat().st_rdev == before
        assert stat.S_ISCHR(path.lstat().st_mode)
    finally:
        os.close(terminal)
        os.close(device)


@pytest.mark.parametrize("exists", [True, False])
def test_a_link_is_followed(write: Writer, tmp_path: Path, exists: bool) -> None:
    (tmp_path / "there").mkdir()
    target, link = tmp_path / "there" / "file", tmp_path / "link"
    if exists:
        target.write_bytes(b"old")
    link.symlink_to(Path("there") / "file")
    write(link)
    assert link.is_symlink()
    assert not target.is_symlink()
    assert target.stat().st_size > 3
    assert [path.name for path in target.parent.iterdir()] == ["file"]


def test_links_in_a_circle(write: Writer, tmp_path: Path) -> None:
    (tmp_path / "a").symlink_to(tmp_path / "b")
    (tmp_path / "b").symlink_to(tmp_path / "a")
    with pytest.raises(OSError, match=f"'{tmp_path}/a'"):
        write(tmp_path / "a")
    assert (tmp_path / "a").is_symlink()


@pytest.mark.parametrize("mode", [0o600, 0o640, 0o755, 0o444])
def test_permissions_are_kept(write: Writer, tmp_path: Path, mode: int) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(mode)
    write(path)
    assert stat.S_IMODE(path.stat().st_mode) == mode


def test_a_private_file_is_private_while_it_is_written(tmp_path: Path) -> None:
    path = tmp_path / "file"
    path.write_bytes(b"old")
    path.chmod(0o600)
    seen: list[int] = []

    def look(*_: object) -> None:
        seen.extend(stat.S_IMODE(file.stat().st_mode) for file in tmp_path.iterdir())

    with Storage() as storage:
        Way("httpcore2", asynchronous=False).download(storage, path, progress=look)
    assert set(seen) == {0o600}


def test_a_new_file_has_the_usual_permissions(write: Writer, tmp_path: Path) -> None:
    (tmp_path / "usual").write_bytes(b"")
    write(tmp_path / "file")
    assert (tmp_path / "file").stat().st_mode == (tmp_path / "usual").stat().st_mode


def test_it_is_on_the_disk_before_it_is_called_done(
    write: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    synced: list[tuple[str, int]] = []
    fsync = os.fsync

    def observed(number: int) -> None:
        found = os.fstat(number)
        if stat.S_ISDIR(found.st_mode):
            synced.append(("folder", (tmp_path / "file").stat().st_size))
        else:
            synced.append(("file", found.st_size))
        fsync(number)

    monkeypatch.setattr(os, "fsync", observed)
    write(tmp_path / "file")
    size = (tmp_path / "file").stat().st_size
    assert synced == [("file", size), ("folder", size)]


def test_an_error_names_the_path_that_was_given(write: Writer, tmp_path: Path) -> None:
    with pytest.raises(FileNotFoundError, match=r"No such file or directory: '/nonexistent/a'$"):
        write(Path("/nonexistent/a/x.csv"))
    (tmp_path / "file").write_bytes(b"")
    with pytest.raises((NotADirectoryError, FileNotFoundError), match=f"'{tmp_path}/file"):
        write(tmp_path / "file" / "x.csv")
    with pytest.raises(OSError, match=f"'{tmp_path}/{'x' * 300}'"):
        write(tmp_path / ("x" * 300))
    assert [path.name for path in tmp_path.iterdir()] == ["file"]


def test_a_folder_is_not_replaced(tmp_path: Path) -> None:
    with pytest.raises(OSError, match=f"'{tmp_path}'"):
        files.write_file(tmp_path, b"new")
    assert list(tmp_path.iterdir()) == []
    assert [path for path in tmp_path.parent.iterdir() if path.suffix == ".part"] == []


def test_an_open_file_of_this_process_is_written_to(tmp_path: Path) -> None:
    """As a shell's `>>` leaves it: what is in it stays, and the file is the same one."""
    path = tmp_path / "log"
    path.write_bytes(b"before\n")
    with path.open("ab") as log:
        files.write_file(f"/dev/fd/{log.fileno()}", b"after\n")
        assert path.stat().st_ino == os.fstat(log.fileno()).st_ino
    assert path.read_bytes() == b"before\nafter\n"


def test_a_file_in_a_folder_is_no_exception(tmp_path: Path) -> None:
    """The name is known when the file is complete: there may be a pipe of that name."""
    pipe = tmp_path / "sess-chat.csv"
    os.mkfifo(pipe)
    thread, got = read_in_a_thread(pipe)
    try:
        with Storage() as storage:
            Way("httpcore2", asynchronous=False).download(storage, tmp_path)
    finally:
        thread.join(5)
    assert got == [DATA]
    assert [path.name for path in tmp_path.iterdir()] == ["sess-chat.csv"]


def test_a_full_disk_keeps_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(_number: int) -> None:
        raise OSError(28, "No space left on device")

    (tmp_path / "file").write_bytes(b"old")
    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(OSError, match="No space left"):
        files.write_file(tmp_path / "file", b"new")
    way: Any = Way("httpcore2", asynchronous=True)
    with Storage() as storage, pytest.raises(OSError, match="No space left"):
        way.download(storage, tmp_path / "file")
    assert [path.read_bytes() for path in tmp_path.iterdir()] == [b"old"]


@pytest.mark.parametrize("links", [True, False], ids=["hard links", "no hard links"])
def test_a_new_file_replaces_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, *, links: bool) -> None:
    if not links:
        monkeypatch.setattr(os, "link", raising(PermissionError(1, "Operation not permitted")))
    files.create_file(tmp_path / "new", b"one")
    with pytest.raises(FileExistsError) as caught:
        files.create_file(tmp_path / "new", b"two")
    assert caught.value.filename == str(tmp_path / "new")
    assert [(path.name, path.read_bytes()) for path in tmp_path.iterdir()] == [("new", b"one")]


@pytest.mark.skipif(not hasattr(socket, "AF_UNIX"), reason="a socket in a folder")
def test_an_error_names_one_path(write: Writer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)  # the path of a socket must be short
    with socket.socket(socket.AF_UNIX) as sock:
        sock.bind("socket")
        with pytest.raises(OSError, match=r"socket'$"):  # and not: socket' -> None
            write(tmp_path / "socket")


def test_an_error_of_a_rename_names_one_path(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Path, "replace", raising(PermissionError(13, "Permission denied", "a.part", None, "b")))
    with pytest.raises(PermissionError) as caught:
        files.write_file(tmp_path / "b", b"new")
    assert str(caught.value) == f"[Errno 13] Permission denied: {str(tmp_path / 'b')!r}"


def raising(error: OSError) -> Callable[..., None]:
    def link(*_: object) -> None:
        raise error

    return link
