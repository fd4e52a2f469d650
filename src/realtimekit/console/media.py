"""Files of recordings, through the console: the browser never sees a signed link, and can seek to any position."""

from __future__ import annotations

import re
import threading
from collections import OrderedDict
from typing import TYPE_CHECKING, NamedTuple
from urllib.parse import quote

from starlette.responses import Response, StreamingResponse

from realtimekit.artifacts.byte_range import Part, read_part
from realtimekit.console.forms import BadInputError
from realtimekit.report.fields import get_field

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime

    from realtimekit import RealtimeKit
    from realtimekit.artifacts.download import Downloadable
    from realtimekit.flow import Sync
    from realtimekit.resources.recording import Recording

TYPES = {
    "mp4": "video/mp4", "mov": "video/mp4", "webm": "video/webm", "mkv": "video/webm", "mp3": "audio/mpeg",
    "aac": "audio/aac", "m4a": "audio/mp4", "ogg": "audio/ogg", "opus": "audio/ogg", "wav": "audio/wav",
}  # fmt: skip
FIRST_PART, MAX_PART = 2**18, 2**22  # bytes of the first and of later parts: soon something to play, then few requests
MAX_FILES = 64  # files, so that each jump costs no request for the link


class MediaFile(NamedTuple):
    """A file of a recording, for a page to play.

    Attributes:
        name: of the file.
        url: in the console.
        kind: "video" or "audio"; None if browsers cannot play it.
        started_at, stopped_at: of the recording, if they are known.
    """

    name: str
    url: str
    kind: str | None
    started_at: datetime | None
    stopped_at: datetime | None


def list_files(recordings: list[Recording[Sync]]) -> list[MediaFile]:
    """Return the files of recordings, those of everybody first."""
    whole, tracks = list[MediaFile](), list[MediaFile]()
    for recording in recordings:
        name = get_field(recording, "output_file_name") or "Recording"
        times = get_field(recording, "started_time"), get_field(recording, "stopped_time")
        url = f"/recordings/{quote(recording.id, safe='')}/"
        if get_field(recording, "download_url"):
            whole.append(MediaFile(name, url + "video", _kind(name, "video"), *times))
        if get_field(recording, "audio_download_url"):
            whole.append(MediaFile(f"{name}, audio only", url + "audio", "audio", *times))
        names = [track for layer in get_field(recording, "layers") or [] for track in layer.download_urls or {}]
        tracks += [MediaFile(track, f"{url}{n}", _kind(track, None), *times) for n, track in enumerate(names)]
    return whole + tracks


def _kind(name: str, otherwise: str | None) -> str | None:
    found = TYPES.get(name.rpartition(".")[2].lower())
    return found.partition("/")[0] if found else otherwise


class Media:
    """Serves the files of recordings.

    Args:
        client: of the API, or of an archive.
    """

    def __init__(self, client: RealtimeKit) -> None:
        self._client = client
        self._lock = threading.Lock()
        self._files: OrderedDict[tuple[str, str], tuple[Downloadable[Sync], str]] = OrderedDict()

    def respond(self, recording_id: str, which: str, range_header: str | None) -> Response:
        """Return a file, or the part of it that a request asks for (RFC 9110, 14.2).

        Args:
            recording_id: of the recording.
            which: "video", "audio", or the number of a track, from 0.
            range_header: the value of `Range`, if there is one.

        Raises:
            BadInputError: the recording has no such file.
            NotFoundError, APIError, APIConnectionError: as `read_part`.
        """
        file, media_type = self._file(recording_id, which)
        wanted = re.fullmatch(r"bytes=(\d{1,18})-(\d{0,18})", (range_header or "").strip(), re.ASCII)
        start = int(wanted[1]) if wanted else 0
        last = int(wanted[2]) if wanted and wanted[2] else None
        first = self._read(file, start, FIRST_PART if last is None else min(max(last - start + 1, 1), FIRST_PART))
        headers = {"accept-ranges": "bytes", "content-security-policy": "sandbox; default-src 'none'"}
        if wanted and (not first.content or (last is not None and last < start)):
            total = "*" if first.total is None else first.total
            return Response(status_code=416, headers={**headers, "content-range": f"bytes */{total}"})
        if wanted and first.total is not None:
            end = first.total if last is None else min(last + 1, first.total)
            headers |= {"content-range": f"bytes {start}-{end - 1}/{first.total}", "content-length": str(end - start)}
            return StreamingResponse(self._rest(file, first, start, end), 206, headers, media_type)
        if first.total is not None:
            headers["content-length"] = str(first.total)
        return StreamingResponse(self._rest(file, first, start, first.total), 200, headers, media_type)

    def _file(self, recording_id: str, which: str) -> tuple[Downloadable[Sync], str]:
        key = recording_id, which
        with self._lock:
            if key in self._files:
                self._files.move_to_end(key)
                return self._files[key]
        recording = self._client.recordings.find(recording_id)
        name = get_field(recording, "output_file_name") or ""
        file: Downloadable[Sync]
        if which == "video":
            file, otherwise = recording, "video/mp4"
        elif which == "audio":
            file, name, otherwise = recording.audio, "", "audio/mpeg"
        else:
            tracks, names = (
                recording.tracks,
                [name for layer in recording.layers or [] for name in layer.download_urls or {}],
            )
            if not (re.fullmatch(r"\d{1,9}", which, re.ASCII) and int(which) < len(tracks)):
                raise BadInputError("The recording has no such file.", 404)
            file, name, otherwise = tracks[int(which)], names[int(which)], "application/octet-stream"
        found = file, TYPES.get(name.rpartition(".")[2].lower(), otherwise)
        with self._lock:
            self._files[key] = found
            if len(self._files) > MAX_FILES:
                self._files.popitem(last=False)
        return found

    def _read(self, file: Downloadable[Sync], start: int, size: int) -> Part:
        return self._client.run(read_part(self._client.settings, file, start, size))

    def _rest(self, file: Downloadable[Sync], first: Part, start: int, end: int | None) -> Iterator[bytes]:
        """Iterate over a file from the first part on. The browser may go away at any time."""
        content, at, size = first.content, start, FIRST_PART
        while content:
            content = content if end is None else content[: end - at]
            yield content
            at += len(content)
            if end is not None and at >= end:
                return
            size = min(2 * size, MAX_PART)
            content = self._read(file, at, size if end is None else min(size, end - at)).content
