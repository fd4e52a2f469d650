"""Bodies of events: as documented now, and as in older samples."""

from __future__ import annotations

import inspect
from typing import Any

from realtimekit.record import Record

ORGANIZER = {"id": "app-1", "name": "Emulator"}
MEETING: dict[str, Any] = {
    "id": "meet-1",
    "sessionId": "sess-1",
    "title": "Release planning",
    "status": "LIVE",
    "createdAt": "2026-06-03T10:00:00.000Z",
    "startedAt": "2026-06-03T10:00:00.000Z",
    "organizedBy": ORGANIZER,
}
PARTICIPANT = {
    "peerId": "peer-1",
    "userDisplayName": "Alice",
    "customParticipantId": "user-alice",
    "joinedAt": "2026-06-03T10:00:01.000Z",
}
RECORDING = {
    "id": "rec-1",
    "recordingId": "rec-1",
    "status": "UPLOADED",
    "downloadUrl": "https://files.example/rec-1.mp4?signature=abc",
    "audioDownloadUrl": None,
    "downloadUrlExpiry": "2026-06-10T10:00:00.000Z",
    "startedTime": "2026-06-03T10:00:00.000Z",
    "stoppedTime": "2026-06-03T10:10:00.000Z",
    "fileSize": "123456",
    "outputFileName": "rec-1.mp4",
    "meetingId": "meet-1",
    "recordingDuration": 600,
    "organizationId": "app-1",
    "roomUUID": "sess-1",
}

STARTED: dict[str, Any] = {"event": "meeting.started", "meeting": MEETING}
ENDED: dict[str, Any] = {
    "event": "meeting.ended",
    "meeting": {**MEETING, "endedAt": "2026-06-03T10:10:00.000Z"},
    "reason": "ALL_PARTICIPANTS_LEFT",
}
JOINED: dict[str, Any] = {"event": "meeting.participantJoined", "meeting": MEETING, "participant": PARTICIPANT}
LEFT: dict[str, Any] = {
    "event": "meeting.participantLeft",
    "meeting": MEETING,
    "participant": {**PARTICIPANT, "leftAt": "2026-06-03T10:09:00.000Z"},
}
CHAT_SYNCED: dict[str, Any] = {
    "event": "meeting.chatSynced",
    "sessionId": "sess-1",
    "meetingId": "meet-1",
    "title": "Release planning",
    "chatDownloadUrl": "https://files.example/chat.csv?signature=abc",
    "chatDownloadUrlExpiry": "2026-06-10T10:00:00.000Z",
    "createdAt": "2026-06-03T10:00:00.000Z",
    "startedAt": "2026-06-03T10:00:00.000Z",
    "endedAt": "2026-06-03T10:10:00.000Z",
    "organizedBy": ORGANIZER,
}
TRANSCRIPT: dict[str, Any] = {
    "event": "meeting.transcript",
    "meeting": MEETING,
    "transcriptDownloadUrl": "https://files.example/transcript.csv?signature=abc",
    "transcriptDownloadUrlExpiry": "2026-06-10T10:00:00.000Z",
}
SUMMARY: dict[str, Any] = {
    "event": "meeting.summary",
    "meeting": {"id": "meet-1", "sessionId": "sess-1", "organizedBy": ORGANIZER},
    "summaryDownloadUrl": "https://files.example/summary.txt?signature=abc",
    "summaryDownloadUrlExpiry": "2026-06-10T10:00:00.000Z",
}
UPLOADED: dict[str, Any] = {"event": "recording.statusUpdate", "recording": RECORDING, "meeting": MEETING}
LIVESTREAM: dict[str, Any] = {
    "event": "livestreaming.statusUpdate",
    "streamId": "live-1",
    "status": "LIVE",
    "manualIngest": False,
    "playbackUrl": "https://live.example/live-1.m3u8",
    "ingestServer": "rtmps://ingest.example/live",
    "streamKey": "the-secret-stream-key",
    "meeting": MEETING,
}

ALL = [STARTED, ENDED, JOINED, LEFT, CHAT_SYNCED, TRANSCRIPT, SUMMARY, UPLOADED, LIVESTREAM]
"""All nine, as documented now."""


def read_everything(record: Record) -> None:
    """Read every declared field, including those of nested records."""
    for kind in type(record).__mro__:
        for name in inspect.get_annotations(kind):
            if not name.startswith("_") and name != "types":
                value = getattr(record, name)
                if isinstance(value, Record):
                    read_everything(value)
