"""`session.chat`, `.transcript` and `.summary`, from a session of the emulator to typed values."""

from __future__ import annotations

import io
from datetime import timedelta
from pathlib import Path
from typing import Any, assert_type

import pytest

from realtimekit import Async, AsyncRealtimeKit, RealtimeKit, Session, WaitTimeoutError
from realtimekit.artifacts.messages import ChatMessage
from realtimekit.artifacts.segments import Segment, SpeakingTime, parse_transcript
from realtimekit.emulator import Emulator

from .files import without

SAID = [
    ("Alice", 0, 1500, "Hello everyone"),
    ('Bob "Bobby" B., Jr.', 1500, 4000, 'Hi, "Alice": it is <b>10:30</b> & --> late'),
    ("Zoë 🎉", 3000, 3500, "one\ntwo, three\nfour"),
    ("Alice", 3_600_000, 3_661_007, "ÄÖÜ ß – “quoted” 漢字"),
]


@pytest.fixture
def session(realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit) -> Session:
    """Three people who wrote and spoke."""
    emulator = realtimekit_emulator
    meeting = realtimekit_client.meetings.create(title="Weekly", transcribe_on_end=True, summarize_on_end=True)
    peers: dict[str, Any] = {}
    for name, start, end, text in SAID:
        if name not in peers:
            person = meeting.participants.create(
                name=name, custom_participant_id=f"c-{len(peers)}", preset_name="group_call_host"
            )
            peers[name] = emulator.join(meeting.id, person.id)
        emulator.speak(peers[name].session_id, peers[name].peer_id, text, start_ms=start, end_ms=end)
        emulator.chat(peers[name].session_id, peers[name].peer_id, text)
    emulator.end(meeting.id)
    emulator.advance(60)  # the summary takes a while
    return Session.find(peers["Alice"].session_id)


def test_the_chat(session: Session) -> None:
    messages = session.chat.messages()
    assert_type(messages, list[ChatMessage])
    assert [(message.display_name, message.payload) for message in messages] == [(n, t) for n, _, _, t in SAID]
    assert all(message.session_id == session.id and message.payload_type == "TEXT_MESSAGE" for message in messages)
    assert all(message.created_at is not None and message.pinned is False for message in messages)


def test_the_four_formats_give_the_same_segments(session: Session) -> None:
    csv, json, srt, vtt = (session.transcript_as(name).segments() for name in ("CSV", "JSON", "SRT", "VTT"))
    assert csv == without(json, "end")
    assert srt == vtt == without(json, "peer")
    assert [(s.speaker, s.start, s.end, s.text) for s in json] == [
        (name, timedelta(milliseconds=start), timedelta(milliseconds=end), text) for name, start, end, text in SAID
    ]
    assert session.transcript.segments() == json, "what is not asked for in a format has all that there is"
    ids = {participant.display_name: participant.id for participant in session.participants}
    assert [segment.peer and segment.peer.id for segment in json] == [ids[name] for name, *_ in SAID]


def test_what_can_be_computed_from_a_transcript(session: Session) -> None:
    transcript = session.transcript
    segments = transcript.segments()
    assert transcript.text().startswith("Alice: Hello everyone\n")
    assert parse_transcript(transcript.to_json().encode()) == segments
    assert parse_transcript(transcript.to_srt().encode()) == without(segments, "peer")
    assert parse_transcript(transcript.to_vtt().encode()) == without(segments, "peer")
    assert "**Alice**: Hello everyone" in transcript.to_markdown()
    times = transcript.speaking_time()
    assert_type(times, list[SpeakingTime])
    assert [(one.speaker, one.time.total_seconds()) for one in times] == [
        ("Alice", 62.507), (SAID[1][0], 2.5), ("Zoë 🎉", 0.5),
    ]  # fmt: skip


def test_reload_keeps_the_format(session: Session) -> None:
    vtt = session.transcript_as("VTT")
    assert vtt.reload().read().startswith(b"WEBVTT")
    assert session.transcript.reload().read().startswith(b"[")


def test_the_summary(session: Session) -> None:
    text = session.summary.text()
    assert_type(text, str)
    assert text.startswith("# Weekly")


def test_downloads(session: Session, tmp_path: Path) -> None:
    path = session.chat.download(tmp_path)
    assert_type(path, Path)
    assert path == tmp_path / f"{session.id}-chat.csv"
    assert path.read_bytes() == session.chat.read()
    assert session.transcript_as("SRT").download(tmp_path).name == f"{session.id}-transcript.srt"
    memory = io.BytesIO()
    assert session.summary.download(memory) is None
    assert memory.getvalue() == session.summary.read()


async def awaited(session: Session[Async], folder: Path) -> None:
    chat, transcript, summary = await session.chat, await session.transcript, await session.summary
    assert_type(await chat.messages(), list[ChatMessage])
    assert_type(await transcript.segments(), list[Segment])
    assert_type(await summary.text(), str)
    assert_type(await chat.download(folder), Path)
    assert (await chat.messages())[0].payload == "Hello everyone"
    assert (await transcript.text()).startswith("Alice: Hello everyone\n")
    assert (await (await session.generate_summary()).wait(timeout=5)).download_url
    assert (await transcript.download(folder)).name == f"{session.id}-transcript.json"


def test_the_same_async(session: Session, realtimekit_async_client: AsyncRealtimeKit, tmp_path: Path) -> None:
    import asyncio

    asyncio.run(awaited(realtimekit_async_client.sessions.ref(session.id), tmp_path))


class TestWaitingForASummary:
    @pytest.fixture
    def unsummarised(self, realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit) -> Session:
        meeting = realtimekit_client.meetings.create(title="Weekly", transcribe_on_end=True)
        person = meeting.participants.create(name="A", custom_participant_id="c", preset_name="group_call_host")
        joined = realtimekit_emulator.join(meeting.id, person.id)
        realtimekit_emulator.speak(joined.session_id, joined.peer_id, "Hello", start_ms=0, end_ms=9)
        realtimekit_emulator.end(meeting.id)
        return Session.ref(joined.session_id)

    def test_wait_until_it_is_there(self, unsummarised: Session, realtimekit_emulator: Emulator) -> None:
        reads: list[str | None] = []

        def progress(summary: Any) -> None:
            reads.append(summary.download_url)
            realtimekit_emulator.advance(6)

        summary = unsummarised.generate_summary().wait(poll_interval=0.001, progress=progress)
        assert summary.text().startswith("# Weekly")
        assert reads[:-1]
        assert [bool(link) for link in reads] == [False] * (len(reads) - 1) + [True]

    def test_not_for_ever(self, unsummarised: Session) -> None:
        with pytest.raises(WaitTimeoutError, match="to be ready"):
            unsummarised.generate_summary().wait(timeout=0.01, poll_interval=0.001)

    @pytest.mark.parametrize("wrong", [{"timeout": 0}, {"poll_interval": -1}])
    def test_times_that_cannot_be(self, unsummarised: Session, wrong: dict[str, Any]) -> None:
        with pytest.raises(ValueError, match="above 0"):
            unsummarised.generate_summary().wait(**wrong)
