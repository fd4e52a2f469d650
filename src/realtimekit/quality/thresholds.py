"""The thresholds from which a metric becomes a finding. docs/quality.md has the same table in prose."""

from __future__ import annotations

from typing import NamedTuple

from realtimekit.kwargs import validate_type
from realtimekit.quality.units import Units


class Threshold(NamedTuple):
    """The values from which a finding is a "warning" and "severe"."""

    warning: float
    severe: float


class Thresholds(NamedTuple):
    """`Thresholds(rtt_ms=Threshold(200, 400))` changes one threshold and keeps the other defaults.

    A value that reaches its threshold is a finding. For MOS, frame rate and width, where low values are bad, a value
    below the threshold is.

    Attributes:
        packet_loss_percent: packets lost. Steps 5 and 10 are the report's own (`5_or_greater_event_fraction`). ITU-T
            G.1010 asks for less without repair: 3 % for conversational voice, 1 % for videophones.
        mos: ITU-T G.107 annex B, table B.1 (categories: G.109): below 3.60 (R = 70) many users are dissatisfied, below
            3.10 (R = 60) nearly all. It was made for speech; using it for video as well is our judgment.
        rtt_ms: twice the one-way delays of ITU-T G.114: up to 150 ms suits most uses, and networks should not be
            planned for more than 400 ms. G.114 measures from mouth to ear, a round trip only the network, so this is
            lenient.
        jitter_ms: Cisco's design guides: at most 30 ms; jitter buffers help up to about 100 ms.
        frames_per_second: ITU-T H-series supplement 1 and ETSI EN 301 549, 6.5: 12 is the minimum for sign language
            and lip-reading. Half of that for severe is our judgment. Only for cameras: a shared screen that does not
            change has few frames.
        frame_width: pixels. 176 (QCIF) is the minimum of the same documents; 320, the width of the lowest quality of a
            preset (qvga), is our judgment. Not for received cameras, because small tiles are small on purpose.
        frames_dropped_percent: received frames that were never shown. Our judgment.
        concealments_per_minute: gaps in the sound of one stream that were concealed. Our judgment.
        freeze_percent: video samples without a frame although packets arrived. Our judgment.
        quality_limited_percent: samples of sent video that was reduced for lack of CPU or bandwidth. Our judgment.
        min_interval_seconds: shorter intervals are ignored. Our judgment: one sample is about 7 s.
        max_gap_seconds: bad intervals that are at most this far apart are merged. Our judgment.
        units: the units of the samples' times; the API does not document them, see `Units`.
    """

    packet_loss_percent: Threshold = Threshold(5, 10)
    mos: Threshold = Threshold(3.6, 3.1)
    rtt_ms: Threshold = Threshold(300, 800)
    jitter_ms: Threshold = Threshold(30, 100)
    frames_per_second: Threshold = Threshold(12, 6)
    frame_width: Threshold = Threshold(320, 176)
    frames_dropped_percent: Threshold = Threshold(5, 20)
    concealments_per_minute: Threshold = Threshold(10, 30)
    freeze_percent: Threshold = Threshold(1, 5)
    quality_limited_percent: Threshold = Threshold(10, 30)
    min_interval_seconds: float = 10
    max_gap_seconds: float = 30
    units: Units = Units()


LOWER_IS_WORSE = frozenset({"mos", "frames_per_second", "frame_width"})


def validate_thresholds(thresholds: Thresholds) -> Thresholds:
    """Return the same thresholds.

    Raises:
        TypeError: they are not `Thresholds`, or a threshold is not a `Threshold(warning, severe)`.
        ValueError: the severe value of a threshold is not worse than its warning value.
    """
    validate_type("thresholds", thresholds, Thresholds, "realtimekit.Thresholds(...)")
    validate_type("thresholds.units", thresholds.units, Units, "a Units(...)")
    for name, default in Thresholds._field_defaults.items():
        value = getattr(thresholds, name)
        if not isinstance(default, Threshold):
            continue
        if not (isinstance(value, tuple) and len(value) == 2):
            raise TypeError(f"Thresholds({name}={value!r}): must be a Threshold(warning, severe)")
        warning, severe = value
        if warning != severe and (severe < warning) != (name in LOWER_IS_WORSE):
            raise ValueError(f"Thresholds({name}=Threshold({warning}, {severe})): severe must be worse than warning")
    return thresholds
