"""The files of a session: where their links stand in the records of the API, and how they are called in an archive."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import partial
from typing import Any, TypeAlias

from realtimekit import responses
from realtimekit.archive import layout
from realtimekit.archive.reader import Reader
from realtimekit.artifacts.download import safe_file_name
from realtimekit.flow import Flow
from realtimekit.kwargs import RequestOptions

Locate: TypeAlias = Callable[[dict[str, Any]], str | None]
"""Finds a link in a record."""


class Link:
    """A link in a record of the API, which can be read again when it has expired."""

    def __init__(
        self,
        reader: Reader,
        path: str,
        query: dict[str, Any] | None,
        locate: Locate,
        record: dict[str, Any] | None = None,
    ) -> None:
        self._reader, self._path, self._query, self._locate = reader, path, query, locate
        self.url: str | None = locate(record) if record else None

    def __repr__(self) -> str:
        return f"<Link of GET {self._path}>"

    def _link(self) -> str | None:
        return self.url

    def _refresh_link(self, options: RequestOptions | None = None) -> Flow[None]:  # noqa: ARG002 - there are none
        response = yield from self._reader.get(self._path, self._query)
        found = responses.unwrap(response.body)
        self.url = self._locate(found) if isinstance(found, dict) else None


def text_link(record: dict[str, Any]) -> str | None:
    """Return the link to a chat, transcript or summary, whose names differ in their case."""
    for name, value in record.items():
        if name.lower().replace("_", "").endswith("downloadurl") and isinstance(value, str) and value:
            return value
    return None


def recording_files(recording: dict[str, Any]) -> Iterator[tuple[str, Locate]]:
    """Iterate over the files of a recording: the name of each, and what finds its link in the record."""
    url = recording.get("download_url")
    if isinstance(url, str) and url:
        yield main_name(recording), lambda record: record.get("download_url")
    audio = recording.get("audio_download_url") or recording.get("download_audio_url")
    if isinstance(audio, str) and audio:
        stem = main_name(recording).rpartition(".")[0] or main_name(recording)
        yield (
            safe_file_name(f"{stem}-audio", audio),
            lambda record: record.get("audio_download_url") or record.get("download_audio_url"),
        )
    for number, (layer, file, track) in enumerate(tracks_of_recording(recording), 1):
        yield (
            safe_file_name(f"{number}-{file.rpartition('.')[0] or file}", track),
            partial(_track_link, layer, file),
        )


def main_name(recording: dict[str, Any]) -> str:
    name = str(recording.get("output_file_name") or recording.get("id"))
    url = recording.get("download_url")
    return safe_file_name(name.rpartition(".")[0] or name, url if isinstance(url, str) else name)


def tracks_of_recording(recording: dict[str, Any]) -> Iterator[tuple[int, str, str]]:
    """Iterate over the files of a track recording: the number of the layer, the name and the link of each."""
    layers = recording.get("download_url")
    for number, layer in enumerate(layers if isinstance(layers, list) else []):
        files = layer.get("download_urls") if isinstance(layer, dict) else None
        for name, file in files.items() if isinstance(files, dict) else []:
            link = file.get("download_url") if isinstance(file, dict) else file
            if isinstance(link, str) and link:
                yield number, name, link


def _track_link(layer: int, file: str, recording: dict[str, Any]) -> str | None:
    return next(
        (link for number, name, link in tracks_of_recording(recording) if (number, name) == (layer, file)), None
    )


def with_links(recording: dict[str, Any], link: Callable[[str], str | None]) -> dict[str, Any]:
    """Return a recording with other links.

    Args:
        recording: as the platform sent it.
        link: takes the name of a file's artifact, "recordings/<id>/<file>".
    """
    folder = f"recordings/{layout.encode_id(str(recording.get('id')))}"
    links = iter([link(f"{folder}/{name}") for name, _ in recording_files(recording)])
    changed = dict(recording)
    if isinstance(recording.get("download_url"), str):
        changed["download_url"] = next(links)
    for field in ("audio_download_url", "download_audio_url"):
        if recording.get(field):
            changed[field] = next(links)
            break
    if isinstance(recording.get("download_url"), list):
        tracks = {(number, name): next(links) for number, name, _ in tracks_of_recording(recording)}
        changed["download_url"] = [
            {
                **layer,
                "download_urls": {
                    name: {"download_url": url} for (number, name), url in tracks.items() if number == position
                },
            }
            for position, layer in enumerate(recording["download_url"])
            if isinstance(layer, dict)
        ]
    return changed
