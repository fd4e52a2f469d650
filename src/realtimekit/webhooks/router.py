"""Routers: call the handlers of an event."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator
from typing import Any, Generic, Literal, TypeVar, overload

from realtimekit.flow import Async, F, Sync
from realtimekit.kwargs import name_constructor, validate_type
from realtimekit.webhooks import events
from realtimekit.webhooks.events import Event

E_co = TypeVar("E_co", bound=Event[Any], covariant=True)
R = TypeVar("R")


class HandlerDecorator(Generic[E_co]):
    """What `router.on(...)` returns: registers a handler and returns it unchanged."""

    def __init__(self, register: Callable[[Callable[..., Any]], None]) -> None:
        self._register = register

    def __call__(self, handler: Callable[[E_co], R], /) -> Callable[[E_co], R]:
        self._register(handler)
        return handler


class BaseRouter(Generic[F]):
    """What both routers share.

    Args:
        others: routers whose handlers are called before this router's own, including handlers they register later.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        name_constructor(cls)

    def __init__(self, *others: BaseRouter[F]) -> None:
        for other in others:
            validate_type("each argument", other, BaseRouter, "a router; handlers are added with on()")
        self._others: tuple[BaseRouter[F], ...] = others
        self._handlers: list[tuple[str | type[Event[Any]], Callable[..., Any]]] = []

    # fmt: off
    @overload
    def on(self, what: Literal["meeting.started"] | type[events.MeetingStarted[Any]], /) -> HandlerDecorator[events.MeetingStarted[F]]: ...
    @overload
    def on(self, what: Literal["meeting.ended"] | type[events.MeetingEnded[Any]], /) -> HandlerDecorator[events.MeetingEnded[F]]: ...
    @overload
    def on(self, what: Literal["meeting.participantJoined"] | type[events.MeetingParticipantJoined[Any]], /) -> HandlerDecorator[events.MeetingParticipantJoined[F]]: ...
    @overload
    def on(self, what: Literal["meeting.participantLeft"] | type[events.MeetingParticipantLeft[Any]], /) -> HandlerDecorator[events.MeetingParticipantLeft[F]]: ...
    @overload
    def on(self, what: Literal["meeting.chatSynced"] | type[events.MeetingChatSynced[Any]], /) -> HandlerDecorator[events.MeetingChatSynced[F]]: ...
    @overload
    def on(self, what: Literal["meeting.transcript"] | type[events.MeetingTranscript[Any]], /) -> HandlerDecorator[events.MeetingTranscript[F]]: ...
    @overload
    def on(self, what: Literal["meeting.summary"] | type[events.MeetingSummary[Any]], /) -> HandlerDecorator[events.MeetingSummary[F]]: ...
    @overload
    def on(self, what: Literal["recording.statusUpdate"] | type[events.RecordingStatusUpdate[Any]], /) -> HandlerDecorator[events.RecordingStatusUpdate[F]]: ...
    @overload
    def on(self, what: Literal["livestreaming.statusUpdate"] | type[events.LivestreamingStatusUpdate[Any]], /) -> HandlerDecorator[events.LivestreamingStatusUpdate[F]]: ...
    @overload
    def on(self, what: type[events.ParticipantEvent[Any]], /) -> HandlerDecorator[events.ParticipantEvent[F]]: ...
    @overload
    def on(self, what: type[events.MeetingEvent[Any]], /) -> HandlerDecorator[events.MeetingEvent[F]]: ...
    @overload
    def on(self, what: type[events.UnknownEvent[Any]], /) -> HandlerDecorator[events.UnknownEvent[F]]: ...
    @overload
    def on(self, what: str | type[Event[Any]], /, *more: str | type[Event[Any]], allow_unknown: bool = ...) -> HandlerDecorator[Event[F]]: ...
    @overload
    def on(self) -> HandlerDecorator[Event[F]]: ...
    # fmt: on
    def on(self, *what: Any, allow_unknown: bool = False) -> Any:
        """Return a decorator that registers a handler for these events; without arguments, for all events.

        Handlers are called in the order of their registration, until one fails.

        Args:
            what: event names ("meeting.ended") and event classes (`MeetingEnded`, `ParticipantEvent`).
            allow_unknown: accept a name that this version does not know.

        Raises:
            ValueError: there is no such event.
            TypeError: this router cannot call the handler.
        """
        for one in what:
            _validate_selector(one, allow_unknown=allow_unknown)

        def register(handler: Callable[..., Any]) -> None:
            self._validate_handler(handler)
            self._handlers.extend((one, handler) for one in what or (Event,))

        return HandlerDecorator[Any](register)

    def _validate_handler(self, handler: Callable[..., Any]) -> None:
        if not callable(handler):
            raise TypeError(f"a handler is a function that takes an event, not {handler!r}")

    def handles(self, event: Event[Any]) -> bool:
        """Whether there is a handler for this event."""
        return next(self._matching(event), None) is not None

    def _matching(self, event: Event[Any]) -> Iterator[Callable[..., Any]]:
        for other in self._others:
            yield from other._matching(event)
        seen: list[Callable[..., Any]] = []
        for what, handler in self._handlers:
            matches = event.type == what if isinstance(what, str) else isinstance(event, what)
            if matches and handler not in seen:  # registered twice for this event, it still runs once
                seen.append(handler)
                yield handler

    def __repr__(self) -> str:
        names = [what if isinstance(what, str) else what.__name__ for what, _ in self._handlers]
        return f"<{type(self).__name__} {', '.join(names)}>"


class Router(BaseRouter[Sync]):
    """Calls handlers one after the other. For `async def` handlers use `AsyncRouter`."""

    def _validate_handler(self, handler: Callable[..., Any]) -> None:
        super()._validate_handler(handler)
        if _is_async(handler):
            raise TypeError(f"{_name(handler)} is async, and a Router cannot await it: use an AsyncRouter")

    def dispatch(self, event: Event[Sync], /) -> None:
        """Call the handlers of this event. If one raises, the rest are not called and the exception propagates."""
        for handler in self._matching(event):
            result = handler(event)
            if inspect.isawaitable(result):
                if inspect.iscoroutine(result):
                    result.close()
                raise TypeError(f"{_name(handler)} returned an awaitable: use an AsyncRouter")


class AsyncRouter(BaseRouter[Async]):
    """Awaits `async def` handlers, and calls plain ones in a thread, so that they do not block the event loop."""

    async def dispatch(self, event: Event[Async], /) -> None:
        """Call the handlers of this event, one after the other. If one raises, the rest are not called."""
        import asyncio

        for handler in self._matching(event):
            result = handler(event) if _is_async(handler) else await asyncio.to_thread(handler, event)
            if inspect.isawaitable(result):
                await result


def _is_async(handler: Any) -> bool:
    return inspect.iscoroutinefunction(handler) or inspect.iscoroutinefunction(getattr(handler, "__call__", None))  # noqa: B004 - asks how it is called, not whether it can be


def _name(handler: Any) -> str:
    return str(getattr(handler, "__qualname__", handler))


def _validate_selector(what: Any, *, allow_unknown: bool) -> None:
    if isinstance(what, str):
        if what in Event.types or (allow_unknown and what):
            return
        import difflib

        # Snake case and the like are common mistakes: compare only the letters.
        by_letters = {_letters(name): name for name in Event.types}
        close = [by_letters[name] for name in difflib.get_close_matches(_letters(what), by_letters, 1)]
        hint = f"did you mean {close[0]!r}?" if close else f"the names are {', '.join(sorted(Event.types))}"
        raise ValueError(f"no event is named {what!r}; {hint} (allow_unknown=True accepts any name)")
    if not (isinstance(what, type) and issubclass(what, Event)):
        raise TypeError(f"on() takes event names and event classes, not {what!r}; @router.on() is for all events")


def _letters(name: str) -> str:
    return "".join(character for character in name.lower() if character.isalpha())
