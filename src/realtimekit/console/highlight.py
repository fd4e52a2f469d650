"""Marks in a text what a search has found. The `**` of a snippet would not do: a text may have its own."""

from __future__ import annotations

import re
import unicodedata


def highlight(snippet: str, words: str) -> list[tuple[str, bool]]:
    """Return a snippet in pieces, each with whether it is one of the words that were looked for.

    Args:
        snippet: of a `Match`.
        words: what was looked for, as `Archive.search` takes it.
    """
    wanted = {_key(word) for word in re.findall(r"\w+", re.sub(r"(?:^|(?<=\s))-(\"[^\"]*\"|\S+)", " ", words))}
    beginnings = tuple(_key(word) for word in re.findall(r"(\w+)\*", words))
    pieces: list[tuple[str, bool]] = []
    for piece in re.split(r"(\w+)", snippet.replace("**", "")):
        key = _key(piece)
        found = bool(key) and (key in wanted or (bool(beginnings) and key.startswith(beginnings)))
        if piece:
            pieces.append((piece, found))
    return pieces


def _key(word: str) -> str:
    """Return a word without case and accents."""
    letters = unicodedata.normalize("NFD", word.casefold())
    return "".join(letter for letter in letters if not unicodedata.combining(letter))
