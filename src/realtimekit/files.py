"""Writes files atomically and durably; what is not a regular file is written to, never replaced.

The content of a regular file is written under another name in the same folder, and then renamed in one step. A device
or a pipe would be lost if a file replaced it.
"""

from __future__ import annotations

import errno
import os
import re
import stat
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import BinaryIO, Self, TypeAlias, cast

PathLike: TypeAlias = str | os.PathLike[str]

_FLAGS = getattr(os, "O_BINARY", 0) | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_NOINHERIT", 0)
_DESCRIPTOR = re.compile(r"/(?:dev|proc/self)/fd/(\d{1,9})")


def write_file(path: PathLike, content: bytes) -> None:
    """Write a file whole or not at all. Afterwards it is on the disk, with the permissions that it had before.

    Args:
        path: the file. Links are followed; a device or a pipe is written to.
        content: all of it.

    Raises:
        OSError: it cannot be written, and is unchanged. The error names the path that was given.
    """
    with open_target(path) as target:
        target.file.write(content)
        target.sync()
        target.commit()


def create_file(path: PathLike, content: bytes) -> None:
    """Write a new file whole or not at all. Afterwards it is on the disk.

    Raises:
        FileExistsError: there is something of this name, which stays what it is.
        OSError: as `write_file`.
    """
    with NewFile(path) as target:
        target.file.write(content)
        target.sync()
        target.create()


def open_target(path: PathLike) -> Target:
    """Return where to write a file, for use in a `with` block: `file.write`, `sync()`, `commit()`.

    Raises:
        OSError: as `write_file`.
    """
    if is_special(path):
        return SpecialFile(path)
    return NewFile(path)


def is_special(path: PathLike) -> bool:
    """Return whether the path is neither a regular file nor a folder, but e.g. a device or a pipe.

    An open file of this process (`/dev/stdout`, `/dev/fd/3`) is always special.
    """
    try:
        mode = Path(path).stat().st_mode
    except (FileNotFoundError, NotADirectoryError):
        return False
    return not (stat.S_ISREG(mode) or stat.S_ISDIR(mode)) or _descriptor(path) is not None


class Target:
    """What a file is written to."""

    file: BinaryIO

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.file.close()

    def sync(self) -> None:
        """Wait until the disk has what was written."""

    def commit(self) -> None:
        """Make what was written the content of the file."""
        self.file.close()


class SpecialFile(Target):
    """A device or a pipe, which is written to directly: what was written cannot be undone."""

    def __init__(self, path: PathLike) -> None:
        with errors_naming(path):
            # Neither created nor truncated.
            number = _descriptor(path)
            number = (
                os.open(path, os.O_WRONLY | _FLAGS | getattr(os, "O_NOCTTY", 0)) if number is None else os.dup(number)
            )
        self.file: BinaryIO = cast("BinaryIO", os.fdopen(number, "wb"))


class NewFile(Target):
    """A regular file, with its new content under another name until `commit`.

    Args:
        path: the file; links are followed.
    """

    def __init__(self, path: PathLike) -> None:
        self.path: Path = resolve(path)
        self._given = path
        self._committed = False
        if not self.path.parent.is_dir():
            raise FileNotFoundError(errno.ENOENT, os.strerror(errno.ENOENT), str(self.path.parent))
        with errors_naming(path):
            part, file = self._open_part()
        self.part: Path = part
        self.file: BinaryIO = file

    def _open_part(self) -> tuple[Path, BinaryIO]:
        part = self.path.with_name(f".{os.urandom(8).hex()}.part")
        return part, open_part(part, os.O_EXCL, private=self.path.exists())

    def __exit__(self, *_: object) -> None:
        try:
            if not self._committed:
                if os.name == "nt":
                    self.file.close()  # Windows cannot remove an open file; elsewhere it stays locked meanwhile
                self._remove()
        finally:
            self.file.close()

    def _remove(self) -> None:
        self.part.unlink(missing_ok=True)

    def rename(self, path: PathLike) -> None:
        """Write to another file of the same folder: its name is known only now."""
        self._given, self.path = path, resolve(path)

    def sync(self) -> None:
        """Wait until the disk has what was written.

        Raises:
            OSError: it cannot be written to the disk.
        """
        with errors_naming(self._given):
            self.file.flush()
            os.fsync(self.file.fileno())

    def create(self) -> None:
        """Give the content the name of the file, which must not exist."""
        with errors_naming(self._given):
            try:
                os.link(self.part, self.path)
            except FileExistsError:
                raise
            except OSError:  # a file system without hard links
                if os.path.lexists(self.path):
                    raise FileExistsError(errno.EEXIST, os.strerror(errno.EEXIST), str(self.path)) from None
                self.commit()
            else:
                _sync_folder(self.path.parent)

    def commit(self) -> None:
        """Rename the part to the file, with the permissions of the file."""
        with errors_naming(self._given):
            if os.name == "nt":
                self.file.close()  # Windows cannot rename an open file
            _copy_permissions(self.path, self.part)
            self.part.replace(self.path)
            self._committed = True
            _sync_folder(self.path.parent)


def resolve(path: PathLike) -> Path:
    """Return the path of the file itself, after all links; it need not exist yet.

    Raises:
        OSError: the links are circular.
    """
    given = Path(path)
    if not given.is_symlink():
        return given
    with suppress(FileNotFoundError):
        given.stat()  # raises for circular links, which resolve() does not always do
    return given.resolve()


@contextmanager
def errors_naming(path: PathLike) -> Generator[None]:
    """Make errors of the operating system name this path, which the caller knows, instead of a temporary one."""
    try:
        yield
    except OSError as error:
        if error.filename is not None:
            error.filename = os.fspath(path)
            if error.filename2 is not None:
                del error.filename2  # None would be a part of the message
        raise


def _descriptor(path: PathLike) -> int | None:
    """Return the number of the open file that a path such as `/dev/stdout` stands for."""
    given = Path(path).absolute()
    with suppress(OSError):
        given = given.parent / given.readlink()  # one link, not all: the last one points to the open file itself
    match = _DESCRIPTOR.fullmatch(str(given)) or _DESCRIPTOR.fullmatch(str(Path(path).absolute()))
    return int(match[1]) if match else None


def open_part(part: Path, flags: int, *, private: bool) -> BinaryIO:
    """Open a part for reading and writing; only its owner can read a private one until it has its permissions."""
    number = os.open(part, os.O_RDWR | os.O_CREAT | flags | _FLAGS, 0o600 if private else 0o666)
    return cast("BinaryIO", os.fdopen(number, "r+b"))


def _copy_permissions(source: Path, target: Path) -> None:
    """Copy owner, mode and access control list from one file to another, as far as this process is allowed to."""
    import shutil  # loaded only to write files

    try:
        old, new = source.stat(), target.stat()
    except FileNotFoundError:
        return
    if hasattr(os, "chown") and (old.st_uid, old.st_gid) != (new.st_uid, new.st_gid):
        with suppress(PermissionError):
            os.chown(target, old.st_uid, old.st_gid)
    shutil.copystat(source, target)
    os.utime(target)  # copystat also copies the times


def _sync_folder(folder: Path) -> None:
    """Wait until the disk has the names in a folder, if the system supports that."""
    if not hasattr(os, "O_DIRECTORY"):
        return
    with suppress(OSError):
        number = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
        try:
            os.fsync(number)
        finally:
            os.close(number)
