"""Downloads to a file: whole under its name, or not at all. In small twins, because files are written on the way."""

from __future__ import annotations

import os
import re
from typing import TYPE_CHECKING, Any, Self, overload

from realtimekit.artifacts.transfer import Transfer, transfer
from realtimekit.flow import Async, ClientBound, F, Sync

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine
    from pathlib import Path
    from typing import BinaryIO, TypeAlias

    from realtimekit.flow import Flow

    Progress: TypeAlias = Callable[[int, int | None], object]
    PathLike: TypeAlias = str | os.PathLike[str]

# What a session can leave behind. Any other extension could make a program of a file that somebody opens.
EXTENSIONS = frozenset(
    "aac csv json jsonl m4a md mkv mov mp3 mp4 ogg opus srt ts txt vtt wav webm webp png jpg jpeg gif pdf".split()  # noqa: SIM905
)


class Downloadable(ClientBound[F]):
    """What has a file behind a link."""

    def _link(self) -> str | None:
        """As it is known."""
        raise NotImplementedError

    def _refresh_link(self) -> Flow[None]:
        """Read the link anew."""
        raise NotImplementedError

    def _default_filename(self) -> str:
        """What its file is called in a folder; characters that could mean something there are replaced."""
        raise NotImplementedError

    @overload
    def download(
        self: Downloadable[Sync],
        to: PathLike,
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        timeout: float | None = None,
    ) -> Path: ...
    @overload
    def download(
        self: Downloadable[Sync],
        to: BinaryIO,
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        timeout: float | None = None,
    ) -> None: ...
    @overload
    def download(
        self: Downloadable[Async],
        to: PathLike,
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        timeout: float | None = None,
    ) -> Coroutine[Any, Any, Path]: ...
    @overload
    def download(
        self: Downloadable[Async],
        to: BinaryIO,
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        timeout: float | None = None,
    ) -> Coroutine[Any, Any, None]: ...
    def download(
        self,
        to: Any,
        *,
        progress: Progress | None = None,
        max_bytes: int | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Download the file, in little memory: `GET` of its link, without the API token.

        A path has the whole file in the end, or what it had before. After a cut the download goes on where it was; a
        link that is out of date is fetched anew once.

        Args:
            to: a path, whose file is replaced; a folder, in which the file gets a name of ours; or a file that is open
                for writing bytes.
            progress: called after each piece with the bytes so far, and in all (None where the server does not say).
            max_bytes: the most that is taken.
            timeout: seconds for each wait.

        Returns:
            Where the file is; None for a file that was open.

        Raises:
            ArtifactNotReadyError: there is no link yet.
            APIConnectionError: not all of it arrived.
            APIError: the storage refuses, also with a fresh link; or the API refuses one.
            DecodeError: it has more than `max_bytes`.
            OSError: it cannot be written.
        """
        if max_bytes is not None and (isinstance(max_bytes, bool) or max_bytes < 0):
            raise ValueError(f"max_bytes={max_bytes!r}: must be a whole number, 0 or more")
        place = _Given(to) if hasattr(to, "write") else _Place(to)

        def arriving(file: BinaryIO) -> Flow[None]:
            arrived = Transfer(file, progress=progress, max_bytes=max_bytes)
            return transfer(self._client.settings, self, arrived, timeout)

        return (_saved_async if self._client.asynchronous else _saved)(self, place, arriving)


class File(Downloadable[F]):
    """One of several files of a record."""

    def __init__(self, owner: Downloadable[F], name: str, link: Callable[[], str | None]) -> None:
        self._client, self._name, self._current_link = owner._client, name, link
        self._owner: Downloadable[F] = owner

    def __repr__(self) -> str:
        return f"<File {self._name!r} of {self._owner!r}>"

    def _link(self) -> str | None:
        return self._current_link()

    def _refresh_link(self) -> Flow[None]:
        return self._owner._refresh_link()

    def _default_filename(self) -> str:
        return self._name


def _saved(source: Downloadable[Any], place: _Place, arriving: Callable[[BinaryIO], Flow[None]]) -> Path | None:
    with place:
        source._client.run(arriving(place.file))
        return place.keep(source)


async def _saved_async(
    source: Downloadable[Any], place: _Place, arriving: Callable[[BinaryIO], Flow[None]]
) -> Path | None:
    # Pieces go to the disk's cache as they come; that is too short a wait to leave the event loop for.
    with place:
        await source._client.run(arriving(place.file))
        return place.keep(source)


class _Place:
    """Where a file goes. Until it is whole it has another name, in the same folder, so that it can be renamed."""

    file: BinaryIO

    def __init__(self, to: PathLike) -> None:
        from pathlib import Path

        self._path = Path(to)
        self._is_folder = self._path.is_dir()
        if not self._is_folder and str(os.fspath(to)).endswith(("/", os.sep)):
            raise FileNotFoundError(f"there is no folder {self._path}")

    def __enter__(self) -> Self:
        self._folder = self._path if self._is_folder else self._path.parent
        self._part = self._folder / f".{os.urandom(8).hex()}.part"
        self.file = self._part.open("xb")
        return self

    def keep(self, source: Downloadable[Any]) -> Path | None:
        self.file.close()
        path = (
            self._folder / file_name(source._default_filename(), source._link() or "")
            if self._is_folder
            else self._path
        )
        return self._part.replace(path)

    def __exit__(self, *_: object) -> None:
        try:
            self.file.close()
        finally:
            self._part.unlink(missing_ok=True)


class _Given(_Place):
    """A file that somebody opened, and closes."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def __enter__(self) -> Self:
        return self

    def keep(self, source: Downloadable[Any]) -> None:  # noqa: ARG002 - it has a name already
        return None

    def __exit__(self, *_: object) -> None:
        pass


def file_name(stem: str, link: str) -> str:
    """A name that is safe in every folder: letters, digits, `-` and `_`, and an extension that is known.

    Args:
        stem: what to call it.
        link: where its extension is taken from.
    """
    extension = re.search(r"\.([A-Za-z0-9]+)$", re.split(r"[?#]", link)[0])
    known = extension[1].lower() if extension and extension[1].lower() in EXTENSIONS else ""
    return (re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:100] or "file") + (f".{known}" if known else "")
