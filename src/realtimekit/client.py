"""The two clients: they drive flows over a transport, one by blocking, the other by awaiting."""

from __future__ import annotations

import os
import threading
import time
import weakref
from functools import partial
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, Unpack, cast

from realtimekit.errors import APIConnectionError, ConfigurationError, RateLimitError
from realtimekit.flow import Async, F, Flow, Response, Runner, Sleep, Sync, Turn
from realtimekit.kwargs import check
from realtimekit.limits import Place, shared
from realtimekit.settings import Given, hide, resolve
from realtimekit.transports import built_in

if TYPE_CHECKING:
    from collections.abc import Callable

    from realtimekit.flow import Request, Step
    from realtimekit.limits import Limiter
    from realtimekit.resources.analytics import Analytics
    from realtimekit.resources.app import Apps
    from realtimekit.resources.livestream import Livestreams
    from realtimekit.resources.livestream_session import LivestreamSessions
    from realtimekit.resources.meeting import Meetings
    from realtimekit.resources.participant import Participants
    from realtimekit.resources.preset import Presets
    from realtimekit.resources.recording import Recordings
    from realtimekit.resources.session import Sessions
    from realtimekit.resources.session_participant import SessionParticipants
    from realtimekit.resources.webhook import Webhooks
    from realtimekit.settings import Settings, TransportName
    from realtimekit.transports import AsyncTransport, Transport

T = TypeVar("T")


class _Made:
    """The transports of one process, for each place: an event loop, or `Sync`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.transports: dict[Any, Any] = {}


class _Connections:
    """The transports behind a client and its clones: made on first use, one for each process and event loop."""

    def __init__(self, transport: Any, *, asynchronous: bool) -> None:
        self.transport = transport
        # Where a transport of one's own leads, nobody else's requests count.
        self.own: object = None if isinstance(transport, str) else object()
        self.closed = False
        self._asynchronous = asynchronous
        # By process id: a forked child makes its own, under a lock that no thread of the parent held while it forked.
        # The parent's are kept, unused and unclosed: closing them could write on sockets that the parent still uses.
        self._made: dict[int, _Made] = {}
        weakref.finalize(self, _close_all, self._made)

    def get(self, place: Any) -> Any:
        """The transport for a place: the event loop, or `Sync`."""
        if self.closed:
            raise ConfigurationError("this client is closed: make a new one, or use it inside its `with` block")
        if not isinstance(self.transport, str):
            return self.transport
        pid = os.getpid()
        made = self._made.get(pid) or self._made.setdefault(pid, _Made())  # setdefault: of many threads, one wins
        transport = made.transports.get(place)
        if transport is None:
            with made.lock:
                transport = made.transports.get(place)
                if transport is None:
                    for gone in [loop for loop in made.transports if loop is not Sync and loop.is_closed()]:
                        del made.transports[gone]  # nothing can await their closing any more
                    transport = built_in(cast("TransportName", self.transport), asynchronous=self._asynchronous)
                    made.transports[place] = transport
        return transport

    def pop(self, place: Any) -> Any:
        """The transport made for a place, no longer kept; None where there is none."""
        made = self._made.get(os.getpid())
        return made and made.transports.pop(place, None)


def _close_all(made: dict[int, _Made]) -> None:
    """What a client that nobody closed leaves behind. Only the sync one can be closed without its event loop."""
    own = made.get(os.getpid())
    if own is not None and (transport := own.transports.pop(Sync, None)) is not None:
        transport.close()


class _Collection:
    """A collection of the API on a client; the module of its class is loaded when it is first asked for."""

    def __init__(self, home: str) -> None:
        self._home = f"realtimekit.resources.{home}"
        self._kind: Any = None

    def __set_name__(self, owner: type, name: str) -> None:
        self._class = owner.__annotations__[name].partition("[")[0]

    def __get__(self, client: Client[Any] | None, owner: type) -> Any:
        if client is None:
            return self
        if self._kind is None:
            self._kind = getattr(import_module(self._home), self._class)
        return self._kind(client)


def collection(home: str) -> Any:
    """Declare a collection; its type is the annotation, from the module `home` of `realtimekit.resources`."""
    return _Collection(home)


class Client(Runner[F]):
    """What both clients have: the settings and the collections of the API.

    Args:
        api_token: an API token with the permission "Realtime" or "Realtime Admin" (CLOUDFLARE_API_TOKEN).
        account_id: the Cloudflare account (CLOUDFLARE_ACCOUNT_ID).
        app_id: the RealtimeKit app (REALTIMEKIT_APP_ID).
        base_url: where the API is; https, or plain http on this machine (REALTIMEKIT_BASE_URL).
        timeout: seconds for a call, from connecting to the end of the answer (30); of a download, for each wait.
        max_retries: how often a request that may safely be sent again is sent again (2).
        transport: "auto", "httpcore2", "pyreqwest" (REALTIMEKIT_TRANSPORT), or an object with a `send` method; such an
            object stays yours to close. An async client takes a blocking one, too: right for one that never waits.
        limiter: "auto" keeps all clients of this process that have the same token inside the rate limit, as the
            answers tell it; "off"; or an object such as `realtimekit.limits.RedisLimiter` (docs/limits.md).
        on_request: called before each sending of a request, with an `Attempt`; a plain function, also of an async
            client. What a hook raises is logged, and the call goes on.
        on_response: called after each, with what became of it.
        on_retry: called before the wait for the next.

    What is not given comes from `realtimekit.configure()`, then from the environment.

    Raises:
        ConfigurationError: there is no token, or a setting cannot be right.
    """

    def __init__(self, transport: object, given: Given) -> None:
        hide(given)
        check(type(self).__init__, given)
        self._settings: Settings = resolve(**given, transport=transport)
        self._refuse_awaiting("transport", "send")
        self._connections = _Connections(self._settings.transport, asynchronous=self.asynchronous)
        self._limiter = self._checked_limiter()

    @property
    def settings(self) -> Settings:
        """The settings that this client was made with; they do not change."""
        return self._settings

    def with_options(self, **given: Unpack[Given]) -> Self:
        """A client with some settings changed. It shares the connections of this one, and their closing.

        Args:
            given: as for the client, without `transport`.
        """
        hide(given)
        check(Client.with_options, given)
        changes = {name: value for name, value in given.items() if value is not None}
        clone = object.__new__(type(self))
        clone._settings = resolve(**{**self.settings._asdict(), **changes})
        clone._connections = self._connections
        clone._limiter = clone._checked_limiter()
        return clone

    def _refuse_awaiting(self, name: str, does: str) -> None:
        part = getattr(self._settings, name)
        if not self.asynchronous and not isinstance(part, str) and _awaits(getattr(part, does)):
            raise ConfigurationError(
                f"{name}={part!r}: its {does}() awaits; a {type(self).__name__} needs a blocking one, an "
                "AsyncRealtimeKit takes either"
            )

    def _checked_limiter(self) -> Limiter | None:
        settings = self._settings
        if settings.limiter == "off":
            return None
        if settings.limiter != "auto":
            self._refuse_awaiting("limiter", "reserve")
            return settings.limiter
        return shared((settings.base_url, settings.api_token, self._connections.own))

    def __repr__(self) -> str:
        settings: Settings | None = self.__dict__.get("_settings")  # None where making it failed
        if settings is None:
            return f"<{type(self).__name__}>"
        place = f"{settings.base_url} account_id={settings.account_id!r} app_id={settings.app_id!r}"
        return f"<{type(self).__name__} {place}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} cannot be pickled or copied: it has connections, and a token. Pickle records (they leave it "
            "behind) and make a client where they arrive; with_options() gives a changed one"
        )

    apps: Apps[F] = collection("app")
    """The apps of the account."""
    meetings: Meetings[F] = collection("meeting")
    """The meetings of the app."""
    participants: Participants[F] = collection("participant")
    """The participants of one meeting: name it with `meeting_id=`, or start from `meeting.participants`."""
    sessions: Sessions[F] = collection("session")
    """The sessions of the app: what happened in its meetings."""
    session_participants: SessionParticipants[F] = collection("session_participant")
    """Who took part in one session: name it with `session_id=`, or start from `session.participants`."""
    livestream_sessions: LivestreamSessions[F] = collection("livestream_session")
    """Broadcasts, by their id; those of one session are `session.livestream_sessions()`."""
    livestreams: Livestreams[F] = collection("livestream")
    """The livestreams of the app."""
    recordings: Recordings[F] = collection("recording")
    """The recordings of the app."""
    presets: Presets[F] = collection("preset")
    """The presets of the app: what its participants may do."""
    webhooks: Webhooks[F] = collection("webhook")
    """The webhooks of the app: where it tells what happens."""
    analytics: Analytics[F] = collection("analytics")
    """How much the app is used."""


def _awaits(function: object) -> bool:
    from inspect import iscoroutinefunction  # noqa: PLC0415 - slow to import, only for parts of one's own

    return iscoroutinefunction(function)


class RealtimeKit(Client[Sync]):
    """The blocking client. Thread-safe, usable before and after a fork; connects on first use.

    Usable as a context manager, which closes its connections.
    """

    asynchronous = False

    def __init__(self, *, transport: TransportName | Transport | None = None, **given: Unpack[Given]) -> None:
        super().__init__(transport, given)

    def run(self, flow: Flow[T], /) -> T:
        """Carry out a flow (see `realtimekit.flow`)."""
        go_on: Callable[[], Step] = partial(next, flow)
        while True:
            try:
                step = go_on()
            except StopIteration as stop:
                return cast("T", stop.value)
            if isinstance(step, Sleep):
                time.sleep(step.seconds)
                go_on = partial(flow.send, None)
                continue
            try:
                answer = self._turn(step) if isinstance(step, Turn) else self._connections.get(Sync).send(step)
            except (APIConnectionError, RateLimitError) as error:
                go_on = partial(flow.throw, error)
            else:
                go_on = partial(flow.send, answer)

    def _turn(self, turn: Turn) -> Any:
        return self._limiter and (self._limiter, self._limiter.reserve(turn.place))

    def close(self) -> None:
        """Close the connections. Records of this client can still be read, but not reloaded."""
        self._connections.closed = True
        if (transport := self._connections.pop(Sync)) is not None:
            transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncRealtimeKit(Client[Async]):
    """The awaiting client, for asyncio. Task-safe, usable from several event loops; connects on first use.

    Usable as an async context manager, which closes its connections.
    """

    asynchronous = True

    def __init__(
        self, *, transport: TransportName | Transport | AsyncTransport | None = None, **given: Unpack[Given]
    ) -> None:
        super().__init__(transport, given)

    async def run(self, flow: Flow[T], /) -> T:
        """Carry out a flow (see `realtimekit.flow`)."""
        import asyncio  # noqa: PLC0415 - the sync path does not load it

        go_on: Callable[[], Step] = partial(next, flow)
        while True:
            try:
                step = go_on()
            except StopIteration as stop:
                return cast("T", stop.value)
            if isinstance(step, Sleep):
                await asyncio.sleep(step.seconds)
                go_on = partial(flow.send, None)
                continue
            try:
                answer = await (self._turn(step) if isinstance(step, Turn) else self._send(step))
            except (APIConnectionError, RateLimitError) as error:
                go_on = partial(flow.throw, error)
            else:
                go_on = partial(flow.send, answer)

    async def _send(self, request: Request) -> Response:
        import asyncio  # noqa: PLC0415 - as above

        response = self._connections.get(asyncio.get_running_loop()).send(request)
        return response if isinstance(response, Response) else await response

    async def _turn(self, turn: Turn) -> Any:
        if self._limiter is None:
            return None
        place = self._limiter.reserve(turn.place)
        return self._limiter, place if isinstance(place, Place) else await place

    async def close(self) -> None:
        """Close the connections of this event loop. Records of this client can still be read, but not reloaded."""
        import asyncio  # noqa: PLC0415 - as above

        self._connections.closed = True
        if (transport := self._connections.pop(asyncio.get_running_loop())) is not None:
            await transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


_default: RealtimeKit | None = None


def default_client() -> RealtimeKit:
    """The client behind `Session.find(...)` and its like: made anew when the settings in force have changed."""
    global _default  # noqa: PLW0603 - the one default client of the process
    client, settings = _default, resolve()
    if client is None or client.settings != settings or client._connections.closed:
        client = _default = RealtimeKit(**settings._asdict())
    return client
