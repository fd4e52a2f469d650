"""Resource: a record with a path in the API, so that it can be reloaded, changed and followed to related records."""

from __future__ import annotations

import functools
from collections.abc import Callable, Mapping
from types import MappingProxyType, MethodType
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
    overload,
)

from realtimekit import responses
from realtimekit.errors import ConfigurationError, DecodeError, ReadOnlyError
from realtimekit.execution import Call, execute
from realtimekit.flow import Async, ClientBound, F, Flow, Runner, Sync
from realtimekit.kwargs import OPTION_NAMES, RequestOptions, split_kwargs
from realtimekit.operation import fluent, operation
from realtimekit.other_sdks import AttributeOfOtherSDKs, MethodOfOtherSDKs
from realtimekit.paths import PathTemplate, encode_segment, is_same_id
from realtimekit.record import Record
from realtimekit.settings import Settings

if TYPE_CHECKING:
    from realtimekit.collection import Collection
    from realtimekit.relation import Relation

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R", bound="Resource[Any]")

BASE_PATH = "/accounts/{account_id}/realtime/kit"


class UnsupportedWrite:
    """A write that the API does not offer for this class.

    Type checkers see no such method. At run time `hasattr` returns False, and the error gives the reason.
    """

    def __set_name__(self, owner: type, name: str) -> None:
        self.name = name

    def __get__(self, obj: Any, owner: type) -> Any:
        raise ReadOnlyError(f"{owner.__name__} has no {self.name}(): the API offers no such call")


class Resource(Record, ClientBound[F]):
    """A record with an identity: its class and its path in the API.

    It can be pickled and copied. A pickle does not contain the client, but everything else that the record holds: a
    participant's token, the signed links of artifacts and recordings, a livestream's key. Store it only where secrets
    may be stored.

    ARCHITECTURE.md shows how to write a new class.

    Attributes:
        read_only: whether the API offers no create, update, replace or destroy for the class.
    """

    read_only: ClassVar[bool]
    _template: ClassVar[PathTemplate]
    _item_key: ClassVar[str | None] = None
    _scope: Mapping[str, str]

    if TYPE_CHECKING:
        _collection: ClassVar[type[Collection[Any, Any]]]  # a module that imports this one
    else:
        create = UnsupportedWrite()
        update = UnsupportedWrite()
        replace = UnsupportedWrite()
        destroy = UnsupportedWrite()
        list = MethodOfOtherSDKs("where", "use where(...) and iterate, or all(...)")
        retrieve = MethodOfOtherSDKs("find", "use find(id), or reload() of a record")
        delete = MethodOfOtherSDKs("destroy", "use destroy() of the record")
        data = AttributeOfOtherSDKs("this is the record itself, not a response; to_dict() returns its JSON")
        result = AttributeOfOtherSDKs("this is the record itself, not a response; to_dict() returns its JSON")

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
        """Declare the class with keywords, which no field of the API can collide with.

        Args:
            path: after `/accounts/{account_id}/realtime/kit`; the part of a single record in brackets.
            collection: the collection whose methods find its records.
            item_key: `data.<item_key>` is where some responses nest one record.
            items_key: `data.<items_key>` is where some responses nest the list.
            kwargs: for Record.
        """
        super().__init_subclass__(**kwargs)
        if path is not None:
            cls._template = PathTemplate(BASE_PATH + path)
        cls._item_key = item_key or cls._item_key
        if collection is not None:
            cls._collection = collection
            collection._record, collection._template, collection._items_key = cls, cls._template, items_key
        writes = ("create", "update", "replace", "destroy")
        cls.read_only = all(_in_class(cls, name) is UnsupportedWrite for name in writes)

    @classmethod
    def _from_data(cls, client: Runner[F], data: dict[str, Any], scope: Mapping[str, str]) -> Self:
        record = cls.__new__(cls)
        attributes = record.__dict__
        attributes["_client"], attributes["_data"], attributes["_scope"] = client, data, scope
        return record

    @classmethod
    def _from_page(cls, client: Runner[F], page: list[dict[str, Any]], scope: Mapping[str, str]) -> list[Self]:
        """As the constructor, without copying: the records share one scope and keep the decoded dicts."""
        records: list[Self] = []
        for data in page:  # as `_load`, which would be a call for each
            record = cls.__new__(cls)
            attributes = record.__dict__
            attributes["_client"], attributes["_data"], attributes["_scope"] = client, data, scope
            records.append(record)
        return records

    @classmethod
    def _nested(cls, data: dict[str, Any], parent: Record) -> Self:
        owner = cast("Resource[F]", parent)
        return cls._from_data(owner._client, data, owner._scope)

    @property
    def scope(self) -> Mapping[str, str]:
        """The ids of the record's parents, e.g. `{"account_id": ..., "app_id": ..., "session_id": ...}`."""
        return MappingProxyType(dict(self._scope))

    def _ids(self) -> dict[str, Any]:
        """The ids of the record's path: those of its parents and its own."""
        own = self._template.own_id
        return {**self._scope, own: self._data.get("id")} if own else dict(self._scope)

    def _path_ids(self) -> dict[str, Any]:
        """As `_ids`, validated for use in a path. Ids that a caller gave are valid; this one the server sent.

        Raises:
            DecodeError: the server sent no id, or one that cannot be part of a path.
        """
        ids = self._ids()
        if own := self._template.own_id:
            try:
                encode_segment(own, ids[own])
            except (TypeError, ValueError) as error:
                raise DecodeError(f"{self!r} came with an id that cannot be used in a request: {error}") from None
        return ids

    def _scope_for(self, kind: type[Resource[Any]]) -> dict[str, Any]:
        """The scope of a related record of this kind, from the ids of this one."""
        ids = self._ids()
        return {name: ids.get(name) for name in kind._template.parent_ids}

    def _path(self) -> str:
        try:
            return self._template.member(self._ids())
        except (TypeError, ValueError):
            self._path_ids()  # raises DecodeError if the id came from the server
            raise

    def __eq__(self, other: object) -> bool:
        return type(other) is type(self) and self._identity() == cast("Self", other)._identity()

    def __hash__(self) -> int:  # a plain Record has none
        return hash(self._identity())

    def _identity(self) -> tuple[Any, ...]:
        return (type(self), *sorted((name, str(value)) for name, value in self._ids().items()))

    def __copy__(self) -> Self:
        return self._from_data(self._client, dict(self._data), self._scope)

    def __deepcopy__(self, _memo: dict[int, Any]) -> Self:
        return self._from_data(self._client, self.to_dict(), self._scope)

    def __reduce__(self) -> tuple[Any, ...]:
        # For caches and task queues: the record without its client, whose token belongs in neither. What the record
        # itself contains is pickled, also a participant's token and signed links: they could not be restored.
        return _restore, (type(self), self._data, dict(self._scope), self._client.asynchronous)

    # --- calls ---------------------------------------------------------------------------------------------------

    def _execute(self, call: Call) -> Flow[Any]:
        """Carry out a call whose path is relative to the record's own."""
        return execute(self._client.settings, call.with_prefix(self._path()))

    def _update_from(self, body: Any, *, written: bool = False) -> None:
        """Merge the record in a response into this one.

        Args:
            body: the decoded body.
            written: whether it is the response to a write, which succeeded even if it does not contain the record.
        """
        data = responses.unwrap(body, self._item_key)
        if written and data in (None, {"success": True}):
            return
        if not isinstance(data, dict):
            raise DecodeError(f"expected {self!r} in the response, got {type(data).__name__}")
        self._reject_other_record(data)
        self._merge(data if data.get("id", "") is not None else {**data, "id": self._data.get("id")})

    def _reject_other_record(self, data: Mapping[str, Any]) -> None:
        """Reject a response about a record other than the requested one, as a broken proxy may send it.

        A response without an id is accepted, because some writes return only part of the record.
        """
        if self._template.own_id:
            reject_other_id("id", data.get("id"), self._data.get("id"))
        elif session_id := self._scope.get("session_id"):  # a transcript or summary, which names its session
            for name in ("session_id", "sessionId"):
                reject_other_id(name, data.get(name), session_id)

    def _write(self, method: str, fields: Mapping[str, Any], path: str = "") -> Flow[None]:
        """A call with these fields as its body, some of which may be options; the record merges the response."""
        options, body = split_kwargs(fields, OPTION_NAMES)
        return self._merge_call(Call(method, path, body=body, options=cast("RequestOptions", options)))

    def _read(self, options: RequestOptions | None = None) -> Flow[None]:
        return self._merge_call(Call("GET", options=options or RequestOptions()))

    def _merge_call(self, call: Call) -> Flow[None]:
        """Carry out a call and merge the record in its response."""
        self._update_from((yield from self._execute(call)), written=call.method != "GET")

    @fluent
    def reload(self, **options: Unpack[RequestOptions]) -> Flow[None]:
        """Reload the record, in place: `GET` of its own path.

        Fields that the response leaves out keep their last value (a participant's token is sent only once).

        Raises:
            NotFoundError: the record no longer exists.
        """
        return self._read(options)


def reject_other_id(name: str, found: object, expected: object) -> None:
    """Raise DecodeError if the id in a response is not the requested one."""
    if found != expected and found is not None and expected is not None and not is_same_id(found, expected):
        raise DecodeError(f"the response is about another record: its {name} is {found!r}, not {expected!r}")


def _in_class(cls: type, name: str) -> type | None:
    return next((type(base.__dict__[name]) for base in cls.__mro__ if name in base.__dict__), None)


# --- class-level methods, on the default client -----------------------------------------------------------------------


class on_default_client(Generic[P, T]):  # noqa: N801 - reads as a declaration
    """A collection's method, on the class itself: `Session.find(...)` is `client.sessions.find(...)`.

    The client is the default one, created from `configure()` and the environment. A record has no such method: its own
    client may be a different one.
    """

    @overload
    def __init__(self, method: operation[P, T]) -> None: ...
    @overload
    def __init__(self, method: Callable[Concatenate[Any, P], T]) -> None: ...
    def __init__(self, method: Any) -> None:
        name = self._name = method.__name__

        def call(owner: type[Resource[Any]], /, *args: Any, **kwargs: Any) -> Any:
            collection = _on_default(owner)
            declared = getattr(type(collection), name)
            if not isinstance(declared, operation):
                return getattr(collection, name)(*args, **kwargs)  # `where` and `ref` send nothing
            started = declared.flow(collection, *args, **kwargs)
            del args, kwargs  # as `operation` does: error trackers send local variables
            return collection._client.run(started)

        # For `help()`: the signature is that of the function.
        self._call = functools.update_wrapper(call, getattr(method, "flow", method))

    def __get__(self, obj: None, owner: type[Resource[Any]]) -> Callable[P, T]:
        _reject_on_record(obj, owner, self._name)
        return MethodType(self._call, owner)


class all_on_default_client(Generic[P, R]):  # noqa: N801 - as above
    """`Session.all(status="ENDED")`: all records that the collection's `where` matches with these filters."""

    def __init__(self, where: Callable[Concatenate[Any, P], Relation[R, Sync]]) -> None:
        self._where = where

    def __get__(self, obj: None, owner: type[Resource[Any]]) -> Callable[P, list[R]]:
        _reject_on_record(obj, owner, "all")
        return MethodType(_all, owner)


def _all(owner: type[Resource[Any]], /, **filters: Any) -> list[Any]:
    """Return a list of every record that matches these filters; see `where`."""
    relation = _on_default(owner).where(**filters)
    del filters  # as above
    return list(relation)


_all.__name__ = "all"


def _reject_on_record(obj: object, owner: type, name: str) -> None:
    if obj is not None:
        raise AttributeError(
            f"{name}() is a method of the class {owner.__name__} (and of a client's collections), not of a record"
        )


def _on_default(owner: type[Resource[Any]]) -> Any:
    return owner._collection(_default_client())


def _default_client() -> Runner[Sync]:
    # The one import of a higher layer in the package: a class-level method has to find the client on its own.
    from realtimekit.client import default_client

    return default_client()


class _DefaultClient(Runner[Sync]):
    """The client of an unpickled record: the default client, looked up when it is needed."""

    asynchronous = False

    @property
    def settings(self) -> Settings:
        return _default_client().settings

    def run(self, flow: Flow[Any], /) -> Any:
        return _default_client().run(flow)


class _NoClient(Runner[Async]):
    """The client of an unpickled async record: there is no default async client."""

    asynchronous = True
    _problem = "this record was unpickled and has no client: find it again with a client"

    @property
    def settings(self) -> Settings:
        raise ConfigurationError(self._problem)

    def run(self, flow: Flow[Any], /) -> Any:
        flow.close()
        raise ConfigurationError(self._problem)


def _restore(cls: type[R], data: dict[str, Any], scope: dict[str, str], asynchronous: bool) -> R:  # noqa: FBT001 - pickle passes it by position
    return cls._from_data(_NoClient() if asynchronous else _DefaultClient(), data, scope)
