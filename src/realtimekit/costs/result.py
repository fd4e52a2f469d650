"""The costs of sessions: minutes with their prices, in groups, and notes about them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Literal, NamedTuple, TypeAlias, get_args

from realtimekit import dataframes
from realtimekit.attendance import Record, person_key, text_of
from realtimekit.costs.idle_usage import IdleUsage, find_idle_usage
from realtimekit.costs.period import day_of
from realtimekit.costs.prices import Prices
from realtimekit.costs.usage import SessionRecords, Usage, number, usage_of
from realtimekit.readable import pluralize
from realtimekit.values import format_time

CostsBy: TypeAlias = Literal["meeting", "preset", "day", "participant"]

# Smaller differences between the platform's minutes and the sum of the participants' are rounding.
TOLERANCE_MINUTES, TOLERANCE_SHARE = 1.0, 0.01
COLUMNS: dict[str, dataframes.Kind] = {
    "key": "string",
    "name": "string",
    "sessions": "integer",
    "participant_minutes": "number",
    "recording_minutes": "number",
    "livestream_minutes": "number",
    "transcription_minutes": "number",
    "cost": "number",
    "unpriced": "string",
}


class CostLine(NamedTuple):
    """Minutes of one kind, and what they cost.

    Attributes:
        item: what is charged: "participant_group_call", "recording", "transcription_after_meeting", ...
        minutes: how many.
        per_minute: the price; None if it is unknown.
        cost: minutes times price; None if it is unknown.
        estimated: whether the minutes are an upper limit, because the platform does not say how many there were.
        source: where the price is published; None if there is none.
        date: when the price was read there.
    """

    item: str
    minutes: float
    per_minute: float | None
    cost: float | None
    estimated: bool
    source: str | None
    date: date | None

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {**self._asdict(), "date": None if self.date is None else self.date.isoformat()}


class CostGroup(NamedTuple):
    """The costs of a meeting, a preset, a day or a person.

    Attributes:
        key: the meeting's id, the preset's name, the UTC date, or the person's `custom_participant_id`, else their
            `user_id`, else their peer id. None for what cannot be divided: recordings by person, for instance.
        name: the meeting's title, or the person's display name.
        sessions: in how many sessions.
        lines: what is charged.
    """

    key: str | None
    name: str | None
    sessions: int
    lines: list[CostLine]

    @property
    def cost(self) -> float:
        """The sum of what has a price."""
        return _total(self.lines)

    @property
    def unpriced(self) -> list[str]:
        """What is charged at an unknown price."""
        return _unpriced(self.lines)

    def row(self) -> dict[str, Any]:
        """Return the group as one row, with the minutes of each kind."""
        minutes = {f"{kind}_minutes": 0.0 for kind in ("participant", "recording", "livestream", "transcription")}
        for line in self.lines:
            minutes[f"{_kind_of(line.item)}_minutes"] += line.minutes
        return {
            "key": self.key,
            "name": self.name,
            "sessions": self.sessions,
            **minutes,
            "cost": self.cost,
            "unpriced": ", ".join(self.unpriced),
        }


class Difference(NamedTuple):
    """A session whose minutes are not the sum of its participants' minutes.

    Attributes:
        session_id: the session.
        minutes_consumed: what the platform says.
        counted: the sum.
    """

    session_id: str | None
    minutes_consumed: float
    counted: float


class Costs(NamedTuple):
    """What sessions cost.

    Attributes:
        since: the start of the period; None for the costs of one session.
        until: the end of the period.
        by: what the sessions are grouped by.
        currency: of the costs, "USD".
        sessions: how many there are.
        lines: what is charged, over all sessions.
        groups: the same in groups, the most expensive first; days in their order.
        idle_usage: agents, recorders, people and recordings that continued when everybody else had left.
        differences: sessions whose `minutes_consumed` differ from the sum of the participants' minutes.
        notes: other limitations of these costs, as sentences.
    """

    since: datetime | None
    until: datetime | None
    by: CostsBy
    currency: str
    sessions: int
    lines: list[CostLine]
    groups: list[CostGroup]
    idle_usage: list[IdleUsage]
    differences: list[Difference]
    notes: list[str]

    def __repr__(self) -> str:
        return f"<Costs {self.cost:.2f} {self.currency} sessions={self.sessions} by={self.by!r}>"

    @property
    def cost(self) -> float:
        """The sum of what has a price, in `currency`. It is not rounded."""
        return _total(self.lines)

    @property
    def unpriced(self) -> list[str]:
        """The items whose price is unknown, and which are not in `cost`."""
        return _unpriced(self.lines)

    def _repr_html_(self) -> str:
        """Return the groups as a table, for notebooks."""
        from realtimekit.notebook import html_table

        return html_table(repr(self), list(COLUMNS), [list(row.values()) for row in self.rows()], " ".join(self.notes))

    def rows(self) -> list[dict[str, Any]]:
        """Return a dict for each group, with the minutes of each kind."""
        return [group.row() for group in self.groups]

    def to_dict(self) -> dict[str, Any]:
        """Return plain JSON."""
        return {
            "since": None if self.since is None else format_time(self.since, "since"),
            "until": None if self.until is None else format_time(self.until, "until"),
            "by": self.by,
            "currency": self.currency,
            "sessions": self.sessions,
            "cost": self.cost,
            "unpriced": self.unpriced,
            "lines": [line.to_dict() for line in self.lines],
            "groups": [{**group.row(), "lines": [line.to_dict() for line in group.lines]} for group in self.groups],
            "idle_usage": [one.to_dict() for one in self.idle_usage],
            "differences": [one._asdict() for one in self.differences],
            "notes": self.notes,
        }

    def to_pandas(self) -> Any:
        """Return a pandas.DataFrame with a row for each group.

        Raises:
            ImportError: pandas is not installed.
        """
        return dataframes.to_pandas(self._columns(), COLUMNS)

    def to_polars(self) -> Any:
        """As `to_pandas`, but a polars.DataFrame.

        Raises:
            ImportError: polars is not installed.
        """
        return dataframes.to_polars(self._columns(), COLUMNS)

    def _columns(self) -> dict[str, list[Any]]:
        rows = self.rows()
        return {name: [row[name] for row in rows] for name in COLUMNS}


def _total(lines: Iterable[CostLine]) -> float:
    return sum((line.cost for line in lines if line.cost is not None), 0.0)


def _unpriced(lines: Iterable[CostLine]) -> list[str]:
    return [line.item for line in lines if line.cost is None and line.minutes]


def _kind_of(item: str) -> str:
    return next((kind for kind in ("participant", "livestream", "transcription") if item.startswith(kind)), "recording")


# --- how they are calculated ------------------------------------------------------------------------------------------


class Calculation:
    """Adds up the costs of sessions, one after the other.

    Args:
        presets: the presets of the app, by name, as the API sends them.
        prices: what a minute costs.
        by: what to group by.
        now: the time up to which live sessions are counted.
    """

    def __init__(self, presets: Mapping[str, Record], prices: Prices, by: CostsBy, now: datetime) -> None:
        self._presets, self._prices, self._now = presets, prices, now
        self._by: CostsBy = by
        self._sessions = 0
        self._groups: dict[str | None, _Sum] = {}
        self._idle_usage: list[IdleUsage] = []
        self._differences: list[Difference] = []
        self._live = 0

    def add(self, records: SessionRecords) -> None:
        """Add a session."""
        self.count(1, live=int(records.session.get("status") == "LIVE"))
        counted = 0.0
        touched: dict[int, _Sum] = {}  # by participant: most have several kinds of minutes
        for usage in usage_of(records, self._presets, self._now):
            group = touched.get(id(usage.participant))
            if group is None:
                key, name = self._key(records, usage)
                group = self._groups.setdefault(key, _Sum())
                group.name = name or group.name
                touched[id(usage.participant)] = group
            group.add(usage)
            counted += usage.minutes if usage.item.startswith("participant") else 0.0
        for group in {id(group): group for group in touched.values()}.values():
            group.sessions += 1
        self.add_idle_usage(records)
        consumed = number(records.session.get("minutes_consumed"))
        if consumed is not None and records.session.get("status") != "LIVE":
            self.compare(text_of(records.session, "id"), consumed, counted)

    # What `add` does for one session, for many at once: of an archive, a database adds them up.

    def count(self, sessions: int, *, live: int) -> None:
        """Count sessions, some of which may be live."""
        self._sessions += sessions
        self._live += live

    def add_group(self, key: str | None, name: str | None, sessions: int) -> None:
        """Count sessions in a group.

        Args:
            key: of the group.
            name: its name; None leaves the one that it has.
            sessions: in how many sessions something is charged.
        """
        group = self._groups.setdefault(key, _Sum())
        group.name = name or group.name
        group.sessions += sessions

    def add_usage(self, key: str | None, usages: Iterable[Usage]) -> None:
        """Add minutes to a group."""
        group = self._groups.setdefault(key, _Sum())
        for usage in usages:
            group.add(usage)

    def add_idle_usage(self, records: SessionRecords) -> None:
        """Add the idle usage of a session."""
        self._idle_usage += find_idle_usage(records, self._presets, self._prices, self._now)

    def compare(self, session_id: str | None, consumed: float, counted: float) -> None:
        """Compare the platform's minutes of a session with the sum of its participants' minutes."""
        difference = abs(consumed - counted)
        if difference > TOLERANCE_MINUTES and difference > TOLERANCE_SHARE * max(consumed, counted):
            self._differences.append(Difference(session_id, consumed, counted))

    def _key(self, records: SessionRecords, usage: Usage) -> tuple[str | None, str | None]:
        session = records.session
        match self._by:
            case "meeting":
                return text_of(session, "associated_id"), text_of(session, "meeting_display_name")
            case "day":
                return day_of(session), None
            case "preset" if usage.participant is not None:
                return text_of(usage.participant, "preset_name") or text_of(usage.participant, "role"), None
            case "participant" if usage.participant is not None:
                person = person_key(usage.participant)
                peer_id = text_of(usage.participant, "id")
                return person[1] if person else peer_id, text_of(usage.participant, "display_name")
            case _:
                return None, None

    def result(self, since: datetime | None, until: datetime | None, notes: Iterable[str] = ()) -> Costs:
        """Return the costs of all sessions that were added.

        Args:
            since: the beginning of the period; None if there is none.
            until: its end.
            notes: what else to know about them.
        """
        groups = [
            CostGroup(key, group.name, group.sessions, group.lines(self._prices)) for key, group in self._groups.items()
        ]
        if self._by == "day":
            groups.sort(key=lambda group: group.key or "")
        else:
            groups.sort(key=lambda group: (-group.cost, group.key or ""))
        total = _Sum()
        for group in self._groups.values():
            total.add_all(group)
        lines = total.lines(self._prices)
        self._idle_usage.sort(key=lambda one: -one.minutes)
        return Costs(
            since,
            until,
            self._by,
            self._prices.currency,
            self._sessions,
            lines,
            groups,
            self._idle_usage,
            self._differences,
            [*notes, *self._notes(lines)],
        )

    def _notes(self, lines: list[CostLine]) -> Iterable[str]:
        if self._live:
            yield f"{pluralize(self._live, 'session is', 'sessions are')} live, and counted up to now"
        if any(line.estimated and line.item.startswith("transcription") for line in lines):
            yield (
                "the platform does not say how many minutes were transcribed: each participant's whole stay is counted,"
                " which is an upper limit"
            )
        for line in lines:
            if line.cost is None and line.minutes:
                yield f"{line.minutes:.1f} minutes of {line.item} are not in the costs: no price is known"


class _Sum:
    """Minutes by what they are for."""

    def __init__(self) -> None:
        self.name: str | None = None
        self.sessions = 0
        self._minutes: dict[str, float] = {}
        self._estimated: set[str] = set()

    def add(self, usage: Usage) -> None:
        self._minutes[usage.item] = self._minutes.get(usage.item, 0.0) + usage.minutes
        if usage.estimated:
            self._estimated.add(usage.item)

    def add_all(self, other: _Sum) -> None:
        for item, minutes in other._minutes.items():
            self._minutes[item] = self._minutes.get(item, 0.0) + minutes
        self._estimated |= other._estimated

    def lines(self, prices: Prices) -> list[CostLine]:
        found: list[CostLine] = []
        for item, unrounded in sorted(self._minutes.items()):
            minutes = round(unrounded, 9)  # whatever the order in which they were added
            price = prices.prices.get(item)
            known = (None, None, None) if price is None else price
            cost = prices.cost(item, minutes)
            found.append(CostLine(item, minutes, known[0], cost, item in self._estimated, known[1], known[2]))
        return found


def validate_by(by: CostsBy) -> CostsBy:
    """Return what to group by.

    Raises:
        ValueError: it is not one of these.
    """
    if by not in get_args(CostsBy):
        raise ValueError(f"by={by!r}: use one of {', '.join(get_args(CostsBy))}")
    return by
