"""Collection: one path of the API where records are found by their id, and created."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NoReturn, TypeVar, cast

from realtimekit import responses
from realtimekit.errors import DecodeError
from realtimekit.execution import Call, execute
from realtimekit.flow import ClientBound, F, Flow, Runner
from realtimekit.kwargs import (
    OPTION_NAMES,
    RequestOptions,
    drop_none,
    split_kwargs,
    validate_kwargs,
)
from realtimekit.other_sdks import AttributeOfOtherSDKs, MethodOfOtherSDKs
from realtimekit.paths import PathTemplate, encode_segment
from realtimekit.resource import BASE_PATH, Resource, UnsupportedWrite

R = TypeVar("R", bound=Resource[Any])


class Collection(ClientBound[F], Generic[R, F]):
    """One path of the API where records of one kind are found by their id, and created."""

    _record: ClassVar[type[Resource[Any]]]
    _template: ClassVar[PathTemplate]
    _items_key: ClassVar[str | None]

    def __init_subclass__(
        cls, *, of: type[Resource[Any]] | None = None, path: str = "", items_key: str | None = None
    ) -> None:
        """Declare a second list of records of a class: `of` which class, at which `path`.

        Without `of`, the class of the records declares this with its own keywords.
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
        data = AttributeOfOtherSDKs("this is the list itself, not a response; iterate over it, or use all()")
        result = AttributeOfOtherSDKs("this is the list itself, not a response; iterate over it, or use all()")

    def __init__(self, client: Runner[F], *, scope: Mapping[str, Any] | None = None) -> None:
        self._client = client
        self._scope: Mapping[str, Any] = scope or {}
        self._fixed = frozenset(self._scope)  # what a parent record sets cannot be overridden

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
        for name in kwargs.keys() & self._fixed:
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
        record._update_from(body, written=call.method != "GET")
        return cast("R", record)
