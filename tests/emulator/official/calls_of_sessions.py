"""Sessions and their artifacts, recordings, livestreams, and analytics."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from pytest import approx  # noqa: PT013 - a table reads better so

from tests.emulator.shape import number, text, url

from .calls_of_meetings import ALL_TIME, VIDEO
from .reading import Call
from .scene import AUDIO, READABLE, SFTP, SFTP_KEYS, Scene

PAGE = {"page_no": 1, "per_page": 5}
ALL_SECONDS = {"start_time": 0, "end_time": 2**32, "filters": "x"}
QUALITY = {
    "audio_producer_cumulative": {"quality_mos": {"avg": number}},
    "video_producer_cumulative": {"rtt": {"500ms_or_greater_event_fraction": number}},
}
CAME_AND_WENT = [{"event_name": name} for name in ("PEER_CREATED", "PEER_JOINING", "PEER_LEAVING")]


def order(by: str, direction: str) -> dict[str, str]:
    return {"sort_by": by, "sort_order": direction}


def seconds(total: float) -> Any:
    """Match about this many seconds, because calls take time."""
    return approx(total, abs=5)


def minutes(total_seconds: float) -> Any:
    return approx(total_seconds / 60, abs=5 / 60)


def alice(s: Scene, **more: Any) -> dict[str, Any]:
    ids = {"id": s.alice.peer_id, "user_id": s.alice.participant_id, "custom_participant_id": "alice"}
    return {**ids, "display_name": "Alice", "duration": minutes(122), "peer_events": CAME_AND_WENT, **more}


def says(s: Scene, words: str) -> Callable[[str], bool]:
    """Match a link to a file with these words."""
    return lambda link: words in s.world.download(link).body.decode()


_ATTENDED, _RECORDED = minutes(2 * 122 + 2 * 62), minutes(120 + 60)
DAYWISE = {
    "session_stats": {
        "sessions_count": 2,
        "sessions_minutes_consumed": _ATTENDED,
        "day_stats": [{"total_sessions": 2, "total_session_minutes": _ATTENDED}],
    },
    "recording_stats": {
        "recording_count": 2,
        "recording_minutes_consumed": _RECORDED,
        "day_stats": [{"total_recordings": 2, "total_recording_minutes": _RECORDED}],
    },
}

CALLS = [
    Call(
        "sessions.get_sessions",
        lambda s: {
            **PAGE, **ALL_TIME, **order("minutesConsumed", "DESC"), "associated_id": s.planning, "participants": "1:5",
            "search": "plan", "status": "ENDED",
        },
        lambda s: {"sessions": [{"id": s.alice.session_id, "meeting_display_name": "Planning"}]}, paging=(1, 1, 1),
    ),
    Call(
        "sessions.get_session_details", {"include_breakout_rooms": True},
        {"status": "ENDED", "max_concurrent_participants": 2, "breakout_rooms": []},
    ),
    Call(
        "sessions.get_session_participants",
        {**PAGE, **order("joinedAt", "ASC"), "search": "ali", "include_peer_events": True, "view": "raw"},
        lambda s: {"participants": [alice(s)], "paging": {"total_count": 1, "start_offset": 1, "end_offset": 1}},
    ),
    Call(
        "sessions.get_session_participant_details",
        lambda s: {"participant_id": s.alice.peer_id, "include_peer_events": True},
        lambda s: {"participant": alice(s, preset_name="group_call_host")},
    ),
    Call(
        "sessions.get_participant_data_from_peer_id", {"include_peer_events": True},
        lambda s: {"participant": alice(s, session_id=s.alice.session_id, peer_report={"quality": QUALITY})},
    ),
    Call(
        "sessions.get_participant_data_from_peer_id", {"filters": "device_info"},
        {"participant": {"peer_report": {"metadata": {"device_info": {"os": text}}}}},
    ),
    Call("sessions.get_session_chat", {}, lambda s: {"chat_download_url": says(s, "good morning")}),
    Call(
        "sessions.get_session_transcripts", {"format": "VTT"},
        lambda s: {"sessionId": s.alice.session_id, "transcript_download_url": says(s, "WEBVTT")},
    ),
    Call("sessions.generate_summary_of_transcripts", {}, lambda s: {"session_id": s.alice.session_id}),
    Call("sessions.get_session_summary", {}, lambda s: {"summaryDownloadUrl": says(s, "Planning")}),
    Call(
        "recordings.start_recordings",
        {
            "max_seconds": 600, "file_name_prefix": "weekly", "url": "https://recorder.test/app",
            "allow_multiple_recordings": True, "audio_config": AUDIO, "video_config": VIDEO,
            "storage_config": {**SFTP, **SFTP_KEYS},
            "realtimekit_bucket_config": {"enabled": True}, "rtmp_out_config": {"rtmp_url": "rtmp://live.test/key"},
            "interactive_config": {"type": "ID3"},
        },
        {
            "status": "INVOKED", "output_file_name": lambda name: name.startswith("weekly"), "session_id": None,
            "download_url": None, "storage_config": SFTP,
            "start_reason": {"reason": "API_CALL", "caller": {"type": "ORGANIZATION"}},
        },
    ),
    Call(
        "recordings.get_recordings",
        lambda s: {
            **PAGE, **ALL_TIME, **order("invokedTime", "ASC"), "meeting_id": s.planning, "expired": False,
            "search": "plan", "status": ["UPLOADED", "ERRORED"],
        },
        [{"meeting": {"title": "Planning"}, "storage_config": READABLE, "file_size": number}], paging=(1, 1, 1),
    ),
    Call(
        "recordings.get_one_recording", {},
        {
            "status": "UPLOADED", "recording_duration": seconds(120), "download_url": url, "audio_download_url": url,
            "storage_config": READABLE, "stop_reason": {"reason": "ALL_PEERS_LEFT"},
        },
    ),
    Call(
        "recordings.get_one_recording", lambda s: {"recording_id": s.tracks()},
        {"status": "UPLOADED", "download_url": [{"layer_name": "voices"}]},
    ),
    Call("recordings.get_active_recordings", {}, {"status": "RECORDING", "recording_duration": seconds(60)}),
    Call(
        "recordings.pause_resume_stop_recording", lambda s: {"recording_id": s.running(), "action": "pause"},
        {"status": "PAUSED"},
    ),
    Call(
        "recordings.pause_resume_stop_recording", lambda s: {"recording_id": s.running("pause"), "action": "resume"},
        {"status": "RECORDING"},
    ),
    Call(
        "recordings.pause_resume_stop_recording", lambda s: {"recording_id": s.running(), "action": "stop"},
        {"status": "UPLOADING", "stop_reason": {"reason": "API_CALL"}},
    ),
    Call(
        "recordings.start_track_recording",
        lambda s: {
            "layers": {"voices": {"file_name_prefix": "Team", "media_kind": "audio"}},
            "user_ids": [s.carol.participant_id],
        },
        {"recording": {"status": "INVOKED", "download_url": None}},
    ),
    Call(
        "livestreams.start_livestreaming_a_meeting",
        lambda s: {"meeting_id": s.planning, "name": "again", "video_config": {"height": 720, "width": 1280}},
        {"status": "INVOKED", "ingest_server": text, "stream_key": text, "playback_url": text},
    ),
    Call("livestreams.stop_livestreaming_a_meeting", {}, {"message": "Stopped live stream successfully"}),
    Call(
        "livestreams.get_all_livestreams",
        {**PAGE, **ALL_TIME, "exclude_meetings": False, "status": "LIVE", "sort_order": "DSC"},
        lambda s: [{"id": s.ids["livestream_id"], "meeting_id": s.ids["meeting_id"], "disabled": False}],
        paging=(1, 1, 1),
    ),
    Call(
        "livestreams.get_livestream_session_for_livestream_id", PAGE,
        {"livestream": {"status": "LIVE", "disabled": False}, "sessions": [{"ingest_seconds": seconds(60)}]},
        paging=(1, 1, 1),
    ),
    Call(
        "livestreams.get_active_livestreams_for_livestream_id", {},
        {"livestream": {"name": "standup", "disabled": False},
         "session": {"ingest_seconds": seconds(60), "viewer_seconds": 0}},
    ),
    Call(
        "livestreams.get_livestream_session_details_for_session_id", {},
        {"ingest_seconds": seconds(120), "viewer_seconds": 0, "err_message": None, "invoked_time": None},
    ),
    Call("livestreams.get_meeting_active_livestreams", {}, {"status": "LIVE", "name": "standup", "disabled": False}),
    Call(
        "livestreams.get_livestream_analytics_daywise", ALL_SECONDS,
        lambda s: [{"date": s.world.emulator.now()[:10], "count": 2, "total_ingest_seconds": seconds(180)}],
    ),
    Call(
        "livestreams.get_livestream_analytics_complete", ALL_SECONDS,
        {"count": 2, "total_ingest_seconds": seconds(180), "total_viewer_seconds": 0},
    ),
    *(Call(name, lambda s: {"start_date": "2020-01-01", "end_date": s.world.emulator.now()[:10]}, DAYWISE)
      for name in ("analytics.get_org_analytics", "livestreams.get_org_analytics")),
]  # fmt: skip
