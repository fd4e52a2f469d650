"""Endpoints: from a delivery to the status to answer. Verify, claim, call the handlers, commit.

What is answered decides what the platform does: any 2xx is delivered, 5xx is tried again, anything else is given up
(https://developers.cloudflare.com/realtime/realtimekit/, webhooks). Which is why:

    2xx  the handlers are through, now or at an earlier delivery of the same event; or nobody asked for the event
    4xx  it can never become right: no signature, a wrong one, no event, another app's
    500  a handler failed; the delivery is free for the next try
    503  the same delivery is being handled at this moment, and may yet fail; or the key or the store cannot be had
"""

from __future__ import annotations

import hashlib
import inspect
import logging
import uuid
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, cast

from realtimekit.errors import ConfigurationError
from realtimekit.flow import Async, F, Sync
from realtimekit.webhooks.errors import WebhookError
from realtimekit.webhooks.events import LivestreamingStatusUpdate, RecordingStatusUpdate, UnknownEvent
from realtimekit.webhooks.router import AsyncRouter, Router
from realtimekit.webhooks.stores import AsyncDeliveryStore, Claim, DeliveryStore, MemoryStore
from realtimekit.webhooks.verify import AsyncReceiver, Receiver, hidden

if TYPE_CHECKING:
    import asyncio

    from realtimekit.webhooks.events import Event
    from realtimekit.webhooks.headers import Headers

log: logging.Logger = logging.getLogger("realtimekit.webhooks")

LEASE = 300.0  # seconds
KEEP = 7 * 24 * 3600.0  # seconds

Key: TypeAlias = "Callable[[Event[Any], bytes], str]"
"""What tells deliveries apart: of the event and its raw body, a short text."""


class Answer(NamedTuple):
    """What to answer to the platform."""

    status: int
    text: str = ""
    """A word for who reads the platform's log; no secret is in it."""


# --- which deliveries are the same ------------------------------------------------------------------------------------


def by_delivery(event: Event[Any], body: bytes) -> str:
    """The delivery id, as the platform's documentation says. Not signed; without one, `by_body`."""
    return by_body(event, body) if event.delivery_id is None else _digest("delivery", event.delivery_id)


def by_body(event: Event[Any], body: bytes) -> str:
    """The bytes of the body and the id of the webhook. The same bytes later are then the same event."""
    return _digest("body", event.webhook_id or "", hashlib.sha256(body).hexdigest())


def by_event(event: Event[Any], body: bytes) -> str:
    """By body where an event cannot happen twice with the same bytes, by delivery where it can.

    Nobody documents whether a delivery keeps its id when it is tried again: the body is safe from that. But the states
    of a recording or a livestream may come back (RECORDING, PAUSED, RECORDING) and nothing in their bodies is sure to
    differ; taking the second for a copy of the first would lose it.
    """
    if isinstance(event, RecordingStatusUpdate):
        recording = event.to_dict().get("recording")
        final = isinstance(recording, dict) and recording.get("status") in ("UPLOADED", "ERRORED")
        return by_body(event, body) if final else by_delivery(event, body)
    recurring = isinstance(event, LivestreamingStatusUpdate | UnknownEvent)
    return by_delivery(event, body) if recurring else by_body(event, body)


def _digest(*parts: str) -> str:
    # The ids come from headers: a digest is short and plain, whatever they hold.
    return hashlib.sha256("\0".join(parts).encode("utf-8", "surrogatepass")).hexdigest()


# --- the way of a delivery --------------------------------------------------------------------------------------------

Steps: TypeAlias = "Generator[Callable[[], Any], Any, Answer]"


class BaseEndpoint(Generic[F]):
    """What both endpoints have: the way of a delivery, written once, as a generator of the calls to make."""

    def __init__(self, router: Any, receiver: Any, store: Any, key: Key, lease: float, keep: float) -> None:
        self.router: Any = router
        self.receiver: Any = receiver
        self.store: Any = store
        self.key: Key = key
        self.lease: float = lease
        self.keep: float = keep

    @property
    def max_body(self) -> int:
        """The largest body, in bytes: nobody needs to read more of one."""
        return int(self.receiver.max_body)

    def _steps(self, body: bytes, headers: Headers) -> Steps:
        try:
            event: Event[Any] = yield partial(self.receiver.verify, body, headers)
        except WebhookError as error:
            return refusal(error)
        except TypeError:
            raise  # called with no raw body: a mistake in the program
        except Exception:
            log.exception("a delivery could not be verified")
            return Answer(503, "cannot verify now")
        if not self.router.handles(event):
            return Answer(200, "nobody asked for it")
        key, owner = self.key(event, body), uuid.uuid4().hex
        refused = yield from self._claimed(event, key, owner)
        return refused or (yield from self._handled(event, key, owner))

    def _claimed(self, event: Event[Any], key: str, owner: str) -> Generator[Callable[[], Any], Any, Answer | None]:
        """Claim it; the answer, if it is not to be handled."""
        try:
            claim = yield partial(self.store.claim, key, owner, self.lease)
        except GeneratorExit:
            raise  # nobody is left to make a call: the lease runs out
        except BaseException as failure:
            yield from self._released(event, key, owner)  # it may have been claimed all the same
            if not isinstance(failure, Exception):
                raise  # the program is to end, or the task
            log.exception("%r could not be claimed: the delivery store failed", event)
            return Answer(503, "cannot remember now")
        answers = {Claim.DONE: Answer(200, "was handled before"), Claim.RUNNING: Answer(503, "is being handled")}
        return answers.get(claim)

    def _handled(self, event: Event[Any], key: str, owner: str) -> Steps:
        try:
            yield partial(self.router.dispatch, event)
        except GeneratorExit:
            raise  # as above
        except BaseException as failure:
            yield from self._released(event, key, owner)
            if not isinstance(failure, Exception):
                raise  # as above
            log.exception("a handler of %r failed; the platform is to send it again", event)
            return Answer(500, "a handler failed")
        try:
            yield partial(self.store.commit, key, owner, self.keep)
        except Exception:
            # Done it is: asking for it again would be worse than not knowing it again.
            log.exception("%r was handled, but the delivery store could not remember it", event)
        return Answer(200, "handled")

    def _released(self, event: Event[Any], key: str, owner: str) -> Generator[Callable[[], Any], Any, None]:
        try:
            yield partial(self.store.release, key, owner)
        except Exception:
            log.exception("%r could not be released: it is free again in %s s", event, self.lease)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.router!r} {type(self.store).__name__}>"


def refusal(error: WebhookError) -> Answer:
    """The answer to a delivery that is not acted on; also told to the log."""
    log.warning("a delivery was refused with %s: %s", error.status, error)
    return Answer(error.status, str(error))


class Endpoint(BaseEndpoint[Sync]):
    """Where deliveries come in: `endpoint.handle(body, headers)` says what to answer. Thread-safe.

    Args:
        router: who handles them.
        receiver: who verifies them; `Receiver()` where none is given.
        store: who remembers them; a `MemoryStore()`, for one process alone, where none is given.
        key: what tells deliveries apart: `by_event`, `by_delivery`, `by_body`, or a function of yours.
        lease: seconds that handlers may take together (300). A worker that dies with a delivery keeps it as long.
        keep: seconds that a handled delivery is remembered (a week).
    """

    def __init__(
        self,
        router: Router,
        *,
        receiver: Receiver | None = None,
        store: DeliveryStore | None = None,
        key: Key = by_event,
        lease: float = LEASE,
        keep: float = KEEP,
    ) -> None:
        receiver = Receiver() if receiver is None else checked(receiver, Receiver)
        store = MemoryStore() if store is None else store
        if inspect.iscoroutinefunction(store.claim):
            raise ConfigurationError(f"an Endpoint cannot await a {type(store).__name__}: use an AsyncEndpoint")
        super().__init__(checked(router, Router), receiver, store, key, lease, keep)

    def handle(self, body: bytes, headers: Headers) -> Answer:
        """Handle a delivery, to its end.

        Raises:
            TypeError: the body is not raw bytes.
        """
        body = hidden(body)
        steps = self._steps(body, headers)
        go_on: Callable[[], Callable[[], Any]] = partial(next, steps)
        while True:
            try:
                step = go_on()
            except StopIteration as stop:
                return cast("Answer", stop.value)
            try:
                go_on = partial(steps.send, step())
            except BaseException as error:  # noqa: BLE001 - the steps decide
                go_on = partial(steps.throw, error)


class AsyncEndpoint(BaseEndpoint[Async]):
    """As `Endpoint`, with `async def` handlers. A store that blocks (`SQLiteStore`) is asked in a thread."""

    def __init__(
        self,
        router: AsyncRouter,
        *,
        receiver: AsyncReceiver | None = None,
        store: AsyncDeliveryStore | DeliveryStore | None = None,
        key: Key = by_event,
        lease: float = LEASE,
        keep: float = KEEP,
    ) -> None:
        receiver = AsyncReceiver() if receiver is None else checked(receiver, AsyncReceiver)
        store = MemoryStore() if store is None else store
        awaited = store if inspect.iscoroutinefunction(store.claim) else _InThread(store)
        super().__init__(checked(router, AsyncRouter), receiver, awaited, key, lease, keep)
        self._begun: set[asyncio.Task[Answer]] = set()

    async def handle(self, body: bytes, headers: Headers) -> Answer:
        """Handle a delivery, to its end: also if the caller is cancelled, as when the platform hangs up.

        Raises:
            TypeError: the body is not raw bytes.
        """
        import asyncio

        body = hidden(body)
        task = asyncio.ensure_future(self._driven(self._steps(body, headers)))
        self._begun.add(task)  # the loop itself keeps no hold on it
        task.add_done_callback(self._begun.discard)
        return await asyncio.shield(task)

    async def _driven(self, steps: Steps) -> Answer:
        import asyncio

        go_on: Callable[[], Callable[[], Any]] = partial(next, steps)
        while True:
            try:
                step = go_on()
            except StopIteration as stop:
                return cast("Answer", stop.value)
            try:
                go_on = partial(steps.send, await step())
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the steps decide
                go_on = partial(steps.throw, error)


class _InThread:
    """A blocking store, asked in a thread, so that the event loop goes on."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        return Claim(await _in_thread(self._store.claim, key, owner, lease))

    async def commit(self, key: str, owner: str, keep: float, /) -> None:
        await _in_thread(self._store.commit, key, owner, keep)

    async def release(self, key: str, owner: str, /) -> None:
        await _in_thread(self._store.release, key, owner)


async def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
    import asyncio

    return await asyncio.to_thread(function, *args)


def checked(value: Any, kind: type) -> Any:
    """The value, if it is of this kind."""
    if not isinstance(value, kind):
        raise ConfigurationError(f"expected a {kind.__name__}, got {value!r}: sync and async parts do not mix")
    return value
