"""Collections of records, and Relation: the lazy kind that pages itself.

Nothing is sent until it is iterated or asked. `where`, `order_by`, `page_size`, `limit` and `prefetch` return changed
copies, so a relation can be kept, shared between threads and tasks, and iterated again.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, cast, overload

from realtimekit import protocol
from realtimekit.errors import DecodeError
from realtimekit.execution import execute
from realtimekit.flow import ClientBound, F, Flow, operation
from realtimekit.kwargs import OPTIONS, Options, check, split
from realtimekit.paths import PathTemplate, segment
from realtimekit.prefetch import AsyncPrefetcher, Prefetcher
from realtimekit.resource import KIT, Refused, Resource
from realtimekit.values import query_value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping

    from realtimekit.flow import Async, Runner, Sync

R = TypeVar("R", bound=Resource[Any])


class Collection(ClientBound[F], Generic[R, F]):
    """One place of the API where records of one kind are found by their id, and made."""

    _record: ClassVar[type[Resource[Any]]]
    _template: ClassVar[PathTemplate]
    _items_key: ClassVar[str | None]

    def __init_subclass__(
        cls, *, of: type[Resource[Any]] | None = None, path: str = "", items_key: str | None = None
    ) -> None:
        """Where records are listed otherwise than at the path of their class: `of` which class, at which `path`.

        Without `of` the class of the records says all that with its own keywords.
        """
        super().__init_subclass__()
        if of is not None:
            cls._record, cls._template, cls._items_key = of, PathTemplate(KIT + path), items_key

    if TYPE_CHECKING:
        # Each collection that has it has its own.
        ref: ClassVar[Callable[..., Any]]
    else:
        create = Refused()

    def __init__(self, client: Runner[F], *, scope: Mapping[str, Any] | None = None) -> None:
        self._client = client
        self._scope: Mapping[str, Any] = scope or {}
        self._fixed = frozenset(self._scope)  # a collection below a record cannot be moved elsewhere

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._template.template}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} cannot be pickled or copied: it belongs to a client. Pickle its records instead")

    def _scoped(self, given: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """The scope with the ids among the given keywords, and the other keywords."""
        ids, rest = split(given, self._template.parents)
        for name in ids.keys() & self._fixed:
            raise TypeError(f"{name}= is given by the record that these {self._record.__name__} records belong to")
        return {**self._scope, **{name: value for name, value in ids.items() if value is not None}}, rest

    def _resolved(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        settings = self._client.settings
        return {"account_id": settings.account_id, "app_id": settings.app_id, **scope}

    def _kept(self, ids: Mapping[str, Any]) -> dict[str, Any]:
        return {name: ids.get(name) for name in self._record._template.parents}

    def _find(self, id: str, query: Mapping[str, Any], given: Mapping[str, Any]) -> Flow[R]:  # noqa: A002
        record = self._at(id, given)
        options, _ = split(given, OPTIONS)
        record._take((yield from record._call("GET", query=query, options=cast("Options", options))))
        return record

    def _at(self, id: str, given: Mapping[str, Any]) -> R:  # noqa: A002
        scope, _ = self._scoped(given)
        segment(self._record._template.own or "id", id)  # a wrong id is the caller's here, later it is the server's
        return cast("R", self._record._load(self._client, {"id": id}, self._kept(self._resolved(scope))))

    def _reference(self, id: str, given: Mapping[str, Any]) -> R:  # noqa: A002
        check(type(self).ref, given)
        record = self._at(id, given)
        record._member_path()  # refuses a wrong id, or a missing one, here and now
        return record

    def _create(self, fields: Mapping[str, Any], suffix: str = "") -> Flow[R]:
        return self._one("POST", suffix, fields)

    def _one(self, method: str, suffix: str, given: Mapping[str, Any]) -> Flow[R]:
        """The record that a call answers with."""
        call = self._call(method, suffix, given)
        del given  # as in `execute`
        answer, scope = yield from call
        record = self._record._load(self._client, {}, scope)
        record._take(answer)
        return cast("R", record)

    def _call(self, method: str, suffix: str, given: Mapping[str, Any]) -> Flow[tuple[Any, dict[str, Any]]]:
        """A call on the collection's own path, or below it: its answer, and the scope of the records in it.

        Among the given keywords are ids and options; the others are the body.
        """
        scope, rest = self._scoped(given)
        options, body = split(rest, OPTIONS)
        ids = self._resolved(scope)
        path = self._template.collection(ids) + suffix
        settings = self._client.settings
        sent = None if method == "GET" else body
        call = execute(settings, method, path, None, sent, cast("Options", options))
        del given, rest, options, body, sent  # as in `execute`
        return (yield from call), self._kept(ids)


class Relation(Collection[R, F]):
    """A collection that can be listed, too: the records of one kind in one place of the API, in the server's order."""

    _descending: ClassVar[str] = "DESC"  # one list of the API spells it otherwise
    _paged: ClassVar[bool] = True  # one list of the API comes whole

    if TYPE_CHECKING:
        # Each class of relation has its own, with the filters of its list.
        where: ClassVar[Callable[..., Any]]

    # What a relation is refined by; only changed copies have their own.
    _query: Mapping[str, Any] = MappingProxyType({})
    _options: Options = Options()
    _limit: int | None = None
    _window: int = 1

    def __repr__(self) -> str:
        query = "".join(f" {name}={value!r}" for name, value in self._query.items())
        return f"<{type(self).__name__} {self._template.template}{query}>"

    def __bool__(self) -> NoReturn:
        raise TypeError(f"whether there are any in {self!r} is for the server to say: ask .first() or .count()")

    # --- refining: each returns a changed copy ---------------------------------------------------------------------

    def _changed(self, **changes: Any) -> Self:
        copy = object.__new__(type(self))
        copy.__dict__.update(self.__dict__, **changes)
        return copy

    def _where(self, filters: Mapping[str, Any]) -> Self:
        check(type(self).where, filters)
        scope, rest = self._scoped(filters)
        options, query = split(rest, OPTIONS)
        wire = {name: query_value(name, value) for name, value in query.items() if value is not None}
        for name in ("page_no", "per_page"):
            if name in wire:
                _positive(name, query[name])
        before = self._options
        if "extra_query" in options:
            options["extra_query"] = {**before.get("extra_query", {}), **(options["extra_query"] or {})}
        return self._changed(_scope=scope, _query={**self._query, **wire}, _options={**before, **options})

    def page_size(self, size: int) -> Self:
        """Ask for this many records a page (`per_page`). The server may give fewer; its maximum is not documented."""
        return self._changed(_query={**self._query, "per_page": str(_positive("page_size", size))})

    def limit(self, count: int) -> Self:
        """Stop after this many records."""
        return self._changed(_limit=_positive("limit", count))

    def prefetch(self, pages: int) -> Self:
        """Ask for up to this many pages at once while walking; the order stays, memory is bounded by the window."""
        return self._changed(_window=_positive("prefetch", pages))

    def _ordered(self, field: str, *, by: bool = True) -> Self:
        name = field.removeprefix("-")
        first, *others = name.split("_")
        query = {"sort_order": self._descending if field.startswith("-") else "ASC"}
        if by:
            query["sort_by"] = first + "".join(word.capitalize() for word in others)  # the wire says createdAt here
        return self._changed(_query={**self._query, **query})

    # --- asking ----------------------------------------------------------------------------------------------------

    def _fetch(self, page_no: int, **query: Any) -> Flow[tuple[list[R], protocol.Paging]]:
        ids = self._resolved(self._scope)
        path = self._template.collection(ids)
        query = {**self._query, **query, "page_no": page_no} if self._paged else dict(self._query)
        body = yield from execute(self._client.settings, "GET", path, query, options=self._options)
        items = self._items(body)
        if items is None:
            raise DecodeError(f"GET {path} answered without a list of {self._record.__name__} records")
        records = self._record._load_all(self._client, items, self._kept(ids))
        if not self._paged:
            return cast("list[R]", records if page_no == 1 else []), protocol.Paging(len(records), 1, len(records))
        return cast("list[R]", records), protocol.paging(body)

    def _items(self, answer: Any) -> list[dict[str, Any]] | None:
        return protocol.unwrap_list(answer, self._items_key)

    def _search(self, wanted: Callable[[R], bool]) -> Flow[R | None]:
        """The first record of all pages that is wanted."""
        walk = self._walk()
        while walk.page_no is not None:
            records, paging = yield from self._fetch(walk.page_no)
            for record in records[: walk.take(_marks(records), paging)]:
                if wanted(record):
                    return record
        return None

    def _walk(self) -> protocol.Walk:
        return protocol.Walk(int(self._query.get("page_no", 1)), self._limit)

    @operation
    def first(self) -> Flow[R | None]:
        """The first record, or None. One request; for one record, unless it is to start from a later page."""
        page_no = int(self._query.get("page_no", 1))
        records, _ = yield from self._fetch(page_no, **({"per_page": 1} if page_no == 1 else {}))
        return records[0] if records else None

    @operation
    def page(self, number: int, /) -> Flow[list[R]]:
        """One page (1, 2, ...) of all that match. One request.

        Raises:
            ValueError: the number is none, or the relation has a `limit()`, which counts from the first record.
        """
        if self._limit is not None:
            raise ValueError("page() is about all that match: use it, or limit()")
        records, _ = yield from self._fetch(_positive("page", number))
        return records

    @operation
    def count(self) -> Flow[int]:
        """How many `all()` would give. One request where the server says so (`paging`), else a walk of all pages."""
        walk = self._walk()
        first_page, total = walk.page_no or 1, 0
        records, paging = yield from self._fetch(first_page, **({"per_page": 1} if first_page == 1 else {}))
        before = 0 if first_page == 1 else None if paging.start_offset is None else paging.start_offset - 1
        if paging.total_count is not None and before is not None:
            total = max(paging.total_count - before, 0) if records else 0
            return total if self._limit is None else min(total, self._limit)
        while walk.page_no is not None:
            records, paging = yield from self._fetch(walk.page_no)
            total += walk.take(_marks(records), paging)
        return total

    # --- walking, in small twins -----------------------------------------------------------------------------------

    @overload
    def pages(self: Relation[R, Sync]) -> Iterator[list[R]]: ...
    @overload
    def pages(self: Relation[R, Async]) -> AsyncIterator[list[R]]: ...
    def pages(self) -> Any:
        """Every page, as lists of records."""
        return self._pages_async() if self._client.asynchronous else self._pages_sync()

    def _pages_sync(self) -> Iterator[list[R]]:
        walk = self._walk()
        ahead: Prefetcher[tuple[list[R], protocol.Paging]]
        with Prefetcher(self._window, lambda number: self._client.run(ahead.while_read(self._fetch(number)))) as ahead:
            while walk.page_no is not None:
                records, paging = ahead.get(walk.page_no, walk.last_page)
                if count := walk.take(_marks(records), paging):
                    yield records[:count]

    async def _pages_async(self) -> AsyncIterator[list[R]]:
        walk = self._walk()
        async with AsyncPrefetcher(self._window, lambda number: self._client.run(self._fetch(number))) as ahead:
            while walk.page_no is not None:
                records, paging = await ahead.get(walk.page_no, walk.last_page)
                if count := walk.take(_marks(records), paging):
                    yield records[:count]

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
        """Every record, as a list."""
        return self._all_async() if self._client.asynchronous else list(cast("Any", self))

    async def _all_async(self) -> list[R]:
        return [record async for record in cast("Any", self)]


def _marks(records: list[Any]) -> list[Any]:
    """What tells one page from another."""
    return [record._data.get("id") or repr(record._data) for record in records]


def _positive(name: str, number: Any) -> int:
    if not isinstance(number, int) or isinstance(number, bool) or number < 1:
        raise ValueError(f"{name}={number!r}: must be a whole number, 1 or more")
    return number
