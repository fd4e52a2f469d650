"""Webhook events: the nine of them, with the payloads that the platform documents.

Bodies are in camelCase, with the name as `event`. https://developers.cloudflare.com/realtime/realtimekit/webhooks
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from realtimekit.emulator.services.serializers import serialize_livestream, serialize_recording

if TYPE_CHECKING:
    from realtimekit.emulator.services.files import FileStore
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World

EVENTS = (
    "meeting.started",
    "meeting.ended",
    "meeting.participantJoined",
    "meeting.participantLeft",
    "meeting.chatSynced",
    "recording.statusUpdate",
    "livestreaming.statusUpdate",
    "meeting.transcript",
    "meeting.summary",
)

# Takes the app's id, the name of the event, its payload, and when it happened.
Publish: TypeAlias = Callable[[str, str, Mapping[str, Any], str], object]


class Events:
    """Builds the payload of each event and publishes it."""

    def __init__(self, world: World, files: FileStore, publish: Publish) -> None:
        self._world = world
        self._store = world.store
        self._files = files
        self._publish_event = publish

    def _publish(self, app_id: str, event: str, at: str, **payload: Any) -> None:
        self._publish_event(app_id, event, payload, at)

    def _session(self, session_id: str) -> Row:
        return self._store.rows("select * from sessions where id = ?", session_id)[0]

    def _organizer(self, app_id: str) -> dict[str, Any]:
        app = self._store.row("select name from apps where id = ?", app_id) or {"name": None}
        return {"id": app_id, "name": app["name"]}

    def _meeting_payload(self, session: Row) -> dict[str, Any]:
        return {
            "id": session["meeting_id"],
            "sessionId": session["id"],
            "title": session["title"],
            "status": "LIVE",  # also in meeting.ended, in the documented samples
            "createdAt": session["created_at"],
            "startedAt": session["started_at"],
            "endedAt": session["ended_at"],
            "organizedBy": self._organizer(session["app_id"]),
        }

    def _link(self, session_id: str, name: str, prefix: str) -> dict[str, str]:
        link = self._files.signed_url(self._world.origin, session_id, name)
        return {} if link is None else {f"{prefix}DownloadUrl": link[0], f"{prefix}DownloadUrlExpiry": link[1]}

    # --- a session ---------------------------------------------------------------------------------------------------

    def meeting_started(self, session: Row, at: str) -> None:
        self._publish(session["app_id"], "meeting.started", at, meeting=self._meeting_payload(session))

    def meeting_ended(self, session: Row, reason: str, at: str) -> None:
        self._publish(session["app_id"], "meeting.ended", at, meeting=self._meeting_payload(session), reason=reason)

    def participant_joined(self, peer: Row, at: str) -> None:
        self._participant("meeting.participantJoined", peer, at)

    def participant_left(self, peer: Row, at: str) -> None:
        self._participant("meeting.participantLeft", peer, at, leftAt=at)

    def _participant(self, event: str, peer: Row, at: str, **more: Any) -> None:
        session = self._session(peer["session_id"])
        participant = {
            "peerId": peer["id"],
            "userDisplayName": peer["name"],
            "customParticipantId": peer["custom_participant_id"],
            "joinedAt": peer["joined_at"],
            **more,
        }
        self._publish(session["app_id"], event, at, meeting=self._meeting_payload(session), participant=participant)

    # --- its artifacts -----------------------------------------------------------------------------------------------

    def chat_synced(self, session: Row, at: str) -> None:
        """The only event without a meeting object."""
        self._publish(
            session["app_id"],
            "meeting.chatSynced",
            at,
            sessionId=session["id"],
            meetingId=session["meeting_id"],
            title=session["title"],
            **self._link(session["id"], "chat.csv", "chat"),
            createdAt=session["created_at"],
            startedAt=session["started_at"],
            endedAt=session["ended_at"],
            organizedBy=self._organizer(session["app_id"]),
        )

    def transcribed(self, session: Row, at: str) -> None:
        link = self._link(session["id"], "transcript.csv", "transcript")
        self._publish(session["app_id"], "meeting.transcript", at, meeting=self._meeting_payload(session), **link)

    def summarized(self, session: Row, at: str) -> None:
        link = self._link(session["id"], "summary.md", "summary")
        self._publish(session["app_id"], "meeting.summary", at, meeting=self._meeting_payload(session), **link)

    # --- recordings and livestreams ----------------------------------------------------------------------------------

    def recording_status_update(self, recording: Row, at: str) -> None:
        fields = serialize_recording(recording, at, self._files, self._world.origin)
        payload = {
            "id": fields["id"],
            "recordingId": fields["id"],
            "status": fields["status"],
            "downloadUrl": fields["download_url"],
            "audioDownloadUrl": fields["audio_download_url"],
            "downloadUrlExpiry": fields["download_url_expiry"],
            "startedTime": fields["started_time"],
            "stoppedTime": fields["stopped_time"],
            "fileSize": None
            if fields["file_size"] is None
            else str(fields["file_size"]),  # a string, in the newest samples
            "outputFileName": fields["output_file_name"],
            "meetingId": recording["meeting_id"],
            "recordingDuration": fields.get("recording_duration"),
            "organizationId": recording["app_id"],
            "roomUUID": fields["session_id"],
        }
        if recording["session_id"] is None:
            self._publish(recording["app_id"], "recording.statusUpdate", at, recording=payload)
        else:
            meeting = self._meeting_payload(self._session(recording["session_id"]))
            self._publish(recording["app_id"], "recording.statusUpdate", at, recording=payload, meeting=meeting)

    def livestream_status_update(self, livestream: Row, status: str, at: str) -> None:
        fields = serialize_livestream(livestream)
        session = None
        if livestream["meeting_id"] is not None:
            sql = "select * from sessions where meeting_id = ? order by number desc limit 1"
            session = self._store.row(sql, livestream["meeting_id"])
        self._publish(
            livestream["app_id"],
            "livestreaming.statusUpdate",
            at,
            streamId=fields["id"],
            status=status,  # LIVE, OFFLINE or IDLE: other words than in the REST API
            manualIngest=fields["meeting_id"] is None,
            playbackUrl=fields["playback_url"],
            ingestServer=fields["ingest_server"],
            streamKey=fields["stream_key"],
            **({} if session is None else {"meeting": self._meeting_payload(session)}),
        )
