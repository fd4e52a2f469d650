"""Recordings: INVOKED, RECORDING, PAUSED, UPLOADING, UPLOADED, by the emulator's clock; and the files they produce."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.emulator.clock import add_seconds, format_time, parse_time, seconds_between
from realtimekit.emulator.http import HTTPError
from realtimekit.emulator.queries import find_live_session
from realtimekit.emulator.services import media
from realtimekit.emulator.services.serializers import recorded_seconds

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.emulator.services.events import Events
    from realtimekit.emulator.services.files import FileStore
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World

STARTING_SECONDS = 2.0  # seconds, as in the one recorded example: invoked 10.430, started 12.023
UPLOADING_SECONDS = 5.0  # seconds; how long it really takes is not documented
# https://developers.cloudflare.com/realtime/realtimekit/recording-guide/stop-recording
EMPTY_SECONDS = 60.0  # after the last participant left
MAX_SECONDS = 86400
RETENTION = timedelta(days=7)
ACTIVE = ("INVOKED", "RECORDING", "PAUSED")
_RUNNING = ("RECORDING", "PAUSED")
# The names of jobs. The target of _STOP_ALL is a session, of the others a recording.
_START = "start recording"
_STOP = "stop recording"
_STOP_ALL = "stop recordings"
_UPLOAD = "upload recording"
# The statuses in which each action is possible, and the status that it leads to.
_ACTIONS = {
    "pause": (("RECORDING",), "PAUSED"),
    "resume": (("PAUSED",), "RECORDING"),
    "stop": (ACTIVE, "UPLOADING"),
}


class Recorder:
    def __init__(self, world: World, files: FileStore, events: Events) -> None:
        self._world = world
        self._store = world.store
        self._files = files
        self._events = events
        world.scheduler.register(_START, self._start)
        world.scheduler.register(_STOP, self._stop_at_maximum)
        world.scheduler.register(_STOP_ALL, self.session_closed)
        world.scheduler.register(_UPLOAD, self._upload)

    def _recording(self, recording_id: str) -> Row:
        return self._store.rows("select * from recordings where id = ?", recording_id)[0]

    def _of(self, column: str, id: str, statuses: tuple[str, ...]) -> list[Row]:
        marks = ", ".join("?" * len(statuses))
        sql = f"select * from recordings where {column} = ? and status in ({marks}) order by number"
        return self._store.rows(sql, id, *statuses)

    def _update(self, recording: Row, at: str, **changes: Any) -> Row:
        """Change a recording. Every change of one is made here."""
        changes["updated_at"] = at
        self._store.update("recordings", recording["id"], changes)
        changed = {**recording, **changes}
        if changed["status"] != recording["status"]:
            self._events.recording_status_update(changed, at)
        return changed

    def active(self, meeting_id: str) -> list[Row]:
        """Return the recordings of a meeting that are running, or waiting for somebody to join; oldest first."""
        return self._of("meeting_id", meeting_id, ACTIVE)

    def active_composites(self, meeting_id: str) -> list[Row]:
        """Return the active recordings that are not track recordings.

        A meeting has at most one, unless a request allows several. Whether a track recording counts is not documented.
        """
        return [recording for recording in self.active(meeting_id) if "layers" not in json.loads(recording["fields"])]

    # --- starting ----------------------------------------------------------------------------------------------------

    def invoke(self, meeting: Row, settings: dict[str, Any], reason: str, at: str) -> Row:
        """Create a recording.

        It starts when somebody is in the meeting; until then it stays INVOKED. (What RealtimeKit does with a meeting
        that nobody is in is not documented.)
        """
        recording: Row = {
            "id": self._world.new_id(),
            "app_id": meeting["app_id"],
            "meeting_id": meeting["id"],
            "session_id": None,
            "status": "INVOKED",
            "fields": json.dumps(settings),
            "output_file_name": _file_name(settings, meeting["id"], at),
            "invoked_time": at,
            "started_time": None,
            "stopped_time": None,
            "recorded_seconds": 0.0,
            "running_since": None,
            "start_reason": reason,
            "stop_reason": None,
            "file_size": None,
            "expires_at": None,
            "created_at": at,
            "updated_at": at,
        }
        self._store.insert("recordings", recording)
        self._events.recording_status_update(recording, at)
        if self._session_with_people(meeting["id"]):
            self._world.scheduler.schedule(_START, recording["id"], add_seconds(at, STARTING_SECONDS))
        return recording

    def _session_with_people(self, meeting_id: str) -> Row | None:
        session = find_live_session(self._store, meeting_id)
        return session if session and session["live_participants"] else None

    def session_opened(self, meeting: Row, at: str) -> None:
        """Record from the start if the meeting is configured so, unless another recording is waiting already."""
        settings = json.loads(meeting["fields"])
        if settings.get("record_on_start") and not self.active_composites(meeting["id"]):
            self.invoke(meeting, composite_settings({}, settings, self._world.new_id), "RECORD_ON_START", at)

    def session_occupied(self, session: Row, at: str) -> None:
        """A participant has joined an empty session."""
        self._world.scheduler.cancel(_STOP_ALL, session["id"])
        for recording in self._of("meeting_id", session["meeting_id"], ("INVOKED",)):
            self._world.scheduler.schedule(_START, recording["id"], add_seconds(at, STARTING_SECONDS))

    def _start(self, recording_id: str, at: str) -> None:
        recording = self._recording(recording_id)
        session = self._session_with_people(recording["meeting_id"])
        if session is None:  # they have left again; the next to join starts it
            return
        changes: Row = {"status": "RECORDING", "session_id": session["id"], "started_time": at, "running_since": at}
        self._update(recording, at, **changes)
        # Counted from its start, pauses included: the documents speak of elapsed time.
        max_seconds = json.loads(recording["fields"]).get("max_seconds") or MAX_SECONDS
        self._world.scheduler.schedule(_STOP, recording_id, add_seconds(at, max_seconds))

    # --- stopping ----------------------------------------------------------------------------------------------------

    def act(self, recording: Row, action: str, at: str) -> Row:
        """Pause, resume or stop.

        Raises:
            HTTPError: 409, not possible in the status that it has. (The real response is not documented.)
        """
        allowed, status = _ACTIONS[action]
        if recording["status"] not in allowed:
            problem = f"recording {recording['id']} is {recording['status']}; {action} needs {' or '.join(allowed)}"
            raise HTTPError(409, problem)
        if action == "stop":
            return self._stop(recording, at, "API_CALL")
        so_far = recorded_seconds(recording, at)
        running_since = at if action == "resume" else None
        return self._update(recording, at, status=status, recorded_seconds=so_far, running_since=running_since)

    def _stop(self, recording: Row, at: str, reason: str | None) -> Row:
        for job in (_START, _STOP):
            self._world.scheduler.cancel(job, recording["id"])
        if recording["status"] == "INVOKED":  # Nothing was recorded, so there is nothing to upload.
            return self._update(recording, at, status="ERRORED", stop_reason=reason)
        self._world.scheduler.schedule(_UPLOAD, recording["id"], add_seconds(at, UPLOADING_SECONDS))
        return self._update(
            recording,
            at,
            status="UPLOADING",
            stopped_time=at,
            recorded_seconds=recorded_seconds(recording, at),
            running_since=None,
            stop_reason=reason,
        )

    def _stop_at_maximum(self, recording_id: str, at: str) -> None:
        self._stop(self._recording(recording_id), at, None)  # the API has no word for this reason

    def session_emptied(self, session_id: str, at: str) -> None:
        self._world.scheduler.schedule(_STOP_ALL, session_id, add_seconds(at, EMPTY_SECONDS))

    def session_closed(self, session_id: str, at: str) -> None:
        """Stop the recordings of a session that has ended, or has been empty for too long."""
        self._world.scheduler.cancel(_STOP_ALL, session_id)
        for recording in self._of("session_id", session_id, _RUNNING):
            self._stop(recording, at, "ALL_PEERS_LEFT")

    # --- files -------------------------------------------------------------------------------------------------------

    def _upload(self, recording_id: str, at: str) -> None:
        recording = self._recording(recording_id)
        settings = json.loads(recording["fields"])
        if "layers" in settings:
            size = self._upload_tracks(recording, settings, at)
        else:
            size = self._upload_composite(recording, settings, at)
        changes: Row = {"status": "UPLOADED", "file_size": size, "fields": json.dumps(settings)}
        self._update(recording, at, **changes, expires_at=format_time(parse_time(at) + RETENTION))

    def _upload_composite(self, recording: Row, settings: dict[str, Any], at: str) -> int:
        """Write the video, and the audio in a file of its own if requested. Returns the size of the first file."""
        video, audio, length = (
            settings.get("video_config", {}),
            settings.get("audio_config"),
            recording["recorded_seconds"],
        )
        name = recording["output_file_name"]
        written: dict[str, tuple[str, bytes, str]] = {}
        if video.get("export_file", True):
            if name.endswith(".mp4"):
                content = media.mp4(length, video.get("width", 1280), video.get("height", 720))
                written["video"] = (name, content, "video/mp4")
            else:  # VP8 and VP9 have no frame simple enough to write by hand: the file holds audio only
                written["video"] = (name, media.webm(length), "video/webm")
        if audio is not None and audio.get("export_file", True):
            stem = name.rpartition(".")[0]
            if audio.get("codec") == "MP3":
                written["audio"] = (f"{stem}.mp3", media.mp3(length), "audio/mpeg")
            else:
                written["audio"] = (f"{stem}.aac", media.aac(length), "audio/aac")
        if settings.get("realtimekit_bucket_config", {}).get("enabled", True):
            for file_name, content, media_type in written.values():
                self._files.save(recording["id"], file_name, content, media_type, at, RETENTION)
            settings["files"] = {kind: file_name for kind, (file_name, _, _) in written.items()}
        return next((len(content) for _, content, _ in written.values()), 0)

    def _upload_tracks(self, recording: Row, settings: dict[str, Any], at: str) -> int:
        """Write one file for each peer who was there meanwhile, in each layer. Returns the size of all of them."""
        peers = self._store.rows("select * from peers where session_id = ? order by number", recording["session_id"])
        wanted = settings.get("user_ids")
        start, end = recording["started_time"], recording["stopped_time"]
        sizes: dict[str, int] = {}
        tracks: dict[str, list[str]] = {layer: [] for layer in settings["layers"]}
        for peer in peers:
            if wanted is not None and not {peer["participant_id"], peer["custom_participant_id"]} & set(wanted):
                continue
            there = max(peer["joined_at"], start), min(peer["left_at"] or end, end)
            if there[0] > there[1]:
                continue
            content = media.webm(min(seconds_between(*there), recording["recorded_seconds"]))
            for layer, given in settings["layers"].items():
                name = _file_name(given, f"{recording['meeting_id']}_{peer['id']}", recording["invoked_time"], "webm")
                self._files.save(recording["id"], name, content, "audio/webm", at, RETENTION)
                sizes[name] = len(content)
                tracks[layer].append(name)
        settings["tracks"] = tracks
        return sum(sizes.values())


def _file_name(settings: dict[str, Any], subject: str, at: str, extension: str = "") -> str:
    """Return a name as in the recorded example, `<meeting id>_<milliseconds>.mp4`, after the prefix if there is one."""
    prefix = f"{settings['file_name_prefix']}_" if settings.get("file_name_prefix") else ""
    if not extension:
        composite_of_mp4 = settings.get("video_config", {}).get("codec", "H264") == "H264" and "layers" not in settings
        extension = "mp4" if composite_of_mp4 else "webm"
    return f"{prefix}{subject}_{round(parse_time(at).timestamp() * 1000)}.{extension}"


# The properties of a storage_config that responses contain. Its keys and passwords are not even stored.
READABLE_STORAGE = ("type", "bucket", "region", "path", "auth_method", "username", "host", "port")
_SETTINGS = (
    "max_seconds",
    "file_name_prefix",
    "audio_config",
    "video_config",
    "storage_config",
    "realtimekit_bucket_config",
)


def composite_settings(
    requested: Mapping[str, Any], meeting: Mapping[str, Any], new_id: Callable[[], str]
) -> dict[str, Any]:
    """Return the settings of a composite recording: those of the request, and for the rest those of the meeting."""
    both = {**(meeting.get("recording_config") or {}), **requested}
    settings = {name: both[name] for name in _SETTINGS if both.get(name) is not None}
    if storage := settings.get("storage_config"):
        kept = {name: storage[name] for name in READABLE_STORAGE if name in storage}
        settings["storage_config"] = {"id": new_id(), **kept}
    return settings
