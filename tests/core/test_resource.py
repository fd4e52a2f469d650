"""Records with a path in the API: identity, scope, `repr`, and merging newer data."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, cast

import pytest

from realtimekit import DecodeError, ParticipantToken, Session

from .scripted import Mode, Script, client_of, make_response, ok

SCOPE = {"account_id": "a", "app_id": "b"}
SECRET = "https://files.test/x?X-Amz-Signature=s3cret"
JWT = "eyJ.s3cret.jwt"


def session(id: str = "s", scope: dict[str, str] = SCOPE, **data: Any) -> Session:
    return Session({"id": id, **data}, client=client_of(Script()), scope=scope)


class TestIdentity:
    def test_is_class_scope_and_id(self) -> None:
        assert session() == session(status="ENDED")
        assert hash(session()) == hash(session(status="ENDED"))
        assert len({session(), session(status="LIVE")}) == 1

    def test_another_id_scope_or_class_is_another_record(self) -> None:
        client = client_of(Script())
        others: list[Any] = [
            session("t"),
            session(scope={**SCOPE, "app_id": "c"}),
            session(scope={**SCOPE, "account_id": "c"}),
            client.meetings.ref("s", account_id="a", app_id="b"),
            "s",
            None,
            {"id": "s"},
        ]
        for other in others:
            assert session() != other
        assert len({session(), *others[:4]}) == 5

    def test_it_does_not_depend_on_the_client(self) -> None:
        assert client_of(Script(), api_token="x").sessions.ref("s") == client_of(Script()).sessions.ref("s")

    def test_the_chat_of_a_session_is_equal_only_to_itself(self) -> None:
        chats = [
            client_of(Script(ok({"chat_download_url": url}))).sessions.ref(name).chat
            for name, url in (("s", "u1"), ("s", "u2"), ("t", "u1"))
        ]
        assert chats[0] == chats[1] != chats[2]
        assert hash(chats[0]) == hash(chats[1])

    def test_a_participant_in_two_sessions_is_two_records(self) -> None:
        people = client_of(Script()).session_participants
        assert people.ref("p", session_id="s") != people.ref("p", session_id="t")


class TestScope:
    def test_is_the_ids_of_the_parents(self) -> None:
        client = client_of(Script())
        assert client.apps.ref("x").scope == {"account_id": "acc"}
        assert client.sessions.ref("s").scope == {"account_id": "acc", "app_id": "app"}
        person = client.sessions.ref("s").participants.ref("p")
        assert person.scope == {"account_id": "acc", "app_id": "app", "session_id": "s"}

    def test_cannot_be_changed(self) -> None:
        record = session()
        with pytest.raises(TypeError):
            cast("Any", record.scope)["app_id"] = "x"
        assert record.scope == SCOPE


class TestRepr:
    """`repr` shows the class, the id and a few other fields, but never a credential."""

    def test_repr_shows_a_few_fields(self) -> None:
        record = session(status="ENDED", meeting_display_name="Weekly", minutes_consumed=3)
        assert repr(record) == "<Session id='s' status='ENDED' meeting_display_name='Weekly'>"
        assert repr(session()) == "<Session id='s'>"

    @pytest.mark.parametrize(
        ("name", "data"),
        [
            ("chat", {"chat_download_url": SECRET, "chat_download_url_expiry": "2026-06-10T10:00:00Z"}),
            ("chat", {"chatDownloadUrl": SECRET}),
            ("transcript", {"sessionId": "s", "transcript_download_url": SECRET}),
            ("summary", {"sessionId": "s", "summaryDownloadUrl": SECRET}),
            ("summary", {"sessionId": "s", "summary_download_url": SECRET, "status": "READY"}),
        ],
    )
    def test_no_download_link(self, mode: Mode, name: str, data: dict[str, Any]) -> None:
        record = mode.get(getattr(mode.client(Script(ok(data))).sessions.ref("s"), name))
        assert record.download_url == SECRET
        for text in (repr(record), str(record), f"{[record]}"):
            assert "s3cret" not in text
            assert "files.test" not in text

    def test_no_participants_token(self, mode: Mode) -> None:
        data = {"id": "p", "name": "Ann", "preset_name": "host", "token": JWT}
        people = mode.client(Script(ok(data))).meetings.ref("m").participants
        person = mode.get(people.create(custom_participant_id="c", preset_name="host"))
        assert person.token.reveal() == JWT
        assert repr(person) == "<Participant id='p' name='Ann' preset_name='host'>"

    def test_control_characters_are_escaped(self) -> None:
        assert repr(session(meeting_display_name="\x1b[2J\n")).isprintable()

    def test_no_secret_if_a_field_cannot_be_read(self, mode: Mode) -> None:
        people = mode.client(Script(ok({"id": "p", "token": [JWT]}))).participants
        person = mode.get(people.find("p", meeting_id="m"))
        with pytest.raises(DecodeError) as caught:
            _ = person.token
        assert "s3cret" not in str(caught.value)

    def test_a_token_that_was_not_sent(self, mode: Mode) -> None:
        people = mode.client(Script(ok({"id": "p", "name": "Ann"}))).participants
        for person in (mode.get(people.find("p", meeting_id="m")), people.ref("p", meeting_id="m")):
            assert "token" not in person
            with pytest.raises(DecodeError, match=r"has no 'token': .* regenerate_token\(\) gets a new one"):
                _ = person.token

    def test_no_secret_in_the_repr_of_a_response(self) -> None:
        assert "s3cret" not in repr(make_response({"token": JWT}))


class TestNewerData:
    def test_is_merged_in_place_and_clears_cached_fields(self, mode: Mode) -> None:
        script = Script(ok({"id": "s", "status": "LIVE", "live_participants": 3}), ok({"id": "s", "status": "ENDED"}))
        record = mode.get(mode.client(script).sessions.find("s"))
        assert (record.status, record.live_participants) == ("LIVE", 3)
        assert mode.get(record.reload()) is record
        assert record.status == "ENDED"
        assert record.live_participants == 3, "what an answer leaves out keeps its last value"
        assert script.calls[0] == script.calls[1]

    def test_null_is_newer_data(self, mode: Mode) -> None:
        script = Script(ok({"id": "m", "title": "x"}), ok({"id": "m", "title": None}))
        record = mode.get(mode.client(script).meetings.find("m"))
        assert record.title == "x"
        mode.get(record.reload())
        assert record.title is None

    def test_a_token_is_kept(self, mode: Mode) -> None:
        script = Script(
            ok({"id": "p", "name": "a", "token": "t1"}), ok({"id": "p", "name": "b"}), ok({"id": "p", "token": "t2"})
        )
        people = mode.client(script).meetings.ref("m").participants
        person = mode.get(people.create(custom_participant_id="c", preset_name="h"))
        assert person.token == ParticipantToken("t1")
        mode.get(person.reload())
        assert (person.name, person.token.reveal()) == ("b", "t1")
        mode.get(person.update(name="c"))
        assert person.token == ParticipantToken("t2")

    def test_a_new_token_changes_nothing_else(self, mode: Mode) -> None:
        script = Script(ok({"id": "p", "name": "a", "token": "t1"}), ok({"token": "t2"}))
        people = mode.client(script).meetings.ref("m").participants
        person = mode.get(people.create(custom_participant_id="c", preset_name="h"))
        assert person.token == ParticipantToken("t1")
        assert mode.get(person.regenerate_token()) is person
        assert (person.id, person.name, person.token.reveal()) == ("p", "a", "t2")

    def test_a_failed_reload_changes_nothing(self, mode: Mode) -> None:
        script = Script(ok({"id": "m", "title": "x"}), ok(["not", "an", "object"]))
        record = mode.get(mode.client(script).meetings.find("m"))
        with pytest.raises(DecodeError, match=r"expected <Meeting id='m' title='x'> in the response, got list"):
            mode.get(record.reload())
        assert record.title == "x"

    @pytest.mark.parametrize("body", [None, {"success": True, "data": None}, {"success": True, "data": []}, 7, []])
    def test_a_response_without_a_record_is_a_decode_error(self, mode: Mode, body: Any) -> None:
        with pytest.raises(DecodeError, match="expected <Session id='s'>"):
            mode.get(mode.client(Script(make_response(body))).sessions.find("s"))

    def test_cached_associations_are_kept(self, mode: Mode) -> None:
        script = Script(ok({"chat_download_url": "u"}), ok({"id": "s", "status": "ENDED"}))
        record = mode.client(script).sessions.ref("s")
        chat = mode.get(record.chat)
        mode.get(record.reload())
        assert mode.get(record.chat) is chat


WRONG: list[Any] = [None, "", " ", "..", 7, ["s"], "\ud800"]


class TestWrongIds:
    @pytest.mark.parametrize("sent", [{}, *({"id": wrong} for wrong in WRONG)])
    def test_from_the_server_are_decode_errors(self, sent: dict[str, Any], mode: Mode) -> None:
        script = Script(ok({"sessions": [{**sent, "status": "LIVE"}]}))
        (record,) = mode.get(mode.client(script).sessions.page(1))
        asks: list[Callable[[], Any]] = [
            lambda: mode.get(record.chat),
            lambda: mode.get(record.reload()),
            lambda: record.participants,
        ]
        for ask in asks:
            with pytest.raises(DecodeError, match=r"^<Session .*came with an id that cannot be used in a request: "):
                ask()
        assert len(script.calls) == 1
        assert record.status == "LIVE"
        assert len({record, record}) == 1

    @pytest.mark.parametrize("wrong", WRONG)
    def test_from_a_response_never_replace_the_right_one(self, wrong: Any, mode: Mode) -> None:
        script = Script(ok({"id": wrong, "title": "x"}), ok({"id": "m", "title": "y"}))
        with pytest.raises(
            DecodeError,
            match=r"^the response is about another record: its id is|^expected <Meeting id='m'.*> in the response, got",
        ):
            mode.get(mode.client(script).meetings.find("m"))
        assert mode.get(mode.client(script).meetings.find("m")).title == "y"

    @pytest.mark.parametrize("wrong", WRONG)
    def test_from_the_caller_are_invalid_arguments(self, wrong: Any, mode: Mode) -> None:
        sessions = mode.client(Script()).sessions
        with pytest.raises((TypeError, ValueError), match=r"session_id|surrogates"):
            sessions.ref(wrong)
        with pytest.raises((TypeError, ValueError), match=r"session_id|surrogates"):
            mode.get(sessions.find(wrong))


class TestFoundByPeerId:
    FOUND = ok(
        {"participant": {"id": "peer-1", "display_name": "Mark", "role": "host", "peer_report": {"quality": {}}}}
    )

    def test_without_a_session_id_it_can_be_read_but_not_reloaded(self, mode: Mode) -> None:
        person = mode.get(mode.client(Script(self.FOUND)).sessions.find_participant_by_peer_id("peer-1"))
        assert (person.id, person.display_name, person.preset_name) == ("peer-1", "Mark", "host")
        assert person.peer_report == {"quality": {}}
        assert person.session_id is None
        assert repr(person) == "<SessionParticipant id='peer-1' display_name='Mark'>"
        assert person == person  # noqa: PLR0124 - its identity works without a session
        assert hash(person) == hash(person)
        with pytest.raises(TypeError, match="session_id is required"):
            mode.get(person.reload())

    def test_with_one_it_can_be_reloaded(self, mode: Mode) -> None:
        data = {"id": "peer-1", "session_id": "s"}
        script = Script(ok({"participant": data}), ok({"participant": {"id": "peer-1", "display_name": "Mark"}}))
        person = mode.get(mode.client(script).sessions.find_participant_by_peer_id("peer-1"))
        mode.get(person.reload())
        assert person.display_name == "Mark"
        assert script.calls[1].path == "/app/sessions/s/participants/peer-1"
