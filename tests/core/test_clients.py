"""Clients are shared by threads, event loops and processes; their errors can be pickled."""

from __future__ import annotations

import asyncio
import copy
import pickle
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import pytest

import realtimekit
import realtimekit.client
from realtimekit import errors
from realtimekit.interfaces import Request, Response

from .scripted import (
    BASE_URL,
    SETTINGS,
    AsyncScriptedTransport,
    Mode,
    Script,
    async_client_of,
    client_of,
    default_to,
    ok,
)


def echo(call: Any) -> Response:
    return ok({"id": call.path.rpartition("/")[2]})


class Closing:
    """A transport that records whether it was closed."""

    closed = False

    def send(self, request: Request, /) -> Response:
        return ok({"id": "s"})

    def close(self) -> None:
        self.closed = True


@pytest.mark.parametrize("travel", [copy.copy, copy.deepcopy, pickle.dumps])
def test_a_client_cannot_be_pickled_or_copied(mode: Mode, travel: Callable[[Any], object]) -> None:
    with pytest.raises(
        TypeError, match=r"^<\w+ https://.*> cannot be pickled or copied: .*Pickle its records.*with_options"
    ):
        travel(mode.client(Script()))


def test_every_collection_of_a_client_is_loaded_on_first_use(mode: Mode) -> None:
    client = mode.client(Script())
    names = [
        name
        for name, kind in vars(realtimekit.client.BaseClient).items()
        if isinstance(kind, realtimekit.client._Collection)
    ]
    assert len(names) == 11
    for name in names:
        collection = getattr(client, name)
        assert type(collection).__name__ == "".join(word.capitalize() for word in name.split("_"))
        assert collection._client is client


class TestSharing:
    def test_threads_share_a_client(self) -> None:
        client = client_of(Script(server=echo))
        start = threading.Barrier(8)

        def work(worker: int) -> list[str]:
            start.wait(20)
            return [client.sessions.find(f"{worker}-{n}").id for n in range(50)]

        with ThreadPoolExecutor(8) as threads:
            found = list(threads.map(work, range(8)))
        assert found == [[f"{worker}-{n}" for n in range(50)] for worker in range(8)]

    def test_threads_share_the_default_client_and_a_relation(self) -> None:
        script = Script(server=lambda _: ok({"sessions": [{"id": "a"}]}, {"total_count": 1, "end_offset": 1}))
        default_to(script)
        ended = realtimekit.Session.where(status="ENDED")
        with ThreadPoolExecutor(8) as threads:
            found = list(
                threads.map(lambda _: [s.id for s in ended] + [s.id for s in realtimekit.Session.all()], range(50))
            )
        assert found == [["a", "a"]] * 50

    def test_threads_create_one_connection_pool(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[Closing] = []

        def make(name: str, *, asynchronous: bool) -> Closing:
            made.append(Closing())
            return made[-1]

        monkeypatch.setattr("realtimekit.client.create_transport", make)
        client = realtimekit.RealtimeKit(**SETTINGS)
        assert made == [], "it connects on first use"
        start = threading.Barrier(8)

        def work(worker: int) -> str:
            start.wait(20)
            return client.sessions.find("s").id

        with ThreadPoolExecutor(8) as threads:
            assert list(threads.map(work, range(8))) == ["s"] * 8
        assert len(made) == 1

    def test_tasks_share_a_client(self) -> None:
        client = async_client_of(Script(server=echo))

        async def story() -> list[str]:
            found = await asyncio.gather(*(client.sessions.find(str(n)) for n in range(50)))
            return [session.id for session in found]

        assert asyncio.run(story()) == [str(n) for n in range(50)]

    def test_one_async_client_in_several_event_loops(self) -> None:
        client = async_client_of(Script(server=echo))

        async def find(id: str) -> Any:
            return await client.sessions.find(id)

        first = asyncio.run(find("a"))
        assert asyncio.run(find("b")).id == "b"
        assert asyncio.run(first.reload()) is first

    def test_each_event_loop_has_its_own_connections(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made: list[AsyncScriptedTransport] = []
        script = Script(server=echo)

        def make(name: str, *, asynchronous: bool) -> AsyncScriptedTransport:
            assert asynchronous
            made.append(AsyncScriptedTransport(script))
            return made[-1]

        monkeypatch.setattr("realtimekit.client.create_transport", make)
        client = realtimekit.AsyncRealtimeKit(**SETTINGS)

        async def twice() -> None:
            await client.sessions.find("a")
            await client.with_options(app_id="b").sessions.find("b")

        asyncio.run(twice())
        asyncio.run(twice())
        assert len(made) == 2


class TestClosing:
    def test_a_client_closes_transports_that_it_created(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = Closing()
        monkeypatch.setattr("realtimekit.client.create_transport", lambda name, *, asynchronous: made)
        with realtimekit.RealtimeKit(**SETTINGS) as client:
            client.sessions.find("s")
            assert not made.closed
        assert made.closed

    def test_a_client_leaves_the_users_transport_open(self) -> None:
        given = Closing()
        with realtimekit.RealtimeKit(transport=given, **SETTINGS) as client:
            client.sessions.find("s")
        assert not given.closed

    def test_an_unclosed_client_is_closed_when_it_is_garbage_collected(self, monkeypatch: pytest.MonkeyPatch) -> None:
        made = Closing()
        monkeypatch.setattr("realtimekit.client.create_transport", lambda name, *, asynchronous: made)
        client: Any = realtimekit.RealtimeKit(**SETTINGS)
        client.sessions.find("s")
        del client
        assert made.closed

    def test_an_async_client_closes_transports_that_it_created(self, monkeypatch: pytest.MonkeyPatch) -> None:
        closed: list[bool] = []

        class AsyncClosing(AsyncScriptedTransport):
            async def close(self) -> None:
                closed.append(True)

        made = AsyncClosing(Script(server=echo))
        monkeypatch.setattr("realtimekit.client.create_transport", lambda name, *, asynchronous: made)

        async def story() -> None:
            async with realtimekit.AsyncRealtimeKit(**SETTINGS) as client:
                await client.sessions.find("s")
                assert closed == []

        asyncio.run(story())
        assert closed == [True]


class Stop(BaseException):
    """Like KeyboardInterrupt: nothing should catch it."""


class TestForeignExceptions:
    """Other exceptions than APIConnectionError pass through the client once and unchanged."""

    @pytest.mark.parametrize(
        "raised", [Stop(), KeyboardInterrupt(), SystemExit(3), OSError("disk"), ZeroDivisionError()]
    )
    def test_passes_through(self, mode: Mode, raised: BaseException, waits: list[float]) -> None:
        script = Script(raised, ok({"id": "s"}))
        client = mode.client(script)
        with pytest.raises(type(raised)) as caught:
            mode.get(client.sessions.find("s"))
        assert caught.value is raised
        assert (len(script.calls), waits) == (1, [])
        assert mode.get(client.sessions.find("s")).id == "s", "the client can still be used"

    def test_an_interrupted_walk_stops(self) -> None:
        script = Script(ok({"sessions": [{"id": "a"}]}), KeyboardInterrupt())
        sessions = iter(client_of(script).sessions)
        assert next(sessions).id == "a"
        with pytest.raises(KeyboardInterrupt):
            next(sessions)
        assert len(script.calls) == 2

    def test_an_interrupted_wait_ends_the_call(self, monkeypatch: pytest.MonkeyPatch) -> None:
        def sleep(_seconds: float) -> None:
            raise KeyboardInterrupt

        monkeypatch.setattr("time.sleep", sleep)
        script = Script(errors.APIConnectionError("x", maybe_processed=False), ok({}))
        with pytest.raises(KeyboardInterrupt):
            client_of(script).sessions.find("s")
        assert len(script.calls) == 1

    def test_a_stop_iteration_from_the_transport_is_not_a_result(self) -> None:
        """unittest.mock raises it when a `side_effect` list is used up."""
        with pytest.raises((StopIteration, RuntimeError)):
            client_of(Script(StopIteration())).sessions.find("s")


# --- errors that travel -----------------------------------------------------------------------------------------------

API: dict[str, Any] = {
    "status": 404,
    "code": 10000,
    "message": "m",
    "body": {"a": [1]},
    "request_id": "ray",
    "method": "GET",
    "path": "/p",
}


def rate_limit() -> errors.RateLimitError:
    error = errors.RateLimitError("slow", **API)
    error.retry_after = 120.0
    return error


MADE: dict[str, Callable[[], errors.RealtimeKitError]] = {
    "RealtimeKitError": lambda: errors.RealtimeKitError("x"),
    "ConfigurationError": lambda: errors.ConfigurationError("x"),
    "ReadOnlyError": lambda: errors.ReadOnlyError("x"),
    "DecodeError": lambda: errors.DecodeError("x"),
    "WaitError": lambda: errors.WaitError("x", record={"id": "r"}),
    "WaitTimeoutError": lambda: errors.WaitTimeoutError("x", record={"id": "r"}),
    "APIConnectionError": lambda: errors.APIConnectionError("x", maybe_processed=True, method="GET", path="/p"),
    "APITimeoutError": lambda: errors.APITimeoutError("x", maybe_processed=False),
    "RateLimitError": rate_limit,
    **{
        kind.__name__: partial(kind, "GET /p returned 404", **API)
        for kind in (
            errors.APIError,
            errors.ValidationError,
            errors.AuthenticationError,
            errors.PermissionDeniedError,
            errors.NotFoundError,
            errors.ConflictError,
            errors.ServerError,
            errors.ArtifactError,
            errors.ArtifactNotReadyError,
            errors.ArtifactExpiredError,
            errors.ArtifactNotEnabledError,
        )
    },
}


def test_every_error_is_in_the_table() -> None:
    public = {name for name, value in vars(errors).items() if isinstance(value, type) and issubclass(value, Exception)}
    assert public == set(MADE)
    assert public <= set(realtimekit.__all__)


@pytest.mark.parametrize("name", MADE)
@pytest.mark.parametrize(
    "travel",
    [
        copy.copy,
        copy.deepcopy,
        *(lambda e, p=p: pickle.loads(pickle.dumps(e, p)) for p in range(pickle.HIGHEST_PROTOCOL + 1)),
    ],
)
def test_an_error_can_be_pickled_and_copied(name: str, travel: Callable[[Any], Any]) -> None:
    error = MADE[name]()
    error.add_note("seen in job 7")
    arrived = travel(error)
    assert type(arrived) is type(error)
    assert str(arrived) == str(error)
    assert arrived.args == error.args
    assert vars(arrived) == vars(error)


def test_the_repr_of_a_client_shows_its_target(mode: Mode) -> None:
    client = mode.client(Script())
    assert repr(client) == f"<{type(client).__name__} {BASE_URL} account_id='acc' app_id='app'>"
