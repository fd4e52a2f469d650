"""The parts of a preset, for reading; `preset_fields` has them for writing.

Every field may be absent: the fields that the API requires differ between versions of its description, and older
presets lack newer fields.
"""

from __future__ import annotations

from typing import Any, Literal, TypeAlias

from realtimekit.record import Record, field

Permission: TypeAlias = Literal["ALLOWED", "NOT_ALLOWED", "CAN_REQUEST"] | str
VideoQuality: TypeAlias = Literal["hd", "vga", "qvga", "fhd", "uhd"] | str
ViewType: TypeAlias = Literal["GROUP_CALL", "WEBINAR", "AUDIO_ROOM", "LIVESTREAM"] | str
RecorderType: TypeAlias = Literal["RECORDER", "LIVESTREAMER", "NONE"] | str
WaitingRoomType: TypeAlias = Literal["SKIP", "ON_PRIVILEGED_USER_ENTRY", "SKIP_ON_ACCEPT"] | str
Theme: TypeAlias = Literal["darkest", "dark", "light"] | str
BorderRadius: TypeAlias = Literal["sharp", "rounded", "extra-rounded", "circular"] | str
BorderWidth: TypeAlias = Literal["none", "thin", "fat"] | str

# --- config -----------------------------------------------------------------------------------------------------------


class VideoStreams(Record, repr_fields=("desktop", "mobile")):
    """How many videos are shown at a time."""

    desktop: int | None
    mobile: int | None


class VideoMedia(Record, repr_fields=("quality", "frame_rate")):
    """The video of a camera."""

    quality: VideoQuality | None
    frame_rate: float | None
    """Frames per second, at most 30."""
    simulcast: bool | None


class ScreenshareMedia(Record, repr_fields=("quality", "frame_rate")):
    """The video of a shared screen."""

    quality: VideoQuality | None
    frame_rate: float | None
    """Frames per second."""


class AudioMedia(Record, repr_fields=("enable_high_bitrate", "enable_stereo")):
    """The audio of a microphone."""

    enable_high_bitrate: bool | None
    enable_stereo: bool | None


class PresetMedia(Record):
    """The media that participants send."""

    video: VideoMedia | None
    screenshare: ScreenshareMedia | None
    audio: AudioMedia | None


class PresetConfig(Record, repr_fields=("view_type",)):
    """The kind of meeting, and its media."""

    view_type: ViewType | None
    max_screenshare_count: int | None
    max_video_streams: VideoStreams | None
    media: PresetMedia | None
    livestream_viewer_qualities: list[int] | None


# --- permissions ------------------------------------------------------------------------------------------------------


class PublicChat(Record):
    """Permissions in the public chat."""

    can_send: bool | None
    text: bool | None
    files: bool | None


class PrivateChat(Record):
    """Permissions in private chats."""

    can_send: bool | None
    can_receive: bool | None
    text: bool | None
    files: bool | None


class ChatPermissions(Record):
    """Permissions in the chats."""

    public: PublicChat | None
    private: PrivateChat | None


class ConnectedMeetings(Record):
    """Permissions for breakout rooms."""

    can_alter_connected_meetings: bool | None
    can_switch_connected_meetings: bool | None
    can_switch_to_parent_meeting: bool | None


class ProducePermission(Record, repr_fields=("can_produce",)):
    """The permission to send one kind of media."""

    can_produce: Permission | None


class MediaPermissions(Record):
    """The permissions to send media."""

    audio: ProducePermission | None
    video: ProducePermission | None
    screenshare: ProducePermission | None


class PluginPermissions(Record):
    """Permissions for plugins."""

    can_close: bool | None
    can_edit_config: bool | None
    can_start: bool | None
    config: dict[str, Any] | None
    """Plugin id -> `{"access_control": "FULL_ACCESS" or "VIEW_ONLY", "handles_view_only": bool}`."""


class PollPermissions(Record):
    """Permissions for polls."""

    can_create: bool | None
    can_view: bool | None
    can_vote: bool | None


class PresetPermissions(Record):
    """The permissions of participants."""

    accept_waiting_requests: bool | None
    can_accept_production_requests: bool | None
    can_change_participant_permissions: bool | None
    can_edit_display_name: bool | None
    can_livestream: bool | None
    can_record: bool | None
    can_spotlight: bool | None
    disable_participant_audio: bool | None
    disable_participant_screensharing: bool | None
    disable_participant_video: bool | None
    hidden_participant: bool | None
    kick_participant: bool | None
    pin_participant: bool | None
    show_participant_list: bool | None
    chat: ChatPermissions | None
    connected_meetings: ConnectedMeetings | None
    media: MediaPermissions | None
    plugins: PluginPermissions | None
    polls: PollPermissions | None
    recorder_type: RecorderType | None
    waiting_room_type: WaitingRoomType | None
    is_recorder: bool | None
    accept_stage_requests: bool | None
    stage_enabled: bool | None
    stage_access: Permission | None
    transcription_enabled: bool | None


# --- ui ---------------------------------------------------------------------------------------------------------------


class BackgroundShades(Record, repr_fields=("600", "1000")):
    """Colors. The wire names are the numbers: `shades["600"]` is `shades.shade_600`."""

    shade_600: str | None = field("600")
    shade_700: str | None = field("700")
    shade_800: str | None = field("800")
    shade_900: str | None = field("900")
    shade_1000: str | None = field("1000")


class BrandShades(Record, repr_fields=("300", "500")):
    """Colors. The wire names are the numbers: `shades["300"]` is `shades.shade_300`."""

    shade_300: str | None = field("300")
    shade_400: str | None = field("400")
    shade_500: str | None = field("500")
    shade_600: str | None = field("600")
    shade_700: str | None = field("700")


class Colors(Record):
    """The colors of the meeting."""

    background: BackgroundShades | None
    brand: BrandShades | None
    danger: str | None
    success: str | None
    text: str | None
    text_on_brand: str | None
    video_bg: str | None
    warning: str | None


class DesignTokens(Record, repr_fields=("theme",)):
    """The appearance of the meeting."""

    theme: Theme | None
    border_radius: BorderRadius | None
    border_width: BorderWidth | None
    spacing_base: float | None
    colors: Colors | None
    logo: str | None
    font_family: str | None
    google_font: str | None


class PresetUi(Record):
    """The appearance of the meeting, and deviations from it."""

    design_tokens: DesignTokens | None
    config_diff: dict[str, Any] | None
