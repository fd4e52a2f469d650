"""Associations: from a record to the records below it, as declarations in its class, and to others, as flows."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Generator
from typing import Any, Generic, Self, TypeVar, cast, get_args, overload

from realtimekit.errors import DecodeError
from realtimekit.execution import Call
from realtimekit.flow import Async, ClientBound, F, Flow, Sync
from realtimekit.paths import encode_segment
from realtimekit.record import Record, resolve_annotation

C = TypeVar("C")
T = TypeVar("T")


class Unawaited(Coroutine[Any, Any, C]):
    """The coroutine of a record that an attribute loads on an async client; its errors say that it must be awaited.

    `meeting.active_session.kick_all()` looks right, because it is correct on a sync client.
    """

    __slots__ = ("_coroutine", "_name")

    def __init__(self, coroutine: Coroutine[Any, Any, C], name: str) -> None:
        self._coroutine, self._name = coroutine, name

    def __await__(self) -> Generator[Any, Any, C]:
        return self._coroutine.__await__()

    def send(self, value: Any, /) -> Any:
        return self._coroutine.send(value)

    def throw(self, *error: Any) -> Any:
        return self._coroutine.throw(*error)

    def close(self) -> None:
        self._coroutine.close()

    def __getattr__(self, name: str) -> Any:
        if name.startswith(("__", "cr_")):  # what asyncio looks up on a coroutine
            return getattr(self._coroutine, name)
        raise AttributeError(f"await it first: (await {self._name}).{name}")


def load_attribute(record: Any, name: str, flow: Flow[Any]) -> Any:
    """Run the flow of an attribute that loads a record; return it, or an `Unawaited` one on an async client."""
    loading = record._client.run(flow)
    return Unawaited(loading, name) if record._client.asynchronous else loading


class _HasMany:
    """`participants: SessionParticipants[F] = has_many()`: a relation below the record. Reading it sends nothing."""

    owner: type
    name: str

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, record: Any, owner: type) -> Any:
        if record is None:
            return self
        relation = resolve_annotation(self.owner, self.name)
        return relation(record._client, scope=record._path_ids())


def has_many() -> Any:
    """Declare an association with many records below this one; its type is the annotation."""
    return _HasMany()


class HasOne(Generic[C, F]):
    """`chat: HasOne[Chat[F], F] = has_one()`: the one record of its kind below this one.

    The first read loads it (`session.chat`, `await session.chat`) and caches it; its own `reload()` reads it again.
    An association about the present moment is not cached: each read loads it.

    No other attribute sends a request when it is read, but whatever reads all attributes (`inspect.getmembers`, the
    autospec of a record) reads these, too. `inspect.getmembers_static` and the autospec of a class do not.
    """

    cached: bool
    owner: type
    name: str

    def __init__(self, *, cached: bool, path: str | None) -> None:
        self.cached, self._path = cached, path

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    @overload
    def __get__(self, record: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self: HasOne[C, Sync], record: ClientBound[Any], owner: Any = None) -> C: ...
    @overload
    def __get__(self: HasOne[C, Async], record: ClientBound[Any], owner: Any = None) -> Coroutine[Any, Any, C]: ...
    def __get__(self, record: Any, owner: Any = None) -> Any:
        if record is None:
            return self
        return load_attribute(record, f"{self.owner.__name__.lower()}.{self.name}", self._fetch(record))

    def _fetch(self, record: Any) -> Flow[Any]:
        slot = f"_cached_{self.name}"
        if slot in record.__dict__:
            return record.__dict__[slot]
        ids = record._path_ids()
        kind = get_args(resolve_annotation(self.owner, self.name))[0]
        if self._path is None:
            child = kind._from_data(record._client, {}, ids)
            body = yield from child._execute(Call("GET"))
        else:
            child = kind._from_data(record._client, {}, record._scope_for(kind))
            body = yield from record._execute(Call("GET", self._path))
        child._update_from(body)
        # The first thread wins, so that all get the same object.
        return record.__dict__.setdefault(slot, child) if self.cached else child


def has_one(*, cached: bool = True, path: str | None = None) -> Any:
    """Declare an association with the one record of a kind below this one; its type is the annotation.

    `path` is its path below this record, if it differs from the kind's own path.
    """
    return HasOne(cached=cached, path=path)


class related_record(Generic[T]):  # noqa: N801 - a decorator
    """An association with one record elsewhere in the API, written as a flow: `event.session`, `await event.session`.

    The first read loads the record and caches it, as `has_one()` does.
    """

    __name__: str

    def __init__(self, function: Callable[[Any], Flow[T]]) -> None:
        self._function = function
        functools.update_wrapper(cast("Any", self), function)  # as in `operation`

    @overload
    def __get__(self, record: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, record: ClientBound[Sync], owner: Any = None) -> T: ...
    @overload
    def __get__(self, record: ClientBound[Async], owner: Any = None) -> Coroutine[Any, Any, T]: ...
    def __get__(self, record: Any, owner: Any = None) -> Any:
        if record is None:
            return self
        variable = getattr(record, "_variable", None) or type(record).__name__.lower()
        return load_attribute(record, f"{variable}.{self.__name__}", self._fetch(record))

    def _fetch(self, record: Any) -> Flow[T]:
        slot = f"_cached_{self.__name__}"
        if slot not in record.__dict__:
            related = yield from self._function(record)
            record.__dict__.setdefault(slot, related)  # the first one stays, so that all callers get the same object
        cached: T = record.__dict__[slot]
        return cached


def require_id(record: Record, kind: str, value: str | None) -> str:
    """Return the id of a related record.

    Raises:
        DecodeError: the server did not send it, or it cannot be part of a path.
    """
    if value is None:
        raise DecodeError(f"{record!r} does not say which {kind} it belongs to")
    try:
        encode_segment(f"{kind}_id", value)
    except ValueError as error:
        raise DecodeError(f"{record!r} has a {kind} id that cannot be used in a request: {error}") from None
    return value
