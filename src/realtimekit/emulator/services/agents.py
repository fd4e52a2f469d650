"""Agents: participants without a browser, which receive the events of a session over a WebSocket.

An agent is in the session from its first connection until it closes that with 1000, has been without a connection for
5 s, or the session ends. It is a participant like any other: it keeps the session open, and its minutes count.
"""

from __future__ import annotations

import json
import logging
from functools import partial
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl

from realtimekit.emulator.clock import add_seconds
from realtimekit.emulator.http import HTTPError, UpgradeError
from realtimekit.emulator.queries import find_live_session
from realtimekit.emulator.services.agent_events import SUBSCRIPTIONS, UPSTREAM_REJECTED, encode
from realtimekit.emulator.services.agent_socket import NORMAL, AgentSocket, Close

if TYPE_CHECKING:
    from realtimekit.emulator.faults import Faults
    from realtimekit.emulator.http import Request
    from realtimekit.emulator.services.agent_events import AgentEvents
    from realtimekit.emulator.services.job_runner import JobRunner
    from realtimekit.emulator.services.lifecycle import Lifecycle
    from realtimekit.emulator.services.tokens import Tokens
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World

AGENTS_PATH = "/agent-ws/v1"
SUBPROTOCOL = "realtimekit.v1"
GRACE_SECONDS = 5.0  # without a connection, before the agent leaves
REPLACED = Close(4409, "replaced")
QUEUE_OVERFLOW = Close(1013, "queue_overflow")
SERVICE_RESTART = Close(1012)
MAX_REQUEST_ID = 128  # characters
AGENTS_QUERY = ("subscriptions", "connection_id")
_GRACE_OVER = "agent leaves"

_logger = logging.getLogger(__name__)


class Agents:
    def __init__(
        self,
        world: World,
        *,
        faults: Faults,
        tokens: Tokens,
        events: AgentEvents,
        lifecycle: Lifecycle,
        job_runner: JobRunner,
    ) -> None:
        self._world = world
        self._store = world.store
        self._faults = faults
        self._tokens = tokens
        self._events = events
        self._lifecycle = lifecycle
        self._job_runner = job_runner
        self._requests: dict[AgentSocket, Request] = {}  # of the open connections, as rules of faults match them
        world.scheduler.register(_GRACE_OVER, self._grace_over)
        events.on_overflow = self._overflow
        if stranded := self._store.rows("select id from agents where peer_id is not null"):
            with world.transaction() as now:  # the emulator was stopped while they were connected
                for agent in stranded:
                    self._start_grace(agent["id"], now)

    # --- connecting --------------------------------------------------------------------------------------------------

    def connect(self, request: Request, at: str) -> AgentSocket:
        """Accept an upgrade: the agent joins, or resumes. In a transaction; the connection is usable after it.

        Raises:
            UpgradeError: it is refused.
        """
        offered = request.headers.get("sec-websocket-protocol", "").split(",")
        if SUBPROTOCOL not in [name.strip() for name in offered]:
            raise UpgradeError(400, f"the header Sec-WebSocket-Protocol must offer {SUBPROTOCOL}")
        subscriptions, connection_id = _parse_query(request.query)
        claims = self._authenticate(request)
        if connection_id is None:
            agent = self._add(claims, subscriptions or [])
        else:
            agent = self._resume(connection_id, claims, subscriptions)
        if agent["close_code"] is None and agent["session_id"] is None:
            self._join(agent, at)
        socket = AgentSocket(self, self._world.lock, agent["id"], self._events.queue(agent["id"]))
        self._world.after_commit(partial(self._attach, socket, request))
        return socket

    def _authenticate(self, request: Request) -> dict[str, Any]:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not token:
            raise UpgradeError(401, "the header Authorization: Bearer TOKEN is missing")
        try:
            return self._tokens.read(token.strip())
        except HTTPError as error:
            raise UpgradeError(401, str(error)) from None

    def _add(self, claims: dict[str, Any], subscriptions: list[str]) -> Row:
        agent: Row = {
            "id": self._world.new_id(),
            "participant_id": claims["participantId"],
            "meeting_id": claims["meetingId"],
            "subscriptions": json.dumps(subscriptions),
            "session_id": None,
            "peer_id": None,
            "close_code": None,
            "close_reason": None,
        }
        self._store.insert("agents", agent)
        return agent

    def _resume(self, connection_id: str, claims: dict[str, Any], subscriptions: list[str] | None) -> Row:
        sql = "select * from agents where id = ? and participant_id = ?"
        agent = self._store.row(sql, connection_id, claims["participantId"])
        if agent is None:
            raise UpgradeError(404, "this participant has no connection of this connection_id")
        if subscriptions is not None:
            self._store.update("agents", connection_id, {"subscriptions": json.dumps(subscriptions)})
        self._world.scheduler.cancel(_GRACE_OVER, connection_id)
        return agent

    def _join(self, agent: Row, at: str) -> None:
        try:
            peer = self._lifecycle.join(agent["meeting_id"], agent["participant_id"], at)
        except HTTPError:  # the participant was deleted, or the meeting is INACTIVE
            self._events.close(agent["id"], UPSTREAM_REJECTED)
            return
        self._store.update("agents", agent["id"], {"session_id": peer["session_id"], "peer_id": peer["id"]})
        session = find_live_session(self._store, agent["meeting_id"])
        assert session is not None  # noqa: S101 - it has just been joined
        self._events.session_started(agent["id"], session)

    def _attach(self, socket: AgentSocket, request: Request) -> None:
        agent = self._agent(socket)
        queue = self._events.queue(socket.agent_id)
        if queue.socket is not None:
            queue.socket.close_now(REPLACED)
        queue.socket = socket
        if agent["close_code"] is not None:
            queue.close = Close(agent["close_code"], agent["close_reason"])
        self._requests[socket] = request._replace(headers={}, query="")  # without the token
        self._job_runner.start()

    def _agent(self, socket: AgentSocket) -> Row:
        return self._store.rows("select * from agents where id = ?", socket.agent_id)[0]

    # --- the owner of the connections --------------------------------------------------------------------------------

    def fault(self, socket: AgentSocket) -> Close | None:
        found = self._faults.close(self._requests[socket])
        if found is None:
            return None
        code, reason, repeated = found
        self._events.queue(socket.agent_id).repeat(repeated)
        return Close(code, reason)

    def handle_frame(self, socket: AgentSocket, message: str | bytes) -> str:
        request: Any = None
        try:
            request = json.loads(message)
            data = self._result(socket, _validated(request))
            error = None
        except _RequestError as failed:
            data, error = None, {"code": failed.code, "message": str(failed)}
        except (ValueError, RecursionError):
            data, error = None, {"code": "INVALID_REQUEST", "message": "the frame is not JSON"}
        except Exception:
            _logger.exception("a request of an agent")
            data, error = None, {"code": "INTERNAL_ERROR", "message": "the emulator failed; its log says where"}
        fields = request if isinstance(request, dict) else {}
        request_id, name = (_string_or_none(fields.get(field)) for field in ("request_id", "name"))
        return encode({"category": "result", "request_id": request_id, "name": name, "data": data, "error": error})

    def _result(self, socket: AgentSocket, request: dict[str, Any]) -> dict[str, Any]:
        match request["name"]:
            case "connection.ping":
                return {}
            case "connection.get":
                subscriptions = json.loads(self._agent(socket)["subscriptions"])
                return {"connection": {"id": socket.agent_id, "subscriptions": subscriptions}}
            case name:
                raise _RequestError("UNSUPPORTED_REQUEST", f"there is no request {name!r}")

    def disconnected(self, socket: AgentSocket, close: Close, *, by_agent: bool) -> None:
        if self._requests.pop(socket, None) is None:
            return  # the emulator is closed
        if not self._requests:
            self._job_runner.stop()
        queue = self._events.queues.get(socket.agent_id)
        if queue is None or queue.socket is not socket:
            return  # the emulator was reset, or another connection has taken over
        queue.socket = None
        with self._world.transaction() as now:
            agent = self._store.row("select * from agents where id = ? and peer_id is not null", socket.agent_id)
            if agent is None:  # it is no longer in a session
                self._remove(socket.agent_id, keep_events=True)
                return
            if by_agent and close.code == NORMAL:
                self._leave(agent, now)
            elif not by_agent and close in {QUEUE_OVERFLOW, UPSTREAM_REJECTED}:
                self._leave(agent, now)
                self._events.close(agent["id"], close)
            else:
                self._start_grace(agent["id"], now)

    # --- leaving -----------------------------------------------------------------------------------------------------

    def _start_grace(self, agent_id: str, at: str) -> None:
        self._world.scheduler.schedule(_GRACE_OVER, agent_id, add_seconds(at, GRACE_SECONDS))

    def _grace_over(self, agent_id: str, at: str) -> None:
        agent = self._store.row("select * from agents where id = ? and peer_id is not null", agent_id)
        if agent is not None:
            self._leave(agent, at)

    def _leave(self, agent: Row, at: str) -> None:
        """Let an agent leave. What was queued for it is lost."""
        self._store.update("agents", agent["id"], {"session_id": None, "peer_id": None})
        self._world.after_commit(partial(self._remove, agent["id"], keep_events=False))
        self._lifecycle.leave(self._store.rows("select * from peers where id = ?", agent["peer_id"])[0], at)

    def _remove(self, agent_id: str, *, keep_events: bool) -> None:
        """Drop the queue of an agent that is in no session, or what is in it."""
        queue = self._events.queue(agent_id)
        if not keep_events:
            queue.events.clear()
        queue.sent.clear()
        if queue.socket is None and not queue.events:
            self._events.queues.pop(agent_id)

    def _overflow(self, agent_id: str) -> None:
        """Close the connection of an agent whose queue is full."""
        queue = self._events.queue(agent_id)
        queue.close = QUEUE_OVERFLOW
        if queue.socket is not None:
            queue.socket.close_now(QUEUE_OVERFLOW)
        with self._world.transaction() as now:
            agent = self._store.rows("select * from agents where id = ?", agent_id)[0]
            if agent["peer_id"] is not None:
                self._leave(agent, now)
            self._events.close(agent_id, QUEUE_OVERFLOW)

    def reset(self) -> None:
        """Cut all connections: their agents are gone."""
        for socket in list(self._requests):
            self._world.after_commit(partial(socket.close_now, SERVICE_RESTART))
        self._world.after_commit(self._events.queues.clear)

    def close(self) -> None:
        """Cut all connections: the emulator stops. In a file, agents stay in their sessions until it starts again."""
        for socket in list(self._requests):
            self._requests.pop(socket)
            socket.close_now(SERVICE_RESTART)
        self._job_runner.stop()


class _RequestError(Exception):
    def __init__(self, code: str, message: str) -> None:
        super().__init__(message)
        self.code = code


def _parse_query(query: str) -> tuple[list[str] | None, str | None]:
    """Return the subscriptions and the connection_id, each None if it is not given."""
    pairs = parse_qsl(query, keep_blank_values=True)
    # Nothing of the query is repeated: it may hold a token that does not belong there.
    if any(name not in AGENTS_QUERY for name, _ in pairs):
        raise UpgradeError(400, f"the only parameters are {' and '.join(AGENTS_QUERY)}", "INVALID_QUERY")
    given = dict(pairs)
    if given.get("connection_id") == "":
        raise UpgradeError(400, "connection_id must not be empty", "INVALID_QUERY")
    if "subscriptions" not in given:
        return None, given.get("connection_id")
    names = given["subscriptions"].split(",") if given["subscriptions"] else []
    if any(name not in SUBSCRIPTIONS for name in names):
        raise UpgradeError(400, f"the subscriptions are {', '.join(SUBSCRIPTIONS)}", "INVALID_QUERY")
    return list(dict.fromkeys(names)), given.get("connection_id")


def _validated(request: Any) -> dict[str, Any]:
    if not isinstance(request, dict) or request.get("category") != "request":
        raise _RequestError("INVALID_REQUEST", 'a frame must be an object whose category is "request"')
    request_id = request.get("request_id")
    if not isinstance(request_id, str) or not 1 <= len(request_id) <= MAX_REQUEST_ID:
        raise _RequestError("INVALID_REQUEST", f"request_id must have 1 to {MAX_REQUEST_ID} characters")
    if not isinstance(request.get("name"), str):
        raise _RequestError("INVALID_REQUEST", "name must be a string")
    if not isinstance(request.get("data", {}), dict):
        raise _RequestError("INVALID_REQUEST", "data must be an object")
    return request


def _string_or_none(value: Any) -> str | None:
    return value if isinstance(value, str) else None
