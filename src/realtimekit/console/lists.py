"""The lists of the console: their rows, and their filters and order."""

from __future__ import annotations

from datetime import datetime
from typing import Generic, NamedTuple, Protocol, TypeVar

T = TypeVar("T")

PAGE_SIZE = 50


class SessionQuery(NamedTuple):
    """Which sessions, in which order.

    Attributes:
        text: a part of the title, or an id; None for all.
        status: "LIVE" or "ENDED"; None for both.
        meeting_id: None for all meetings.
        since, until: when they began; None leaves a bound out.
        sort: one of the source's `sorts`.
        descending: whether the largest come first.
        page: from 1.
    """

    text: str | None = None
    status: str | None = None
    meeting_id: str | None = None
    since: datetime | None = None
    until: datetime | None = None
    sort: str = "started"
    descending: bool = True
    page: int = 1


class SessionRow(NamedTuple):
    """A session in a list. What is not known is None.

    Attributes:
        id, title, status, meeting_id: of the session and its meeting.
        started_at: when it began.
        seconds: how long it took.
        people: how many took part in an archive; in the API, how many at the same time at most.
        minutes: the participants' minutes.
    """

    id: str
    title: str | None
    status: str | None
    meeting_id: str | None
    started_at: datetime | None
    seconds: float | None
    people: int | None
    minutes: float | None


class PersonRow(NamedTuple):
    """A person across sessions: `custom_participant_id`, or else the user id, or the peer id.

    Attributes:
        id: the first of these that there is.
        name: the last display name.
        sessions: in how many sessions they were.
        minutes: how long in total.
        first_seen, last_seen: when they joined for the first and for the last time.
    """

    id: str
    name: str | None
    sessions: int
    minutes: float | None
    first_seen: datetime | None
    last_seen: datetime | None


class Listing(NamedTuple, Generic[T]):
    """A page of a list.

    Attributes:
        rows: of this page.
        total: of all pages; None if it is not known.
        page: its number, from 1.
    """

    rows: list[T]
    total: int | None
    page: int

    @property
    def first(self) -> int:
        """The number of the first row, from 1."""
        return (self.page - 1) * PAGE_SIZE + 1

    @property
    def has_next(self) -> bool:
        return self.page * PAGE_SIZE < self.total if self.total is not None else len(self.rows) == PAGE_SIZE


class SessionLists(Protocol):
    """Where the list of sessions comes from."""

    sorts: dict[str, str]  # the key of each order -> its name

    def sessions(self, query: SessionQuery) -> Listing[SessionRow]: ...
