"""The filters of the API's lists, applied to the records of an archive.

Where the API's documentation leaves a filter open, it is as in the emulator.
"""

from __future__ import annotations

from collections.abc import Collection
from datetime import datetime
from typing import Any

from realtimekit.values import parse_timestamp

# What each value of `filters` of a peer report shows. What is in none of them is always shown.
_PARTS = {
    "device_info": {"device_info", "browser_metadata"},
    "ip_information": {"ip_information"},
    "precall_network_information": {"pc_metadata", "precall_network_information"},
    "events": {"events"},
    "quality_stats": {"quality", "quality_stats"},
}


def mentions(record: dict[str, Any], search: str, text: str, *ids: str) -> bool:
    """Whether a field contains a text, ignoring case, or one of these ids equals it."""
    return search.lower() in str(record.get(text) or "").lower() or search in {record.get(name) for name in ids}


def is_within(time: Any, earliest: datetime | None, latest: datetime | None) -> bool:
    """Whether a time of a record is in a span, whose ends may be open."""
    if earliest is None and latest is None:
        return True
    try:
        at = parse_timestamp(time)
    except (ValueError, TypeError, AttributeError):
        return False
    return (earliest is None or at >= earliest) and (latest is None or at <= latest)


def sort_key(record: dict[str, Any], name: str) -> tuple[int, float | str]:
    """Return a sort key for records by a field: numbers, then strings, then everything else."""
    value = record.get(name)
    if isinstance(value, int | float):
        return 0, value
    return (1, value) if isinstance(value, str) else (2, "")


def merge_stays(records: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """Return one record for each participant: one stay, from the first joining to the last leaving."""
    stays: dict[Any, list[dict[str, Any]]] = {}
    for record in records:
        person = record.get("custom_participant_id") or record.get("user_id") or record.get("id")
        stays.setdefault(person, []).append(record)
    return [of_one[0] if len(of_one) == 1 else _merge(of_one) for of_one in stays.values()]


def _merge(stays: list[dict[str, Any]]) -> dict[str, Any]:
    def values(name: str) -> list[str]:
        return [str(stay[name]) for stay in stays if stay.get(name) is not None]

    whole = dict(stays[0])
    for name, choose in (("id", min), ("joined_at", min), ("created_at", min), ("updated_at", max), ("left_at", max)):
        if found := values(name):
            whole[name] = choose(found)
    if len(values("left_at")) < len(stays):
        whole["left_at"] = None
        return whole
    try:
        stayed = parse_timestamp(whole["left_at"]) - parse_timestamp(whole["joined_at"])
    except (ValueError, TypeError, AttributeError):
        return whole
    whole["duration"] = round(stayed.total_seconds() / 60, 4)
    return whole


def select_report_parts(participant: dict[str, Any], wanted: Collection[str]) -> dict[str, Any]:
    """Return a participant with only some parts of the peer report; without any wish, with everything."""
    if not wanted:
        return participant
    hidden = set[str]().union(*(names for part, names in _PARTS.items() if part not in wanted))

    def shown(value: Any, depth: int) -> Any:
        if depth == 0 or not isinstance(value, dict):
            return value
        return {name: shown(child, depth - 1) for name, child in value.items() if name not in hidden}

    visible: dict[str, Any] = shown(participant, 3)  # the deepest are in peer_report.metadata
    return visible
