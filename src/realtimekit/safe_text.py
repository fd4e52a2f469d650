"""Text from participants and servers, made safe to show: without what neither HTML nor Markdown can escape."""

from __future__ import annotations

import re

# Controls, unpaired surrogates and noncharacters; and characters that change the direction of the text after them, with
# which a name can imitate another. Arabic and Hebrew do not need these.
_UNSAFE = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufdd0-\ufdef\ufffe\uffff]")


def clean(text: str) -> str:
    """Return the text with each unsafe character replaced with U+FFFD, and with LF line endings."""
    return _UNSAFE.sub("\ufffd", text.replace("\r\n", "\n").replace("\r", "\n"))
