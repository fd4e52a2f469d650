"""Object storage: a folder, S3, Google Cloud Storage, Azure Blob Storage or memory, behind one interface.

`create` never overwrites and `swap` replaces only what the caller has read, whatever else writes at the same time:
that is all the coordination that an archive needs. Everything goes through obstore (https://developmentseed.org/obstore/).
"""

from __future__ import annotations

import contextlib
import hashlib
import re
from collections.abc import Callable, Iterable, Iterator
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple, Self, TypeVar, cast

from realtimekit.archive import disk
from realtimekit.archive.errors import ArchiveChangedError, ArchiveError
from realtimekit.lazy import LazyModule
from realtimekit.saving.store import StoredFile

if TYPE_CHECKING:
    from obstore import store as objects
else:
    objects = LazyModule("obstore.store")

T = TypeVar("T")

PART_BYTES = 8 * 2**20  # of a multipart upload; S3 accepts 10,000 of them, and wants 5 MiB at least
_LOCK = ".lock"


class Stored(NamedTuple):
    """An object that was read, and the version of it that `swap` compares."""

    content: bytes
    version: str


class Entry(NamedTuple):
    """An object in a listing. The size is in bytes."""

    path: str
    size: int


class Store:
    """The objects of one archive, by path below its target. Thread-safe; use `targets.open_store`.

    Every method raises `ArchiveError` if the storage refuses or cannot be reached.
    """

    def __init__(self, target: str, objects: objects.ObjectStore, folder: Path | None = None) -> None:
        self.target: str = target  # without credentials
        self._objects: Any = objects
        self._folder = folder

    def __repr__(self) -> str:
        return f"<Store {self.target}>"

    # --- reading -----------------------------------------------------------------------------------------------------

    def get(self, path: str) -> Stored | None:
        """Return an object; None if there is none."""

        def read() -> Stored:
            result = _obstore().get(self._objects, path)
            content = bytes(result.bytes())
            return Stored(content, result.meta["e_tag"] or "")

        return self._find(path, read)

    def read(self, path: str) -> bytes | None:
        """Return the content of an object; None if there is none."""
        found = self.get(path)
        return None if found is None else found.content

    def read_range(self, path: str, start: int, end: int) -> bytes | None:
        """Return the bytes from `start` to before `end`; None if there is no such object."""
        return self._find(path, lambda: bytes(_obstore().get_range(self._objects, path, start=start, end=end)))

    def size(self, path: str) -> int | None:
        """Return the size of an object in bytes; None if there is none."""
        return self._find(path, lambda: int(_obstore().head(self._objects, path)["size"]))

    def chunks(self, path: str, size: int = PART_BYTES) -> Iterator[bytes]:
        """Read an object in pieces, in little memory. An object that is missing raises `ArchiveError`."""
        total = self.size(path)
        if total is None:
            raise ArchiveError(f"{self.target}: {path} is missing")
        for start in range(0, total, size):
            yield self.read_range(path, start, min(start + size, total)) or b""

    def entries(self, prefix: str, *, after: str | None = None) -> list[Entry]:
        """Return the objects below a folder, in the order of their paths: only those that come after a path, if given.

        Object storage begins its listing there; whether there is an object of that path does not matter.
        """
        return self._try("list", prefix, lambda: self._collect(prefix, after))

    def _collect(self, prefix: str, after: str | None) -> list[Entry]:
        pages = _obstore().list(self._objects, prefix=prefix, offset=after, chunk_size=1000)
        entries = (Entry(str(item["path"]), int(item["size"])) for page in pages for item in page)
        return sorted(entry for entry in entries if entry.path != _LOCK)

    def is_empty(self) -> bool:
        """Whether there is nothing at the target. Looks at its top level only."""
        found = self._try("list", "", lambda: _obstore().list_with_delimiter(self._objects, prefix=None))
        return not found["common_prefixes"] and all(item["path"] == _LOCK for item in found["objects"])

    def folders(self, prefix: str) -> list[str]:
        """Return the paths of the folders in a folder."""
        found = self._try("list", prefix, lambda: _obstore().list_with_delimiter(self._objects, prefix=prefix))
        return sorted(str(path) for path in found["common_prefixes"])

    # --- writing -----------------------------------------------------------------------------------------------------

    def put(self, path: str, content: bytes) -> None:
        """Write an object, replacing another."""
        self._put(path, content, use_multipart=False)

    def create(self, path: str, content: bytes) -> bool:
        """Write an object if there is none. Of any number of writers, exactly one gets True."""
        try:
            self._put(path, content, mode="create")
        except _ExistsError:
            return False
        return True

    def _put(self, path: str, content: bytes, attempts: int = 5, **options: Any) -> None:
        try:
            self._try("write", path, lambda: _obstore().put(self._objects, path, content, **options))
        except _MissingError:
            if self._folder is None or attempts == 1:
                raise
            # `remove_leftovers` of another process took the half-written file for one that was left.
            self._put(path, content, attempts - 1, **options)

    def swap(self, path: str, content: bytes, version: str | None) -> bool:
        """Replace the version of an object that was read (None: there was none). False if it has changed since."""
        if version is None:
            return self.create(path, content)
        if self._folder is not None:
            return self._swap_file(path, content, version)
        try:
            self._put(path, content, mode={"e_tag": version})
        except (_ChangedError, _MissingError):
            return False
        return True

    def _swap_file(self, path: str, content: bytes, version: str) -> bool:
        # A file system has no compare-and-swap, so those who swap take turns.
        with disk.exclusive(cast("Path", self._folder) / _LOCK):
            found = self.get(path)
            if found is None or found.version != version:
                return False
            self.put(path, content)
            return True

    def update(self, path: str, change: Callable[[bytes | None], bytes | None]) -> bytes | None:
        """Read an object, change it and write it back, again for as long as others write between the two.

        Args:
            path: the object.
            change: takes the content (None: there is none) and returns the new one, or None to leave it as it is.

        Returns:
            The content that now stands there.
        """
        while True:
            found = self.get(path)
            before = None if found is None else found.content
            content = change(before)
            if content is None or content == before:
                return before
            if self.swap(path, content, None if found is None else found.version):
                return content

    def writer(self, path: str) -> Writer:
        """Return a file to write a large object with, in pieces: it appears, whole, when the file is committed."""
        return Writer(self, path)

    def delete(self, paths: Iterable[str]) -> None:
        """Delete objects, if they exist."""
        for path in paths:
            with contextlib.suppress(_MissingError):
                self._try("delete", path, partial(_obstore().delete, self._objects, path))

    def flush(self, path: str, *, content: bool = True) -> None:
        """Wait until what was written survives a loss of power. Object storage always does.

        Args:
            path: an object or a folder; the folders above it are flushed, too.
            content: whether to do so with all below the folder, too, and not only with the names in it.

        Raises:
            ArchiveError: the disk failed.
        """
        if self._folder is None:
            return
        at = self._folder / path
        below = at.rglob("*") if content else ()
        above = list(at.parents)[: len(at.relative_to(self._folder).parents)]

        def wait() -> None:
            for each in (*below, at, *above):
                disk.fsync(each)

        self._try("write", path, wait)

    def remove_leftovers(self, folder: str) -> None:
        """Remove what processes that were killed left half-written below a folder.

        Whoever is writing with a `writer` there cannot commit it any more: `ArchiveChangedError`.
        """
        if self._folder is None:
            return
        with disk.exclusive(self._folder / _LOCK):  # nobody swaps meanwhile
            # obstore writes NAME#1, and calls it NAME when it is complete. No listing shows such files.
            for path in (self._folder / folder).rglob("*#*"):
                if re.search(r"#\d+$", path.name):
                    self._try("delete", str(path), partial(path.unlink, missing_ok=True))

    # --- for libraries that read files of their own ------------------------------------------------------------------

    def location(self, path: str) -> str | None:
        """Return the path in the file system, if the archive is a folder."""
        return None if self._folder is None else str(self._folder / path)

    @property
    def is_folder(self) -> bool:
        """Whether the archive is a folder of this machine."""
        return self._folder is not None

    # --- errors ------------------------------------------------------------------------------------------------------

    def _find(self, path: str, action: Callable[[], T]) -> T | None:
        """As `_try`; None if there is no such object."""
        try:
            return self._try("read", path, action)
        except _MissingError:
            return None

    def _try(self, verb: str, path: str, action: Callable[[], T], attempts: int = 3) -> T:
        try:
            return action()
        except FileNotFoundError as error:
            raise _MissingError(f"{self.target}: cannot {verb} {path}: it does not exist") from error
        except Exception as error:
            kind = type(error).__name__
            if kind == "AlreadyExistsError":
                raise _ExistsError(path) from None
            if kind == "PreconditionError":
                raise _ChangedError(path) from None
            if verb == "write" and self.is_folder and "(os error 2)" in str(error):  # of small objects: no exact class
                raise _MissingError(f"{self.target}: cannot {verb} {path}: its half-written file is gone") from error
            if verb in {"read", "list"} and "response body error" in str(error) and attempts > 1:
                return self._try(verb, path, action, attempts - 1)  # it broke off; obstore repeats all but that
            if not type(error).__module__.startswith("obstore") and not isinstance(
                error, OSError | NotImplementedError
            ):
                raise
            what = f"{verb} {path}".rstrip()  # the target itself has no path
            advice = "" if self.is_folder else _advice(self.target, kind, str(error))
            raise ArchiveError(f"{self.target}: cannot {what}: {first_line(error)}{advice}") from None


class _MissingError(ArchiveError):
    """There is no object of this path."""


class _ExistsError(ArchiveError):
    """An object of this path exists already."""


class _ChangedError(ArchiveError):
    """An object is no longer the version that was read."""


class Writer:
    """A large object that is being written, as a binary file that can start over. A context manager.

    What was written is uploaded in parts; without `commit` nothing of it appears.
    """

    def __init__(self, store: Store, path: str) -> None:
        self._store, self._path = store, path
        self._upload: Any = None
        self._size, self._sha256 = 0, hashlib.sha256()

    def write(self, content: bytes) -> int:
        self._store._try("write", self._path, lambda: self._open().write(content))
        self._size += len(content)
        self._sha256.update(content)
        return len(content)

    def _open(self) -> Any:
        if self._upload is None:
            self._upload = _obstore().open_writer(
                self._store._objects, self._path, buffer_size=PART_BYTES, max_concurrency=2
            )
        return self._upload

    def tell(self) -> int:
        return self._size

    def seekable(self) -> bool:
        return True

    def seek(self, position: int, whence: int = 0) -> int:
        """Start over: the only position is 0."""
        if (position, whence) != (0, 0):
            raise OSError(f"an object in {self._store.target} can only be written again from its start")
        return 0

    def truncate(self) -> int:
        self._upload, self._size, self._sha256 = None, 0, hashlib.sha256()
        return 0

    def commit(self) -> StoredFile:
        """Let the object appear. Returns its size and checksum.

        Raises:
            ArchiveChangedError: another process has deleted what was written so far.
        """
        if self._upload is None:
            self._store.put(self._path, b"")
        else:
            upload, self._upload = self._upload, None
            try:
                self._store._try("write", self._path, upload.close)
            except _MissingError:
                # Object storage may have put a large one together, although its response was lost or came too late:
                # then it no longer knows the upload when it is asked again.
                if self._store.size(self._path) != self._size:
                    message = f"{self._store.target}: another process has deleted {self._path}"
                    raise ArchiveChangedError(message) from None
        return StoredFile(self._size, self._sha256.hexdigest())

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._upload = None  # not closed: an unfinished upload is dropped


def _obstore() -> Any:
    try:
        import obstore
    except ImportError:
        raise missing_extra() from None
    return obstore


def missing_extra(extra: str = "archive") -> ImportError:
    """Return the error of a program that has not installed an extra."""
    return ImportError(f"an archive needs the extra {extra!r}: pip install 'realtimekit[{extra}]'")


def first_line(error: BaseException) -> str:
    """Return the first line of an error of obstore, which goes on with a dump of its own state, and no credentials."""
    if isinstance(error, OSError) and error.strerror:
        return error.strerror
    line = str(error).strip().partition("\n")[0]
    line = line.partition(": <?xml")[0]  # of the body, the rest is on other lines
    line = re.sub(r"[?&][^ ]*", "", line)  # the query of a URL may be signed
    return line[:300] or type(error).__name__


def _advice(target: str, kind: str, text: str) -> str:
    """Return what to check when object storage refuses everything, as it does when its settings are wrong."""
    s3 = target.startswith("s3")
    if s3 and ("/latest/api/token" in text or "/latest/meta-data" in text):  # the last place where obstore looks
        return ": no credentials were found: set AWS_ACCESS_KEY_ID and AWS_SECRET_ACCESS_KEY"
    if kind in {"UnauthenticatedError", "PermissionDeniedError"} or "403 Forbidden" in text:  # of a listing
        names = "AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY, AWS_REGION and AWS_ENDPOINT_URL (for R2 or MinIO)"
        return f": check {names if s3 else 'the credentials of the storage'}"
    if "404 Not Found" in text:
        return f": does the bucket exist{', and is AWS_ENDPOINT_URL right' if s3 else ''}?"
    if s3 and "error sending request" in text:
        return ": is AWS_ENDPOINT_URL right? R2 and MinIO need it"
    return ""
