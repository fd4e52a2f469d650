"""The peer report: how one participant's call went, as the browser measured it."""

from __future__ import annotations

from datetime import UTC
from typing import TYPE_CHECKING, Any

from realtimekit.quality.metadata import Metadata
from realtimekit.quality.parts import part
from realtimekit.quality.samples import (
    AudioConsumerSample,
    AudioProducerSample,
    VideoConsumerSample,
    VideoProducerSample,
)
from realtimekit.quality.totals import (
    AudioConsumerTotals,
    AudioProducerTotals,
    VideoConsumerTotals,
    VideoProducerTotals,
)
from realtimekit.record import Record

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import tzinfo

    from realtimekit.quality.problems import Finding
    from realtimekit.quality.summary import Summary
    from realtimekit.quality.thresholds import Thresholds
    from realtimekit.quality.units import Units


class Quality(Record):
    """The measurements: eight lists of samples, and the server's totals of each.

    What the peer sent is "producer", what it received "consumer". Nothing is converted before it is read, and each
    number on its own: a report can hold many thousands.
    """

    audio_producer: list[AudioProducerSample] = part()
    audio_consumer: list[AudioConsumerSample] = part()
    video_producer: list[VideoProducerSample] = part()
    video_consumer: list[VideoConsumerSample] = part()
    screenshare_audio_producer: list[AudioProducerSample] = part()
    screenshare_audio_consumer: list[AudioConsumerSample] = part()
    screenshare_video_producer: list[VideoProducerSample] = part()
    screenshare_video_consumer: list[VideoConsumerSample] = part()
    audio_producer_cumulative: AudioProducerTotals = part()
    audio_consumer_cumulative: AudioConsumerTotals = part()
    video_producer_cumulative: VideoProducerTotals = part()
    video_consumer_cumulative: VideoConsumerTotals = part()
    screenshare_audio_producer_cumulative: AudioProducerTotals = part()
    screenshare_audio_consumer_cumulative: AudioConsumerTotals = part()
    screenshare_video_producer_cumulative: VideoProducerTotals = part()
    screenshare_video_consumer_cumulative: VideoConsumerTotals = part()

    def summary(self, units: Units | None = None) -> Summary:
        """MOS, loss, round trip and jitter for each direction and kind of media.

        Computed from the samples; where there are none, what the server's totals tell.

        Args:
            units: what the samples' times are in, where you know better than `Units()`.
        """
        from realtimekit.quality.summary import summarize  # noqa: PLC0415 - only for who asks
        from realtimekit.quality.tracks import tracks_of  # noqa: PLC0415

        return summarize(tracks_of(self._data, units))

    def to_pandas(self, peer: str | None = None, units: Units | None = None) -> Any:
        """A pandas.DataFrame with a row for every sample.

        The columns: peer, direction, media, timestamp, stream, from_peer, and the metrics.

        Args:
            peer: what stands in the column `peer`.
            units: as for `summary`.

        Raises:
            ImportError: pandas is not installed.
        """
        from realtimekit.quality import frames  # noqa: PLC0415 - as above

        return frames.to_pandas([(peer, self._data)], units)

    def to_polars(self, peer: str | None = None, units: Units | None = None) -> Any:
        """As `to_pandas`, a polars.DataFrame.

        Raises:
            ImportError: polars is not installed.
        """
        from realtimekit.quality import frames  # noqa: PLC0415 - as above

        return frames.to_polars([(peer, self._data)], units)


class PeerReport(Record):
    """The `peer_report` of `GET /sessions/peer-report/{peer_id}`.

    Every part may be missing; what is missing is empty or None, never an error. A field with a value of a wrong type
    is a `DecodeError` for its reader alone; `summary()` and `problems()` pass over it.
    """

    metadata: Metadata = part()
    quality: Quality = part()

    def __init__(self, data: Mapping[str, Any] | None) -> None:
        super().__init__(data or {})

    def problems(self, thresholds: Thresholds | None = None, tz: tzinfo = UTC) -> list[Finding]:
        """What went wrong, the worst first: plain findings with the numbers behind them. Empty for a good call.

        Args:
            thresholds: from where on something is a problem; docs/quality.md says where the defaults come from.
            tz: the time zone of the times in the findings.

        Raises:
            TypeError, ValueError: a threshold cannot be right.
        """
        from realtimekit.quality.problems import find  # noqa: PLC0415 - only for who asks
        from realtimekit.quality.thresholds import Thresholds  # noqa: PLC0415
        from realtimekit.quality.tracks import tracks_of  # noqa: PLC0415

        limits = thresholds or Thresholds()
        quality = self._data.get("quality")
        return find(tracks_of(quality, limits.units), self._data.get("metadata"), limits, tz)
