"""Listening to a meeting: `meeting.listen(...)`, and the events that it yields."""

from __future__ import annotations

from collections import deque
from collections.abc import AsyncGenerator, Awaitable, Callable, Generator, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, Literal, Self, TypeAlias

from realtimekit.agent.backlog import Backlog
from realtimekit.agent.frames import parse_frame
from realtimekit.agent.protocol import EndReason, Protocol
from realtimekit.agent.sockets import AsyncOpener, Opener, Target
from realtimekit.agent.steps import Message
from realtimekit.agent.sync_driver import SyncDriver
from realtimekit.artifacts.segments import Segment
from realtimekit.errors import RealtimeKitError
from realtimekit.flow import Async, F, Flow, Runner, Sync
from realtimekit.kwargs import validate_positive
from realtimekit.lazy import LazyModule
from realtimekit.resource import _NoClient
from realtimekit.resources.captions import Caption, Captions
from realtimekit.resources.live_event import Gap, LiveEvent, Observer, final_segment, make_event
from realtimekit.resources.participant_token import ParticipantToken
from realtimekit.resources.session import Sessions
from realtimekit.settings import Secret, Settings

if TYPE_CHECKING:
    import asyncio

    from realtimekit.agent import async_driver, in_process, websocket
else:
    asyncio = LazyModule("asyncio")
    async_driver = LazyModule("realtimekit.agent.async_driver")  # loads asyncio
    in_process = LazyModule("realtimekit.agent.in_process")  # loads the emulator
    websocket = LazyModule("realtimekit.agent.websocket")  # needs the extra `live`

Subscription: TypeAlias = Literal["transcript", "participant", "broadcast"]
SUBSCRIPTIONS = ("transcript", "participant", "broadcast")

_MAX_GAPS = 1000


class Listener(Generic[F]):
    """A context manager: the agent joins when it is entered, and leaves when the block ends, however it ends.

    `with meeting.listen(...) as events`; with an async client, `async with`. After the block it can be entered again,
    which adds another participant.

    Args:
        client: for requests to the API; None for the default client, if it is needed.
        token: the agent's token, or a flow that adds an agent and returns its token.
        agent_url: the URL of live meetings.
        timeout: seconds to open a connection.
        subscriptions: some of "transcript", "participant", "broadcast".
        max_idle: seconds alone in the meeting after which the agent leaves; None to stay.
        max_backlog: bytes of events that may wait to be read.
    """

    def __init__(
        self,
        client: Runner[F] | None,
        token: ParticipantToken | Callable[[], Flow[ParticipantToken]],
        *,
        agent_url: str,
        timeout: float,
        subscriptions: Sequence[str],
        max_idle: float | None,
        max_backlog: int,
    ) -> None:
        self._client: Runner[F] | None = client
        self._token = token
        self._agent_url, self._timeout = agent_url, timeout
        self._subscriptions = _validate_subscriptions(subscriptions)
        self._max_idle = _validate_max_idle(max_idle)
        self._max_backlog = validate_positive("max_backlog", max_backlog)
        self._events: Any = None  # while it is entered
        transport: Any = client.settings.transport if client else None
        self._emulator = transport if callable(getattr(transport, "upgrade", None)) else None
        if self._emulator is None:
            _ = websocket.MAX_FRAME_BYTES  # a missing extra is an error before anything is sent

    def _target(self, token: Any) -> Target:
        return Target(self._agent_url, Secret(token.reveal()), self._timeout)

    def _opener(self, token: Any) -> Opener:
        if self._emulator is not None:
            return partial(in_process.open_in_process, self._emulator, self._target(token))
        return partial(websocket.open_websocket, self._target(token))

    def _async_opener(self, token: Any) -> AsyncOpener:
        if self._emulator is not None:
            return partial(in_process.open_async_in_process, self._emulator, self._target(token))
        return partial(websocket.open_async_websocket, self._target(token))

    def _protocol(self, token: Any) -> Protocol:
        hint = f"the token expired at {token.expires_at:%Y-%m-%d %H:%M} UTC" if token.expired else ""
        return Protocol(self._subscriptions, max_idle=self._max_idle, token_hint=hint)

    def __enter__(self) -> Events:
        if self._client is not None and self._client.asynchronous:
            raise TypeError("the client of this listener is async: use `async with`")
        self._refuse_if_entered()
        token = self._client.run(self._token()) if self._client and callable(self._token) else self._token
        client: Any = self._client
        backlog = Backlog(self._max_backlog)
        events = Events(
            client, _own_id(token), lambda ask: SyncDriver(self._protocol(token), self._opener(token), backlog, ask)
        )
        events._driver.start()
        self._events = events
        return events

    def __exit__(self, *_: object) -> None:
        events, self._events = self._events, None
        events.leave()

    async def __aenter__(self) -> AsyncEvents:
        if self._client is not None and not self._client.asynchronous:
            raise TypeError("the client of this listener is not async: use `with`")
        self._refuse_if_entered()
        token = await self._client.run(self._token()) if self._client and callable(self._token) else self._token
        client: Any = self._client or _NoClient()
        driver, backlog = async_driver.AsyncDriver, Backlog(self._max_backlog)
        events = AsyncEvents(
            client, _own_id(token), lambda ask: driver(self._protocol(token), self._async_opener(token), backlog, ask)
        )
        await events._driver.start()
        self._events = events
        return events

    async def __aexit__(self, *_: object) -> None:
        events, self._events = self._events, None
        await events.leave()

    def _refuse_if_entered(self) -> None:
        if self._events is not None:
            raise RuntimeError("this listener is in use: call listen() or connect() again, for another agent")

    def __iter__(self) -> Any:
        raise TypeError("use `with ... as events`, and iterate over the events: the agent leaves when the block ends")

    __aiter__ = __iter__

    def __repr__(self) -> str:
        return f"<Listener {self._agent_url} subscriptions={','.join(self._subscriptions)}>"


class BaseEvents(Generic[F]):
    """What the events of both modes share.

    Attributes:
        gaps: the last gaps, also for code that reads only captions or segments.
    """

    def __init__(self, client: Runner[F] | None, participant_id: str | None) -> None:
        self._client: Runner[F] | None = client
        self._participant_id = participant_id
        self.gaps: deque[Gap[F]] = deque(maxlen=_MAX_GAPS)
        self._observers: list[Observer] = []

    @property
    def _settings(self) -> Settings | None:
        """The settings of the client; None if there is only a token."""
        return None if self._client is None or isinstance(self._client, _NoClient) else self._client.settings

    def _event(self, message: Message) -> LiveEvent[F]:
        event = self._make_event(message)
        for observer in self._observers:
            observer(event)
        return event

    def _make_event(self, message: Message) -> LiveEvent[F]:
        if message.decoded is None:
            frame = parse_frame(message.raw)
            return make_event(frame.name, frame.data, message.session, self._client)
        name, data = message.decoded
        if message.raw:
            return make_event(name, data, message.session, self._client)
        gap = Gap[F]._from_data(data, name, message.session, self._client)
        self.gaps.append(gap)
        return gap

    def _others(self, client: Runner[F], session_id: str) -> Flow[bool]:
        """Return whether anyone but the agent is in the session: `GET /sessions/{session_id}/participants`."""
        participants: Any = Sessions(client).ref(session_id).participants
        found = yield from participants._find_first(
            lambda each: each._data.get("left_at") is None and each._data.get("user_id") != self._participant_id
        )
        return found is not None


class Events(BaseEvents[Sync]):
    """The events of a meeting, as they happen: `for event in events`. It ends when the session ends.

    A thread keeps and resumes the connection; unread events wait in memory and on the server.
    """

    def __init__(
        self,
        client: Runner[Sync] | None,
        participant_id: str | None,
        make_driver: Callable[[Callable[[str | None], bool | None]], SyncDriver],
    ) -> None:
        super().__init__(client, participant_id)
        self._driver = make_driver(self._has_others)

    def _has_others(self, session_id: str | None) -> bool | None:
        if self._client is None or session_id is None:
            return None
        try:
            return bool(self._client.run(self._others(self._client, session_id)))
        except RealtimeKitError:
            return True  # it is asked again later

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> LiveEvent:
        message = self._driver.next()
        if message is None:
            raise StopIteration
        return self._event(message)

    def captions(self) -> Generator[list[Caption]]:
        """Yield the latest text of each speaker, after each change; the last speaker is at the end."""
        captions = Captions()
        for event in self:
            if captions.update(event):
                yield captions.current()

    def segments(self) -> Generator[Segment]:
        """Yield the final transcripts, as segments like those of `session.transcript.segments()`.

        Their times are relative to the start of the session.
        """
        for event in self:
            if (segment := final_segment(event)) is not None:
                yield segment

    def leave(self) -> None:
        """Leave the meeting now: the connection is closed with 1000. Iterating ends, in every thread."""
        try:
            self._driver.leave()
        finally:
            for observer in self._observers:
                observer.close()

    @property
    def end_reason(self) -> EndReason | None:
        """Why the iteration stopped: "session_ended" or "idle"; None while it continues, or if you left."""
        return self._driver.end_reason


class AsyncEvents(BaseEvents[Async]):
    """The events of a meeting, as they happen: `async for event in events`. It ends when the session ends.

    A task keeps and resumes the connection; unread events wait in memory and on the server.
    """

    def __init__(
        self,
        client: Runner[Async] | None,
        participant_id: str | None,
        make_driver: Callable[[Callable[[str | None], Awaitable[bool | None]]], async_driver.AsyncDriver],
    ) -> None:
        super().__init__(client, participant_id)
        self._driver = make_driver(self._has_others)

    async def _has_others(self, session_id: str | None) -> bool | None:
        if self._client is None or isinstance(self._client, _NoClient) or session_id is None:
            return None
        try:
            return bool(await self._client.run(self._others(self._client, session_id)))
        except RealtimeKitError:
            return True  # it is asked again later

    def __aiter__(self) -> Self:
        return self

    async def __anext__(self) -> LiveEvent[Async]:
        message = await self._driver.next()
        if message is None:
            raise StopAsyncIteration
        return self._event(message)

    async def captions(self) -> AsyncGenerator[list[Caption]]:
        """Yield the latest text of each speaker, after each change; the last speaker is at the end."""
        captions = Captions()
        async for event in self:
            if captions.update(event):
                yield captions.current()

    async def segments(self) -> AsyncGenerator[Segment]:
        """Yield the final transcripts, as segments like those of `session.transcript.segments()`.

        Their times are relative to the start of the session.
        """
        async for event in self:
            if (segment := final_segment(event)) is not None:
                yield segment

    async def leave(self) -> None:
        """Leave the meeting now: the connection is closed with 1000. Iterating ends, in every task."""
        try:
            await self._driver.leave()
        finally:
            for observer in self._observers:
                await asyncio.to_thread(observer.close)

    @property
    def end_reason(self) -> EndReason | None:
        """Why the iteration stopped: "session_ended" or "idle"; None while it continues, or if you left."""
        return self._driver.end_reason


def _own_id(token: Any) -> str | None:
    participant_id = token.claims.get("participantId")
    return participant_id if isinstance(participant_id, str) else None


def _validate_subscriptions(subscriptions: Any) -> tuple[str, ...]:
    if isinstance(subscriptions, str) or not isinstance(subscriptions, Sequence | set | frozenset):
        kind = type(subscriptions).__name__
        raise TypeError(f"subscriptions= must be a list such as ['transcript', 'participant'], not {kind}")
    chosen = tuple(dict.fromkeys(subscriptions))
    known = ", ".join(map(repr, SUBSCRIPTIONS))
    if not chosen:
        raise ValueError(f"subscriptions= is empty: choose from {known}")
    for name in chosen:
        if name not in SUBSCRIPTIONS:
            raise ValueError(f"subscriptions=: there is no {name!r}; choose from {known}")
    return chosen


def _validate_max_idle(seconds: Any) -> float | None:
    if seconds is None:
        return None
    if isinstance(seconds, bool) or not isinstance(seconds, int | float) or not 0 < seconds < float("inf"):
        raise ValueError(f"max_idle={seconds!r}: must be a number of seconds above 0")
    return float(seconds)
