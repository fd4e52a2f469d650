"""The presets of a new app."""

from __future__ import annotations

from typing import Any

# The permissions that are simply granted or not.
PERMISSION_FLAGS = (
    "accept_waiting_requests",
    "can_accept_production_requests",
    "can_change_participant_permissions",
    "can_edit_display_name",
    "can_livestream",
    "can_record",
    "can_spotlight",
    "disable_participant_audio",
    "disable_participant_screensharing",
    "disable_participant_video",
    "hidden_participant",
    "kick_participant",
    "pin_participant",
    "show_participant_list",
)


def default_presets() -> list[dict[str, Any]]:
    """Return the presets that RealtimeKit makes for a new app.

    Their names are documented; their contents are plausible.
    """
    return [
        _default("group_call_host", "GROUP_CALL", host=True),
        _default("group_call_participant", "GROUP_CALL"),
        _default("webinar_presenter", "WEBINAR", host=True),
        _default("webinar_viewer", "WEBINAR", viewer=True),
        _default("livestream_host", "LIVESTREAM", host=True),
        _default("livestream_viewer", "LIVESTREAM", viewer=True),
    ]


def _default(name: str, view_type: str, *, host: bool = False, viewer: bool = False) -> dict[str, Any]:
    produce = {"can_produce": "NOT_ALLOWED" if viewer else "ALLOWED"}
    writes = {"can_send": True, "text": True, "files": not viewer}
    return {
        "name": name,
        "config": {
            "view_type": view_type,
            "max_screenshare_count": 1,
            "max_video_streams": {"desktop": 9, "mobile": 6},
            "media": {
                "video": {"quality": "hd", "frame_rate": 30, "simulcast": True},
                "screenshare": {"quality": "hd", "frame_rate": 5},
                "audio": {"enable_high_bitrate": False, "enable_stereo": False},
            },
            "livestream_viewer_qualities": [],
        },
        "permissions": {
            **dict.fromkeys(PERMISSION_FLAGS, host),
            "can_edit_display_name": True,
            "hidden_participant": viewer,
            "show_participant_list": True,
            "chat": {"public": writes, "private": {**writes, "can_receive": True}},
            "connected_meetings": dict.fromkeys(
                ("can_alter_connected_meetings", "can_switch_connected_meetings", "can_switch_to_parent_meeting"), host
            ),
            "media": {"audio": produce, "video": produce, "screenshare": produce},
            "plugins": {"can_close": host, "can_edit_config": host, "can_start": host, "config": {}},
            "polls": {"can_create": host, "can_view": True, "can_vote": True},
            "recorder_type": "NONE",
            "waiting_room_type": "SKIP",
            "transcription_enabled": False,
        },
        "ui": {
            "design_tokens": {
                "theme": "dark",
                "border_radius": "rounded",
                "border_width": "thin",
                "spacing_base": 4,
                "colors": {
                    "background": {
                        "600": "#3c3c3c", "700": "#2a2a2a", "800": "#1e1e1e", "900": "#141414", "1000": "#080808",
                    },
                    "brand": {
                        "300": "#73a8ff", "400": "#4a8dff", "500": "#2160fd", "600": "#1a50d6", "700": "#143fa9",
                    },
                    "danger": "#ff2d2d",
                    "success": "#62a504",
                    "text": "#eeeeee",
                    "text_on_brand": "#eeeeee",
                    "video_bg": "#191919",
                    "warning": "#ffcd07",
                },
            },
        },
    }  # fmt: skip
