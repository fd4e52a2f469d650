"""A driver without I/O, whose clock jumps: what the server does is a script, and hours take milliseconds."""

from __future__ import annotations

import json
from collections import deque
from collections.abc import Iterable
from typing import Any

from realtimekit.agent.protocol import EndReason, Protocol
from realtimekit.agent.steps import (
    CheckForOthers,
    Closed,
    Connect,
    Deliver,
    Disconnect,
    Joined,
    Message,
    Receive,
    Refusal,
    Send,
    Step,
)
from realtimekit.errors import APIConnectionError
from realtimekit.flow import Sleep, run

from .scripted_server import SESSION, transcript

NOT_FOUND = Refusal(404, {}, b'{"success": false, "error": {"code": "CONNECTION_NOT_FOUND", "message": "no"}}')
UNREACHABLE = APIConnectionError("cannot connect", maybe_processed=False)


def frame(name: str, data: Any = None) -> bytes:
    return json.dumps({"category": "message", "name": name, "data": {} if data is None else data}).encode()


STARTED = frame("session.started", {"session": SESSION})
ENDED = frame("session.ended", {"session": SESSION, "reason": "all_participants_left"})
KICKED = frame("participant.kick_all", {})
OVER = Closed(1000, "session_ended")
CUT = Closed(1006, "")


def said(text: str, second: int = 1, **fields: Any) -> bytes:
    return frame("transcript.received", transcript(text, second=second, **fields))


# A connection: what it delivers, and seconds of silence between that; or why there is none.
Script = list[Any] | Refusal | APIConnectionError


class Simulation:
    """Runs a protocol against connections, one after the other.

    Attributes:
        now: seconds since the start.
        waits: the seconds of each wait before a connection.
        queries: the `connection_id` of each connection.
        requests: the time and name of each request.
        closes: the code of each close of ours.
        delivered: what the consumer got.
        mute: whether requests stay without a result.
        room: what `Deliver` answers, and how long each refusal takes; True when it is used up.
        others: what `CheckForOthers` answers.
        result: the data of a result, or its error, by the name of the request.
    """

    def __init__(self, *connections: Script, **options: Any) -> None:
        self._connections = deque(connections)
        self._current: deque[bytes | Closed | float] = deque()
        self.now = 0.0
        self.waits: list[float] = []
        self.queries: list[str | None] = []
        self.requests: list[tuple[float, str]] = []
        self.closes: list[int] = []
        self.delivered: list[Message] = []
        self.joined_at: float | None = None
        self.mute = False
        self.room: deque[float] = deque()
        self.others: deque[bool | None] = deque()
        self.results: dict[str, dict[str, Any]] = {
            "connection.get": {"data": {"connection": {"id": "c-1", "subscriptions": ["transcript"]}}, "error": None},
            "connection.ping": {"data": {}, "error": None},
        }
        self.protocol = Protocol(
            ("transcript", "participant"),
            clock=lambda: self.now,
            now=lambda: 1_790_000_000 + self.now,
            jitter=lambda _low, high: high,
            **options,
        )

    def run(self) -> EndReason:
        return run(self.protocol.run(), self._perform)

    @property
    def names(self) -> list[str]:
        """What was delivered: the names of events, the texts of transcripts, the reasons of gaps."""
        found = [message.decoded for message in self.delivered]
        return [str(each[1].get("text") or each[1].get("reason") or each[0]) for each in found if each]

    def _perform(self, step: Step) -> Any:
        match step:
            case Connect(query):
                assert query["subscriptions"] == "transcript,participant"
                self.queries.append(query.get("connection_id"))
                act = self._connections.popleft()
                if isinstance(act, APIConnectionError):
                    raise act
                if isinstance(act, Refusal):
                    return act
                self._current = deque(act)
            case Joined():
                self.joined_at = self.now
            case Receive(seconds):
                return self._receive(seconds)
            case Send(text):
                self._answer(json.loads(text))
            case Disconnect(code, _):
                self.closes.append(code)
            case Deliver(message, seconds):
                if self.room:
                    taken = min(self.room[0], seconds)
                    self.now += taken
                    self.room[0] -= taken
                    if self.room[0] > 0:
                        return False
                    self.room.popleft()
                self.delivered.append(message)
                return True
            case CheckForOthers():
                return self.others.popleft()
            case Sleep(seconds):
                self.waits.append(seconds)
                self.now += seconds
        return None

    def _receive(self, seconds: float) -> bytes | Closed | None:
        if self._current and isinstance(self._current[0], float):
            silence = self._current[0]
            self.now += min(silence, seconds)
            if silence > seconds:
                self._current[0] = silence - seconds
                return None
            self._current.popleft()
            return self._receive(seconds - silence)
        if not self._current:
            raise AssertionError("the script has ended, and the client goes on")
        found = self._current.popleft()
        assert isinstance(found, bytes | Closed)
        return found

    def _answer(self, request: dict[str, Any]) -> None:
        assert request["category"] == "request"
        assert 1 <= len(request["request_id"]) <= 128
        assert request["data"] == {}
        self.requests.append((self.now, request["name"]))
        if not self.mute:
            fields = {"category": "result", "request_id": request["request_id"], "name": request["name"]}
            self._current.appendleft(json.dumps({**fields, **self.results[request["name"]]}).encode())


def simulate(*connections: Script, **options: Any) -> Simulation:
    """Run a protocol to its end."""
    simulation = Simulation(*connections, **options)
    simulation.run()
    return simulation


def texts(items: Iterable[str]) -> list[str]:
    """Leave out the frames of a session."""
    return [item for item in items if not item.startswith("session.")]
