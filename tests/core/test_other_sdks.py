"""Names that other SDKs use: an error says what to use here, and `hasattr` is truthful."""

from __future__ import annotations

import inspect
import pydoc
from traceback import TracebackException
from typing import Any

import pytest

from realtimekit import App, Chat, LivestreamSession, Meeting, NotFoundError, Preset, RealtimeKitError, Session

from .scripted import Mode, Script, client_of, error, make_response

NO_CALL = "the API offers no such call"

COLLECTIONS = [
    ("sessions", "list", r"Sessions has no list\(\): use where\(\.\.\.\) and iterate, or all\(\)"),
    ("sessions", "get", r"Sessions has no get\(\): use find\(id\)"),
    ("sessions", "retrieve", r"Sessions has no retrieve\(\): use find\(id\)"),
    ("sessions", "delete", rf"Sessions has no delete\(\): {NO_CALL}"),
    ("meetings", "delete", rf"Meetings has no delete\(\): {NO_CALL}"),
    ("presets", "delete", r"Presets has no delete\(\): find\(id\) the record, then use its destroy\(\)"),
    ("webhooks", "delete", r"Webhooks has no delete\(\): find\(id\) the record, then use its destroy\(\)"),
    ("participants", "list", r"Participants has no list\(\): use where"),
    ("livestream_sessions", "list", rf"LivestreamSessions has no list\(\): {NO_CALL}"),
    ("livestream_sessions", "get", r"LivestreamSessions has no get\(\): use find\(id\)"),
]


@pytest.mark.parametrize("name", ["data", "result"])
def test_the_envelope_of_a_response(mode: Mode, name: str) -> None:
    client = mode.client(Script())
    for obj, cure in (
        (client.sessions.ref("s"), r"Session has no {}: this is the record itself, .* to_dict\(\)"),
        (client.sessions.where(status="ENDED"), r"Sessions has no {}: this is the list itself, .* iterate over it"),
    ):
        with pytest.raises(AttributeError, match=cure.format(name)):
            getattr(obj, name)
        assert not hasattr(obj, name)


def test_the_namespace_of_the_official_package(mode: Mode) -> None:
    client: Any = mode.client(Script())
    with pytest.raises(AttributeError, match=r"RealtimeKit has no realtime_kit: .* client\.meetings"):
        _ = client.realtime_kit
    assert not hasattr(client, "realtime_kit")


@pytest.mark.parametrize(("collection", "name", "message"), COLLECTIONS)
def test_on_a_collection(mode: Mode, collection: str, name: str, message: str) -> None:
    relation = getattr(mode.client(Script()), collection)
    with pytest.raises(AttributeError, match=f"^{message}$" if message.endswith(")") else f"^{message}"):
        getattr(relation, name)
    assert not hasattr(relation, name)
    assert not hasattr(type(relation), name)


def test_on_a_relation_that_was_refined(mode: Mode) -> None:
    relation = mode.client(Script()).sessions.where(status="ENDED").order_by("-created_at")
    with pytest.raises(AttributeError, match=r"use where\(\.\.\.\) and iterate, or all\(\)$"):
        relation.list()
    with pytest.raises(AttributeError, match=r"^Sessions has no create\(\)"):
        relation.create()


CLASSES: list[tuple[type[Any], str, str]] = [
    (Session, "list", r"Session has no list\(\): use where\(\.\.\.\) and iterate, or all\(\.\.\.\)"),
    (Session, "retrieve", r"Session has no retrieve\(\): use find\(id\), or reload\(\) of a record"),
    (Session, "delete", rf"Session has no delete\(\): {NO_CALL}"),
    (Meeting, "delete", rf"Meeting has no delete\(\): {NO_CALL}"),
    (Preset, "delete", r"Preset has no delete\(\): use destroy\(\) of the record"),
    (App, "list", r"App has no list\(\): use where"),
    (LivestreamSession, "list", rf"LivestreamSession has no list\(\): {NO_CALL}"),
    (Chat, "retrieve", rf"Chat has no retrieve\(\): {NO_CALL}"),
]


@pytest.mark.parametrize(("kind", "name", "message"), CLASSES)
def test_on_a_class_and_its_records(kind: type[Any], name: str, message: str) -> None:
    """Nothing is looked up: there is no default client here."""
    record = kind({"id": "x"}, client=client_of(Script()), scope={})
    for obj in (kind, record):
        with pytest.raises(AttributeError, match=f"^{message}"):
            getattr(obj, name)("x")
        assert not hasattr(obj, name)
        assert getattr(obj, name, None) is None


def test_python_appends_no_similar_name(mode: Mode) -> None:
    """`Did you mean: '_data'?`, or `listen` for `list`: it would contradict the message."""
    client = mode.client(Script())
    meeting, person = client.meetings.ref("m"), client.participants.ref("p", meeting_id="m")
    for obj, name in ((meeting, "data"), (meeting, "list"), (client.sessions, "data"), (person, "token")):
        with pytest.raises(AttributeError) as caught:
            getattr(obj, name)
        text = "".join(TracebackException.from_exception(caught.value).format_exception_only())
        assert text.strip().endswith(str(caught.value))
        assert caught.value.name == ""  # without a name, Python looks for a similar one


def test_existing_records_are_found_and_unknown_ones_are_not() -> None:
    client = client_of(Script())
    assert hasattr(client.presets.ref("p"), "destroy")
    assert not hasattr(client.sessions.ref("s"), "destroy")
    unknown: Any = client.sessions
    with pytest.raises(AttributeError, match="'Sessions' object has no attribute 'nothing'"):
        _ = unknown.nothing
    assert not hasattr(Session, "nothing")


def test_a_field_of_the_api_may_have_such_a_name() -> None:
    class Thing(Meeting):
        delete: str

    assert Thing({"delete": "x"}, client=client_of(Script()), scope={}).delete == "x"


@pytest.mark.parametrize("kind", [Session, Preset, type(client_of(Script()).sessions)])
def test_inspection_of_a_class_is_not_disturbed(kind: type[Any]) -> None:
    members = dict(inspect.getmembers(kind))
    assert callable(members["where"])
    assert not any(callable(members[name]) for name in ("list", "retrieve", "delete"))


def test_help_on_a_class_shows_what_to_pass() -> None:
    assert str(inspect.signature(Session.where)) == "(**filters: 'Unpack[SessionFilters]') -> 'Sessions[F]'"
    assert list(inspect.signature(Session.find).parameters) == ["id", "include_breakout_rooms", "options"]
    assert list(inspect.signature(Session.all).parameters) == ["filters"]
    plain: Any = vars(pydoc)["plaintext"]  # missing from the type stubs
    for method, line in ((Session.where, "`GET /sessions`"), (Session.find, "`GET /sessions/{session_id}`")):
        text = pydoc.render_doc(method, renderer=plain)
        assert line in text
        assert "Example:" in text
        assert "self" not in text
    assert "Return a list of every record" in pydoc.render_doc(Session.all, renderer=plain)


def test_status_code_is_the_status(mode: Mode) -> None:
    with pytest.raises(NotFoundError) as caught:
        mode.get(mode.client(Script(error(404))).sessions.find("s"))
    assert caught.value.status_code == caught.value.status == 404
    with pytest.raises(AttributeError):
        setattr(caught.value, "status_code", 500)  # noqa: B010 - the type checkers know that it is read-only


def test_status_code_of_a_200_that_is_an_error(mode: Mode) -> None:
    body = {"success": False, "errors": [{"code": 10000, "message": "Authentication error"}]}
    with pytest.raises(RealtimeKitError) as caught:
        mode.get(mode.client(Script(make_response(body))).sessions.find("s"))
    assert (getattr(caught.value, "status_code", None), getattr(caught.value, "code", None)) == (200, 10000)
