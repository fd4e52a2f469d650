"""The quality of a whole session, in both modes: bounded, in order, and one failure affects no other participant."""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from realtimekit import (
    APIConnectionError,
    AsyncRealtimeKit,
    AuthenticationError,
    NotFoundError,
    PermissionDeniedError,
    RateLimitError,
    RealtimeKit,
)
from realtimekit.emulator import Emulator
from realtimekit.interfaces import Request, Response
from realtimekit.limits import LocalLimiter
from realtimekit.quality.finding import Finding
from realtimekit.quality.thresholds import Threshold, Thresholds
from realtimekit.resources.session_quality import (
    MissingReport,
    PeerQuality,
    SessionQuality,
    iter_quality,
    session_quality,
)
from realtimekit.transports.emulator import connected
from tests.sleeps import record_sleeps

from .sample_reports import samples

WARNING = Finding(
    "packet_loss", "warning", "sent", "audio", None, None, (), {}, "audio sent lost 7 % of its packets", "%"
)
PATIENCE = 20  # seconds; only a failing test waits that long

Served = Callable[[], Response]


def as_it_is(served: Served) -> Response:
    return served()


class Watched:
    """An emulator's transport that can respond in its place, and counts how many reports are requested at once."""

    def __init__(self, emulator: Emulator) -> None:
        self.inner = connected(emulator)["transport"]
        self.answers: dict[str, Callable[[Served], Response]] = {}  # by peer id
        self.asked: list[str] = []
        self.under_way = self.most = 0
        self.lock = threading.Lock()

    def send(self, request: Request, /) -> Response:
        peer_id = request.url.partition("/peer-report/")[2]
        if not peer_id:
            return self.inner.send(request)
        with self.lock:
            self.asked.append(peer_id)
            self.under_way += 1
            self.most = max(self.most, self.under_way)
        try:
            return self.answers.get(peer_id, as_it_is)(lambda: self.inner.send(request))
        finally:
            with self.lock:
                self.under_way -= 1


class Meeting:
    """A past session of a number of participants, and both clients."""

    def __init__(self, emulator: Emulator, people: int, waits: list[float]) -> None:
        client = RealtimeKit(**connected(emulator))
        meeting = client.meetings.create(title="Weekly")
        self.peers = []
        for at in range(people):
            who = meeting.participants.create(
                name=f"P{at}", custom_participant_id=f"user-{at}", preset_name="group_call_participant"
            )
            joined = emulator.join(meeting.id, who.id)
            self.peers.append(joined.peer_id)
            self.session_id = joined.session_id
        emulator.advance(600)
        emulator.end(meeting.id)
        self.transport = Watched(emulator)
        self.settings: dict[str, Any] = {**connected(emulator), "transport": self.transport}
        self.settings["limiter"] = LocalLimiter(clock=lambda: sum(waits))  # the time passes by waiting alone

    def of(self, asynchronous: bool, **options: Any) -> SessionQuality:
        if not asynchronous:
            return session_quality(RealtimeKit(**self.settings).sessions.ref(self.session_id), **options)

        async def story() -> SessionQuality:
            return await session_quality(AsyncRealtimeKit(**self.settings).sessions.ref(self.session_id), **options)

        return asyncio.run(story())


@pytest.fixture
def meeting(waits: list[float]) -> Iterator[Meeting]:
    with Emulator() as emulator:
        yield Meeting(emulator, 6, waits)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def asynchronous(request: pytest.FixtureRequest) -> bool:
    return bool(request.param)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds that the clients wanted to sleep."""
    seconds = record_sleeps(monkeypatch)
    monkeypatch.setattr("realtimekit.prefetch._sleep", lambda delay, _: seconds.append(delay))
    return seconds


def refusal(status: int, **headers: str) -> Callable[[Served], Response]:
    body = json.dumps({"success": False, "error": {"code": status, "message": "no"}}).encode()
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    return lambda _: Response(status, named, body)


def ids(quality: SessionQuality) -> list[str]:
    return [peer.participant.id for peer in quality.participants]


def test_everybody_in_the_order_of_the_list(meeting: Meeting, asynchronous: bool) -> None:
    quality = meeting.of(asynchronous)
    listed = [who.id for who in RealtimeKit(**meeting.settings).sessions.ref(meeting.session_id).participants]
    assert ids(quality) == listed
    assert sorted(meeting.transport.asked) == sorted(meeting.peers)
    assert quality.missing == []
    assert quality.session_id == meeting.session_id
    assert all(peer.report is None for peer in quality.participants)
    assert all(peer.summary.sent.audio.samples > 80 for peer in quality.participants)


def test_the_same_as_one_by_one(meeting: Meeting, asynchronous: bool) -> None:
    strict = Thresholds(jitter_ms=Threshold(1, 2))
    client = RealtimeKit(**meeting.settings)
    for peer in meeting.of(asynchronous, keep_reports=True, thresholds=strict).participants:
        assert peer.report is not None
        found = client.sessions.find_participant_by_peer_id(peer.participant.id)
        assert peer.report.to_dict() == found["peer_report"]
        assert peer.summary == peer.report.quality.summary()
        assert peer.findings == peer.report.findings(strict) != []


@pytest.mark.parametrize("concurrency", [1, 2, 4])
def test_so_many_at_once_and_no_more(meeting: Meeting, concurrency: int) -> None:
    together = threading.Barrier(concurrency)

    def meet(served: Served) -> Response:
        together.wait(PATIENCE)
        return served()

    for peer_id in meeting.peers[: 4 if concurrency == 4 else 6]:  # 6 is no multiple of 4
        meeting.transport.answers[peer_id] = meet
    assert len(meeting.of(asynchronous=False, concurrency=concurrency).participants) == 6
    assert meeting.transport.most == concurrency


def test_tasks_are_bounded_too(meeting: Meeting) -> None:
    class Slow(Watched):
        async def send(self, request: Request, /) -> Response:  # type: ignore[override]
            self.under_way += 1
            self.most = max(self.most, self.under_way)
            for _ in range(5):
                turn = asyncio.get_running_loop().create_future()
                asyncio.get_running_loop().call_soon(turn.set_result, None)
                await turn
            try:
                return self.inner.send(request)
            finally:
                self.under_way -= 1

    slow = Slow.__new__(Slow)
    slow.__dict__.update(meeting.transport.__dict__)
    meeting.settings["transport"] = slow
    assert len(meeting.of(asynchronous=True, concurrency=3).participants) == 6
    assert slow.most == 3


@pytest.mark.parametrize("concurrency", [0, -1, True, 1.5])
def test_a_wrong_concurrency(meeting: Meeting, concurrency: Any) -> None:
    with pytest.raises(ValueError, match=r"concurrency=.*: must be a whole number, 1 or more"):
        meeting.of(asynchronous=False, concurrency=concurrency)
    assert meeting.transport.asked == []


# --- what is missing --------------------------------------------------------------------------------------------------


def gone(_: Served) -> Response:
    raise APIConnectionError("the connection broke", maybe_processed=True)


def no_report(as_it_is: Served) -> Response:
    participant = {"id": json.loads(as_it_is().content)["data"]["participant"]["id"]}
    return Response(200, {}, json.dumps({"success": True, "data": {"participant": participant}}).encode())


def no_participant(_: Served) -> Response:
    return Response(200, {}, b'{"success": true, "data": []}')


@pytest.mark.parametrize(
    ("answer", "reason"),
    [
        (refusal(404), "call analytics are kept for 6 months"),
        (refusal(500), "returned 500"),
        (gone, "the connection broke"),
        (no_report, "the response contained no report"),
        (no_participant, "the response contains no participant"),
    ],
)
def test_one_failure_affects_no_other_participant(
    meeting: Meeting,
    asynchronous: bool,
    answer: Any,
    reason: str,
) -> None:
    meeting.transport.answers[meeting.peers[2]] = answer
    quality = meeting.of(asynchronous)
    assert len(quality.participants) == 5
    (missing,) = quality.missing
    assert missing.participant.id == meeting.peers[2]
    assert reason in missing.reason
    assert missing.to_dict()["peer_id"] == meeting.peers[2]


def test_the_error_itself_is_there(meeting: Meeting) -> None:
    meeting.transport.answers[meeting.peers[0]] = refusal(404)
    (missing,) = meeting.of(asynchronous=False).missing
    assert isinstance(missing.error, NotFoundError)
    assert missing.to_dict() == {
        "peer_id": meeting.peers[0],
        "custom_participant_id": "user-0",
        "display_name": "P0",
        "reason": missing.reason,
    }


@pytest.mark.parametrize(("status", "error"), [(401, AuthenticationError), (403, PermissionDeniedError)])
def test_what_concerns_everybody_is_raised(meeting: Meeting, asynchronous: bool, status: int, error: Any) -> None:
    meeting.transport.answers[meeting.peers[1]] = refusal(status)
    with pytest.raises(error):
        meeting.of(asynchronous)


def test_nobody_there(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator() as emulator:
        empty = Meeting(emulator, 1, [])
        nobody = Response(200, {}, b'{"success": true, "data": {"participants": []}}')
        monkeypatch.setattr(empty.transport.inner, "send", lambda _: nobody)
        assert empty.of(asynchronous) == SessionQuality(empty.session_id, [], [])


# --- the rate limit ---------------------------------------------------------------------------------------------------


def test_a_short_refusal_is_waited_for(meeting: Meeting, asynchronous: bool, waits: list[float]) -> None:
    refused: list[str] = []

    def once(served: Served) -> Response:
        refused.append("once")
        return refusal(429, retry_after="7")(served) if len(refused) == 1 else served()

    meeting.transport.answers[meeting.peers[3]] = once
    assert len(meeting.of(asynchronous).participants) == 6
    assert 7 <= sum(waits) < 9, "all together, though several are under way"


def test_a_long_refusal_ends_the_asking(meeting: Meeting, asynchronous: bool, waits: list[float]) -> None:
    order = [who.id for who in RealtimeKit(**meeting.settings).sessions.ref(meeting.session_id).participants]
    meeting.transport.answers[order[1]] = refusal(429, retry_after="300")
    quality = meeting.of(asynchronous, concurrency=1)
    assert ids(quality) == order[:1]
    assert [missing.participant.id for missing in quality.missing] == order[1:]
    assert all(isinstance(missing.error, RateLimitError) for missing in quality.missing)
    assert meeting.transport.asked == order[:2]
    assert waits == []


def test_with_nothing_remaining_it_waits_before_a_rejection(
    meeting: Meeting,
    asynchronous: bool,
    waits: list[float],
) -> None:
    def last(served: Served) -> Response:
        return served()._replace(headers={"ratelimit": '"default";r=0;t=20'})

    for peer_id in meeting.peers:
        meeting.transport.answers[peer_id] = last
    assert len(meeting.of(asynchronous, concurrency=1).participants) == 6
    assert 5 * 20 <= sum(waits) <= 5 * 22, "not after the last one"


# --- one after the other ----------------------------------------------------------------------------------------------


def test_each_gives_the_reports_in_turn(meeting: Meeting) -> None:
    meeting.transport.answers[meeting.peers[2]] = refusal(404)
    found = list(iter_quality(RealtimeKit(**meeting.settings).sessions.ref(meeting.session_id)))
    assert sum(isinstance(peer, PeerQuality) and peer.report is not None for peer in found) == 5
    assert sum(isinstance(peer, MissingReport) for peer in found) == 1


def test_leaving_early_stops_asking(meeting: Meeting) -> None:
    for _ in iter_quality(RealtimeKit(**meeting.settings).sessions.ref(meeting.session_id), concurrency=2):
        break
    for thread in threading.enumerate():
        if thread.name.startswith("realtimekit-prefetch"):
            thread.join(PATIENCE)
    assert len(meeting.transport.asked) <= 3


def test_as_json(meeting: Meeting) -> None:
    found = json.loads(json.dumps(meeting.of(asynchronous=False).to_dict()))
    assert set(found) == {"session_id", "participants", "missing"}
    assert set(found["participants"][0]) == {
        "peer_id",
        "custom_participant_id",
        "display_name",
        "summary",
        "findings",
    }


def test_frames_need_the_reports(meeting: Meeting) -> None:
    pytest.importorskip("pandas")
    with pytest.raises(ValueError, match=r"pass keep_reports=True to session\.quality\(\)"):
        meeting.of(asynchronous=False).to_pandas()
    frame = meeting.of(asynchronous=False, keep_reports=True).to_pandas()
    assert set(frame["peer"]) == set(meeting.peers)


# --- the findings of everybody ----------------------------------------------------------------------------------------


def with_loss(*lossy: str) -> Callable[[Served], Response]:
    """The response about a participant: a minute of heavy loss in these lists, and a good call otherwise."""
    quality = {name: samples(name, 10, packets_lost=100, jitter=0.05) for name in lossy}

    def answer(served: Served) -> Response:
        document = json.loads(served().content)
        document["data"]["participant"]["peer_report"] = {"quality": quality}
        return Response(200, {}, json.dumps(document).encode())

    return answer


def test_the_findings_of_a_session_name_the_participants(meeting: Meeting, asynchronous: bool) -> None:
    for peer_id in meeting.peers:
        meeting.transport.answers[peer_id] = with_loss()
    meeting.transport.answers[meeting.peers[1]] = with_loss("audio_producer", "audio_consumer")
    quality = meeting.of(asynchronous)
    (finding,) = quality.findings
    assert finding.text == ("P1's network was bad from 14:00:00 to 14:01:00 UTC: audio sent and received")
    assert (finding.peer_id, finding.display_name) == (meeting.peers[1], "P1")
    assert [detail.kind for detail in finding.details] == ["packet_loss", "packet_loss", "high_jitter", "high_jitter"]
    (own,) = [peer for peer in quality.participants if peer.findings]
    assert own.findings[0].text.startswith("the network was bad")
    assert repr(quality) == f"<SessionQuality session_id={meeting.session_id!r} participants=6 missing=0 findings=1>"
    assert repr(own) == f"<PeerQuality peer_id={meeting.peers[1]!r} display_name='P1' findings=1>"


def test_the_worst_findings_of_a_session_come_first(meeting: Meeting) -> None:
    quality = meeting.of(asynchronous=False)
    mild, severe = ([finding] for finding in (WARNING, WARNING._replace(severity="severe")))
    first, second, *_ = quality.participants
    found = quality._replace(participants=[first._replace(findings=mild), second._replace(findings=severe)]).findings
    names = [peer.participant.display_name for peer in (second, first)]
    assert [finding.text for finding in found] == [f"{name}: audio sent lost 7 % of its packets" for name in names]


@pytest.mark.parametrize(
    ("fields", "name"),
    [
        ({"display_name": None, "custom_participant_id": "c", "id": "p"}, "c"),
        ({"display_name": "", "id": "p"}, "p"),
        ({}, "(no name)"),
    ],
)
def test_a_participant_without_a_name(meeting: Meeting, fields: dict[str, Any], name: str) -> None:
    quality = meeting.of(asynchronous=False)
    peer = quality.participants[0]._replace(
        participant=type(quality.participants[0].participant)(fields, client=RealtimeKit(**meeting.settings), scope={}),
        findings=[WARNING],
    )
    (finding,) = quality._replace(participants=[peer]).findings
    assert finding.text == f"{name}: audio sent lost 7 % of its packets"
