"""Resource: a record that has a place in the API, and so can be read again, changed and followed to others."""

from __future__ import annotations

import functools
from types import MappingProxyType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    Generic,
    ParamSpec,
    Self,
    TypeVar,
    Unpack,
    cast,
    get_args,
    overload,
)

from realtimekit import protocol
from realtimekit.errors import ConfigurationError, DecodeError, ReadOnlyError
from realtimekit.execution import execute
from realtimekit.flow import Async, ClientBound, F, Flow, Runner, Sync, fluent, operation
from realtimekit.kwargs import OPTIONS, Options, split
from realtimekit.paths import PathTemplate, segment
from realtimekit.record import Record, annotation_of

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine, Mapping

    from realtimekit.relation import Collection, Relation
    from realtimekit.settings import Settings

P = ParamSpec("P")
T = TypeVar("T")
C = TypeVar("C")
R = TypeVar("R", bound="Resource[Any]")

KIT = "/accounts/{account_id}/realtime/kit"


class Refused:
    """A write that the API does not offer for this class.

    Type checkers see no such method; at run time `hasattr` says False and a call says why.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: Any, owner: type) -> Any:
        raise ReadOnlyError(f"{owner.__name__} has no {self.name}(): the API offers no such call")


class Resource(Record, ClientBound[F]):
    """A record with an identity: its class and its place in the API.

    It can be pickled and copied. A pickle leaves the client behind, but has all that the record holds: a participant's
    token, the signed links of artifacts and recordings, a livestream's key. Keep it where such things may be.

    ARCHITECTURE.md has the pattern of a new class.

    Attributes:
        read_only: whether the API offers no create, update, replace or destroy for the class.
    """

    read_only: ClassVar[bool]
    _template: ClassVar[PathTemplate]
    _collection: ClassVar[type[Collection[Any, Any]]]
    _item_key: ClassVar[str | None] = None
    _scope: Mapping[str, str]

    if not TYPE_CHECKING:
        create = Refused()
        update = Refused()
        replace = Refused()
        destroy = Refused()

    def __init__(self, data: Mapping[str, Any], *, client: Runner[F], scope: Mapping[str, str]) -> None:
        super().__init__(data)
        self.__dict__.update(_client=client, _scope=dict(scope))

    def __init_subclass__(
        cls,
        *,
        path: str | None = None,
        collection: type[Collection[Any, Any]] | None = None,
        item_key: str | None = None,
        items_key: str | None = None,
        **kwargs: Any,
    ) -> None:
        """What a class declares of itself, as keywords: no field of the API can ever collide with them.

        Args:
            path: after `/accounts/{account_id}/realtime/kit`; its member part in brackets.
            collection: where its records are found.
            item_key: `data.<item_key>` is where some answers nest one record.
            items_key: `data.<items_key>` is where some answers nest the list.
            kwargs: for Record.
        """
        super().__init_subclass__(**kwargs)
        if path is not None:
            cls._template = PathTemplate(KIT + path)
        cls._item_key = item_key or cls._item_key
        if collection is not None:
            cls._collection = collection
            collection._record, collection._template, collection._items_key = cls, cls._template, items_key
        writes = ("create", "update", "replace", "destroy")
        cls.read_only = all(_in_class(cls, name) is Refused for name in writes)

    @classmethod
    def _load(cls, client: Runner[F], data: dict[str, Any], scope: Mapping[str, str]) -> Self:
        return cls._load_all(client, [data], scope)[0]

    @classmethod
    def _load_all(cls, client: Runner[F], page: list[dict[str, Any]], scope: Mapping[str, str]) -> list[Self]:
        """As the constructor, without its copies: the records share one scope and keep the decoded dicts."""
        records: list[Self] = []
        for data in page:
            record = cls.__new__(cls)
            kept = record.__dict__
            kept["_client"], kept["_data"], kept["_scope"] = client, data, scope
            records.append(record)
        return records

    @classmethod
    def _nested(cls, data: dict[str, Any], parent: Record) -> Self:
        owner = cast("Resource[F]", parent)
        return cls._load(owner._client, data, owner._scope)

    @property
    def scope(self) -> Mapping[str, str]:
        """The ids of what the record lies in, e.g. `{"account_id": ..., "app_id": ..., "session_id": ...}`."""
        return MappingProxyType(dict(self._scope))

    def _ids(self) -> dict[str, Any]:
        """The ids of the member path: the scope and the record's own id."""
        own = self._template.own
        return {**self._scope, own: self._data.get("id")} if own else dict(self._scope)

    def _known_ids(self) -> dict[str, Any]:
        """As `_ids`, to ask with. The caller's own ids were checked by `ref` or `find`: this one the server sent.

        Raises:
            DecodeError: there is none, or it can be no part of a path.
        """
        ids = self._ids()
        if own := self._template.own:
            try:
                segment(own, ids[own])
            except (TypeError, ValueError) as error:
                raise DecodeError(f"{self!r} came with an id that nothing can be asked with: {error}") from None
        return ids

    def _around(self, kind: type[Resource[Any]]) -> dict[str, Any]:
        """The scope of another kind of record, out of the ids of this one."""
        ids = self._ids()
        return {name: ids.get(name) for name in kind._template.parents}

    def _member_path(self) -> str:
        return self._template.member(self._ids())

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._identity() == cast("Self", other)._identity()

    def __hash__(self) -> int:  # a plain Record has none
        return hash(self._identity())

    def _identity(self) -> tuple[Any, ...]:
        return (type(self), *sorted((name, str(value)) for name, value in self._ids().items()))

    def __copy__(self) -> Self:
        return self._load(self._client, dict(self._data), self._scope)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self._load(self._client, self.to_dict(), self._scope)

    def __reduce__(self) -> tuple[Any, ...]:
        # For caches and task queues: the record without its client, whose token belongs in neither. What the record
        # itself holds goes along, a participant's token and signed links as well: dropped, they could not be had again.
        return _unpickled, (type(self), self._data, dict(self._scope), self._client.asynchronous)

    # --- calls ---------------------------------------------------------------------------------------------------

    def _call(
        self,
        method: str,
        suffix: str = "",
        *,
        query: Mapping[str, Any] | None = None,
        body: Mapping[str, Any] | None = None,
        options: Options | None = None,
    ) -> Flow[Any]:
        """A call on the record's own path, or below it."""
        try:
            path = self._member_path()
        except (TypeError, ValueError):
            self._known_ids()
            raise
        return execute(self._client.settings, method, path + suffix, query, body, options)

    def _take(self, answer: Any) -> None:
        """Take over what an answer says of this record."""
        data = protocol.unwrap(answer, self._item_key)
        if not isinstance(data, dict):
            raise DecodeError(f"expected {self!r} in the answer, got {type(data).__name__}")
        self._replace(data)

    def _write(self, method: str, fields: Mapping[str, Any]) -> Flow[None]:
        """PATCH or PUT with these fields, some of which may be options of the call."""
        options, body = split(fields, OPTIONS)
        call = self._call(method, body=body, options=cast("Options", options))
        del fields, options, body  # as in `execute`
        self._take((yield from call))

    @fluent
    def reload(self, **options: Unpack[Options]) -> Flow[None]:
        """Read the record again, in place: `GET` of its own path.

        Fields that the answer leaves out keep their last value (a participant's token is sent only once).

        Raises:
            NotFoundError: it is gone.
        """
        yield from self._read(options)

    def _read(self, options: Options | None = None) -> Flow[None]:
        self._take((yield from self._call("GET", options=options)))


def _in_class(cls: type, name: str) -> type | None:
    return next((type(base.__dict__[name]) for base in cls.__mro__ if name in base.__dict__), None)


# --- neighbours -------------------------------------------------------------------------------------------------------


class _HasMany:
    """`participants: SessionParticipants[F] = has_many()`: a relation below the record. Sends nothing."""

    owner: type
    name: str

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    def __get__(self, record: Resource[Any] | None, owner: type) -> Any:
        if record is None:
            return self
        relation = annotation_of(self.owner, self.name)
        return relation(record._client, scope=record._known_ids())


def has_many() -> Any:
    """Declare a relation to the records below this one; its type is the annotation."""
    return _HasMany()


class HasOne(Generic[C, F]):
    """`chat: HasOne[Chat[F], F] = has_one()`: the one such record below this one.

    The first read loads it (`session.chat`, `await session.chat`) and keeps it; its own `reload()` reads it again.
    What is about the present moment is not kept: each read loads it.

    No other attribute sends a request when it is read, but what reads all of them (`inspect.getmembers`, the autospec
    of a record) reads these, too. `inspect.getmembers_static` and the autospec of a class do not.
    """

    kept: bool
    owner: type
    name: str

    def __init__(self, *, kept: bool, at: str | None) -> None:
        self.kept, self._at = kept, at

    def __set_name__(self, owner: type, name: str) -> None:
        self.owner, self.name = owner, name

    @overload
    def __get__(self, record: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self: HasOne[C, Sync], record: Resource[Any], owner: Any = None) -> C: ...
    @overload
    def __get__(self: HasOne[C, Async], record: Resource[Any], owner: Any = None) -> Coroutine[Any, Any, C]: ...
    def __get__(self, record: Any, owner: Any = None) -> Any:
        return self if record is None else record._client.run(self._loaded(record))

    def _loaded(self, record: Resource[Any]) -> Flow[Any]:
        slot = f"_loaded_{self.name}"
        if slot in record.__dict__:
            return record.__dict__[slot]
        ids = record._known_ids()
        kind = get_args(annotation_of(self.owner, self.name))[0]
        child = kind._load(record._client, {}, ids if self._at is None else record._around(kind))
        child._take((yield from child._call("GET") if self._at is None else record._call("GET", self._at)))
        # Whoever was first wins, so that everybody holds the same object.
        return record.__dict__.setdefault(slot, child) if self.kept else child


def has_one(*, kept: bool = True, at: str | None = None) -> Any:
    """Declare the one record of a kind below this one; its type is the annotation.

    `at` is where it is read below this one, for a kind that has a place of its own elsewhere.
    """
    return HasOne(kept=kept, at=at)


# --- the class itself as an entry, on the default client --------------------------------------------------------------


class on_default_client(Generic[P, T]):  # noqa: N801 - reads as a declaration
    """A collection's method, on the class itself: `Session.find(...)` is `client.sessions.find(...)`.

    The client is the default one, made from `configure()` and the environment. A record has no such method: its own
    client may be another.
    """

    @overload
    def __init__(self, method: operation[P, T]) -> None: ...
    @overload
    def __init__(self, method: Callable[Concatenate[Any, P], T]) -> None: ...
    def __init__(self, method: Any) -> None:
        self._method = method

    def __get__(self, obj: None, owner: type[Resource[Any]]) -> Callable[P, T]:
        method = self._method
        _refuse_on_record(obj, owner, method.__name__)

        def call(*args: Any, **kwargs: Any) -> Any:
            return getattr(_on_default(owner), method.__name__)(*args, **kwargs)

        return functools.update_wrapper(call, method)


class listed(Generic[P, R]):  # noqa: N801 - reads as a declaration
    """`Session.all(status="ENDED")`: all the records that the collection's `where` with these filters holds."""

    def __init__(self, where: Callable[Concatenate[Any, P], Relation[R, Sync]]) -> None:
        self._where = where

    def __get__(self, obj: None, owner: type[Resource[Any]]) -> Callable[P, list[R]]:
        _refuse_on_record(obj, owner, "all")

        def call(*args: P.args, **kwargs: P.kwargs) -> list[R]:
            """Every record that `where` with these filters holds, as a list."""
            return list(_on_default(owner).where(*args, **kwargs))

        return call


def _refuse_on_record(obj: object, owner: type, name: str) -> None:
    if obj is not None:
        raise AttributeError(
            f"{name}() is of the class {owner.__name__} (and of a client's collections), not of a record"
        )


def _on_default(owner: type[Resource[Any]]) -> Any:
    return owner._collection(_default_client())


def _default_client() -> Runner[Sync]:
    # The one look upwards in the package: here a class is the entry, and it has to find the client on its own.
    from realtimekit.client import default_client  # noqa: PLC0415

    return default_client()


class _DefaultClient(Runner[Sync]):
    """Stands in a record that came out of a pickle: the default client, found when it is needed."""

    asynchronous = False

    @property
    def settings(self) -> Settings:
        return _default_client().settings

    def run(self, flow: Flow[Any], /) -> Any:
        return _default_client().run(flow)


_NO_CLIENT = "this record comes from a pickle and has no client: find it again with one"


class _NoClient(Runner[Async]):
    """Stands in an async record that came out of a pickle: there is no default async client."""

    asynchronous = True

    @property
    def settings(self) -> Settings:
        raise ConfigurationError(_NO_CLIENT)

    def run(self, flow: Flow[Any], /) -> Any:
        flow.close()
        raise ConfigurationError(_NO_CLIENT)


def _unpickled(cls: type[R], data: dict[str, Any], scope: dict[str, str], asynchronous: bool) -> R:  # noqa: FBT001
    return cls._load(_NoClient() if asynchronous else _DefaultClient(), data, scope)
