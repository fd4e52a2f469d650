"""Relation: a lazy collection that paginates itself.

Nothing is sent until a relation is iterated or one of its methods sends a request. `where`, `order_by`, `page_size`,
`limit` and `prefetch` return clones, so a relation can be kept, shared between threads and tasks, and iterated again.
"""

from __future__ import annotations

from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping, Sequence
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, NoReturn, Self, cast, overload

from realtimekit import pagination, responses
from realtimekit.collection import Collection, R
from realtimekit.errors import DecodeError, ValidationError
from realtimekit.execution import Call, execute
from realtimekit.flow import Async, F, Flow, Sync
from realtimekit.kwargs import (
    OPTION_NAMES,
    RequestOptions,
    split_kwargs,
    validate_kwargs,
    validate_positive,
    validate_type,
)
from realtimekit.operation import operation
from realtimekit.prefetch import AsyncPrefetcher, Prefetcher
from realtimekit.resource import Resource
from realtimekit.selection import Selection
from realtimekit.settings import hide_headers
from realtimekit.sort_keys import note_other_key, reject_other_key, wire_sort_key
from realtimekit.values import TIME_RANGE, encode_query_value, try_parse_time, validate_time_range


class Relation(Collection[R, F]):
    """A collection that can be listed, too: the records of one kind at one path of the API, in the server's order."""

    _descending: ClassVar[str] = "DESC"  # one list of the API spells it differently
    _paginated: ClassVar[bool] = True  # one list of the API has no pages

    if TYPE_CHECKING:
        # Each relation declares its own, with the filters of its list.
        where: ClassVar[Callable[..., Any]]

    # Set on clones only.
    _query: Mapping[str, Any] = MappingProxyType({})
    _options: RequestOptions = RequestOptions()
    _limit: int | None = None
    _prefetch: int = 1
    _selection: Selection | None = None

    @classmethod
    def _of(cls, record: Resource[F], filters: Mapping[str, str], selection: Selection | None = None) -> Self:
        """Return the records that belong to another record, but are not below it in the API: filters find them."""
        relation = cls(record._client, scope=record._scope_for(cls._record))
        fixed = relation._fixed | filters.keys()
        return relation._clone(_query=dict(filters), _fixed=fixed, _selection=selection)

    def __repr__(self) -> str:
        query = "".join(f" {name}={value!r}" for name, value in self._query.items())
        return f"<{type(self).__name__} {self._template.template}{query}>"

    def _repr_html_(self) -> str:
        """Return the first records as a table, for notebooks: one request, or none.

        An async list cannot be requested while it is displayed, and one with a filter that the API lacks may need more
        than one request.
        """
        from realtimekit.notebook import relation_html

        return relation_html(self)

    def __bool__(self) -> NoReturn:
        raise TypeError(f"{self!r} is neither true nor false, because nothing was requested: use .first() or .count()")

    # --- refinement: each returns a clone ----------------------------------------------------------------------------

    def _clone(self, **changes: Any) -> Self:
        clone = object.__new__(type(self))
        clone.__dict__.update(self.__dict__, **changes)
        return clone

    def _where(self, filters: Mapping[str, Any]) -> Self:
        validate_kwargs(type(self).where, filters)
        scope, rest = self._split_scope(filters)
        options, query = split_kwargs(rest, OPTION_NAMES)
        encoded = {name: encode_query_value(name, value) for name, value in query.items() if value is not None}
        for name in ("page_no", "per_page"):
            if name in encoded:
                validate_positive(name, query[name])
        merged = {**self._query, **encoded}
        start, end = (try_parse_time(merged.get(name)) for name in TIME_RANGE)
        validate_time_range(start, end, TIME_RANGE, inclusive=True)
        if "extra_headers" in options:
            options["extra_headers"] = hide_headers(options["extra_headers"])
        before = cast("dict[str, Any]", self._options)
        for name in ("extra_query", "extra_headers"):
            if name in options:
                new = options[name] or {}
                # The new ones come last: of header names that differ only in case, the last one counts.
                kept = {key: old for key, old in (before.get(name) or {}).items() if key not in new}
                options[name] = {**kept, **new}
        return self._clone(_scope=scope, _query=merged, _options=cast("RequestOptions", {**before, **options}))

    def page_size(self, size: int) -> Self:
        """Request this many records per page (`per_page`). The server may send fewer; its maximum is not documented.

        Example:
            for session in Session.where(status="ENDED").page_size(100): ...
        """
        return self._clone(_query={**self._query, "per_page": str(validate_positive("page_size", size))})

    def limit(self, count: int) -> Self:
        """Stop after this many records.

        Example:
            newest = client.sessions.order_by("-created_at").limit(10).all()
        """
        return self._clone(_limit=validate_positive("limit", count))

    def prefetch(self, pages: int) -> Self:
        """Request up to this many pages concurrently while iterating. Order is preserved.

        At most this many pages are in memory. The first page is requested alone: it says how many there are. Where the
        server does not say, pages are requested one after the other.

        Example:
            for session in client.sessions.prefetch(8): ...
        """
        return self._clone(_prefetch=validate_positive("prefetch", pages))

    def _order_by(self, field: str, *, by: bool = True) -> Self:
        name = validate_type("order_by()", field, str, "the name of a field").removeprefix("-")
        query = {"sort_order": self._descending if field.startswith("-") else "ASC"}
        if by:
            query["sort_by"] = wire_sort_key(name)
        else:
            reject_other_key(type(self), field)
        return self._clone(_query={**self._query, **query})

    # --- requests --------------------------------------------------------------------------------------------------

    def _fetch_page(self, page_no: int, per_page: int | None = None) -> Flow[Page[R]]:
        ids = self._path_ids(self._scope)
        query = dict(self._query)
        if self._selection is not None:
            query = yield from self._selection.query(self._client, ids, query)
        if self._paginated:
            query |= {"page_no": page_no} if per_page is None else {"page_no": page_no, "per_page": per_page}
        call = Call("GET", self._template.collection(ids), query, options=self._options)
        try:
            body = yield from execute(self._client.settings, call)
        except ValidationError as error:
            note_other_key(type(self), query, error)
            raise
        entries = self._items_from(body)
        if entries is None:
            raise DecodeError(f"GET {call.path}: the response contains no list of {self._record.__name__} records")
        if self._paginated:
            paging = pagination.paging(body)
        else:
            paging = pagination.Paging(len(entries), 1, len(entries))
            entries = entries if page_no == 1 else []
        items = [entry for entry in entries if entry is not None]
        records = cast("list[R]", self._record._from_page(self._client, items, self._record_scope(ids)))
        return Page(records, [_key(entry) for entry in entries], paging)

    def _fetch_matching(self, page_no: int) -> Flow[Page[R]]:
        """Like `_fetch_page`, with the records that match, if the relation has a `Selection`."""
        page = yield from self._fetch_page(page_no)
        if self._selection is None:
            return page
        matching: list[R] = []
        for record in page.records:
            matching += [record] if (yield from self._selection.matches(record)) else []
        return page._replace(matching=matching)

    def _items_from(self, body: Any) -> Sequence[dict[str, Any] | None] | None:
        """Return the raw records in a response, some of which may be null; None if it contains no list of them."""
        return responses.unwrap_entries(body, self._items_key)

    def _find_first(self, predicate: Callable[[R], bool]) -> Flow[R | None]:
        """Return the first record of all pages that fulfills the predicate, or None."""
        paginator = self._paginator()
        while paginator.page_no is not None:
            page = yield from self._fetch_page(paginator.page_no)
            for record in page.accepted_by(paginator):
                if predicate(record) and (self._selection is None or (yield from self._selection.matches(record))):
                    return record
        return None

    def _fetch_until(self, is_past: Callable[[R], bool]) -> Flow[list[R]]:
        """Return the records of all pages, up to the first page whose records are all past what is wanted."""
        paginator = self._paginator()
        found: list[R] = []
        while paginator.page_no is not None:
            records = (yield from self._fetch_matching(paginator.page_no)).accepted_by(paginator)
            found += records
            if records and all(map(is_past, records)):
                break
        return found

    def _paginator(self) -> pagination.Paginator:
        return pagination.Paginator(int(self._query.get("page_no", 1)), self._limit)

    @operation
    def first(self) -> Flow[R | None]:
        """Return the first record, or None. One request, for a page of one record.

        Example:
            newest = client.sessions.order_by("-created_at").first()
        """
        if self._selection is not None:
            return (yield from self._clone(_limit=None)._find_first(lambda _: True))
        page_no = int(self._query.get("page_no", 1))
        page = yield from self._fetch_page(page_no, per_page=1 if page_no == 1 else None)
        if page.keys and not page.records:  # only null
            return (yield from self._find_first(lambda _: True))
        return page.records[0] if page.records else None

    @operation
    def page(self, number: int, /) -> Flow[list[R]]:
        """Return one page (1, 2, ...) of all matching records. One request.

        Example:
            second = client.sessions.page_size(50).page(2)

        Raises:
            ValueError: the number is not a page number, or the relation has a `limit()` or a filter that the API lacks.
        """
        if self._limit is not None:
            raise ValueError("page() does not support limit(): use one of the two")
        if self._selection is not None:
            raise ValueError("page() cannot apply this filter, which the API lacks: iterate, or use all()")
        return (yield from self._fetch_page(validate_positive("page", number))).records

    @operation
    def count(self) -> Flow[int]:
        """Return how many records `all()` would return.

        One request if the response contains `paging` and the API has all filters; otherwise all pages are read.

        Example:
            client.sessions.where(status="ENDED").count()
        """
        paginator = self._paginator()
        first_page, total = paginator.page_no or 1, 0
        if self._selection is None:
            page = yield from self._fetch_page(first_page, per_page=1 if first_page == 1 else None)
            paging = page.paging
            before = 0 if first_page == 1 else None if paging.start_offset is None else paging.start_offset - 1
            if paging.total_count is not None and before is not None:
                total = max(paging.total_count - before, 0) if page.keys else 0
                return total if self._limit is None else min(total, self._limit)
        while paginator.page_no is not None:
            page = yield from self._fetch_matching(paginator.page_no)
            total += len(page.accepted_by(paginator))
        return total

    # --- iteration, in small twins -----------------------------------------------------------------------------------

    @overload
    def pages(self: Relation[R, Sync]) -> Iterator[list[R]]: ...
    @overload
    def pages(self: Relation[R, Async]) -> AsyncIterator[list[R]]: ...
    def pages(self) -> Any:
        """Iterate over the pages, as lists of records.

        Example:
            for page in client.sessions.page_size(100).pages(): ...
        """
        return self._pages_async() if self._client.asynchronous else self._pages_sync()

    def _pages_sync(self) -> Iterator[list[R]]:
        paginator = self._paginator()
        prefetcher: Prefetcher[Page[R]]
        with Prefetcher(
            self._prefetch, lambda n: self._client.run(prefetcher.until_closed(self._fetch_matching(n)))
        ) as prefetcher:
            while paginator.page_no is not None:
                page = prefetcher.get(paginator.page_no, paginator.last_page)
                if records := page.accepted_by(paginator):
                    yield records

    async def _pages_async(self) -> AsyncIterator[list[R]]:
        paginator = self._paginator()
        async with AsyncPrefetcher(self._prefetch, lambda n: self._client.run(self._fetch_matching(n))) as prefetcher:
            while paginator.page_no is not None:
                page = await prefetcher.get(paginator.page_no, paginator.last_page)
                if records := page.accepted_by(paginator):
                    yield records

    def __iter__(self: Relation[R, Sync]) -> Iterator[R]:
        if self._client.asynchronous:
            raise TypeError(f"{self!r} belongs to an AsyncRealtimeKit: use `async for`, or `await relation.all()`")
        return (record for page in self.pages() for record in page)

    def __aiter__(self: Relation[R, Async]) -> AsyncIterator[R]:
        if not self._client.asynchronous:
            raise TypeError(f"{self!r} belongs to a RealtimeKit: use a plain `for`")
        return (record async for page in self.pages() for record in page)

    @overload
    def all(self: Relation[R, Sync]) -> list[R]: ...
    @overload
    def all(self: Relation[R, Async]) -> Coroutine[Any, Any, list[R]]: ...
    def all(self) -> Any:
        """Return every record, as a list.

        Example:
            client.sessions.where(status="ENDED").all()
        """
        return self._all_async() if self._client.asynchronous else list(cast("Any", self))

    async def _all_async(self) -> list[R]:
        return [record async for record in cast("Any", self)]


class Page(NamedTuple, Generic[R]):
    """One page of a list.

    Attributes:
        records: its records.
        keys: the key of each entry of the response, None for null.
        paging: the position of the page in the list.
        matching: the records that belong to the relation; None means all of them.
    """

    records: list[R]
    keys: list[Any]
    paging: pagination.Paging
    matching: list[R] | None = None

    def accepted_by(self, paginator: pagination.Paginator) -> list[R]:
        """Return the records that count, as `Paginator.accept` decides."""
        count = paginator.accept(self.keys, self.paging, None if self.matching is None else len(self.matching))
        return (self.records if self.matching is None else self.matching)[:count]


def _key(entry: dict[str, Any] | None) -> Any:
    """Return what identifies an entry of a page; None for null."""
    return None if entry is None else entry.get("id") or repr(entry)
