"""The calls of Dyte's v2 API, as its documentation has them: paths below https://api.dyte.io/v2."""

from __future__ import annotations

from tools.migration.table import HOOK, PARTS, PERSON, Row

LIVE = "POST /meetings/{meeting_id}/active-session"

# The method and path of each are those that ours sends, below the app: tests/test_migration.py compares them.
ROWS = [
    Row("GET /meetings", 'client.meetings.where(search="Standup")', "list[Meeting]"),
    Row("POST /meetings", 'client.meetings.create(title="Weekly")', "Meeting"),
    Row("GET /meetings/{meeting_id}", "client.meetings.find(meeting_id)", "Meeting"),
    Row("PATCH /meetings/{meeting_id}", 'meeting.update(title="Monthly")', "Meeting"),
    Row("PUT /meetings/{meeting_id}", 'meeting.replace(title="Monthly")', "Meeting"),
    Row("GET /meetings/{meeting_id}/participants", "meeting.participants", "list[Participant]"),
    Row("POST /meetings/{meeting_id}/participants", f"meeting.participants.create({PERSON})", "Participant"),
    Row(
        "GET /meetings/{meeting_id}/participants/{participant_id}",
        "meeting.participants.find(participant_id)",
        "Participant",
    ),
    Row("PATCH /meetings/{meeting_id}/participants/{participant_id}", 'participant.update(name="Dan")', "Participant"),
    Row("DELETE /meetings/{meeting_id}/participants/{participant_id}", "participant.destroy()", "None"),
    Row(
        "POST /meetings/{meeting_id}/participants/{participant_id}/token",
        "participant.regenerate_token().token",
        "ParticipantToken",
    ),
    Row("GET /presets", "client.presets", "list[Preset]"),
    Row("POST /presets", f"client.presets.create({PARTS})", "Preset"),
    Row("GET /presets/{preset_id}", "client.presets.find(preset_id)", "Preset"),
    Row("PATCH /presets/{preset_id}", 'preset.update(name="guest")', "Preset"),
    Row("DELETE /presets/{preset_id}", "preset.destroy()", "None"),
    Row("GET /sessions", "client.sessions.where(meeting_id=meeting_id)", "list[Session]"),
    Row("GET /sessions/{session_id}", "client.sessions.find(session_id)", "Session"),
    Row("GET /sessions/{session_id}/participants", "session.participants", "list[SessionParticipant]"),
    Row(
        "GET /sessions/{session_id}/participants/{peer_id}", "session.participants.find(peer_id)", "SessionParticipant"
    ),
    Row(
        "GET /sessions/peer-report/{peer_id}",
        "client.sessions.find_participant_by_peer_id(peer_id)",
        "SessionParticipant",
    ),
    Row("GET /sessions/{session_id}/chat", "session.chat", "Chat"),
    Row("GET /sessions/{session_id}/transcript", "session.transcript", "Transcript"),
    Row("GET /sessions/{session_id}/livestream-sessions", "session.livestream_sessions()", "list[LivestreamSession]"),
    Row("GET /meetings/{meeting_id}/active-session", "meeting.active_session", "ActiveSession"),
    Row(f"{LIVE}/kick", "meeting.active_session.kick(participant_ids=[participant_id])", "KickResult"),
    Row(f"{LIVE}/kick-all", "meeting.active_session.kick_all()", "int"),
    Row(f"{LIVE}/mute", "meeting.active_session.mute(participant_ids=[participant_id])", "MuteResult"),
    Row(f"{LIVE}/mute-all", "meeting.active_session.mute_all(allow_unmute=True)", "int"),
    Row(f"{LIVE}/poll", 'meeting.active_session.create_poll("Lunch?", ["yes", "no"])', "Poll"),
    Row("GET /recordings", "client.recordings.where(meeting_id=meeting_id)", "list[Recording]"),
    Row(
        "POST /recordings",
        "client.recordings.create(meeting_id=meeting_id, allow_multiple_recordings=True)",
        "Recording",
    ),
    Row("GET /recordings/{recording_id}", "client.recordings.find(recording_id)", "Recording"),
    Row("PUT /recordings/{recording_id}", 'recording.transition("stop")', "Recording"),
    Row("GET /recordings/active-recording/{meeting_id}", "client.recordings.active_for(meeting_id)", "Recording"),
    Row("POST /recordings/track", "client.recordings.create_track(meeting_id=meeting_id)", "Recording"),
    Row("GET /livestreams", "client.livestreams", "list[Livestream]"),
    Row("POST /livestreams", 'client.livestreams.create(name="radio")', "Livestream"),
    Row("GET /livestreams/{livestream_id}", "client.livestreams.find(livestream_id)", "Livestream"),
    Row(
        "GET /livestreams/{livestream_id}/active-livestream-session",
        "livestream.active_livestream_session()",
        "ActiveLivestreamSession",
    ),
    Row(
        "GET /livestreams/sessions/{livestream_session_id}",
        "client.livestream_sessions.find(livestream_session_id)",
        "LivestreamSession",
    ),
    Row("GET /meetings/{meeting_id}/active-livestream", "meeting.active_livestream", "Livestream"),
    Row("GET /meetings/{meeting_id}/livestream", "meeting.livestream()", "LivestreamDetails"),
    Row("POST /meetings/{meeting_id}/livestreams", 'meeting.start_livestream(name="town-hall")', "Livestream"),
    Row("POST /meetings/{meeting_id}/active-livestream/stop", "meeting.stop_livestream()", "None"),
    Row("GET /webhooks", "client.webhooks", "list[Webhook]"),
    Row("POST /webhooks", f"client.webhooks.create({HOOK})", "Webhook"),
    Row("GET /webhooks/{webhook_id}", "client.webhooks.find(webhook_id)", "Webhook"),
    Row("PUT /webhooks/{webhook_id}", f"webhook.replace({HOOK})", "Webhook"),
    Row("PATCH /webhooks/{webhook_id}", "webhook.update(enabled=False)", "Webhook"),
    Row("DELETE /webhooks/{webhook_id}", "webhook.destroy()", "None"),
    Row("GET /analytics/daywise", 'client.analytics.daywise(start_date="2026-11-01")', "DaywiseReport"),
    Row(
        "GET /analytics/livestreams/daywise",
        'client.analytics.livestreams_daywise(start_time="2026-11-01T00:00:00Z")',
        "list[LivestreamDay]",
    ),
    Row(
        "GET /analytics/livestreams/overall",
        'client.analytics.livestreams_overall(start_time="2026-11-01T00:00:00Z")',
        "LivestreamTotals",
    ),
]
