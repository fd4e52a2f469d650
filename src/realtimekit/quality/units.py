"""What the times in a report are in: not documented, so said here, in one place, and open to correction."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple


class Units(NamedTuple):
    """The units of the samples. Everything that this package computes is in milliseconds.

    Attributes:
        rtt: "auto" asks the report itself. Its totals have keys like `100ms_or_greater_event_fraction`, so they are
            in milliseconds; in the one recorded report their mean is a thousand times that of the samples, so the
            samples are in seconds. Where a report's totals equal the samples, these are in milliseconds, too; where
            there are no totals, in seconds.
        jitter: seconds, as WebRTC's statistics have it. All recorded values are 0, so no report confirms it.
        jitter_buffer_delay: seconds, as WebRTC's statistics have it. Nothing recorded confirms it.
    """

    rtt: Literal["auto", "s", "ms"] = "auto"
    jitter: Literal["s", "ms"] = "s"
    jitter_buffer_delay: Literal["s", "ms"] = "s"


def milliseconds(unit: str) -> float:
    """How many milliseconds the unit has."""
    try:
        return {"s": 1000.0, "ms": 1.0}[unit]
    except KeyError:
        raise ValueError(f"unit {unit!r}: must be 's' or 'ms'") from None


def rtt_unit(unit: str, samples: list[float], total: Any) -> str:
    """The unit of the samples' rtt; `total` is the mean that the server gives, in milliseconds."""
    if unit != "auto":
        return unit
    mean = sum(samples) / len(samples) if samples else 0.0  # with the zeros: the recorded total counts them
    return "ms" if mean and total is not None and 0.5 < total / mean < 2 else "s"
