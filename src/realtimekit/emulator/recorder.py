"""Recordings: INVOKED, RECORDING, PAUSED, UPLOADING, UPLOADED, by the emulator's clock; and what they leave."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from realtimekit.emulator import media
from realtimekit.emulator.clock import iso, moment
from realtimekit.emulator.wire import Refusal

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from realtimekit.emulator.agenda import Happening
    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.store import Row, Store

STARTING = 2.0  # seconds, as in the one recorded example: invoked 10.430, started 12.023
UPLOADING = 5.0  # seconds; how long it really takes is not documented
# https://developers.cloudflare.com/realtime/realtimekit/recording-guide/stop-recording
ALONE = 60.0  # seconds after the last participant left
MAX_SECONDS = 86400
RETENTION = timedelta(days=7)
ACTIVE = ("INVOKED", "RECORDING", "PAUSED")
_RUNNING = ("RECORDING", "PAUSED")
# What each action needs, and leads to.
_ACTIONS = {
    "pause": (("RECORDING",), "PAUSED"),
    "resume": (("PAUSED",), "RECORDING"),
    "stop": (ACTIVE, "UPLOADING"),
}


def later(at: str, seconds: float) -> str:
    return iso(moment(at) + timedelta(seconds=seconds))


def seconds_between(start: str, end: str) -> float:
    return max((moment(end) - moment(start)).total_seconds(), 0.0)


def recorded(recording: Row, now: str) -> float:
    """The seconds recorded so far, without the pauses."""
    running = seconds_between(recording["running_since"], now) if recording["running_since"] else 0.0
    return float(recording["recorded_seconds"]) + running


class Recorder:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self.due: dict[str, Happening] = {
            "start recording": self._start,
            "end recording": self._reach_the_end,
            "end recordings": self.session_closed,
            "upload recording": self._upload,
        }

    @property
    def _store(self) -> Store:
        return self._emulator.store

    def _recording(self, recording_id: str) -> Row:
        return self._store.rows("select * from recordings where id = ?", recording_id)[0]

    def _of(self, column: str, id: str, statuses: tuple[str, ...]) -> list[Row]:  # noqa: A002
        marks = ", ".join("?" * len(statuses))
        sql = f"select * from recordings where {column} = ? and status in ({marks}) order by number"  # noqa: S608 - our names
        return self._store.rows(sql, id, *statuses)

    def _change(self, recording: Row, at: str, **changes: Any) -> Row:
        """Every change of a recording goes through here."""
        changes["updated_at"] = at
        self._store.update("recordings", recording["id"], changes)
        changed = {**recording, **changes}
        if changed["status"] != recording["status"]:
            self._emulator.events.recording(changed, at)
        return changed

    def active(self, meeting_id: str) -> list[Row]:
        """What is recorded of a meeting now, or will be as soon as somebody is there; oldest first."""
        return self._of("meeting_id", meeting_id, ACTIVE)

    def active_composites(self, meeting_id: str) -> list[Row]:
        """Those of them of which there may be only one; whether tracks are in its way is not documented."""
        return [recording for recording in self.active(meeting_id) if "layers" not in json.loads(recording["fields"])]

    # --- beginning -----------------------------------------------------------------------------------------------

    def invoke(self, meeting: Row, settings: dict[str, Any], reason: str, at: str) -> Row:
        """A recording is asked for.

        It starts when somebody is in the meeting; until then it stays INVOKED. (What RealtimeKit does with a meeting
        that nobody is in is not documented.)
        """
        recording: Row = {
            "id": self._emulator.new_id(),
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
        self._emulator.events.recording(recording, at)
        if self._session_with_people(meeting["id"]):
            self._emulator.agenda.plan("start recording", recording["id"], later(at, STARTING))
        return recording

    def _session_with_people(self, meeting_id: str) -> Row | None:
        session = self._emulator.lifecycle.live_session(meeting_id)
        return session if session and session["live_participants"] else None

    def session_opened(self, meeting: Row, at: str) -> None:
        """Record from the start, where the meeting is set up so and no other recording waits for somebody to come."""
        settings = json.loads(meeting["fields"])
        if settings.get("record_on_start") and not self.active_composites(meeting["id"]):
            self.invoke(meeting, composite({}, settings, self._emulator.new_id), "RECORD_ON_START", at)

    def somebody_came(self, session: Row, at: str) -> None:
        """A session is no longer empty."""
        self._emulator.agenda.cancel("end recordings", session["id"])
        for recording in self._of("meeting_id", session["meeting_id"], ("INVOKED",)):
            self._emulator.agenda.plan("start recording", recording["id"], later(at, STARTING))

    def _start(self, recording_id: str, at: str) -> None:
        recording = self._recording(recording_id)
        session = self._session_with_people(recording["meeting_id"])
        if session is None:  # they left again; the next who comes starts it
            return
        changes: Row = {"status": "RECORDING", "session_id": session["id"], "started_time": at, "running_since": at}
        self._change(recording, at, **changes)
        # From its start, whatever was paused: the documents speak of the time that has elapsed.
        longest = json.loads(recording["fields"]).get("max_seconds") or MAX_SECONDS
        self._emulator.agenda.plan("end recording", recording_id, later(at, longest))

    # --- ending --------------------------------------------------------------------------------------------------

    def act(self, recording: Row, action: str, at: str) -> Row:
        """Pause, resume or stop.

        Raises:
            Refusal: 409, the recording is not in a state for it. (The real status is not documented.)
        """
        wanted, status = _ACTIONS[action]
        if recording["status"] not in wanted:
            problem = f"recording {recording['id']} is {recording['status']}; {action} needs {' or '.join(wanted)}"
            raise Refusal(409, problem)
        if action == "stop":
            return self._stop(recording, at, "API_CALL")
        so_far = recorded(recording, at)
        running_since = at if action == "resume" else None
        return self._change(recording, at, status=status, recorded_seconds=so_far, running_since=running_since)

    def _stop(self, recording: Row, at: str, reason: str | None) -> Row:
        for what in ("start recording", "end recording"):
            self._emulator.agenda.cancel(what, recording["id"])
        if recording["status"] == "INVOKED":  # Nothing was recorded, so there is nothing to upload.
            return self._change(recording, at, status="ERRORED", stop_reason=reason)
        self._emulator.agenda.plan("upload recording", recording["id"], later(at, UPLOADING))
        return self._change(
            recording,
            at,
            status="UPLOADING",
            stopped_time=at,
            recorded_seconds=recorded(recording, at),
            running_since=None,
            stop_reason=reason,
        )

    def _reach_the_end(self, recording_id: str, at: str) -> None:
        self._stop(self._recording(recording_id), at, None)  # the API has no word for this reason

    def everybody_left(self, session_id: str, at: str) -> None:
        self._emulator.agenda.plan("end recordings", session_id, later(at, ALONE))

    def session_closed(self, session_id: str, at: str) -> None:
        """The session is over, or has been empty for so long that its recordings end."""
        self._emulator.agenda.cancel("end recordings", session_id)
        for recording in self._of("session_id", session_id, _RUNNING):
            self._stop(recording, at, "ALL_PEERS_LEFT")

    # --- files ---------------------------------------------------------------------------------------------------

    def _upload(self, recording_id: str, at: str) -> None:
        recording = self._recording(recording_id)
        settings = json.loads(recording["fields"])
        if "layers" in settings:
            size = self._upload_tracks(recording, settings, at)
        else:
            size = self._upload_composite(recording, settings, at)
        changes: Row = {"status": "UPLOADED", "file_size": size, "fields": json.dumps(settings)}
        self._change(recording, at, **changes, expires_at=iso(moment(at) + RETENTION))

    def _upload_composite(self, recording: Row, settings: dict[str, Any], at: str) -> int:
        """Write the picture with sound, and the sound by itself where asked for; returns the size of the first."""
        video, audio, length = (
            settings.get("video_config", {}),
            settings.get("audio_config"),
            recording["recorded_seconds"],
        )
        name = recording["output_file_name"]
        made: dict[str, tuple[str, bytes, str]] = {}
        if video.get("export_file", True):
            if name.endswith(".mp4"):
                content = media.mp4(length, video.get("width", 1280), video.get("height", 720))
                made["video"] = (name, content, "video/mp4")
            else:  # VP8 and VP9 have no picture simple enough to write by hand: their file holds the sound alone
                made["video"] = (name, media.webm(length), "video/webm")
        if audio is not None and audio.get("export_file", True):
            stem = name.rpartition(".")[0]
            if audio.get("codec") == "MP3":
                made["audio"] = (f"{stem}.mp3", media.mp3(length), "audio/mpeg")
            else:
                made["audio"] = (f"{stem}.aac", media.aac(length), "audio/aac")
        if settings.get("realtimekit_bucket_config", {}).get("enabled", True):
            for file_name, content, media_type in made.values():
                self._emulator.files.keep(recording["id"], file_name, content, media_type, at, RETENTION)
            settings["files"] = {kind: file_name for kind, (file_name, _, _) in made.items()}
        return next((len(content) for _, content, _ in made.values()), 0)

    def _upload_tracks(self, recording: Row, settings: dict[str, Any], at: str) -> int:
        """Write one file for each peer who was there meanwhile, in each layer; returns the size of all together."""
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
                self._emulator.files.keep(recording["id"], name, content, "audio/webm", at, RETENTION)
                sizes[name] = len(content)
                tracks[layer].append(name)
        settings["tracks"] = tracks
        return sum(sizes.values())


def _file_name(settings: dict[str, Any], subject: str, at: str, extension: str = "") -> str:
    """As in the recorded example, `<meeting id>_<milliseconds>.mp4`, after the prefix if one is given."""
    prefix = f"{settings['file_name_prefix']}_" if settings.get("file_name_prefix") else ""
    if not extension:
        composite_of_mp4 = settings.get("video_config", {}).get("codec", "H264") == "H264" and "layers" not in settings
        extension = "mp4" if composite_of_mp4 else "webm"
    return f"{prefix}{subject}_{round(moment(at).timestamp() * 1000)}.{extension}"


# Of a storage_config: what may be read again. Its keys and passwords are not even kept.
READABLE = ("type", "bucket", "region", "path", "auth_method", "username", "host", "port")
_SETTINGS = (
    "max_seconds",
    "file_name_prefix",
    "audio_config",
    "video_config",
    "storage_config",
    "realtimekit_bucket_config",
)


def composite(asked: Mapping[str, Any], meeting: Mapping[str, Any], new_id: Callable[[], str]) -> dict[str, Any]:
    """The settings of a composite recording: what the call asks for, and for the rest what the meeting is set to."""
    both = {**(meeting.get("recording_config") or {}), **asked}
    settings = {name: both[name] for name in _SETTINGS if both.get(name) is not None}
    if storage := settings.get("storage_config"):
        kept = {name: storage[name] for name in READABLE if name in storage}
        settings["storage_config"] = {"id": new_id(), **kept}
    return settings
