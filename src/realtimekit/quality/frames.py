"""The samples as a DataFrame of pandas or polars: one row for each, the metrics in columns."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from realtimekit.quality.tracks import Track, moment, tracks_of

if TYPE_CHECKING:
    from collections.abc import Iterable
    from datetime import datetime

    from realtimekit.quality.units import Units

TEXTS = ("peer", "direction", "media", "stream", "from_peer", "limitation")
NUMBERS = (
    "mos",
    "loss_percent",
    "rtt_ms",
    "jitter_ms",
    "jitter_buffer_ms",
    "packets",
    "packets_lost",
    "bytes",
    "frames_per_second",
    "frame_width",
    "frame_height",
    "concealment_events",
)
ORDER = ("peer", "direction", "media", "timestamp", "stream", "from_peer", *NUMBERS, "limitation")


def columns(reports: Iterable[tuple[str | None, Any]], units: Units | None = None) -> dict[str, list[Any]]:
    """The samples of reports (whose, and the decoded `quality`) as columns, in `ORDER`."""
    found: dict[str, list[Any]] = {name: [] for name in ORDER}
    for peer, quality in reports:
        for track in tracks_of(quality, units):
            for name, column in _of_track(track).items():
                found[name] += column
            found["peer"] += [peer] * len(track.rows)
    return found


def _of_track(track: Track) -> dict[str, list[Any]]:
    size = len(track.rows)
    times: list[datetime | None] = [None if time is None else moment(time) for time in track.times]
    return {
        "direction": [track.direction] * size,
        "media": [track.media] * size,
        "timestamp": times,
        "stream": [stream or None for stream in track.streams],
        "from_peer": _texts(track, "peer_id"),
        "mos": track.mos,
        "loss_percent": track.loss_percent,
        "rtt_ms": track.rtt_ms,
        "jitter_ms": track.jitter_ms,
        "jitter_buffer_ms": track.jitter_buffer_ms,
        "packets": track.packets,
        "packets_lost": track.lost,
        "bytes": track.counted(f"bytes_{track.direction}"),
        "frames_per_second": track.column("frames_per_second"),
        "frame_width": track.column("frame_width"),
        "frame_height": track.column("frame_height"),
        "concealment_events": track.counted("concealment_events"),
        "limitation": _texts(track, "quality_limitation_reason"),
    }


def _texts(track: Track, name: str) -> list[str | None]:
    return [value if isinstance(value := row.get(name), str) else None for row in track.rows]


def to_pandas(reports: Iterable[tuple[str | None, Any]], units: Units | None = None) -> Any:
    """A pandas DataFrame; timestamps in UTC, numbers float64 with NaN where nothing was measured.

    Raises:
        ImportError: pandas is not installed.
    """
    pandas: Any = _library("pandas")
    found = columns(reports, units)
    series = {name: pandas.Series(found[name], dtype="float64") for name in NUMBERS}
    series |= {name: pandas.Series(found[name], dtype="object") for name in TEXTS}
    series["timestamp"] = pandas.Series(pandas.to_datetime(found["timestamp"], utc=True))
    return pandas.DataFrame({name: series[name] for name in ORDER})


def to_polars(reports: Iterable[tuple[str | None, Any]], units: Units | None = None) -> Any:
    """A polars DataFrame; timestamps in UTC, numbers Float64 with null where nothing was measured.

    Raises:
        ImportError: polars is not installed.
    """
    polars: Any = _library("polars")
    kinds = dict.fromkeys(ORDER, polars.Float64) | dict.fromkeys(TEXTS, polars.String)
    kinds["timestamp"] = polars.Datetime("ms", "UTC")
    return polars.DataFrame(columns(reports, units), schema=kinds)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError:
        raise ImportError(f"to_{name}() needs {name}: pip install {name}", name=name) from None
