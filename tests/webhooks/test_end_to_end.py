"""From registration to the handler, with nothing simulated: the emulator signs and sends, each framework receives."""

from __future__ import annotations

import contextlib
import json
import pickle
import threading
from pathlib import Path
from typing import Any
from urllib.request import Request, urlopen

import pytest

from realtimekit import AsyncRealtimeKit
from realtimekit.emulator.services.webhook_dispatcher import BACKOFF
from realtimekit.webhooks import AsyncEndpoint, AsyncReceiver, AsyncRouter, Endpoint, Event, Receiver, Router
from tests.test_docs import blocks

from . import samples
from .frameworks import (
    ASYNC,
    BLOCKING,
    django_with,
    of_django_awaiting_under_wsgi,
    of_wsgi_with_chunks,
    post,
    under_uvicorn,
    under_werkzeug,
    under_wsgiref,
)
from .platform import Platform, Signer
from .test_events import NINE

PAGES = Path(__file__).parents[2] / "docs" / "webhooks"
SERVERS = {
    "asgi": under_uvicorn,
    "starlette": under_uvicorn,
    "fastapi": under_uvicorn,
    "flask": under_werkzeug,
    "wsgi": under_wsgiref,
    "django": under_wsgiref,
}


# --- the pages of the documentation -----------------------------------------------------------------------------------


def test_every_page_is_run() -> None:
    others = {"archive"}  # tests/archive/test_handler.py
    assert {path.stem for path in PAGES.glob("*.md")} == set(SERVERS) | others


@pytest.mark.parametrize("name", SERVERS)
def test_the_page_works_as_written(
    name: str,
    platform: Platform,
    other_signer: Signer,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "hooks"}
    exec(blocks(PAGES / f"{name}.md", "python")[0], namespace)
    with contextlib.ExitStack() as stack:
        app = namespace.get("app")
        if name == "django":
            app = stack.enter_context(django_with(namespace["urlpatterns"], asynchronous=False))
        origin = stack.enter_context(SERVERS[name](app))
        platform.subscribe(f"{origin}/webhooks", "meeting.ended")
        joined = platform.ended()
        assert platform.settled() == [("delivered", [200])]
        platform.emulator.redeliver(platform.last_id)
        assert platform.settled() == [("delivered", [200, 200])]
        assert post(origin, *other_signer.delivery(samples.ENDED))[0] == 401, "a key of somebody else"
        assert post(origin, b"{}", {})[0] == 401
    session_id, minutes = capsys.readouterr().out.split()
    assert session_id == joined.session_id, "the handler ran once"
    assert float(minutes) >= 0, "read from the API"


def test_records_in_the_routes_of_fastapi(
    platform: Platform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    namespace: dict[str, Any] = {"__name__": "hooks"}
    for source in blocks(PAGES / "fastapi.md", "python"):
        exec(source, namespace)
    with under_uvicorn(namespace["app"]) as origin:
        platform.subscribe(f"{origin}/webhooks", "meeting.transcript", "meeting.summary")
        joined = platform.meet(transcribe_on_end=True, summarize_on_end=True)
        platform.emulator.speak(joined.session_id, joined.peer_id, "Good morning", 1000, 2000)
        platform.end(joined)
        platform.emulator.advance(60)
        assert platform.settled() == [("delivered", [200])] * 2
        with urlopen(f"{origin}/sessions", timeout=10) as answer:
            (session,) = json.load(answer)
        with urlopen(f"{origin}/sessions/{joined.session_id}", timeout=10) as answer:
            assert json.load(answer) == session == platform.client.sessions.find(joined.session_id).to_dict()
        query = f"/meetings/{session['associated_id']}/join?user_id=user-2&name=Bob"
        with urlopen(Request(origin + query, method="POST"), timeout=10) as answer:
            assert platform.emulator.enter(json.load(answer)["token"]).peer_id
    assert "Good morning" in capsys.readouterr().out


# --- failures and retries ---------------------------------------------------------------------------------------------


class Handling:
    """A handler that fails for its first event, and then reads the session of each event."""

    def __init__(self) -> None:
        self.failures = 1
        self.read: list[tuple[str, str, str | None]] = []

    def _fail(self) -> None:
        self.failures -= 1
        if self.failures >= 0:
            raise LookupError("injected")

    def blocking(self, event: Any) -> None:
        self._fail()
        self.read.append((event.type, event.session.id, event.session.status))

    async def awaiting(self, event: Any) -> None:
        self._fail()
        session = await event.session
        self.read.append((event.type, session.id, session.status))


@pytest.mark.parametrize(
    "make", [*ASYNC, of_django_awaiting_under_wsgi, *BLOCKING], ids=lambda make: make.__name__.removeprefix("of_")
)
def test_from_registration_to_the_handler(make: Any, platform: Platform) -> None:
    handling = Handling()
    mine = platform.subscribe("http://127.0.0.1:9/", "meeting.ended")
    if make in BLOCKING:
        router = Router()
        router.on("meeting.ended")(handling.blocking)
        endpoint: Any = Endpoint(router, receiver=Receiver(client=platform.client, webhook_ids=[mine.id]))
    else:
        awaiting = AsyncRouter()
        awaiting.on("meeting.ended")(handling.awaiting)
        client = AsyncRealtimeKit(**platform.settings)
        endpoint = AsyncEndpoint(awaiting, receiver=AsyncReceiver(client=client, webhook_ids=[mine.id]))
    with make(endpoint) as origin:
        mine.update(url=f"{origin}/webhooks")
        first = platform.ended()
        assert platform.settled() == [("pending", [500])]
        platform.emulator.advance(BACKOFF[0])
        assert platform.settled() == [("delivered", [500, 200])]
        platform.emulator.redeliver(platform.last_id)
        assert platform.settled() == [("delivered", [500, 200, 200])]
        platform.subscribe(f"{origin}/webhooks?", "meeting.ended")  # somebody else's webhook
        second = platform.ended()
        assert platform.settled()[1:] == [("delivered", [200]), ("failed", [401])]
    assert handling.read == [("meeting.ended", joined.session_id, "ENDED") for joined in (first, second)]


# --- all nine ---------------------------------------------------------------------------------------------------------


def test_all_nine_arrive_typed(platform: Platform) -> None:
    router, lock = Router(), threading.Lock()
    events: list[Any] = []

    @router.on()
    def keep(event: Event) -> None:
        with lock:
            events.append(event)

    with of_wsgi_with_chunks(Endpoint(router, receiver=Receiver(client=platform.client, app_id="app-1"))) as origin:
        webhook = platform.subscribe(f"{origin}/webhooks")
        assert set(webhook.events) == set(NINE)
        everything = ("record_on_start", "live_stream_on_start", "transcribe_on_end", "summarize_on_end")
        joined = platform.meet(**dict.fromkeys(everything, True))
        platform.emulator.advance(60)
        platform.emulator.chat(joined.session_id, joined.peer_id, "Hello")
        platform.emulator.speak(joined.session_id, joined.peer_id, "Good morning", 1000, 2000)
        platform.end(joined)
        platform.emulator.advance(60)
        assert {state for state, _ in platform.settled()} == {"delivered"}
    by_name: dict[str, Any] = {}
    for event in events:
        assert type(event) is NINE[event.type]
        samples.read_everything(event)
        assert (event.app_id, event.webhook_id) == ("app-1", webhook.id)
        assert (event.meeting_id, event.session_id or joined.session_id) == (events[0].meeting_id, joined.session_id)
        assert pickle.loads(pickle.dumps(event)) == event
        by_name[event.type] = event
    assert set(by_name) == set(NINE)
    session = by_name["meeting.ended"].session
    assert (session.id, session.status, session.participants.first().display_name) == (
        joined.session_id,
        "ENDED",
        "Alice",
    )
    assert by_name["meeting.participantLeft"].participant_record.id == joined.peer_id
    assert b"Hello" in by_name["meeting.chatSynced"].chat.read()
    assert b"Good morning" in by_name["meeting.transcript"].transcript.read()
    assert by_name["meeting.summary"].summary.read()
    recordings = {event.recording.status: event.recording for event in events if event.type.startswith("recording.")}
    assert set(recordings) == {"INVOKED", "RECORDING", "UPLOADING", "UPLOADED"}
    assert recordings["UPLOADED"].file_size > 0
    assert {event.status for event in events if event.type.startswith("livestreaming.")} == {"LIVE", "OFFLINE"}
