"""Snippets: the words around a match, and where in them the match is; and a search in texts that are in memory."""

from __future__ import annotations

import secrets
import sqlite3
from collections.abc import Iterable, Sequence
from contextlib import closing
from typing import NamedTuple, TypeAlias

from realtimekit.archive.full_text import TOKENIZER, join_characters, match_expression, pairs_of, split_characters

Marks: TypeAlias = list[tuple[int, int]]

CONTEXT_WORDS = 16
CONTEXT_CHARACTERS = 40  # of scripts without spaces
# The index of texts, how a row is added to it, and a snippet with the two strings of a `Marker`.
TEXTS = f'create virtual table texts using fts5 (text, pairs, tokenize = "{TOKENIZER}")'
INSERT = "insert into texts (rowid, text, pairs) values (?, ?, ?)"
SNIPPET = f"snippet(texts, 0, ?, ?, '…', case texts.pairs when '' then {CONTEXT_WORDS} else {CONTEXT_CHARACTERS} end)"


class PassageMatch(NamedTuple):
    """A text that matches.

    Attributes:
        number: its position among those searched, from 0.
        snippet: the words around the match.
        marks: where in the snippet the match is: its first character, and the one after its last, several times.
    """

    number: int
    snippet: str
    marks: Marks


class Marker:
    """Two strings that SQLite puts around what matches. No text can hold them: they are new for each search.

    Attributes:
        strings: what begins a match, and what ends it.
    """

    def __init__(self) -> None:
        nonce = secrets.token_hex(8)
        self.strings: tuple[str, str] = (f"\x02{nonce}<", f"\x02{nonce}>")

    def read(self, marked: str) -> tuple[str, Marks]:
        """Return a snippet on one line, without the strings; and where they were."""
        begin, end = self.strings
        plain, *others = " ".join(join_characters(marked).split()).split(begin)
        marks: Marks = []
        for other in others:
            match, _, rest = other.partition(end)
            marks.append((len(plain), len(plain) + len(match)))
            plain += match + rest
        return plain, marks


def split_marks(snippet: str, marks: Sequence[Sequence[int]]) -> list[tuple[str, bool]]:
    """Return a snippet in pieces, each with whether it matches."""
    pieces: list[tuple[str, bool]] = []
    done = 0
    for start, end in marks:
        pieces += [(snippet[done:start], False), (snippet[start:end], True)]
        done = end
    return [piece for piece in [*pieces, (snippet[done:], False)] if piece[0]]


def indexed(text: str) -> tuple[str, str]:
    """Return a text as it is indexed, and its pairs of characters, for `INSERT`."""
    return split_characters(text), pairs_of(text)


def search_texts(texts: Iterable[str], words: str) -> list[PassageMatch]:
    """Return those of the texts that match, in their order: by the rules of `Archive.search`, without an archive.

    Raises:
        ArchiveError: there is no word to look for.
    """
    rows = (indexed(text) for text in texts)
    return find_snippets(rows, match_expression(words), match_expression(words, characters=True))


def find_snippets(texts: Iterable[tuple[str, str]], match: str, snippet_match: str) -> list[PassageMatch]:
    """Return those of the texts that match, in their order.

    Args:
        texts: as `indexed` returns them.
        match: what to look for, as `match_expression` returns it.
        snippet_match: the same, for snippets.
    """
    marker = Marker()
    with closing(sqlite3.connect(":memory:")) as index:
        index.execute(TEXTS)
        index.executemany(INSERT, ((number, *text) for number, text in enumerate(texts)))
        numbers = [
            row[0] for row in index.execute("select rowid from texts where texts match ? order by rowid", [match])
        ]
        sql = f"select {SNIPPET} from texts where texts match ? and rowid = ?"  # noqa: S608 - a constant of ours
        rows = (index.execute(sql, [*marker.strings, snippet_match, number]).fetchone() for number in numbers)
        return [PassageMatch(number, *marker.read(text)) for number, (text,) in zip(numbers, rows, strict=True)]
