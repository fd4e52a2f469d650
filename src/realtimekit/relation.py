"""Collections of records, and Relation: a lazy collection that paginates itself.

Nothing is sent until a relation is iterated or one of its methods sends a request. `where`, `order_by`, `page_size`,
`limit` and `prefetch` return clones, so a relation can be kept, shared between threads and tasks, and iterated again.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, Self, TypeVar, cast, overload

from realtimekit import pagination, responses
from realtimekit.errors import DecodeError
from realtimekit.execution import Call, execute
from realtimekit.flow import ClientBound, F, Flow
from realtimekit.kwargs import OPTION_NAMES, RequestOptions, drop_none, split_kwargs, validate_kwargs, validate_positive
from realtimekit.operation import operation
from realtimekit.paths import PathTemplate, encode_segment
from realtimekit.prefetch import AsyncPrefetcher, Prefetcher
from realtimekit.resource import BASE_PATH, MethodOfOtherSDKs, Resource, UnsupportedWrite
from realtimekit.settings import hide_headers
from realtimekit.values import encode_query_value

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Coroutine, Iterator, Mapping

    from realtimekit.flow import Async, Runner, Sync

R = TypeVar("R", bound=Resource[Any])


class Collection(ClientBound[F], Generic[R, F]):
    """One path of the API where records of one kind are found by their id, and created."""

    _record: ClassVar[type[Resource[Any]]]
    _template: ClassVar[PathTemplate]
    _items_key: ClassVar[str | None]

    def __init_subclass__(
        cls, *, of: type[Resource[Any]] | None = None, path: str = "", items_key: str | None = None
    ) -> None:
        """Declare a second place where records of a class are listed: `of` which class, at which `path`.

        Without `of` the class of the records declares all that with its own keywords.
        """
        super().__init_subclass__()
        if of is not None:
            cls._record, cls._template, cls._items_key = of, PathTemplate(BASE_PATH + path), items_key

    if TYPE_CHECKING:
        # Each collection that has it declares its own.
        ref: ClassVar[Callable[..., Any]]
    else:
        create = UnsupportedWrite()
        list = MethodOfOtherSDKs("where", "use where(...) and iterate, or all()")
        get = MethodOfOtherSDKs("find", "use find(id)")
        retrieve = MethodOfOtherSDKs("find", "use find(id)")
        delete = MethodOfOtherSDKs("destroy", "find(id) the record, then use its destroy()")

    def __init__(self, client: Runner[F], *, scope: Mapping[str, Any] | None = None) -> None:
        self._client = client
        self._scope: Mapping[str, Any] = scope or {}
        self._fixed = frozenset(self._scope)  # the ids of a parent record cannot be overridden

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self._template.template}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(f"{self!r} cannot be pickled or copied: it belongs to a client. Pickle its records instead")

    # --- ids -----------------------------------------------------------------------------------------------------

    def _split_scope(self, kwargs: Mapping[str, Any]) -> tuple[dict[str, Any], dict[str, Any]]:
        """Return the scope with the ids among these keywords, and the other keywords."""
        if not kwargs:
            return dict(self._scope), {}
        ids, rest = split_kwargs(kwargs, self._template.parent_ids)
        for name in ids.keys() & self._fixed:
            raise TypeError(f"{name}= is set by the record that these {self._record.__name__} records belong to")
        return {**self._scope, **drop_none(ids)}, rest

    def _path_ids(self, scope: Mapping[str, Any]) -> dict[str, Any]:
        """Return the ids of the collection's path: the scope, completed by the client's settings."""
        settings = self._client.settings
        return {"account_id": settings.account_id, "app_id": settings.app_id, **scope}

    def _record_scope(self, ids: Mapping[str, Any]) -> dict[str, Any]:
        """Return the scope of the records, from the ids of a path."""
        return {name: ids.get(name) for name in self._record._template.parent_ids}

    # --- calls ---------------------------------------------------------------------------------------------------

    def _find(self, id: str, query: Mapping[str, Any], kwargs: Mapping[str, Any]) -> Flow[R]:
        record = self._stub(id, kwargs)
        options, _ = split_kwargs(kwargs, OPTION_NAMES)
        return self._fetch_into(record, Call("GET", query=query, options=cast("RequestOptions", options)))

    def _fetch_into(self, record: R, call: Call) -> Flow[R]:
        body = yield from record._execute(call)
        record._update_from(body)
        if responses.unwrap(body, record._item_key).get("id") is None:
            raise DecodeError(f"expected {record!r} in the response, got a record without an id")
        return record

    def _stub(self, id: str, kwargs: Mapping[str, Any]) -> R:
        """Return a record of which only the id is known."""
        scope, _ = self._split_scope(kwargs)
        # An invalid id is the caller's mistake here; later it would look like the server's.
        encode_segment(self._record._template.own_id or "id", id)
        return cast("R", self._record._from_data(self._client, {"id": id}, self._record_scope(self._path_ids(scope))))

    def _ref(self, id: str, kwargs: Mapping[str, Any]) -> R:
        """As `_stub`, but with all ids validated at once."""
        validate_kwargs(type(self).ref, kwargs)
        record = self._stub(id, kwargs)
        record._path()
        return record

    def _create(self, fields: Mapping[str, Any], path: str = "") -> Flow[R]:
        return self._fetch_record(*self._call("POST", path, fields))

    def _call(self, method: str, path: str, kwargs: Mapping[str, Any]) -> tuple[Call, dict[str, Any]]:
        """Return a call on the collection's path, or below it, and the ids of that path.

        The keywords are ids, options and the fields of the body.
        """
        scope, rest = self._split_scope(kwargs)
        options, body = split_kwargs(rest, OPTION_NAMES)
        ids = self._path_ids(scope)
        full_path = self._template.collection(ids) + path
        content = None if method == "GET" else body
        return Call(method, full_path, body=content, options=cast("RequestOptions", options)), ids

    def _fetch_record(self, call: Call, ids: Mapping[str, Any]) -> Flow[R]:
        """Carry out a call and return the record in its response."""
        body = yield from execute(self._client.settings, call)
        record = self._record._from_data(self._client, {}, self._record_scope(ids))
        record._update_from(body)
        return cast("R", record)


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

    def __repr__(self) -> str:
        query = "".join(f" {name}={value!r}" for name, value in self._query.items())
        return f"<{type(self).__name__} {self._template.template}{query}>"

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
        if "extra_headers" in options:
            options["extra_headers"] = hide_headers(options["extra_headers"])
        before = cast("dict[str, Any]", self._options)
        for name in ("extra_query", "extra_headers"):
            if name in options:
                new = options[name] or {}
                # The new ones come last: of header names that differ only in case, the last one counts.
                kept = {key: old for key, old in (before.get(name) or {}).items() if key not in new}
                options[name] = {**kept, **new}
        return self._clone(
            _scope=scope, _query={**self._query, **encoded}, _options=cast("RequestOptions", {**before, **options})
        )

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

        At most this many pages are in memory. The first page is requested alone: it tells how many there are. Where the
        server does not tell, pages are requested one after the other.

        Example:
            for session in client.sessions.prefetch(8): ...
        """
        return self._clone(_prefetch=validate_positive("prefetch", pages))

    def _order_by(self, field: str, *, by: bool = True) -> Self:
        name = field.removeprefix("-")
        first, *others = name.split("_")
        query = {"sort_order": self._descending if field.startswith("-") else "ASC"}
        if by:
            query["sort_by"] = first + "".join(word.capitalize() for word in others)  # `sort_by` takes camelCase
        return self._clone(_query={**self._query, **query})

    # --- requests --------------------------------------------------------------------------------------------------

    def _fetch_page(self, page_no: int, per_page: int | None = None) -> Flow[tuple[list[R], pagination.Paging]]:
        ids = self._path_ids(self._scope)
        query = dict(self._query)
        if self._paginated:
            query |= {"page_no": page_no} if per_page is None else {"page_no": page_no, "per_page": per_page}
        call = Call("GET", self._template.collection(ids), query, options=self._options)
        body = yield from execute(self._client.settings, call)
        items = self._items_from(body)
        if items is None:
            raise DecodeError(f"GET {call.path}: the response contains no list of {self._record.__name__} records")
        records = self._record._from_page(self._client, items, self._record_scope(ids))
        if not self._paginated:
            return cast("list[R]", records if page_no == 1 else []), pagination.Paging(len(records), 1, len(records))
        return cast("list[R]", records), pagination.paging(body)

    def _items_from(self, body: Any) -> list[dict[str, Any]] | None:
        """Return the raw records in a response; None if it contains no list of them."""
        return responses.unwrap_list(body, self._items_key)

    def _find_first(self, predicate: Callable[[R], bool]) -> Flow[R | None]:
        """Return the first record of all pages that fulfills the predicate, or None."""
        paginator = self._paginator()
        while paginator.page_no is not None:
            records, paging = yield from self._fetch_page(paginator.page_no)
            for record in records[: paginator.accept(_record_keys(records), paging)]:
                if predicate(record):
                    return record
        return None

    def _paginator(self) -> pagination.Paginator:
        return pagination.Paginator(int(self._query.get("page_no", 1)), self._limit)

    @operation
    def first(self) -> Flow[R | None]:
        """Return the first record, or None. One request, for a page of one record.

        Example:
            newest = client.sessions.order_by("-created_at").first()
        """
        page_no = int(self._query.get("page_no", 1))
        records, _ = yield from self._fetch_page(page_no, per_page=1 if page_no == 1 else None)
        return records[0] if records else None

    @operation
    def page(self, number: int, /) -> Flow[list[R]]:
        """Return one page (1, 2, ...) of all matching records. One request.

        Example:
            second = client.sessions.page_size(50).page(2)

        Raises:
            ValueError: the number is not a page number, or the relation has a `limit()`.
        """
        if self._limit is not None:
            raise ValueError("page() does not support limit(): use one of the two")
        records, _ = yield from self._fetch_page(validate_positive("page", number))
        return records

    @operation
    def count(self) -> Flow[int]:
        """Return how many records `all()` would return.

        One request if the response contains `paging`; otherwise all pages are read.

        Example:
            client.sessions.where(status="ENDED").count()
        """
        paginator = self._paginator()
        first_page, total = paginator.page_no or 1, 0
        records, paging = yield from self._fetch_page(first_page, per_page=1 if first_page == 1 else None)
        before = 0 if first_page == 1 else None if paging.start_offset is None else paging.start_offset - 1
        if paging.total_count is not None and before is not None:
            total = max(paging.total_count - before, 0) if records else 0
            return total if self._limit is None else min(total, self._limit)
        while paginator.page_no is not None:
            records, paging = yield from self._fetch_page(paginator.page_no)
            total += paginator.accept(_record_keys(records), paging)
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
        prefetcher: Prefetcher[tuple[list[R], pagination.Paging]]
        with Prefetcher(
            self._prefetch, lambda n: self._client.run(prefetcher.until_closed(self._fetch_page(n)))
        ) as prefetcher:
            while paginator.page_no is not None:
                records, paging = prefetcher.get(paginator.page_no, paginator.last_page)
                if count := paginator.accept(_record_keys(records), paging):
                    yield records[:count]

    async def _pages_async(self) -> AsyncIterator[list[R]]:
        paginator = self._paginator()
        async with AsyncPrefetcher(self._prefetch, lambda n: self._client.run(self._fetch_page(n))) as prefetcher:
            while paginator.page_no is not None:
                records, paging = await prefetcher.get(paginator.page_no, paginator.last_page)
                if count := paginator.accept(_record_keys(records), paging):
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
        """Return every record, as a list.

        Example:
            client.sessions.where(status="ENDED").all()
        """
        return self._all_async() if self._client.asynchronous else list(cast("Any", self))

    async def _all_async(self) -> list[R]:
        return [record async for record in cast("Any", self)]


def _record_keys(records: list[Any]) -> list[Any]:
    """Return keys that tell the records of one page from those of another."""
    return [record._data.get("id") or repr(record._data) for record in records]
