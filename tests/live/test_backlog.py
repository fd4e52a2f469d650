"""The backlog: what it takes, and that nothing is lost in it."""

from __future__ import annotations

import json
import sys

import pytest

from realtimekit.agent.backlog import MAX_BYTES, Backlog
from realtimekit.agent.frames import parse_frame
from realtimekit.agent.steps import Message, SessionInfo

from .scripted_server import transcript

SESSION = SessionInfo("s-1", "m-1", None)


def message(number: int) -> Message:
    data = transcript(f"{number} and about twelve more words, as many as people say in a breath", second=number)
    raw = json.dumps({"category": "message", "name": "transcript.received", "data": data}).encode()
    frame = parse_frame(raw)
    return Message(SESSION, raw, (frame.name, frame.data))


def test_there_is_room_for_a_minute_at_a_thousand_events_a_second() -> None:
    backlog, first = Backlog(), message(0)
    for _ in range(60_000):
        assert backlog.has_room
        backlog.add(first)
    assert MAX_BYTES < 50 * 2**20
    assert sum(backlog.take().decoded is not None for _ in range(60_000)) == 256, "their decoded form takes more"


@pytest.mark.parametrize("text", ["x", "\u00fc" * 100, "\u8a9e" * 10_000])
def test_what_the_limit_counts_is_what_it_takes(text: str) -> None:
    raw = json.dumps({"category": "message", "name": "x", "data": {"text": text}}, ensure_ascii=False).encode()
    waiting = Message(SESSION, raw, None)
    taken = sys.getsizeof(waiting) + sys.getsizeof(raw) + 8  # its place in the queue
    assert taken - 32 <= waiting.size <= taken + 64


def test_it_is_full_by_bytes_and_then_empties_in_order() -> None:
    backlog, size = Backlog(100_000), message(0).size
    count = 0
    while backlog.has_room:
        backlog.add(message(count))
        count += 1
    assert 100_000 / (size + 10) <= count <= 100_000 / size + 1
    texts = []
    while len(backlog):
        taken = backlog.take()
        frame = parse_frame(taken.raw)
        assert taken.decoded is None or taken.decoded == (frame.name, frame.data)
        texts.append(frame.data["text"].partition(" ")[0])
    assert texts == list(map(str, range(count)))
    assert backlog.has_room
