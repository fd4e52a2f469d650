"""Flows: what a call does, independent of how its I/O is done; and sync/async mode.

A *flow* is a generator that yields *steps* (send this `Request`, `Sleep`, `Reserve`, `Blocking`) and is sent back their
results; its return value is the result of the call. Flows hold all the logic of this package and do no I/O. The two
clients run them: `RealtimeKit` by blocking, `AsyncRealtimeKit` by awaiting. So every operation is written once.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Generator
from typing import TYPE_CHECKING, Any, ClassVar, Generic, NamedTuple, ParamSpec, TypeAlias, TypeVar, cast

from realtimekit.errors import APIConnectionError, RateLimitError
from realtimekit.interfaces import Request, Reservation
from realtimekit.settings import Settings

if TYPE_CHECKING:
    import typing_extensions


class Sleep(NamedTuple):
    """Step: wait before going on."""

    seconds: float


class Reserve(NamedTuple):
    """Step: ask the client's limiter for permission to send, or ask again after a wait.

    The result is the limiter and its reservation; None if the client has no limiter.
    """

    reservation: Reservation | None


class Blocking(NamedTuple):
    """Step: call a function that waits for the disk. `AsyncRealtimeKit` calls it in a thread.

    What the function returns is the result of the step; what it raises ends the flow.
    """

    function: Callable[[], Any]


class Sync:
    """The sync mode: `Session` is short for `Session[Sync]`."""


class Async:
    """The async mode: `Session[Async]` is what `AsyncRealtimeKit` returns."""


if TYPE_CHECKING:
    # PEP 696: the default is for the type checkers; typing.TypeVar takes one only from Python 3.13 on.
    F = typing_extensions.TypeVar("F", Sync, Async, default=Sync)
else:
    F = TypeVar("F", Sync, Async)
T = TypeVar("T")
P = ParamSpec("P")
S = TypeVar("S")

Step: TypeAlias = Request | Sleep | Reserve | Blocking
Flow: TypeAlias = Generator[Step, Any, T]

# The failures of a step that flows handle, e.g. by retrying; anything else ends the flow.
STEP_ERRORS = (APIConnectionError, RateLimitError)


def run(flow: Generator[S, Any, T], perform: Callable[[S], Any]) -> T:
    """Run a flow to its end, with `perform` doing each step. The flow is always closed at the end."""
    resume: Callable[[Any], S] = flow.send
    value: Any = None
    try:
        while True:
            try:
                step = resume(value)
            except StopIteration as stop:
                return cast("T", stop.value)
            resume = flow.send
            try:
                value = perform(step)
            except STEP_ERRORS as error:
                resume, value = flow.throw, error
    finally:
        value = None  # the error's traceback leads here: a cycle otherwise
        flow.close()  # gives back what the flow holds, such as a reservation, also after Ctrl-C


async def run_async(flow: Generator[S, Any, T], perform: Callable[[S], Awaitable[Any]]) -> T:
    """As `run`, awaiting each step."""
    resume: Callable[[Any], S] = flow.send
    value: Any = None
    try:
        while True:
            try:
                step = resume(value)
            except StopIteration as stop:
                return cast("T", stop.value)
            resume = flow.send
            try:
                value = await perform(step)
            except STEP_ERRORS as error:
                resume, value = flow.throw, error
    finally:
        value = None  # as above
        flow.close()  # as above, and after a cancellation


class Runner(Generic[F]):
    """Runs flows. The clients are runners; records and relations know nothing else about their client."""

    asynchronous: ClassVar[bool]

    @property
    def settings(self) -> Settings:
        """The settings in force for the calls."""
        raise NotImplementedError

    def run(self, flow: Flow[Any], /) -> Any:
        """The flow's value (Sync), or a coroutine of it (Async); `operation` gives callers the exact types."""
        raise NotImplementedError


class ClientBound(Generic[F]):
    """Anything that belongs to a client: records and relations."""

    _client: Runner[F]
