"""Recordings: video and audio of a meeting, in one file or in one for each participant."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Any, Literal, TypeAlias, TypedDict, Unpack

from realtimekit.artifacts.download import Downloadable, File
from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import RequestOptions, ScopedOptions
from realtimekit.operation import fluent, operation
from realtimekit.paths import encode_segment
from realtimekit.polling import wait_until
from realtimekit.record import Record, field
from realtimekit.relation import Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client, reject_other_id
from realtimekit.resources.meeting import Meeting
from realtimekit.resources.recording_config import (
    AudioConfigFields,
    BucketConfigFields,
    InteractiveConfigFields,
    RtmpFields,
    StorageConfig,
    StorageConfigFields,
    VideoConfigFields,
)
from realtimekit.resources.selections import OfSession

RecordingStatus: TypeAlias = Literal["INVOKED", "RECORDING", "PAUSED", "UPLOADING", "UPLOADED", "ERRORED"] | str

# INVOKED -> RECORDING <-> PAUSED -> UPLOADING -> UPLOADED, and ERRORED from all but UPLOADED. What can follow each:
_AFTER_STOP = frozenset({"UPLOADING", "UPLOADED", "ERRORED"})
_FOLLOWING: Mapping[str, frozenset[str]] = {
    "INVOKED": _AFTER_STOP | {"RECORDING", "PAUSED"},
    "RECORDING": _AFTER_STOP | {"PAUSED"},
    "PAUSED": _AFTER_STOP | {"RECORDING"},
    "UPLOADING": frozenset({"UPLOADED", "ERRORED"}),
    "UPLOADED": frozenset(),
    "ERRORED": frozenset(),
}


class RecordingFilters(ScopedOptions, total=False):
    """The query of `GET /recordings`."""

    meeting_id: str
    session_id: str  # selected here: the API has no such filter
    status: RecordingStatus | Sequence[RecordingStatus]
    expired: bool
    search: str
    start_time: datetime | str
    end_time: datetime | str
    sort_by: Literal["invokedTime"] | str
    sort_order: Literal["ASC", "DESC"]
    page_no: int  # the page to start from; for a single page use `.page(n)`
    per_page: int


class _OfMeeting(ScopedOptions):
    meeting_id: str


class NewRecording(_OfMeeting, total=False):
    """The body of `POST /recordings`."""

    max_seconds: int  # 60 to 86400
    file_name_prefix: str
    url: str
    allow_multiple_recordings: bool  # default False: one active recording per meeting
    audio_config: AudioConfigFields
    video_config: VideoConfigFields
    storage_config: StorageConfigFields | None
    realtimekit_bucket_config: BucketConfigFields
    rtmp_out_config: RtmpFields
    interactive_config: InteractiveConfigFields


class TrackLayer(TypedDict, total=False):
    """One layer of a track recording."""

    file_name_prefix: str  # letters, digits, _, - and spaces
    media_kind: Literal["audio"] | str  # default audio


class NewTrackRecording(_OfMeeting, total=False):
    """The body of `POST /recordings/track`."""

    layers: Mapping[str, TrackLayer]  # by layer name
    user_ids: Sequence[str]  # the participants to record (beta)


class Caller(Record, repr_fields=("type", "name")):
    """Who started or stopped a recording."""

    type: Literal["ORGANIZATION", "USER"] | str | None
    user_id: str | None = field("user_Id", "user_id")  # the API spells it with a capital
    name: str | None


class StartReason(Record, repr_fields=("reason",)):
    """Why a recording was started."""

    reason: Literal["API_CALL", "RECORD_ON_START"] | str | None
    caller: Caller | None


class StopReason(Record, repr_fields=("reason",)):
    """Why a recording was stopped."""

    reason: Literal["API_CALL", "INTERNAL_ERROR", "ALL_PEERS_LEFT"] | str | None
    caller: Caller | None


def _parse_download_urls(raw: Any) -> dict[str, str]:
    if not isinstance(raw, dict) or not all(isinstance(file, dict) for file in raw.values()):
        raise TypeError("expected an object of objects")
    return {name: file["download_url"] for name, file in raw.items() if file.get("download_url") is not None}


class RecordingLayer(Record, repr_fields=("layer_name",)):
    """The files of one layer of a track recording."""

    layer_name: str | None
    download_urls: dict[str, str] | None = field("download_urls", converter=_parse_download_urls)
    """File name -> download URL."""


def _parse_download_url(raw: Any) -> str | None:
    if not isinstance(raw, str | list):
        raise TypeError(f"expected a string or a list, got {type(raw).__name__}")
    return raw if isinstance(raw, str) else None


def _parse_layers(raw: Any) -> list[RecordingLayer] | None:
    return None if _parse_download_url(raw) is not None else [RecordingLayer(layer) for layer in raw]


class Recordings(Relation["Recording[F]", F]):
    """The recordings of an app: `client.recordings`."""

    def where(self, **filters: Unpack[RecordingFilters]) -> Recordings[F]:
        """Return the recordings that match these filters: `GET /recordings`.

        Args:
            filters: `meeting_id`, `session_id`, `status` (one or several of "INVOKED", "RECORDING", "UPLOADING",
                "UPLOADED", "ERRORED", "PAUSED"), `expired`, `search`, `start_time` and `end_time` (aware datetimes, or
                strings in ISO 8601), `page_no` (the page to start from) and `per_page`; `sort_by` ("invokedTime") and
                `sort_order` ("ASC", "DESC"), for which there is `order_by("invoked_time")`, with "-" descending; and
                the options of every call: `app_id`, `account_id`, `timeout` (seconds), `extra_query`, `extra_headers`.

        `session_id` is not a filter of the API: the SDK loads the session for the id of its meeting
        (`GET /sessions/{session_id}`; not if `meeting_id` is passed as well), reads the recordings of the meeting, and
        leaves out those of its other sessions. The other filters are sent unchanged.

        Raises:
            ValueError: a time is invalid or has no time zone.
        """
        relation, session_id = self._where(filters), filters.get("session_id")
        return relation if session_id is None else relation._clone(_selection=OfSession(session_id))

    def order_by(self, field: Literal["invoked_time", "-invoked_time"] | str, /) -> Recordings[F]:
        """Sort by this field, ascending; with "-" descending."""
        return self._order_by(field)

    @operation
    def find(self, id: str, /, **options: Unpack[ScopedOptions]) -> Flow[Recording[F]]:
        """Return one recording: `GET /recordings/{recording_id}`.

        Raises:
            NotFoundError: there is no recording with this id.
        """
        return self._find(id, {}, options)

    @operation
    def active_for(self, meeting_id: str, /, **options: Unpack[ScopedOptions]) -> Flow[Recording[F]]:
        """Return the active recording of a meeting: `GET /recordings/active-recording/{meeting_id}`.

        Raises:
            NotFoundError: the meeting is not being recorded.
        """
        path = f"/active-recording/{encode_segment('meeting_id', meeting_id)}"
        recording = yield from self._fetch_record(*self._call("GET", path, options))
        if recording.meeting is not None:
            reject_other_id("meeting", recording.meeting._data.get("id"), meeting_id)
        return recording

    @operation
    def create(self, **fields: Unpack[NewRecording]) -> Flow[Recording[F]]:
        """Record a meeting in one file: `POST /recordings`. The first status is INVOKED."""
        return self._create(fields)

    @operation
    def create_track(self, **fields: Unpack[NewTrackRecording]) -> Flow[Recording[F]]:
        """Record each participant of a meeting in a file: `POST /recordings/track`. The files are in `tracks`."""
        return self._create(fields, "/track")

    def ref(self, id: str, /, **options: Unpack[ScopedOptions]) -> Recording[F]:
        """Return a recording of which only the id is known. Nothing is sent."""
        return self._ref(id, options)


class Recording(
    Resource[F],
    Downloadable[F],
    path="/{app_id}/recordings(/{recording_id})",
    collection=Recordings,
    item_key="recording",
    repr_fields=("id", "status", "output_file_name"),
):
    """A recording of a meeting. Its file is kept for 7 days.

    `download_url` is a credential: it needs no token and works for anyone who has it, until `download_url_expiry`.
    """

    id: str
    status: RecordingStatus
    output_file_name: str | None
    session_id: str | None
    invoked_time: datetime | None
    started_time: datetime | None
    stopped_time: datetime | None
    recording_duration: float | None
    """Seconds."""
    file_size: int | None
    """Bytes."""
    download_url: str | None = field("download_url", converter=_parse_download_url)
    """None before the status is UPLOADED, and for track recordings: their URLs are in `layers`."""
    download_url_expiry: datetime | None
    audio_download_url: str | None = field("audio_download_url", "download_audio_url")  # a guide uses the second
    layers: list[RecordingLayer] | None = field("download_url", converter=_parse_layers)
    """Only for track recordings that are UPLOADED."""
    storage_config: StorageConfig | None
    start_reason: StartReason | None
    stop_reason: StopReason | None
    meeting: Meeting[F] | None
    """Only in some responses."""

    find = on_default_client(Recordings[Sync].find)
    where = on_default_client(Recordings[Sync].where)
    all = all_on_default_client(Recordings[Sync].where)
    ref = on_default_client(Recordings[Sync].ref)
    create = on_default_client(Recordings[Sync].create)
    create_track = on_default_client(Recordings[Sync].create_track)
    active_for = on_default_client(Recordings[Sync].active_for)

    @fluent
    def transition(
        self, action: Literal["pause", "resume", "stop"] | str, /, **options: Unpack[RequestOptions]
    ) -> Flow[None]:
        """Pause, resume or stop the recording: `PUT /recordings/{recording_id}` with the action."""
        return self._write("PUT", {"action": action, **options})

    @fluent
    def pause(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Pause the recording: `PUT /recordings/{recording_id}` with the action "pause"."""
        return self._write("PUT", {"action": "pause", **options})

    @fluent
    def resume(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Resume the recording: `PUT /recordings/{recording_id}` with the action "resume"."""
        return self._write("PUT", {"action": "resume", **options})

    @fluent
    def stop(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Stop the recording; its file is then uploaded: `PUT /recordings/{recording_id}` with the action "stop"."""
        return self._write("PUT", {"action": "stop", **options})

    @fluent
    def wait_until(
        self,
        *statuses: RecordingStatus,
        timeout: float = 600,
        poll_interval: float = 5,
        progress: Callable[[Recording[F]], object] | None = None,
    ) -> Flow[None]:
        """Reload the recording until it has one of these statuses: `GET /recordings/{recording_id}`, repeatedly.

        Example:
            recording.stop().wait_until("UPLOADED")

        Args:
            statuses: one or more.
            timeout: seconds in all.
            poll_interval: seconds between two reads.
            progress: called with the recording after each read.

        Raises:
            WaitError: the recording can no longer reach any of them: it failed, or is past them.
            WaitTimeoutError: it had none of them within `timeout`.
            ValueError: there is no status, or `timeout` or `poll_interval` is not above 0.
        """
        if not statuses:
            raise ValueError("no status to wait for: pass one or more, as in wait_until('UPLOADED')")

        def failed(recording: Recording[F]) -> str | None:
            following = _FOLLOWING.get(recording.status)
            if following is None:
                return None  # an unknown status may lead to any other
            # An unknown status may follow any but the last ones.
            possible = following and any(status in following or status not in _FOLLOWING for status in statuses)
            return None if possible else f"it is {recording.status}"

        goal = f"to be {' or '.join(statuses)}"
        return wait_until(
            self,
            lambda recording: recording.status in statuses,
            goal=goal,
            timeout=timeout,
            poll_interval=poll_interval,
            failed=failed,
            progress=progress,
        )

    # --- its files -----------------------------------------------------------------------------------------------

    @property
    def audio(self) -> File[F]:
        """The file with the audio only: `recording.audio.download("weekly.mp3")`."""
        return File(self, f"{self._default_filename()}-audio", lambda: self.audio_download_url)

    @property
    def tracks(self) -> list[File[F]]:
        """The files of a track recording, layer by layer; [] before it is UPLOADED, and for other recordings."""
        tracks = [(n, name) for n, layer in enumerate(self.layers or []) for name in layer.download_urls or {}]
        # Numbered, because two names may be equal once unsafe characters are replaced.
        return [
            File(
                self,
                f"{self._default_filename()}-{number}-{name.rpartition('.')[0] or name}",
                partial(self._track_url, layer, name),
            )
            for number, (layer, name) in enumerate(tracks, 1)
        ]

    def _track_url(self, layer: int, name: str) -> str | None:
        """Return the current URL of a track; it changes when the recording is reloaded."""
        layers = self.layers or []
        return (layers[layer].download_urls or {}).get(name) if layer < len(layers) else None

    # --- as a Downloadable -------------------------------------------------------------------------------------------

    def _link(self) -> str | None:
        return self.download_url

    def _refresh_link(self, options: RequestOptions | None = None) -> Flow[None]:
        return self._read(options)

    def _default_filename(self) -> str:
        name = self.output_file_name or self.id
        return name.rpartition(".")[0] or name
