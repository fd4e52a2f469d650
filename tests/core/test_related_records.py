"""Records that belong to another one, but are not below it in the API: found by a filter, or selected here."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import DecodeError, Meeting, Recording, Session

from .scripted import Call, Mode, Script, Step, default_to, error, ok, paging_of

PER_PAGE = 2
# Of the meeting m: by turns of the sessions s and t, and one that has not started.
RECORDINGS = [{"id": f"r{number}", "session_id": "st"[number % 2]} for number in range(6)]
RECORDINGS.insert(3, {"id": "none", "session_id": None})  # type: ignore[dict-item]
OF_S = ["r0", "r2", "r4"]


def page(items: list[dict[str, Any]], call: Call) -> list[dict[str, Any]]:
    start = (int(call.query["page_no"]) - 1) * PER_PAGE
    return items[start : start + PER_PAGE]


def serve(call: Call) -> Step:
    """Two sessions of the meeting m, and its recordings, two to a page."""
    match call.path.split("/")[2:]:
        case ["recordings"]:
            assert call.query.keys() <= {"meeting_id", "page_no", "per_page", "status", "sort_by", "sort_order"}
            found = page(RECORDINGS, call) if call.query.get("meeting_id") == "m" else []
            start = (int(call.query["page_no"]) - 1) * PER_PAGE
            return ok(found, paging_of(len(RECORDINGS), start + 1, start + len(found)))
        case ["sessions", "nowhere"]:
            return ok({"id": "nowhere", "associated_id": None})
        case ["sessions", session_id]:
            return ok({"id": session_id, "associated_id": "m"})
        case ["meetings", "m", "active-session"]:
            return ok({"id": "s"})
        case ["meetings", meeting_id]:
            return ok({"id": meeting_id, "title": "Weekly"})
        case _:
            return error(404)


def sent(script: Script) -> list[str]:
    """Return the paths of the requests, those of recordings with their meeting."""
    return [
        f"{call.path}?{call.query['meeting_id']}" if "meeting_id" in call.query else call.path for call in script.calls
    ]


def ids(records: list[Any]) -> list[str]:
    return [record.id for record in records]


class TestRecordingsOfASession:
    def test_a_session_that_is_loaded_knows_its_meeting(self, mode: Mode) -> None:
        script = Script(server=serve)
        session = mode.get(mode.client(script).sessions.find("s"))
        recordings = session.recordings
        assert repr(recordings).endswith(" session_id='s'>")
        assert ids(mode.get(recordings.all())) == ids(mode.each(recordings)) == OF_S
        assert sent(script) == ["/app/sessions/s", *["/app/recordings?m"] * 8]
        assert {type(recording) for recording in mode.each(recordings)} == {Recording}

    @pytest.mark.parametrize(
        "recordings",
        [
            lambda c: c.sessions.ref("s").recordings,
            lambda c: c.recordings.where(session_id="s"),
            lambda c: c.recordings.where(status="UPLOADED").where(session_id="s").order_by("-invoked_time"),
        ],
    )
    def test_a_session_of_which_only_the_id_is_known_is_loaded_once(
        self, mode: Mode, recordings: Callable[[Any], Any]
    ) -> None:
        script = Script(server=serve)
        relation = recordings(mode.client(script))
        assert script.calls == []
        assert ids(mode.get(relation.all())) == OF_S
        assert sent(script) == ["/app/sessions/s", *["/app/recordings?m"] * 4]

    def test_the_meeting_may_be_passed(self, mode: Mode) -> None:
        script = Script(server=serve)
        recordings = mode.client(script).recordings.where(session_id="s", meeting_id="m")
        assert ids(mode.get(recordings.all())) == OF_S
        assert set(sent(script)) == {"/app/recordings?m"}

    def test_an_active_session_knows_its_meeting(self, mode: Mode) -> None:
        script = Script(server=serve)
        active = mode.get(mode.client(script).meetings.ref("m").active_session)
        assert ids(mode.get(active.recordings.all())) == OF_S
        assert mode.get(active.meeting).title == "Weekly"
        assert set(sent(script)[1:]) == {"/app/recordings?m", "/app/meetings/m"}

    def test_of_a_class(self) -> None:
        script = Script(server=serve)
        default_to(script)
        assert ids(Recording.all(session_id="t")) == ["r1", "r3", "r5"]
        assert ids(Session.find("t").recordings.all()) == ["r1", "r3", "r5"]

    def test_of_another_app(self, mode: Mode) -> None:
        script = Script(server=serve)
        recordings = mode.client(script).recordings.where(session_id="s", app_id="other")
        assert ids(mode.get(recordings.all())) == OF_S
        assert sent(script)[0] == "/other/sessions/s"
        assert ids(mode.get(recordings.where(app_id="third").all())) == OF_S
        assert "/third/sessions/s" in sent(script)

    @pytest.mark.parametrize("limit", [1, 2, 3, 4])
    @pytest.mark.parametrize("prefetch", [1, 3])
    def test_limits_count_what_belongs_to_the_session(self, mode: Mode, limit: int, prefetch: int) -> None:
        recordings = mode.client(Script(server=serve)).sessions.ref("s").recordings.prefetch(prefetch)
        assert ids(mode.get(recordings.limit(limit).all())) == OF_S[:limit]
        assert mode.get(recordings.limit(limit).count()) == min(limit, 3)

    def test_a_limit_ends_the_reading(self, mode: Mode) -> None:
        script = Script(server=serve)
        assert (
            ids(mode.get(mode.client(script).recordings.where(session_id="s", meeting_id="m").limit(2).all()))
            == OF_S[:2]
        )
        assert len(script.calls) == 2

    def test_first_and_count(self, mode: Mode) -> None:
        client = mode.client(Script(server=serve))
        assert mode.get(client.sessions.ref("t").recordings.first()).id == "r1"
        assert mode.get(client.sessions.ref("t").recordings.limit(1).first()).id == "r1"
        assert mode.get(client.sessions.ref("t").recordings.count()) == 3
        assert mode.get(client.sessions.ref("u").recordings.first()) is None
        assert mode.get(client.sessions.ref("u").recordings.count()) == 0

    def test_pages_hold_what_belongs_to_the_session(self, mode: Mode) -> None:
        recordings = mode.client(Script(server=serve)).sessions.ref("s").recordings
        assert [ids(each) for each in mode.each(recordings.pages())] == [["r0"], ["r2"], ["r4"]]
        with pytest.raises(ValueError, match=r"page\(\) cannot apply this filter, which the API lacks"):
            mode.get(recordings.page(1))

    def test_of_a_session_without_a_meeting(self, mode: Mode) -> None:
        session = mode.client(Script(server=serve)).sessions.ref("nowhere")
        with pytest.raises(DecodeError, match=r"'nowhere'.* does not say which meeting it belongs to"):
            mode.get(session.recordings.all())
        with pytest.raises(DecodeError, match=r"'nowhere'.* does not say which meeting it belongs to"):
            mode.get(session.meeting)

    @pytest.mark.parametrize("bad", ["", ".."])
    def test_an_invalid_id_is_refused_at_once(self, mode: Mode, bad: str) -> None:
        with pytest.raises(ValueError, match="session_id"):
            mode.client(Script()).recordings.where(session_id=bad)

    def test_no_session_id_is_no_filter(self, mode: Mode) -> None:
        script = Script(server=serve)
        assert len(mode.get(mode.client(script).recordings.where(session_id=None, meeting_id="m").all())) == 7


def test_the_meeting_of_a_session_is_loaded_once(mode: Mode) -> None:
    script = Script(server=serve)
    session = mode.get(mode.client(script).sessions.find("s"))
    meeting = mode.get(session.meeting)
    assert (type(meeting), meeting.title) == (Meeting, "Weekly")
    assert mode.get(session.meeting) is meeting
    assert sent(script) == ["/app/sessions/s", "/app/meetings/m"]


def test_the_meeting_of_a_session_of_which_only_the_id_is_known(mode: Mode) -> None:
    script = Script(server=serve)
    assert mode.get(mode.client(script).sessions.ref("s", app_id="other").meeting).title == "Weekly"
    assert sent(script) == ["/other/sessions/s", "/other/meetings/m"]


@pytest.mark.parametrize("meeting_id", ["..", "", 7])
def test_a_meeting_id_from_the_server_that_is_none(mode: Mode, meeting_id: object) -> None:
    session = mode.get(mode.client(Script(ok({"id": "s", "associated_id": meeting_id}))).sessions.find("s"))
    with pytest.raises(DecodeError, match="meeting id that cannot be used"):
        mode.get(session.meeting)


class TestSessionsOfAMeeting:
    def test_they_are_found_by_a_filter(self, mode: Mode) -> None:
        script = Script(ok({"sessions": [{"id": "s"}]}))
        sessions = mode.client(script).meetings.ref("m").sessions.where(status="ENDED").order_by("-created_at")
        assert mode.get(sessions.first()).id == "s"
        wanted = {"associated_id": "m", "status": "ENDED", "sort_by": "createdAt", "sort_order": "DESC"}
        assert script.call.path == "/app/sessions"
        assert script.call.query == {**wanted, "page_no": "1", "per_page": "1"}

    def test_they_stay_in_their_app(self, mode: Mode) -> None:
        script = Script(ok({"sessions": []}))
        mode.get(mode.client(script).meetings.ref("m", app_id="other").sessions.first())
        assert script.call.path == "/other/sessions"


@pytest.mark.parametrize(
    ("relation", "filters"),
    [
        (lambda c: c.meetings.ref("m").sessions, {"associated_id": "n"}),
        (lambda c: c.meetings.ref("m").sessions, {"meeting_id": "n"}),
        (lambda c: c.meetings.ref("m").sessions, {"app_id": "n"}),
        (lambda c: c.sessions.ref("s").recordings, {"session_id": "t"}),
        (lambda c: c.sessions.ref("s").recordings, {"app_id": "t"}),
        (lambda c: c.meetings.ref("m").participants.ref("p").sessions, {"associated_id": "n"}),
    ],
)
def test_what_the_record_sets_cannot_be_overridden(
    mode: Mode, relation: Callable[[Any], Any], filters: dict[str, str]
) -> None:
    with pytest.raises(TypeError, match="is set by the record that these"):
        relation(mode.client(Script())).where(**filters)


class TestSessionsOfAParticipant:
    """There are four sessions: in one they were by id, in one by custom id, in one not, and one was empty."""

    def server(self, call: Call) -> Step:
        match call.path.split("/")[2:]:
            case ["sessions"]:
                assert call.query["associated_id"] == "m"
                return ok({"sessions": page([{"id": each} for each in "abcd"], call)})
            case ["sessions", "a", "participants"]:
                return ok(
                    {
                        "participants": page(
                            [{"id": "x", "user_id": "q"}, {"id": "y"}, {"id": "z", "user_id": "p"}], call
                        )
                    }
                )
            case ["sessions", "b", "participants"]:
                return ok({"participants": page([{"id": "x", "user_id": "q", "custom_participant_id": None}], call)})
            case ["sessions", "c", "participants"]:
                return ok({"participants": page([{"id": "x", "custom_participant_id": "alice"}], call)})
            case ["sessions", "d", "participants"]:
                return ok({"participants": []})
            case ["meetings", "m", "participants", "p"]:
                return ok({"id": "p", "custom_participant_id": "alice"})
            case _:
                return error(404)

    def test_they_are_selected(self, mode: Mode) -> None:
        script = Script(server=self.server)
        client = mode.client(script)
        participant = mode.get(client.participants.find("p", meeting_id="m"))
        assert (
            ids(mode.get(participant.sessions.all())) == ids(mode.each(participant.sessions.prefetch(3))) == ["a", "c"]
        )
        assert mode.get(participant.sessions.count()) == 2
        by_id = client.meetings.ref("m").participants.ref("p")
        assert ids(mode.get(by_id.sessions.all())) == ["a"]

    def test_first_requests_no_more_than_it_needs(self, mode: Mode) -> None:
        script = Script(server=self.server)
        participant = mode.client(script).meetings.ref("m").participants.ref("p")
        assert mode.get(participant.sessions.first()).id == "a"
        assert [call.path for call in script.calls] == ["/app/sessions", *["/app/sessions/a/participants"] * 2]


def test_sessions_by_meeting_id(mode: Mode) -> None:
    script = Script(ok({"sessions": []}), ok({"sessions": []}))
    client = mode.client(script)
    mode.get(client.sessions.where(meeting_id="m").first())
    mode.get(client.sessions.where(associated_id="m").first())
    assert [call.query for call in script.calls] == [{"associated_id": "m", "page_no": "1", "per_page": "1"}] * 2
    with pytest.raises(TypeError, match="two names of one filter"):
        client.sessions.where(meeting_id="m", associated_id="m")


def test_sessions_by_meeting_id_on_the_class() -> None:
    script = Script(ok({"sessions": []}))
    default_to(script)
    assert Session.all(meeting_id="m") == []
    assert script.call.query["associated_id"] == "m"
