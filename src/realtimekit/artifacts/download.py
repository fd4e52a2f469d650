"""Downloads to a file: the whole file under its name, or nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, BinaryIO, Self, TypeAlias, overload

from realtimekit.artifacts.resumable_download import ResumableDownload, download_file
from realtimekit.flow import Async, ClientBound, F, Flow, Sync
from realtimekit.kwargs import RequestOptions

if TYPE_CHECKING:
    from pathlib import Path

Progress: TypeAlias = Callable[[int, int | None], object]
PathLike: TypeAlias = str | os.PathLike[str]

# The types of files that a session leaves behind. Others might be executed when somebody opens the file.
SAFE_EXTENSIONS = frozenset(
    "aac csv json jsonl m4a md mkv mov mp3 mp4 ogg opus srt ts txt vtt wav webm webp png jpg jpeg gif pdf".split()  # noqa: SIM905
)


class Downloadable(ClientBound[F]):
    """A record with a file behind a link."""

    def _link(self) -> str | None:
        """The current link, if there is one."""
        raise NotImplementedError

    def _refresh_link(self, options: RequestOptions | None = None) -> Flow[None]:
        """Read the link again from the API."""
        raise NotImplementedError

    def _default_filename(self) -> str:
        """The name of the file in a folder, without its extension. Unsafe characters in it are replaced later."""
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

        A path has the whole file in the end, or keeps what it had before. An interrupted download resumes where it
        stopped; an expired link is refreshed once.

        Args:
            to: a path, whose file is replaced; a folder, in which the file gets a safe name; or a file that is open
                for writing bytes.
            progress: called after each chunk with the bytes so far and the total (None if the server does not say).
            max_bytes: the largest accepted size of the file.
            timeout: seconds for each wait.

        Returns:
            The path of the file; None for a file that was open.

        Raises:
            ArtifactNotReadyError: there is no link yet.
            APIConnectionError: the file is incomplete.
            APIError: the storage refuses the link, even after a refresh; or the API refuses to refresh it.
            DecodeError: the file has more than `max_bytes`.
            OSError: the file cannot be written.
        """
        if max_bytes is not None and (isinstance(max_bytes, bool) or max_bytes < 0):
            raise ValueError(f"max_bytes={max_bytes!r}: must be a whole number, 0 or more")
        destination = _OpenFile(to) if hasattr(to, "write") else _Destination(to)

        def fetch_into(file: BinaryIO) -> Flow[None]:
            state = ResumableDownload(file, progress=progress, max_bytes=max_bytes)
            return download_file(self._client.settings, self, state, timeout)

        return (_download_async if self._client.asynchronous else _download_sync)(self, destination, fetch_into)


class File(Downloadable[F]):
    """One of several files of a record, e.g. `recording.audio`."""

    def __init__(self, record: Downloadable[F], name: str, link: Callable[[], str | None]) -> None:
        self._client, self._name, self._current_link = record._client, name, link
        self._record: Downloadable[F] = record

    def __repr__(self) -> str:
        return f"<File {self._name!r} of {self._record!r}>"

    def _link(self) -> str | None:
        return self._current_link()

    def _refresh_link(self, options: RequestOptions | None = None) -> Flow[None]:
        return self._record._refresh_link(options)

    def _default_filename(self) -> str:
        return self._name


# --- small twins, because the file is opened, written and renamed around the flow ------------------------------------


def _download_sync(
    source: Downloadable[Any], destination: _Destination, fetch_into: Callable[[BinaryIO], Flow[None]]
) -> Path | None:
    with destination:
        source._client.run(fetch_into(destination.file))
        return destination.commit(source)


async def _download_async(
    source: Downloadable[Any], destination: _Destination, fetch_into: Callable[[BinaryIO], Flow[None]]
) -> Path | None:
    # Chunks are written to the disk cache as they arrive: too short a wait to be worth a thread.
    with destination:
        await source._client.run(fetch_into(destination.file))
        return destination.commit(source)


class _Destination:
    """A path to download to. The file is written under a temporary name in the same folder, then renamed."""

    file: BinaryIO

    def __init__(self, to: PathLike) -> None:
        from pathlib import Path

        self._path = Path(to)
        self._is_folder = self._path.is_dir()
        if not self._is_folder and str(os.fspath(to)).endswith(("/", os.sep)):
            raise FileNotFoundError(f"there is no folder {self._path}")

    def __enter__(self) -> Self:
        self._folder = self._path if self._is_folder else self._path.parent
        self._temporary = self._folder / f".{os.urandom(8).hex()}.part"
        self.file = self._temporary.open("xb")
        return self

    def commit(self, source: Downloadable[Any]) -> Path | None:
        """Give the complete file its name. Returns its path."""
        self.file.close()
        if not self._is_folder:
            return self._temporary.replace(self._path)
        return self._temporary.replace(self._folder / safe_file_name(source._default_filename(), source._link() or ""))

    def __exit__(self, *_: object) -> None:
        try:
            self.file.close()
        finally:
            self._temporary.unlink(missing_ok=True)


class _OpenFile(_Destination):
    """A file that the caller opened and will close."""

    def __init__(self, file: BinaryIO) -> None:
        self.file = file

    def __enter__(self) -> Self:
        return self

    def commit(self, source: Downloadable[Any]) -> None:  # noqa: ARG002 - it has a name already
        return None

    def __exit__(self, *_: object) -> None:
        pass


def safe_file_name(stem: str, link: str) -> str:
    """Return a file name that is safe in any folder: letters, digits, `-` and `_`, and a known extension.

    Args:
        stem: the preferred name, without an extension.
        link: the link to the file, whose extension is used.
    """
    match = re.search(r"\.([A-Za-z0-9]+)$", re.split(r"[?#]", link)[0])
    extension = match[1].lower() if match and match[1].lower() in SAFE_EXTENSIONS else ""
    return (re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:100] or "file") + (f".{extension}" if extension else "")
