"""Response bodies after the API's own examples, or its schema if there is no example; with ids that are asked for."""

from __future__ import annotations

from typing import Any

from .scripted import paging_of

APP: dict[str, Any] = {
    "id": "x",
    "name": "my-first-app",
    "created_at": "2025-01-01T08:16:40.644Z",
}
MEETING: dict[str, Any] = {  # the guide's answer to a create leaves most fields out
    "id": "m",
    "record_on_start": True,
    "created_at": "2025-08-24T14:15:22Z",
    "updated_at": "2025-08-24T14:15:22Z",
}
PERSON: dict[str, Any] = {
    "id": "p",
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
    "id": "s",
    "status": "ENDED",
    "meeting_display_name": "Weekly",
    "organization_id": "app",
    "live_participants": 0,
    "ended_at": "2022-01-12T15:21:34.388Z",
}
MARK: dict[str, Any] = {
    "id": "p",
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
    "id": "x",
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
LIVESTREAM_SESSION: dict[str, Any] = {
    "id": "b",
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
LIVESTREAM_SESSIONS = {"data": [LIVESTREAM_SESSION], "paging": paging_of(1, 1, 1)}
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
MUTED = {"action": "mute", "participants": [{"id": "p1", "name": "Ann"}]}
POLL: dict[str, Any] = {
    "id": "poll-1",
    "question": "Lunch?",
    "options": [{"text": "yes", "count": 1, "votes": [{"id": "p1", "name": "Ann"}]}, {"text": "no", "count": 0}],
    "anonymous": False,
    "hide_votes": False,
    "created_by": "api",
    "voted": ["p1"],
}
LIVESTREAM: dict[str, Any] = {
    "id": "l",
    "name": None,
    "meeting_id": "497f6eca-6276-4993-bfeb-53cbbbba6f08",
    "status": "LIVE",
    "disabled": False,
    "ingest_server": "rtmps://live.test:443/live/",
    "stream_key": "key-of-nobody",
    "playback_url": "https://play.test/manifest/video.m3u8",
    "created_at": "2023-07-15T07:08:26.634Z",
    "updated_at": "2023-07-15T07:08:40.726Z",
}
STARTED = {  # a meeting's livestream begins with these fields alone
    name: LIVESTREAM[name] for name in ("id", "ingest_server", "playback_url", "stream_key")
} | {"status": "INVOKED"}
LIVESTREAM_FOUND = {"livestream": LIVESTREAM, "sessions": [LIVESTREAM_SESSION]}
RECORDING: dict[str, Any] = {  # as it starts: audio_download_url is left out though the schema requires it
    "id": "r",
    "download_url": None,
    "download_url_expiry": None,
    "file_size": None,
    "session_id": None,
    "output_file_name": "weekly.mp4",
    "status": "INVOKED",
    "invoked_time": "2022-12-01T08:11:10.430Z",
    "started_time": None,
    "stopped_time": None,
    "storage_config": {"id": "st", "type": "aws", "region": "ap-south-1", "bucket": "files", "path": "/"},
}
UPLOADED: dict[str, Any] = {
    **RECORDING,
    "status": "UPLOADED",
    "session_id": "s",
    "download_url": "https://files.test/weekly.mp4",
    "download_url_expiry": "2022-12-08T08:11:10.430Z",
    "download_audio_url": "https://files.test/weekly.mp3",  # a guide has this name, the schema audio_download_url
    "file_size": "1024",
    "recording_duration": 61,
    "started_time": "2022-12-01T08:11:12.023Z",
    "stopped_time": "2022-12-01T08:12:13.023Z",
    "start_reason": {"reason": "API_CALL", "caller": {"type": "USER", "user_Id": "u1", "name": "Ann"}},
    "stop_reason": {"reason": "ALL_PEERS_LEFT"},
    "meeting": MEETING,
}
TRACKS: dict[str, Any] = {  # the link of a track recording is a list
    **RECORDING,
    "status": "UPLOADED",
    "download_url": [
        {"layer_name": "default", "download_urls": {"ann.webm": {"download_url": "https://files.test/ann.webm"}}}
    ],
}
WEBHOOK: dict[str, Any] = {  # without `enabled`, as in the example
    "id": "w",
    "name": "test",
    "events": ["meeting.started"],
    "url": "https://hooks.test",
    "created_at": "2021-09-09T10:25:12.330Z",
    "updated_at": "2021-09-09T10:25:12.376Z",
}
PRESET_IN_LIST: dict[str, Any] = {
    "id": "x",
    "name": "group_call_host",
    "created_at": "2026-06-03T10:00:00.000Z",
    "updated_at": "2026-06-03T10:00:00.000Z",
}
PRESET_PARTS: dict[str, Any] = {
    "config": {
        "view_type": "GROUP_CALL",
        "max_screenshare_count": 1,
        "max_video_streams": {"desktop": 25, "mobile": 6},
        "media": {
            "video": {"quality": "hd", "frame_rate": 30, "simulcast": True},
            "screenshare": {"quality": "hd", "frame_rate": 5},
            "audio": {"enable_high_bitrate": True, "enable_stereo": False},
        },
        "livestream_viewer_qualities": [270, 480],
    },
    "permissions": {
        "can_record": True,
        "chat": {
            "public": {"can_send": True, "text": True, "files": False},
            "private": {"can_send": True, "can_receive": True, "text": True, "files": False},
        },
        "connected_meetings": {"can_alter_connected_meetings": True},
        "media": {"audio": {"can_produce": "ALLOWED"}, "screenshare": {"can_produce": "CAN_REQUEST"}},
        "plugins": {"can_start": True, "config": {"plug-1": {"access_control": "VIEW_ONLY"}}},
        "polls": {"can_create": True, "can_view": True, "can_vote": False},
        "recorder_type": "NONE",
        "waiting_room_type": "SKIP",
        "stage_access": "ALLOWED",
    },
    "ui": {
        "design_tokens": {
            "theme": "darkest",
            "border_radius": "rounded",
            "border_width": "thin",
            "spacing_base": 4,
            "colors": {
                "background": {"600": "#222", "1000": "#000"},
                "brand": {"300": "#aaf", "500": "#55f"},
                "danger": "#f00",
            },
            "logo": "https://logo.test/x.png",
        }
    },
}
PRESET = {**PRESET_IN_LIST, **PRESET_PARTS}
DAYWISE: dict[str, Any] = {
    "session_stats": {
        "sessions_count": 4,
        "sessions_minutes_consumed": 243.5,
        "day_stats": [{"day": "2023-10-17T00:00:00.000Z", "total_sessions": 2, "total_session_minutes": 22.5}],
    },
    "recording_stats": {
        "recording_count": 7,
        "recording_minutes_consumed": 573.666666666667,
        "day_stats": [{"day": "2023-10-16", "total_recordings": 1, "total_recording_minutes": 14}],
    },
}
LIVESTREAM_TOTALS: dict[str, Any] = {"count": 4, "total_ingest_seconds": 531, "total_viewer_seconds": 116}
LIVESTREAM_DAY: dict[str, Any] = {**LIVESTREAM_TOTALS, "date": "2023-07-15"}
MEETING_IN_FULL: dict[str, Any] = {
    **MEETING,
    "title": "Weekly",
    "status": "ACTIVE",
    "session_keep_alive_time_in_secs": 60,
    "recording_config": {
        "max_seconds": 3600,
        "file_name_prefix": "weekly",
        "audio_config": {"codec": "AAC", "channel": "stereo", "export_file": True},
        "video_config": {
            "codec": "H264",
            "width": 1280,
            "height": 720,
            "watermark": {"url": "https://logo.test", "position": "left top", "size": {"width": 1, "height": 1}},
        },
        "storage_config": {"type": "aws", "bucket": "files", "port": 22},
        "live_streaming_config": {"rtmp_url": "rtmp://live.test/key-of-nobody"},
        "realtimekit_bucket_config": {"enabled": True},
    },
    "ai_config": {
        "transcription": {"language": "en-US", "keywords": ["Kit"], "profanity_filter": False},
        "summarization": {"summary_type": "general", "text_format": "markdown", "word_limit": 500},
    },
}
