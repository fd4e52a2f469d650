"""Webhooks make copies early: delivered by the emulator over HTTP, to applications that people write."""

from __future__ import annotations

import copy
import json
import re
import threading
import urllib.request
from collections.abc import AsyncGenerator, Callable, Generator, Iterator
from contextlib import asynccontextmanager, contextmanager
from pathlib import Path
from typing import Any
from wsgiref.simple_server import WSGIRequestHandler, make_server

import pytest

from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.archive.handler import ArchiveHandler
from realtimekit.cli import demo_scenario
from realtimekit.emulator import Emulator
from realtimekit.webhooks import AsyncEndpoint, AsyncReceiver, AsyncRouter, Endpoint, Receiver, Router, SQLiteStore
from realtimekit.webhooks.adapters.starlette import webhook_route
from realtimekit.webhooks.adapters.wsgi import WebhookApp
from realtimekit.webhooks.events import Event
from tests.cli.command import environment_for
from tests.webhooks.platform import served

from .storage import Storage
from .worlds import HOUR, World


@pytest.fixture
def live(target: str) -> Iterator[World]:
    """An app of the platform, over HTTP, and an archive of each kind."""
    with Emulator(**demo_scenario.CREDENTIALS) as emulator, emulator.serve() as server:
        world = World(emulator, target)
        world.settings = {**world.settings, "base_url": server.base_url, "transport": "httpcore2"}
        with RealtimeKit(**world.settings) as client:
            world.client = client
            yield world


class Quiet(WSGIRequestHandler):
    def log_message(self, format: str, *args: object) -> None:
        pass


@contextmanager
def wsgi(live: World, archive: Archive) -> Generator[tuple[str, ArchiveHandler]]:
    router = Router()
    handler = archive.handler(router, live.client)
    receiver = Receiver(app_id=live.emulator.app_id, client=live.client)
    app = WebhookApp(Endpoint(router, receiver=receiver))
    with make_server("127.0.0.1", 0, app, handler_class=Quiet) as server:
        thread = threading.Thread(target=server.serve_forever)
        thread.start()
        try:
            yield f"http://127.0.0.1:{server.server_port}/", handler
        finally:
            server.shutdown()
            thread.join()


@contextmanager
def fastapi(live: World, archive: Archive, deliveries: Path) -> Generator[tuple[str, ArchiveHandler]]:
    from fastapi import FastAPI

    from realtimekit import AsyncRealtimeKit

    router = AsyncRouter()
    handler = archive.handler(router, live.client)
    client = AsyncRealtimeKit(**live.settings)
    receiver = AsyncReceiver(app_id=live.emulator.app_id, client=client)
    endpoint = AsyncEndpoint(router, receiver=receiver, store=SQLiteStore(str(deliveries)))

    @asynccontextmanager
    async def lifespan(_: FastAPI) -> AsyncGenerator[None]:
        yield
        await client.close()

    with served(FastAPI(routes=[webhook_route("/webhooks", endpoint)], lifespan=lifespan)) as url:
        yield f"{url}/webhooks", handler


def subscribe(live: World, url: str) -> None:
    live.client.webhooks.create(name="archive", url=url, events=live.client.webhooks.events())


def settle(live: World, handler: ArchiveHandler) -> set[int | None]:
    """Wait until everything was delivered, and copied. Returns the statuses of the responses."""
    assert live.emulator.wait_for_deliveries(30)
    assert handler.drain(30)
    return {a.get("status") for delivery in live.emulator.webhook_deliveries() for a in delivery["attempts"]}


@pytest.mark.parametrize("application", ["wsgi", "fastapi"])
def test_copied_as_soon_as_it_is_there(live: World, application: str, tmp_path: Path) -> None:
    serving = wsgi(live, live.archive) if application == "wsgi" else fastapi(live, live.archive, tmp_path / "d.db")
    with serving as (url, handler):
        subscribe(live, url)
        held = live.hold("Ann", minutes=1)
        live.wait(HOUR)
        assert settle(live, handler) == {200}
        states = live.states(held.session_id)
        assert {states[name] for name in ("session", "participants", "chat", "transcript", "summary")} == {"COPIED"}
        assert [state for name, state in states.items() if name.endswith(".mp4")] == ["COPIED"]
    assert live.check_contents() > 7
    # What was copied is found by no sync; the window is proven, and no webhook was missed.
    live.wait(HOUR)
    result = live.sync()
    assert (result.found, result.missed, result.ok) == (0, [], True)
    assert live.archive.verify(deep=True).ok
    assert live.archive.store.entries("ledger/announced") == []


@contextmanager
def unserved(live: World) -> Generator[tuple[Callable[..., None], ArchiveHandler]]:
    """A handler whose events a test makes."""
    router = Router()
    handler = live.archive.handler(router, live.client)

    def tell(event: str, session_id: str, **more: Any) -> None:
        meeting = {"sessionId": session_id, "organizedBy": {"id": live.emulator.app_id}, **more}
        router.dispatch(Event.types[event]({"event": event, "meeting": meeting}))

    yield tell, handler
    assert handler.drain(30)


def test_events_in_any_order_and_twice(world: World) -> None:
    held = world.hold("Ann", minutes=1)
    world.wait(HOUR)
    with unserved(world) as (tell, handler):
        for name in ("meeting.summary", "meeting.transcript", "meeting.chatSynced", "meeting.ended", "meeting.ended"):
            tell(name, held.session_id)
        assert handler.drain(30)
        tell("meeting.summary", held.session_id)
    world.wait(2 * HOUR)
    result = world.sync()
    assert (result.found, result.missed) == (0, [])
    assert result.ok
    assert [manifest.session_id for manifest in world.archive.manifests()] == [held.session_id]
    assert {"PENDING", "LOST"}.isdisjoint(world.states(held.session_id).values())
    ledger = [entry.path for entry in world.archive.store.entries("ledger")]
    assert [path for path in ledger if "/open/" in path or "/claims/" in path or "/announced/" in path] == []


def test_a_missed_webhook_is_caught_and_named(world: World) -> None:
    with unserved(world) as (tell, _):
        told = world.hold("Ann", minutes=1)
        tell("meeting.ended", told.session_id, endedAt=world.emulator.now(), startedAt=world.emulator.now())
        missed = world.hold("Max", minutes=1)
    world.wait(2 * HOUR)
    result = world.sync()
    assert result.missed == [missed.session_id]
    assert result.ok
    assert world.archive.verify().ok
    assert world.sync().missed == []


def test_without_a_handler_nothing_is_missed(world: World) -> None:
    world.hold("Ann", minutes=1)
    world.wait(2 * HOUR)
    assert world.sync().missed == []


def test_what_a_webhook_told_of_must_be_there(world: World) -> None:
    with unserved(world) as (tell, _):
        held = world.hold("Ann", minutes=1)
        tell("meeting.ended", held.session_id)
    world.wait(2 * HOUR)
    world.sync()
    assert world.archive.verify().ok
    world.archive.store.put(f"ledger/announced/{held.meeting_id}", b"")
    assert [(p.kind, p.where) for p in world.archive.verify().problems] == [("missing", f"session {held.meeting_id}")]


def test_the_ledger_is_written_before_the_response(world: World, storage: Storage) -> None:
    """And a storage that fails lets the delivery fail, so that it is sent again."""
    held = world.hold("Ann", minutes=1)
    with unserved(world) as (tell, handler):
        handler._copy = lambda *_: None  # type: ignore[method-assign]
        storage.before = lambda verb, path: (_ for _ in ()).throw(OSError(28, "No space left")) if verb == "put" else 0
        with pytest.raises(Exception, match="No space left"):
            tell("meeting.ended", held.session_id)
        storage.before = lambda *_: None
        tell("meeting.ended", held.session_id, endedAt=world.emulator.now())
        (entry,) = world.archive.ledger.open_sessions()
        assert entry.session_id == held.session_id
        assert entry.deadline.year < 9999  # it is not taken for a live one


def test_a_delivery_is_repeated_while_the_storage_fails(world: World, storage: Storage, tmp_path: Path) -> None:
    with world.emulator.serve() as server:
        live = copy.copy(world)
        live.settings = {**world.settings, "base_url": server.base_url, "transport": "httpcore2"}
        with RealtimeKit(**live.settings) as client:
            live.client = client
            live.archive = Archive(tmp_path / "archive")
            with wsgi(live, live.archive) as (url, handler):
                subscribe(live, url)
                held = live.start("Ann")
                assert live.emulator.wait_for_deliveries(30)
                storage.before = lambda verb, _: (
                    (_ for _ in ()).throw(OSError(5, "Input/output error")) if verb == "put" else 0
                )
                live.emulator.end(held.meeting_id)
                assert 500 in settle(live, handler)
                storage.before = lambda *_: None
                live.wait(HOUR)
                settle(live, handler)
                assert live.states(held.session_id)["chat"] == "COPIED"


def test_the_service_in_the_documents(s3: str, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    text = (Path(__file__).parents[2] / "docs/webhooks/archive.md").read_text(encoding="utf-8")
    (source,) = re.findall(r"^```python\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    with Emulator(**demo_scenario.CREDENTIALS) as emulator, emulator.serve() as server:
        for name, value in environment_for(emulator, server).items():
            if name.startswith(("REALTIMEKIT_", "CLOUDFLARE_")):
                monkeypatch.setenv(name, value)
        monkeypatch.setenv("REALTIMEKIT_ARCHIVE", s3)
        monkeypatch.chdir(tmp_path)
        namespace: dict[str, Any] = {"__name__": "keeper"}
        exec(source, namespace)
        live = World(emulator, s3)
        live.settings = {**live.settings, "base_url": server.base_url, "transport": "httpcore2"}
        with RealtimeKit(**live.settings) as client, served(namespace["app"]) as url:
            live.client = client
            subscribe(live, f"{url}/webhooks")
            held = live.hold("Ann", minutes=1)
            live.wait(HOUR)
            assert settle(live, namespace["handler"]) == {200}
            assert live.states(held.session_id)["chat"] == "COPIED"
            live.wait(HOUR)
            assert live.sync().ok
            with urllib.request.urlopen(f"{url}/healthz") as response:
                assert json.load(response) == {"sessions": 1, "at_risk": 0}
        assert (tmp_path / "deliveries.db").exists()
        namespace["handler"]._given.close()
