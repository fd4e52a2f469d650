"""The parts of a preset, for writing; `preset_config` has them for reading.

Every key is optional here, so that one set of types also serves PATCH. For POST and PUT the API requires most of them:
a missing one is a ValidationError.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Literal, TypedDict

from realtimekit.resources.preset_config import (
    BorderRadius,
    BorderWidth,
    Permission,
    RecorderType,
    Theme,
    VideoQuality,
    ViewType,
    WaitingRoomType,
)

# --- config -----------------------------------------------------------------------------------------------------------


class VideoStreamsFields(TypedDict, total=False):
    """How many videos are shown at a time."""

    desktop: int
    mobile: int


class VideoMediaFields(TypedDict, total=False):
    """The video of a camera."""

    quality: VideoQuality
    frame_rate: float  # frames per second, at most 30
    simulcast: bool


class ScreenshareMediaFields(TypedDict, total=False):
    """The video of a shared screen."""

    quality: VideoQuality
    frame_rate: float


class AudioMediaFields(TypedDict, total=False):
    """The audio of a microphone."""

    enable_high_bitrate: bool
    enable_stereo: bool


class MediaFields(TypedDict, total=False):
    """The media that participants send."""

    video: VideoMediaFields
    screenshare: ScreenshareMediaFields
    audio: AudioMediaFields


class ConfigFields(TypedDict, total=False):
    """The kind of meeting, and its media."""

    view_type: ViewType
    max_screenshare_count: int
    max_video_streams: VideoStreamsFields
    media: MediaFields
    livestream_viewer_qualities: Sequence[int] | None


# --- permissions ------------------------------------------------------------------------------------------------------


class PublicChatFields(TypedDict, total=False):
    """Permissions in the public chat."""

    can_send: bool
    text: bool
    files: bool


class PrivateChatFields(TypedDict, total=False):
    """Permissions in private chats."""

    can_send: bool
    can_receive: bool
    text: bool
    files: bool


class ChatFields(TypedDict, total=False):
    """Permissions in the chats."""

    public: PublicChatFields
    private: PrivateChatFields


class ConnectedMeetingsFields(TypedDict, total=False):
    """Permissions for breakout rooms."""

    can_alter_connected_meetings: bool
    can_switch_connected_meetings: bool
    can_switch_to_parent_meeting: bool


class ProducePermissionFields(TypedDict, total=False):
    """The permission to send one kind of media."""

    can_produce: Permission


class MediaPermissionsFields(TypedDict, total=False):
    """The permissions to send media."""

    audio: ProducePermissionFields
    video: ProducePermissionFields
    screenshare: ProducePermissionFields


class PluginConfigFields(TypedDict, total=False):
    """Permissions for one plugin."""

    access_control: Literal["FULL_ACCESS", "VIEW_ONLY"] | str
    handles_view_only: bool


class PluginsFields(TypedDict, total=False):
    """Permissions for plugins."""

    can_close: bool
    can_edit_config: bool
    can_start: bool
    config: Mapping[str, PluginConfigFields]  # by plugin id


class PollsFields(TypedDict, total=False):
    """Permissions for polls."""

    can_create: bool
    can_view: bool
    can_vote: bool


class PermissionsFields(TypedDict, total=False):
    """The permissions of participants."""

    accept_waiting_requests: bool
    can_accept_production_requests: bool
    can_change_participant_permissions: bool
    can_edit_display_name: bool
    can_livestream: bool
    can_record: bool
    can_spotlight: bool
    disable_participant_audio: bool
    disable_participant_screensharing: bool
    disable_participant_video: bool
    hidden_participant: bool
    kick_participant: bool
    pin_participant: bool
    show_participant_list: bool
    chat: ChatFields
    connected_meetings: ConnectedMeetingsFields
    media: MediaPermissionsFields
    plugins: PluginsFields
    polls: PollsFields
    recorder_type: RecorderType
    waiting_room_type: WaitingRoomType
    is_recorder: bool
    accept_stage_requests: bool
    stage_enabled: bool
    stage_access: Permission
    transcription_enabled: bool


# --- ui ---------------------------------------------------------------------------------------------------------------

# The keys are strings of digits, which a class cannot spell.
BackgroundFields = TypedDict(
    "BackgroundFields", {"600": str, "700": str, "800": str, "900": str, "1000": str}, total=False
)
BrandFields = TypedDict("BrandFields", {"300": str, "400": str, "500": str, "600": str, "700": str}, total=False)


class ColorsFields(TypedDict, total=False):
    """The colors of the meeting."""

    background: BackgroundFields
    brand: BrandFields
    danger: str
    success: str
    text: str
    text_on_brand: str
    video_bg: str
    warning: str


class DesignTokensFields(TypedDict, total=False):
    """The appearance of the meeting."""

    theme: Theme
    border_radius: BorderRadius
    border_width: BorderWidth
    spacing_base: float  # 1 or more
    colors: ColorsFields
    logo: str
    font_family: str
    google_font: str


class UiFields(TypedDict, total=False):
    """The appearance of the meeting."""

    design_tokens: DesignTokensFields
    config_diff: Mapping[str, Any]
