"""What to do, apart from how it is carried: requests, flows, and the two flavours.

A *flow* is a generator that yields what it wants done (a `Request` to send, a `Sleep` to take, a `Turn` to ask for) and
is sent back the `Response`; its return value is the result of the call. Flows hold all the logic of this package and
do no I/O. The two clients drive them: `RealtimeKit` by blocking, `AsyncRealtimeKit` by awaiting. So every operation is
written once.
"""

from __future__ import annotations

import functools
from collections.abc import Callable, Coroutine, Generator, Mapping
from types import MethodType
from typing import (
    TYPE_CHECKING,
    Any,
    ClassVar,
    Concatenate,
    Generic,
    NamedTuple,
    ParamSpec,
    Self,
    TypeAlias,
    TypeVar,
    overload,
)

from realtimekit.kwargs import check

if TYPE_CHECKING:
    import typing_extensions

    from realtimekit.limits import Place
    from realtimekit.settings import Settings


class Request(NamedTuple):
    """One HTTP request, complete: any transport can send it as it is."""

    method: str
    url: str  # absolute and already percent-encoded; a transport sends it unchanged
    headers: Mapping[str, str]
    content: bytes | None
    timeout: float  # seconds, from sending it to the last byte of the answer

    def __repr__(self) -> str:  # the headers hold the token
        return f"<Request {self.method} {self.url.partition('?')[0]}>"

    def __sentry_repr__(self) -> str:  # Sentry would look into a tuple
        return repr(self)


class Response(NamedTuple):
    """One HTTP answer, read to its end and decompressed."""

    status: int
    headers: Mapping[str, str]  # names in lower case
    content: bytes

    def __repr__(self) -> str:  # the content may hold a participant's token
        return f"<Response {self.status}, {len(self.content)} bytes>"

    def __sentry_repr__(self) -> str:  # as above
        return repr(self)


class Sleep(NamedTuple):
    """Wait before going on."""

    seconds: float


class Turn(NamedTuple):
    """Ask the client's limiter for a place, or about one: it is sent back with the place; None where there is none."""

    place: Place | None


class Sync:
    """The blocking flavour: `Session` is short for `Session[Sync]`."""


class Async:
    """The awaiting flavour: `Session[Async]` is what `AsyncRealtimeKit` gives."""


if TYPE_CHECKING:
    # PEP 696: the default is for the type checkers; typing.TypeVar takes one only from Python 3.13 on.
    F = typing_extensions.TypeVar("F", Sync, Async, default=Sync)
else:
    F = TypeVar("F", Sync, Async)
T = TypeVar("T")
P = ParamSpec("P")

Step: TypeAlias = "Request | Sleep | Turn"
Flow: TypeAlias = Generator[Step, Any, T]


class Runner(Generic[F]):
    """What drives flows: a client, seen from below."""

    asynchronous: ClassVar[bool]

    @property
    def settings(self) -> Settings:
        """The settings in force for its calls."""
        raise NotImplementedError

    def run(self, flow: Flow[Any], /) -> Any:
        """The flow's value (Sync), or a coroutine of it (Async); `operation` gives callers the exact types."""
        raise NotImplementedError


class ClientBound(Generic[F]):
    """Anything that belongs to a client: records and relations."""

    _client: Runner[F]


class operation(Generic[P, T]):  # noqa: N801 - a decorator
    """A method written once, as a flow: of a sync object it returns the value, of an async one a coroutine of it.

    An unknown keyword is a `TypeError` that names the method, also where the method passes `**options` on.
    """

    __name__: str

    def __init__(self, function: Callable[Concatenate[Any, P], Flow[T]]) -> None:
        self._function: Callable[..., Any] = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__

        @functools.wraps(function)
        def call(obj: Any, /, *args: Any, **kwargs: Any) -> Any:
            check(function, kwargs)
            flow = function(obj, *args, **kwargs)
            del args, kwargs  # error trackers send local variables: the secrets of a storage, the body of a delivery
            return obj._client.run(flow)

        self._call = call

    @overload
    def __get__(self, obj: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, obj: ClientBound[Sync], owner: Any = None) -> Callable[P, T]: ...
    @overload
    def __get__(self, obj: ClientBound[Async], owner: Any = None) -> Callable[P, Coroutine[Any, Any, T]]: ...
    def __get__(self, obj: Any, owner: Any = None) -> Any:
        return self if obj is None else MethodType(self._call, obj)


SyncObject = TypeVar("SyncObject", bound=ClientBound[Sync])
AsyncObject = TypeVar("AsyncObject", bound=ClientBound[Async])


class fluent(Generic[P]):  # noqa: N801 - a decorator
    """As `operation`, for a method that changes the object and returns it."""

    __name__: str

    def __init__(self, function: Callable[Concatenate[Any, P], Flow[None]]) -> None:
        self._function: Callable[..., Any] = function
        self.__name__, self.__doc__ = function.__name__, function.__doc__

    @overload
    def __get__(self, obj: None, owner: Any = None) -> Self: ...
    @overload
    def __get__(self, obj: SyncObject, owner: Any = None) -> Callable[P, SyncObject]: ...
    @overload
    def __get__(self, obj: AsyncObject, owner: Any = None) -> Callable[P, Coroutine[Any, Any, AsyncObject]]: ...
    def __get__(self, obj: Any, owner: Any = None) -> Any:
        if obj is None:
            return self
        function = self._function

        def changed(*args: Any, **kwargs: Any) -> Flow[Any]:
            flow = function(obj, *args, **kwargs)
            del args, kwargs  # as in `operation`
            yield from flow
            return obj

        def call(*args: Any, **kwargs: Any) -> Any:
            check(function, kwargs)
            flow = changed(*args, **kwargs)
            del args, kwargs
            return obj._client.run(flow)

        return functools.update_wrapper(call, function)
