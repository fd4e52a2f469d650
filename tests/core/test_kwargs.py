"""A misspelled or missing keyword is Python's own TypeError; an unsupported write is rejected."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

import realtimekit
from realtimekit import (
    ActiveSession,
    App,
    Chat,
    LivestreamSession,
    Meeting,
    Participant,
    ReadOnlyError,
    Session,
    SessionParticipant,
    Summary,
    Transcript,
)

from .scripted import Mode, Script, default_to, ok

ACTS: list[tuple[Callable[[Any], Any], str]] = [
    (lambda c: c.apps.find("x", timeouts=1), r"find\(\) .*'timeouts'; did you mean 'timeout'\?"),
    (lambda c: c.apps.find("x", app_id="y"), r"find\(\) got an unexpected keyword argument 'app_id'"),
    (lambda c: c.apps.where(serch="x"), r"where\(\) .*'serch'; did you mean 'search'\?"),
    (lambda c: c.apps.create(name="x", nmae="y"), r"create\(\) .*'nmae'; did you mean 'name'\?"),
    (lambda c: c.apps.create(), r"create\(\) needs name$"),
    (lambda c: c.apps.current(account_id="x"), r"current\(\) .*'account_id'"),
    (lambda c: c.meetings.find("m", appid="x"), r"find\(\) .*'appid'; did you mean 'app_id'\?"),
    (lambda c: c.meetings.where(state="x"), r"where\(\) .*'state'; did you mean 'status'\?"),
    (lambda c: c.meetings.where(meeting_id="x"), r"where\(\) .*'meeting_id'"),
    (lambda c: c.meetings.create(titel="x"), r"create\(\) .*'titel'; did you mean 'title'\?"),
    (lambda c: c.meetings.create(status="ACTIVE"), r"create\(\) .*'status'"),
    (lambda c: c.meetings.ref("m").update(titel="x"), r"update\(\) .*did you mean 'title'\?"),
    (lambda c: c.meetings.ref("m").update(app_id="x"), r"update\(\) .*'app_id'"),
    (lambda c: c.meetings.ref("m").replace(status="x"), r"replace\(\) .*'status'"),
    (lambda c: c.meetings.ref("m").reload(fresh=True), r"reload\(\) .*'fresh'$"),
    (lambda c: c.participants.create(name="x"), r"create\(\) needs custom_participant_id, preset_name$"),
    (lambda c: c.participants.create(preset_name="x", preset="y"), r"'preset'; did you mean 'preset_name'\?"),
    (
        lambda c: c.meetings.ref("m").participants.ref("p").replace(name="x"),
        r"replace\(\) needs custom_participant_id, p",
    ),
    (lambda c: c.meetings.ref("m").participants.ref("p").update(custom_participant_id="x"), r"'custom_participant_id'"),
    (lambda c: c.meetings.ref("m").participants.ref("p").destroy(force=True), r"destroy\(\) .*'force'"),
    (lambda c: c.meetings.ref("m").participants.ref("p").regenerate_token(ttl=1), r"regenerate_token\(\) .*'ttl'"),
    (lambda c: c.meetings.ref("m").participants.where(search="x"), r"where\(\) .*'search'"),
    (lambda c: c.sessions.find("s", include_breakout_room=1), r"did you mean 'include_breakout_rooms'\?"),
    (lambda c: c.sessions.where(stauts="x"), r"where\(\) .*'stauts'; did you mean 'status'\?"),
    (lambda c: c.sessions.find_participant_by_peer_id("p", filter="x"), r"did you mean 'filters'\?"),
    (lambda c: c.sessions.ref("s").livestream_sessions(page=1), r"did you mean 'page_no'\?"),
    (lambda c: c.sessions.ref("s").transcript_as("VTT", fmt="x"), r"transcript_as\(\) .*'fmt'"),
    (lambda c: c.sessions.ref("s").generate_summary(word_limit=1), r"generate_summary\(\) .*'word_limit'"),
    (lambda c: c.session_participants.find("p", sesion_id="s"), r"did you mean 'session_id'\?"),
    (lambda c: c.session_participants.where(order="x"), r"where\(\) .*'order'"),
    (lambda c: c.livestream_sessions.find("b", session_id="s"), r"find\(\) .*'session_id'"),
    (lambda c: c.sessions.find(), r"positional"),
    (lambda c: c.sessions.find(id="s"), r"'id'|positional"),
    (lambda c: c.sessions.find("s", "app"), r"positional"),
    (lambda c: c.meetings.where("x"), r"positional"),
    (lambda c: c.sessions.where(status="LIVE").first(1), r"positional"),
]


@pytest.mark.parametrize(("act", "words"), ACTS)
def test_a_wrong_keyword_is_a_type_error(mode: Mode, act: Callable[[Any], Any], words: str) -> None:
    client = mode.client(Script())
    with pytest.raises(TypeError, match=words):
        mode.get(act(client))


REFS: list[Callable[[Any], Any]] = [
    lambda c: c.sessions.ref("s", appid="x"),
    lambda c: c.apps.ref("s", app_id="x"),
    lambda c: c.meetings.ref("m", title="x"),
    lambda c: c.participants.ref("m", meeting_id="m", sesion="x"),
    lambda c: c.session_participants.ref("m", session_id="m", meeting_id="x"),
]


@pytest.mark.parametrize("act", REFS)
def test_a_wrong_keyword_of_ref_is_a_type_error(mode: Mode, act: Callable[[Any], Any]) -> None:
    client = mode.client(Script())
    with pytest.raises(TypeError, match="unexpected keyword"):
        act(client)


def test_a_wrong_keyword_of_a_class_is_a_type_error() -> None:
    default_to(Script())
    entry: Any = Session
    with pytest.raises(TypeError, match="did you mean 'app_id'"):
        entry.find("s", appid="x")
    for name in ("all", "where"):
        with pytest.raises(TypeError, match="did you mean 'app_id'"):
            getattr(entry, name)(appid="x")


# --- writes that there are none of ------------------------------------------------------------------------------------

WRITES = {"create", "update", "replace", "destroy"}
OFFERED: dict[type[Any], set[str]] = {
    App: {"create"},
    Meeting: {"create", "update", "replace"},
    Participant: {"create", "update", "replace", "destroy"},
    Session: set(),
    SessionParticipant: set(),
    LivestreamSession: set(),
    ActiveSession: set(),
    Chat: set(),
    Transcript: set(),
    Summary: set(),
}
REFUSED = [(kind, name) for kind, offered in OFFERED.items() for name in sorted(WRITES - offered)]


@pytest.fixture
def configured() -> None:
    default_to(Script())


@pytest.mark.parametrize(("kind", "name"), REFUSED)
@pytest.mark.usefixtures("configured")
class TestRefusedWrites:
    def test_of_a_class(self, kind: type[Any], name: str) -> None:
        with pytest.raises(ReadOnlyError, match=rf"^{kind.__name__} has no {name}\(\): the API offers no such call"):
            getattr(kind, name)("x")
        assert not hasattr(kind, name)

    def test_of_an_instance(self, mode: Mode, kind: type[Any], name: str) -> None:
        record = kind({"id": "x"}, client=mode.client(Script()), scope={"account_id": "a", "app_id": "b"})
        with pytest.raises(ReadOnlyError, match=rf"{name}\(\)"):
            getattr(record, name)(title="x")
        assert not hasattr(record, name)


@pytest.mark.parametrize("kind", OFFERED)
def test_read_only_classes_offer_no_write(kind: type[Any]) -> None:
    assert kind.read_only is (not OFFERED[kind])


@pytest.mark.parametrize(
    "relation",
    [
        lambda c: c.sessions,
        lambda c: c.session_participants,
        lambda c: c.livestream_sessions,
        lambda c: c.sessions.ref("s").participants,
        lambda c: c.sessions.where(status="LIVE"),
    ],
)
def test_of_a_relation(mode: Mode, relation: Callable[[Any], Any]) -> None:
    found = relation(mode.client(Script()))
    with pytest.raises(ReadOnlyError, match=r"s has no create\(\)"):
        found.create(title="x")
    assert not hasattr(found, "create")


@pytest.mark.parametrize("kind", OFFERED)
@pytest.mark.usefixtures("configured")
def test_supported_writes_exist(kind: type[Any]) -> None:
    for name in OFFERED[kind]:
        of = kind if name == "create" else kind({"id": "x"}, client=None, scope={})
        assert callable(getattr(of, name))


def test_a_refusal_is_an_attribute_error_and_one_of_ours() -> None:
    assert issubclass(ReadOnlyError, AttributeError)
    assert issubclass(ReadOnlyError, realtimekit.RealtimeKitError)


def test_supported_writes_are_sent(mode: Mode) -> None:
    script = Script(ok({"id": "m"}))
    mode.get(mode.client(script).meetings.ref("m").update(title="x"))
    assert script.call.method == "PATCH"
