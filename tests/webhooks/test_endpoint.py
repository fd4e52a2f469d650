"""Endpoints: the response to each delivery: handled, being handled, handled before, or when something fails."""

from __future__ import annotations

import asyncio
import logging
import threading
from collections.abc import Callable
from typing import Any

import pytest

from realtimekit import Async, AsyncRealtimeKit, ConfigurationError, RealtimeKit
from realtimekit.interfaces import Request
from realtimekit.webhooks import (
    AsyncEndpoint,
    AsyncReceiver,
    AsyncRouter,
    Claim,
    Delivery,
    Endpoint,
    Event,
    MemoryStore,
    Receiver,
    Router,
    SQLiteStore,
    WebhookResponse,
    by_body,
    by_delivery,
    by_event,
    parse_event,
)

from . import samples
from .platform import Signer


class Mode:
    """Runs a test with either endpoint."""

    def __init__(self, signer: Signer, *, asynchronous: bool) -> None:
        self.signer, self.asynchronous = signer, asynchronous
        self.router: Any = AsyncRouter() if asynchronous else Router()
        self.handled: list[str] = []

    def endpoint(self, handler: Callable[[Any], Any] | None = None, **options: Any) -> Any:
        self.router.on("meeting.ended", "recording.statusUpdate")(handler or self.note)
        receiver: Any = (AsyncReceiver if self.asynchronous else Receiver)(self.signer.pem)
        kind: Any = AsyncEndpoint if self.asynchronous else Endpoint
        return kind(self.router, **{"receiver": receiver, **options})

    def note(self, event: Any) -> None:
        self.handled.append(event.type)

    def handle(self, endpoint: Any, *delivery: Any) -> WebhookResponse:
        answer = endpoint.handle(*delivery)
        got: WebhookResponse = asyncio.run(answer) if self.asynchronous else answer
        return got


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def mode(request: pytest.FixtureRequest, signer: Signer) -> Mode:
    return Mode(signer, asynchronous=request.param)


def test_handled_once(mode: Mode) -> None:
    endpoint = mode.endpoint()
    delivery = mode.signer.delivery(samples.ENDED)
    assert mode.handle(endpoint, *delivery) == WebhookResponse(200, "handled")
    assert mode.handle(endpoint, *delivery) == WebhookResponse(200, "already handled")
    assert mode.handled == ["meeting.ended"]


def test_the_hook_is_told_of_each_delivery(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    """An exception from it changes nothing."""
    told: list[Delivery] = []

    def hook(delivery: Delivery) -> None:
        told.append(delivery)
        raise ZeroDivisionError

    endpoint = mode.endpoint(on_delivery=hook)
    body, headers = mode.signer.delivery(samples.ENDED)
    responses = [mode.handle(endpoint, body, headers), mode.handle(endpoint, body, {})]
    assert [response.status for response in responses] == [200, 401]
    assert [(delivery.event, delivery.response) for delivery in told] == [
        ("meeting.ended", responses[0]),
        (None, responses[1]),
    ]
    assert all(0 <= delivery.seconds < 60 for delivery in told)
    assert "a hook failed" in caplog.text


def test_an_event_without_a_handler_is_not_remembered(mode: Mode) -> None:
    class Untouchable:
        def claim(self, *_: Any) -> Claim:
            raise AssertionError

    endpoint = mode.endpoint(store=Untouchable())
    assert mode.handle(endpoint, *mode.signer.delivery(samples.STARTED)).status == 200


def test_a_failing_handler_releases_the_delivery(mode: Mode, caplog: pytest.LogCaptureFixture) -> None:
    failures = [LookupError("the database is away"), None]

    def handler(event: Any) -> None:
        if (failure := failures.pop(0)) is not None:
            raise failure
        mode.note(event)

    endpoint = mode.endpoint(handler)
    delivery = mode.signer.delivery(samples.ENDED)
    assert mode.handle(endpoint, *delivery) == WebhookResponse(500, "a handler failed")
    assert "the database is away" in caplog.text
    assert [mode.handle(endpoint, *delivery).status for _ in range(3)] == [200] * 3
    assert mode.handled == ["meeting.ended"]


@pytest.mark.parametrize(
    ("damage", "status"),
    [
        (lambda body, headers: (body + b" ", headers), 401),
        (lambda body, _: (body, {}), 401),
        (lambda _, headers: (b"x" * 2_000_000, headers), 413),
    ],
)
def test_refusals(mode: Mode, damage: Callable[..., Any], status: int, caplog: pytest.LogCaptureFixture) -> None:
    body, headers = mode.signer.delivery(samples.ENDED)
    answer = mode.handle(mode.endpoint(), *damage(body, headers))
    assert answer.status == status
    assert answer.text
    assert f"refused with {status}" in caplog.text
    assert headers["rtk-signature"][:16] not in caplog.text + answer.text
    assert mode.handled == []


def test_an_unavailable_public_key_asks_for_a_retry(mode: Mode) -> None:
    class Down:
        def send(self, request: Request, /) -> Any:
            from realtimekit import APIConnectionError

            raise APIConnectionError("down", maybe_processed=False)

    kit: Any = AsyncRealtimeKit if mode.asynchronous else RealtimeKit
    kind: Any = AsyncReceiver if mode.asynchronous else Receiver
    endpoint = mode.endpoint(receiver=kind(client=kit(api_token="x", transport=Down())))
    assert mode.handle(endpoint, *mode.signer.delivery(samples.ENDED)).status == 503


def test_wrong_settings_ask_for_a_retry(mode: Mode, monkeypatch: pytest.MonkeyPatch) -> None:
    """Settings can be corrected, but a dropped event cannot be recovered."""
    monkeypatch.setenv("REALTIMEKIT_BASE_URL", "nonsense")
    kind: Any = AsyncReceiver if mode.asynchronous else Receiver
    endpoint = mode.endpoint(receiver=kind())
    assert mode.handle(endpoint, *mode.signer.delivery(samples.ENDED)).status == 503


def test_a_body_that_is_not_raw_is_a_programming_error(mode: Mode) -> None:
    with pytest.raises(TypeError, match="raw bytes"):
        mode.handle(mode.endpoint(), {"event": "meeting.ended"}, {})


class Broken(MemoryStore):
    """A store that fails in one of its methods."""

    def __init__(self, broken: str) -> None:
        super().__init__()

        def fail(*_: Any) -> Any:
            raise OSError("the disk is full")

        setattr(self, broken, fail)


@pytest.mark.parametrize(
    ("broken", "fails", "status", "handled"),
    [("claim", False, 503, 0), ("commit", False, 200, 1), ("release", True, 500, 0)],
)
def test_a_store_that_fails(
    mode: Mode,
    broken: str,
    fails: bool,
    status: int,
    handled: int,
    caplog: pytest.LogCaptureFixture,
) -> None:
    def handler(event: Any) -> None:
        if fails:
            raise LookupError
        mode.note(event)

    endpoint = mode.endpoint(handler, store=Broken(broken))
    delivery = mode.signer.delivery(samples.ENDED)
    assert mode.handle(endpoint, *delivery).status == status
    assert len(mode.handled) == handled
    assert "the disk is full" in caplog.text
    # the claim is still there: nobody else runs the handlers before the lease is over
    if broken != "claim":
        assert mode.handle(endpoint, *delivery).status == 503


# --- two at once ------------------------------------------------------------------------------------------------------


def test_of_two_at_once_one_gets_503_until_the_other_is_done(signer: Signer) -> None:
    router, begun, go_on = Router(), threading.Event(), threading.Event()
    runs: list[str] = []

    @router.on("meeting.ended")
    def handler(event: Event) -> None:
        runs.append(event.type)
        begun.set()
        assert go_on.wait(10)

    endpoint = Endpoint(router, receiver=Receiver(signer.pem))
    delivery = signer.delivery(samples.ENDED)
    first: list[WebhookResponse] = []
    thread = threading.Thread(target=lambda: first.append(endpoint.handle(*delivery)))
    thread.start()
    assert begun.wait(10)
    assert endpoint.handle(*delivery) == WebhookResponse(503, "in progress")
    go_on.set()
    thread.join()
    assert first == [WebhookResponse(200, "handled")]
    assert endpoint.handle(*delivery).status == 200
    assert len(runs) == 1


def test_only_one_of_many_tasks_handles_the_delivery(signer: Signer, tmp_path: Any) -> None:
    for store in (MemoryStore(), SQLiteStore(tmp_path / "deliveries.db")):
        router = AsyncRouter()
        runs: list[str] = []

        @router.on("meeting.ended")
        async def handler(event: Event[Async], runs: list[str] = runs) -> None:
            await asyncio.sleep(0.01)
            runs.append(event.type)

        endpoint = AsyncEndpoint(router, receiver=AsyncReceiver(signer.pem), store=store)
        delivery = signer.delivery(samples.ENDED)

        async def main(endpoint: AsyncEndpoint = endpoint, delivery: Any = delivery) -> list[WebhookResponse]:
            return list(await asyncio.gather(*(endpoint.handle(*delivery) for _ in range(20))))

        statuses = sorted(answer.status for answer in asyncio.run(main()))
        assert statuses[0] == 200
        assert len(runs) == 1


def test_a_canceled_caller_does_not_stop_the_handlers(signer: Signer) -> None:
    router, runs = AsyncRouter(), list[str]()

    async def main() -> None:
        begun, go_on = asyncio.Event(), asyncio.Event()

        @router.on("meeting.ended")
        async def handler(event: Event[Async]) -> None:
            begun.set()
            await go_on.wait()
            runs.append(event.type)

        endpoint = AsyncEndpoint(router, receiver=AsyncReceiver(signer.pem))
        delivery = signer.delivery(samples.ENDED)
        caller = asyncio.ensure_future(endpoint.handle(*delivery))
        await begun.wait()
        caller.cancel()
        with pytest.raises(asyncio.CancelledError):
            await caller
        assert (await endpoint.handle(*delivery)).status == 503
        go_on.set()
        await asyncio.gather(*endpoint._tasks)
        assert await endpoint.handle(*delivery) == WebhookResponse(200, "already handled")

    asyncio.run(main())
    assert runs == ["meeting.ended"]


@pytest.mark.parametrize("until", ["claim", "handler"])
def test_an_exiting_program_releases_the_delivery(signer: Signer, until: str) -> None:
    router, store, begun = AsyncRouter(), MemoryStore(), list[str]()

    @router.on("meeting.ended")
    async def handler(_: Event[Async]) -> None:
        begun.append("handler")
        await asyncio.sleep(3600)

    delivery = signer.delivery(samples.ENDED)

    async def main() -> None:
        endpoint = AsyncEndpoint(router, receiver=AsyncReceiver(signer.pem), store=store)
        task = asyncio.ensure_future(endpoint.handle(*delivery))
        while not (begun if until == "handler" else store._claims):  # noqa: ASYNC110 - a store tells nobody
            await asyncio.sleep(0)
        assert not task.done()

    asyncio.run(main())
    assert store._claims == {}


@pytest.mark.parametrize("failure", [KeyboardInterrupt, SystemExit])
def test_an_interrupt_releases_the_delivery_and_propagates(signer: Signer, failure: type[BaseException]) -> None:
    router, store = Router(), MemoryStore()

    @router.on("meeting.ended")
    def handler(_: Event) -> None:
        raise failure

    with pytest.raises(failure):
        Endpoint(router, receiver=Receiver(signer.pem), store=store).handle(*signer.delivery(samples.ENDED))
    assert store._claims == {}


# --- which are the same -----------------------------------------------------------------------------------------------


def two(sample: dict[str, Any], first: str | None, second: str | None) -> list[Event]:
    return [parse_event(sample, delivery_id=name, webhook_id="hook-1") for name in (first, second)]


def status(name: str) -> dict[str, Any]:
    return {**samples.UPLOADED, "recording": {**samples.RECORDING, "status": name}}


@pytest.mark.parametrize(
    ("sample", "by_event_same"),
    [
        *((sample, True) for sample in samples.ALL if sample is not samples.LIVESTREAM),
        (status("ERRORED"), True),
        (status("RECORDING"), False),
        (status("PAUSED"), False),
        (status("UPLOADING"), False),
        ({"event": "recording.statusUpdate"}, False),
        (samples.LIVESTREAM, False),
        ({"event": "meeting.raisedHand"}, False),
    ],
    ids=str,
)
def test_the_same_bytes_with_another_delivery_id(sample: dict[str, Any], by_event_same: bool) -> None:
    body = b"the same"
    first, second = two(sample, "one", "two")
    assert (by_event(first, body) == by_event(second, body)) is by_event_same
    assert by_body(first, body) == by_body(second, body)
    assert by_delivery(first, body) != by_delivery(second, body)
    for key in (by_event, by_body, by_delivery):
        assert key(first, body) == key(first, body)
        assert len(key(first, body)) == 64


def test_other_bytes_with_the_same_delivery_id() -> None:
    first, second = two(samples.ENDED, "one", "one")
    assert by_delivery(first, b"a") == by_delivery(second, b"b")
    assert by_body(first, b"a") != by_body(second, b"b")


def test_without_a_delivery_id_the_body_is_the_key() -> None:
    first, second = two(samples.LIVESTREAM, None, None)
    assert by_event(first, b"a") == by_event(second, b"a") == by_body(first, b"a") != by_event(first, b"b")


def test_another_webhook_is_another_delivery() -> None:
    first = parse_event(samples.ENDED, webhook_id="hook-1")
    second = parse_event(samples.ENDED, webhook_id="hook-2")
    assert by_body(first, b"a") != by_body(second, b"a")


# --- mistakes ---------------------------------------------------------------------------------------------------------


def test_sync_and_async_parts_do_not_mix(signer: Signer) -> None:
    class Awaiting(MemoryStore):
        async def claim(self, *_: Any) -> Claim:  # type: ignore[override]
            return Claim.ACQUIRED

    wrong: list[Callable[[], Any]] = [
        lambda: Endpoint(AsyncRouter()),  # type: ignore[arg-type]
        lambda: AsyncEndpoint(Router()),  # type: ignore[arg-type]
        lambda: Endpoint(Router(), receiver=AsyncReceiver()),  # type: ignore[arg-type]
        lambda: AsyncEndpoint(AsyncRouter(), receiver=Receiver()),  # type: ignore[arg-type]
        lambda: Endpoint(Router(), store=Awaiting()),  # type: ignore[arg-type]
    ]
    for make in wrong:
        with pytest.raises(ConfigurationError, match=r"mix|use an AsyncEndpoint"):
            make()


def test_a_repr_shows_no_secret(signer: Signer, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    router = Router()

    @router.on("livestreaming.statusUpdate")
    def handler(_: Event) -> None:
        raise LookupError

    endpoint = Endpoint(router, receiver=Receiver(signer.pem))
    body, headers = signer.delivery(samples.LIVESTREAM)
    endpoint.handle(body, headers)
    said = caplog.text + repr(endpoint)
    assert "LivestreamingStatusUpdate" in said
    for secret in (samples.LIVESTREAM["streamKey"], headers["rtk-signature"]):
        assert secret not in said
