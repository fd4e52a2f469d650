"""How long a limiter lets a request wait, and what it raises beyond that."""

from __future__ import annotations

import math

from realtimekit.errors import RateLimitError

MAX_WAIT = 60.0  # seconds; beyond that the caller decides


def validate(max_wait: object, quota: object, window: object) -> None:
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
