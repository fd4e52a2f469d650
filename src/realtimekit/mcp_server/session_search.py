"""Search in what one session left behind, in the order of time, with the rules of a search in an archive."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from realtimekit.archive.search import search_passages
from realtimekit.archive.snippets import PassageMatch


class Passage(NamedTuple):
    """Something that was said, written or summarized.

    Attributes:
        kind: where it is from.
        speaker: who said or wrote it; None for a summary.
        start: how long after the start of the session; None for chats and summaries.
        at: when it was written; None for what was said.
        text: what was said or written.
    """

    kind: Literal["transcript", "chat", "summary"]
    speaker: str | None
    start: timedelta | None
    at: datetime | None
    text: str


def find_passages(passages: Iterable[Passage], words: str, speaker: str | None) -> list[tuple[Passage, PassageMatch]]:
    """Return the passages that match, each with the words around the match.

    Args:
        passages: what to search.
        words: as for `Archive.search`.
        speaker: as for `Archive.search`.

    Raises:
        ArchiveError: the search contains no words.
    """
    listed = list(passages)
    found = search_passages(((passage.speaker, passage.text) for passage in listed), words, speaker)
    return [(listed[one.number], one) for one in found]
