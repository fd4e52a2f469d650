"""From where on something is a problem. docs/quality.md has the same table in prose."""

from __future__ import annotations

from typing import NamedTuple

from realtimekit.quality.units import Units


class Limit(NamedTuple):
    """Where a measure gets worth a word ("warning"), and where it spoils the call ("severe")."""

    warning: float
    severe: float


class Thresholds(NamedTuple):
    """`Thresholds(rtt_ms=Limit(200, 400))` changes one and keeps the others.

    A value that reaches its limit is a problem. For MOS, frame rate and width, whose low values are the bad ones, one
    below the limit is.

    Attributes:
        loss_percent: packets lost. The steps 5 and 10 are the report's own (`5_or_greater_event_fraction`). ITU-T
            G.1010 asks for less without repair: 3 % for conversational voice, 1 % for videophones.
        mos: ITU-T G.107 annex B, table B.1 (categories: G.109): below 3.60 (R = 70) many users are dissatisfied, below
            3.10 (R = 60) nearly all. Made for speech; that it serves for video, too, is our judgement.
        rtt_ms: twice the one-way delays of ITU-T G.114: up to 150 ms suits most uses, above 400 ms none should be
            planned. G.114 counts from mouth to ear, a round trip only the network, so this is lenient.
        jitter_ms: Cisco's design guides: at most 30 ms; jitter buffers help up to about 100 ms.
        frames_per_second: ITU-T H-series supplement 1 and ETSI EN 301 549, 6.5: 12 is the least that is usable for sign
            language and lip-reading. Half of that for severe is our judgement. Of cameras only: a shared
            screen that stands still has few frames.
        frame_width: pixels. 176 (QCIF) is the least usable of the same documents; 320, the width of the smallest
            quality of a preset (qvga), is our judgement. Not of received cameras: small tiles are small on purpose.
        frames_dropped_percent: received frames that were never shown. Our judgement.
        concealments_per_minute: gaps in the sound of one stream that were filled in. Our judgement.
        frozen_percent: of the samples of video, those without a frame though packets came. Our judgement.
        limited_percent: of the samples of sent video, those cut down for lack of CPU or bandwidth. Our judgement.
        shortest_seconds: what lasted less is passed over. Our judgement: one sample is about 7 s.
        join_seconds: two bad spells so close to each other are one. Our judgement.
        units: what the times of the samples are taken to be in; not documented, see `Units`.
    """

    loss_percent: Limit = Limit(5, 10)
    mos: Limit = Limit(3.6, 3.1)
    rtt_ms: Limit = Limit(300, 800)
    jitter_ms: Limit = Limit(30, 100)
    frames_per_second: Limit = Limit(12, 6)
    frame_width: Limit = Limit(320, 176)
    frames_dropped_percent: Limit = Limit(5, 20)
    concealments_per_minute: Limit = Limit(10, 30)
    frozen_percent: Limit = Limit(1, 5)
    limited_percent: Limit = Limit(10, 30)
    shortest_seconds: float = 10
    join_seconds: float = 30
    units: Units = Units()


LOW_IS_BAD = frozenset({"mos", "frames_per_second", "frame_width"})


def checked(thresholds: Thresholds) -> Thresholds:
    """The same thresholds.

    Raises:
        TypeError, ValueError: one cannot be right.
    """
    for name, default in Thresholds._field_defaults.items():
        value = getattr(thresholds, name)
        if not isinstance(default, Limit):
            continue
        if not (isinstance(value, tuple) and len(value) == 2):
            raise TypeError(f"Thresholds({name}={value!r}): give Limit(warning, severe)")
        warning, severe = value
        if warning != severe and (severe < warning) != (name in LOW_IS_BAD):
            raise ValueError(f"Thresholds({name}=Limit({warning}, {severe})): severe is to be worse than warning")
    return thresholds
