"""The objects that events carry: meeting, participant, recording. Their fields are camelCase on the wire.

Fields come from the documented samples, old and new; all but ids may be absent.
"""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from realtimekit.record import Record, field


class Organizer(Record, repr_fields=("id", "name")):
    """`organizedBy`: the app whose meeting it is."""

    id: str | None
    name: str | None


class EventMeeting(Record, repr_fields=("id", "sessionId", "title", "status")):
    """The meeting and the session of an event, in one object."""

    id: str
    session_id: str | None = field("sessionId")
    title: str | None
    room_name: str | None = field("roomName")
    """Only in older events."""
    status: Literal["LIVE"] | str | None
    """"LIVE", also in meeting.ended."""
    created_at: datetime | None = field("createdAt")
    started_at: datetime | None = field("startedAt")
    ended_at: datetime | None = field("endedAt")
    organized_by: Organizer | None = field("organizedBy")


class EventParticipant(Record, repr_fields=("peerId", "userDisplayName", "customParticipantId")):
    """Who came or left."""

    peer_id: str = field("peerId")
    """What they were in this session: the id of a `SessionParticipant`."""
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
        """The files of the layer: name, link. A link works for whoever has it, until `download_url_expiry`."""
        named = self._data.get("download_urls") or self._data.get("downloadUrls")
        links = {name: _link(value) for name, value in named.items()} if isinstance(named, dict) else {}
        return {name: link for name, link in links.items() if link is not None}


def _link(value: Any) -> str | None:
    if isinstance(value, dict):
        value = value.get("download_url") or value.get("downloadUrl")
    return value if isinstance(value, str) else None


class EventRecording(Record, repr_fields=("id", "status", "outputFileName")):
    """A recording, as far as its event tells: while it is UPLOADING there may be no more than ids, times and size."""

    id: str = field("id", "recordingId")
    status: Literal["INVOKED", "RECORDING", "PAUSED", "UPLOADING", "UPLOADED", "ERRORED"] | str | None
    audio_download_url: str | None = field("audioDownloadUrl")
    download_url_expiry: datetime | None = field("downloadUrlExpiry")
    started_time: datetime | None = field("startedTime")
    stopped_time: datetime | None = field("stoppedTime")
    file_size: int | None = field("fileSize")
    """Bytes. A text on the wire, in older events a number."""
    output_file_name: str | None = field("outputFileName")
    recording_duration: float | None = field("recordingDuration")
    """Seconds."""
    meeting_id: str | None = field("meetingId")
    session_id: str | None = field("roomUUID")
    organization_id: str | None = field("organizationId")
    """The id of the app."""

    @property
    def download_url(self) -> str | None:
        """The link to the file, once it is UPLOADED; None for a recording of tracks, whose links are in `layers`."""
        return _link(self._data.get("downloadUrl"))

    @property
    def layers(self) -> list[TrackLayer]:
        """The layers of a recording of tracks; empty for others."""
        value = self._data.get("downloadUrl")
        return [TrackLayer(item) for item in value if isinstance(item, dict)] if isinstance(value, list) else []
