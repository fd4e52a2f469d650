"""The objects that events contain: meeting, participant, recording. Their fields are camelCase on the wire.

The fields are those of the documented samples, old and new. Any of them but an id may be missing.
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any, Literal, Self

from realtimekit.artifacts.download import Downloadable, File
from realtimekit.flow import F, Flow, Runner
from realtimekit.kwargs import RequestOptions
from realtimekit.record import Record, field
from realtimekit.resource import _DefaultClient
from realtimekit.webhooks.clients import NoClient

if TYPE_CHECKING:
    from realtimekit.resources.recording import Recording


class Organizer(Record, repr_fields=("id", "name")):
    """`organizedBy`: the app that the meeting belongs to."""

    id: str | None
    name: str | None


class EventMeeting(Record, repr_fields=("id", "sessionId", "title", "status")):
    """The meeting of an event and its session, in one object."""

    id: str
    session_id: str | None = field("sessionId")
    title: str | None
    room_name: str | None = field("roomName")
    """Only in older events."""
    status: Literal["LIVE"] | str | None
    """"LIVE", even in meeting.ended."""
    created_at: datetime | None = field("createdAt")
    started_at: datetime | None = field("startedAt")
    ended_at: datetime | None = field("endedAt")
    organized_by: Organizer | None = field("organizedBy")


class EventParticipant(Record, repr_fields=("peerId", "userDisplayName", "customParticipantId")):
    """The participant who joined or left."""

    peer_id: str = field("peerId")
    """The participant's id in this session: the id of a `SessionParticipant`."""
    display_name: str | None = field("userDisplayName")
    custom_participant_id: str | None = field("customParticipantId")
    client_specific_id: str | None = field("clientSpecificId")
    """Only in older events."""
    joined_at: datetime | None = field("joinedAt")
    left_at: datetime | None = field("leftAt")


class TrackLayer(Record, repr_fields=("layer_name",)):
    """One layer of a track recording."""

    layer_name: str | None = field("layer_name", "layerName")

    @property
    def files(self) -> dict[str, str]:
        """File name -> link. A link works for whoever has it, until `download_url_expiry`."""
        raw = self._data.get("download_urls") or self._data.get("downloadUrls")
        links = {name: _link(value) for name, value in raw.items()} if isinstance(raw, dict) else {}
        return {name: link for name, link in links.items() if link is not None}


def _link(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("download_url") or value.get("downloadUrl")
    return value if isinstance(value, str) else None


class EventRecording(Record, Downloadable[F], repr_fields=("id", "status", "outputFileName")):
    """A recording. While its status is UPLOADING, there may be only ids, times and the file size.

    `event.recording.download("recordings/")` downloads the file behind the link in the event (`await` it for an
    `AsyncReceiver`); so do its `audio` and `tracks`. An expired link is renewed by `GET /recordings/{recording_id}`.
    """

    _client: Runner[F] = _DefaultClient()  # type: ignore[assignment]  # of a record that the user created: a sync one

    id: str = field("id", "recordingId")
    status: Literal["INVOKED", "RECORDING", "PAUSED", "UPLOADING", "UPLOADED", "ERRORED"] | str | None
    audio_download_url: str | None = field("audioDownloadUrl")
    download_url_expiry: datetime | None = field("downloadUrlExpiry")
    started_time: datetime | None = field("startedTime")
    stopped_time: datetime | None = field("stoppedTime")
    file_size: int | None = field("fileSize")
    """Bytes. A string on the wire; in older events a number."""
    output_file_name: str | None = field("outputFileName")
    recording_duration: float | None = field("recordingDuration")
    """Seconds."""
    meeting_id: str | None = field("meetingId")
    session_id: str | None = field("roomUUID")
    organization_id: str | None = field("organizationId")
    """The id of the app."""

    @property
    def download_url(self) -> str | None:
        """The link to the file, once the status is UPLOADED; None for a track recording: its links are in `layers`."""
        return _link(self._data.get("downloadUrl"))

    @property
    def layers(self) -> list[TrackLayer]:
        """The layers of a track recording; empty for any other."""
        value = self._data.get("downloadUrl")
        return [TrackLayer(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []

    @property
    def audio(self) -> File[F]:
        """The audio-only file: `event.recording.audio.download("weekly.mp3")`."""
        return self._record.audio

    @property
    def tracks(self) -> list[File[F]]:
        """The files of a track recording, layer by layer; [] before it is UPLOADED, and for other recordings."""
        return self._record.tracks

    # --- as a Downloadable -------------------------------------------------------------------------------------------

    def _link(self) -> str | None:
        return self._record._link()

    def _refresh_link(self, options: RequestOptions | None = None) -> Flow[None]:
        return self._record._refresh_link(options)

    def _default_filename(self) -> str:
        return self._record._default_filename()

    @property
    def _record(self) -> Recording[F]:
        """The API's record, with the fields that the event contains. Created once, so that it keeps a renewed link."""
        made: Recording[F] | None = self.__dict__.get("_made_record")
        return made or self.__dict__.setdefault("_made_record", self._make_record())

    def _make_record(self) -> Recording[F]:
        from realtimekit.resources.recording import Recording  # loaded when a file is downloaded

        layers = [
            {"download_urls": {name: {"download_url": link} for name, link in layer.files.items()}}
            for layer in self.layers
        ]
        data = {
            "id": self.id,
            "output_file_name": self.output_file_name,
            "download_url": layers or self.download_url,
            "audio_download_url": self.audio_download_url,
        }
        settings = self._client.settings
        scope: dict[str, Any] = {"account_id": settings.account_id, "app_id": settings.app_id or self.organization_id}
        return Recording[F]._from_data(self._client, data, scope)

    @classmethod
    def _nested(cls, data: dict[str, Any], parent: Record) -> Self:
        return cls._bound(data, parent.__dict__.get("_client"))

    @classmethod
    def _bound(cls, data: dict[str, Any], client: Runner[F] | None) -> Self:
        recording = cls(data)
        if client is not None:
            recording.__dict__["_client"] = client
        return recording

    def __reduce__(self) -> tuple[Any, ...]:  # like an event's
        return type(self)._bound, (self._data, NoClient() if self._client.asynchronous else None)
