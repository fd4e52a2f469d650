"""Analytics: the usage of an app, by day."""

from __future__ import annotations

import datetime as dt
from collections.abc import Coroutine, Mapping
from typing import TYPE_CHECKING, Any, Unpack, cast, overload

from realtimekit import responses
from realtimekit.errors import DecodeError
from realtimekit.execution import Call, execute
from realtimekit.flow import Async, ClientBound, F, Flow, Runner, Sync
from realtimekit.kwargs import OPTION_NAMES, RequestOptions, ScopedOptions, drop_none, split_kwargs, validate_kwargs
from realtimekit.lazy import LazyModule
from realtimekit.operation import operation
from realtimekit.paths import PathTemplate
from realtimekit.record import Record
from realtimekit.resource import BASE_PATH
from realtimekit.values import TimeLike, to_unix_seconds, to_utc_date

if TYPE_CHECKING:
    from realtimekit.costs import options as cost_options
    from realtimekit.costs import result as cost_results
    from realtimekit.resources import session_costs
else:
    cost_options = LazyModule("realtimekit.costs.options")
    cost_results = LazyModule("realtimekit.costs.result")
    session_costs = LazyModule("realtimekit.resources.session_costs")

_TEMPLATE = PathTemplate(BASE_PATH + "/{app_id}/analytics")


class SessionDay(Record, repr_fields=("day", "total_sessions")):
    """The sessions of one day."""

    day: dt.date
    total_sessions: int | None
    total_session_minutes: float | None


class SessionStats(Record, repr_fields=("sessions_count", "sessions_minutes_consumed")):
    """The sessions of a period."""

    sessions_count: int | None
    sessions_minutes_consumed: float | None
    day_stats: list[SessionDay] | None


class RecordingDay(Record, repr_fields=("day", "total_recordings")):
    """The recordings of one day."""

    day: dt.date
    total_recordings: int | None
    total_recording_minutes: float | None


class RecordingStats(Record, repr_fields=("recording_count", "recording_minutes_consumed")):
    """The recordings of a period."""

    recording_count: int | None
    recording_minutes_consumed: float | None
    day_stats: list[RecordingDay] | None


class DaywiseReport(Record):
    """Sessions and recordings, by day."""

    session_stats: SessionStats | None
    recording_stats: RecordingStats | None


class LivestreamTotals(Record, repr_fields=("count", "total_ingest_seconds", "total_viewer_seconds")):
    """The livestreams of a period."""

    count: int | None
    total_ingest_seconds: float | None
    total_viewer_seconds: float | None


class LivestreamDay(LivestreamTotals, repr_fields=("date", "count")):
    """The livestreams of one day."""

    date: dt.date | None


class Analytics(ClientBound[F]):
    """The usage reports of an app: `client.analytics`.

    Times are a `date`, an aware `datetime`, a string in ISO 8601 or Unix seconds. A date means the whole day, in UTC.
    """

    def __init__(self, client: Runner[F]) -> None:
        self._client = client

    @operation
    def daywise(
        self, *, start_date: TimeLike | None = None, end_date: TimeLike | None = None, **options: Unpack[ScopedOptions]
    ) -> Flow[DaywiseReport]:
        """Return sessions and recordings by day: `GET /analytics/daywise`. The default is the last 30 days.

        Raises:
            ValueError: a time is invalid or has no time zone, or the range is empty.
        """
        query = {
            "start_date": None if start_date is None else to_utc_date(start_date, "start_date"),
            "end_date": None if end_date is None else to_utc_date(end_date, "end_date"),
        }
        _validate_range(query, "start_date", "end_date")
        data = yield from self._report("/daywise", query, options)
        if not isinstance(data, dict):
            raise DecodeError("the daywise report contains no data")
        return DaywiseReport(data)

    @operation
    def livestreams_daywise(
        self,
        *,
        start_time: TimeLike | None = None,
        end_time: TimeLike | None = None,
        filters: str | None = None,
        **options: Unpack[ScopedOptions],
    ) -> Flow[list[LivestreamDay]]:
        """Return livestreams by day: `GET /analytics/livestreams/daywise`.

        Raises:
            ValueError: a time is invalid or has no time zone, or the range is empty.
        """
        query = _livestream_query(start_time, end_time, filters)
        data = yield from self._report("/livestreams/daywise", query, options)
        days = responses.unwrap_list(data)
        if days is None:
            raise DecodeError("the livestream report contains no list of days")
        return [LivestreamDay(day) for day in days]

    @operation
    def livestreams_overall(
        self,
        *,
        start_time: TimeLike | None = None,
        end_time: TimeLike | None = None,
        filters: str | None = None,
        **options: Unpack[ScopedOptions],
    ) -> Flow[LivestreamTotals]:
        """Return the totals of all livestreams: `GET /analytics/livestreams/overall`.

        Raises:
            ValueError: a time is invalid or has no time zone, or the range is empty.
        """
        query = _livestream_query(start_time, end_time, filters)
        data = yield from self._report("/livestreams/overall", query, options)
        if isinstance(data, list) and len(data) == 1:
            data = data[0]  # an earlier version of the API sent a list here
        if not isinstance(data, dict):
            raise DecodeError("the livestream report contains no totals")
        return LivestreamTotals(data)

    @overload
    def costs(
        self: Analytics[Sync], *, concurrency: int = 4, **options: Unpack[cost_options.CostOptions]
    ) -> cost_results.Costs: ...
    @overload
    def costs(
        self: Analytics[Async], *, concurrency: int = 4, **options: Unpack[cost_options.CostOptions]
    ) -> Coroutine[Any, Any, cost_results.Costs]: ...
    def costs(self, *, concurrency: int = 4, **options: Unpack[cost_options.CostOptions]) -> Any:
        """Return what the sessions of a period cost: minutes of participants, recordings, livestreams, transcription.

        `GET /sessions`, `/recordings`, `/livestreams`, `/meetings` and `/presets`; for each session its participants
        and, if its meeting was livestreamed, its livestream sessions; and each preset. This is an estimate:
        docs/costs.md explains how the bill may differ.

        Example:
            client.analytics.costs(month="2026-11", by="preset").to_pandas()

        Args:
            concurrency: how many sessions to read at once, 1 or more.
            options: `month`, such as "2026-11", in UTC, by default the current one; or `since` and `until`: sessions
                that started in this period. `by`: "meeting" (the default), "preset", "day" or
                "participant". `prices`: a file of prices, or what `realtimekit.costs.read_prices` returns, by default
                the published ones. `now`: the time up to which live sessions are counted, by default this machine's.

        Raises:
            ValueError: `month`, `by` or the prices are not valid, the period is empty, or a time has no time zone.
            OSError: the file of prices cannot be read.
            APIError, APIConnectionError: the usage cannot be read.
        """
        validate_kwargs(Analytics.costs, options)
        return session_costs.app_costs(self._client, options, concurrency)

    def _report(self, name: str, query: Mapping[str, Any], kwargs: Mapping[str, Any]) -> Flow[Any]:
        options, ids = split_kwargs(kwargs, OPTION_NAMES)
        settings = self._client.settings
        defaults = {"account_id": settings.account_id, "app_id": settings.app_id}
        path = _TEMPLATE.collection({**defaults, **drop_none(ids)}) + name
        call = Call("GET", path, query, options=cast("RequestOptions", options))
        return responses.unwrap((yield from execute(settings, call)))


def _livestream_query(start_time: TimeLike | None, end_time: TimeLike | None, filters: str | None) -> dict[str, Any]:
    query = {
        "start_time": None if start_time is None else to_unix_seconds(start_time, "start_time"),
        "end_time": None if end_time is None else to_unix_seconds(end_time, "end_time", end_of_day=True),
        "filters": filters,
    }
    _validate_range(query, "start_time", "end_time")
    return query


def _validate_range(query: dict[str, Any], start: str, end: str) -> None:
    if query[start] is not None and query[end] is not None and query[start] > query[end]:
        raise ValueError(f"{start}={query[start]} is later than {end}={query[end]}: the range is empty")
