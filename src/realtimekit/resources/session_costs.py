"""The costs of sessions: reads what they used from the API. `realtimekit.costs` calculates."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from functools import partial
from typing import Any

from realtimekit.attendance import Record, text_of
from realtimekit.concurrent import run_all
from realtimekit.costs.options import CostOptions, PricesLike, resolve_options, to_prices
from realtimekit.costs.result import Calculation, Costs, CostsBy, validate_by
from realtimekit.costs.usage import SessionRecords
from realtimekit.errors import NotFoundError
from realtimekit.flow import Blocking, Flow, Runner
from realtimekit.resources.livestream import Livestreams
from realtimekit.resources.meeting import Meetings
from realtimekit.resources.preset import Presets
from realtimekit.resources.recording import Recordings
from realtimekit.resources.session import Session, Sessions
from realtimekit.resources.session_reading import (
    PAGE_SIZE,
    is_before,
    margin_before,
    read_all,
    read_participants,
    read_period,
)


class _Preset:
    """A preset that was read."""

    def __init__(self, data: Record | None) -> None:
        self.data = data


def app_costs(client: Runner[Any], options: CostOptions, concurrency: int) -> Any:
    """Return the costs of an app: see `Analytics.costs`."""
    resolved = resolve_options(options)
    notes: list[str] = []

    def finish(found: list[_Preset | SessionRecords]) -> Costs:
        presets = _by_name(one.data for one in found if isinstance(one, _Preset))
        calculation = Calculation(presets, resolved.prices, resolved.by, resolved.now)
        for one in found:
            if isinstance(one, SessionRecords):
                calculation.add(one)
        return calculation.result(resolved.since, resolved.until, notes)

    return run_all(client, _read_app(client, resolved.since, resolved.until, notes), finish, concurrency)


def session_costs(
    session: Session[Any], *, by: CostsBy = "participant", prices: PricesLike = None, now: datetime | None = None
) -> Flow[Costs]:
    """Return the costs of one session: see `Session.costs`."""
    validate_by(by)
    known, at = (yield Blocking(partial(to_prices, prices))), now or datetime.now(UTC)
    if session._data.get("status") is None:  # only its id is known
        yield from session._read()
    client, scope = session._client, session._scope_for(type(session))
    recordings = yield from read_all(session.recordings)
    meeting_id = text_of(session._data, "associated_id")
    meetings = yield from _read_meetings(Meetings(client, scope=scope), {meeting_id} if meeting_id else set())
    records = yield from _read_session(session, recordings, meetings.get(meeting_id), livestreamed=True)
    presets: list[_Preset] = []
    for reading in (yield from _list_presets(Presets(client, scope=scope))):
        presets += [(yield from reading)]
    calculation = Calculation(_by_name(preset.data for preset in presets), known, by, at)
    calculation.add(records)
    return calculation.result(None, None)


def _by_name(presets: Iterable[Record | None]) -> dict[str, Record]:
    return {preset["name"]: preset for preset in presets if preset and isinstance(preset.get("name"), str)}


def _read_app(
    client: Runner[Any], since: datetime, until: datetime, notes: list[str]
) -> Flow[list[Flow[_Preset | SessionRecords]]]:
    """Read the lists of an app, and return the flows that read the rest: of each preset, and of each session."""
    sessions = yield from read_period(Sessions(client), since, until)
    if not sessions:
        return []
    flows: list[Flow[Any]] = list((yield from _list_presets(Presets(client))))
    recordings: dict[Any, list[Record]] = {}
    listed = Recordings(client).order_by("-invoked_time").page_size(PAGE_SIZE)
    oldest = margin_before(since)
    for recording in (yield from listed._fetch_until(lambda record: is_before(record, "invoked_time", oldest))):
        recordings.setdefault(text_of(recording._data, "session_id"), []).append(recording._data)
    try:
        livestreams = yield from read_all(Livestreams(client))
    except NotFoundError:  # an archive does not list them
        livestreamed = None
    else:
        livestreamed = {text_of(livestream, "meeting_id") for livestream in livestreams}
        if without := sum(livestream.get("meeting_id") is None for livestream in livestreams):
            notes.append(f"livestreams without a meeting are not counted: no price is published for them ({without})")
    ids = {text_of(session._data, "associated_id") for session in sessions}
    meetings = yield from _read_meetings(Meetings(client), {found for found in ids if found})
    for session in sessions:
        meeting_id = text_of(session._data, "associated_id")
        is_livestreamed = livestreamed is None or meeting_id in livestreamed
        own = recordings.get(session.id, [])
        flows.append(_read_session(session, own, meetings.get(meeting_id), livestreamed=is_livestreamed))
    return flows


def _read_session(
    session: Session[Any], recordings: Sequence[Record], meeting: Record | None, *, livestreamed: bool
) -> Flow[SessionRecords]:
    participants = yield from read_participants(session)
    livestream_sessions: list[Record] = []
    if livestreamed:
        try:
            found = yield from type(session).livestream_sessions.flow(session, per_page=PAGE_SIZE)
        except NotFoundError:
            found = []
        livestream_sessions = [record._data for record in found]
    return SessionRecords(session._data, participants, recordings, livestream_sessions, meeting)


def _read_meetings(meetings: Meetings[Any], ids: set[str]) -> Flow[dict[Any, Record]]:
    """Read these meetings: page by page, or, if the app has far more of them, one by one."""
    found: dict[Any, Record] = {}
    if len(ids) > 1:
        listed = meetings.page_size(PAGE_SIZE)
        page = yield from listed._fetch_page(1)
        total = page.paging.total_count
        if total is None or total <= PAGE_SIZE * len(ids):
            found = {record["id"]: record for record in (yield from read_all(meetings)) if text_of(record, "id") in ids}
        else:
            found = {record.id: record._data for record in page.records if text_of(record._data, "id") in ids}
    for meeting_id in sorted(ids - found.keys()):
        try:
            found[meeting_id] = (yield from type(meetings).find.flow(meetings, meeting_id))._data
        except (NotFoundError, ValueError):  # ValueError: it is not an id
            continue
    return found


def _list_presets(presets: Presets[Any]) -> Flow[list[Flow[_Preset]]]:
    """Return the flows that read each preset of the app: lists have only their names."""
    try:
        listed = yield from presets.page_size(PAGE_SIZE)._fetch_until(lambda _: False)
    except NotFoundError:  # an archive does not have them
        return []
    return [_read_preset(preset) for preset in listed]


def _read_preset(preset: Any) -> Flow[_Preset]:
    try:
        yield from preset._read()
    except NotFoundError:  # it was deleted
        return _Preset(None)
    return _Preset(preset._data)
