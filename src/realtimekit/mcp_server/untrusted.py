"""Text that people in meetings chose: made harmless to look at, cut to a size, and kept apart from everything else.

It is read by models. A control character can hide text from whoever checks what a model is given, or make it look like
something else; characters that show nothing (tags, variation selectors) can carry whole instructions.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

MAX_NAME = 100  # characters of a name or title
MAX_LINE = 500  # characters of a message
MAX_TEXT = 4_000  # characters of one piece of text

# Control characters but for tab and line feed, and formatting characters that show nothing: of direction, of layout,
# tags, private use, half characters. The joiners stay: they are part of emoji, and of words in Persian and Indian
# languages.
_UNSAFE = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\xad\u061c\u180e\u200b\u200e\u200f\u2028-\u202e\u2060-\u206f\ufeff\ufff9-\ufffb"
    "\ud800-\udfff\ue000-\uf8ff\U00013430-\U0001343f\U0001bca0-\U0001bca3\U0001d173-\U0001d17a"
    "\U000e0000-\U000e0fff\U000f0000-\U0010ffff]"
)
_LINE_END = re.compile(r"\r\n?")
_SELECTORS = re.compile("([\ufe00-\ufe0f])[\ufe00-\ufe0f]+")  # one belongs to an emoji; a row of them is a message


def clean(text: str) -> str:
    """Return text with U+FFFD for whatever does not show; line breaks are line feeds."""
    return _SELECTORS.sub(r"\1", _UNSAFE.sub("\ufffd", _LINE_END.sub("\n", text)))


def clean_name(value: object) -> str | None:
    """Return a name on one line, cut to `MAX_NAME` characters; None for None."""
    return None if value is None else clean_line(str(value), MAX_NAME)


def identifier(value: object) -> str | None:
    """Return an id or the name of a kind as it is; None for anything else, which is text that somebody wrote."""
    text = str(value)
    return text if re.fullmatch(r"[\w.:@-]{1,100}", text, re.ASCII) else None


def clean_line(text: str, size: int = MAX_LINE) -> str:
    """Return text on one line, cut to this many characters."""
    line = " ".join(clean(text[: 4 * size]).split())
    return line if len(line) <= size else f"{line[: size - 1]}…"


def pieces(text: str) -> Iterator[str]:
    """Iterate over the pieces of a text, cleaned, of at most `MAX_TEXT` characters each; an empty text is one piece."""
    cleaned = clean(text)
    for start in range(0, max(len(cleaned), 1), MAX_TEXT):
        yield cleaned[start : start + MAX_TEXT]
