"""Partial files: what a download has received so far, in the folder of the file, to be resumed after a kill.

`.realtimekit-<digest>.part` has the bytes, and `.realtimekit-<digest>.json` beside it the version of the file that they
belong to. The digest is of the name of the file, so that the next download of it finds them. A process that writes to a
part holds a lock on it, which the system releases when the process ends, however it ends.
"""

from __future__ import annotations

import errno
import json
import os
import shutil
import stat
import sys
import time
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO

from realtimekit.artifacts.resumable_download import FileVersion
from realtimekit.files import NewFile, PathLike, SpecialFile, Target, is_special, open_part

PREFIX = ".realtimekit-"
MAX_AGE = 7 * 24 * 3600.0  # seconds: RealtimeKit keeps the files for 7 days
_MAX_PARTS = 8  # of one file, written at the same time; further ones cannot be resumed
_swept: set[str] = set()  # folders in which this process has already removed abandoned parts


class Destination:
    """Where to download to: a file, or a folder in which the file gets a name when it is complete."""

    def __init__(self, to: PathLike) -> None:
        self._path = Path(to)
        self._is_folder = self._path.is_dir()
        if not self._is_folder and str(os.fspath(to)).endswith(("/", os.sep)):
            raise FileNotFoundError(errno.ENOENT, "there is no folder", str(self._path))

    def open(self, key: str) -> Target:
        """Return what to write to; `key` is different for each file of a session."""
        if is_special(self._path):
            return SpecialFile(self._path)
        return PartialFile(self._path / ".unnamed" if self._is_folder else self._path, key)

    def commit(self, target: Target, name: str) -> Path:
        """Give the complete file its name, in a folder this one. Returns its path."""
        path = self._path / name if self._is_folder else self._path
        if self._is_folder and isinstance(target, PartialFile):
            target.rename(path)
        target.commit()
        return path


class PartialFile(NewFile):
    """A file to download: `file` has what was received so far, at the position from which to resume.

    Args:
        path: the file, or its folder followed by `.` if its name is not known yet.
        key: what else identifies the file.
    """

    version: FileVersion | None = None
    """The version of the file that was partly received; None if nothing was."""

    def __init__(self, path: PathLike, key: str) -> None:
        self._key = f"{Path(path).name}\0{key}"
        super().__init__(path)

    def _open_part(self) -> tuple[Path, BinaryIO]:
        import hashlib  # loaded with the first download

        folder, private = self.path.parent, self.path.is_file()
        _remove_abandoned(folder)
        digest = hashlib.sha256(self._key.encode("utf-8", "surrogatepass")).hexdigest()[:24]
        for number in range(_MAX_PARTS):
            part = folder / f"{PREFIX}{digest}-{number}.part"
            if (file := _open_locked(part, private=private)) is not None:
                self.version = _resume(file, part)
                return part, file
        return super()._open_part()

    def save_version(self, version: FileVersion | None) -> None:
        """Record which version is about to be received, before its first byte is written."""
        state = _state_of(self.part)
        if version is None or not self.part.name.startswith(PREFIX):
            state.unlink(missing_ok=True)
            return
        with open_part(state, os.O_TRUNC, private=True) as file:
            file.write(json.dumps(version._asdict()).encode())

    def commit(self) -> None:
        """Give the part the name of the file; if a device or a pipe has that name, write to it."""
        if is_special(self.path):
            self.file.seek(0)
            with SpecialFile(self.path) as target:
                shutil.copyfileobj(self.file, target.file)
            return
        _state_of(self.part).unlink(missing_ok=True)
        super().commit()

    def _remove(self) -> None:
        _remove(self.part)


def _state_of(part: Path) -> Path:
    return part.with_suffix(".json")


def _remove(part: Path) -> None:
    _state_of(part).unlink(missing_ok=True)  # first: without it, the part is never resumed
    part.unlink(missing_ok=True)


def _open_locked(part: Path, *, private: bool) -> BinaryIO | None:
    """Open a part for this process alone; None if another one is writing to it, or if it may not be ours."""
    for _ in range(3):  # another download may have just finished and renamed its part
        try:
            file = open_part(part, getattr(os, "O_NOFOLLOW", 0), private=private)
        except FileNotFoundError:
            raise
        except OSError:
            if part.exists() or part.is_symlink():
                return None  # another user's, or not a regular file
            raise
        if not _lock(file) or not _is_ours(file):
            file.close()
            return None
        with suppress(FileNotFoundError):
            if os.path.samestat(os.fstat(file.fileno()), part.stat()):
                return file
        file.close()
    return None


def _is_ours(file: BinaryIO) -> bool:
    """Return whether no other user can have created the part or can change it, e.g. in /tmp."""
    found = os.fstat(file.fileno())
    return (
        stat.S_ISREG(found.st_mode)
        and found.st_nlink == 1
        and (sys.platform == "win32" or found.st_uid == os.geteuid())
    )


def _lock(file: BinaryIO) -> bool:
    try:
        if sys.platform == "win32":
            import msvcrt

            file.seek(1 << 30)  # a byte beyond any download, because the lock also prevents reading
            msvcrt.locking(file.fileno(), msvcrt.LK_NBLCK, 1)
            file.seek(0)
        else:
            import fcntl

            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except (ImportError, OSError):  # locked, or a file system without locks
        return False
    return True


def _resume(file: BinaryIO, part: Path) -> FileVersion | None:
    """Seek to the end of the part and return its version; if the part cannot be trusted, empty it."""
    found = os.fstat(file.fileno())
    version = _load_version(_state_of(part)) if found.st_size and found.st_mtime > _booted_at() else None
    if version is None or (version.total is not None and found.st_size > version.total):
        file.truncate(0)
        return None
    # If the file is complete, its last byte is requested again, because a range must not be empty.
    size = found.st_size - (found.st_size == version.total)
    file.truncate(size)
    file.seek(size)
    return version if size else None


def _load_version(state: Path) -> FileVersion | None:
    try:
        loaded: Any = json.loads(state.read_bytes())
        url, header, validator, total = (loaded[name] for name in FileVersion._fields)
    except (OSError, ValueError, TypeError, LookupError, RecursionError):
        return None
    if header not in {"etag", "last-modified"} or not (isinstance(url, str) and isinstance(validator, str)):
        return None
    return FileVersion(url, header, validator, total if isinstance(total, int) else None)


def _booted_at() -> float:
    """Return when the machine was started. Files that it wrote before a power failure may have holes."""
    clock = getattr(time, "CLOCK_BOOTTIME", None)
    return time.time() - (time.monotonic() if clock is None else time.clock_gettime(clock))


def _remove_abandoned(folder: Path) -> None:
    """Remove the parts that were not resumed within `MAX_AGE`; once per process."""
    if str(folder) in _swept:
        return
    _swept.add(str(folder))
    with suppress(OSError):
        old = [path for path in folder.glob(f"{PREFIX}*") if path.lstat().st_mtime < time.time() - MAX_AGE]
        for name in {path.with_suffix(".part") for path in old if path.suffix in {".part", ".json"}}:
            if not name.exists():
                _remove(name)
            elif (file := _open_locked(name, private=True)) is not None:
                with file:
                    _remove(name)
