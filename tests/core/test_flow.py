"""The loops that run flows, and the flow as a public part of an operation: nothing is left reserved after a call."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable, Generator
from typing import Any

import pytest

from realtimekit import APIConnectionError, AsyncRealtimeKit, NotFoundError, RateLimitError, RealtimeKit
from realtimekit.flow import Blocking, Flow, Sleep, Step, run, run_async
from realtimekit.interfaces import Request, Reservation, Response
from realtimekit.resources.session import Sessions

from .scripted import SETTINGS, Script, call_of, client_of, error, lost, ok

SESSION = {"id": "s", "status": "ENDED"}


def run_either(flow: Flow[Any], perform: Callable[[Step], Any], *, asynchronous: bool) -> Any:
    """Run a flow in one of the two modes."""
    if not asynchronous:
        return run(flow, perform)

    async def perform_async(step: Step) -> Any:
        return perform(step)

    return asyncio.run(run_async(flow, perform_async))


@pytest.mark.parametrize("asynchronous", [False, True])
class TestLoop:
    def test_results_are_sent_back_and_the_value_is_returned(self, asynchronous: bool) -> None:
        def flow() -> Flow[list[float]]:
            first: float = yield Sleep(1)
            second: float = yield Sleep(2)
            return [first, second]

        def perform(step: Step) -> float:
            assert isinstance(step, Sleep)
            return step.seconds * 10

        assert run_either(flow(), perform, asynchronous=asynchronous) == [10, 20]

    @pytest.mark.parametrize("error", [lost(), RateLimitError("later", status=429)])
    def test_failures_are_thrown_into_the_flow(self, asynchronous: bool, error: Exception) -> None:
        def flow() -> Flow[object]:
            caught = None
            try:
                yield Sleep(1)
            except type(error) as thrown:
                caught = thrown
            return (caught, (yield Sleep(2)))

        def perform(step: Step) -> str:
            if step == Sleep(1):
                raise error
            return "went on"

        assert run_either(flow(), perform, asynchronous=asynchronous) == (error, "went on")

    @pytest.mark.parametrize("error", [KeyboardInterrupt(), SystemExit(), ValueError(), MemoryError()])
    def test_the_flow_is_always_closed(self, asynchronous: bool, error: BaseException) -> None:
        closed: list[str] = []

        def flow() -> Flow[None]:
            try:
                yield Sleep(1)
            finally:
                closed.append("closed")

        def perform(_: Step) -> None:
            raise error

        with pytest.raises(type(error)) as caught:
            run_either(flow(), perform, asynchronous=asynchronous)
        assert closed == ["closed"], "while the exception, and so the frame of the loop, is still held"
        assert caught.value is error

    def test_a_step_that_raises_stop_iteration_does_not_end_the_flow(self, asynchronous: bool) -> None:
        """A transport of a user's own may let one escape: taken for the end of the flow, it would be a None."""

        def perform(_: Step) -> None:
            raise StopIteration

        def flow() -> Flow[str]:
            yield Sleep(1)
            return "never"

        with pytest.raises((StopIteration, RuntimeError)):
            run_either(flow(), perform, asynchronous=asynchronous)


class CountingLimiter:
    """Lets everything go, and counts what is in flight."""

    max_wait = 60.0

    def __init__(self) -> None:
        self.in_flight = 0

    def reserve(self, reservation: Reservation | None, /) -> Reservation:
        self.in_flight += 1
        return Reservation(0.0)

    def observe(self, response: Response | None, reservation: Reservation | None = None, /) -> None:
        self.in_flight -= 1


class TestReservations:
    """An interrupted call gives its reservation back at once, not when its exception is collected."""

    def test_of_an_interrupted_call(self) -> None:
        class Interrupted:
            def send(self, request: Request, /) -> Response:
                raise KeyboardInterrupt

        limiter = CountingLimiter()
        settings: dict[str, Any] = {**SETTINGS, "limiter": limiter}
        client = RealtimeKit(**settings, transport=Interrupted())
        with pytest.raises(KeyboardInterrupt) as caught:
            client.sessions.find("s")
        assert limiter.in_flight == 0
        assert caught.value.__traceback__ is not None, "which still holds every frame of the call"

    def test_of_canceled_tasks(self) -> None:
        class Silent:
            async def send(self, request: Request, /) -> Response:
                await asyncio.Event().wait()
                raise AssertionError

        limiter = CountingLimiter()
        settings: dict[str, Any] = {**SETTINGS, "limiter": limiter}

        async def main() -> list[Any]:
            client = AsyncRealtimeKit(**settings, transport=Silent())
            tasks = [asyncio.ensure_future(client.sessions.find(f"s{n}")) for n in range(5)]
            for _ in range(5):
                await asyncio.get_running_loop().run_in_executor(None, lambda: None)
            assert limiter.in_flight == 5
            for task in tasks:
                task.cancel()
            return await asyncio.gather(*tasks, return_exceptions=True)

        held = asyncio.run(main())
        assert all(isinstance(error, asyncio.CancelledError) for error in held)
        assert limiter.in_flight == 0


class TestFlowOfAnOperation:
    """`operation.flow` is a public part of an operation: other flows use it with `yield from`."""

    def test_it_sends_nothing_by_itself(self) -> None:
        script = Script(ok(SESSION))
        client = client_of(script)
        flow: Generator[Any, Any, Any] = Sessions.find.flow(client.sessions, "s")
        assert script.requests == []
        assert client.run(flow) == client.sessions.ref("s")
        assert [call_of(request).path for request in script.requests] == ["/app/sessions/s"]

    def test_it_can_be_part_of_another_flow(self) -> None:
        script = Script(ok(SESSION), ok({**SESSION, "id": "t"}))
        client = client_of(script)

        def both() -> Flow[list[str]]:
            first = yield from Sessions.find.flow(client.sessions, "s")
            second = yield from Sessions.find.flow(client.sessions, "t")
            return [first.id, second.id]

        assert client.run(both()) == ["s", "t"]

    def test_it_validates_keywords(self) -> None:
        client = client_of(Script())
        with pytest.raises(
            TypeError, match=r"find\(\) got an unexpected keyword argument 'ap_id'; did you mean 'app_id'"
        ):
            Sessions.find.flow(client.sessions, "s", ap_id="x")  # type: ignore[call-arg]

    def test_of_a_fluent_method_it_returns_the_object(self) -> None:
        script = Script(ok({"id": "m", "title": "New"}))
        client = client_of(script)
        meeting = client.meetings.ref("m")
        flow: Any = type(meeting).update.flow(meeting, title="New")
        assert client.run(flow) is meeting
        assert meeting.title == "New"

    def test_a_failure_is_the_calls_own(self) -> None:
        client = client_of(Script(error(404)))
        with pytest.raises(NotFoundError):
            client.run(Sessions.find.flow(client.sessions, "s"))


def test_an_error_that_was_thrown_into_a_flow_leaves_no_cycle() -> None:
    import gc
    import weakref

    class MarkedError(APIConnectionError):
        pass

    def attempt() -> weakref.ref[MarkedError]:
        def flow() -> Flow[None]:
            yield Sleep(1)

        def perform(_: Step) -> None:
            raise MarkedError("lost", maybe_processed=True)

        try:
            run(flow(), perform)
        except MarkedError as error:
            return weakref.ref(error)
        raise AssertionError

    gc.disable()
    try:
        assert attempt()() is None, "it goes with its last reference, and so does all that its frames hold"
    finally:
        gc.enable()


def blocking_flow(function: Callable[[], Any]) -> Flow[Any]:
    return (yield Blocking(function))


def test_what_waits_for_a_disk_is_called_in_a_thread_by_the_async_client_alone() -> None:
    assert client_of(Script()).run(blocking_flow(threading.get_ident)) == threading.get_ident()

    async def run_it() -> int:
        async with AsyncRealtimeKit(**SETTINGS) as client:
            return await client.run(blocking_flow(threading.get_ident))

    assert asyncio.run(run_it()) != threading.get_ident()


def test_a_canceled_call_waits_for_the_disk() -> None:
    """The function uses an open file, which is closed when the flow ends."""
    begun, release, events = threading.Event(), threading.Event(), list[str]()

    def sync() -> None:
        begun.set()
        release.wait(10)
        events.append("written")

    def flow() -> Flow[None]:
        try:
            yield Blocking(sync)
        finally:
            events.append("closed")

    async def cancel() -> None:
        async with AsyncRealtimeKit(**SETTINGS) as client:
            task = asyncio.ensure_future(client.run(flow()))
            await asyncio.to_thread(begun.wait, 10)
            task.cancel()
            asyncio.get_running_loop().call_later(0.05, release.set)
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(cancel())
    assert events == ["written", "closed"]
