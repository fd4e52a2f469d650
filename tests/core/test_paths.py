"""An id stays within its segment of the path, or is rejected."""

from __future__ import annotations

from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import assume, given, settings
from hypothesis import strategies as st

from realtimekit import ConfigurationError
from realtimekit.paths import PathTemplate, encode_segment

from .scripted import BASE_PATH, Mode, Script, ok

TEMPLATE = PathTemplate(
    "/accounts/{account_id}/realtime/kit/{app_id}/sessions/{session_id}/participants(/{participant_id})"
)
IDS = {"account_id": "acc", "app_id": "app", "session_id": "s", "participant_id": "p"}


class TestTemplate:
    def test_with_a_member(self) -> None:
        assert TEMPLATE.collection(IDS) == f"{BASE_PATH}/app/sessions/s/participants"
        assert TEMPLATE.member(IDS) == f"{BASE_PATH}/app/sessions/s/participants/p"
        assert TEMPLATE.parent_ids == {"account_id", "app_id", "session_id"}
        assert TEMPLATE.own_id == "participant_id"

    def test_of_a_singleton_child(self) -> None:
        chat = PathTemplate("/sessions/{session_id}/chat")
        assert chat.collection(IDS) == chat.member(IDS) == "/sessions/s/chat"
        assert chat.parent_ids == {"session_id"}
        assert chat.own_id is None

    def test_the_collection_needs_no_id_of_its_own(self) -> None:
        assert TEMPLATE.collection({**IDS, "participant_id": None}).endswith("/participants")

    @pytest.mark.parametrize(
        ("name", "variable"), [("account_id", "CLOUDFLARE_ACCOUNT_ID"), ("app_id", "REALTIMEKIT_APP_ID")]
    )
    @pytest.mark.parametrize("missing", ["absent", "None"])
    def test_a_missing_setting_names_the_argument_and_the_variable(
        self, name: str, variable: str, missing: str
    ) -> None:
        ids = {key: value for key, value in IDS.items() if key != name} | ({name: None} if missing == "None" else {})
        with pytest.raises(
            ConfigurationError, match=rf"{name} is not set: pass {name}=, .*configure.*, or set {variable}"
        ):
            TEMPLATE.collection(ids)

    @pytest.mark.parametrize("name", ["session_id", "participant_id"])
    def test_a_missing_id_is_named(self, name: str) -> None:
        with pytest.raises(TypeError, match=f"{name} is required"):
            TEMPLATE.member({**IDS, name: None})


class TestSegment:
    @pytest.mark.parametrize(
        "plain", ["a", "005f4e0c-4d08-4d4e-a391-a76be75cd296", "A_1~x-", "v1.2", "a..b", "-", "~", "a."]
    )
    def test_a_plain_id_stays_as_it_is(self, plain: str) -> None:
        assert encode_segment("id", plain) == plain

    @pytest.mark.parametrize(
        ("raw", "encoded"),
        [
            ("a/b", "a%2Fb"),
            ("../x", "..%2Fx"),
            ("a/../b", "a%2F..%2Fb"),
            ("a?x=1", "a%3Fx%3D1"),
            ("a#b", "a%23b"),
            ("%2e%2e", "%252e%252e"),
            ("%2F", "%252F"),
            ("a b", "a%20b"),
            ("a+b", "a%2Bb"),
            ("a\\b", "a%5Cb"),
            ("a:b@c", "a%3Ab%40c"),
            ("a;b=c", "a%3Bb%3Dc"),
            ("é", "%C3%A9"),
            ("東京", "%E6%9D%B1%E4%BA%AC"),
            ("\uff0e\uff0e", "%EF%BC%8E%EF%BC%8E"),  # full-width dots
            ("a\nb", "a%0Ab"),
            ("a\n", "a%0A"),
            ("a\r\nHost: evil", "a%0D%0AHost%3A%20evil"),
            ("\x00", "%00"),
            ("...", "..."),
            (".a", ".a"),
        ],
    )
    def test_any_other_is_encoded_into_one_segment(self, raw: str, encoded: str) -> None:
        assert encode_segment("id", raw) == encoded
        assert unquote(encoded) == raw

    @pytest.mark.parametrize("blank", ["", " ", "\t\n", "\u00a0", "\u2003"])
    def test_a_blank_id_is_refused(self, blank: str) -> None:
        with pytest.raises(ValueError, match=r"^session_id is empty$"):
            encode_segment("session_id", blank)

    @pytest.mark.parametrize("dots", [".", "..", " .", ".. ", "\n..\n"])
    def test_a_dot_segment_is_refused(self, dots: str) -> None:
        with pytest.raises(ValueError, match=r"^session_id=.* is not an id"):
            encode_segment("session_id", dots)

    @pytest.mark.parametrize("wrong", [None, 7, 1.5, True, b"s", ["s"], object()])
    def test_other_types_than_strings_are_rejected(self, wrong: Any) -> None:
        with pytest.raises(TypeError, match=f"^session_id must be a string, not {type(wrong).__name__}$"):
            encode_segment("session_id", wrong)

    def test_half_a_character_is_refused(self) -> None:
        with pytest.raises(ValueError, match=r".+"):
            encode_segment("session_id", "\ud800")


@settings(deadline=None, max_examples=400)
@given(st.text() | st.text(alphabet="./%2eE\\?#: \n", max_size=8))
def test_no_id_can_leave_its_place(value: str) -> None:
    assume(not any("\ud800" <= character <= "\udfff" for character in value))
    try:
        path = TEMPLATE.member({**IDS, "session_id": value})
    except ValueError:
        assert value.strip() in {"", ".", ".."}
        return
    assert path.isascii()
    assert not set(path) & set("?#\\ \r\n")
    parts = path.split("/")
    assert len(parts) == len(TEMPLATE.member(IDS).split("/"))
    assert unquote(parts[7]) == value
    assert parts[7] not in {".", ".."}
    assert [*parts[:7], *parts[8:]] == [*f"{BASE_PATH}/app/sessions".split("/"), "participants", "p"]


IDS_REFUSED: list[tuple[Any, type[Exception]]] = [
    (None, TypeError),
    (7, TypeError),
    ("", ValueError),
    (" ", ValueError),
    (".", ValueError),
    ("..", ValueError),
]


@pytest.mark.parametrize(("wrong", "refusal"), IDS_REFUSED)
class TestEveryDoor:
    """Every parameter that is an id, before anything is sent."""

    @pytest.mark.parametrize("name", ["meetings", "sessions", "livestream_sessions"])
    def test_find(self, mode: Mode, wrong: Any, refusal: type[Exception], name: str) -> None:
        client = mode.client(Script())
        with pytest.raises(refusal):
            mode.get(getattr(client, name).find(wrong))

    @pytest.mark.parametrize("name", ["meetings", "sessions"])
    def test_ref(self, mode: Mode, wrong: Any, refusal: type[Exception], name: str) -> None:
        client = mode.client(Script())
        with pytest.raises(refusal):
            getattr(client, name).ref(wrong)

    def test_below_a_record(self, mode: Mode, wrong: Any, refusal: type[Exception]) -> None:
        client = mode.client(Script())
        for relation in (client.meetings.ref("m").participants, client.sessions.ref("s").participants):
            with pytest.raises(refusal):
                mode.get(relation.find(wrong))

    def test_peer_id(self, mode: Mode, wrong: Any, refusal: type[Exception]) -> None:
        client = mode.client(Script())
        with pytest.raises(refusal):
            mode.get(client.sessions.find_participant_by_peer_id(wrong))

    def test_scope(self, mode: Mode, wrong: Any, refusal: type[Exception]) -> None:
        client = mode.client(Script(), app_id="app")
        if wrong is None:
            return  # None means: the client's own
        for name in ("account_id", "app_id"):
            with pytest.raises(refusal):
                mode.get(client.sessions.find("s", **{name: wrong}))
            with pytest.raises(refusal):
                mode.get(client.sessions.where(**{name: wrong}).all())


@pytest.mark.parametrize(
    ("wrong", "refusal"),
    [
        (None, TypeError),
        *IDS_REFUSED[1:],
    ],
)
def test_the_id_of_an_app_is_not_taken_from_the_settings(mode: Mode, wrong: Any, refusal: type[Exception]) -> None:
    client = mode.client(Script())
    with pytest.raises(refusal):
        client.apps.ref(wrong)
    with pytest.raises(refusal):
        mode.get(client.apps.find(wrong))


def test_a_strange_id_of_the_server_is_encoded_too(mode: Mode) -> None:
    script = Script(ok({"sessions": [{"id": "a/../b?c"}]}), ok({"id": "a/../b?c"}))
    client = mode.client(script)
    (session,) = mode.get(client.sessions.page(1))
    mode.get(session.reload())
    assert script.calls[1].path == "/app/sessions/a%2F..%2Fb%3Fc"
