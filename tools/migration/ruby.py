"""The calls of the Ruby gem `cloudflare-ruby` (`Cloudflare::RealtimeKit`), as its documentation has them."""

from __future__ import annotations

from tools.migration.table import Row

PERSON = 'custom_participant_id: "user-4", preset_name: "group_call_host", name: "Dan"'
OUR_PERSON = 'custom_participant_id="user-4", preset_name="group_call_host", name="Dan"'
HOOK = 'name: "mine", url: "https://example.com/hook", events: ["meeting.ended"]'
OUR_HOOK = 'name="mine", url="https://example.com/hook", events=["meeting.ended"]'
PARTS = 'name: "guest", config: config, permissions: permissions, ui: ui'
OUR_PARTS = 'name="guest", config=config, permissions=permissions, ui=ui'

ROWS = [
    Row("App.all", "App.all()", "list[App]"),
    Row('App.create(name: "Support")', 'App.create(name="Support")', "App"),
    Row("App.current", "App.current()", "App"),
    Row("Meeting.all", "Meeting.all()", "list[Meeting]"),
    Row("Meeting.find(meeting_id)", "Meeting.find(meeting_id)", "Meeting"),
    Row('Meeting.create(title: "Weekly")', 'Meeting.create(title="Weekly")', "Meeting"),
    Row('meeting.update(title: "Monthly")', 'meeting.update(title="Monthly")', "Meeting"),
    Row('meeting.replace(title: "Monthly")', 'meeting.replace(title="Monthly")', "Meeting"),
    Row("meeting.reload", "meeting.reload()", "Meeting"),
    Row("meeting.participants.all", "meeting.participants.all()", "list[Participant]"),
    Row("meeting.active_session", "meeting.active_session", "ActiveSession"),
    Row("meeting.active_livestream", "meeting.active_livestream", "Livestream"),
    Row("meeting.livestream_details(page_no: 1)", "meeting.livestream(page_no=1)", "LivestreamDetails"),
    Row('meeting.start_livestreaming(name: "town-hall")', 'meeting.start_livestream(name="town-hall")', "Livestream"),
    Row("meeting.stop_livestream", "meeting.stop_livestream()", "None"),
    Row("Participant.all(meeting_id: meeting_id)", "Participant.all(meeting_id=meeting_id)", "list[Participant]"),
    Row("meeting.participants.find(participant_id)", "meeting.participants.find(participant_id)", "Participant"),
    Row(f"meeting.participants.create({PERSON})", f"meeting.participants.create({OUR_PERSON})", "Participant"),
    Row('participant.update(name: "Dan")', 'participant.update(name="Dan")', "Participant"),
    Row("participant.regenerate_token", "participant.regenerate_token().token", "ParticipantToken"),
    Row("participant.destroy", "participant.destroy()", "None"),
    Row("active_session.reload", "meeting.active_session", "ActiveSession"),
    Row(
        "active_session.kick(participant_ids: [participant_id], custom_participant_ids: [])",
        "meeting.active_session.kick(participant_ids=[participant_id])",
        "KickResult",
    ),
    Row("active_session.kick_all", "meeting.active_session.kick_all()", "int"),
    Row(
        "active_session.mute(participant_ids: [participant_id], custom_participant_ids: [])",
        "meeting.active_session.mute(participant_ids=[participant_id])",
        "MuteResult",
    ),
    Row("active_session.mute_all(allow_unmute: true)", "meeting.active_session.mute_all(allow_unmute=True)", "int"),
    Row(
        'active_session.create_poll(question: "Lunch?", options: ["yes", "no"])',
        'meeting.active_session.create_poll("Lunch?", ["yes", "no"])',
        "Poll",
    ),
    Row("Session.all", "Session.all()", "list[Session]"),
    Row("Session.find(session_id, app_id: app_id)", "Session.find(session_id, app_id=app_id)", "Session"),
    Row("session.reload", "session.reload()", "Session"),
    Row("session.participants.all", "session.participants.all()", "list[SessionParticipant]"),
    Row("session.chat", "session.chat", "Chat"),
    Row("session.summary", "session.summary", "Summary"),
    Row("session.transcript", "session.transcript", "Transcript"),
    Row(
        "Session.find_participant_by_peer_id(peer_id, app_id: app_id)",
        "Session.find_participant_by_peer_id(peer_id, app_id=app_id)",
        "SessionParticipant",
    ),
    Row("session.livestream_sessions", "session.livestream_sessions()", "list[LivestreamSession]"),
    Row(
        "SessionParticipant.all(session_id: session_id)",
        "SessionParticipant.all(session_id=session_id)",
        "list[SessionParticipant]",
    ),
    Row("session.participants.find(peer_id)", "session.participants.find(peer_id)", "SessionParticipant"),
    Row("session.chat.reload", "session.chat.reload()", "Chat"),
    Row("session.transcript.reload", "session.transcript.reload()", "Transcript"),
    Row("session.summary.reload", "session.summary.reload()", "Summary"),
    Row("session.summary.generate", "session.generate_summary()", "Summary"),
    Row("Livestream.all", "Livestream.all()", "list[Livestream]"),
    Row("Livestream.find(livestream_id)", "Livestream.find(livestream_id)", "Livestream"),
    Row('Livestream.create(name: "radio")', 'Livestream.create(name="radio")', "Livestream"),
    Row("livestream.active_session", "livestream.active_livestream_session()", "ActiveLivestreamSession"),
    Row(
        "livestream.active_session.livestream.reload",
        "livestream.active_livestream_session().livestream.reload()",
        "Livestream",
    ),
    Row(
        "livestream.active_session.session.reload",
        "livestream.active_livestream_session().session.reload()",
        "LivestreamSession",
    ),
    Row(
        "LivestreamSession.find(livestream_session_id)",
        "LivestreamSession.find(livestream_session_id)",
        "LivestreamSession",
    ),
    Row("Recording.all", "Recording.all()", "list[Recording]"),
    Row("Recording.find(recording_id)", "Recording.find(recording_id)", "Recording"),
    Row(
        "Recording.create(meeting_id: meeting_id, allow_multiple_recordings: true)",
        "Recording.create(meeting_id=meeting_id, allow_multiple_recordings=True)",
        "Recording",
    ),
    Row("Recording.active_for(meeting_id: meeting_id)", "Recording.active_for(meeting_id)", "Recording"),
    Row(
        "Recording.start_track(meeting_id: meeting_id, layers: layers)",
        "Recording.create_track(meeting_id=meeting_id, layers=layers)",
        "Recording",
    ),
    Row("recording.transition(action: :pause)", 'recording.transition("pause")', "Recording"),
    Row("recording.pause", "recording.pause()", "Recording"),
    Row("recording.resume", "recording.resume()", "Recording"),
    Row("recording.stop", "recording.stop()", "Recording"),
    Row("Preset.all", "Preset.all()", "list[Preset]"),
    Row("Preset.find(preset_id)", "Preset.find(preset_id)", "Preset"),
    Row(f"Preset.create({PARTS})", f"Preset.create({OUR_PARTS})", "Preset"),
    Row('preset.update(name: "guest")', 'preset.update(name="guest")', "Preset"),
    Row("preset.destroy", "preset.destroy()", "None"),
    Row("Webhook.all", "Webhook.all()", "list[Webhook]"),
    Row("Webhook.find(webhook_id)", "Webhook.find(webhook_id)", "Webhook"),
    Row(f"Webhook.create({HOOK})", f"Webhook.create({OUR_HOOK})", "Webhook"),
    Row("webhook.update(enabled: false)", "webhook.update(enabled=False)", "Webhook"),
    Row(f"webhook.replace({HOOK})", f"webhook.replace({OUR_HOOK})", "Webhook"),
    Row("webhook.destroy", "webhook.destroy()", "None"),
    Row(
        'Analytics.daywise(start_date: "2026-11-01", end_date: "2026-11-30")',
        'client.analytics.daywise(start_date="2026-11-01", end_date="2026-11-30")',
        "DaywiseReport",
    ),
    Row(
        'Analytics.livestreams_overall(start_time: "2026-11-01T00:00:00Z", end_time: "2026-12-01T00:00:00Z")',
        'client.analytics.livestreams_overall(start_time="2026-11-01T00:00:00Z", end_time="2026-12-01T00:00:00Z")',
        "LivestreamTotals",
    ),
]
