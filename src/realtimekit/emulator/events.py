"""What webhooks are told: the nine events, with the payloads that the platform documents.

Bodies are in camelCase, with the name as `event`. https://developers.cloudflare.com/realtime/realtimekit/webhooks
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, TypeAlias

from realtimekit.emulator.operations import Call

if TYPE_CHECKING:
    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.store import Row

# Is given the app, the name of the event, its payload, and when it happened.
Tell: TypeAlias = Callable[[str, str, Mapping[str, Any], str], None]


class Events:
    def __init__(self, emulator: Emulator, tell: Tell) -> None:
        self._emulator = emulator
        self._told = tell

    def _tell(self, app_id: str, event: str, at: str, **payload: Any) -> None:
        self._told(app_id, event, payload, at)

    def _session(self, session_id: str) -> Row:
        return self._emulator.store.rows("select * from sessions where id = ?", session_id)[0]

    def _organizer(self, app_id: str) -> dict[str, Any]:
        app = self._emulator.store.row("select name from apps where id = ?", app_id) or {"name": None}
        return {"id": app_id, "name": app["name"]}

    def _meeting(self, session: Row) -> dict[str, Any]:
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

    def _link(self, session_id: str, name: str, word: str) -> dict[str, str]:
        link = self._emulator.files.link(self._emulator.origin, session_id, name)
        return {} if link is None else {f"{word}DownloadUrl": link[0], f"{word}DownloadUrlExpiry": link[1]}

    # --- a session -----------------------------------------------------------------------------------------------

    def started(self, session: Row, at: str) -> None:
        self._tell(session["app_id"], "meeting.started", at, meeting=self._meeting(session))

    def ended(self, session: Row, reason: str, at: str) -> None:
        self._tell(session["app_id"], "meeting.ended", at, meeting=self._meeting(session), reason=reason)

    def joined(self, peer: Row, at: str) -> None:
        self._participant("meeting.participantJoined", peer, at)

    def left(self, peer: Row, at: str) -> None:
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
        self._tell(session["app_id"], event, at, meeting=self._meeting(session), participant=participant)

    # --- what it leaves ------------------------------------------------------------------------------------------

    def chat_synced(self, session: Row, at: str) -> None:
        """The one without a meeting object."""
        self._tell(
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
        self._tell(session["app_id"], "meeting.transcript", at, meeting=self._meeting(session), **link)

    def summarized(self, session: Row, at: str) -> None:
        link = self._link(session["id"], "summary.md", "summary")
        self._tell(session["app_id"], "meeting.summary", at, meeting=self._meeting(session), **link)

    # --- what goes out of it -------------------------------------------------------------------------------------

    def recording(self, recording: Row, at: str) -> None:
        from realtimekit.emulator.operations.recordings import shown  # noqa: PLC0415 - it imports the recorder

        seen = shown(Call(self._emulator, {}, {}, {}, at, self._emulator.origin), recording)
        told = {
            "id": seen["id"],
            "recordingId": seen["id"],
            "status": seen["status"],
            "downloadUrl": seen["download_url"],
            "audioDownloadUrl": seen["audio_download_url"],
            "downloadUrlExpiry": seen["download_url_expiry"],
            "startedTime": seen["started_time"],
            "stoppedTime": seen["stopped_time"],
            "fileSize": None if seen["file_size"] is None else str(seen["file_size"]),  # text, in the newest samples
            "outputFileName": seen["output_file_name"],
            "meetingId": recording["meeting_id"],
            "recordingDuration": seen.get("recording_duration"),
            "organizationId": recording["app_id"],
            "roomUUID": seen["session_id"],
        }
        if recording["session_id"] is None:
            self._tell(recording["app_id"], "recording.statusUpdate", at, recording=told)
        else:
            meeting = self._meeting(self._session(recording["session_id"]))
            self._tell(recording["app_id"], "recording.statusUpdate", at, recording=told, meeting=meeting)

    def livestream(self, livestream: Row, status: str, at: str) -> None:
        from realtimekit.emulator.operations.livestreams import shown_livestream  # noqa: PLC0415 - as above

        seen = shown_livestream(livestream)
        session = None
        if livestream["meeting_id"] is not None:
            sql = "select * from sessions where meeting_id = ? order by number desc limit 1"
            session = self._emulator.store.row(sql, livestream["meeting_id"])
        self._tell(
            livestream["app_id"],
            "livestreaming.statusUpdate",
            at,
            streamId=seen["id"],
            status=status,  # LIVE, OFFLINE or IDLE: not the words of the REST API
            manualIngest=seen["meeting_id"] is None,
            playbackUrl=seen["playback_url"],
            ingestServer=seen["ingest_server"],
            streamKey=seen["stream_key"],
            **({} if session is None else {"meeting": self._meeting(session)}),
        )
