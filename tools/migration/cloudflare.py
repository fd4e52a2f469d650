"""The calls of the official package, release 5.9.0. Which of ours is meant stands in docs/operations.md."""

from __future__ import annotations

from typing import NamedTuple

from tools.migration.table import HOOK, PARTS, PERSON, Row
from tools.operation_names import OPERATION_NAMES

KIT = "client.realtime_kit."  # `kit` on the page


class Example(NamedTuple):
    """How one method of theirs is called, and ours."""

    ids: str  # what theirs is given first
    both: str = ""  # what both are given
    theirs: str = ""  # what only theirs is given
    ours: str | None = None  # the call of ours; None: what both are given, and for `find` the id
    value: str = ".data"  # where in their response the value is
    returns: str = ""


MEETING, PARTICIPANT = "meeting_id, **ids", "participant_id, **ids, meeting_id=meeting_id"
SESSION, RECORDING, LIVESTREAM = "session_id, **ids", "recording_id, **ids", "livestream_id, **ids"
PRESET, WEBHOOK, ACCOUNT, APP = "preset_id, **ids", "webhook_id, **ids", "account_id=account_id", "**ids"

EXAMPLES = {
    "apps.get": Example(ACCOUNT, returns="list[App]"),
    "apps.post": Example(ACCOUNT, 'name="Support"', value=".data.app", returns="App"),
    "meetings.get": Example(APP, 'status="ACTIVE"', returns="list[Meeting]"),
    "meetings.create": Example(APP, 'title="Weekly"', returns="Meeting"),
    "meetings.get_meeting_by_id": Example(MEETING, returns="Meeting"),
    "meetings.update_meeting_by_id": Example(MEETING, 'title="Monthly"', returns="Meeting"),
    "meetings.replace_meeting_by_id": Example(MEETING, 'title="Monthly"', returns="Meeting"),
    "meetings.get_meeting_participants": Example(MEETING, returns="list[Participant]"),
    "meetings.add_participant": Example(MEETING, PERSON, returns="Participant"),
    "meetings.get_meeting_participant": Example(PARTICIPANT, returns="Participant"),
    "meetings.edit_participant": Example(PARTICIPANT, 'name="Dan"', returns="Participant"),
    "meetings.delete_meeting_participant": Example(PARTICIPANT, value="", returns="None"),
    "meetings.refresh_participant_token": Example(
        PARTICIPANT, ours="().token", value=".data.token", returns="ParticipantToken"
    ),
    "presets.get": Example(APP, 'search="host"', returns="list[Preset]"),
    "presets.create": Example(APP, PARTS, returns="Preset"),
    "presets.get_preset_by_id": Example(PRESET, returns="Preset"),
    "presets.update": Example(PRESET, 'name="guest"', returns="Preset"),
    "presets.replace_preset_by_id": Example(PRESET, PARTS, returns="Preset"),
    "presets.delete": Example(PRESET, value="", returns="None"),
    "active_session.get_active_session": Example(MEETING, ours="", returns="ActiveSession"),
    "active_session.kick_participants": Example(MEETING, "participant_ids=[participant_id]", returns="KickResult"),
    "active_session.kick_all_participants": Example(MEETING, value=".data.kicked_participants_count", returns="int"),
    "active_session.create_poll": Example(
        MEETING,
        theirs='question="Lunch?", options=["yes", "no"]',
        ours='("Lunch?", ["yes", "no"])',
        value=".data.poll",
        returns="Poll",
    ),
    "livestreams.get_all_livestreams": Example(APP, 'status="LIVE"', returns="list[Livestream]"),
    "livestreams.get_livestream_session_for_livestream_id": Example(LIVESTREAM, returns="Livestream"),
    "livestreams.get_active_livestreams_for_livestream_id": Example(LIVESTREAM, returns="ActiveLivestreamSession"),
    "livestreams.get_livestream_session_details_for_session_id": Example(
        "livestream_session_id, **ids", returns="LivestreamSession"
    ),
    "livestreams.get_meeting_active_livestreams": Example(MEETING, ours="", returns="Livestream"),
    "livestreams.stop_livestreaming_a_meeting": Example(MEETING, value="", returns="None"),
    "livestreams.start_livestreaming_a_meeting": Example(MEETING, 'name="town-hall"', returns="Livestream"),
    "analytics.get_org_analytics": Example(APP, 'start_date="2026-11-01"', returns="DaywiseReport"),
    "livestreams.get_livestream_analytics_daywise": Example(
        APP, "start_time=1793491200", returns="list[LivestreamDay]"
    ),
    "livestreams.get_livestream_analytics_complete": Example(APP, "start_time=1793491200", returns="LivestreamTotals"),
    "recordings.get_recordings": Example(APP, "meeting_id=meeting_id", returns="list[Recording]"),
    "recordings.start_recordings": Example(
        APP, "meeting_id=meeting_id, allow_multiple_recordings=True", returns="Recording"
    ),
    "recordings.get_one_recording": Example(RECORDING, returns="Recording"),
    "recordings.pause_resume_stop_recording": Example(
        RECORDING, theirs='action="pause"', ours='("pause")', returns="Recording"
    ),
    "recordings.get_active_recordings": Example(MEETING, ours="(meeting_id)", returns="Recording"),
    "recordings.start_track_recording": Example(
        APP, "meeting_id=meeting_id", value=".data.recording", returns="Recording"
    ),
    "sessions.get_sessions": Example(APP, 'status="ENDED"', value=".data.sessions", returns="list[Session]"),
    "sessions.get_session_details": Example(SESSION, returns="Session"),
    "sessions.get_session_participants": Example(
        SESSION, value=".data.participants", returns="list[SessionParticipant]"
    ),
    "sessions.get_session_participant_details": Example(
        "peer_id, **ids, session_id=session_id", value=".data.participant", returns="SessionParticipant"
    ),
    "sessions.get_session_chat": Example(SESSION, ours="", returns="Chat"),
    "sessions.get_session_transcripts": Example(SESSION, ours="", returns="Transcript"),
    "sessions.get_session_summary": Example(SESSION, ours="", returns="Summary"),
    "sessions.generate_summary_of_transcripts": Example(SESSION, returns="Summary"),
    "sessions.get_participant_data_from_peer_id": Example(
        "peer_id, **ids",
        theirs='filters="quality_stats"',
        ours='(peer_id, filters="quality_stats")',
        value=".data.participant",
        returns="SessionParticipant",
    ),
    "webhooks.get_webhooks": Example(APP, returns="list[Webhook]"),
    "webhooks.create_webhook": Example(APP, HOOK, returns="Webhook"),
    "webhooks.get_webhook_by_id": Example(WEBHOOK, returns="Webhook"),
    "webhooks.replace_webhook": Example(WEBHOOK, HOOK, returns="Webhook"),
    "webhooks.edit_webhook": Example(WEBHOOK, "enabled=False", returns="Webhook"),
    "webhooks.delete_webhook": Example(WEBHOOK, value="", returns="None"),
}

# The package has one operation twice.
TWICE = {"analytics.get_org_analytics": "livestreams.get_org_analytics"}


def rows() -> list[Row]:
    """Return a row for each method of theirs, in the order of docs/operations.md."""
    found = []
    for name in OPERATION_NAMES:
        if name.official is not None:
            official = name.official.removeprefix(KIT)
            found += [
                _row(method, name.ours, EXAMPLES[official]) for method in (official, TWICE.get(official)) if method
            ]
    return found


def _row(method: str, ours: str, example: Example) -> Row:
    given = ", ".join(part for part in (example.ids, example.both, example.theirs) if part)
    return Row(f"kit.{method}({given}){example.value}", _ours(ours, example), example.returns)


def _ours(name: str, example: Example) -> str:
    if example.ours is not None:
        return name + example.ours
    if name.endswith(".find"):
        return f"{name}({example.ids.partition(',')[0]})"
    if name.endswith(".where") and not example.both:
        return name.removesuffix(".where")  # a collection is the list of everything
    return f"{name}({example.both})"
