"""`realtimekit webhooks verify`: whether a captured delivery verifies, and if not, what is wrong and what to do."""

from __future__ import annotations

import base64
import binascii
import codecs
import hashlib
import json
from contextlib import suppress
from typing import TYPE_CHECKING, Any, NamedTuple
from urllib.parse import urlsplit

from realtimekit.cli.console import echo
from realtimekit.cli.output import print_json
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

MIN_SIGNATURE_BYTES = 128  # of an RSA key with 1024 bits; shorter keys are not in use any more
KEEP_RAW_BODY = "keep the raw bytes of the body, before anything decodes, prints or reserializes them"
COPY_HEADER = "copy the whole header rtk-signature, unchanged"
EMULATOR_KEY_URL = "http://127.0.0.1:8787/.well-known/webhooks.json"


class Diagnosis(NamedTuple):
    """Why a delivery does not verify."""

    wrong: str
    """What is wrong: "body", "header" or "key"."""
    problem: str
    cures: tuple[str, ...]
    """What to do, the most likely first."""


def header_lines(content: bytes) -> list[str]:
    """Return the headers in a file as written by `webhooks listen --save` and by most tools that capture requests."""
    lines = content.decode("latin-1").removeprefix(codecs.BOM_UTF8.decode("latin-1")).splitlines()
    # Drops the first line of a whole request, such as `POST /hooks HTTP/1.1`.
    return [line for line in lines if line.strip() and " " not in line.partition(":")[0].strip()]


def verify(
    body: bytes, headers: Sequence[tuple[str, str]], pem: bytes | None, key_url: str | None, *, as_json: bool
) -> bool:
    """Print whether a delivery verifies and, if not, why. Return whether it does.

    Args:
        body: the body as it was captured.
        headers: the headers as they were captured.
        pem: the public key; None fetches it.
        key_url: where to fetch it from; None takes the URL from the settings.
        as_json: whether to print JSON.
    """
    receiver = Receiver(pem, key_url=key_url, app_id=None)
    result: dict[str, Any] = {"verified": False, "event": None, "session_id": None}
    result |= {"problem": None, "wrong": None, "cures": []}
    try:
        event: Event = receiver.verify(body, headers)
    except WebhookError as error:
        diagnosis = _diagnose(receiver, body, headers, error)
        result |= {"problem": diagnosis.problem, "wrong": diagnosis.wrong, "cures": list(diagnosis.cures)}
    else:
        result |= {"verified": True, "event": event.type, "session_id": session_id_of(event)}
        result |= {"delivery_id": event.delivery_id, "webhook_id": event.webhook_id}
    if as_json:
        print_json(result)
    else:
        _print(result)
    return bool(result["verified"])


def _print(result: dict[str, Any]) -> None:
    if result["verified"]:
        of = f" of the session {result['session_id']}" if result["session_id"] else ""
        echo(f"Verified: {result['event']}{of}")
        for name, kind in (("delivery_id", "delivery"), ("webhook_id", "webhook")):
            echo(f"  {kind}  {result[name] or 'unknown'}  (not signed)")
        return
    echo(f"Not verified: {result['problem']}")
    if result["cures"]:
        echo("What to do:")
    for number, cure in enumerate(result["cures"], 1):
        echo(f"  {number}. {cure}")


def _diagnose(receiver: Receiver, body: bytes, headers: Sequence[tuple[str, str]], error: WebhookError) -> Diagnosis:
    if isinstance(error, PublicKeyUnavailableError):
        retry = "start the emulator that sent it" if _on_this_machine(receiver.key_url) else "check the network"
        other_key = "give the URL of the key with --key-url URL, or the key with --public-key FILE"
        return Diagnosis("key", f"it cannot be verified: {error}", (retry, other_key))
    if isinstance(error, MissingSignatureError):
        names = ", ".join(name for name, _ in headers) or "none"
        return Diagnosis("header", f"there is no header rtk-signature; the headers are: {names}", (COPY_HEADER,))
    if not isinstance(error, InvalidSignatureError):
        return Diagnosis("body", f"the signature is valid, but {error}" if error.status == 400 else str(error), ())
    try:
        text = parse_headers(headers).signature or ""
    except InvalidSignatureError:
        return Diagnosis("header", str(error), ("give the headers of one delivery, each of them once",))
    if malformed := _diagnose_format(text):
        return malformed
    return _diagnose_key_or_body(receiver, body, base64.b64decode(text))


def _diagnose_format(text: str) -> Diagnosis | None:
    """Return what is wrong with the format of a signature; None if it can be the base64 of an RSA signature."""
    if len(text) == 64 and all(c in "0123456789abcdefABCDEF" for c in text):
        problem = "the signature looks like an HMAC in hex. RealtimeKit has no shared secret: it signs with an RSA key"
        return Diagnosis("header", problem, ("use a delivery from RealtimeKit itself",))
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        if set(text) & {"-", "_"}:
            problem = "the signature looks like base64url; RealtimeKit uses plain base64, with + and /"
        else:
            problem = "the signature is not base64: its end is missing, or it contains other characters"
        return Diagnosis("header", problem, (COPY_HEADER,))
    if len(raw) < MIN_SIGNATURE_BYTES:
        problem = f"the signature has {len(raw)} bytes, too few for RSA: it was cut off, or another system made it"
        return Diagnosis("header", problem, (COPY_HEADER,))
    return None


def _diagnose_key_or_body(receiver: Receiver, body: bytes, signature: bytes) -> Diagnosis:
    """Compare digests: a signature reveals the digest of the signed bytes to whoever has the right key."""
    digest = _signed_digest(receiver.current_key(), signature)
    if digest is None:
        return _diagnose_key(receiver)
    for change, original in _undo_common_changes(body):
        if hashlib.sha256(original).digest() == digest:
            problem = f"the body was changed: the signature is for this body {change}"
            return Diagnosis("body", problem, (KEEP_RAW_BODY,))
    problem = f"the key is right, but the body ({len(body)} bytes) is not the one that was signed"
    same_delivery = "check that the body and the headers are from the same delivery"
    return Diagnosis("body", f"{problem}, and none of the usual changes explains it", (same_delivery, KEEP_RAW_BODY))


def _signed_digest(key: RSAPublicKey, signature: bytes) -> bytes | None:
    """Return the SHA-256 of the signed bytes, or None if the signature was not made with this key."""
    from cryptography.exceptions import InvalidSignature  # takes 34 ms
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        return key.recover_data_from_signature(signature, PKCS1v15(), SHA256())
    except InvalidSignature:
        return None


def _diagnose_key(receiver: Receiver) -> Diagnosis:
    """Say why the key may be another than the one that made the signature."""
    url = receiver.key_url
    changed = f"if the key is the right one, the signature was changed: {COPY_HEADER}"
    if url is None:
        cure = "give the key of the sender; without --public-key, the key of RealtimeKit or of an emulator is used"
        return Diagnosis("key", "the signature was not made with the key in --public-key", (cure, changed))
    text = f"the signature was not made with the key at {url}"
    if _on_this_machine(url):
        new_key = "an emulator creates a new key whenever it starts, unless it runs with --db FILE"
        return Diagnosis("key", text, (new_key, f"if RealtimeKit itself sent it, use --key-url {KEY_URL}", changed))
    return Diagnosis(
        "key", text, (f"if an emulator sent it, use the emulator's key: --key-url {EMULATOR_KEY_URL}", changed)
    )


def _on_this_machine(url: str | None) -> bool:
    return is_loopback(urlsplit(url or "").hostname or "")


def _undo_common_changes(body: bytes) -> Iterator[tuple[str, bytes]]:
    """Undo what editors, shells, gateways and frameworks do to a body. Yields the change and the result."""
    yield "without the newline at its end", body.removesuffix(b"\n").removesuffix(b"\r")
    yield "with a newline at its end", body + b"\n"
    yield "with \\n for each newline", body.replace(b"\r\n", b"\n")
    yield "with \\r\\n for each newline", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "without the byte order mark before it", body.removeprefix(codecs.BOM_UTF8)
    yield "without the headers before it", body.partition(b"\r\n\r\n")[2]
    with suppress(ValueError):
        yield "decoded from base64", base64.b64decode(body, validate=True)
    with suppress(ValueError):
        yield "read as UTF-8 instead of Latin-1", body.decode().encode("latin-1")
    with suppress(ValueError, RecursionError):
        if body.startswith(
            (codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)
        ):  # what `>` writes in older versions of PowerShell
            body = body.decode("utf-16").encode()
            yield "in UTF-8", body
            yield "in UTF-8, without the newline at its end", body.rstrip(b"\r\n")
        yield from _reserialized(json.loads(body))


def _reserialized(data: Any) -> Iterator[tuple[str, bytes]]:
    for ascii_only in (True, False):
        for separators in (None, (",", ":")):
            written = json.dumps(data, ensure_ascii=ascii_only, separators=separators)
            with_spaces = "without" if separators else "with"
            yield f"before it was parsed and reserialized ({with_spaces} spaces)", written.encode(errors="replace")
