"""Operations on live meetings, and ending a meeting."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import AuthenticationError, DecodeError, NotFoundError, Poll

from .operation import call
from .scripted import Call, Mode, Script, error, make_response, ok
from .shapes import ACTIVE, KICKED, MEETING, MUTED, POLL

SOMEBODY: list[dict[str, list[str]]] = [
    {"participant_ids": ["p1", "p2"]},
    {"custom_participant_ids": ["c"]},
    {"participant_ids": ["p1"], "custom_participant_ids": ["c"]},
]
LIVE = "/app/meetings/m/active-session"


def act(mode: Mode, data: Any, do: Callable[[Any], Any]) -> tuple[Any, Call]:
    """Return the result of a call on the active session, and its request."""
    script = Script(ok(ACTIVE), ok(data) if data is not None else make_response(None))
    live = mode.get(mode.client(script).meetings.ref("m").active_session)
    result = mode.get(do(live))
    return result, script.calls[1]


@pytest.mark.parametrize(("action", "data"), [("kick", KICKED), ("mute", MUTED)])
class TestSome:
    @pytest.mark.parametrize("named", SOMEBODY)
    def test_participants_are_named_by_their_ids(self, mode: Mode, action: str, data: Any, named: Any) -> None:
        done, sent = act(mode, data, lambda live: getattr(live, action)(**named))
        assert sent == call("POST", f"{LIVE}/{action}", named)
        assert (done.action, [person.name for person in done.participants]) == (action, ["Ann"])

    def test_any_sequence_of_ids_is_accepted(self, mode: Mode, action: str, data: Any) -> None:
        _, sent = act(mode, data, lambda live: getattr(live, action)(participant_ids=("p1",)))
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
    def test_empty_lists_are_rejected(self, mode: Mode, action: str, data: Any, named: Any, refusal: Any) -> None:
        with pytest.raises(refusal, match=f"{action}|must be a list of ids"):
            act(mode, data, lambda live: getattr(live, action)(**named))

    @pytest.mark.parametrize("answered", [None, [], [1], "done", 1])
    def test_a_response_that_is_not_an_object_is_a_decode_error(
        self, mode: Mode, action: str, data: Any, answered: Any
    ) -> None:
        with pytest.raises(DecodeError, match=f"the {action} was carried out"):
            act(mode, answered, lambda live: getattr(live, action)(participant_ids=["p"]))


ALL: dict[str, tuple[Callable[[Any], Any], Any, str]] = {
    "kick-all": (lambda live: live.kick_all(), None, "kicked_participants_count"),
    "mute-all": (lambda live: live.mute_all(allow_unmute=False), {"allow_unmute": False}, "muted_participants_count"),
}


@pytest.mark.parametrize("action", ALL)
class TestAll:
    def test_returns_the_count(self, mode: Mode, action: str) -> None:
        do, body, name = ALL[action]
        count, sent = act(mode, {"action": action, name: 3}, do)
        assert (count, sent) == (3, call("POST", f"{LIVE}/{action}", body))

    @pytest.mark.parametrize("data", [None, [], {}, {"count": 1}, "done", 1])
    def test_a_response_without_a_count_says_that_it_was_carried_out(self, mode: Mode, action: str, data: Any) -> None:
        with pytest.raises(DecodeError, match=f"{action} was carried out"):
            act(mode, data, ALL[action][0])


def test_mute_all_requires_allow_unmute(mode: Mode) -> None:
    with pytest.raises(TypeError, match="allow_unmute"):
        act(mode, {}, lambda live: live.mute_all())


class TestPolls:
    def test_a_poll_is_typed(self, mode: Mode) -> None:
        poll, sent = act(mode, {"action": "poll", "poll": POLL}, lambda live: live.create_poll("Lunch?", ("yes", "no")))
        assert sent == call("POST", f"{LIVE}/poll", {"question": "Lunch?", "options": ["yes", "no"]})
        assert isinstance(poll, Poll)
        seen = [(option.text, option.count, [v.name for v in option.votes or []]) for option in poll.options]
        assert seen == [("yes", 1, ["Ann"]), ("no", 0, [])]
        assert (poll.anonymous, poll.hide_votes, poll.voted) == (False, False, ["p1"])

    @pytest.mark.parametrize(
        "flags", [{"anonymous": True}, {"hide_votes": False}, {"anonymous": False, "hide_votes": True}]
    )
    def test_missing_arguments_are_not_sent(self, mode: Mode, flags: dict[str, bool]) -> None:
        _, sent = act(mode, {"poll": POLL}, lambda live: live.create_poll("?", ["a"], **flags))
        assert sent.body == {"question": "?", "options": ["a"], **flags}

    def test_a_string_is_not_a_list_of_answers(self, mode: Mode) -> None:
        with pytest.raises(TypeError, match="options must be a list"):
            act(mode, {}, lambda live: live.create_poll("?", "yes"))

    @pytest.mark.parametrize("data", [None, [], {"poll": []}, "poll"])
    def test_a_response_without_the_poll_says_that_it_was_created(self, mode: Mode, data: Any) -> None:
        with pytest.raises(DecodeError, match="the poll was created"):
            act(mode, data, lambda live: live.create_poll("?", ["a"]))


class TestTheEndOfAMeeting:
    KICK = call("POST", f"{LIVE}/kick-all")
    CLOSE = call("PATCH", "/app/meetings/m", {"status": "INACTIVE"})

    @pytest.mark.parametrize(
        "kicked", [ok({"kicked_participants_count": 2}), ok(None), error(404, "No active session")]
    )
    def test_all_participants_are_removed_and_the_meeting_is_closed(self, mode: Mode, kicked: Any) -> None:
        script = Script(kicked, ok({**MEETING, "id": "m", "status": "INACTIVE"}))
        meeting = mode.client(script).meetings.ref("m")
        assert mode.get(meeting.end()) is meeting
        assert script.calls == [self.KICK, self.CLOSE]
        assert meeting.status == "INACTIVE"

    def test_options_are_sent_with_the_right_requests(self, mode: Mode) -> None:
        script = Script(ok({}), ok(MEETING))
        mode.get(mode.client(script).meetings.ref("m").end(timeout=3, extra_body={"x": 1}))
        assert script.calls == [self.KICK, call("PATCH", "/app/meetings/m", {"status": "INACTIVE", "x": 1})]
        assert [request.timeout for request in script.requests] == [3, 3]

    def test_without_such_a_meeting_is_not_found(self, mode: Mode) -> None:
        with pytest.raises(NotFoundError, match="no such meeting"):
            mode.get(mode.client(Script(error(404), error(404, "no such meeting"))).meetings.ref("m").end())

    def test_other_errors_are_raised(self, mode: Mode) -> None:
        script = Script(error(401))
        with pytest.raises(AuthenticationError):
            mode.get(mode.client(script).meetings.ref("m").end())
        assert script.calls == [self.KICK]
