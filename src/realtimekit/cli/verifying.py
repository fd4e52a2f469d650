"""Why a captured delivery verifies, or does not."""

from __future__ import annotations

import base64
import binascii
import codecs
import json
from typing import TYPE_CHECKING, Any

import click

from realtimekit.cli.output import clean, write_json
from realtimekit.webhooks.errors import KeyUnavailable, SignatureInvalid, SignatureMissing, WebhookError
from realtimekit.webhooks.headers import read
from realtimekit.webhooks.verify import Receiver

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from realtimekit.webhooks.events import Event

SMALLEST = 128  # bytes of an RSA signature: nobody makes keys below 1024 bits any more


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
    found: dict[str, Any] = {"verified": False, "event": None, "session_id": None, "problem": None, "hints": []}
    try:
        event: Event = receiver.verify(body, headers)
    except WebhookError as error:
        found["problem"], found["hints"] = str(error), list(_hints(receiver, body, headers, error))
    else:
        found |= {"verified": True, "event": event.type, "session_id": event._at("meeting.sessionId", "sessionId")}
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
    for hint in found["hints"]:
        click.echo(clean(f"  {hint}").plain)


def _hints(receiver: Receiver, body: bytes, headers: Sequence[tuple[str, str]], error: WebhookError) -> Iterator[str]:
    if isinstance(error, KeyUnavailable):
        yield "Nobody can tell without the key: give it with --public-key FILE, or say where it is with --key-url URL."
    elif isinstance(error, SignatureMissing):
        yield f"The headers that were given: {', '.join(name for name, _ in headers)}."
    elif isinstance(error, SignatureInvalid):
        if (odd := _odd_signature(read(headers).signature or "")) is not None:
            yield odd
            return
        fitting = [text for text, other in _variants(body) if other != body and _verifies(receiver, other, headers)]
        yield from (f"The signature is of this body {text}: take the bytes as they come." for text in fitting)
        if not fitting:
            yield f"The body has {len(body)} bytes, and neither it nor any common rewriting of it was signed."
            yield (
                "Or the key is another one: what an emulator sends verifies with the emulator's own "
                "(--key-url http://127.0.0.1:8787/.well-known/webhooks.json), and what RealtimeKit sends with no other."
            )


def _odd_signature(text: str) -> str | None:
    """What is wrong with a signature that is none, seen from its form alone."""
    if len(text) == 64 and all(c in "0123456789abcdefABCDEF" for c in text):
        return "It looks like the hex of an HMAC: RealtimeKit has no shared secret, it signs with an RSA key."
    try:
        raw = base64.b64decode(text, validate=True)
    except (ValueError, binascii.Error):
        if set(text) & {"-", "_"}:
            return "It looks like base64url; RealtimeKit's is plain base64, with + and /."
        return "Something is missing at its end, or something else is in it: copy the whole header."
    if len(raw) < SMALLEST:
        return f"It has {len(raw)} bytes, too few for RSA: it was cut off, or it is of another system."
    return None


def _verifies(receiver: Receiver, body: bytes, headers: Sequence[tuple[str, str]]) -> bool:
    try:
        receiver.verify(body, headers)
    except SignatureInvalid:
        return False
    except WebhookError:
        pass  # signed, whatever else is wrong with it
    return True


def _variants(body: bytes) -> Iterator[tuple[str, bytes]]:
    """What editors, shells and frameworks make of a body, undone."""
    yield "without the line end behind it", body.removesuffix(b"\n").removesuffix(b"\r")
    yield "with a line end behind it", body + b"\n"
    yield "with \\n for each line end", body.replace(b"\r\n", b"\n")
    yield "with \\r\\n for each line end", body.replace(b"\r\n", b"\n").replace(b"\n", b"\r\n")
    yield "without the byte order mark before it", body.removeprefix(codecs.BOM_UTF8)
    try:
        if body.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):  # what `>` makes in an older PowerShell
            body = body.decode("utf-16").encode()
            yield "in UTF-8", body
            yield "in UTF-8, without the line end behind it", body.rstrip(b"\r\n")
        data = json.loads(body)
    except (ValueError, RecursionError):
        return
    for ascii_only in (True, False):
        for separators in (None, (",", ":")):
            written = json.dumps(data, ensure_ascii=ascii_only, separators=separators)
            with_spaces = "without" if separators else "with"
            yield f"before it was parsed and written again ({with_spaces} spaces)", written.encode(errors="replace")
