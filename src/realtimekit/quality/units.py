"""The units of the times in a report. The API does not document them, so they are assumed here and can be changed."""

from __future__ import annotations

from typing import Any, Literal, NamedTuple


class Units(NamedTuple):
    """The units of the samples. Everything that this package computes is in milliseconds.

    Attributes:
        rtt: "auto" detects the unit of each report. Its aggregates are in milliseconds, because they have keys such as
            `100ms_or_greater_event_fraction`. In the one recorded report their mean is a thousand times that of the
            samples, so the samples are in seconds. Where the aggregates equal the samples, the samples are in
            milliseconds as well; where there are no aggregates, seconds are assumed.
        jitter: seconds, as in WebRTC statistics. All recorded values are 0, so no report confirms it.
        jitter_buffer_delay: seconds, as in WebRTC statistics. No report confirms it.
    """

    rtt: Literal["auto", "s", "ms"] = "auto"
    jitter: Literal["s", "ms"] = "s"
    jitter_buffer_delay: Literal["s", "ms"] = "s"


def milliseconds_per(unit: str) -> float:
    """Return how many milliseconds the unit has.

    Raises:
        ValueError: the unit is not known.
    """
    try:
        return {"s": 1000.0, "ms": 1.0}[unit]
    except KeyError:
        raise ValueError(f"unit {unit!r}: must be 's' or 'ms'") from None


def detect_rtt_unit(unit: str, samples: list[float], mean_ms: Any) -> str:
    """Return the unit of the samples' rtt.

    Args:
        unit: the unit in `Units`; anything but "auto" is returned as it is.
        samples: the rtt of all samples.
        mean_ms: the mean that the server reports, in milliseconds.
    """
    if unit != "auto":
        return unit
    mean = sum(samples) / len(samples) if samples else 0.0  # with zeros: the recorded aggregate counts them
    return "ms" if mean and mean_ms is not None and 0.5 < mean_ms / mean < 2 else "s"
