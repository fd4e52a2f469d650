"""Answers in the shapes of the API's own examples (where it has none, of its schema)."""

from __future__ import annotations

from typing import Any

from .scripted import places

APP: dict[str, Any] = {
    "id": "14a396e7-ca44-4937-bf1f-050a69118543",
    "name": "my-first-app",
    "created_at": "2025-01-01T08:16:40.644Z",
}
MEETING: dict[str, Any] = {  # the guide's answer to a create leaves most fields out
    "id": "497f6eca-6276-4993-bfeb-53cbbbba6f08",
    "record_on_start": True,
    "created_at": "2025-08-24T14:15:22Z",
    "updated_at": "2025-08-24T14:15:22Z",
}
PERSON: dict[str, Any] = {
    "id": "497f6eca-0000-4993-bfeb-53cbbbba6f08",
    "name": "Ann",
    "picture": "http://example.com",
    "custom_participant_id": "ann-1",
    "preset_name": "group_call_host",
    "created_at": "2019-08-24T14:15:22Z",
    "updated_at": "2019-08-24T14:15:22Z",
}
WITH_TOKEN = {**PERSON, "token": "a.jwt.of-nobody"}
DELETED = {  # neither an id nor a preset's name
    "custom_participant_id": "ann-1",
    "preset_id": "x",
    "created_at": "2019-08-24T14:15:22Z",
    "updated_at": "2019-08-24T14:15:22Z",
}
ACTIVE: dict[str, Any] = {  # ended_at really is the text "null" in the example
    "id": "813432c7-3c5a-45e2-9acf-eef7061c7584",
    "associated_id": "6bf2b8be-04dd-4191-b602-1128921a306b",
    "type": "meeting",
    "status": "LIVE",
    "live_participants": 1,
    "max_concurrent_participants": 2,
    "minutes_consumed": 2.3434,
    "started_at": "2022-01-12T14:21:34.388Z",
    "ended_at": "null",
    "created_at": "2022-01-12T14:21:34.398Z",
    "updated_at": "2022-01-12T14:26:00.784Z",
}
SESSION: dict[str, Any] = {
    **ACTIVE,
    "status": "ENDED",
    "meeting_display_name": "Weekly",
    "organization_id": "app",
    "live_participants": 0,
    "ended_at": "2022-01-12T15:21:34.388Z",
}
MARK: dict[str, Any] = {
    "id": "005f4e0c-4d08-4d4e-a391-a76be75cd296",
    "user_id": "0a08343d-a9dc-45f0-9feb-6a64afcc4f81",
    "custom_participant_id": "83qi0i",
    "display_name": "Mark",
    "preset_name": "webinar_participant",
    "joined_at": "2023-02-01T10:51:08.030Z",
    "left_at": "2023-02-01T10:56:56.612Z",
    "duration": 5.8097,
    "created_at": "2023-02-01T10:51:08.039Z",
    "updated_at": "2023-02-01T10:56:56.618Z",
}
HENRY: dict[str, Any] = {  # with the stray quote of the example
    **MARK,
    "id": "51fdf95f-d893-471a-922b-7db7adb14453",
    "display_name": "Henry",
    "joined_at": '2023-02-01T10:50:36.846Z"',
}
REPORTED: dict[str, Any] = {
    "id": "bd45f5a3-44d0-4d48-a9e5-b880b39d9e1c",
    "user_id": "aaad2360-4bf6-451d-b89a-98617f2bc549",
    "custom_participant_id": "0.svveiltvjko",
    "display_name": "Mark",
    "role": "group_call_participant",
    "joined_at": "2023-12-14T13:35:36.332Z",
    "left_at": "2023-12-14T13:36:42.872Z",
    "duration": 1.109,
    "peer_stats": {"events": []},
    "peer_report": {"quality": {"audio_producer": [], "audio_producer_cumulative": {}}},
}
BROADCAST: dict[str, Any] = {
    "id": "cf55a850-c3fd-46b5-b5d2-25b3b9aa1686",
    "livestream_id": "b60ef3da-fbbb-441b-9168-8235b0035123",
    "err_message": None,
    "ingest_seconds": 118,
    "viewer_seconds": 116.11599994199997,
    "invoked_time": None,
    "started_time": "2023-07-15T07:08:39.000Z",
    "stopped_time": "2023-07-15T07:10:45.000Z",
    "created_at": "2023-07-15T07:08:40.742Z",
    "updated_at": "2023-07-15T07:11:47.274Z",
}
BROADCASTS = {"data": [BROADCAST], "paging": places(1, 1, 1)}
CHAT = {"chat_download_url": "https://files.test/chat.csv", "chat_download_url_expiry": "2026-06-10T10:00:00.000Z"}
TRANSCRIPT = {  # casings mixed in one object
    "sessionId": "s",
    "transcript_download_url": "https://files.test/transcript.csv",
    "transcript_download_url_expiry": "2026-06-10T10:00:00.000Z",
}
SUMMARY = {
    "sessionId": "s",
    "summaryDownloadUrl": "https://files.test/summary.txt",
    "summaryDownloadUrlExpiry": "2026-06-10T10:00:00.000Z",
}
KICKED = {"action": "kick", "participants": [{"id": "p1", "name": "Ann", "created_at": "2026-06-03T10:00:00Z"}]}
