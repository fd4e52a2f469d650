"""Participants' tokens: JSON Web Tokens signed with RS256, with the claims that RealtimeKit documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.keys import Key
from realtimekit.emulator.wire import Refusal, missing_extra

if TYPE_CHECKING:
    from realtimekit.emulator.emulator import Emulator

LIFE = 100 * 24 * 3600  # seconds; documented, and not to be configured


class Tokens:
    def __init__(self, emulator: Emulator) -> None:
        self._emulator = emulator
        self._key = Key(emulator.store, "token_key")

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
        return jwt.encode(claims, self._key.private(), algorithm="RS256")

    def read(self, token: str) -> dict[str, Any]:
        """The claims of a token of this emulator.

        Raises:
            Refusal: 401, it is none, or out of date by the emulator's clock.
        """
        try:
            import jwt  # noqa: PLC0415 - as above
        except ImportError as error:
            raise missing_extra(error) from None
        # Its times are compared here: PyJWT knows real time alone.
        options: Any = {"verify_exp": False, "verify_iat": False}
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key.private().public_key(), ["RS256"], options=options)
        except (jwt.InvalidTokenError, UnicodeError):
            raise Refusal(401, "this is no token of this emulator") from None
        if claims["exp"] <= self._emulator.clock.now().timestamp():
            raise Refusal(401, "the token has expired")
        return claims
