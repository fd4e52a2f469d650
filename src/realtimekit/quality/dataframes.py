"""The samples as a DataFrame of pandas or polars: one row for each sample, one column for each metric."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime
from typing import Any

from realtimekit import dataframes
from realtimekit.quality.parsing import to_datetime
from realtimekit.quality.tracks import Track, tracks_of
from realtimekit.quality.units import Units

STRING_COLUMNS = ("peer", "direction", "media", "stream", "from_peer", "limitation")
NUMBER_COLUMNS = (
    "mos",
    "packet_loss_percent",
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
COLUMNS = ("peer", "direction", "media", "timestamp", "stream", "from_peer", *NUMBER_COLUMNS, "limitation")
KINDS: dict[str, dataframes.Kind] = {
    name: "time" if name == "timestamp" else "string" if name in STRING_COLUMNS else "number" for name in COLUMNS
}


def to_columns(reports: Iterable[tuple[str | None, Any]], units: Units | None = None) -> dict[str, list[Any]]:
    """Return the samples of all reports as columns, in the order of `COLUMNS`.

    Args:
        reports: pairs of a peer's name and the decoded `quality` of its report.
        units: the units of the samples' times.
    """
    columns: dict[str, list[Any]] = {name: [] for name in COLUMNS}
    for peer, quality in reports:
        for track in tracks_of(quality, units):
            for name, column in _track_columns(track).items():
                columns[name] += column
            columns["peer"] += [peer] * len(track.rows)
    return columns


def _track_columns(track: Track) -> dict[str, list[Any]]:
    size = len(track.rows)
    timestamps: list[datetime | None] = [None if time is None else to_datetime(time) for time in track.times]
    return {
        "direction": [track.direction] * size,
        "media": [track.media] * size,
        "timestamp": timestamps,
        "stream": [stream or None for stream in track.streams],
        "from_peer": _string_column(track, "peer_id"),
        "mos": track.mos,
        "packet_loss_percent": track.packet_loss_percent,
        "rtt_ms": track.rtt_ms,
        "jitter_ms": track.jitter_ms,
        "jitter_buffer_ms": track.jitter_buffer_ms,
        "packets": track.packets,
        "packets_lost": track.packets_lost,
        "bytes": track.counter(f"bytes_{track.direction}"),
        "frames_per_second": track.column("frames_per_second"),
        "frame_width": track.column("frame_width"),
        "frame_height": track.column("frame_height"),
        "concealment_events": track.counter("concealment_events"),
        "limitation": _string_column(track, "quality_limitation_reason"),
    }


def _string_column(track: Track, name: str) -> list[str | None]:
    return [value if isinstance(value := row.get(name), str) else None for row in track.rows]


def to_pandas(reports: Iterable[tuple[str | None, Any]], units: Units | None = None) -> Any:
    """Return a pandas DataFrame; timestamps are in UTC, numbers are float64, with NaN where nothing was measured.

    Raises:
        ImportError: pandas is not installed.
    """
    return dataframes.to_pandas(to_columns(reports, units), KINDS)


def to_polars(reports: Iterable[tuple[str | None, Any]], units: Units | None = None) -> Any:
    """Return a polars DataFrame; timestamps are in UTC, numbers are Float64, with null where nothing was measured.

    Raises:
        ImportError: polars is not installed.
    """
    return dataframes.to_polars(to_columns(reports, units), KINDS)
