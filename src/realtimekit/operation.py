"""`@operation` and `@fluent`: methods that are written once, as flows, and work in both modes."""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine
from types import MethodType
from typing import Any, Concatenate, Generic, ParamSpec, Self, TypeVar, cast, overload

from realtimekit.flow import Async, ClientBound, Flow, Sync
from realtimekit.kwargs import validate_kwargs
from realtimekit.settings import hide_headers

T = TypeVar("T")
P = ParamSpec("P")
SyncObject = TypeVar("SyncObject", bound=ClientBound[Sync])
AsyncObject = TypeVar("AsyncObject", bound=ClientBound[Async])


class _FlowMethod(Generic[P, T]):
    """What the two decorators share: the flow, as a public part, and the method that runs it."""

    __name__: str

    def __init__(self, function: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        functools.update_wrapper(cast("Any", self), function)  # for `get_type_hints` and documentation tools
        flow_of = self._flow_of(function)

        @functools.wraps(function)
        def flow(obj: Any, /, *args: Any, **kwargs: Any) -> Flow[Any]:
            validate_kwargs(function, kwargs)
            if "extra_headers" in kwargs:  # the frames of a flow hold its options
                kwargs["extra_headers"] = hide_headers(kwargs["extra_headers"])
            return flow_of(obj, *args, **kwargs)

        @functools.wraps(function)
        def call(obj: Any, /, *args: Any, **kwargs: Any) -> Any:
            unsent = flow(obj, *args, **kwargs)
            del args, kwargs  # error trackers send local variables: the secrets of a storage, the body of a webhook
            return obj._client.run(unsent)

        self.flow: Callable[Concatenate[Any, P], Flow[T]] = flow
        """The call as a flow that was not run: `yield from Meetings[Sync].create.flow(meetings, title="Weekly")`."""
        self._call = call

    @staticmethod
    def _flow_of(function: Callable[..., Flow[Any]]) -> Callable[..., Flow[Any]]:
        return function


class operation(_FlowMethod[P, T]):  # noqa: N801 - a decorator
    """A method written as a flow: on a sync object it returns the value, on an async one a coroutine of the value.

    An unknown keyword is a `TypeError` that names the method, also where the method passes `**options` on.
    """

    @overload
    def __get__(self, obj: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, obj: ClientBound[Sync], owner: Any = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, obj: ClientBound[Async], owner: Any = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, obj: Any, owner: Any = None) -> Any:
        return self if obj is None else MethodType(self._call, obj)


class fluent(_FlowMethod[P, None]):  # noqa: N801 - a decorator
    """As `operation`, for a method that changes its object and returns it."""

    flow: Callable[Concatenate[Any, P], Flow[Any]]  # the object, whose type its annotation cannot name

    @staticmethod
    def _flow_of(function: Callable[..., Flow[Any]]) -> Callable[..., Flow[Any]]:
        def returning(obj: Any, change: Flow[None]) -> Flow[Any]:
            yield from change
            return obj

        return lambda obj, *args, **kwargs: returning(obj, function(obj, *args, **kwargs))

    @overload
    def __get__(self, obj: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, obj: SyncObject, owner: Any = None) -> Callable[P, SyncObject]: ...
    @overload
    def __get__(self, obj: AsyncObject, owner: Any = None) -> Callable[P, Coroutine[Any, Any, AsyncObject]]: ...
    def __get__(self, obj: Any, owner: Any = None) -> Any:
        return self if obj is None else MethodType(self._call, obj)
