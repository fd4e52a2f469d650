"""What a client and its limiter say to each other."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple, Protocol

from realtimekit.errors import RateLimitError

if TYPE_CHECKING:
    from collections.abc import Awaitable

    from realtimekit.flow import Response


MAX_WAIT = 60.0  # seconds; beyond it the caller decides


class Place(NamedTuple):
    """A place in the line.

    Attributes:
        wait: seconds until to ask again; 0: it is your turn. All that a limiter of your own has to say.
        number: who has a lower one goes first.
        asked: when it was first asked for, by the clock of the limiter.
        at: when this was said; of who may go, when they might.
    """

    wait: float
    number: int = 0
    asked: float = 0.0
    at: float = 0.0


class Limiter(Protocol):
    """What a client takes as `limiter=`. It never sleeps: the client does, outside any lock.

        place = limiter.reserve(None)
        while place.wait:
            time.sleep(place.wait)
            place = limiter.reserve(place)
        response = None
        try:
            response = transport.send(request)
        finally:
            limiter.heard(response, place)

    Who stops asking loses their place a few seconds later, and nothing else: nobody has to say that they gave up. Both
    methods may be called from any thread.
    """

    @property
    def max_wait(self) -> float:
        """The longest wait in seconds, from the first question on."""
        ...

    def reserve(self, place: Place | None, /) -> Place | Awaitable[Place]:
        """Take a place; or ask again, after its wait, with the one returned before.

        Raises:
            RateLimitError: it would take longer than `max_wait`. Nothing was sent; `retry_after` says how long.
        """
        ...

    def heard(self, response: Response | None, place: Place | None = None, /) -> None:
        """What an answer of any status tells about the limit; None: none came. Once for each turn; does no I/O."""
        ...


def checked(max_wait: object, quota: object, window: object) -> None:
    """Refuse what no limiter can be made with.

    Raises:
        ValueError: one of them cannot be right.
    """
    if isinstance(max_wait, bool) or not isinstance(max_wait, int | float) or not max_wait >= 0:
        raise ValueError(f"max_wait={max_wait!r}: must be a number of seconds, 0 or more")
    if quota is None and window is None:
        return
    if isinstance(quota, bool) or not isinstance(quota, int) or quota < 1:
        raise ValueError(f"quota={quota!r}: must be a whole number above 0, and goes with window=")
    if isinstance(window, bool) or not isinstance(window, int | float) or not 0 < window < math.inf:
        raise ValueError(f"window={window!r}: must be a number of seconds above 0, and goes with quota=")


def too_long(wait: float, max_wait: float) -> RateLimitError:
    """The error for a turn that is further away than anybody wants to wait."""
    error = RateLimitError(
        f"not sent: the rate limit leaves no call for {math.ceil(wait)} s, longer than the limiter's max_wait "
        f"({max_wait:g} s)",
        status=429,
    )
    error.retry_after = wait
    return error
