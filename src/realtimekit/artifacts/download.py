"""Downloads to a file: the whole file under its name, or nothing."""

from __future__ import annotations

import os
import re
from collections.abc import Callable, Coroutine
from typing import TYPE_CHECKING, Any, BinaryIO, TypeAlias, overload

from realtimekit.artifacts.resumable_download import ResumableDownload, download_file, validate_max_bytes
from realtimekit.flow import Async, Blocking, ClientBound, F, Flow, Sync
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

        Afterwards the path has the whole file, on the disk, or its previous content. An interrupted download resumes
        where it stopped, even in another process after this one was killed; an expired link is refreshed once.

        Args:
            to: a path, whose file is replaced and keeps its permissions; a folder, in which the file gets a safe name;
                a device or a pipe, which is written to; or a file that is open for writing bytes.
            progress: called after each chunk with the bytes so far and the total (None if the server does not say).
            max_bytes: the largest accepted size of the file.
            timeout: seconds for each wait.

        Returns:
            The path of the file; None for a file that was open.

        Raises:
            ArtifactNotReadyError: there is no link yet.
            APIConnectionError: the file is incomplete.
            APIError: the storage refuses the link, even after a refresh; or the API refuses to refresh it.
            DecodeError: the file has more than `max_bytes`, or its link is not http or https.
            OSError: the file cannot be written.
        """
        if max_bytes is not None:
            validate_max_bytes(max_bytes)
        return self._client.run(self._download(to, progress, max_bytes, timeout))

    def _download(
        self, to: Any, progress: Progress | None, max_bytes: int | None, timeout: float | None
    ) -> Flow[Path | None]:
        if hasattr(to, "write"):
            state = ResumableDownload(to, progress=progress, max_bytes=max_bytes)
            yield from download_file(self._client.settings, self, state, timeout)
            return None
        from realtimekit.artifacts.partial_file import Destination, PartialFile  # loaded with the first download

        destination = Destination(to)
        with destination.open(self._default_filename()) as target:
            state = ResumableDownload(target.file, progress=progress, max_bytes=max_bytes)
            if isinstance(target, PartialFile):
                state.resume_from(target.version, target.save_version)
            yield from download_file(self._client.settings, self, state, timeout)
            # Chunks are written to the disk cache as they arrive: too short a wait to be worth a thread.
            yield Blocking(target.sync)
            return destination.commit(target, safe_file_name(self._default_filename(), self._link() or ""))


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


def safe_file_name(stem: str, link: str) -> str:
    """Return a file name that is safe in any folder: letters, digits, `-` and `_`, and a known extension.

    Args:
        stem: the preferred name, without an extension.
        link: the link to the file, whose extension is used.
    """
    match = re.search(r"\.([A-Za-z0-9]+)$", re.split(r"[?#]", link)[0])
    extension = match[1].lower() if match and match[1].lower() in SAFE_EXTENSIONS else ""
    return (re.sub(r"[^A-Za-z0-9_-]+", "-", stem).strip("-")[:100] or "file") + (f".{extension}" if extension else "")
