"""What participants, proxies and servers may send that nobody expects."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import socket
import threading
from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import pytest

from realtimekit.agent import protocol
from realtimekit.agent.steps import SessionInfo
from realtimekit.agent.websocket import AsyncWebSocket
from realtimekit.cli import meetings_listen
from realtimekit.errors import APIConnectionError, AuthenticationError, ConfigurationError
from realtimekit.live import AsyncEvents, Caption, Events, connect
from realtimekit.resources.live_event import make_event

from .listening import listen, names
from .scripted_server import TOKEN, Hold, Refuse, ScriptedServer, Visit, person

pytestmark = pytest.mark.parametrize("asynchronous", [False, True])

STRANGE: list[tuple[str, Any]] = [
    ("transcript.received", {}),
    ("transcript.received", {"text": 5, "is_final": True, "speaker": [], "started_at": {}}),
    ("transcript.received", {"text": "no speaker", "is_final": True, "speaker": None}),
    ("transcript.received", {"text": ["a"], "is_final": True, "speaker": {"peer_id": ["a"]}}),
    ("transcript.received", {"text": "no time", "is_final": True, "speaker": person("Eve"), "started_at": "soon"}),
    ("participant.join", {"participant": 7}),
    ("participant.leave", {"participant": {"peer_id": {}}}),
    ("broadcast.received", {"type": {"a": 1}, "payload": "\ud800\x1b[2J", "created_at": True}),
    ("session.ended", None),
]


def strange(visit: Visit) -> None:
    visit.started()
    for name, data in STRANGE:
        visit.event(name, data)
    visit.said("still here")
    visit.close(1000)


def test_events_that_cannot_be_read_stop_nothing(asynchronous: bool, caplog: pytest.LogCaptureFixture) -> None:
    """Whoever accesses their fields gets a DecodeError; captions and segments leave them out, and say so."""
    with ScriptedServer(strange) as server:
        found = listen(server, asynchronous=asynchronous)
        assert [event.name for event in found[1:-1]] == [name for name, _ in STRANGE]

        async def read_async() -> tuple[list[list[Caption]], list[str]]:
            async with connect(TOKEN, agent_url=server.url) as events:
                captions = [each async for each in events.captions()]
            async with connect(TOKEN, agent_url=server.url) as events:
                return captions, [segment.text async for segment in events.segments()]

        def read() -> tuple[list[list[Caption]], list[str]]:
            with connect(TOKEN, agent_url=server.url) as events:
                captions = list(events.captions())
            with connect(TOKEN, agent_url=server.url) as events:
                return captions, [segment.text for segment in events.segments()]

        with caplog.at_level(logging.WARNING, "realtimekit.live"):
            captions, texts = asyncio.run(read_async()) if asynchronous else read()
    assert [caption.text for caption in captions[-1]] == ["no time", "still here"]
    assert texts == ["still here"]
    assert "left out" in caplog.text


def test_the_command_goes_on_after_them(asynchronous: bool, capsys: pytest.CaptureFixture[str]) -> None:
    for name, data in STRANGE:
        meetings_listen._print_line(make_event(name, data or {}, SessionInfo("s", "m"), None))
    printed = capsys.readouterr().out
    assert len(printed.splitlines()) == len(STRANGE)
    assert "BroadcastReceived.type cannot be read: expected a string, got dict" in printed
    assert "\x1b" not in printed


def test_a_token_that_a_server_sends_back_is_not_shown(asynchronous: bool) -> None:
    with (
        ScriptedServer(Refuse(401, body=f"you sent Authorization: Bearer {TOKEN}".encode())) as server,
        pytest.raises(AuthenticationError, match=r"Bearer \.\.\.") as raised,
    ):
        listen(server, asynchronous=asynchronous)
    assert TOKEN not in f"{raised.value} {raised.value!r} {vars(raised.value)}"


# --- proxies ----------------------------------------------------------------------------------------------------------


@contextmanager
def proxy() -> Generator[tuple[str, list[bytes]]]:
    """A proxy that refuses everything; and what it was sent."""
    seen: list[bytes] = []

    def serve() -> None:
        while True:
            try:
                connection, _ = server.accept()
            except OSError:
                return
            with connection:
                seen.append(connection.recv(4096))
                connection.sendall(b"HTTP/1.1 407 Proxy Authentication Required\r\nContent-Length: 0\r\n\r\n")

    with socket.create_server(("127.0.0.1", 0)) as server:
        thread = threading.Thread(target=serve)
        thread.start()
        yield f"127.0.0.1:{server.getsockname()[1]}", seen
        server.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.fixture(autouse=True)
def _no_proxies(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "FIRST_ATTEMPTS", 1)
    for name in list(os.environ):
        if name.lower().endswith("_proxy"):
            monkeypatch.delenv(name)


def refused(asynchronous: bool, url: str) -> Exception:
    async def main() -> None:
        async with connect(TOKEN, agent_url=url, timeout=5):
            pass

    try:
        if asynchronous:
            asyncio.run(main())
        else:
            with connect(TOKEN, agent_url=url, timeout=5):
                pass
    except Exception as error:
        return error
    raise AssertionError("it connected")


@pytest.mark.parametrize(
    ("variable", "url"),
    [
        ("HTTPS_PROXY", "wss://example.com/agent-ws/v1"),
        ("ALL_PROXY", "wss://example.com/agent-ws/v1"),
        ("HTTP_PROXY", "ws://127.0.0.1:9/agent-ws/v1"),
    ],
)
def test_the_proxies_are_those_of_requests(
    asynchronous: bool, variable: str, url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    with proxy() as (address, seen):
        monkeypatch.setenv(variable, address)  # without a scheme, as curl takes it
        error = refused(asynchronous, url)
        assert isinstance(error, APIConnectionError)
        assert "proxy rejected connection: HTTP 407" in str(error)
        assert seen[0].startswith(b"CONNECT ")
        assert TOKEN.encode() not in b"".join(seen)
        seen.clear()
        monkeypatch.setenv("NO_PROXY", "127.0.0.1")
        with ScriptedServer(lambda visit: visit.close(1000)) as server:
            listen(server, asynchronous=asynchronous)
        assert not seen


@pytest.mark.parametrize(
    ("proxy", "cure"),
    [
        ("socks5://user:hunter2@127.0.0.1:9", "pip install 'python-socks"),
        ("ftp://user:hunter2@127.0.0.1:9", "check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"),
        ("http://user@127.0.0.1:9", "check HTTP_PROXY, HTTPS_PROXY and ALL_PROXY"),
    ],
)
def test_a_proxy_that_cannot_be_used(
    asynchronous: bool, proxy: str, cure: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTPS_PROXY", proxy)
    error = refused(asynchronous, "wss://example.com/agent-ws/v1")
    assert isinstance(error, ConfigurationError)
    assert cure in str(error)
    assert "hunter2" not in f"{error} {error!r} {error.__cause__}"


# --- threads and processes --------------------------------------------------------------------------------------------


def test_leaving_from_elsewhere_ends_iterating(asynchronous: bool) -> None:
    def talk(visit: Visit) -> None:
        visit.started()
        visit.wait_closed()

    with ScriptedServer(talk) as server:
        if asynchronous:

            async def main() -> list[str]:
                async with connect(TOKEN, agent_url=server.url) as events:

                    async def read(events: AsyncEvents) -> list[str]:
                        return [event.name async for event in events]

                    first = await anext(events)
                    task = asyncio.create_task(read(events))
                    await asyncio.sleep(0)  # it waits for an event
                    await events.leave()
                    return [first.name, *await task]

            assert asyncio.run(main()) == ["session.started"]
            return
        with connect(TOKEN, agent_url=server.url) as events:
            read, found = threading.Event(), list[str]()

            def iterate(events: Events) -> None:
                for event in events:
                    found.append(event.name)
                    read.set()

            thread = threading.Thread(target=iterate, args=[events])
            thread.start()
            assert read.wait(5)
            events.leave()
            thread.join(5)
            assert not thread.is_alive()
        assert found == ["session.started"]
    assert server.close_codes == [1000]


def test_leaving_twice_at_once(asynchronous: bool, monkeypatch: pytest.MonkeyPatch) -> None:
    """The second does not interrupt the closing of the first, and whoever waits for an event learns of the end."""

    async def main() -> None:
        async with connect(TOKEN, agent_url=server.url) as events, asyncio.timeout(5):
            await anext(events)
            waiting = asyncio.create_task(anext(events, None))
            await asyncio.sleep(0)  # it waits
            leaving = asyncio.create_task(events.leave())
            await closing.wait()
            await events.leave()
            await leaving
            assert await waiting is None

    async def close(socket: AsyncWebSocket, code: int, reason: str) -> None:
        closing.set()
        await close_socket(socket, code, reason)

    closing, close_socket = asyncio.Event(), AsyncWebSocket.close
    monkeypatch.setattr(AsyncWebSocket, "close", close)
    with ScriptedServer(lambda visit: visit.started()) as server:
        if asynchronous:
            asyncio.run(main())
        else:
            with connect(TOKEN, agent_url=server.url) as events:
                next(events)
                threads = [threading.Thread(target=events.leave) for _ in range(2)]
                for thread in threads:
                    thread.start()
                assert next(events, None) is None
                for thread in threads:
                    thread.join(5)
    assert server.close_codes == [1000]


def test_a_listener_that_is_in_use_is_not_entered_again(asynchronous: bool) -> None:
    """Leaving would end only one of two agents. After the block it can be used again."""

    async def main() -> None:
        listener = connect(TOKEN, agent_url=server.url)
        for _ in range(2):
            async with listener:
                with pytest.raises(RuntimeError, match="in use"):
                    await listener.__aenter__()

    with ScriptedServer(lambda visit: visit.started()) as server:
        if asynchronous:
            asyncio.run(main())
        else:
            listener = connect(TOKEN, agent_url=server.url)
            for _ in range(2):
                with listener, pytest.raises(RuntimeError, match="in use"):
                    listener.__enter__()
    assert server.close_codes == [1000, 1000]


def test_leaving_does_not_wait_for_a_server_that_does_not_respond(
    asynchronous: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The thread may be connecting, which nothing interrupts. If that succeeds, it leaves at once."""
    if asynchronous:
        pytest.skip("a task can be canceled while it connects")
    monkeypatch.setattr("realtimekit.agent.sync_driver._LEAVE_TIMEOUT", 0.05)

    def cut(visit: Visit) -> None:
        visit.started()
        visit.wait_for_request()
        visit.cut()

    hold = Hold()
    with ScriptedServer(cut, hold) as server:
        with connect(TOKEN, agent_url=server.url) as events:
            next(events)
            assert hold.arrived.wait(5)
        hold.released.set()  # not before the block has ended
        for thread in threading.enumerate():
            if thread.name == "realtimekit.live":
                thread.join(5)
    assert server.close_codes[1:] == [1000]


@pytest.mark.skipif(not hasattr(os, "fork"), reason="there is no fork")
@pytest.mark.filterwarnings("ignore:.*multi-threaded.*:DeprecationWarning")
def test_a_forked_child_does_not_leave_for_its_parent(asynchronous: bool) -> None:
    if asynchronous:
        pytest.skip("a loop does not survive a fork")

    def talk(visit: Visit) -> None:
        visit.started()
        visit.wait_for_request()
        forked.wait(5)
        visit.said("after the fork")
        visit.ended()

    forked = threading.Event()
    with ScriptedServer(talk) as server, connect(TOKEN, agent_url=server.url) as events:
        next(events)
        child = os.fork()
        if child == 0:
            try:
                with pytest.raises(RuntimeError, match="this process was forked"):
                    next(events)
                events.leave()
                os._exit(0)
            except BaseException:
                os._exit(1)
        assert os.waitpid(child, 0)[1] == 0
        forked.set()
        assert names(list(events)) == ["after the fork", "all_participants_left"]
    assert json.dumps(server.close_codes) == "[1000]"
