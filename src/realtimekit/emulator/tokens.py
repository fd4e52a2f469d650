"""Participants' tokens: JSON Web Tokens signed with RS256, with the claims that RealtimeKit documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

from realtimekit.emulator.wire import missing_extra

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    from realtimekit.emulator.emulator import Emulator

LIFE = 100 * 24 * 3600  # seconds; documented, and not to be configured


class Tokens:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._loaded: RSAPrivateKey | None = None

    def _key(self) -> RSAPrivateKey:
        """The private key: made on first use, and kept with the rest of the state."""
        if self._loaded is None:
            # Imported here: slow, and not every emulator adds a participant.
            from cryptography.hazmat.primitives import serialization  # noqa: PLC0415
            from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415

            kept: str | None = self._emulator.store.meta("token_key")
            if kept is None:
                self._loaded = rsa.generate_private_key(public_exponent=65537, key_size=2048)
                encoding, form = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
                pem = self._loaded.private_bytes(encoding, form, serialization.NoEncryption())
                self._emulator.store.set_meta("token_key", pem.decode())
            else:
                loaded = serialization.load_pem_private_key(kept.encode(), None)
                self._loaded = cast("RSAPrivateKey", loaded)
        return self._loaded

    def issue(self, *, organization_id: str, meeting_id: str, participant_id: str, preset_id: str) -> str:
        """A new token. Earlier ones stay valid."""
        try:
            import jwt  # noqa: PLC0415 - as above
        except ImportError as error:
            raise missing_extra(error) from None
        issued = int(self._emulator.clock.now().timestamp())
        claims = {
            "orgId": organization_id,
            "meetingId": meeting_id,
            "participantId": participant_id,
            "presetId": preset_id,
            "iat": issued,
            "exp": issued + LIFE,
        }
        return jwt.encode(claims, self._key(), algorithm="RS256")
