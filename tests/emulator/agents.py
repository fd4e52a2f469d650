"""A client of the agents' endpoint, written from its documentation alone: over a WebSocket, or in this process."""

from __future__ import annotations

import itertools
import json
import socket
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, NamedTuple, Protocol, TypeAlias
from urllib.parse import urlencode

from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Subprotocol

from realtimekit.emulator.http import Request
from realtimekit.emulator.services.agent_socket import AgentSocket, SocketClosedError

if TYPE_CHECKING:
    from .world import World

ALL = "transcript,participant,broadcast"
SUBPROTOCOL = "realtimekit.v1"
TIMEOUT = 10  # seconds for a frame


class RefusedError(Exception):
    """The upgrade was answered with something else than 101."""

    def __init__(self, status: int, body: bytes) -> None:
        super().__init__(status, body)
        self.status, self.body = status, body


class Closed(NamedTuple):
    code: int
    reason: str


class Connection(Protocol):
    """A connection, opened with a query, a token and a subprotocol."""

    def receive(self) -> str | Closed: ...
    def send(self, text: str | bytes) -> None: ...
    def close(self, code: int) -> None: ...
    def cut(self) -> None: ...


Open: TypeAlias = "Callable[[World, str, str | None, str | None], Connection]"


class WebSocket:
    """A connection over the network."""

    def __init__(self, world: World, query: str, token: str | None, subprotocol: str | None) -> None:
        try:
            self._socket: ClientConnection = connect(
                f"ws://{world.address}/agent-ws/v1?{query}",
                additional_headers={} if token is None else {"Authorization": f"Bearer {token}"},
                subprotocols=None if subprotocol is None else [Subprotocol(subprotocol)],
                compression=None,
                ping_interval=None,
                max_queue=1,
                proxy=None,
            ).__enter__()  # closed by `close`
        except InvalidStatus as error:
            raise RefusedError(error.response.status_code, bytes(error.response.body or b"")) from None
        assert self._socket.subprotocol == subprotocol

    def receive(self) -> str | Closed:
        try:
            frame = self._socket.recv(TIMEOUT)
        except ConnectionClosed as error:
            self._socket.close()
            return Closed(1006, "") if error.rcvd is None else Closed(error.rcvd.code, error.rcvd.reason)
        assert isinstance(frame, str)
        return frame

    def send(self, text: str | bytes) -> None:
        self._socket.send(text)

    def close(self, code: int) -> None:
        self._socket.close(code)

    def cut(self) -> None:
        """End the TCP connection without a close frame."""
        self._socket.socket.shutdown(socket.SHUT_RDWR)
        self._socket.close()


class InProcess:
    """A connection to the emulator in this process."""

    def __init__(self, world: World, query: str, token: str | None, subprotocol: str | None) -> None:
        headers = {"host": "emulator.localhost"}
        if token is not None:
            headers["authorization"] = f"Bearer {token}"
        if subprotocol is not None:
            headers["sec-websocket-protocol"] = subprotocol
        response, connection = world.emulator.upgrade(Request("GET", "/agent-ws/v1", query, headers, b""))
        if connection is None:
            raise RefusedError(response.status, response.body)
        assert (response.status, response.headers["sec-websocket-protocol"]) == (101, subprotocol)
        self._socket: AgentSocket = connection

    def receive(self) -> str | Closed:
        try:
            return self._socket.receive(TIMEOUT)
        except SocketClosedError as error:
            return Closed(*error.close)

    def send(self, text: str | bytes) -> None:
        self._socket.send(text)

    def close(self, code: int) -> None:
        self._socket.close(code)

    def cut(self) -> None:
        self._socket.close(1006)


class Agent:
    """An agent in a meeting, with one connection at a time.

    Attributes:
        id: the id of the connection, after `identify()`.
    """

    def __init__(self, world: World, open: Open, meeting_id: str, name: str = "Bot", **fields: Any) -> None:
        given = {"name": name, "custom_participant_id": name.lower(), "preset_name": "group_call_host", **fields}
        added = world.post(f"/meetings/{meeting_id}/participants", given).data
        self.world, self.meeting_id, self.participant_id, self.token = world, meeting_id, added["id"], added["token"]
        self.id = ""
        self._open = open
        self._numbers = itertools.count(1)
        self.connection: Connection

    def connect(self, subscriptions: str | None = ALL, **query: str) -> Agent:
        """Open a connection without looking at what it sends."""
        if subscriptions is not None:
            query["subscriptions"] = subscriptions
        self.connection = self._open(self.world, urlencode(query, safe=","), self.token, SUBPROTOCOL)
        return self

    def join(self, subscriptions: str | None = ALL) -> Agent:
        """Open a connection, and remember its id."""
        self.connect(subscriptions)
        self.event("session.started")
        self.identify()
        return self

    def resume(self, subscriptions: str | None = None) -> Agent:
        return self.connect(subscriptions, connection_id=self.id)

    def frame(self) -> dict[str, Any]:
        """Return the next frame."""
        text = self.connection.receive()
        assert isinstance(text, str), text
        frame: dict[str, Any] = json.loads(text)
        return frame

    def event(self, name: str) -> dict[str, Any]:
        """Return the data of the next frame, which must be this event."""
        frame = self.frame()
        assert frame.keys() == {"category", "name", "data"}, frame
        assert (frame["category"], frame["name"]) == ("message", name), frame
        data: dict[str, Any] = frame["data"]
        return data

    def request(self, name: str, **fields: Any) -> dict[str, Any]:
        """Send a request, and return its result: the next frame."""
        request = {"category": "request", "request_id": f"r-{next(self._numbers)}", "name": name, "data": {}, **fields}
        self.connection.send(json.dumps(request))
        result = self.frame()
        assert result.keys() == {"category", "request_id", "name", "data", "error"}
        assert (result["category"], result["request_id"], result["name"]) == ("result", request["request_id"], name)
        return result

    def identify(self) -> dict[str, Any]:
        """Return what `connection.get` tells, and remember the id."""
        result = self.request("connection.get")
        assert result["error"] is None
        assert result["data"].keys() == {"connection"}
        connection: dict[str, Any] = result["data"]["connection"]
        assert connection.keys() == {"id", "subscriptions"}
        self.id = connection["id"]
        return connection

    def nothing(self) -> None:
        """Assert that no frame is on its way: the result of a ping is the next."""
        assert self.request("connection.ping")["data"] == {}

    def closed(self) -> Closed:
        """Return how the connection is closed: that is the next thing to happen."""
        close = self.connection.receive()
        assert isinstance(close, Closed), close
        return close

    def leave(self) -> None:
        """Close the connection normally, and wait until the emulator knows."""
        self.end_with(1000)

    def end_with(self, code: int) -> None:
        """Close the connection with this code, and wait until the emulator knows."""
        self._end(lambda: self.connection.close(code))

    def drop(self) -> None:
        """Lose the connection, and wait until the emulator knows."""
        self._end(self.connection.cut)

    def wait_until_gone(self) -> None:
        """Wait until no connection is open at all."""
        deadline = time.monotonic() + TIMEOUT
        while self.world.emulator.services.agents._requests:
            assert time.monotonic() < deadline
            time.sleep(0.001)

    def _end(self, act: Callable[[], None]) -> None:
        requests = self.world.emulator.services.agents._requests
        before = len(requests)
        act()
        deadline = time.monotonic() + TIMEOUT
        while len(requests) == before:
            assert time.monotonic() < deadline
            time.sleep(0.001)


class Agents:
    """Agents over one kind of connection, whose connections are closed in the end."""

    def __init__(self, world: World, open: Open) -> None:
        self.world, self.open = world, open
        self._connections: list[Connection] = []

    def _opened(self, world: World, query: str, token: str | None, subprotocol: str | None) -> Connection:
        connection = self.open(world, query, token, subprotocol)
        self._connections.append(connection)
        return connection

    def add(self, meeting_id: str, name: str = "Bot", **fields: Any) -> Agent:
        """Add an agent to a meeting, not connected yet."""
        return Agent(self.world, self._opened, meeting_id, name, **fields)

    def join(self, meeting_id: str, subscriptions: str | None = ALL, name: str = "Bot", **fields: Any) -> Agent:
        """Add an agent that has joined."""
        return self.add(meeting_id, name, **fields).join(subscriptions)

    def close(self) -> None:
        for connection in self._connections:
            connection.close(1000)


def transcribed(world: World, preset: str = "group_call_host", **permissions: Any) -> None:
    """Change the permissions of a preset; by default, to have its participants transcribed."""
    (found,) = [each for each in world.get("/presets").data if each["name"] == preset]
    changes = {"transcription_enabled": True, **permissions}
    world.patch(f"/presets/{found['id']}", {"permissions": changes})
