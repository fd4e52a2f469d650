"""Secrets in responses, which an archive must not keep: signatures of links, tokens, stream keys, storage keys."""

from __future__ import annotations

import json
import re
from typing import Any

_WORDS = ("token", "secret", "passw", "passphrase", "signature", "credential", "authorization")
_KEYS = [f"{kind}{joint}key" for kind in ("stream", "access", "private", "api", "account") for joint in ("", "_")]
_SECRET = re.compile("|".join([*_WORDS, *_KEYS]), re.IGNORECASE)
# The same in lower case, found in a fraction of the time: by what is rare, or comes first in a pattern.
_WORDS_BYTES = [word.encode() for word in _WORDS]
_KEYS_BYTES = re.compile("key(?:{})".format("|".join(f"(?<={key})" for key in _KEYS)).encode())
_URL = re.compile(r"(?:https?|rtmps?|srt|wss?)://[^\s\"'<>\\]+", re.IGNORECASE)
_QUERY = re.compile(rb'://[^"\s]*[?@#]')
# A link in plain text, in CSV or in JSON, and what makes its query as good as a password.
_LINK = re.compile(rb"""https?:(?:\\?/){2}(?:\\/|\\u0026|[^\s"'<>,\\])+""", re.IGNORECASE)
_SIGNATURE = re.compile(rb"(?:signature|\bsig|security-token|credential)=", re.IGNORECASE)


def scrub(content: bytes, body: Any) -> bytes:
    """Return the content of a response without its secrets: unchanged, byte for byte, if there are none.

    Links lose their query and credentials; the values of fields that hold secrets become null.

    Args:
        content: JSON.
        body: the same, decoded.
    """
    if not _is_suspicious(content):
        return content
    clean = _clean(body)
    return content if clean == body else encode(clean)


def _is_suspicious(content: bytes) -> bool:
    """Whether there may be a secret. Most responses have none, and the reports of call quality are large."""
    if b"\\" in content or _QUERY.search(content):  # with an escape in it, JSON may spell anything in other ways
        return True
    lower = content.lower()
    return any(word in lower for word in _WORDS_BYTES) or _KEYS_BYTES.search(lower) is not None


def scrub_text(content: bytes) -> bytes:
    """Return a chat, transcript or summary without the queries of signed links, such as those to files in a chat."""

    def clean(found: re.Match[bytes]) -> bytes:
        link, _, query = found[0].partition(b"?")
        return link if _SIGNATURE.search(query) else found[0]

    return _LINK.sub(clean, content)


def encode(body: Any) -> bytes:
    """Encode JSON, half surrogates included."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def without_signature(url: str) -> str:
    """Return a URL without its query, fragment and credentials."""
    scheme, separator, rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("://")
    authority, slash, path = rest.partition("/")
    return f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}"


def _clean(value: Any, *, secret: bool = False) -> Any:
    if isinstance(value, dict):
        return {name: _clean(child, secret=secret or bool(_SECRET.search(name))) for name, child in value.items()}
    if isinstance(value, list):
        return [_clean(child, secret=secret) for child in value]
    if isinstance(value, str) and secret:
        return None
    if isinstance(value, str) and "://" in value:
        return _URL.sub(lambda found: without_signature(found[0]), value)
    return value
