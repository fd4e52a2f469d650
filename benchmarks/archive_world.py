"""Archives whose tables hold many sessions, for benchmarks: made at once, without a platform and without raw files."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from itertools import accumulate
from typing import TYPE_CHECKING, Any

from realtimekit.archive import layout
from realtimekit.archive.tables.parquet import PartWriter
from realtimekit.archive.tables.snapshot import Part, Snapshot
from realtimekit.values import format_time

if TYPE_CHECKING:
    from realtimekit.archive import Archive

START = datetime(2025, 1, 1, 9, tzinfo=UTC)
DAYS = 365
VOCABULARY = 20_000
NAMES = [f"Speaker {number}" for number in range(500)]


def make_tables(
    archive: Archive, sessions: int, segments: int = 0, *, participants: int = 0, chinese: bool = False
) -> None:
    """Write the tables of so many sessions, over a year, with so many segments of transcripts altogether.

    Args:
        archive: where to.
        sessions: how many.
        segments: of all transcripts.
        participants: of each session.
        chinese: whether transcripts are in a language without spaces.
    """
    archive.ledger.create("account", "app", START)
    chance = random.Random(1)  # noqa: S311 - reproducible
    words = _Words(chance, chinese=chinese)
    parts: dict[str, dict[str, list[Part]]] = {"sessions": {}, "participants": {}, "transcript_segments": {}}
    for number in range(DAYS):
        day = (START + timedelta(days=number)).date().isoformat()
        first, last = sessions * number // DAYS, sessions * (number + 1) // DAYS
        held = [*_sessions(day, number, first, last, chance)]
        for table, rows in (
            ("sessions", iter(held)),
            ("participants", _participants(held, participants, chance)),
            ("transcript_segments", _segments(day, first, last, segments // sessions, chance, words)),
        ):
            writer = PartWriter(archive.store, table, day, "benchmark")
            for row in rows:
                writer.add([row])
            if (part := writer.finish()) is not None:
                parts[table][day] = [part]
    archive.store.put(layout.SNAPSHOT, Snapshot(parts=parts, revision=1).encode())


def _sessions(day: str, number: int, first: int, last: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for session in range(first, last):
        started = START + timedelta(days=number, seconds=chance.randrange(36_000))
        seconds = chance.lognormvariate(7, 0.8)
        yield {
            "day": day, "session_id": f"session-{session}", "meeting_id": f"meeting-{chance.randrange(2000)}",
            "title": f"Meeting {session % 2000}", "type": "meeting", "status": "ENDED", "started_at": started,
            "ended_at": started + timedelta(seconds=seconds), "created_at": started, "seconds": seconds,
            "minutes_consumed": seconds / 60 * chance.randint(2, 10), "participants": chance.randint(2, 10),
            "record": f'{{"id":"session-{session}","status":"ENDED","type":"meeting"}}',
        }  # fmt: skip


def _participants(sessions: list[dict[str, Any]], count: int, chance: random.Random) -> Iterator[dict[str, Any]]:
    for session in sessions:
        for number in range(count):
            joined = session["started_at"] + timedelta(seconds=chance.random() * 60)
            left = max(joined, session["ended_at"] - timedelta(seconds=chance.random() * 60))
            person = chance.randrange(len(NAMES))
            events = [
                {"event_name": name, "created_at": format_time(time, "time"), "preset_view_type": "GROUP_CALL"}
                for name, time in (("PEER_JOINING", joined), ("PEER_LEAVING", left))
            ]
            yield {
                "day": session["day"], "session_id": session["session_id"], "peer_id": f"peer-{number}",
                "user_id": f"user-{person}", "custom_participant_id": f"custom-{person}",
                "display_name": NAMES[person], "preset_name": "group_call_host" if number == 0 else "group_call_guest",
                "joined_at": joined, "left_at": left, "created_at": joined, "updated_at": left,
                "minutes": (left - joined).total_seconds() / 60, "extra": json.dumps({"peer_events": events}),
            }  # fmt: skip


def _segments(
    day: str, first: int, last: int, count: int, chance: random.Random, words: _Words
) -> Iterator[dict[str, Any]]:
    for session in range(first, last):
        for number in range(count):
            yield {
                "day": day, "session_id": f"session-{session}", "number": number + 1, "start_ms": number * 6000,
                "peer_id": f"peer-{session}-{number % 4}", "speaker": chance.choice(NAMES), "text": words.sentence(),
            }  # fmt: skip


def vocabulary(*, chinese: bool = False) -> list[str]:
    """Return words, the most frequent first. Chinese ones mostly have two of 3,000 characters."""
    chance = random.Random(3)  # noqa: S311 - reproducible
    if chinese:
        characters = [chr(0x4E00 + 5 * number) for number in range(3000)]
        weights = list(accumulate(1 / (rank + 3) for rank in range(3000)))
        lengths = chance.choices([1, 2, 3, 4], [1, 12, 3, 1], k=VOCABULARY)
        return ["".join(chance.choices(characters, cum_weights=weights, k=length)) for length in lengths]
    letters = "eeetttaaooiinnsshhrrdlucmwfgypbvk"
    return ["".join(chance.choices(letters, k=chance.randint(3, 9))) + str(n % 7 or "") for n in range(VOCABULARY)]


class _Words:
    """Sentences as people speak: few words are frequent, most are rare (Zipf's law)."""

    def __init__(self, chance: random.Random, *, chinese: bool) -> None:
        self._chance, self._joint = chance, "" if chinese else " "
        self._words = vocabulary(chinese=chinese)
        self._weights = list(accumulate(1 / (rank + 1) for rank in range(VOCABULARY)))

    def sentence(self) -> str:
        count = self._chance.randint(4, 18)
        return self._joint.join(self._chance.choices(self._words, cum_weights=self._weights, k=count))
