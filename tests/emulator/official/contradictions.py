"""Where the package's models contradict the API's own documents, the emulator follows the documents.

This is the only list of exceptions. Everything else in the emulator's responses fits the strict models.
"""

from __future__ import annotations

from typing import Literal, NamedTuple


class Contradiction(NamedTuple):
    how: Literal["refused", "unknown"]  # by the strict model; unknown: it keeps a field that it does not declare
    evidence: str
    places: list[tuple[str, str]]  # the call, and where in its response


_LIVESTREAM = "livestreams.get_livestream_session_for_livestream_id"
_ACTIVE = "livestreams.get_active_livestreams_for_livestream_id"
_RECORDINGS = ("start_recordings", "get_recordings", "get_one_recording", "pause_resume_stop_recording")
_REPORT = "sessions.get_participant_data_from_peer_id"
_MINUTES = "data.recording_stats.day_stats.total_recording_minutes"

CONTRADICTIONS = [
    Contradiction(
        "refused", "The schema has one object in `data`; the example an array.",
        [("livestreams.get_all_livestreams", "data")],
    ),
    Contradiction(
        "unknown", "The schema has `paging` inside `data`; the example has it beside `data`.",
        [("livestreams.get_all_livestreams", "paging"), (_LIVESTREAM, "paging")],
    ),
    Contradiction(
        "unknown", "The schema has one object in `data.session`; the example an array in `data.sessions`.",
        [(_LIVESTREAM, "data.sessions")],
    ),
    Contradiction(
        "refused", "`disabled` is a string in four schemas; a boolean in POST /livestreams and in every example.",
        [(_LIVESTREAM, "data.livestream.disabled"), (_ACTIVE, "data.livestream.disabled"),
         ("livestreams.get_meeting_active_livestreams", "data.disabled")],
    ),
    Contradiction(
        "refused", "The schema has strings; the example of the API's ancestor numbers (60).",
        [(_ACTIVE, "data.session.ingest_seconds"), (_ACTIVE, "data.session.viewer_seconds")],
    ),
    Contradiction(
        "unknown", "`invoked_time` is in the example but not in the schema.",
        [("livestreams.get_livestream_session_details_for_session_id", "data.invoked_time")],
    ),
    Contradiction(
        "refused", "The schema has an integer; the example of the API's ancestor 365.66666666666697.",
        [("analytics.get_org_analytics", _MINUTES), ("livestreams.get_org_analytics", _MINUTES)],
    ),
    Contradiction(
        "unknown", "The schema has no `id`; the answers recorded of POST and PUT have {id, type, bucket, ...}.",
        [(f"recordings.{name}", "data.storage_config.id") for name in _RECORDINGS],
    ),
    Contradiction(
        "refused", "The schema has a string; the guide to track recording a list of layers with their `download_urls`.",
        [("recordings.get_one_recording", "data.download_url")],
    ),
    Contradiction(
        "unknown", "The schema has only `participants` in `data`; the example `data.paging` next to it.",
        [("sessions.get_session_participants", "data.paging")],
    ),
    Contradiction(
        "unknown", "The recorded answer of the API's ancestor has both beside `peer_report`; the schema neither.",
        [(_REPORT, "data.participant.peer_stats"), (_REPORT, "data.participant.quality_stats")],
    ),
]  # fmt: skip
