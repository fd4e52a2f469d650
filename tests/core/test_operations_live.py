"""What can be done while a meeting is live, and how it is ended."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import AuthenticationError, DecodeError, NotFoundError, Poll

from .operation import call
from .scripted import Call, Flavour, Script, answer, error, ok
from .shapes import ACTIVE, KICKED, MEETING, MUTED, POLL

SOMEBODY: list[dict[str, list[str]]] = [
    {"participant_ids": ["p1", "p2"]},
    {"custom_participant_ids": ["c"]},
    {"participant_ids": ["p1"], "custom_participant_ids": ["c"]},
]
LIVE = "/app/meetings/m/active-session"


def act(flavour: Flavour, data: Any, do: Callable[[Any], Any]) -> tuple[Any, Call]:
    """What a call on the active session gives, and what it sent."""
    script = Script(ok(ACTIVE), ok(data) if data is not None else answer(None))
    live = flavour.get(flavour.client(script).meetings.ref("m").active_session)
    result = flavour.get(do(live))
    return result, script.calls[1]


@pytest.mark.parametrize(("action", "data"), [("kick", KICKED), ("mute", MUTED)])
class TestSome:
    @pytest.mark.parametrize("named", SOMEBODY)
    def test_are_named_by_their_ids(self, flavour: Flavour, action: str, data: Any, named: Any) -> None:
        done, sent = act(flavour, data, lambda live: getattr(live, action)(**named))
        assert sent == call("POST", f"{LIVE}/{action}", named)
        assert (done.action, [person.name for person in done.participants]) == (action, ["Ann"])

    def test_any_sequence_names_them(self, flavour: Flavour, action: str, data: Any) -> None:
        _, sent = act(flavour, data, lambda live: getattr(live, action)(participant_ids=("p1",)))
        assert sent.body == {"participant_ids": ["p1"]}

    @pytest.mark.parametrize(
        ("named", "refusal"),
        [
            ({}, ValueError),
            ({"participant_ids": []}, ValueError),
            ({"participant_ids": "p1"}, TypeError),
            ({"custom_participant_ids": "c"}, TypeError),
            ({"participant_ids": ["p"], "custom_participant_ids": "c"}, TypeError),
        ],
    )
    def test_nobody_is_refused(self, flavour: Flavour, action: str, data: Any, named: Any, refusal: Any) -> None:
        with pytest.raises(refusal, match=f"{action}|must be a list of ids"):
            act(flavour, data, lambda live: getattr(live, action)(**named))

    @pytest.mark.parametrize("answered", [None, [], [1], "done", 1])
    def test_an_answer_that_is_no_object_is_a_decode_error(
        self, flavour: Flavour, action: str, data: Any, answered: Any
    ) -> None:
        with pytest.raises(DecodeError, match=f"the {action} was carried out"):
            act(flavour, answered, lambda live: getattr(live, action)(participant_ids=["p"]))


ALL: dict[str, tuple[Callable[[Any], Any], Any, str]] = {
    "kick-all": (lambda live: live.kick_all(), None, "kicked_participants_count"),
    "mute-all": (lambda live: live.mute_all(allow_unmute=False), {"allow_unmute": False}, "muted_participants_count"),
}


@pytest.mark.parametrize("action", ALL)
class TestAll:
    def test_counts_them(self, flavour: Flavour, action: str) -> None:
        do, body, name = ALL[action]
        count, sent = act(flavour, {"action": action, name: 3}, do)
        assert (count, sent) == (3, call("POST", f"{LIVE}/{action}", body))

    @pytest.mark.parametrize("data", [None, [], {}, {"count": 1}, "done", 1])
    def test_an_answer_without_a_number_says_that_it_was_done(self, flavour: Flavour, action: str, data: Any) -> None:
        with pytest.raises(DecodeError, match=f"{action} was carried out"):
            act(flavour, data, ALL[action][0])


def test_muting_all_needs_to_know_whether_they_may_unmute(flavour: Flavour) -> None:
    with pytest.raises(TypeError, match="allow_unmute"):
        act(flavour, {}, lambda live: live.mute_all())


class TestPolls:
    def test_a_poll_is_typed(self, flavour: Flavour) -> None:
        poll, sent = act(
            flavour, {"action": "poll", "poll": POLL}, lambda live: live.create_poll("Lunch?", ("yes", "no"))
        )
        assert sent == call("POST", f"{LIVE}/poll", {"question": "Lunch?", "options": ["yes", "no"]})
        assert isinstance(poll, Poll)
        seen = [(option.text, option.count, [v.name for v in option.votes or []]) for option in poll.options]
        assert seen == [("yes", 1, ["Ann"]), ("no", 0, [])]
        assert (poll.anonymous, poll.hide_votes, poll.voted) == (False, False, ["p1"])

    @pytest.mark.parametrize(
        "flags", [{"anonymous": True}, {"hide_votes": False}, {"anonymous": False, "hide_votes": True}]
    )
    def test_what_is_not_given_is_not_sent(self, flavour: Flavour, flags: dict[str, bool]) -> None:
        _, sent = act(flavour, {"poll": POLL}, lambda live: live.create_poll("?", ["a"], **flags))
        assert sent.body == {"question": "?", "options": ["a"], **flags}

    def test_a_string_is_no_list_of_answers(self, flavour: Flavour) -> None:
        with pytest.raises(TypeError, match="options must be a list"):
            act(flavour, {}, lambda live: live.create_poll("?", "yes"))

    @pytest.mark.parametrize("data", [None, [], {"poll": []}, "poll"])
    def test_an_answer_without_it_says_that_it_was_created(self, flavour: Flavour, data: Any) -> None:
        with pytest.raises(DecodeError, match="the poll was created"):
            act(flavour, data, lambda live: live.create_poll("?", ["a"]))


class TestTheEndOfAMeeting:
    KICK = call("POST", f"{LIVE}/kick-all")
    CLOSE = call("PATCH", "/app/meetings/m", {"status": "INACTIVE"})

    @pytest.mark.parametrize(
        "kicked", [ok({"kicked_participants_count": 2}), ok(None), error(404, "No active session")]
    )
    def test_everybody_goes_and_nobody_gets_in(self, flavour: Flavour, kicked: Any) -> None:
        script = Script(kicked, ok({**MEETING, "id": "m", "status": "INACTIVE"}))
        meeting = flavour.client(script).meetings.ref("m")
        assert flavour.get(meeting.end()) is meeting
        assert script.calls == [self.KICK, self.CLOSE]
        assert meeting.status == "INACTIVE"

    def test_options_go_where_they_belong(self, flavour: Flavour) -> None:
        script = Script(ok({}), ok(MEETING))
        flavour.get(flavour.client(script).meetings.ref("m").end(timeout=3, extra_body={"x": 1}))
        assert script.calls == [self.KICK, call("PATCH", "/app/meetings/m", {"status": "INACTIVE", "x": 1})]
        assert [request.timeout for request in script.requests] == [3, 3]

    def test_without_such_a_meeting_is_not_found(self, flavour: Flavour) -> None:
        with pytest.raises(NotFoundError, match="no such meeting"):
            flavour.get(flavour.client(Script(error(404), error(404, "no such meeting"))).meetings.ref("m").end())

    def test_another_failure_is_told_and_ends_it(self, flavour: Flavour) -> None:
        script = Script(error(401))
        with pytest.raises(AuthenticationError):
            flavour.get(flavour.client(script).meetings.ref("m").end())
        assert script.calls == [self.KICK]
