"""The full-text index: search queries as FTS5 expressions, and texts in the form in which they are indexed.

FTS5 finds words, separated by spaces and punctuation. Chinese, Japanese, Thai, Lao, Burmese and Khmer are written
without spaces, and Korean adds endings to words, so a query may match any substring. Their characters are indexed one
by one, and in a second column in pairs: a pair is rarer than a character, so a search takes a fraction of the time.
"""

from __future__ import annotations

import re
import unicodedata
from itertools import pairwise

from realtimekit.archive.errors import ArchiveError

MAX_WORDS = 200
# Vowels and accents of these scripts stay: in Thai or Hindi another vowel is another word.
TOKENIZER = "unicode61 remove_diacritics 2 categories 'L* N* Co Mn Mc'"

_SEPARATOR = "\x1f"  # between two characters; for FTS5 it is a sign as any other
_GAP = "\ue000"  # between the pairs of two runs of text: nothing that is typed goes from one to the other
_SOUTH_EAST_ASIAN = "\u0e01-\u0eff\u1000-\u109f\u1780-\u17ff\ua9e0-\ua9ff\uaa60-\uaa7f"
_EAST_ASIAN = (
    "\u1100-\u11ff\u3005-\u3007\u3041-\u30fa\u30fc-\u30ff\u3131-\u318e\u31f0-\u31ff\u3400-\u4dbf\u4e00-\u9fff"
    "\ua960-\ua97f\uac00-\ud7ff\uf900-\ufaff\uff66-\uffdc\U00020000-\U0003ffff"
)
_MARKS = "".join(
    character
    for first, last in re.findall(r"(.)-(.)", _SOUTH_EAST_ASIAN)
    for character in map(chr, range(ord(first), ord(last) + 1))
    if unicodedata.category(character) in {"Mn", "Mc"}
)
_ANY = re.compile(f"[{_SOUTH_EAST_ASIAN}{_EAST_ASIAN}]")
_CHARACTER = re.compile(f"{_ANY.pattern}[{_MARKS}]*")
_RUN = re.compile(f"{_ANY.pattern}+")
# Arabic and Hebrew are mostly written without their vowels: those that are there do not matter.
_VOWELS = re.compile("[\u0591-\u05bd\u05bf\u05c1\u05c2\u05c4\u05c5\u05c7\u0640\u064b-\u065f\u0670]")


def match_expression(words: str, *, characters: bool = False) -> str:
    """Return the FTS5 expression for what somebody typed: words, "phrases", word*, OR, and -word.

    Args:
        words: what was typed.
        characters: look for what is wanted in the text itself, not for its pairs of characters: for snippets.

    Raises:
        ArchiveError: there is no word in it, or there are too many, or a quotation mark is missing.
    """
    if words.count('"') % 2:
        raise ArchiveError(f"the search {words[:100]!r} has an unclosed quotation mark")
    wanted: list[str] = []
    unwanted: list[str] = []
    joined = False  # by OR, to the one before
    for minus, phrase, word in re.findall(r'(?:(?<=\s)|^)(-?)"([^"]*)"|(\S+)', words):
        text = phrase or word
        if text == "OR" and wanted:
            joined = True
            continue
        excluded = bool(minus) or (bool(word) and word.startswith("-") and len(word) > 1)
        term = _term(text.removeprefix("-") if word else text, characters=characters)
        if term is None:
            continue
        if excluded:
            unwanted.append(term)
        elif joined:
            wanted[-1] = f"{wanted[-1]} OR {term}"
        else:
            wanted.append(term)
        joined = False
    if not wanted:
        raise ArchiveError(f"the search {words[:100]!r} contains no words")
    if len(wanted) + len(unwanted) > MAX_WORDS:
        raise ArchiveError(f"the search has more than {MAX_WORDS} words: use fewer")
    expression = " AND ".join(f"({term})" for term in wanted)
    return f"({expression}) NOT ({' OR '.join(unwanted)})" if unwanted and not characters else expression


def _term(text: str, *, characters: bool) -> str | None:
    """Return a word or phrase quoted for FTS5; None if nothing in it can match."""
    if not any(character.isalnum() for character in text):
        return None
    plain = _normal(text.rstrip("*").replace('"', " ").strip())
    whole = f'"{split_characters(plain)}"'
    if _RUN.fullmatch(plain):  # it is found wherever it stands: a star adds nothing
        pairs = [] if characters else _pairs(plain)
        return f'"{" ".join(pairs)}"' if pairs else whole
    if text.endswith("*"):
        whole += "*"
    # With signs or other words between them: their pairs first, which are rare.
    runs = [] if characters else [pairs for run in _RUN.findall(plain) if (pairs := _pairs(run))]
    parts = [*(f'"{" ".join(pairs)}"' for pairs in runs), whole]
    return whole if len(parts) == 1 else f"({' AND '.join(parts)})"


def split_characters(text: str) -> str:
    """Return a text as it is indexed: each character of a script without spaces is a word."""
    text = _normal(text)
    if text.isascii() or not _ANY.search(text):
        return text
    return _CHARACTER.sub(rf"{_SEPARATOR}\g<0>{_SEPARATOR}", text).replace(_SEPARATOR * 2, _SEPARATOR)


def join_characters(text: str) -> str:
    """Return an indexed text as it is shown."""
    return text.replace(_SEPARATOR, "")


def pairs_of(text: str) -> str:
    """Return the pairs of neighboring characters in what is written without spaces."""
    if text.isascii():
        return ""
    runs = [_pairs(run) for run in _RUN.findall(_normal(text))]
    return f" {_GAP} ".join(" ".join(pairs) for pairs in runs if pairs)


def _pairs(run: str) -> list[str]:
    found = _CHARACTER.findall(run)
    return [first + second for first, second in pairwise(found)]


def clean(text: str) -> str:
    """Return a text that SQLite can hold."""
    return text.encode("utf-8", "replace").decode().replace("\0", " ")


def _normal(text: str) -> str:
    """Return a text in the one spelling that is compared."""
    text = clean(text)
    return text if text.isascii() else _VOWELS.sub("", unicodedata.normalize("NFC", text))
