"""The samples as DataFrames: the same rows with both libraries, and a clear error without them."""

from __future__ import annotations

import math
from collections.abc import Callable
from typing import Any

import pytest

from realtimekit.quality import dataframes
from realtimekit.quality.peer_report import PeerReport, Quality

from .sample_reports import GOOD, START, STEP, recorded, report, samples


def of_pandas(quality: Quality, **options: Any) -> list[dict[str, Any]]:
    pytest.importorskip("pandas")
    frame: Any = quality.to_pandas(**options)
    assert str(frame["timestamp"].dtype).endswith("UTC]")
    rows: list[dict[str, Any]] = frame.to_dict("records")
    return [
        {name: None if isinstance(value, float) and math.isnan(value) else value for name, value in row.items()}
        for row in rows
    ]


def of_polars(quality: Quality, **options: Any) -> list[dict[str, Any]]:
    pytest.importorskip("polars")
    rows: list[dict[str, Any]] = quality.to_polars(**options).to_dicts()
    return rows


LIBRARIES = pytest.mark.parametrize("rows_of", [of_pandas, of_polars])
Rows = Callable[..., list[dict[str, Any]]]


@LIBRARIES
def test_a_row_for_each_sample(rows_of: Rows) -> None:
    quality = report(**{name: samples(name, 3) for name in GOOD}).quality
    rows = rows_of(quality, peer="peer-1")
    assert len(rows) == 24
    assert all(tuple(row) == dataframes.COLUMNS for row in rows)
    assert {row["peer"] for row in rows} == {"peer-1"}
    assert {(row["direction"], row["media"]) for row in rows} == {
        (direction, media)
        for direction in ("sent", "received")
        for media in ("audio", "video", "screenshare_audio", "screenshare_video")
    }


@LIBRARIES
def test_the_values(rows_of: Rows) -> None:
    (sent,) = rows_of(report(video_producer=samples("video_producer", 1, packets_lost=3)).quality)
    assert (sent["timestamp"] - START).total_seconds() == STEP
    expected = {
        "peer": None,
        "direction": "sent",
        "media": "video",
        "stream": "stream-1",
        "from_peer": None,
        "mos": 4.3,
        "packet_loss_percent": 1.0,
        "rtt_ms": 30.0,
        "jitter_ms": 4.0,
        "jitter_buffer_ms": None,
        "packets": 300.0,
        "packets_lost": 3.0,
        "bytes": 20_000.0,
        "frames_per_second": 30.0,
        "frame_width": 1280.0,
        "frame_height": 720.0,
        "concealment_events": None,
        "limitation": "none",
    }
    assert {name: value for name, value in sent.items() if name != "timestamp"} == expected
    (received,) = rows_of(report(audio_consumer=samples("audio_consumer", 1)).quality)
    assert (received["from_peer"], received["stream"], received["jitter_buffer_ms"]) == ("peer-2", "stream-2", 60.0)


@LIBRARIES
@pytest.mark.parametrize("raw", [{}, {"quality": {"audio_producer": [{}, {"timestamp": "never", "rtt": "slow"}]}}])
def test_what_is_missing_is_null(rows_of: Rows, raw: dict[str, Any]) -> None:
    rows = rows_of(PeerReport(raw).quality)
    assert len(rows) == (2 if raw else 0)
    for row in rows:
        assert {name for name, value in row.items() if str(value) not in {"None", "nan", "NaT"}} == {
            "direction",
            "media",
        }


@LIBRARIES
def test_the_recorded_shape(rows_of: Rows) -> None:
    rows = rows_of(PeerReport(recorded()).quality)
    assert [round(row["rtt_ms"]) if row["rtt_ms"] else None for row in rows] == [None, 600, 20, 300, 20, 20]


@pytest.mark.parametrize("name", ["pandas", "polars"])
def test_without_the_library_it_says_what_to_install(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    def missing(wanted: str) -> Any:
        raise ImportError(wanted)

    monkeypatch.setattr("realtimekit.dataframes.import_module", missing)
    with pytest.raises(ImportError, match=rf"to_{name}\(\) needs {name}: pip install {name}") as caught:
        getattr(PeerReport({}).quality, f"to_{name}")()
    assert caught.value.name == name


def test_nothing_loads_them_before() -> None:
    import subprocess
    import sys

    code = """
import sys
from realtimekit.quality.peer_report import PeerReport
PeerReport({}).findings(), PeerReport({}).quality.summary()
import realtimekit.quality.dataframes, realtimekit.resources.session_quality
print(*sys.modules)
"""
    loaded = subprocess.run([sys.executable, "-c", code], check=True, capture_output=True, text=True).stdout.split()
    assert not {"pandas", "polars", "numpy", "asyncio", "random", "statistics"} & set(loaded)
