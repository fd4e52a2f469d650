"""Removes secrets from what is saved: signatures of links, tokens, stream keys, storage keys."""

from __future__ import annotations

import json
import re
import string
from typing import Any

REMOVED = "[removed]"
MAX_HARMLESS = 8  # characters of a parameter that is too short to be a signature or token

_WORDS = ("token", "secret", "passw", "passphrase", "signature", "credential", "authorization")
_KINDS = ("stream", "access", "private", "api", "account")
_SECRET = re.compile("|".join([*_WORDS, *(f"{kind}[_-]?key" for kind in _KINDS)]), re.IGNORECASE)
# What of these is left of JSON without everything but letters and the ends of objects.
_LETTERS = [word.encode() for word in (*_WORDS, *(f"{kind}key" for kind in _KINDS))]
_LOWER = bytes.maketrans(string.ascii_uppercase.encode(), string.ascii_lowercase.encode())
_OTHERS = bytes(byte for byte in range(256) if byte not in f"{string.ascii_letters}}}".encode())
_QUERY = re.compile(rb'://[^"\s]*[?@#]')

_URL = re.compile(r"[a-z][a-z0-9+.-]{0,19}://[^\s\"'<>\\]+", re.IGNORECASE)
_WHOLE_URL = re.compile(r"[a-z][a-z0-9+.-]{0,19}://\S*", re.IGNORECASE)
_SHORT = rf"\w{{1,20}}=[\w.,%+-]{{0,{MAX_HARMLESS}}}"
_HARMLESS = re.compile(rf"\?{_SHORT}(?:&{_SHORT})*|\??")
_PASSWORD = re.compile(r"(?:sig|key|pwd|pass|pin|code|auth|token|secret|credential)\w*=", re.IGNORECASE)
_DOTTED = re.compile(r"(?<![\w-])[\w-]++(?:\.[\w-]++){2,}", re.ASCII)  # a JSON Web Token is three parts
# A link in plain text, in CSV or in JSON, and what makes its query as good as a password.
_LINK = re.compile(r"""https?:(?:\\?/){2}(?:\\/|\\u0026|[^\s"'<>,\\])+""", re.IGNORECASE | re.ASCII)
_SIGNATURE = re.compile(r"(?:signature|\bsig|token|credential)=", re.IGNORECASE)


def scrub(value: Any, *, replacement: str | None = REMOVED) -> Any:
    """Return a JSON value without secrets.

    A value that is a link keeps its address alone. Links in a text lose their credentials, and their query unless it is
    too short for a secret. Tokens, and texts in fields such as `token`, `stream_key` or `credentials`, are replaced.

    Args:
        value: decoded JSON.
        replacement: what stands in a field in place of a secret.
    """
    return _scrub(value, replacement, secret=False)


def _scrub(value: Any, replacement: str | None, *, secret: bool) -> Any:
    if isinstance(value, dict):
        return {
            name: _scrub(child, replacement, secret=secret or _SECRET.search(name) is not None)
            for name, child in value.items()
        }
    if isinstance(value, list):
        return [_scrub(child, replacement, secret=secret) for child in value]
    if not isinstance(value, str) or not value:
        return value
    if secret:
        return replacement
    if "://" in value:
        value = without_signature(value) if _WHOLE_URL.fullmatch(value) else _URL.sub(_scrub_link, value)
    return _without_tokens(value)


def scrub_response(content: bytes, body: Any) -> bytes:
    """Return the content of a response without secrets, which become null: unchanged, byte for byte, if it has none.

    Args:
        content: JSON.
        body: the same, decoded.
    """
    if not _is_suspicious(content):
        return content
    clean = scrub(body, replacement=None)
    return content if clean == body else encode_json(clean)


def _is_suspicious(content: bytes) -> bool:
    """Whether there may be a secret. Most responses have none, and the reports of call quality are large."""
    # One byte is found ten times as fast as several, or a pattern: hence those that are rare come first.
    if b"\\" in content or (b"J" in content and b"eyJ" in content):  # an escape may spell anything
        return True
    if any(byte in content for byte in (b"?", b"@", b"#")) and _QUERY.search(content):
        return True
    # The letters of hundreds of measurements are the same: the names of their fields, and the id of their stream.
    letters = b"}".join(set(content.translate(_LOWER, _OTHERS).split(b"}")))
    return any(word in letters for word in _LETTERS)


def scrub_text(content: bytes) -> bytes:
    """Return a chat, transcript or summary without tokens and the queries of signed links, e.g. to files in a chat."""

    def clean(found: re.Match[str]) -> str:
        link, _, query = found[0].partition("?")
        return link if _SIGNATURE.search(query) else found[0]

    text = content.decode("latin-1")  # whatever the encoding is: the secrets are ASCII
    return _without_tokens(_LINK.sub(clean, text)).encode("latin-1")


def without_signature(url: str) -> str:
    """Return a URL or path without its query, fragment and credentials."""
    scheme, separator, rest = re.split(r"[?#]", url, maxsplit=1)[0].partition("://")
    authority, slash, path = rest.partition("/")
    return _without_tokens(f"{scheme}{separator}{authority.rpartition('@')[2]}{slash}{path}")


def encode_json(body: Any) -> bytes:
    """Encode JSON, half surrogates included."""
    return json.dumps(body, ensure_ascii=False, separators=(",", ":")).encode("utf-8", "surrogatepass")


def _scrub_link(found: re.Match[str]) -> str:
    """Return a link in a text without what may be secret in it."""
    address = re.split(r"[?#]", found[0], maxsplit=1)[0]
    query = found[0][len(address) :]
    is_kept = address[:4].lower() == "http" and _HARMLESS.fullmatch(query) and not _PASSWORD.search(query)
    return without_signature(address) + (query if is_kept else "")


def _without_tokens(text: str) -> str:
    return _DOTTED.sub(_scrub_token, text) if "eyJ" in text else text


def _scrub_token(found: re.Match[str]) -> str:
    before, begin, after = found[0].partition("eyJ")
    return before + REMOVED if begin and after.count(".") >= 2 else found[0]
