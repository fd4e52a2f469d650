"""Apps, meetings, participants, presets, live sessions, and webhooks."""

from __future__ import annotations

import copy
from typing import Any

from pytest import approx  # noqa: PT013 - a table reads better so

from realtimekit.emulator.services.default_presets import default_presets
from realtimekit.emulator.services.events import EVENTS
from tests.emulator.shape import jwt

from .reading import Call
from .scene import AUDIO, PICTURE, READABLE, STORAGE

ALL_TIME = {"start_time": "2020-01-01T00:00:00Z", "end_time": "2100-01-01T00:00:00Z"}
WATERMARK = {"url": PICTURE, "position": "right top", "size": {"width": 90, "height": 45}}
VIDEO = {"codec": "VP8", "width": 640, "height": 360, "export_file": True, "watermark": WATERMARK}
RECORDED = {
    "max_seconds": 3600,
    "file_name_prefix": "retro",
    "audio_config": AUDIO,
    "video_config": VIDEO,
    "live_streaming_config": {"rtmp_url": "rtmp://live.test/key"},
    "realtimekit_bucket_config": {"enabled": False},
}
SWITCHES = ("record_on_start", "live_stream_on_start", "persist_chat", "summarize_on_end", "transcribe_on_end")
MEETING = {
    "title": "Retro",
    **dict.fromkeys(SWITCHES, True),
    "session_keep_alive_time_in_secs": 120,
    "ai_config": {
        "transcription": {"keywords": ["Kit"], "language": "de", "profanity_filter": True},
        "summarization": {"word_limit": 200, "text_format": "plain_text", "summary_type": "interview"},
    },
}
GIVEN = {**MEETING, "recording_config": {**RECORDED, "storage_config": STORAGE}}
KEPT = {**MEETING, "recording_config": {**RECORDED, "storage_config": READABLE}}

HOST = default_presets()[0]
TEACHER: dict[str, Any] = {**copy.deepcopy(HOST), "name": "teacher"}
TEACHER["config"]["livestream_viewer_qualities"] = [270, 480]
TEACHER["permissions"] |= dict.fromkeys(("is_recorder", "accept_stage_requests", "stage_enabled"), True)
TEACHER["permissions"] |= {"stage_access": "CAN_REQUEST", "transcription_enabled": True}
TEACHER["permissions"]["plugins"]["config"] = {"board": {"access_control": "VIEW_ONLY", "handles_view_only": True}}
TEACHER["ui"]["design_tokens"] |= {"logo": PICTURE, "font_family": "Lora", "google_font": "Lora"}
RED: dict[str, Any] = {"design_tokens": {"colors": {"brand": {"300": "#f00"}, "background": {"1000": "#100"}}}}


def in_python(preset: Any) -> Any:
    """Return the argument as the package names it: `_600` for the wire name "600"."""
    if isinstance(preset, dict):
        return {f"_{key}" if key.isdigit() else key: in_python(value) for key, value in preset.items()}
    return preset


PERSON = {"name": "Erin", "picture": "https://pictures.test/erin.png", "preset_name": "webinar_presenter"}
POLL = {"question": "Thursday?", "anonymous": True, "hide_votes": True}
HOOK = {"name": "theirs", "url": "https://hooks.test/b", "events": list(EVENTS), "enabled": True}

CALLS = [
    Call("apps.post", {"name": "second"}, {"app": {"name": "second"}}),
    Call(
        "apps.get",
        {"page_no": 1, "per_page": 1, "search": "Emul", "sort_order": "ASC"},
        lambda s: [{"id": s.ids["app_id"], "name": "Emulator"}], paging=(1, 1, 1),
    ),
    Call("meetings.create", GIVEN, {**KEPT, "status": "ACTIVE"}),
    Call(
        "meetings.get",
        {"page_no": 2, "per_page": 1, "search": "an", "status": "ACTIVE", **ALL_TIME},
        lambda s: [{"id": s.planning, "title": "Planning", "live_stream_on_start": True}], paging=(2, 2, 2),
    ),
    Call("meetings.get_meeting_by_id", {"name": "x"}, {"title": "Standup", "session_keep_alive_time_in_secs": 60}),
    Call("meetings.update_meeting_by_id", {**GIVEN, "status": "INACTIVE"}, {**KEPT, "status": "INACTIVE"}),
    Call("meetings.replace_meeting_by_id", GIVEN, KEPT),
    Call(
        "meetings.add_participant", {**PERSON, "custom_participant_id": "erin"},
        {**PERSON, "custom_participant_id": "erin", "token": jwt},
    ),
    Call("meetings.get_meeting_participants", {"page_no": 2, "per_page": 1}, [{"name": "Dave"}], paging=(2, 2, 2)),
    Call("meetings.get_meeting_participant", {}, {"custom_participant_id": "carol", "picture": PICTURE}),
    Call("meetings.edit_participant", PERSON, {**PERSON, "custom_participant_id": "carol", "token": jwt}),
    Call("meetings.refresh_participant_token", {}, {"token": jwt}),
    Call("meetings.delete_meeting_participant", {}, lambda s: {"preset_id": s.ids["preset_id"]}),
    Call("presets.create", in_python(TEACHER), TEACHER),
    Call(
        "presets.get", {"page_no": 2, "per_page": 1, "search": "viewer"},
        [{"name": "livestream_viewer"}], paging=(2, 2, 2),
    ),
    Call("presets.get_preset_by_id", {}, HOST),
    Call(
        "presets.update",
        {
            "name": "host", "config": {"view_type": "AUDIO_ROOM"},
            "permissions": {"chat": {"private": {"files": False}}}, "ui": in_python(RED),
        },
        {
            "name": "host", "config": {"view_type": "AUDIO_ROOM", "max_screenshare_count": 1},
            "permissions": {"chat": {"private": {"files": False, "text": True}}}, "ui": RED,
        },
    ),
    Call("presets.replace_preset_by_id", in_python(TEACHER), TEACHER),
    Call("presets.delete", {}, HOST),
    Call(
        "active_session.get_active_session", {},
        lambda s: {
            "id": s.carol.session_id, "associated_id": s.ids["meeting_id"], "organization_id": s.ids["app_id"],
            "status": "LIVE", "live_participants": 2, "minutes_consumed": approx(2 * 62 / 60, abs=0.2),
        },
    ),
    Call(
        "active_session.kick_participants",
        lambda s: {"participant_ids": [s.carol.participant_id], "custom_participant_ids": ["dave"]},
        {"participants": [{"name": "Carol", "picture": PICTURE}, {"name": "Dave"}]},
    ),
    Call("active_session.kick_all_participants", {}, {"kicked_participants_count": 2}),
    Call(
        "active_session.create_poll", {**POLL, "options": ["yes", "no"]},
        {"poll": {**POLL, "options": [{"text": "yes", "count": 0, "votes": []}, {"text": "no"}]}},
    ),
    Call("webhooks.create_webhook", HOOK, HOOK),
    Call("webhooks.get_webhooks", {}, [{"name": "ours", "enabled": False}]),
    Call("webhooks.get_webhook_by_id", {}, {"name": "ours", "events": ["meeting.ended"]}),
    Call("webhooks.edit_webhook", HOOK, HOOK),
    Call("webhooks.replace_webhook", HOOK, HOOK),
    Call("webhooks.delete_webhook", {}, {"name": "ours"}),
]  # fmt: skip
