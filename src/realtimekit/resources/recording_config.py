"""The configuration of recordings: of a meeting (`recording_config`) and of a single recording.

Each part is defined twice: as a record for reading, and as `...Fields` with optional keys for writing.
"""

from __future__ import annotations

from typing import Literal, TypeAlias, TypedDict

from realtimekit.record import Record

AudioCodec: TypeAlias = Literal["MP3", "AAC"] | str
AudioChannel: TypeAlias = Literal["mono", "stereo"] | str
VideoCodec: TypeAlias = Literal["H264", "VP8", "VP9"] | str
WatermarkPosition: TypeAlias = Literal["left top", "right top", "left bottom", "right bottom"] | str
StorageType: TypeAlias = (
    Literal["aws", "azure", "digitalocean", "gcs", "sftp"] | str
)  # some documents also name "cloudflare"
StorageAuth: TypeAlias = Literal["KEY", "PASSWORD"] | str

# --- reading ----------------------------------------------------------------------------------------------------------


class AudioConfig(Record, repr_fields=("codec", "channel")):
    """The audio of a recording."""

    codec: AudioCodec | None
    channel: AudioChannel | None
    export_file: bool | None
    """Whether there is also a file with the audio only."""


class WatermarkSize(Record, repr_fields=("width", "height")):
    """The size in pixels."""

    width: int | None
    height: int | None


class Watermark(Record, repr_fields=("position",)):
    """An image over the video."""

    url: str | None
    position: WatermarkPosition | None
    size: WatermarkSize | None


class VideoConfig(Record, repr_fields=("codec", "width", "height")):
    """The video of a recording."""

    codec: VideoCodec | None
    width: int | None
    """Pixels."""
    height: int | None
    """Pixels."""
    export_file: bool | None
    watermark: Watermark | None


class StorageConfig(Record, repr_fields=("type", "bucket", "path")):
    """Where the file is uploaded, in addition to RealtimeKit's own bucket. The API does not return its secrets."""

    id: str | None
    type: StorageType | None
    bucket: str | None
    region: str | None
    path: str | None
    auth_method: StorageAuth | None
    username: str | None
    host: str | None
    port: int | None


class BucketConfig(Record, repr_fields=("enabled",)):
    """RealtimeKit's own bucket, which keeps files for 7 days."""

    enabled: bool | None


class LiveStreamingConfig(Record):
    """Where a recording is streamed to; the URL may contain a stream key."""

    rtmp_url: str | None


class RecordingConfig(Record, repr_fields=("max_seconds", "file_name_prefix")):
    """The configuration of the recordings of a meeting."""

    max_seconds: float | None
    file_name_prefix: str | None
    audio_config: AudioConfig | None
    video_config: VideoConfig | None
    storage_config: StorageConfig | None
    live_streaming_config: LiveStreamingConfig | None
    realtimekit_bucket_config: BucketConfig | None


# --- writing ----------------------------------------------------------------------------------------------------------


class AudioConfigFields(TypedDict, total=False):
    """The audio of a recording."""

    codec: AudioCodec  # default AAC
    channel: AudioChannel  # default stereo
    export_file: bool  # default True


class WatermarkSizeFields(TypedDict, total=False):
    """The size in pixels, 1 or more."""

    width: int
    height: int


class WatermarkFields(TypedDict, total=False):
    """An image over the video."""

    url: str
    position: WatermarkPosition  # default "left top"
    size: WatermarkSizeFields


class VideoConfigFields(TypedDict, total=False):
    """The video of a recording."""

    codec: VideoCodec  # default H264
    width: int  # 1 to 1920, default 1280
    height: int  # 1 to 1920, default 720
    export_file: bool  # default True
    watermark: WatermarkFields


class StorageConfigFields(TypedDict, total=False):
    """Where the file is uploaded. The required keys depend on `type` and `auth_method`."""

    type: StorageType
    access_key: str  # aws, azure, digitalocean
    secret: str
    bucket: str
    region: str  # aws, azure, digitalocean
    path: str
    auth_method: StorageAuth
    username: str
    password: str  # with auth_method "PASSWORD"
    private_key: str  # with auth_method "KEY"
    host: str
    port: int


class BucketConfigFields(TypedDict):
    """RealtimeKit's own bucket."""

    enabled: bool


class RtmpFields(TypedDict, total=False):
    """Where a recording is streamed to."""

    rtmp_url: str


class InteractiveConfigFields(TypedDict, total=False):
    """Metadata inside the file."""

    type: Literal["ID3"] | str


class RecordingConfigFields(TypedDict, total=False):
    """The configuration of the recordings of a meeting."""

    max_seconds: float  # 60 to 86400
    file_name_prefix: str
    audio_config: AudioConfigFields
    video_config: VideoConfigFields
    storage_config: StorageConfigFields | None
    live_streaming_config: RtmpFields
    realtimekit_bucket_config: BucketConfigFields
