"""Transcript and chat in one conversation, and the timeline."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from realtimekit import Session
from realtimekit.artifacts.messages import ChatMessage
from realtimekit.artifacts.segments import Peer, Segment
from realtimekit.quality.thresholds import Thresholds
from realtimekit.report import AttendanceInterval, Attendee, SessionReport
from realtimekit.report.conversation import build_conversation
from realtimekit.report.timeline import build_timeline

from .meeting import SAID, WRITTEN
from .test_attendees import CLIENT, START


def said(second: float, text: str, peer: str | None = "p", speaker: str | None = "Ann", seconds: float = 1) -> Segment:
    start = timedelta(seconds=second)
    return Segment(start, start + timedelta(seconds=seconds), speaker, text, Peer(peer, None, None) if peer else None)


def written(second: float | None, text: str, **data: str) -> ChatMessage:
    time = {} if second is None else {"createdAt": (START + timedelta(seconds=second)).isoformat()}
    return ChatMessage({"payload": text, "displayName": "Ann", **time, **data})


def of(
    segments: list[Segment],
    messages: list[ChatMessage],
    attendees: list[Attendee] | None = None,
    *,
    started: bool = True,
) -> SessionReport:
    session = Session({"id": "s", **({"started_at": START.isoformat()} if started else {})}, client=CLIENT, scope={})
    return SessionReport(
        session, START, attendees or [], segments, messages, None, [], [], None, None, {}, {}, Thresholds()
    )  # fmt: skip


def texts(report: SessionReport) -> list[str]:
    return [text for entry in build_conversation(report) for text in entry.paragraphs]


def test_spoken_and_written_entries_are_in_chronological_order(made: SessionReport) -> None:
    expected = [text for both in zip(SAID, WRITTEN, strict=True) for text in both]
    assert texts(made) == expected
    assert [entry.attendee for entry in build_conversation(made)] == [at for at in range(6) for _ in range(2)]


def test_segments_of_one_speaker_are_merged() -> None:
    report = of([said(0, "a"), said(5, "b"), said(60, "c"), said(65, "d", "q", "Bob"), said(70, "e")], [])
    assert [entry.paragraphs for entry in build_conversation(report)] == [["a", "b"], ["c"], ["d"], ["e"]]


def test_a_message_is_not_merged_and_interrupts() -> None:
    report = of([said(0, "a"), said(5, "c")], [written(2, "b"), written(3, "b2")])
    assert [entry.paragraphs for entry in build_conversation(report)] == [["a"], ["b"], ["b2"], ["c"]]


def test_entries_without_a_time_come_last() -> None:
    assert texts(of([said(5, "b")], [written(None, "c"), written(1, "a")])) == ["a", "b", "c"]
    assert texts(of([said(5, "b")], [written(1, "a")], started=False)) == ["a", "b"]


def test_a_time_that_overflows_is_none() -> None:
    (entry,) = build_conversation(of([Segment(timedelta.max, None, "Ann", "a")], []))
    assert entry.start is None


def test_an_image_shows_nothing_of_its_link() -> None:
    link = "https://storage.example.com/x.png?signature=abc"
    report = of([], [written(1, link, payloadType="IMAGE_MESSAGE"), written(2, link, payloadType="FILE_MESSAGE")])
    assert [(entry.attachment, entry.paragraphs) for entry in build_conversation(report)] == [
        ("an image", []),
        ("a file", []),
    ]


def test_attendees_are_found_by_id_or_by_a_unique_name() -> None:
    stay = [AttendanceInterval(START, None)]
    ann, bob = Attendee("Ann", None, frozenset({"p"}), stay), Attendee("Bob", None, frozenset({"q"}), stay)
    report = of([said(0, "a", "q", "Ann"), said(60, "b", None, "Bob"), said(120, "c", None, "Eve")], [], [ann, bob])
    assert [entry.attendee for entry in build_conversation(report)] == [1, 1, None]
    twins = of([said(0, "a", None, "Ann")], [], [ann, ann._replace(ids=frozenset())])
    assert [entry.attendee for entry in build_conversation(twins)] == [None]


times = st.integers(0, 300)


@given(st.lists(times), st.lists(times))
def test_nothing_is_lost_and_the_order_is_chronological(spoken: list[int], wrote: list[int]) -> None:
    report = of(
        [said(time, f"s{at}") for at, time in enumerate(spoken)],
        [written(time, f"w{at}") for at, time in enumerate(wrote)],
    )
    expected = [f"s{at}" for at in range(len(spoken))] + [f"w{at}" for at in range(len(wrote))]
    assert sorted(texts(report)) == sorted(expected)
    moments = [entry.start for entry in build_conversation(report) if entry.start]
    assert moments == sorted(moments)


# --- the timeline -----------------------------------------------------------------------------------------------------


def test_bars_match_the_times() -> None:
    def moment(minutes: float) -> datetime:
        return START + timedelta(minutes=minutes)

    stays = [AttendanceInterval(moment(0), moment(25)), AttendanceInterval(moment(50), moment(100))]
    ann = Attendee("Ann", None, frozenset({"p"}), stays)
    segments = [said(600, "a", seconds=60), said(630, "b", seconds=60), said(3600, "c", seconds=300)]
    timeline = build_timeline(of(segments, [written(3000, "d", participantId="p")], [ann]))
    assert timeline is not None
    (row,) = timeline.rows
    assert [(bar.x, bar.width) for bar in row.attendance] == [(0, 25), (50, 50)]
    assert [(bar.x, bar.width) for bar in row.speech] == [(10, 1.5), (60, 5)]
    assert row.messages == [50]
    assert (row.presence, row.speaking_time) == (timedelta(minutes=75), timedelta(seconds=390))
    assert [tick.label for tick in timeline.ticks] == ["14:00", "14:30", "15:00", "15:30"]


def test_a_timeline_without_attendees() -> None:
    assert build_timeline(of([], [])) is None
    assert build_timeline(of([], [], [Attendee("Ann", None, frozenset(), [])])) is None


@given(st.integers(0, 10**9), st.integers(0, 86_399))
def test_an_axis_has_few_round_labels(seconds: int, after: int) -> None:
    start = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=after)
    ann = Attendee("Ann", None, frozenset(), [AttendanceInterval(start, start + timedelta(seconds=seconds))])
    report = of([], [], [ann], started=False)._replace(created_at=start)
    timeline = build_timeline(report)
    assert timeline is not None
    assert len(timeline.ticks) <= 7
    assert all(0 <= tick.x <= 100 for tick in timeline.ticks)
    if 120 <= seconds < 6 * 86_400:
        assert len(timeline.ticks) >= 1
    assert all(0 <= bar.x <= 100 and bar.x + bar.width <= 100.31 for row in timeline.rows for bar in row.attendance)
