"""Participant tokens: the credentials to join a meeting."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Self, final


@final
class ParticipantToken:
    """A participant's credential. It is hidden: `repr`, `str`, f-strings and logs only show its expiry.

    `reveal()` returns the token itself, for that person's browser: `{"token": alice.token.reveal()}`. The class is not
    a `str`, so that code that forgets to call `reveal()` fails early: `json.dumps` rejects the token, whereas a masked
    string would only be rejected by the browser.
    """

    # `reveal` is a method, and there is no `__dict__`: tools that serialize attributes (`vars`, JSON encoders of web
    # frameworks, error trackers) do not find the token.
    __slots__ = ("_text",)

    def __init__(self, text: str, /) -> None:
        self._text = text

    def reveal(self) -> str:
        """Return the token itself, a JWT. Anyone who has it can join as this participant: keep it out of logs."""
        return self._text

    @property
    def claims(self) -> dict[str, Any]:
        """The claims of the token, decoded but *not verified*; {} if it is not a JWT.

        Documented: `orgId`, `meetingId`, `participantId`, `presetId`, and `iat` and `exp` in Unix seconds.
        """
        from base64 import urlsafe_b64decode
        from json import loads

        parts = self._text.split(".")
        try:
            claims = loads(urlsafe_b64decode(parts[1] + "=" * (-len(parts[1]) % 4)))
        except (IndexError, ValueError, RecursionError):
            return {}
        return claims if isinstance(claims, dict) and len(parts) == 3 else {}

    @property
    def expires_at(self) -> datetime | None:
        """When the token expires (the claim `exp`, 100 days after it was issued); None if it does not say."""
        seconds = self.claims.get("exp")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            return None
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return None

    @property
    def expired(self) -> bool:
        """Whether `expires_at` has passed, by this machine's clock; False if the token does not say.

        A token stops working earlier if its participant is removed.
        """
        expiry = self.expires_at
        return expiry is not None and expiry <= datetime.now(UTC)

    def __repr__(self) -> str:
        expiry = self.expires_at
        return f"<ParticipantToken expires_at={expiry.isoformat() if expiry else None}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParticipantToken) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def _from_json(cls, raw: Any) -> Self:
        if not isinstance(raw, str):
            raise TypeError(f"expected a string, got {type(raw).__name__}")
        return cls(raw)

    def __reduce__(self) -> tuple[type[ParticipantToken], tuple[str]]:
        return ParticipantToken, (self._text,)
