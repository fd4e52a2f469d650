"""Participants' tokens: JSON Web Tokens signed with RS256, with the claims that RealtimeKit documents."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.extras import missing_extra
from realtimekit.emulator.http import HTTPError
from realtimekit.emulator.services.keys import Key

if TYPE_CHECKING:
    from types import ModuleType

    from realtimekit.emulator.world import World

LIFETIME = 100 * 24 * 3600  # seconds; documented, and not configurable


def _import_jwt() -> ModuleType:
    # Imported when it is needed: slow, and not every emulator issues tokens.
    try:
        import jwt
    except ImportError as error:
        raise missing_extra(error) from None
    return jwt


class Tokens:
    def __init__(self, world: World) -> None:
        self._world = world
        self._key = Key(world.store, "token_key")

    def issue(self, *, organization_id: str, meeting_id: str, participant_id: str, preset_id: str) -> str:
        """Return a new token. Earlier ones stay valid."""
        issued = int(self._world.clock.now().timestamp())
        claims = {
            "orgId": organization_id,
            "meetingId": meeting_id,
            "participantId": participant_id,
            "presetId": preset_id,
            "iat": issued,
            "exp": issued + LIFETIME,
        }
        return str(_import_jwt().encode(claims, self._key.private(), algorithm="RS256"))

    def read(self, token: str) -> dict[str, Any]:
        """Return the claims of a token of this emulator.

        Raises:
            HTTPError: 401, it is not one, or it has expired by the emulator's clock.
        """
        jwt = _import_jwt()
        # Times are compared below: PyJWT only knows real time.
        options = {"verify_exp": False, "verify_iat": False}
        try:
            claims: dict[str, Any] = jwt.decode(token, self._key.private().public_key(), ["RS256"], options=options)
        except (jwt.InvalidTokenError, UnicodeError):
            raise HTTPError(401, "this is not a token of this emulator") from None
        if claims["exp"] <= self._world.clock.now().timestamp():
            raise HTTPError(401, "the token has expired")
        return claims
