"""Routers: which function gets which event."""

from __future__ import annotations

import inspect
from typing import TYPE_CHECKING, Any, Generic, Literal, TypeVar, overload

from realtimekit.flow import Async, F, Sync
from realtimekit.webhooks import events
from realtimekit.webhooks.events import Event

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

E_co = TypeVar("E_co", bound=Event[Any], covariant=True)
R = TypeVar("R")


class On(Generic[E_co]):
    """A decorator: registers a handler and gives it back as it is."""

    def __init__(self, register: Callable[[Callable[..., Any]], None]) -> None:
        self._register = register

    def __call__(self, handler: Callable[[E_co], R], /) -> Callable[[E_co], R]:
        self._register(handler)
        return handler


class BaseRouter(Generic[F]):
    """What both routers have.

    Args:
        others: routers whose handlers this one has, too, before its own; also those that they get later.
    """

    def __init__(self, *others: BaseRouter[F]) -> None:
        self._others: tuple[BaseRouter[F], ...] = others
        self._handlers: list[tuple[str | type[Event[Any]], Callable[..., Any]]] = []

    # fmt: off
    @overload
    def on(self, what: Literal["meeting.started"] | type[events.MeetingStarted[Any]], /) -> On[events.MeetingStarted[F]]: ...  # noqa: E501
    @overload
    def on(self, what: Literal["meeting.ended"] | type[events.MeetingEnded[Any]], /) -> On[events.MeetingEnded[F]]: ...
    @overload
    def on(self, what: Literal["meeting.participantJoined"] | type[events.MeetingParticipantJoined[Any]], /) -> On[events.MeetingParticipantJoined[F]]: ...  # noqa: E501
    @overload
    def on(self, what: Literal["meeting.participantLeft"] | type[events.MeetingParticipantLeft[Any]], /) -> On[events.MeetingParticipantLeft[F]]: ...  # noqa: E501
    @overload
    def on(self, what: Literal["meeting.chatSynced"] | type[events.MeetingChatSynced[Any]], /) -> On[events.MeetingChatSynced[F]]: ...  # noqa: E501
    @overload
    def on(self, what: Literal["meeting.transcript"] | type[events.MeetingTranscript[Any]], /) -> On[events.MeetingTranscript[F]]: ...  # noqa: E501
    @overload
    def on(self, what: Literal["meeting.summary"] | type[events.MeetingSummary[Any]], /) -> On[events.MeetingSummary[F]]: ...  # noqa: E501
    @overload
    def on(self, what: Literal["recording.statusUpdate"] | type[events.RecordingStatusUpdate[Any]], /) -> On[events.RecordingStatusUpdate[F]]: ...  # noqa: E501
    @overload
    def on(self, what: Literal["livestreaming.statusUpdate"] | type[events.LivestreamingStatusUpdate[Any]], /) -> On[events.LivestreamingStatusUpdate[F]]: ...  # noqa: E501
    @overload
    def on(self, what: type[events.ParticipantEvent[Any]], /) -> On[events.ParticipantEvent[F]]: ...
    @overload
    def on(self, what: type[events.MeetingEvent[Any]], /) -> On[events.MeetingEvent[F]]: ...
    @overload
    def on(self, what: type[events.UnknownEvent[Any]], /) -> On[events.UnknownEvent[F]]: ...
    @overload
    def on(self, what: str | type[Event[Any]], /, *more: str | type[Event[Any]], allow_unknown: bool = ...) -> On[Event[F]]: ...  # noqa: E501
    @overload
    def on(self) -> On[Event[F]]: ...
    # fmt: on
    def on(self, *what: Any, allow_unknown: bool = False) -> Any:
        """A decorator for the handler of these events; of all, without any.

        Handlers run in the order in which they were registered, until one fails.

        Args:
            what: names ("meeting.ended") and classes (`MeetingEnded`, `ParticipantEvent`).
            allow_unknown: whether a name may be one that this version does not know.

        Raises:
            ValueError: there is no such event.
            TypeError: the handler cannot be called by this router.
        """
        for one in what:
            _check(one, allow_unknown=allow_unknown)

        def register(handler: Callable[..., Any]) -> None:
            self._check_handler(handler)
            self._handlers.extend((one, handler) for one in what or (Event,))

        return On[Any](register)

    def _check_handler(self, handler: Callable[..., Any]) -> None:
        if not callable(handler):
            raise TypeError(f"a handler is a function that takes an event, not {handler!r}")

    def handles(self, event: Event[Any]) -> bool:
        """Whether there is a handler for it."""
        return next(self._matching(event), None) is not None

    def _matching(self, event: Event[Any]) -> Iterator[Callable[..., Any]]:
        for other in self._others:
            yield from other._matching(event)
        done: list[Callable[..., Any]] = []
        for what, handler in self._handlers:
            fits = event.type == what if isinstance(what, str) else isinstance(event, what)
            if fits and handler not in done:  # named twice, it still runs once
                done.append(handler)
                yield handler

    def __repr__(self) -> str:
        names = [what if isinstance(what, str) else what.__name__ for what, _ in self._handlers]
        return f"<{type(self).__name__} {', '.join(names)}>"


class Router(BaseRouter[Sync]):
    """Calls handlers one after the other. `AsyncRouter` is for `async def` handlers."""

    def _check_handler(self, handler: Callable[..., Any]) -> None:
        super()._check_handler(handler)
        if _awaits(handler):
            raise TypeError(f"{_name(handler)} is async, and a Router calls without awaiting: use an AsyncRouter")

    def dispatch(self, event: Event[Sync], /) -> None:
        """Call the handlers of this event. What one raises ends it, and is raised."""
        for handler in self._matching(event):
            result = handler(event)
            if inspect.isawaitable(result):
                if inspect.iscoroutine(result):
                    result.close()
                raise TypeError(f"{_name(handler)} gave something to await, and a Router does not: use an AsyncRouter")


class AsyncRouter(BaseRouter[Async]):
    """Awaits `async def` handlers, and runs plain ones in a thread, so that the event loop goes on."""

    async def dispatch(self, event: Event[Async], /) -> None:
        """Call the handlers of this event, one after the other. What one raises ends it, and is raised."""
        import asyncio

        for handler in self._matching(event):
            result = handler(event) if _awaits(handler) else await asyncio.to_thread(handler, event)
            if inspect.isawaitable(result):
                await result


def _awaits(handler: Any) -> bool:
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004 - not whether it can be called, but how


def _name(handler: Any) -> str:
    return str(getattr(handler, "__qualname__", handler))


def _check(what: Any, *, allow_unknown: bool) -> None:
    if isinstance(what, str):
        if what in Event.types or (allow_unknown and what):
            return
        import difflib

        # Snake case and the like are the usual mistakes: compare letters alone.
        plain = {_letters(name): name for name in Event.types}
        near = [plain[name] for name in difflib.get_close_matches(_letters(what), plain, 1)]
        hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(sorted(Event.types))}"
        raise ValueError(f"no event is named {what!r}; {hint} (allow_unknown=True lets it pass)")
    if not (isinstance(what, type) and issubclass(what, Event)):
        raise TypeError(f"on() takes names of events and classes of events, not {what!r}; @router.on() takes all")


def _letters(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalpha())
