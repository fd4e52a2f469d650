"""Why a captured delivery verifies, or does not: what of it is wrong, and what to do."""

from __future__ import annotations

import base64
import binascii
import codecs
import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

import click

from realtimekit.cli.output import clean, write_json
from realtimekit.settings import is_loopback
from realtimekit.webhooks.errors import (
    InvalidSignatureError,
    MissingSignatureError,
    PublicKeyUnavailableError,
    WebhookError,
)
from realtimekit.webhooks.events import session_id_of
from realtimekit.webhooks.headers import parse_headers
from realtimekit.webhooks.public_key import KEY_URL
from realtimekit.webhooks.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from realtimekit.webhooks.events import Event

SMALLEST = 128  # bytes of an RSA signature: nobody makes keys below 1024 bits any more
AS_IT_CAME = "keep the bytes as they come, before anything decodes, prints or writes them again"
WHOLE_HEADER = "copy the whole header rtk-signature, as it came"
EMULATORS = "http://127.0.0.1:8787/.well-known/webhooks.json"


class Reason(NamedTuple):
    """Why a delivery does not verify."""

    wrong: str
    """"body", "header" or "key"."""
    text: str
    cures: tuple[str, ...]


def lines_of(head: bytes) -> list[str]:
    """The headers in a file, as `webhooks listen --save` and most that capture write them."""
    lines = head.decode("latin-1").removeprefix(codecs.BOM_UTF8.decode("latin-1")).splitlines()
    # The first line of a whole request has no colon behind its first word.
    return [line for line in lines if line.strip() and " " not in line.partition(":")[0].strip()]


def verify(
    body: bytes, headers: Sequence[tuple[str, str]], pem: bytes | None, key_url: str | None, *, as_json: bool
) -> bool:
    """Print whether a delivery verifies, and why. Returns whether it does.

    Args:
        body: as it was captured.
        headers: as they were captured.
        pem: the public key; None fetches it.
        key_url: where from; None for where the settings point.
        as_json: whether to print JSON.
    """
    receiver = Receiver(pem, key_url=key_url)
    found: dict[str, Any] = {"verified": False, "event": None, "session_id": None}
    found |= {"problem": None, "wrong": None, "cures": []}
    try:
        event: Event = receiver.verify(body, headers)
    except WebhookError as error:
        reason = _reason(receiver, body, headers, error)
        found |= {"problem": reason.text, "wrong": reason.wrong, "cures": list(reason.cures)}
    else:
        found |= {"verified": True, "event": event.type, "session_id": session_id_of(event)}
        found |= {"delivery_id": event.delivery_id, "webhook_id": event.webhook_id}
    if as_json:
        write_json(found)
    else:
        _show(found)
    return bool(found["verified"])


def _show(found: dict[str, Any]) -> None:
    if found["verified"]:
        of = f" of the session {found['session_id']}" if found["session_id"] else ""
        click.echo(clean(f"Verified: {found['event']}{of}").plain)
        for name, kind in (("delivery_id", "delivery"), ("webhook_id", "webhook")):
            click.echo(clean(f"  {kind}  {found[name] or 'not said'}  (in no signature)").plain)
        return
    click.echo(clean(f"Not verified: {found['problem']}").plain)
    if found["cures"]:
        click.echo("What to do:")
    for number, cure in enumerate(found["cures"], 1):
        click.echo(clean(f"  {number}. {cure}").plain)


def _reason(receiver: Receiver, body: bytes, headers: Sequence[tuple[str, str]], error: WebhookError) -> Reason:
    if isinstance(error, PublicKeyUnavailableError):
        own = "start the emulator that sent it" if _on_this_machine(receiver.key_url) else "check the network"
        elsewhere = "say where the key is with --key-url URL, or give it with --public-key FILE"
        return Reason("key", f"nobody can tell: {error}", (own, elsewhere))
    if isinstance(error, MissingSignatureError):
        given = ", ".join(name for name, _ in headers) or "none"
        return Reason("header", f"there is no header rtk-signature; given are: {given}", (WHOLE_HEADER,))
    if not isinstance(error, InvalidSignatureError):
        return Reason("body", f"it is signed, but {error}" if error.status == 400 else str(error), ())
    try:
        text = parse_headers(headers).signature or ""
    except InvalidSignatureError:
        return Reason("header", str(error), ("give the headers of one delivery, each once",))
    if odd := _odd_signature(text):
        return Reason("header", *odd)
    return _of_key_or_body(receiver, body, base64.b64decode(text))


def _odd_signature(text: str) -> tuple[str, tuple[str, ...]] | None:
    """What is wrong with a signature that is none, seen from its form alone, and what to do."""
    if len(text) == 64 and all(c in "0123456789abcdefABCDEF" for c in text):
        shared = "RealtimeKit has no shared secret: it signs with an RSA key"
        return f"the signature looks like the hex of an HMAC. {shared}", ("send what RealtimeKit itself sends",)
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        if set(text) & {"-", "_"}:
            return "the signature looks like base64url; RealtimeKit's is plain base64, with + and /", (WHOLE_HEADER,)
        return "the signature is no base64: something is missing at its end, or something else is in it", (
            WHOLE_HEADER,
        )
    if len(raw) < SMALLEST:
        text = f"the signature has {len(raw)} bytes, too few for RSA: it was cut off, or it is of another system"
        return text, (WHOLE_HEADER,)
    return None


def _of_key_or_body(receiver: Receiver, body: bytes, signature: bytes) -> Reason:
    """A signature says of which bytes it is, to whoever has the key that it was made with."""
    digest = _signed_digest(receiver.current_key(), signature)
    if digest is None:
        return _of_key(receiver)
    for text, other in _variants(body):
        if hashlib.sha256(other).digest() == digest:
            return Reason("body", f"the body was changed: the signature is of this body {text}", (AS_IT_CAME,))
    text = f"the key is right, but the body ({len(body)} bytes) is not the one that was signed"
    another = "check that body and headers are of the same delivery"
    return Reason("body", f"{text}, nor any common rewriting of it", (another, AS_IT_CAME))


def _signed_digest(key: RSAPublicKey, signature: bytes) -> bytes | None:
    """The SHA-256 of what was signed; None where the signature was not made with this key."""
    from cryptography.exceptions import InvalidSignature  # noqa: PLC0415 - 34 ms, for those who need it
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15  # noqa: PLC0415
    from cryptography.hazmat.primitives.hashes import SHA256  # noqa: PLC0415

    try:
        return key.recover_data_from_signature(signature, PKCS1v15(), SHA256())
    except InvalidSignature:
        return None


def _of_key(receiver: Receiver) -> Reason:
    """The key did not make this signature."""
    url = receiver.key_url
    changed = f"if the key is the right one, the signature was changed: {WHOLE_HEADER}"
    if url is None:
        cure = "give the key of whoever sent it; without --public-key, RealtimeKit's own or an emulator's is taken"
        return Reason("key", "the signature was not made with the key in --public-key", (cure, changed))
    text = f"the signature was not made with the key at {url}"
    if _on_this_machine(url):
        kept = "an emulator has a new key whenever it starts, unless it keeps it: realtimekit emulator --db FILE"
        return Reason("key", text, (kept, f"if RealtimeKit itself sent it: --key-url {KEY_URL}", changed))
    return Reason("key", text, (f"if an emulator sent it, its own key counts: --key-url {EMULATORS}", changed))


def _on_this_machine(url: str | None) -> bool:
    return is_loopback(urlsplit(url or "").hostname or "")


def _variants(body: bytes) -> Iterator[tuple[str, bytes]]:
    """What editors, shells, gateways and frameworks make of a body, undone."""
    yield "without the line end behind it", body.removesuffix(b"\n").removesuffix(b"\r")
    yield "with a line end behind it", body + b"\n"
    yield "with \\n for each line end", body.replace(b"\r\n", b"\n")
    yield "with \\r\\n for each line end", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "without the byte order mark before it", body.removeprefix(codecs.BOM_UTF8)
    yield "without the headers before it", body.partition(b"\r\n\r\n")[2]
    with suppress(ValueError):
        yield "decoded from base64", base64.b64decode(body, validate=True)
    with suppress(ValueError):
        yield "read as UTF-8, and not as Latin-1", body.decode().encode("latin-1")
    with suppress(ValueError, RecursionError):
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # what `>` makes in an older PowerShell
            body = body.decode("utf-16").encode()
            yield "in UTF-8", body
            yield "in UTF-8, without the line end behind it", body.rstrip(b"\r\n")
        yield from _as_written(json.loads(body))


def _as_written(data: Any) -> Iterator[tuple[str, bytes]]:
    for ascii_only in (True, False):
        for separators in (None, (",", ":")):
            written = json.dumps(data, ensure_ascii=ascii_only, separators=separators)
            with_spaces = "without" if separators else "with"
            yield f"before it was parsed and written again ({with_spaces} spaces)", written.encode(errors="replace")
