"""Simulated call quality: the peer report of one participant ("peer") of a past session.

`peer_report`, `peer_stats` and `quality_stats` are pure: everything follows from the `CallLeg`, every random choice is
seeded from peer ids, so the same call gives the same report in any process. The structure is that of the one recorded
response (its key names, `{}` and `[]` for what is unused) and of the published schema; no other field is sent.

The units of the real report are not documented. Assumed here, from the recorded example where possible:

- `rtt` of a sample: seconds. The cumulative rtt: milliseconds (recorded: mean of the samples' rtt x 1000 = 135.7009,
  which includes the first sample, whose rtt is 0 because no receiver report has arrived yet; so it is here).
- `jitter`: seconds, the unit of WebRTC's getStats. All recorded values are 0, so nothing confirms it.
- `packets_*`, `bytes_*`: those of the sample's own interval (recorded: 350 audio packets in 7 s). The other counters
  (frames, key frames, pli, fir, concealment, limitation durations in seconds, resolution changes, jitter buffer) are
  assumed to be per interval as well. `jitter_buffer_delay` is seconds total over `jitter_buffer_emitted_count`.
- Cumulative packet loss: percent. Cumulative jitter buffer delay: milliseconds for one emitted unit.

Also unknown, and chosen here: how percentiles are computed (nearest rank, ascending), and the thresholds
in the modules of this package.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from realtimekit.emulator.quality.conditions import CallLeg, ticks_of
from realtimekit.emulator.quality.metadata import metadata_block, peer_stats
from realtimekit.emulator.quality.totals import quality_block, quality_stats

if TYPE_CHECKING:
    from collections.abc import Collection

__all__ = ["CallLeg", "filter_parts", "peer_report", "peer_stats", "quality_stats"]


def peer_report(leg: CallLeg) -> dict[str, Any]:
    """Return `peer_report`: {"metadata": {...}, "quality": {...}}."""
    ticks = ticks_of(leg)
    quality = quality_block(leg, ticks)
    return {"metadata": metadata_block(leg, ticks, quality), "quality": quality}


def filter_parts(participant: dict[str, Any], filters: Collection[str]) -> dict[str, Any]:
    """Return `participant` with only the parts that `filters` asks for; without filters, with everything.

    Which parts the real filters cover is not documented. Chosen: each covers the parts below, in the report and in
    the two older blocks; a part not asked for is absent; what no filter names (the plain fields, `candidate_pairs`,
    `sdk_name`, the device updates) is always there. `participant` itself is not changed.
    """
    if not filters:
        return participant
    parts = {
        "device_info": ("device_info", "browser_metadata"),
        "ip_information": ("ip_information",),
        "precall_network_information": ("pc_metadata", "precall_network_information"),
        "events": ("events",),
        "quality_stats": ("quality", "quality_stats"),
    }
    hidden = {part for name, named in parts.items() if name not in filters for part in named}

    def visible(block: dict[str, Any]) -> dict[str, Any]:
        return {key: value for key, value in block.items() if key not in hidden}

    result = visible(participant)
    if "peer_stats" in result:
        result["peer_stats"] = visible(result["peer_stats"])
    if "peer_report" in result:
        report = result["peer_report"] = visible(result["peer_report"])
        if "metadata" in report:
            report["metadata"] = visible(report["metadata"])
    return result
