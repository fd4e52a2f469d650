"""The peer report: how one participant's call went, as the browser measured it."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, tzinfo
from typing import TYPE_CHECKING, Any

from realtimekit.lazy import LazyModule
from realtimekit.quality.aggregates import (
    AudioConsumerAggregates,
    AudioProducerAggregates,
    VideoConsumerAggregates,
    VideoProducerAggregates,
)
from realtimekit.quality.metadata import Metadata
from realtimekit.quality.nested import nested
from realtimekit.quality.samples import (
    AudioConsumerSample,
    AudioProducerSample,
    VideoConsumerSample,
    VideoProducerSample,
)
from realtimekit.record import Record

if TYPE_CHECKING:
    from realtimekit.quality import dataframes, tracks
    from realtimekit.quality import finding as quality_finding
    from realtimekit.quality import findings as quality_findings
    from realtimekit.quality import summary as quality_summary
    from realtimekit.quality import thresholds as quality_thresholds
    from realtimekit.quality import units as quality_units
else:
    dataframes = LazyModule("realtimekit.quality.dataframes")
    quality_finding = LazyModule("realtimekit.quality.finding")
    quality_findings = LazyModule("realtimekit.quality.findings")
    quality_summary = LazyModule("realtimekit.quality.summary")
    quality_thresholds = LazyModule("realtimekit.quality.thresholds")
    tracks = LazyModule("realtimekit.quality.tracks")
    quality_units = LazyModule("realtimekit.quality.units")


class Quality(Record):
    """The measurements: eight lists of samples, and the server's aggregates of each.

    "producer" is what the peer sent, "consumer" what it received. Each number is converted when it is first read,
    because a report can hold many thousands.
    """

    audio_producer: list[AudioProducerSample] = nested()
    audio_consumer: list[AudioConsumerSample] = nested()
    video_producer: list[VideoProducerSample] = nested()
    video_consumer: list[VideoConsumerSample] = nested()
    screenshare_audio_producer: list[AudioProducerSample] = nested()
    screenshare_audio_consumer: list[AudioConsumerSample] = nested()
    screenshare_video_producer: list[VideoProducerSample] = nested()
    screenshare_video_consumer: list[VideoConsumerSample] = nested()
    audio_producer_cumulative: AudioProducerAggregates = nested()
    audio_consumer_cumulative: AudioConsumerAggregates = nested()
    video_producer_cumulative: VideoProducerAggregates = nested()
    video_consumer_cumulative: VideoConsumerAggregates = nested()
    screenshare_audio_producer_cumulative: AudioProducerAggregates = nested()
    screenshare_audio_consumer_cumulative: AudioConsumerAggregates = nested()
    screenshare_video_producer_cumulative: VideoProducerAggregates = nested()
    screenshare_video_consumer_cumulative: VideoConsumerAggregates = nested()

    def summary(self, units: quality_units.Units | None = None) -> quality_summary.QualitySummary:
        """Return MOS, packet loss, round-trip time and jitter for each direction and kind of media.

        They are computed from the samples, or taken from the server's aggregates where there are no samples.

        Args:
            units: the units of the samples' times, if you know better than `Units()`.
        """
        return quality_summary.summarize(tracks.tracks_of(self._data, units))

    def to_pandas(self, peer: str | None = None, units: quality_units.Units | None = None) -> Any:
        """Return a pandas.DataFrame with a row for every sample.

        The columns are peer, direction, media, timestamp, stream, from_peer, and the metrics.

        Args:
            peer: the value of the column `peer`.
            units: as for `summary`.

        Raises:
            ImportError: pandas is not installed.
        """
        return dataframes.to_pandas([(peer, self._data)], units)

    def to_polars(self, peer: str | None = None, units: quality_units.Units | None = None) -> Any:
        """Return a polars.DataFrame; see `to_pandas`.

        Raises:
            ImportError: polars is not installed.
        """
        return dataframes.to_polars([(peer, self._data)], units)


class PeerReport(Record):
    """The `peer_report` of `GET /sessions/peer-report/{peer_id}`.

    Anything may be missing; it is then empty or None, never an error. Reading a field with a value of the wrong type
    raises `DecodeError`; `quality.summary()` and `findings()` skip such values.
    """

    metadata: Metadata = nested()
    quality: Quality = nested()

    def __init__(self, data: Mapping[str, Any] | None) -> None:
        super().__init__(data or {})

    def findings(
        self, thresholds: quality_thresholds.Thresholds | None = None, tz: tzinfo = UTC
    ) -> list[quality_finding.Finding]:
        """Return what went wrong, the worst first; an empty list for a good call.

        Measurements with one cause at one time are one finding, with the measurements as its `details`.

        Args:
            thresholds: from where on something is a finding; docs/quality.md says where the defaults come from.
            tz: the time zone of the times in the texts.

        Raises:
            TypeError, ValueError: a threshold is not valid.
        """
        if thresholds is None:
            thresholds = quality_thresholds.Thresholds()
        quality_thresholds.validate_thresholds(thresholds)
        columns = tracks.tracks_of(self._data.get("quality"), thresholds.units)
        return quality_findings.detect_findings(columns, self._data.get("metadata"), thresholds, tz)
