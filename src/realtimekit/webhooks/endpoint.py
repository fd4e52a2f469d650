"""Endpoints: verify a delivery, claim it, call the handlers, commit it, and say how to respond.

The status of the response decides what RealtimeKit does: it treats any 2xx as delivered, retries after a 5xx, and drops
the event after anything else (https://developers.cloudflare.com/realtime/realtimekit/, webhooks). Hence:

    2xx  the handlers have succeeded, now or for an earlier delivery of the same event; or there is no handler
    4xx  the delivery can never become valid: missing or wrong signature, not an event, another app's event
    500  a handler failed; the claim is released for the retry
    503  another worker is handling the same delivery, and may still fail; or the public key or store is unavailable
"""

from __future__ import annotations

import inspect
import logging
import time
import uuid
from collections.abc import Callable, Generator
from functools import partial
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, TypeAlias, cast

from realtimekit.errors import ConfigurationError
from realtimekit.flow import Async, F, Sync
from realtimekit.kwargs import validate_has
from realtimekit.webhooks.body import hide_body
from realtimekit.webhooks.errors import WebhookError
from realtimekit.webhooks.events import Event
from realtimekit.webhooks.headers import Headers
from realtimekit.webhooks.idempotency import IdempotencyKey, by_event
from realtimekit.webhooks.receiver import AsyncReceiver, Receiver
from realtimekit.webhooks.router import AsyncRouter, Router
from realtimekit.webhooks.stores import AsyncDeliveryStore, Claim, DeliveryStore, MemoryStore

if TYPE_CHECKING:
    import asyncio


log: logging.Logger = logging.getLogger("realtimekit.webhooks")

LEASE = 300.0  # seconds
RETENTION = 7 * 24 * 3600.0  # seconds


class WebhookResponse(NamedTuple):
    """The HTTP response to a delivery."""

    status: int
    text: str = ""
    """A short explanation for readers of the platform's log. It contains no secret."""


class Delivery(NamedTuple):
    """A delivery that was processed, for `on_delivery`. It holds nothing of the body.

    Attributes:
        event: the name of the event, e.g. "meeting.ended"; None if it was refused before that was certain.
        response: the response to it.
        seconds: how long it took, handlers included.
    """

    event: str | None
    response: WebhookResponse
    seconds: float


DeliveryHook: TypeAlias = Callable[[Delivery], object]
Steps: TypeAlias = "Generator[Callable[[], Any], Any, WebhookResponse]"


class BaseEndpoint(Generic[F]):
    """What both endpoints share: how a delivery is processed, written once as a generator of the calls to make."""

    def __init__(
        self,
        router: Any,
        receiver: Any,
        store: Any,
        idempotency_key: IdempotencyKey,
        lease: float,
        retention: float,
        on_delivery: DeliveryHook | None,
    ) -> None:
        self.router: Any = router
        self.receiver: Any = receiver
        self.store: Any = store
        self.idempotency_key: IdempotencyKey = idempotency_key
        self.lease: float = lease
        self.retention: float = retention
        self.on_delivery: DeliveryHook | None = on_delivery

    @property
    def max_body(self) -> int:
        """The largest body, in bytes: an adapter needs to read no more."""
        return int(self.receiver.max_body)

    def _process(self, body: bytes, headers: Headers) -> Steps:
        started = time.perf_counter()
        verified = yield from self._verify(body, headers)
        event = None if isinstance(verified, WebhookResponse) else verified
        response = verified if isinstance(verified, WebhookResponse) else (yield from self._handle(verified, body))
        if self.on_delivery is not None:
            delivery = Delivery(None if event is None else event.type, response, time.perf_counter() - started)
            try:
                self.on_delivery(delivery)
            except Exception:  # what was handled is handled
                log.exception("a hook failed: %r", self.on_delivery)
        return response

    def _verify(self, body: bytes, headers: Headers) -> Generator[Callable[[], Any], Any, Event[Any] | WebhookResponse]:
        """Return the event, or the response to a delivery that is refused."""
        try:
            event: Event[Any] = yield partial(self.receiver.verify, body, headers)
        except WebhookError as error:
            return error_response(error)
        except TypeError:
            raise  # the body is not raw bytes: a mistake in the program
        except Exception:
            log.exception("a delivery could not be verified")
            return WebhookResponse(503, "verification unavailable")
        return event

    def _handle(self, event: Event[Any], body: bytes) -> Steps:
        if not self.router.handles(event):
            return WebhookResponse(200, "no handler")
        key, owner = self.idempotency_key(event, body), uuid.uuid4().hex
        refusal = yield from self._claim(event, key, owner)
        return refusal or (yield from self._dispatch(event, key, owner))

    def _claim(
        self, event: Event[Any], key: str, owner: str
    ) -> Generator[Callable[[], Any], Any, WebhookResponse | None]:
        """Claim the delivery. Returns the response if it must not be handled."""
        try:
            claim = yield partial(self.store.claim, key, owner, self.lease)
        except GeneratorExit:
            raise  # no more calls can be made: the lease expires
        except BaseException as failure:
            yield from self._release(event, key, owner)  # the claim may have succeeded all the same
            if not isinstance(failure, Exception):
                raise  # the program is exiting, or the task was canceled
            log.exception("%r could not be claimed: the delivery store failed", event)
            return WebhookResponse(503, "delivery store unavailable")
        if claim == Claim.COMPLETED:
            return WebhookResponse(200, "already handled")
        return WebhookResponse(503, "in progress") if claim == Claim.IN_PROGRESS else None

    def _dispatch(self, event: Event[Any], key: str, owner: str) -> Steps:
        try:
            yield partial(self.router.dispatch, event)
        except GeneratorExit:
            raise  # as above
        except BaseException as failure:
            yield from self._release(event, key, owner)
            if not isinstance(failure, Exception):
                raise  # as above
            log.exception("a handler of %r failed; RealtimeKit is asked to send the event again", event)
            return WebhookResponse(500, "a handler failed")
        try:
            yield partial(self.store.commit, key, owner, self.retention)
        except Exception:
            # The handlers have succeeded. A retry now would certainly run them twice.
            log.exception("%r was handled, but the delivery store could not remember it", event)
        return WebhookResponse(200, "handled")

    def _release(self, event: Event[Any], key: str, owner: str) -> Generator[Callable[[], Any], Any, None]:
        try:
            yield partial(self.store.release, key, owner)
        except Exception:
            log.exception("%r could not be released: its claim expires in %s s", event, self.lease)

    def __repr__(self) -> str:
        return f"<{type(self).__name__} {self.router!r} {type(self.store).__name__}>"


def error_response(error: WebhookError) -> WebhookResponse:
    """Return the response to a refused delivery, and log why."""
    log.warning("a delivery was refused with %s: %s", error.status, error)
    return WebhookResponse(error.status, str(error))


class Endpoint(BaseEndpoint[Sync]):
    """Processes deliveries: `endpoint.handle(body, headers)` returns the response to send. Thread-safe.

    Args:
        router: calls the handlers.
        receiver: verifies the deliveries; by default `Receiver()`.
        store: remembers the deliveries; by default a `MemoryStore()`, which serves only one process.
        idempotency_key: decides which deliveries are the same: `by_event`, `by_delivery`, `by_body`, or your own
            function.
        lease: seconds that all handlers of a delivery may take together (300). If a worker dies, its delivery stays
            claimed until then.
        retention: seconds that a handled delivery is remembered (a week).
        on_delivery: called with a `Delivery` after each one. A plain function; an exception from it is logged.
    """

    def __init__(
        self,
        router: Router,
        *,
        receiver: Receiver | None = None,
        store: DeliveryStore | None = None,
        idempotency_key: IdempotencyKey = by_event,
        lease: float = LEASE,
        retention: float = RETENTION,
        on_delivery: DeliveryHook | None = None,
    ) -> None:
        receiver = Receiver() if receiver is None else validate_type(receiver, Receiver)
        if store is None:
            store = MemoryStore()
        validate_has("store", store, "claim", "a store of deliveries")
        if inspect.iscoroutinefunction(store.claim):
            raise ConfigurationError(f"an Endpoint cannot await a {type(store).__name__}: use an AsyncEndpoint")
        super().__init__(validate_type(router, Router), receiver, store, idempotency_key, lease, retention, on_delivery)

    def handle(self, body: bytes, headers: Headers) -> WebhookResponse:
        """Process a delivery to its end.

        Raises:
            TypeError: the body is not raw bytes.
        """
        body = hide_body(body)
        steps = self._process(body, headers)
        resume: Callable[[], Callable[[], Any]] = partial(next, steps)
        while True:
            try:
                step = resume()
            except StopIteration as stop:
                return cast("WebhookResponse", stop.value)
            try:
                resume = partial(steps.send, step())
            except BaseException as error:  # noqa: BLE001 - the generator decides
                resume = partial(steps.throw, error)


class AsyncEndpoint(BaseEndpoint[Async]):
    """As `Endpoint`, with `async def` handlers. A store that blocks (`SQLiteStore`) is called in a thread."""

    def __init__(
        self,
        router: AsyncRouter,
        *,
        receiver: AsyncReceiver | None = None,
        store: AsyncDeliveryStore | DeliveryStore | None = None,
        idempotency_key: IdempotencyKey = by_event,
        lease: float = LEASE,
        retention: float = RETENTION,
        on_delivery: DeliveryHook | None = None,
    ) -> None:
        receiver = AsyncReceiver() if receiver is None else validate_type(receiver, AsyncReceiver)
        if store is None:
            store = MemoryStore()
        validate_has("store", store, "claim", "a store of deliveries")
        awaited = store if inspect.iscoroutinefunction(store.claim) else _ThreadedStore(store)
        super().__init__(
            validate_type(router, AsyncRouter), receiver, awaited, idempotency_key, lease, retention, on_delivery
        )
        self._tasks: set[asyncio.Task[WebhookResponse]] = set()

    async def handle(self, body: bytes, headers: Headers) -> WebhookResponse:
        """Process a delivery to its end, even if the caller is canceled, as when RealtimeKit disconnects.

        Raises:
            TypeError: the body is not raw bytes.
        """
        import asyncio

        body = hide_body(body)
        task = asyncio.ensure_future(self._run(self._process(body, headers)))
        self._tasks.add(task)  # the event loop itself keeps only a weak reference
        task.add_done_callback(self._tasks.discard)
        return await asyncio.shield(task)

    async def _run(self, steps: Steps) -> WebhookResponse:
        import asyncio

        resume: Callable[[], Callable[[], Any]] = partial(next, steps)
        while True:
            try:
                step = resume()
            except StopIteration as stop:
                return cast("WebhookResponse", stop.value)
            try:
                resume = partial(steps.send, await step())
            except (Exception, asyncio.CancelledError) as error:  # noqa: BLE001 - the generator decides
                resume = partial(steps.throw, error)


class _ThreadedStore:
    """Calls a blocking store in a thread, so that the event loop is not blocked."""

    def __init__(self, store: Any) -> None:
        self._store = store

    async def claim(self, key: str, owner: str, lease: float, /) -> Claim:
        return Claim(await _in_thread(self._store.claim, key, owner, lease))

    async def commit(self, key: str, owner: str, retention: float, /) -> None:
        await _in_thread(self._store.commit, key, owner, retention)

    async def release(self, key: str, owner: str, /) -> None:
        await _in_thread(self._store.release, key, owner)


async def _in_thread(function: Callable[..., Any], *args: Any) -> Any:
    import asyncio

    return await asyncio.to_thread(function, *args)


def validate_type(value: Any, expected: type) -> Any:
    """Return the value if it is an instance of this class.

    Raises:
        ConfigurationError: it is not.
    """
    if not isinstance(value, expected):
        raise ConfigurationError(f"expected a {expected.__name__}, got {value!r}: sync and async parts do not mix")
    return value
