"""The protocol without I/O: the table of close codes, resume, heartbeat, gaps, duplicates, backoff."""

from __future__ import annotations

import json
from typing import Any

import pytest

from realtimekit.agent.protocol import EndReason
from realtimekit.agent.steps import Closed, Refusal, SessionInfo
from realtimekit.errors import APIConnectionError, AuthenticationError, ServerError, ValidationError
from realtimekit.live import ConnectionReplacedError, LiveError, UpstreamRejectedError

from .scripted_server import SESSION
from .simulation import (
    CUT,
    ENDED,
    KICKED,
    NOT_FOUND,
    OVER,
    STARTED,
    UNREACHABLE,
    Script,
    Simulation,
    frame,
    said,
    simulate,
)


def test_a_session_from_its_start_to_its_end() -> None:
    simulation = Simulation([STARTED, said("a"), ENDED, OVER])
    assert simulation.run() == "session_ended"
    assert simulation.names == ["session.started", "a", "all_participants_left"]
    assert simulation.requests == [(0.0, "connection.get")]
    assert simulation.delivered[1].session == SessionInfo("s-1", "m-1", "2026-11-29T10:00:00.000Z")
    assert simulation.queries == [None]
    assert simulation.waits == []


# --- close codes ------------------------------------------------------------------------------------------------------


class TestCloseCodes:
    """The documented table. Each row: how the connection was closed, and what the client does then."""

    def test_session_ended_ends(self) -> None:
        assert Simulation([STARTED, Closed(1000, "session_ended")]).run() == "session_ended"

    def test_any_other_reason_of_1000_ends_too(self) -> None:
        assert Simulation([STARTED, Closed(1000, "a reason of tomorrow")]).run() == "session_ended"

    def test_queue_overflow_connects_anew(self) -> None:
        simulation = simulate([STARTED, said("a"), Closed(1013, "queue_overflow")], [STARTED, said("b"), OVER])
        assert simulation.queries == [None, None]
        assert simulation.names == ["session.started", "a", "queue_overflow", "session.started", "b"]
        assert simulation.waits == []

    def test_upstream_lost_resumes_at_once(self) -> None:
        simulation = simulate([STARTED, said("a"), Closed(1013, "upstream_lost")], [said("b"), OVER])
        assert simulation.queries == [None, "c-1"]
        assert simulation.names == ["session.started", "a", "b"]
        assert simulation.waits == []

    def test_upstream_unavailable_resumes_after_a_wait(self) -> None:
        closed = Closed(1013, "upstream_unavailable")
        simulation = simulate([STARTED, said("a"), closed], [closed], [closed], [said("b"), OVER])
        assert simulation.queries == [None, "c-1", "c-1", "c-1"]
        assert simulation.names == ["session.started", "a", "b"]
        assert simulation.waits == [0.25, 0.5, 1.0]

    def test_upstream_rejected_is_an_error(self) -> None:
        simulation = Simulation([Closed(4403, "upstream_rejected")])
        with pytest.raises(UpstreamRejectedError, match="token is for another meeting") as caught:
            simulation.run()
        assert (caught.value.close_code, caught.value.reason) == (4403, "upstream_rejected")

    def test_replaced_does_not_reconnect(self) -> None:
        simulation = Simulation([STARTED, said("a"), Closed(4409, "replaced")])
        with pytest.raises(ConnectionReplacedError, match="another connection") as caught:
            simulation.run()
        assert isinstance(caught.value, LiveError)
        assert simulation.names == ["session.started", "a"]
        assert simulation.queries == [None]

    @pytest.mark.parametrize(
        "closed", [CUT, Closed(1001, "restart"), Closed(1011, ""), Closed(1013, "?"), Closed(4999, "")]
    )
    def test_any_other_close_resumes(self, closed: Closed) -> None:
        simulation = simulate([STARTED, said("a"), closed], [said("b"), OVER])
        assert simulation.queries == [None, "c-1"]
        assert simulation.names == ["session.started", "a", "b"]

    @pytest.mark.parametrize(
        ("closed", "outcome"),
        [
            (Closed(1000, "session_ended"), None),
            (Closed(4403, "upstream_rejected"), UpstreamRejectedError),
        ],
    )
    def test_resuming_one_that_has_ended_gets_the_same_close_again(self, closed: Closed, outcome: Any) -> None:
        simulation = Simulation([STARTED, said("a"), CUT], [closed])
        if outcome is None:
            assert simulation.run() == "session_ended"
        else:
            with pytest.raises(outcome):
                simulation.run()
        assert simulation.queries == [None, "c-1"]

    def test_resuming_one_that_overflowed_connects_anew(self) -> None:
        overflow = Closed(1013, "queue_overflow")
        simulation = simulate([STARTED, said("a"), CUT], [overflow], [STARTED, said("b"), OVER])
        assert simulation.queries == [None, "c-1", None]
        assert simulation.names == ["session.started", "a", "queue_overflow", "session.started", "b"]

    def test_after_the_end_a_lost_close_frame_is_no_reason_to_start_a_new_session(self) -> None:
        for last in (ENDED, KICKED):
            simulation = Simulation([STARTED, last, CUT])
            assert simulation.run() == "session_ended"
            assert simulation.queries == [None]

    @pytest.mark.parametrize("lost", [[CUT], [Closed(1013, "queue_overflow")], []])
    def test_an_agent_that_finds_itself_in_another_session_leaves_it(self, lost: list[Any]) -> None:
        """The session ended while the connection was lost: joining again started one, which is billed."""
        another = frame("session.started", {"session": {**SESSION, "id": "s-2"}})
        again = [another, said("b", 2)]
        connections = [[STARTED, said("a"), *lost], again] if lost else [[STARTED, said("a"), *again]]
        simulation = Simulation(*connections)
        assert simulation.run() == "session_ended"
        assert simulation.closes == [1000]
        reason = {(): "session_started_again", (CUT,): "session_started_again"}.get(tuple(lost), "queue_overflow")
        assert simulation.names == ["session.started", "a", reason]

    def test_a_session_that_starts_after_a_kick_is_followed(self) -> None:
        simulation = simulate([STARTED, KICKED, STARTED, said("b"), CUT], [said("c", 2), OVER])
        assert simulation.names[-1] == "c"


# --- gaps -------------------------------------------------------------------------------------------------------------


class TestGaps:
    def test_none_within_the_grace_period(self) -> None:
        cut = [STARTED, said("a"), CUT]
        simulation = simulate(cut, *[UNREACHABLE] * 5, [said("b", 2), OVER])
        assert simulation.now == pytest.approx(0.25 + 0.5 + 1 + 2 + 4)
        assert "grace_expired" in simulation.names
        simulation = simulate(cut, *[UNREACHABLE] * 4, [said("b", 2), OVER])
        assert simulation.now < 5
        assert simulation.names == ["session.started", "a", "b"], "five attempts fit into it"

    def test_after_the_grace_period_the_agent_joins_again(self) -> None:
        cut = [STARTED, 60.0, said("a"), CUT]
        simulation = simulate(cut, *[UNREACHABLE] * 6, [STARTED, said("b", 2), OVER])
        assert simulation.names == ["session.started", "a", "grace_expired", "session.started", "b"]
        gap = simulation.delivered[2].decoded
        assert gap is not None
        assert gap[1]["since"] == "2026-09-21T14:14:20Z", "when the last frame arrived"

    def test_an_unknown_connection(self) -> None:
        simulation = simulate([STARTED, said("a"), CUT], NOT_FOUND, [STARTED, said("b", 2), OVER])
        assert simulation.queries == [None, "c-1", None]
        assert simulation.names == ["session.started", "a", "grace_expired", "session.started", "b"]

    def test_a_connection_that_broke_before_its_id_was_known(self) -> None:
        simulation = Simulation([STARTED, said("a"), CUT], [STARTED, said("b", 2), OVER])
        simulation.mute = True
        simulation.run()
        assert simulation.queries == [None, None]
        assert simulation.names == ["session.started", "a", "connection_lost", "session.started", "b"]

    def test_a_second_session_started(self) -> None:
        simulation = simulate([STARTED, said("a"), STARTED, said("b", 2), OVER])
        assert simulation.names == ["session.started", "a", "session_started_again", "session.started", "b"]

    def test_a_second_session_started_long_after_another_gap(self) -> None:
        lost = [STARTED, said("a"), CUT]
        simulation = simulate(lost, *[UNREACHABLE] * 6, [said("b", 2), STARTED, said("c", 3), OVER])
        assert simulation.names[2:] == ["grace_expired", "b", "session_started_again", "session.started", "c"]

    def test_a_second_session_started_after_a_resume(self) -> None:
        simulation = simulate([STARTED, said("a"), CUT], [STARTED, said("b", 2), OVER])
        assert simulation.names == ["session.started", "a", "session_started_again", "session.started", "b"]

    @pytest.mark.parametrize(
        "raw", [b"", b"{", b"\xff\xfe", b"[]", b"5", b"null", b"{}", b'{"category": 5}', b'{"category": "message"}',
                b'{"category": "message", "name": 5, "data": {}}', b'{"category": "message", "name": "a", "data": []}',
                b"[" * 100_000]
    )  # fmt: skip
    def test_a_frame_that_cannot_be_read(self, raw: bytes) -> None:
        assert simulate([STARTED, raw, said("a"), OVER]).names == ["session.started", "unreadable_frame", "a"]

    @pytest.mark.parametrize(
        "raw",
        [
            b'{"category": "tomorrow"}',
            b'{"category": "result"}',
            b'{"category": "result", "request_id": ["?"], "data": {"connection": {"id": 5}}, "error": 5}',
            b'{"category": "result", "request_id": "never sent", "data": {"connection": 5}}',
        ],
    )
    def test_what_is_no_event_is_ignored(self, raw: bytes) -> None:
        assert simulate([STARTED, raw, said("a"), OVER]).names == ["session.started", "a"]

    def test_an_event_named_gap_is_not_ours(self) -> None:
        simulation = simulate([STARTED, frame("gap", {"reason": "x"}), OVER])
        assert [message.raw != b"" for message in simulation.delivered] == [True, True]


# --- duplicates -------------------------------------------------------------------------------------------------------


class TestDuplicates:
    JOIN = frame("participant.join", {"participant": {"peer_id": "p", "waitlisted": True}})
    ADMITTED = frame("participant.join", {"participant": {"peer_id": "p", "waitlisted": False}})
    WAVE = frame("broadcast.received", {"type": "wave", "payload": {"a": [1]}, "created_at": "2026-11-29T10:00:00Z"})

    def test_what_a_server_sends_again_after_a_resume_is_dropped(self) -> None:
        events = [said("a"), self.JOIN, self.ADMITTED, self.WAVE, said("b", 2)]
        simulation = simulate([STARTED, *events, CUT], [*events, said("c", 3), CUT], [said("c", 3), said("d", 4), OVER])
        assert simulation.names[1:] == [
            "a",
            "participant.join",
            "participant.join",
            "broadcast.received",
            "b",
            "c",
            "d",
        ]

    def test_the_order_of_the_fields_does_not_matter(self) -> None:
        again = json.loads(self.WAVE)
        again["data"] = dict(reversed(again["data"].items()))
        simulation = simulate([STARTED, self.WAVE, CUT], [json.dumps(again).encode(), OVER])
        assert simulation.names == ["session.started", "broadcast.received"]

    def test_nothing_is_dropped_that_may_be_another_event(self) -> None:
        unknown, untimed = frame("hand.raised", {"a": 1}), frame("transcript.received", {"text": "x"})
        strange = frame("transcript.received", {"text": [], "started_at": "2026-11-29T10:00:00Z"})
        events = [unknown, untimed, strange, frame("broadcast.received", {"type": "x"})]
        simulation = simulate([STARTED, *events, CUT], [*events, OVER])
        assert len(simulation.delivered) == 1 + 2 * len(events)

    def test_nothing_is_dropped_without_a_resume(self) -> None:
        simulation = simulate([STARTED, said("a"), said("a"), OVER])
        assert simulation.names == ["session.started", "a", "a"]

    def test_partials_of_one_moment_are_not_one(self) -> None:
        simulation = simulate([STARTED, said("a", final=False), CUT], [said("a", final=True), said("a b"), OVER])
        assert simulation.names == ["session.started", "a", "a", "a b"]

    def test_what_is_remembered_is_bounded(self) -> None:
        many = [said(str(number), number) for number in range(5000)]
        simulation = simulate([STARTED, *many, CUT], [*many[-4096:], *many[:904], OVER])
        assert len(simulation.delivered) == 1 + 5000 + 904


# --- heartbeat --------------------------------------------------------------------------------------------------------


class TestHeartbeat:
    def test_a_ping_every_20_seconds(self) -> None:
        simulation = simulate([STARTED, 65.0, OVER])
        assert simulation.requests == [
            (0.0, "connection.get"),
            (20.0, "connection.ping"),
            (40.0, "connection.ping"),
            (60.0, "connection.ping"),
        ]

    def test_events_do_not_delay_it(self) -> None:
        simulation = simulate([STARTED, *[15.0, said("a")] * 4, OVER])
        assert [at for at, _ in simulation.requests] == [0.0, 20.0, 40.0, 60.0]

    def test_no_result_within_10_seconds(self) -> None:
        simulation = Simulation([STARTED, 5.0, said("a"), 30.0], [said("b", 2), OVER])
        simulation.mute = True
        simulation.run()
        assert simulation.now == 10.0
        assert simulation.closes == [3008], "not 1000: the agent stays for the grace period"

    def test_no_result_of_a_later_ping(self) -> None:
        simulation = Simulation([STARTED, 100.0], [said("b", 2), OVER])
        answer = simulation._answer

        def answer_first(request: dict[str, Any]) -> None:
            answer(request)
            simulation.mute = not simulation.mute

        setattr(simulation, "_answer", answer_first)  # noqa: B010 - a method, for this test
        simulation.run()
        assert simulation.now == 30.0
        assert simulation.queries == [None, "c-1"]
        assert simulation.names == ["session.started", "b"]

    def test_what_already_arrived_is_read_before_a_connection_is_given_up(self) -> None:
        """Whoever wakes from a suspended process looks at the results first."""
        simulation = Simulation([STARTED, said("a"), OVER])
        simulation.mute = True
        receive = simulation._receive

        def suspended(seconds: float) -> bytes | Closed | None:
            simulation.now += 15.0
            return receive(seconds)

        setattr(simulation, "_receive", suspended)  # noqa: B010 - a method, for this test
        simulation.run()
        assert simulation.closes == []

    @pytest.mark.parametrize("error", ["INVALID_REQUEST", "UNSUPPORTED_REQUEST", "INTERNAL_ERROR"])
    def test_an_error_is_a_result_too(self, error: str) -> None:
        simulation = Simulation([STARTED, 50.0, said("a"), CUT], [STARTED, OVER])
        simulation.results["connection.get"] = {"data": None, "error": {"code": error, "message": "no"}}
        simulation.run()
        assert simulation.closes == []
        assert simulation.requests[:3] == [(at, "connection.get") for at in (0.0, 20.0, 40.0)], (
            "the id is asked for again"
        )
        assert simulation.names == ["session.started", "a", "connection_lost", "session.started"]

    def test_a_full_backlog_does_not_stop_it(self) -> None:
        """Results cannot be read meanwhile, and have 10 seconds when reading goes on."""
        ids = ["connection.get-1", *[f"connection.get-{number}" for number in (2, 3, 4)]]
        results = [json.dumps({"category": "result", "request_id": each, "data": {}}).encode() for each in ids]
        simulation = Simulation([STARTED, said("a"), 5.0, *results, said("b", 2), OVER])
        simulation.room.extend([0.0, 61.0])
        simulation.mute = True
        simulation.run()
        assert [at for at, _ in simulation.requests] == [0.0, 20.0, 40.0, 60.0]
        assert simulation.closes == [], "the results came within 10 seconds of reading"
        assert simulation.names == ["session.started", "a", "b"]


# --- connecting -------------------------------------------------------------------------------------------------------


def refusal(status: int, code: str, *, retryable: bool | None = None) -> Refusal:
    error = {"code": code, "message": "the server's own words", "retryable": retryable}
    return Refusal(status, {}, json.dumps({"success": False, "error": error}).encode())


class TestConnecting:
    @pytest.mark.parametrize(
        ("refused", "kind", "cure"),
        [
            (refusal(400, "BAD_REQUEST"), ValidationError, "subprotocol"),
            (refusal(400, "INVALID_QUERY"), ValidationError, "subscriptions"),
            (refusal(401, "UNAUTHENTICATED"), AuthenticationError, "regenerate_token"),
            (Refusal(401, {}, b"<html>gateway</html>"), AuthenticationError, "regenerate_token"),
            (Refusal(302, {"location": "https://x"}, b""), Exception, "check agent_url="),
            (Refusal(200, {}, b"hello"), Exception, "check agent_url="),
        ],
    )
    def test_refused(self, refused: Refusal, kind: type[Exception], cure: str) -> None:
        simulation = Simulation(refused)
        with pytest.raises(kind, match=cure) as caught:
            simulation.run()
        if b"own words" in refused.body:
            assert "the server's own words" in str(caught.value)
        assert simulation.waits == [], "once"
        assert simulation.joined_at is None

    def test_an_expired_token_says_so(self) -> None:
        simulation = Simulation(refusal(401, "UNAUTHENTICATED"), token_hint="the token expired at noon")
        with pytest.raises(AuthenticationError, match=r"expired at noon; .*regenerate_token"):
            simulation.run()

    @pytest.mark.parametrize(
        "failing", [UNREACHABLE, refusal(503, "BUSY"), Refusal(502, {}, b""), refusal(400, "X", retryable=True)]
    )
    def test_three_attempts_to_connect_at_all(self, failing: Script) -> None:
        simulation = Simulation(failing, failing, failing)
        with pytest.raises((APIConnectionError, ServerError, ValidationError)):
            simulation.run()
        assert simulation.waits == [0.25, 0.5]
        assert simulate(failing, failing, [STARTED, OVER]).joined_at == 0.75

    def test_a_server_that_says_not_to_retry_is_believed(self) -> None:
        simulation = Simulation(refusal(503, "GONE", retryable=False))
        with pytest.raises(ServerError):
            simulation.run()
        assert simulation.waits == []

    def test_the_waits_grow_to_half_a_minute_and_end_after_five(self) -> None:
        simulation = Simulation([STARTED, said("a"), CUT], *[UNREACHABLE] * 50)
        with pytest.raises(APIConnectionError, match="cannot connect"):
            simulation.run()
        assert simulation.waits[:8] == [0.25, 0.5, 1.0, 2.0, 4.0, 8.0, 16.0, 30.0]
        assert 300 < simulation.now <= 330

    def test_a_server_that_accepts_and_closes_is_given_up_too(self) -> None:
        simulation = Simulation(*[[STARTED, Closed(1013, "upstream_lost")] for _ in range(50)])
        with pytest.raises(APIConnectionError, match=r"1013 'upstream_lost'"):
            simulation.run()
        assert simulation.waits[:3] == [0.25, 0.5, 1.0], "session.started is no sign that a connection works"
        assert 300 < simulation.now <= 330

    def test_a_connection_that_worked_starts_the_waits_over(self) -> None:
        flaky: list[Script] = [[said("x", number), CUT] for number in range(200)]
        simulation = simulate([STARTED, said("a"), CUT], *flaky, [ENDED, OVER])
        assert simulation.waits == []
        assert simulation.queries == [None] + ["c-1"] * 201
        quiet = simulate([STARTED, 11.0, CUT], UNREACHABLE, [15.0, CUT], [30.0, OVER])
        assert quiet.waits == [0.25], "one that lasts works"

    def test_a_refusal_later_is_an_error(self) -> None:
        simulation = Simulation([STARTED, said("a"), CUT], refusal(401, "UNAUTHENTICATED"))
        with pytest.raises(AuthenticationError):
            simulation.run()

    def test_the_newest_id_counts(self) -> None:
        simulation = Simulation([STARTED, said("a"), CUT], [20.0, CUT], [OVER])
        answer = simulation._answer

        def renamed(request: dict[str, Any]) -> None:
            connection = {"id": f"c-{len(simulation.queries)}"}
            simulation.results["connection.get"] = {"data": {"connection": connection}, "error": None}
            answer(request)

        setattr(simulation, "_answer", renamed)  # noqa: B010 - a method, for this test
        simulation.run()
        assert simulation.queries == [None, "c-1", "c-2"]


# --- alone ------------------------------------------------------------------------------------------------------------


def joined(name: str, *, waitlisted: bool = False) -> bytes:
    return frame("participant.join", {"participant": {"peer_id": name, "waitlisted": waitlisted}})


def left(name: str) -> bytes:
    return frame("participant.leave", {"participant": {"peer_id": name}})


class TestMaxIdle:
    @pytest.mark.parametrize(
        ("events", "until"),
        [
            ([], 60.0),
            ([30.0, joined("a"), 100.0, left("a")], 190.0),
            ([joined("a"), joined("b"), 10.0, left("a"), 100.0, left("b")], 170.0),
            ([30.0, joined("a", waitlisted=True)], 90.0),
            ([30.0, joined("a", waitlisted=True), joined("a"), 200.0, left("a")], 290.0),
            ([30.0, said("hello"), 200.0, left("peer-Alice")], 290.0),
            ([30.0, frame("broadcast.received", {"created_at": "x"})], 90.0),
            ([30.0, left("somebody who was there before")], 90.0),
            ([joined("a"), 10.0, STARTED], 70.0),  # a gap: who is still there is not known
        ],
    )
    def test_when_the_agent_leaves(self, events: list[Any], until: float) -> None:
        simulation = Simulation([STARTED, *events, 1000.0], max_idle=60)
        simulation.others.append(None)
        assert simulation.run() == "idle"
        assert simulation.now == until
        assert simulation.closes == [1000]

    def test_the_api_knows_who_was_there_before(self) -> None:
        simulation = Simulation([STARTED, 1000.0], max_idle=60)
        simulation.others.extend([True, True, False])
        outcome: EndReason = simulation.run()
        assert (outcome, simulation.now) == ("idle", 180.0)

    @pytest.mark.parametrize(("script", "until"), [([4.0, STARTED, 1000.0], 5.0), ([1000.0], 10.0)])
    def test_the_wait_begins_when_the_agent_is_in_the_meeting(self, script: list[Any], until: float) -> None:
        simulation = Simulation(script, max_idle=1)
        simulation.others.append(None)
        assert simulation.run() == "idle"
        assert simulation.now == until

    def test_a_new_connection_does_not_start_the_wait_over(self) -> None:
        simulation = Simulation([STARTED, 40.0, CUT], [100.0], max_idle=60)
        simulation.others.append(False)
        simulation.run()
        assert simulation.now == 60.0

    def test_without_it_the_agent_stays(self) -> None:
        assert simulate([STARTED, 100_000.0, OVER]).closes == []
