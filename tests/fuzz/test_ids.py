"""Any string as an id, over a real connection: it arrives as one segment of the path, unchanged, or is not sent."""

from __future__ import annotations

import asyncio
import json
import re
from collections.abc import Iterator
from typing import Any
from urllib.parse import unquote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit import APIConnectionError, AsyncRealtimeKit, RealtimeKit
from realtimekit.emulator.routes import API
from tests.transports.loopback import Connection, Server, answer

from .examples import fuzzed


def answer_about_the_asked(connection: Connection) -> None:
    while request := connection.receive():
        body = {"success": True, "data": {"id": unquote(request.target.rpartition("/")[2])}}
        connection.send(answer(json.dumps(body).encode(), headers=("content-type: application/json",)))


ODD = ["..", ".", "%2e%2e", "%2F", "..%2f", "//", "\\", "?", "#", ";", "@", ":", "\0", "\r\n", " ", "%", "{", "}", "|"]
ids = st.one_of(
    st.text(max_size=12),
    st.lists(st.sampled_from([*ODD, "a", "é", "．", "\u2215", "\u202e", "\ud800"]), max_size=6).map("".join),
    st.text(alphabet="./%2eE\\?#: \n\t", max_size=8),
    st.text(min_size=500, max_size=600),
)


@pytest.fixture(scope="module")
def server() -> Iterator[Server]:
    with Server(answer_about_the_asked) as server:
        yield server


@pytest.fixture(scope="module", params=["httpcore2", "pyreqwest"])
def finding(request: pytest.FixtureRequest, server: Server) -> Iterator[Any]:
    """A function that finds a participant of a session with both clients; the server shows what was sent."""
    given: dict[str, Any] = {
        "api_token": "t",
        "account_id": "acc",
        "app_id": "app",
        "base_url": f"{server.url}/client/v4",
    }
    given["transport"] = request.param
    awaiting, loop = AsyncRealtimeKit(**given), asyncio.Runner()

    async def find_async(session: str, peer: str) -> None:
        await awaiting.sessions.ref(session).participants.find(peer)

    with RealtimeKit(**given) as client:
        yield [
            lambda session, peer: client.sessions.ref(session).participants.find(peer),
            lambda session, peer: loop.run(find_async(session, peer)),
        ]
    loop.run(awaiting.close())
    loop.close()


@fuzzed(60)
@given(session=ids, peer=ids)
def test_an_id_arrives_as_one_segment_or_is_refused(server: Server, finding: Any, session: str, peer: str) -> None:
    for find in finding:
        server.requests.clear()
        try:
            find(session, peer)
        except ValueError:
            assert not server.requests
            assert any(
                not i.strip() or i.strip() in {".", ".."} or re.search("[\ud800-\udfff]", i) for i in (session, peer)
            )
            continue
        except APIConnectionError:  # pyreqwest would send another path, and says so
            assert not server.requests, "it was sent"
            continue
        (request,) = server.requests
        segments = request.target.split("/")
        assert segments[:8] == ["", "client", "v4", "accounts", "acc", "realtime", "kit", "app"]
        assert segments[8] == "sessions"
        assert unquote(segments[9]) == session
        assert segments[10] == "participants"
        assert unquote(segments[11]) == peer
        assert len(segments) == 12
        assert request.target.isascii()
        assert not set(request.target) & set("?#\\ ")
        assert request.method == "GET"
        # the emulator understands the same
        route, received = API.match("GET", request.target)
        assert route.template.endswith("/sessions/{session_id}/participants/{participant_id}")
        assert (received["session_id"], received["participant_id"]) == (session, peer)
