"""Where the bytes of a saved session are kept: the protocol, and a folder. An object store can implement the same."""

from __future__ import annotations

import errno
import hashlib
import os
from contextlib import suppress
from pathlib import Path
from typing import Any, BinaryIO, NamedTuple, Protocol, Self, cast

from realtimekit.artifacts.partial_file import PartialFile
from realtimekit.artifacts.resumable_download import FileVersion
from realtimekit.files import PathLike, write_file


class StoredFile(NamedTuple):
    """What a store has.

    Attributes:
        bytes: the size.
        sha256: the digest, in hexadecimal.
    """

    bytes: int
    sha256: str


def digest(content: bytes) -> StoredFile:
    """Return what a store has once this content is written."""
    return StoredFile(len(content), hashlib.sha256(content).hexdigest())


class Upload(Protocol):
    """A file on its way into a store, for use in a `with` block: without `finish`, the store keeps what it had."""

    file: BinaryIO
    """Where to write. If it cannot seek, a download that has to start over fails."""
    version: FileVersion | None
    """The version of which the beginning is already there, up to the position of `file`; None if nothing is."""

    def __enter__(self) -> Self: ...
    def __exit__(self, *_: object) -> None: ...
    def save_version(self, version: FileVersion | None) -> None: ...  # of what is about to be written
    def finish(self) -> StoredFile: ...  # the file is complete: keep it


class Store(Protocol):
    """Keeps the files of one session, by relative path. Calls may block: async clients make them in threads."""

    def read(self, path: str) -> bytes | None: ...  # None if there is no such file
    def size(self, path: str) -> int | None: ...
    def write(self, path: str, content: bytes) -> StoredFile: ...  # whole or not at all
    def upload(self, path: str) -> Upload: ...
    def remove(self, path: str) -> None: ...  # nothing happens if there is no such file


class FolderStore:
    """A folder of the file system; it is created with the first file, for its owner alone.

    Args:
        folder: the folder of the session.

    Raises:
        TypeError: it is not a path.
        NotADirectoryError: it is something else than a folder.
    """

    def __init__(self, folder: PathLike) -> None:
        try:
            self._folder = Path(folder)
        except TypeError:
            raise TypeError(f"folder must be a path, not {type(folder).__name__}") from None
        if self._folder.exists() and not self._folder.is_dir():
            raise NotADirectoryError(errno.ENOTDIR, os.strerror(errno.ENOTDIR), str(folder))

    def read(self, path: str) -> bytes | None:
        """Return the content of a file; None if there is none."""
        try:
            return (self._folder / path).read_bytes()
        except FileNotFoundError:
            return None

    def size(self, path: str) -> int | None:
        """Return the size of a file in bytes; None if there is none."""
        try:
            return (self._folder / path).stat().st_size
        except FileNotFoundError:
            return None

    def write(self, path: str, content: bytes) -> StoredFile:
        """Write a file, whole or not at all."""
        write_file(self._make_folder_for(path), content)
        return digest(content)

    def upload(self, path: str) -> Upload:
        """Return where to write a file that arrives in parts."""
        return _FolderUpload(self._make_folder_for(path), path)

    def remove(self, path: str) -> None:
        """Remove a file, if there is one."""
        with suppress(FileNotFoundError):
            (self._folder / path).unlink()

    def _make_folder_for(self, path: str) -> Path:
        target = self._folder / path
        for folder in (self._folder, target.parent):  # parents=True would ignore the mode
            folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        return target


class _FolderUpload(PartialFile):
    def finish(self) -> StoredFile:
        self.sync()
        self.file.seek(0)  # the digest is of what is on the disk
        sha256 = hashlib.file_digest(cast("Any", self.file), "sha256").hexdigest()
        stored = StoredFile(self.file.tell(), sha256)
        self.commit()
        return stored
