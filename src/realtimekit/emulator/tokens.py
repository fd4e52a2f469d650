"""Participants' tokens: JSON Web Tokens signed with RS256, with the claims that RealtimeKit documents."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from realtimekit.emulator.emulator import Emulator

LIFE = 100 * 24 * 3600  # seconds; documented, and not to be configured


class Tokens:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator

    def _key(self) -> str:
        """The private key, in PEM: made on first use, and kept with the rest of the state."""
        key: str | None = self._emulator.store.meta("token_key")
        if key is None:
            from cryptography.hazmat.primitives.asymmetric import rsa  # noqa: PLC0415 - slow, seldom needed
            from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat  # noqa: PLC0415

            made = rsa.generate_private_key(public_exponent=65537, key_size=2048)
            key = made.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()).decode()
            self._emulator.store.set_meta("token_key", key)
        return key

    def issue(self, *, organization_id: str, meeting_id: str, participant_id: str, preset_id: str) -> str:
        """A new token. Earlier ones stay valid."""
        import jwt  # noqa: PLC0415 - as above

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
