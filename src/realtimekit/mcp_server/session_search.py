"""Search in what one session left behind, in the order of time, with the rules of a search in an archive."""

from __future__ import annotations

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from datetime import datetime, timedelta
from typing import Literal, NamedTuple

from realtimekit.archive.search import CONTEXT_WORDS, match_expression
from realtimekit.archive.search import _key as search_key


class Passage(NamedTuple):
    """Something that was said, written or summarized.

    Attributes:
        kind: where it is from.
        speaker: who said or wrote it; None for a summary.
        start: how long after the beginning of the session; None for chats and summaries.
        at: when it was written; None for what was said.
        text: what was said or written; in a result, the words around the match.
    """

    kind: Literal["transcript", "chat", "summary"]
    speaker: str | None
    start: timedelta | None
    at: datetime | None
    text: str


def find_passages(passages: Iterable[Passage], words: str, speaker: str | None) -> list[Passage]:
    """Return the passages that match, with a snippet for their text.

    Args:
        passages: what to search.
        words: as for `Archive.search`.
        speaker: as for `Archive.search`.

    Raises:
        ArchiveError: the search contains no words.
    """
    expression, key = match_expression(words), search_key(speaker or "")
    searched = [passage for passage in passages if key in search_key(passage.speaker or "")]
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute("create virtual table texts using fts5 (text, tokenize = 'unicode61 remove_diacritics 2')")
        rows = ((number, passage.text.encode("utf-8", "replace").decode()) for number, passage in enumerate(searched))
        index.executemany("insert into texts (rowid, text) values (?, ?)", rows)
        snippet = f"snippet(texts, 0, '**', '**', '…', {CONTEXT_WORDS})"
        found = index.execute(
            f"select rowid, {snippet} from texts where texts match ? order by rowid",  # noqa: S608 - a constant of ours
            [expression],
        )
        return [searched[number]._replace(text=" ".join(text.split())) for number, text in found]
