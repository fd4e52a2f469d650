"""A participant's token shows its claims, but never itself."""

from __future__ import annotations

import copy
import json
import logging
import pickle
from base64 import urlsafe_b64encode
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit import ParticipantToken

from .scripted import Mode, Script, ok


def jwt(claims: Any) -> str:
    def part(data: Any) -> str:
        return urlsafe_b64encode(json.dumps(data).encode()).decode().rstrip("=")

    return f"{part({'alg': 'RS256'})}.{part(claims)}.s3cretsignature"


END = datetime(2031, 6, 3, 12, tzinfo=UTC)
CLAIMS = {"orgId": "app", "meetingId": "m", "participantId": "p", "presetId": "x", "exp": int(END.timestamp())}


class TestAToken:
    def test_has_claims(self) -> None:
        assert ParticipantToken(jwt(CLAIMS)).claims == CLAIMS

    def test_has_an_expiry(self) -> None:
        token = ParticipantToken(jwt(CLAIMS))
        assert (token.expires_at, token.expired) == (END, False)

    @pytest.mark.parametrize(("seconds", "expired"), [(-1, True), (-86400 * 365, True), (3600, False)])
    def test_is_expired_after_its_expiry(self, seconds: int, *, expired: bool) -> None:
        end = datetime.now(UTC) + timedelta(seconds=seconds)
        assert ParticipantToken(jwt({"exp": end.timestamp()})).expired is expired

    @pytest.mark.parametrize("end", [None, "soon", True, [], 1e300, float("nan"), float("inf"), -1e20])
    def test_without_exp_has_no_expiry(self, end: Any) -> None:
        token = ParticipantToken(jwt({"exp": end}))
        assert (token.expires_at, token.expired, repr(token)) == (None, False, "<ParticipantToken expires_at=None>")

    @pytest.mark.parametrize("claims", [[], 1, None, "x"])
    def test_with_claims_that_are_not_an_object_has_none(self, claims: Any) -> None:
        assert ParticipantToken(jwt(claims)).claims == {}

    @pytest.mark.parametrize(
        "text",
        ["", "x", ".", "..", "...", "a.b", "a.b.c", "a.b.c.d", "é.é.é", "a.e30", "a.e30.c.d", f"a.{'W' * 9999}.c"],
    )
    def test_that_is_not_a_jwt_is_still_a_token(self, text: str) -> None:
        token = ParticipantToken(text)
        assert (token.claims, token.expires_at, token.expired, token.reveal()) == ({}, None, False, text)

    @pytest.mark.parametrize("text", [jwt(CLAIMS) + ".more", jwt(CLAIMS).rpartition(".")[0]])
    def test_without_three_parts_has_no_claims(self, text: str) -> None:
        assert ParticipantToken(text).claims == {}

    def test_nested_too_deeply(self) -> None:
        deep = urlsafe_b64encode(b"[" * 100_000).decode()
        assert ParticipantToken(f"a.{deep}.c").claims == {}

    @given(st.text())
    def test_of_any_text_is_harmless(self, text: str) -> None:
        token = ParticipantToken(text)
        assert token.reveal() == text
        assert (token.claims, token.expires_at) == ({}, None)
        assert ParticipantToken(f"a.{text}.c").expired in {True, False}


class TestHiding:
    TOKEN = ParticipantToken(jwt(CLAIMS))
    SHOWN = "<ParticipantToken expires_at=2031-06-03T12:00:00+00:00>"

    def test_where_it_becomes_text(self) -> None:
        told = [repr(self.TOKEN), str(self.TOKEN), f"{self.TOKEN}", "%s" % self.TOKEN, "{}".format(self.TOKEN)]  # noqa: UP031, UP032 - all of them
        assert told == [self.SHOWN] * 5

    def test_in_logs(self, caplog: pytest.LogCaptureFixture) -> None:
        caplog.set_level(logging.DEBUG)
        logging.getLogger().info("joined with %s, %r", self.TOKEN, {"token": self.TOKEN})
        assert caplog.messages == [f"joined with {self.SHOWN}, {{'token': {self.SHOWN}}}"]

    def test_json_refuses_it(self) -> None:
        with pytest.raises(TypeError, match="ParticipantToken"):
            json.dumps({"token": self.TOKEN})
        assert json.loads(json.dumps({"token": self.TOKEN.reveal()})) == {"token": jwt(CLAIMS)}

    def test_from_tools_that_inspect_objects(self) -> None:
        assert not hasattr(self.TOKEN, "__dict__")
        with pytest.raises(TypeError):
            vars(self.TOKEN)
        with pytest.raises((TypeError, ValueError)):
            dict(self.TOKEN)  # type: ignore[call-overload]
        public = {name: getattr(self.TOKEN, name) for name in dir(self.TOKEN) if not name.startswith("_")}
        assert "s3cret" not in repr(public)

    def test_it_is_rejected_in_a_query_or_body(self, mode: Mode) -> None:
        client = mode.client(Script())
        with pytest.raises(TypeError, match="ParticipantToken") as caught:
            mode.get(client.meetings.create(title=self.TOKEN))
        assert "s3cret" not in str(caught.value)


class TestBeingAValue:
    def test_equal_tokens_are_one(self) -> None:
        assert ParticipantToken("a") == ParticipantToken("a") != ParticipantToken("b")
        assert len({ParticipantToken("a"), ParticipantToken("a"), ParticipantToken("b")}) == 2
        assert ParticipantToken("a") != "a"

    @pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, lambda token: pickle.loads(pickle.dumps(token))])
    def test_it_can_be_pickled_and_copied(self, travel: Any) -> None:
        token = ParticipantToken(jwt(CLAIMS))
        assert travel(token) == token
        assert travel(token).reveal() == token.reveal()


def test_only_to_dict_has_the_raw_text(mode: Mode) -> None:
    script = Script(ok({"id": "p", "token": jwt(CLAIMS)}))
    people = mode.client(script).meetings.ref("m").participants
    person = mode.get(people.create(custom_participant_id="c", preset_name="h"))
    assert isinstance(person.token, ParticipantToken)
    assert person.token is person.token
    assert person.to_dict()["token"] == jwt(CLAIMS)
    assert person["token"] is person.token
    for shown in (person, dict(person), {**person}, list(person.values()), person.items()):
        assert "s3cret" not in repr(shown)
        assert jwt(CLAIMS) not in repr(shown)
