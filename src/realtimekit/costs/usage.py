"""Usage: the minutes that are charged, by session, from the records of the API."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, NamedTuple

from realtimekit.attendance import Record
from realtimekit.values import try_parse_time

MINUTE = timedelta(minutes=1)
UNKNOWN_TYPE = "participant_unknown"
_TYPE = re.compile("[A-Za-z_]{1,40}")
RUNNING = ("INVOKED", "RECORDING", "PAUSED")  # what a recording is before it is stopped


class SessionRecords(NamedTuple):
    """What the API knows of a session; all as it sends it.

    Attributes:
        session: the session.
        participants: with their `peer_events`, which name the meeting type.
        recordings: those of the session.
        livestream_sessions: its livestream sessions.
        meeting: None if it is not known.
    """

    session: Record
    participants: Sequence[Record] = ()
    recordings: Sequence[Record] = ()
    livestream_sessions: Sequence[Record] = ()
    meeting: Record | None = None


class Usage(NamedTuple):
    """Minutes that are charged.

    Attributes:
        item: what for, as the prices have it: "participant_group_call", "recording", "livestream", ...
        minutes: how many.
        participant: whose they are; None if nobody's alone.
        estimated: whether they are an upper limit, because the platform does not say.
    """

    item: str
    minutes: float
    participant: Record | None = None
    estimated: bool = False


def usage_of(records: SessionRecords, presets: Mapping[str, Record], now: datetime) -> Iterator[Usage]:
    """Yield what is charged for a session.

    Args:
        records: what the API knows of it.
        presets: the presets of the app, by name.
        now: the time up to which live sessions are counted.
    """
    ended_at = try_parse_time(records.session.get("ended_at"))
    stays = [(participant, minutes_of(participant, ended_at or now)) for participant in records.participants]
    for participant, minutes in stays:
        yield Usage(participant_item(participant, presets), minutes, participant)
    for recording in records.recordings:
        yield Usage(recording_item(recording), *_recording_minutes(recording, now))
    for livestream_session in records.livestream_sessions:
        yield Usage(
            "livestream", _seconds(livestream_session, "ingest_seconds", "started_time", "stopped_time", now) / 60
        )
    yield from _transcription(records, stays, presets)


def number(value: Any) -> float | None:
    """Return a number of the API, 0 or more; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, int | float):
        return None
    try:
        converted = float(value)
    except OverflowError:
        return None
    return converted if math.isfinite(converted) and converted >= 0 else None


def minutes_of(participant: Record, end: datetime) -> float:
    """Return how long a participant stayed, in minutes.

    Args:
        participant: as the API sends it.
        end: when those left who did not leave before.
    """
    duration = number(participant.get("duration"))
    if duration is not None:
        return duration
    joined = try_parse_time(participant.get("joined_at")) or try_parse_time(participant.get("created_at"))
    left = try_parse_time(participant.get("left_at")) or end
    return 0.0 if joined is None else max((left - joined) / MINUTE, 0.0)


def preset_of(participant: Record, presets: Mapping[str, Record]) -> Record:
    """Return the preset of a participant; an empty one if it is not known."""
    name = participant.get("preset_name") or participant.get("role")
    return presets.get(name, {}) if isinstance(name, str) else {}


def participant_item(participant: Record, presets: Mapping[str, Record]) -> str:
    """Return what a minute of a participant is charged as: the meeting type of the preset decides.

    The participant's events have what it was at that time; a preset, what it is now.
    """
    events = participant.get("peer_events")
    for event in events if isinstance(events, list) else ():
        if isinstance(event, Mapping) and (item := _item_of(event.get("preset_view_type"))):
            return item
    config = preset_of(participant, presets).get("config")
    return (_item_of(config.get("view_type")) if isinstance(config, Mapping) else None) or UNKNOWN_TYPE


def _item_of(view: Any) -> str | None:
    """Return what a minute in a meeting of this type is charged as; None if it is not a meeting type."""
    is_type = isinstance(view, str) and _TYPE.fullmatch(view)
    return f"participant_{view.lower()}" if is_type else None


def recording_item(recording: Record) -> str:
    """Return what a minute of a recording is charged as."""
    if isinstance(recording.get("download_url"), list) or recording.get("tracks") is not None:
        return "track_recording"
    audio = recording.get("audio_download_url") or recording.get("download_audio_url")
    return "audio_recording" if audio and not recording.get("download_url") else "recording"


def _recording_minutes(recording: Record, now: datetime) -> tuple[float, None, bool]:
    running = recording.get("status") in RUNNING
    end = now if running else None
    return _seconds(recording, "recording_duration", "started_time", "stopped_time", end) / 60, None, running


def _seconds(record: Record, length: str, start: str, stop: str, end: datetime | None) -> float:
    """Return how long something took, in seconds: its length if there is one, else from its start to its stop."""
    seconds = number(record.get(length))
    if seconds:
        return seconds
    started, stopped = try_parse_time(record.get(start)), try_parse_time(record.get(stop)) or end
    return 0.0 if started is None or stopped is None else max((stopped - started).total_seconds(), 0.0)


def _transcription(
    records: SessionRecords, stays: list[tuple[Record, float]], presets: Mapping[str, Record]
) -> Iterator[Usage]:
    """Yield what was transcribed: each participant's audio on its own, live and after the meeting."""
    live = [
        stay
        for stay in stays
        if isinstance(permissions := preset_of(stay[0], presets).get("permissions"), Mapping)
        and permissions.get("transcription_enabled") is True
    ]
    afterwards = (records.meeting or {}).get("transcribe_on_end") is True and records.session.get("status") == "ENDED"
    reported = number(records.session.get("transcription_minutes_consumed"))
    if reported is not None:
        item = "transcription_live" if live and not afterwards else "transcription_after_meeting"
        yield Usage(item, reported)
        return
    for participant, minutes in live:
        yield Usage("transcription_live", minutes, participant, estimated=True)
    for participant, minutes in stays if afterwards else ():
        yield Usage("transcription_after_meeting", minutes, participant, estimated=True)
