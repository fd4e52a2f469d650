"""Participant tokens: what somebody joins a meeting with."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any, Self, final


@final
class ParticipantToken:
    """A participant's credential. It hides itself: `repr`, `str`, f-strings and logs show no more than its expiry.

    `reveal()` gives the text itself, for that person's browser: `{"token": alice.token.reveal()}`. It is no `str`, so
    that what forgets to call it fails: `json.dumps` refuses the token, where a masked text would reach the browser and
    be refused there.
    """

    # No attribute holds the text under a name of its own: tools that look into objects (`vars`, JSON encoders of web
    # frameworks, error trackers) find none. It is a method for the same reason.
    __slots__ = ("_text",)

    def __init__(self, text: str, /) -> None:
        self._text = text

    def reveal(self) -> str:
        """The token itself, a JWT: whoever has it can join as this participant. Keep it out of logs."""
        return self._text

    @property
    def claims(self) -> dict[str, Any]:
        """What stands in the token, decoded but *not verified*; {} where it is no JWT.

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
        """Until when one can join with it (the claim `exp`; 100 days after it was made); None where it does not say."""
        seconds = self.claims.get("exp")
        if not isinstance(seconds, int | float) or isinstance(seconds, bool):
            return None
        try:
            return datetime.fromtimestamp(seconds, UTC)
        except (ValueError, OverflowError, OSError):
            return None

    @property
    def expired(self) -> bool:
        """Whether `expires_at` is over, by this machine's clock. False where the token does not say.

        A token can stop working sooner: with its participant.
        """
        end = self.expires_at
        return end is not None and end <= datetime.now(UTC)

    def __repr__(self) -> str:
        end = self.expires_at
        return f"<ParticipantToken expires_at={end.isoformat() if end else None}>"

    def __eq__(self, other: object) -> bool:
        return isinstance(other, ParticipantToken) and other._text == self._text

    def __hash__(self) -> int:
        return hash(self._text)

    @classmethod
    def _read(cls, raw: Any) -> Self:
        if not isinstance(raw, str):
            raise TypeError(f"expected a text, got {type(raw).__name__}")
        return cls(raw)

    def __reduce__(self) -> tuple[type[ParticipantToken], tuple[str]]:
        return ParticipantToken, (self._text,)
