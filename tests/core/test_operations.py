"""Every operation of every resource: its exact request, and its result for the documented response."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

import realtimekit
from realtimekit import (
    App,
    DecodeError,
    LivestreamSession,
    Meeting,
    Participant,
    ServerError,
    Session,
    SessionParticipant,
    Summary,
    Transcript,
)
from realtimekit.webhooks import parse_event

from .operation import NOON, Operation, call, record
from .scripted import Mode, Script, call_of, client_of, error, make_response, ok
from .shapes import (
    ACTIVE,
    APP,
    CHAT,
    DELETED,
    HENRY,
    LIVESTREAM_SESSION,
    LIVESTREAM_SESSIONS,
    MARK,
    MEETING,
    PERSON,
    REPORTED,
    SESSION,
    SUMMARY,
    TRANSCRIPT,
    WITH_TOKEN,
)

WHO = {"custom_participant_id": "ann-1", "preset_name": "group_call_host"}


OPERATIONS: dict[str, Operation] = {
    # apps
    "app, found": Operation(lambda c: c.apps.find("x"), call("GET", "/apps/x"), APP, seen=record(App, APP)),
    "app, found as on create": Operation(
        lambda c: c.apps.find("x"), call("GET", "/apps/x"), {"app": APP}, seen=record(App, APP)
    ),
    "app, current": Operation(
        lambda c: c.apps.current(), call("GET", "/apps/app"), {**APP, "id": "app"},
        seen=record(App, {**APP, "id": "app"}),
    ),
    "app, created": Operation(
        lambda c: c.apps.create(name="my-new-app"), call("POST", "/apps", {"name": "my-new-app"}), {"app": APP},
        seen=record(App, APP),
    ),
    "app, reloaded": Operation(lambda c: c.apps.ref("x").reload(), call("GET", "/apps/x"), APP, seen=record(App, APP)),
    "apps, a page": Operation(
        lambda c: c.apps.where(search="my", sort_order="ASC", per_page=9).page(2),
        call("GET", "/apps", search="my", sort_order="ASC", per_page="9", page_no="2"),
        [APP], lambda apps: [app.name for app in apps], ["my-first-app"],
    ),
    # meetings
    "meeting, found": Operation(
        lambda c: c.meetings.find("m"), call("GET", "/app/meetings/m"), MEETING, seen=record(Meeting, MEETING)
    ),
    "meeting, created": Operation(
        lambda c: c.meetings.create(title="Weekly", record_on_start=True, session_keep_alive_time_in_secs=60),
        call("POST", "/app/meetings",
             {"title": "Weekly", "record_on_start": True, "session_keep_alive_time_in_secs": 60}),
        MEETING, seen=record(Meeting, MEETING),
    ),
    "meeting, updated": Operation(
        lambda c: c.meetings.ref("m").update(status="INACTIVE"),
        call("PATCH", "/app/meetings/m", {"status": "INACTIVE"}), MEETING, seen=record(Meeting, MEETING),
    ),
    "meeting, replaced": Operation(
        lambda c: c.meetings.ref("m").replace(title="x", ai_config={"a": 1}),
        call("PUT", "/app/meetings/m", {"title": "x", "ai_config": {"a": 1}}), MEETING, seen=record(Meeting, MEETING),
    ),
    "meeting, reloaded": Operation(
        lambda c: c.meetings.ref("m").reload(), call("GET", "/app/meetings/m"), MEETING, seen=record(Meeting, MEETING)
    ),
    "meetings, a page": Operation(
        lambda c: c.meetings.where(search="w", status="ACTIVE", start_time=NOON, end_time="2026-06-04").page(1),
        call("GET", "/app/meetings", search="w", status="ACTIVE", start_time="2026-06-03T12:00:00.000Z",
             end_time="2026-06-04", page_no="1"),
        [MEETING], lambda meetings: [m.record_on_start for m in meetings], [True],
    ),
    # participants of a meeting
    "participant, found": Operation(
        lambda c: c.meetings.ref("m").participants.find("p"), call("GET", "/app/meetings/m/participants/p"), PERSON,
        seen=record(Participant, PERSON),
    ),
    "participant, created": Operation(
        lambda c: c.meetings.ref("m").participants.create(**WHO, name="Ann", picture=None),
        call("POST", "/app/meetings/m/participants", {"name": "Ann", **WHO, "picture": None}), WITH_TOKEN,
        seen=record(Participant, WITH_TOKEN),
    ),
    "participant, created without a name": Operation(
        lambda c: c.meetings.ref("m").participants.create(**WHO),
        call("POST", "/app/meetings/m/participants", {"name": "ann-1", **WHO}), WITH_TOKEN,
        lambda person: person.token.reveal(), "a.jwt.of-nobody",
    ),
    "participant, updated": Operation(
        lambda c: c.meetings.ref("m").participants.ref("p").update(picture=None, preset_name="guest"),
        call("PATCH", "/app/meetings/m/participants/p", {"picture": None, "preset_name": "guest"}), WITH_TOKEN,
        seen=record(Participant, WITH_TOKEN),
    ),
    "participant, replaced": Operation(
        lambda c: c.meetings.ref("m").participants.ref("p").replace(**WHO),
        call("PUT", "/app/meetings/m/participants/p", {"name": "ann-1", **WHO}), WITH_TOKEN,
        seen=record(Participant, WITH_TOKEN),
    ),
    "participant, removed": Operation(
        lambda c: c.meetings.ref("m").participants.ref("p").destroy(),
        call("DELETE", "/app/meetings/m/participants/p"), DELETED, type, type(None),
    ),
    "participant, new token": Operation(
        lambda c: c.meetings.ref("m").participants.ref("p").regenerate_token(),
        call("POST", "/app/meetings/m/participants/p/token"), {"token": "t"},
        lambda p: (p.id, p.token.reveal()), ("p", "t"),
    ),
    "participants, a page": Operation(
        lambda c: c.meetings.ref("m").participants.where(per_page=5).page(3),
        call("GET", "/app/meetings/m/participants", per_page="5", page_no="3"), [PERSON],
        lambda people: [(p.name, p.scope["meeting_id"]) for p in people], [("Ann", "m")],
    ),
    # the live session of a meeting
    "active session": Operation(
        lambda c: c.meetings.ref("m").active_session, call("GET", "/app/meetings/m/active-session"), ACTIVE,
        lambda s: (s.status, s.ended_at, s.live_participants, s.minutes_consumed, s.meeting_display_name),
        ("LIVE", None, 1, 2.3434, None),
    ),
    # sessions
    "session, found": Operation(
        lambda c: c.sessions.find("s"), call("GET", "/app/sessions/s"), SESSION, seen=record(Session, SESSION)
    ),
    "session, found with breakout rooms": Operation(
        lambda c: c.sessions.find("s", include_breakout_rooms=True),
        call("GET", "/app/sessions/s", include_breakout_rooms="true"), {**SESSION, "breakout_rooms": [SESSION]},
        lambda s: [type(room) for room in s.breakout_rooms], [Session],
    ),
    "session, reloaded": Operation(
        lambda c: c.sessions.ref("s").reload(), call("GET", "/app/sessions/s"), SESSION, seen=record(Session, SESSION)
    ),
    "sessions, a page": Operation(
        lambda c: c.sessions.where(
            status="ENDED", associated_id="m", participants="1:10", sort_by="createdAt", sort_order="DESC",
            start_time=NOON,
        ).page(1),
        call("GET", "/app/sessions", status="ENDED", associated_id="m", participants="1:10", sort_by="createdAt",
             sort_order="DESC", start_time="2026-06-03T12:00:00.000Z", page_no="1"),
        {"sessions": [SESSION]}, lambda sessions: [s.meeting_display_name for s in sessions], ["Weekly"],
    ),
    "livestream sessions of a session": Operation(
        lambda c: c.sessions.ref("s").livestream_sessions(page_no=2, per_page=1),
        call("GET", "/app/sessions/s/livestream-sessions", page_no="2", per_page="1"), LIVESTREAM_SESSIONS,
        lambda found: [(type(b), b.viewer_seconds, dict(b.scope)) for b in found],
        [(LivestreamSession, 116.11599994199997, {"account_id": "acc", "app_id": "app"})],
    ),
    "livestream sessions of a session, all defaults": Operation(
        lambda c: c.sessions.ref("s").livestream_sessions(),
        call("GET", "/app/sessions/s/livestream-sessions"), [LIVESTREAM_SESSION], len, 1,
    ),
    "livestream session, found": Operation(
        lambda c: c.livestream_sessions.find("b"), call("GET", "/app/livestreams/sessions/b"), LIVESTREAM_SESSION,
        seen=record(LivestreamSession, LIVESTREAM_SESSION),
    ),
    # what a session leaves behind
    "chat": Operation(
        lambda c: c.sessions.ref("s").chat, call("GET", "/app/sessions/s/chat"), CHAT,
        lambda chat: (chat.download_url, chat.download_url_expiry),
        ("https://files.test/chat.csv", datetime(2026, 6, 10, 10, tzinfo=UTC)),
    ),
    "transcript": Operation(
        lambda c: c.sessions.ref("s").transcript, call("GET", "/app/sessions/s/transcript", format="JSON"), TRANSCRIPT,
        lambda t: (type(t), t.session_id, t.download_url, t.download_url_expiry),
        (Transcript, "s", "https://files.test/transcript.csv", datetime(2026, 6, 10, 10, tzinfo=UTC)),
    ),
    "transcript in another format": Operation(
        lambda c: c.sessions.ref("s").transcript_as("VTT"), call("GET", "/app/sessions/s/transcript", format="VTT"),
        TRANSCRIPT, lambda t: t.download_url, "https://files.test/transcript.csv",
    ),
    "summary": Operation(
        lambda c: c.sessions.ref("s").summary, call("GET", "/app/sessions/s/summary"), SUMMARY,
        lambda s: (type(s), s.session_id, s.download_url, s.download_url_expiry, s.status),
        (Summary, "s", "https://files.test/summary.txt", datetime(2026, 6, 10, 10, tzinfo=UTC), None),
    ),
    "summary, asked for": Operation(
        lambda c: c.sessions.ref("s").generate_summary(), call("POST", "/app/sessions/s/summary"),
        {"session_id": "s", "status": "PENDING"},
        lambda s: (type(s), s.session_id, s.status, s.download_url), (Summary, "s", "PENDING", None),
    ),
    "summary, asked for, the ancestor's answer": Operation(
        lambda c: c.sessions.ref("s").generate_summary(), call("POST", "/app/sessions/s/summary"),
        {"success": True, "message": "Success"}, lambda s: (s.status, s["message"]), (None, "Success"),
    ),
    # participants of a session
    "session participant, found": Operation(
        lambda c: c.sessions.ref("s").participants.find("p", include_peer_events=True),
        call("GET", "/app/sessions/s/participants/p", include_peer_events="true"), {"participant": MARK},
        seen=record(SessionParticipant, MARK),
    ),
    "session participants, a page": Operation(
        lambda c: c.sessions.ref("s").participants.where(
            search="a", include_peer_events=False, view="consolidated", sort_by="joinedAt", sort_order="ASC"
        ).page(1),
        call("GET", "/app/sessions/s/participants", search="a", include_peer_events="false", view="consolidated",
             sort_by="joinedAt", sort_order="ASC", page_no="1"),
        {"participants": [MARK, HENRY]}, lambda people: [p.joined_at.second for p in people], [8, 36],
    ),
    "session participant, by peer id": Operation(
        lambda c: c.sessions.find_participant_by_peer_id("peer/1"),
        call("GET", "/app/sessions/peer-report/peer%2F1"), {"participant": {**REPORTED, "id": "peer/1"}},
        lambda p: (type(p), p.preset_name, p.duration, p.to_dict() == {**REPORTED, "id": "peer/1"}),
        (SessionParticipant, "group_call_participant", 1.109, True),
    ),
    "session participant, by peer id, parts": Operation(
        lambda c: c.sessions.find_participant_by_peer_id(
            "x", filters=["events", "device_info"], include_peer_events=True
        ),
        call("GET", "/app/sessions/peer-report/x", filters="events,device_info", include_peer_events="true"),
        {"participant": REPORTED}, lambda p: p.id, REPORTED["id"],
    ),
    "session participant, by peer id, one part": Operation(
        lambda c: c.sessions.find_participant_by_peer_id("x", filters="events"),
        call("GET", "/app/sessions/peer-report/x", filters="events"), REPORTED, lambda p: p.id, REPORTED["id"],
    ),
}  # fmt: skip


@pytest.mark.parametrize("operation", OPERATIONS.values(), ids=OPERATIONS.keys())
def test_operation(mode: Mode, operation: Operation) -> None:
    operation.check(mode)


class TestDownloads:
    """A link is a credential of its own: the token must not be sent to its host."""

    @pytest.mark.parametrize(("name", "data"), [("chat", CHAT), ("transcript", TRANSCRIPT), ("summary", SUMMARY)])
    def test_read_sends_no_token(self, mode: Mode, name: str, data: dict[str, str]) -> None:
        script = Script(ok(data), make_response(b"\xff\x00 any bytes"))
        artifact = mode.get(getattr(mode.client(script).sessions.ref("s"), name))
        assert mode.get(artifact.read(timeout=9)) == b"\xff\x00 any bytes"
        request = script.requests[1]
        assert (request.method, request.url) == ("GET", artifact.download_url)
        assert not {"authorization", "cookie"} & {name.lower() for name in request.headers}
        assert (request.content, request.timeout) == (None, 9.0)

    def test_an_empty_file_is_a_file(self, mode: Mode) -> None:
        artifact = mode.get(mode.client(Script(ok(CHAT), make_response(b""))).sessions.ref("s").chat)
        assert mode.get(artifact.read()) == b""

    def test_a_file_that_looks_like_an_error_is_a_file(self, mode: Mode) -> None:
        artifact = mode.get(mode.client(Script(ok(CHAT), make_response({"success": False}))).sessions.ref("s").chat)
        assert mode.get(artifact.read()) == b'{"success": false}'

    def test_without_a_link_only_the_api_is_requested(self, mode: Mode) -> None:
        script = Script(ok({}), ok({}))  # it may be there by now
        artifact = mode.get(mode.client(script).sessions.ref("s").summary)
        with pytest.raises(realtimekit.RealtimeKitError):
            mode.get(artifact.read())
        assert all(sent.path == "/app/sessions/s/summary" for sent in script.calls)

    def test_an_expired_link_is_an_error_without_its_signature(self, mode: Mode) -> None:
        data = {"chat_download_url": "https://files.test/x?X-Amz-Signature=s3cret"}
        script = Script(
            ok(data), make_response("<Error>expired</Error>", 403), ok(data), make_response("<Error/>", 403)
        )
        artifact = mode.get(mode.client(script).sessions.ref("s").chat)
        with pytest.raises(realtimekit.PermissionDeniedError) as caught:
            mode.get(artifact.read())
        assert "s3cret" not in str(caught.value)


@pytest.mark.parametrize("data", [None, {}, {"data": {}}, "x"])
def test_livestream_sessions_without_a_list_are_a_decode_error(mode: Mode, data: Any) -> None:
    with pytest.raises(DecodeError, match="contains no list"):
        mode.get(mode.client(Script(ok(data))).sessions.ref("s").livestream_sessions())


def test_a_livestream_session_that_is_not_an_object_is_a_decode_error(mode: Mode) -> None:
    script = Script(ok({"data": ["x", LIVESTREAM_SESSION]}))
    with pytest.raises(DecodeError, match="contains no list"):
        mode.get(mode.client(script).sessions.ref("s").livestream_sessions())


@pytest.mark.parametrize("data", [None, "x", []])
def test_a_peer_report_without_a_participant_is_a_decode_error(mode: Mode, data: Any) -> None:
    with pytest.raises(DecodeError, match="contains no participant"):
        mode.get(mode.client(Script(ok(data))).sessions.find_participant_by_peer_id("x"))


class TestTranscriptRequests:
    """Segments are read from the JSON form, the only one with both the speaker and the end of each segment."""

    JSON = make_response([{"startTime": 0, "endTime": 1500, "sentence": "Hello", "peerData": {"displayName": "Ann"}}])

    def test_segments_take_two_requests(self, mode: Mode) -> None:
        script = Script(ok(TRANSCRIPT), self.JSON)
        transcript = mode.get(mode.client(script).sessions.ref("s").transcript)
        (segment,) = mode.get(transcript.segments())
        assert (segment.text, segment.end) == ("Hello", timedelta(milliseconds=1500))
        link, file = script.requests
        assert call_of(link) == call("GET", "/app/sessions/s/transcript", format="JSON")
        assert file.url == TRANSCRIPT["transcript_download_url"]

    def test_a_transcript_from_a_webhook_requests_json_once(self) -> None:
        script = Script(ok(TRANSCRIPT), self.JSON, self.JSON)
        transcript = self.from_webhook(script)
        assert transcript.segments() == transcript.segments()
        assert call_of(script.requests[0]) == call("GET", "/app/sessions/s/transcript", format="JSON")
        assert [request.url for request in script.requests[1:]] == [TRANSCRIPT["transcript_download_url"]] * 2

    def test_json_is_requested_again_after_a_failure(self) -> None:
        script = Script(error(500), ok(TRANSCRIPT), self.JSON)
        transcript = self.from_webhook(script)
        with pytest.raises(ServerError):
            transcript.segments()
        assert [segment.text for segment in transcript.segments()] == ["Hello"]
        assert [call_of(request).query for request in script.requests[:2]] == [{"format": "JSON"}] * 2

    def from_webhook(self, script: Script) -> Any:
        data = {
            "event": "meeting.transcript",
            "meeting": {"id": "m", "sessionId": "s", "organizedBy": {"id": "app"}},
            "transcriptDownloadUrl": "https://files.test/transcript.csv",
        }
        event: Any = parse_event(data, client=client_of(script, max_retries=0))
        return event.transcript
