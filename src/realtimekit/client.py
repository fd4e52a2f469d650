"""The two clients: they run flows over a transport, one by blocking, the other by awaiting."""

from __future__ import annotations

import os
import threading
import time
import weakref
from importlib import import_module
from typing import TYPE_CHECKING, Any, NoReturn, Self, TypeVar, Unpack, cast

from realtimekit.errors import ConfigurationError, DecodeError
from realtimekit.flow import Async, Blocking, F, Flow, Runner, Sleep, Step, Sync, run, run_async
from realtimekit.interfaces import AsyncTransport, Limiter, Request, Reservation, Response, Transport
from realtimekit.kwargs import drop_none, validate_kwargs
from realtimekit.limits import shared_limiter
from realtimekit.other_sdks import AttributeOfOtherSDKs
from realtimekit.settings import ClientOptions, Settings, TransportName, hide_secrets, resolve
from realtimekit.transports import create_transport

if TYPE_CHECKING:
    # Only for type checkers, so `typing.get_type_hints` does not resolve the collections: see ARCHITECTURE.md.
    from collections.abc import Callable

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

T = TypeVar("T")


class _ProcessTransports:
    """The transports of one process, by key: an event loop, or `Sync`."""

    def __init__(self) -> None:
        self.lock = threading.Lock()
        self.transports: dict[Any, Any] = {}


class _Transports:
    """The transports behind a client and its clones: created on first use, one per process and event loop."""

    def __init__(self, transport: Any, *, asynchronous: bool) -> None:
        self.transport = transport
        # A custom transport may lead anywhere, so its requests share no limiter with others.
        self.limit_key: object = None if isinstance(transport, str) else object()
        self.closed = False
        self._asynchronous = asynchronous
        # By process id: a forked child creates its own, under a lock that no thread of the parent held while it forked.
        # The parent's are kept, unused and unclosed: closing them could write to sockets that the parent still uses.
        self._by_process: dict[int, _ProcessTransports] = {}
        weakref.finalize(self, _close_sync, self._by_process)

    def get(self, key: Any) -> Any:
        """Return the transport for an event loop, or for `Sync`."""
        if self.closed:
            raise ConfigurationError("this client is closed: create a new one, or use it inside its `with` block")
        if not isinstance(self.transport, str):
            return self.transport
        pid = os.getpid()
        # setdefault: of many threads, one wins
        own = self._by_process.get(pid) or self._by_process.setdefault(pid, _ProcessTransports())
        transport = own.transports.get(key)
        if transport is None:
            with own.lock:
                transport = own.transports.get(key)
                if transport is None:
                    for stale in [loop for loop in own.transports if loop is not Sync and loop.is_closed()]:
                        del own.transports[stale]  # nothing can await their closing any more
                    name = cast("TransportName", self.transport)
                    transport = own.transports[key] = create_transport(name, asynchronous=self._asynchronous)
        return transport

    def close_idle(self) -> None:
        """Close the connections that no request uses: one of them delivered an unexpected response.

        If that was the response to another request, every later response on its connection would be wrong as well.
        """
        if (transport := self._peek(Sync)) is not None:
            transport.close_idle()

    async def close_idle_async(self) -> None:
        """Like `close_idle`, for the connections of this event loop."""
        import asyncio

        if (transport := self._peek(asyncio.get_running_loop())) is not None:
            await transport.close_idle()

    def _peek(self, key: Any) -> Any:
        own = self._by_process.get(os.getpid())
        return own and own.transports.get(key)

    def pop(self, key: Any) -> Any:
        """Remove and return the transport of a key; None if there is none."""
        own = self._by_process.get(os.getpid())
        return own and own.transports.pop(key, None)


def _close_sync(by_process: dict[int, _ProcessTransports]) -> None:
    """Close the transport of a client that was never closed. Only a sync one can be closed without an event loop."""
    own = by_process.get(os.getpid())
    if own is not None and (transport := own.transports.pop(Sync, None)) is not None:
        transport.close()


class _Collection:
    """A collection of the API on a client; the module of its class is imported when it is first used."""

    def __init__(self, module: str) -> None:
        self._module = f"realtimekit.resources.{module}"
        self._class: Any = None

    def __set_name__(self, owner: type, name: str) -> None:
        self._class_name = owner.__annotations__[name].partition("[")[0]

    def __get__(self, client: BaseClient[Any] | None, owner: type) -> Any:
        if client is None:
            return self
        if self._class is None:
            self._class = getattr(import_module(self._module), self._class_name)
        return self._class(client)


def collection(module: str) -> Any:
    """Declare a collection; its type is the annotation, from this module of `realtimekit.resources`."""
    return _Collection(module)


class BaseClient(Runner[F]):
    """What both clients share: the settings and the collections of the API.

    Args:
        api_token: an API token with the permission "Realtime" or "Realtime Admin" (CLOUDFLARE_API_TOKEN).
        account_id: the Cloudflare account (CLOUDFLARE_ACCOUNT_ID).
        app_id: the RealtimeKit app (REALTIMEKIT_APP_ID).
        base_url: where the API is; https, or plain http on this machine (REALTIMEKIT_BASE_URL).
        timeout: seconds for each attempt, from connecting to the end of the response (30); in downloads, for each wait.
        max_retries: how often a request is retried where that is safe (2).
        transport: "auto", "httpcore2", "pyreqwest" (REALTIMEKIT_TRANSPORT), or an object with a `send` method, which
            you close yourself. An async client also accepts a blocking one, which is right if it never waits.
        limiter: "auto" shares one limiter between all clients of this process with the same token, and takes the rate
            limit from the responses; "off"; or an object such as `realtimekit.limits.RedisLimiter` (docs/limits.md).
        on_request: called before each attempt to send a request, with an `Attempt`. A plain function, also for an
            async client. An exception from a hook is logged, and the call goes on.
        on_response: called after each attempt, with its outcome.
        on_retry: called before the wait for the next attempt.
        on_wait: called after a wait for the rate limit, before the request is sent.
        agent_url: the URL of live meetings (REALTIMEKIT_AGENT_URL); by default Cloudflare's, or the server at
            `base_url` if that is on this machine.

    Options that are left out come from `realtimekit.configure()`, then from the environment.

    Raises:
        ConfigurationError: there is no token, or a setting is invalid.
    """

    def __init__(self, transport: object, given: ClientOptions) -> None:
        hide_secrets(given)
        validate_kwargs(type(self).__init__, given)
        # A transport that leads to one app, such as an archive's, knows which.
        own: Any = getattr(transport, "client_options", {})
        self._settings: Settings = resolve(**{**own, **drop_none(given)}, transport=transport)
        self._reject_async("transport", "send")
        self._transports = _Transports(self._settings.transport, asynchronous=self.asynchronous)
        self._limiter = self._resolve_limiter()

    @property
    def settings(self) -> Settings:
        """The settings that this client was created with; they never change."""
        return self._settings

    def with_options(self, **given: Unpack[ClientOptions]) -> Self:
        """Return a client with some settings changed. It shares the connections: closing one client closes both.

        Args:
            given: the options to change, as for the client, without `transport`.

        Raises:
            ConfigurationError: a setting is invalid.
        """
        hide_secrets(given)
        validate_kwargs(BaseClient.with_options, given)
        changes = {name: value for name, value in given.items() if value is not None}
        clone = object.__new__(type(self))
        clone._settings = resolve(**{**self.settings._asdict(), **changes})
        clone._transports = self._transports
        clone._limiter = clone._resolve_limiter()
        return clone

    def _reject_async(self, name: str, method: str) -> None:
        part = getattr(self._settings, name)
        if not self.asynchronous and not isinstance(part, str) and _is_async(getattr(part, method)):
            raise ConfigurationError(
                f"{name}={part!r}: its {method}() is async; a {type(self).__name__} needs a blocking one; an "
                "AsyncRealtimeKit accepts either"
            )

    def _resolve_limiter(self) -> Limiter | None:
        settings = self._settings
        if settings.limiter == "off":
            return None
        if settings.limiter != "auto":
            self._reject_async("limiter", "reserve")
            return settings.limiter
        return shared_limiter((settings.base_url, settings.api_token, self._transports.limit_key))

    def __repr__(self) -> str:
        settings: Settings | None = self.__dict__.get("_settings")  # None where the constructor failed
        if settings is None:
            return f"<{type(self).__name__}>"
        scope = f"account_id={settings.account_id!r} app_id={settings.app_id!r}"
        return f"<{type(self).__name__} {settings.base_url} {scope}>"

    def __reduce__(self) -> NoReturn:
        raise TypeError(
            f"{self!r} cannot be pickled or copied: it has connections and a token. Pickle its records, "
            "which leave the client behind, and create a client where they arrive; with_options() returns a copy"
        )

    apps: Apps[F] = collection("app")
    """The apps of the account."""
    meetings: Meetings[F] = collection("meeting")
    """The meetings of the app."""
    participants: Participants[F] = collection("participant")
    """The participants of one meeting: pass `meeting_id=`, or use `meeting.participants`."""
    sessions: Sessions[F] = collection("session")
    """The sessions of the app: what happened in its meetings."""
    session_participants: SessionParticipants[F] = collection("session_participant")
    """The participants of one session: pass `session_id=`, or use `session.participants`."""
    livestream_sessions: LivestreamSessions[F] = collection("livestream_session")
    """The sessions of livestreams, by their ids; `session.livestream_sessions()` lists those of one session."""
    livestreams: Livestreams[F] = collection("livestream")
    """The livestreams of the app."""
    recordings: Recordings[F] = collection("recording")
    """The recordings of the app."""
    presets: Presets[F] = collection("preset")
    """The presets of the app: what participants may do."""
    webhooks: Webhooks[F] = collection("webhook")
    """The webhooks of the app: the URLs that its events are sent to."""
    analytics: Analytics[F] = collection("analytics")
    """The usage of the app, by day."""

    if not TYPE_CHECKING:
        realtime_kit = AttributeOfOtherSDKs("use its collections directly, such as client.meetings")


def _is_async(function: object) -> bool:
    from inspect import iscoroutinefunction

    return iscoroutinefunction(function)


class RealtimeKit(BaseClient[Sync]):
    """The sync client. Thread-safe, also usable after a fork. Connects on first use.

    A context manager: `with RealtimeKit() as client` closes the connections at the end.
    """

    asynchronous = False

    def __init__(self, *, transport: TransportName | Transport | None = None, **given: Unpack[ClientOptions]) -> None:
        super().__init__(transport, given)

    def run(self, flow: Flow[T], /) -> T:
        """Run a flow (see `realtimekit.flow`)."""
        try:
            return run(flow, self._perform)
        except DecodeError:
            self._transports.close_idle()
            raise

    def _perform(self, step: Step) -> Any:
        if isinstance(step, Request):
            return self._transports.get(Sync).send(step)
        if isinstance(step, Sleep):
            return time.sleep(step.seconds)
        if isinstance(step, Blocking):
            return step.function()
        return self._limiter and (self._limiter, self._limiter.reserve(step.reservation))

    def close(self) -> None:
        """Close the connections. Records of this client can still be read, but send no more requests."""
        self._transports.closed = True
        if (transport := self._transports.pop(Sync)) is not None:
            transport.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class AsyncRealtimeKit(BaseClient[Async]):
    """The async client, for asyncio. Task-safe, also usable from several event loops. Connects on first use.

    An async context manager: `async with AsyncRealtimeKit() as client` closes the connections at the end.
    """

    asynchronous = True

    def __init__(
        self, *, transport: TransportName | Transport | AsyncTransport | None = None, **given: Unpack[ClientOptions]
    ) -> None:
        super().__init__(transport, given)

    async def run(self, flow: Flow[T], /) -> T:
        """Run a flow (see `realtimekit.flow`)."""
        try:
            return await run_async(flow, self._perform)
        except DecodeError:
            await self._transports.close_idle_async()
            raise

    async def _perform(self, step: Step) -> Any:
        import asyncio  # the sync path does not load it

        if isinstance(step, Request):
            response = self._transports.get(asyncio.get_running_loop()).send(step)
            return response if isinstance(response, Response) else await response
        if isinstance(step, Sleep):
            return await asyncio.sleep(step.seconds)
        if isinstance(step, Blocking):
            return await _call_in_thread(step.function)
        if self._limiter is None:
            return None
        reservation = self._limiter.reserve(step.reservation)
        return self._limiter, reservation if isinstance(reservation, Reservation) else await reservation

    async def close(self) -> None:
        """Close the connections of this event loop. Records of this client can be read, but send no more requests."""
        import asyncio

        self._transports.closed = True
        if (transport := self._transports.pop(asyncio.get_running_loop())) is not None:
            await transport.close()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()


async def _call_in_thread(function: Callable[[], Any]) -> Any:
    """Call a function in a thread, and wait for its end even if the caller is canceled: it uses an open file."""
    import asyncio

    call = asyncio.ensure_future(asyncio.to_thread(function))
    try:
        return await asyncio.shield(call)
    except asyncio.CancelledError:
        await asyncio.wait([call])
        raise


_default: RealtimeKit | None = None


def default_client() -> RealtimeKit:
    """Return the client behind `Session.find(...)` and the like; a new one if the settings in force have changed."""
    global _default  # noqa: PLW0603 - the one default client of the process
    client, settings = _default, resolve()
    if client is None or client.settings != settings or client._transports.closed:
        client = _default = RealtimeKit(**settings._asdict())
    return client
