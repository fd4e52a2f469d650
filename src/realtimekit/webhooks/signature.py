"""Signatures of deliveries: RSASSA-PKCS1-v1_5 with SHA-256 over the raw body, in base64."""

from __future__ import annotations

import base64
import binascii
from typing import TYPE_CHECKING

from realtimekit.lazy import LazyModule
from realtimekit.webhooks.errors import InvalidSignatureError, MissingSignatureError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa
else:
    rsa = LazyModule("cryptography.hazmat.primitives.asymmetric.rsa")


def decode_signature(header: str | None) -> bytes:
    """Return the bytes of a signature header.

    Raises:
        MissingSignatureError: there is no header.
        InvalidSignatureError: it is not base64.
    """
    if header is None:
        raise MissingSignatureError("no rtk-signature header: RealtimeKit sends one with every event")
    try:
        signature = base64.b64decode(header, validate=True)
    except (ValueError, binascii.Error):
        signature = b""
    # Several strings decode to the same bytes: accept only the one that an encoder writes.
    if base64.b64encode(signature).decode() != header:
        raise InvalidSignatureError("the signature header is not base64")
    return signature


def is_signed_by(key: rsa.RSAPublicKey, signature: bytes, body: bytes) -> bool:
    """Whether the signature was made for this body with the private half of the key."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, body, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True
