"""How livestreams and recordings are written: the same in responses and, partly, in webhook payloads."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import parse_time, seconds_between

if TYPE_CHECKING:
    from realtimekit.emulator.services.files import FileStore
    from realtimekit.emulator.store import Row

# No URL from an emulator may lead to a real server: names below .localhost lead nowhere else (RFC 6761).
_INGEST_SERVER = "rtmps://live.emulator.localhost:443/live/"
_PLAYBACK = "https://playback.emulator.localhost"


def serialize_livestream(livestream: Row) -> dict[str, Any]:
    return {
        "id": livestream["id"],
        "name": livestream["name"],
        "status": livestream["status"],
        "meeting_id": livestream["meeting_id"],
        "ingest_server": _INGEST_SERVER,
        "stream_key": livestream["stream_key"],
        "playback_url": f"{_PLAYBACK}/{livestream['playback_id']}/manifest/video.m3u8",
        "disabled": False,
        "created_at": livestream["created_at"],
        "updated_at": livestream["updated_at"],
    }


def recorded_seconds(recording: Row, now: str) -> float:
    """Return how much has been recorded so far, without the pauses."""
    running = seconds_between(recording["running_since"], now) if recording["running_since"] else 0.0
    return float(recording["recorded_seconds"]) + running


def serialize_recording(recording: Row, now: str, files: FileStore, origin: str) -> dict[str, Any]:
    """Return a recording as every response contains it. Links to its files begin with the origin."""
    return {
        "id": recording["id"],
        "output_file_name": recording["output_file_name"],
        "status": recording["status"],
        "session_id": recording["session_id"],
        "invoked_time": recording["invoked_time"],
        "started_time": recording["started_time"],
        "stopped_time": recording["stopped_time"],
        **_links(recording, files, origin),
        "file_size": recording["file_size"],
        **({"recording_duration": int(recorded_seconds(recording, now))} if recording["started_time"] else {}),
    }


def _links(recording: Row, files: FileStore, origin: str) -> dict[str, Any]:
    """Return where its files are.

    After the seven days the expiry lies in the past and the links are dead: what the API returns then is not
    documented.
    """
    settings = json.loads(recording["fields"])
    if "files" not in settings and "tracks" not in settings:
        return {"download_url": None, "download_url_expiry": None, "audio_download_url": None}

    def link(name: str) -> str:
        return files.signed_url_until(origin, recording["id"], name, parse_time(recording["expires_at"]))

    links = {kind: link(name) for kind, name in settings.get("files", {}).items()}
    layers = [
        {"layer_name": layer, "download_urls": {name: {"download_url": link(name)} for name in names}}
        for layer, names in settings.get("tracks", {}).items()
    ]
    return {
        "download_url": layers if "tracks" in settings else links.get("video"),
        "download_url_expiry": recording["expires_at"],
        "audio_download_url": links.get("audio"),
    }
