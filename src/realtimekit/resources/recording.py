"""Recordings: video and audio of a meeting, of everybody together or of each one apart."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, TypedDict, Unpack

from realtimekit.artifacts.download import Downloadable, File
from realtimekit.flow import F, Flow, Sync
from realtimekit.kwargs import RequestOptions, ScopedOptions
from realtimekit.operation import fluent, operation
from realtimekit.paths import encode_segment
from realtimekit.polling import wait_until
from realtimekit.record import Record, field
from realtimekit.relation import Relation
from realtimekit.resource import Resource, all_on_default_client, on_default_client
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

if TYPE_CHECKING:
    from collections.abc import Callable

RecordingStatus: TypeAlias = Literal["INVOKED", "RECORDING", "PAUSED", "UPLOADING", "UPLOADED", "ERRORED"] | str

# INVOKED -> RECORDING <-> PAUSED -> UPLOADING -> UPLOADED, and from anywhere else to ERRORED: what is ahead of each.
_END = frozenset({"UPLOADING", "UPLOADED", "ERRORED"})
_AHEAD: Mapping[str, frozenset[str]] = {
    "INVOKED": _END | {"RECORDING", "PAUSED"},
    "RECORDING": _END | {"PAUSED"},
    "PAUSED": _END | {"RECORDING"},
    "UPLOADING": frozenset({"UPLOADED", "ERRORED"}),
    "UPLOADED": frozenset(),
    "ERRORED": frozenset(),
}


class RecordingFilters(ScopedOptions, total=False):
    """The query of `GET /recordings`."""

    meeting_id: str
    status: RecordingStatus | Sequence[RecordingStatus]
    expired: bool
    search: str
    start_time: datetime | str
    end_time: datetime | str
    sort_by: Literal["invokedTime"] | str
    sort_order: Literal["ASC", "DESC"]
    page_no: int  # the page to start from; one page alone is `.page(n)`
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

    layers: Mapping[str, TrackLayer]  # by their names
    user_ids: Sequence[str]  # whom to record (beta)


class Caller(Record, repr_fields=("type", "name")):
    """Who had a recording started or stopped."""

    type: Literal["ORGANIZATION", "USER"] | str | None
    user_id: str | None = field("user_Id", "user_id")  # the capital is the API's
    name: str | None


class StartReason(Record, repr_fields=("reason",)):
    """Why a recording was started."""

    reason: Literal["API_CALL", "RECORD_ON_START"] | str | None
    caller: Caller | None


class StopReason(Record, repr_fields=("reason",)):
    """Why a recording was stopped."""

    reason: Literal["API_CALL", "INTERNAL_ERROR", "ALL_PEERS_LEFT"] | str | None
    caller: Caller | None


def _links(raw: Any) -> dict[str, str]:
    if not isinstance(raw, dict) or not all(isinstance(file, dict) for file in raw.values()):
        raise TypeError("expected an object of objects")
    return {name: file["download_url"] for name, file in raw.items() if file.get("download_url") is not None}


class RecordingLayer(Record, repr_fields=("layer_name",)):
    """The files of one layer of a track recording."""

    layer_name: str | None
    download_urls: dict[str, str] | None = field("download_urls", converter=_links)
    """File name -> link."""


def _one_link(raw: Any) -> str | None:
    if not isinstance(raw, str | list):
        raise TypeError(f"expected a text or a list, got {type(raw).__name__}")
    return raw if isinstance(raw, str) else None


def _layers(raw: Any) -> list[RecordingLayer] | None:
    return None if _one_link(raw) is not None else [RecordingLayer(layer) for layer in raw]


class Recordings(Relation["Recording[F]", F]):
    """The recordings of an app: `client.recordings`."""

    def where(self, **filters: Unpack[RecordingFilters]) -> Recordings[F]:
        """Those that match: `GET /recordings`.

        Raises:
            ValueError: a time that is none, or that has no time zone.
        """
        return self._where(filters)

    def order_by(self, field: Literal["invoked_time", "-invoked_time"] | str, /) -> Recordings[F]:
        """Ascending by this field, or with "-" descending."""
        return self._order_by(field)

    @operation
    def find(self, id: str, /, **options: Unpack[ScopedOptions]) -> Flow[Recording[F]]:
        """`GET /recordings/{recording_id}`.

        Raises:
            NotFoundError: there is none with this id.
        """
        return self._find(id, {}, options)

    @operation
    def active_for(self, meeting_id: str, /, **options: Unpack[ScopedOptions]) -> Flow[Recording[F]]:
        """The recording that is being made of a meeting: `GET /recordings/active-recording/{meeting_id}`.

        Raises:
            NotFoundError: none is.
        """
        path = f"/active-recording/{encode_segment('meeting_id', meeting_id)}"
        return self._fetch_record(*self._call("GET", path, options))

    @operation
    def create(self, **fields: Unpack[NewRecording]) -> Flow[Recording[F]]:
        """Record a meeting, everybody in one file: `POST /recordings`. It starts INVOKED."""
        return self._create(fields)

    @operation
    def create_track(self, **fields: Unpack[NewTrackRecording]) -> Flow[Recording[F]]:
        """Record a meeting, each participant in a file: `POST /recordings/track`. The files are in `layers`."""
        return self._create(fields, "/track")

    def ref(self, id: str, /, **options: Unpack[ScopedOptions]) -> Recording[F]:
        """A recording known by its id alone: nothing is sent."""
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

    `download_url` needs no token and is as good as one: it works for whoever has it, until `download_url_expiry`.
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
    download_url: str | None = field("download_url", converter=_one_link)
    """None until the status is UPLOADED, and of a track recording: its links are in `layers`."""
    download_url_expiry: datetime | None
    audio_download_url: str | None = field("audio_download_url", "download_audio_url")  # a guide has the second
    layers: list[RecordingLayer] | None = field("download_url", converter=_layers)
    """Only of a track recording that is UPLOADED."""
    storage_config: StorageConfig | None
    start_reason: StartReason | None
    stop_reason: StopReason | None
    meeting: Meeting[F] | None
    """Only in some answers."""

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
        """`PUT /recordings/{recording_id}`: "pause", "resume" or "stop"."""
        return self._write("PUT", {"action": action, **options})

    @fluent
    def pause(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """`PUT /recordings/{recording_id}` with the action "pause"."""
        return self._write("PUT", {"action": "pause", **options})

    @fluent
    def resume(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """`PUT /recordings/{recording_id}` with the action "resume"."""
        return self._write("PUT", {"action": "resume", **options})

    @fluent
    def stop(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """`PUT /recordings/{recording_id}` with the action "stop": its file is then uploaded."""
        return self._write("PUT", {"action": "stop", **options})

    @fluent
    def wait_until(
        self,
        *statuses: RecordingStatus,
        timeout: float = 600,
        poll: float = 5,
        progress: Callable[[Recording[F]], object] | None = None,
    ) -> Flow[None]:
        """Read the recording again and again, until it has one of these statuses: `recording.wait_until("UPLOADED")`.

        Args:
            statuses: one or more.
            timeout: seconds in all.
            poll: seconds from one read to the next.
            progress: called with the recording after each read.

        Raises:
            WaitError: it can no longer have any of them: it failed, or is past them.
            WaitTimeoutError: the time is over.
            ValueError: no status to wait for, or a time that is not above 0.
        """
        if not statuses:
            raise ValueError("no status to wait for: give one or more, as in wait_until('UPLOADED')")

        def failed(recording: Recording[F]) -> str | None:
            ahead = _AHEAD.get(recording.status)
            if ahead is None:
                return None  # a new status may lead anywhere; and a new one may come after any but the last
            possible = ahead and any(status in ahead or status not in _AHEAD for status in statuses)
            return None if possible else f"it is {recording.status}"

        what = f"to be {' or '.join(statuses)}"
        return wait_until(
            self,
            lambda recording: recording.status in statuses,
            what=what,
            timeout=timeout,
            poll=poll,
            failed=failed,
            progress=progress,
        )

    # --- its files -----------------------------------------------------------------------------------------------

    @property
    def audio(self) -> File[F]:
        """The file with the sound alone: `recording.audio.download("weekly.mp3")`."""
        return File(self, f"{self._default_name()}-audio", lambda: self.audio_download_url)

    @property
    def tracks(self) -> list[File[F]]:
        """The files of a track recording, layer by layer; [] until it is UPLOADED, and of any other recording."""
        places = [(n, name) for n, layer in enumerate(self.layers or []) for name in layer.download_urls or {}]
        # Numbered, because two names may become one when they are made safe for a folder.
        return [
            File(
                self,
                f"{self._default_name()}-{number}-{name.rpartition('.')[0] or name}",
                partial(self._track, layer, name),
            )
            for number, (layer, name) in enumerate(places, 1)
        ]

    def _track(self, layer: int, name: str) -> str | None:
        """A link, asked again after a renewal."""
        layers = self.layers or []
        return (layers[layer].download_urls or {}).get(name) if layer < len(layers) else None

    # --- what a download asks for ------------------------------------------------------------------------------------

    def _link(self) -> str | None:
        return self.download_url

    def _refresh_link(self) -> Flow[None]:
        return self._read()

    def _default_name(self) -> str:
        name = self.output_file_name or self.id
        return name.rpartition(".")[0] or name
