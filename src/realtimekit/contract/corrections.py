"""Where the description of the API is wrong or incomplete, and what this package does instead.

Each correction has its evidence: examples in the description, and Cloudflare's documentation, outweigh its schemas.
Where two forms were seen, both are accepted. docs/operations.md shows this list.
"""

from __future__ import annotations

from typing import NamedTuple


class Correction(NamedTuple):
    """One correction.

    Attributes:
        operation: the HTTP call, or what several calls have in common.
        described: what the schema says.
        evidence: what contradicts it.
        behavior: what this package does.
    """

    operation: str
    described: str
    evidence: str
    behavior: str


CORRECTIONS = (
    # --- where things are in a response
    Correction(
        "POST /apps",
        "the app is at `data`, as in GET /apps/{app_id}",
        "example: it is at `data.app`",
        "both are accepted",
    ),
    Correction(
        "GET /{app_id}/livestreams",
        "`data` is one object, with `paging` inside",
        "example: `data` is a list, with `paging` beside it",
        "both are accepted",
    ),
    Correction(
        "GET /{app_id}/livestreams/{livestream_id}",
        "one `data.session`, and `data.paging`",
        "example: a list `data.sessions`, with `paging` beside `data`",
        "both are accepted",
    ),
    Correction(
        "GET /{app_id}/meetings/{meeting_id}/livestream",
        "a list `data.livestreams`, one object `data.sessions`",
        "example: one object `data.livestream`, a list `data.sessions`",
        "both are accepted",
    ),
    Correction(
        "GET /{app_id}/meetings/{meeting_id}/active-livestream",
        "the text describes all livestreams; the schema has `ingest_server` and `stream_key`",
        "example: one livestream, without these two fields",
        "one livestream; both fields may be None",
    ),
    Correction(
        "GET /{app_id}/sessions/{session_id}/participants",
        "`data` has only `participants`",
        "example: `data.paging` is next to them",
        "`paging` is accepted in either place",
    ),
    Correction(
        "GET /{app_id}/sessions/{session_id}/livestream-sessions",
        "`data` is one object",
        "example: a list at `data.data`, with `data.paging`",
        "the list is read",
    ),
    Correction(
        "GET /{app_id}/analytics/livestreams/overall",
        "`data` is an object",
        "the API's ancestor sent a list with one object",
        "both are accepted",
    ),
    Correction(
        "POST /{app_id}/sessions/{session_id}/summary",
        "`data` is {session_id, status}",
        "the API's ancestor sent {success, message}",
        "no field is required",
    ),
    # --- statuses
    Correction(
        "POST of meetings, participants, presets, webhooks, livestreams, polls",
        "the official package's types say 200",
        "the description declares 201, and 200 for every other POST",
        "any 2xx is a success",
    ),
    Correction(
        "every operation",
        "hardly any operation declares an error",
        "examples: {error: {code, message}}, {message}; Cloudflare's gateway: {errors: [{code, message}]}",
        "all three are accepted; a 200 with `success: false` is an error",
    ),
    Correction(
        "GET /{app_id}/sessions/{session_id}/chat",
        "no 404",
        "declared in 2022, with the text 'No chat dump found for this session!'",
        "`NotFoundError`, or a subclass with the reason (`ArtifactNotReadyError`, ...)",
    ),
    # --- fields
    Correction(
        "recordings",
        "seven fields are required, and in the official package's types never null",
        "recorded responses: null while INVOKED; without `audio_download_url` and `stopped_time`",
        "all may be None",
    ),
    Correction(
        "recordings",
        "`audio_download_url`",
        "Cloudflare's guide writes `download_audio_url`",
        "both are accepted",
    ),
    Correction(
        "track recordings",
        "`download_url` is a string",
        "documentation of webhooks: a list of layers with their files",
        "a string is `download_url`, a list is `layers`",
    ),
    Correction(
        "recordings",
        "`storage_config.type` is aws, azure, digitalocean, gcs or sftp",
        "Cloudflare's guide uses cloudflare",
        "any string",
    ),
    Correction(
        "recordings",
        "`start_reason.caller` has no `user_id`",
        "it is called `user_Id`",
        "available as `user_id`",
    ),
    Correction(
        "GET /{app_id}/meetings/{meeting_id}/active-session",
        "`meeting_display_name` and `organization_id` are required; `ended_at` is a time",
        "an example lacks the two, and sends `ended_at` as the string 'null'",
        "optional; 'null' is None",
    ),
    Correction(
        "POST /{app_id}/meetings/{meeting_id}/active-session/kick and /mute",
        "one version of the schema requires both lists of ids",
        "the description's text: one of the two is enough",
        "one is enough; with neither, an error is raised before anything is sent",
    ),
    Correction(
        "POST /{app_id}/meetings/{meeting_id}/active-session/poll",
        "options are strings",
        "they are in the request; in the response they are {text, count, votes}",
        "`PollOption` records",
    ),
    Correction(
        "POST /{app_id}/meetings/{meeting_id}/participants",
        "`name` is optional",
        "without a name the client SDKs reject the token (error 0002)",
        "`name` is always sent",
    ),
    Correction(
        "livestream sessions",
        "`ingest_seconds` is a string; no `invoked_time`, no `viewer_seconds`",
        "examples: numbers, and both fields",
        "strings and numbers are converted to numbers",
    ),
    Correction(
        "livestreams",
        "`disabled` is a string in four schemas",
        "it is a boolean in every example",
        "both are accepted",
    ),
    Correction(
        "webhooks",
        "`enabled` is required in responses",
        "examples leave it out",
        "may be None",
    ),
    Correction(
        "peer reports",
        "jitter and MOS are whole numbers in the official package's types",
        "a recorded report has fractions",
        "every measure is a float",
    ),
    Correction(
        "peer reports",
        "cumulative blocks have fields",
        "a recorded report sends {} for unused blocks",
        "every field may be None",
    ),
    Correction(
        "presets, written",
        "the official package's types name colors `_300` to `_1000`",
        "the wire has 300 to 1000",
        "the names on the wire",
    ),
    # --- values
    Correction(
        "times",
        "date-time",
        "one example ends with a stray quote; older webhooks have a space instead of the T",
        "all are accepted; a time without a zone is UTC",
    ),
    Correction(
        "GET /{app_id}/analytics/daywise and /livestreams/daywise",
        "`day` and `date` are dates",
        "an example sends midnight as a full time",
        "both are accepted",
    ),
    Correction(
        "GET /{app_id}/analytics/livestreams/...",
        "`start_time` and `end_time` are Unix seconds, and ISO 8601 everywhere else",
        "the description itself",
        "either is accepted everywhere, and sent in the expected form",
    ),
    Correction(
        "GET /{app_id}/livestreams",
        "`sort_order` is ASC or DSC, and DESC everywhere else",
        "the description itself",
        '`order_by("-created_at")` sends the expected form',
    ),
    Correction(
        "GET /{app_id}/recordings",
        "`status` is a list",
        "joined by commas in the API's ancestor; repeated by the official package",
        "joined by commas; the emulator accepts both",
    ),
    Correction(
        "account_id and app_id",
        "at most 32 characters, in one operation 32 hexadecimal digits",
        "the app ids of the examples are UUIDs of 36",
        "not checked",
    ),
    Correction(
        "video_config.codec",
        "H264 or VP8",
        "newer documents also name VP9",
        "any string; the emulator accepts these three",
    ),
)
