"""Where the description of the API is wrong, or does not say, and what this package makes of it.

Each with its evidence: an example in the description outweighs its schemas, and so does Cloudflare's documentation in
prose. Where two forms were seen, both are read. docs/operations.md shows this list.
"""

from __future__ import annotations

from typing import NamedTuple


class Correction(NamedTuple):
    """One of them."""

    operation: str  # the HTTP call, or what is common to several
    described: str  # what the schema says
    evidence: str  # what speaks against it
    here: str  # what this package does


CORRECTIONS = (
    # --- where things are in an answer
    Correction(
        "POST /apps",
        "the app is at `data`, as in GET /apps/{app_id}",
        "example: it is at `data.app`",
        "both are read",
    ),
    Correction(
        "GET /{app_id}/livestreams",
        "`data` is one object, with `paging` inside",
        "example: `data` is a list, with `paging` beside it",
        "both are read",
    ),
    Correction(
        "GET /{app_id}/livestreams/{livestream_id}",
        "one `data.session`, and `data.paging`",
        "example: a list `data.sessions`, with `paging` beside `data`",
        "both are read",
    ),
    Correction(
        "GET /{app_id}/meetings/{meeting_id}/livestream",
        "a list `data.livestreams`, one object `data.sessions`",
        "example: one object `data.livestream`, a list `data.sessions`",
        "both are read",
    ),
    Correction(
        "GET /{app_id}/meetings/{meeting_id}/active-livestream",
        "the text speaks of all livestreams; the schema has `ingest_server` and `stream_key`",
        "example: one livestream, without these two",
        "one livestream; both fields may be None",
    ),
    Correction(
        "GET /{app_id}/sessions/{session_id}/participants",
        "`data` has `participants` alone",
        "example: `data.paging` stands next to them",
        "`paging` is read in either place",
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
        "both are read",
    ),
    Correction(
        "POST /{app_id}/sessions/{session_id}/summary",
        "`data` is {session_id, status}",
        "the API's ancestor sent {success, message}",
        "nothing is required of it",
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
        "hardly any declares an error",
        "examples: {error: {code, message}}, {message}; Cloudflare's gateway: {errors: [{code, message}]}",
        "all three are read; a 200 with `success: false` is an error",
    ),
    Correction(
        "GET /{app_id}/sessions/{session_id}/chat",
        "no 404",
        "declared in 2022, with the text 'No chat dump found for this session!'",
        "NotFoundError, or what it means (`ArtifactNotReadyError`, ...)",
    ),
    # --- fields
    Correction(
        "recordings",
        "seven fields are required, and in the official package's types never null",
        "recorded answers: null while INVOKED; `audio_download_url` and `stopped_time` left out",
        "all may be None",
    ),
    Correction(
        "recordings",
        "`audio_download_url`",
        "Cloudflare's guide writes `download_audio_url`",
        "both are read",
    ),
    Correction(
        "track recordings",
        "`download_url` is a text",
        "documentation of webhooks: a list of layers with their files",
        "a text is `download_url`, a list is `layers`",
    ),
    Correction(
        "recordings",
        "`storage_config.type` is aws, azure, digitalocean, gcs or sftp",
        "Cloudflare's guide uses cloudflare",
        "any text",
    ),
    Correction(
        "recordings",
        "`start_reason.caller` has no `user_id`",
        "its name really is `user_Id`",
        "read as `user_id`",
    ),
    Correction(
        "GET /{app_id}/meetings/{meeting_id}/active-session",
        "`meeting_display_name` and `organization_id` are required; `ended_at` is a time",
        "an example lacks the two, and sends `ended_at` as the text 'null'",
        "optional; 'null' is None",
    ),
    Correction(
        "POST /{app_id}/meetings/{meeting_id}/active-session/kick and /mute",
        "one rendering requires both lists of ids",
        "the description's own text: one of the two is enough",
        "one is enough, and none is an error before anything is sent",
    ),
    Correction(
        "POST /{app_id}/meetings/{meeting_id}/active-session/poll",
        "options are texts",
        "they are in the request; in the answer they are {text, count, votes}",
        "`PollOption` records",
    ),
    Correction(
        "POST /{app_id}/meetings/{meeting_id}/participants",
        "`name` is optional",
        "without one the token is refused by the front ends (error 0002)",
        "`name` is always sent",
    ),
    Correction(
        "livestream sessions",
        "`ingest_seconds` is a text; no `invoked_time`, no `viewer_seconds`",
        "examples: numbers, and both fields",
        "texts and numbers become numbers",
    ),
    Correction(
        "livestreams",
        "`disabled` is a text in four schemas",
        "it is a flag in every example",
        "both are read",
    ),
    Correction(
        "webhooks",
        "`enabled` is required in answers",
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
        "a recorded report sends {} for those that are unused",
        "every field may be None",
    ),
    Correction(
        "presets, written",
        "the official package's types name colours `_300` to `_1000`",
        "on the wire they are 300 to 1000",
        "the names of the wire",
    ),
    # --- values
    Correction(
        "times",
        "date-time",
        "one example ends in a stray quote; older webhooks write a space for the T",
        "all are read; a time without a zone is UTC",
    ),
    Correction(
        "GET /{app_id}/analytics/daywise and /livestreams/daywise",
        "`day` and `date` are dates",
        "an example sends midnight as a full time",
        "both are read",
    ),
    Correction(
        "GET /{app_id}/analytics/livestreams/...",
        "`start_time` and `end_time` are Unix seconds, and ISO 8601 everywhere else",
        "the description itself",
        "either is taken everywhere, and sent as each wants it",
    ),
    Correction(
        "GET /{app_id}/livestreams",
        "`sort_order` is ASC or DSC, and DESC everywhere else",
        "the description itself",
        '`order_by("-created_at")` sends what each wants',
    ),
    Correction(
        "GET /{app_id}/recordings",
        "`status` is a list",
        "joined by commas in the API's ancestor; repeated by the official package",
        "joined by commas; the emulator takes both",
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
        "newer documents name VP9, too",
        "any text; the emulator takes the three",
    ),
)
