"""The emulator: a function from request to response over a store; and the people who use it, as methods."""

from __future__ import annotations

import hmac
import json
import logging
import math
import secrets
import threading
import time
import uuid
from collections import deque
from typing import TYPE_CHECKING, Any, NamedTuple, Self
from urllib.parse import parse_qsl

from realtimekit.emulator import files, tokens
from realtimekit.emulator.clock import Clock, iso
from realtimekit.emulator.control import CONTROL
from realtimekit.emulator.control import PREFIX as CONTROL_PREFIX
from realtimekit.emulator.guard import refuse_foreign
from realtimekit.emulator.lifecycle import Lifecycle
from realtimekit.emulator.operations import (
    API,
    Call,
    active_session,
    apps,
    livestreams,
    meetings,
    participants,
    sessions,
)
from realtimekit.emulator.shapes import checked_body, checked_query
from realtimekit.emulator.store import Row, Store
from realtimekit.emulator.wire import (
    GatewayRefusal,
    Incoming,
    Outgoing,
    Refusal,
    as_json,
    bad_request,
    missing_extra,
    not_found,
)

if TYPE_CHECKING:
    import os
    from collections.abc import Callable

    from realtimekit.emulator.server import Server

# Importing the operations fills the table of routes.
OPERATIONS = (active_session, apps, livestreams, meetings, participants, sessions)

# The presets that RealtimeKit makes for a new app.
DEFAULT_PRESETS = (
    "group_call_host",
    "group_call_participant",
    "webinar_presenter",
    "webinar_viewer",
    "livestream_host",
    "livestream_viewer",
)
LOGGED_REQUESTS = 10_000

_logger = logging.getLogger(__name__)


class Joined(NamedTuple):
    session_id: str
    peer_id: str


class Emulator:
    """A local RealtimeKit, with no account and no network.

    Its faces: `serve()` gives a real HTTP server; `realtimekit.transports.emulator` a transport in this process. The
    methods play the people and the weather; over HTTP they are the control plane (`POST /_emulator/...`).

    Args:
        db: a file to keep everything in; without one it is kept in memory.
        account_id, app_id, api_token: what the API is to be called with; made up where not given. A file keeps its own.

    A method of the control plane raises `Refusal` where what it is told cannot be: an unknown id, somebody who has
    left already.
    """

    def __init__(
        self,
        db: str | os.PathLike[str] | None = None,
        *,
        account_id: str | None = None,
        app_id: str | None = None,
        api_token: str | None = None,
    ) -> None:
        self._lock = threading.RLock()
        self.store: Store = Store(db)
        self.next_ids: deque[str] = deque()
        self.clock: Clock = Clock(self.store.meta("ahead_seconds", 0.0))
        self.files: files.Files = files.Files(self)
        self.tokens: tokens.Tokens = tokens.Tokens(self)
        self.lifecycle: Lifecycle = Lifecycle(self)
        self._requests: deque[dict[str, Any]] = deque(maxlen=LOGGED_REQUESTS)
        credentials = self.store.meta("credentials")
        if credentials is None:
            credentials = {
                "account_id": account_id or uuid.uuid4().hex,
                "app_id": app_id or str(uuid.uuid4()),
                "api_token": api_token or f"emulator-{secrets.token_hex(8)}",
            }
            self.store.begin()
            self.store.set_meta("credentials", credentials)
            self.new_app("Emulator", id=credentials["app_id"])
            self.store.commit()
        self.account_id: str = credentials["account_id"]
        self.app_id: str = credentials["app_id"]
        self.api_token: str = credentials["api_token"]

    def close(self) -> None:
        with self._lock:
            self.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Emulator account_id={self.account_id!r} app_id={self.app_id!r}>"

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Server:
        """Serve over HTTP from a thread of this process, until the returned server's `close()` or `with` block ends.

        Args:
            host: what to bind to. Anything but loopback opens the emulator to the network.
            port: 0 takes a free one.
        """
        try:
            from realtimekit.emulator.server import Server  # noqa: PLC0415 - uvicorn, only where it is used
        except ImportError as error:
            raise missing_extra(error) from None
        return Server(self, host, port)

    # --- state ---------------------------------------------------------------------------------------------------

    def now(self) -> str:
        return iso(self.clock.now())

    def new_id(self) -> str:
        """A new UUID; or, where somebody wants to know them beforehand, the next of `next_ids`."""
        return self.next_ids.popleft() if self.next_ids else str(uuid.uuid4())

    def new_app(self, name: str, *, id: str | None = None) -> Row:  # noqa: A002
        app = {"id": id or self.new_id(), "name": name, "created_at": self.now()}
        self.store.insert("apps", app)
        for preset in DEFAULT_PRESETS:
            row = {"id": str(uuid.uuid4()), "app_id": app["id"], "name": preset}
            self.store.insert("presets", {**row, "created_at": app["created_at"], "updated_at": app["created_at"]})
        return app

    # --- the control plane -----------------------------------------------------------------------------------------

    def _change(self, change: Callable[[], Any]) -> Any:
        """Carry out a change as a whole or not at all, after what had become due before it."""
        with self._lock:
            self.store.begin()
            try:
                self.lifecycle.settle(self.now())
                result = change()
                self.store.commit()
            except BaseException:
                self.store.roll_back()
                raise
            return result

    def join(self, meeting_id: str, participant_id: str) -> Joined:
        """A participant joins; the first opens the session. Returns the ids of the session and of the peer."""
        peer = self._change(lambda: self.lifecycle.join(meeting_id, participant_id))
        return Joined(peer["session_id"], peer["id"])

    def leave(self, meeting_id: str, peer_id: str) -> None:
        """A peer leaves the live session of a meeting."""
        self._change(lambda: self.lifecycle.leave(self.lifecycle.peer(self._live(meeting_id)["id"], peer_id)))

    def chat(self, session_id: str, peer_id: str, text: str) -> str:
        """A peer writes in the chat. Returns the id of the message."""

        def change() -> str:
            self._open(session_id)
            if self.lifecycle.peer(session_id, peer_id)["left_at"] is not None:
                raise Refusal(409, f"peer {peer_id} has left")
            row = {"id": self.new_id(), "session_id": session_id, "peer_id": peer_id, "text": text}
            self.store.insert("messages", {**row, "created_at": self.now()})
            return str(row["id"])

        return str(self._change(change))

    def speech(self, session_id: str, peer_id: str, text: str, start_ms: int, end_ms: int) -> None:
        """A peer speaks, from and to these milliseconds after the start of the session."""

        def change() -> None:
            self._open(session_id)
            if not 0 <= start_ms <= end_ms:
                raise bad_request('"end_ms" must be greater than or equal to "start_ms"')
            peer = self.lifecycle.peer(session_id, peer_id)
            row = {"session_id": session_id, "peer_id": peer["id"], "text": text}
            self.store.insert("speech", {**row, "start_ms": start_ms, "end_ms": end_ms})

        self._change(change)

    def end(self, meeting_id: str) -> str:
        """The live session of a meeting ends, and leaves its files. Returns the id of the session."""

        def change() -> str:
            session = self._live(meeting_id)
            self.lifecycle.close(session["id"], self.now())
            return str(session["id"])

        return str(self._change(change))

    def advance(self, seconds: float) -> str:
        """Move the clock on. Returns the new time."""

        def change() -> str:
            before = self.clock
            self.clock = before.advanced(seconds)
            try:
                self.store.set_meta("ahead_seconds", self.clock.ahead.total_seconds())
                self.lifecycle.settle(self.now())
            except BaseException:
                self.clock = before  # as the store, which is rolled back
                raise
            return self.now()

        return str(self._change(change))

    def reset(self) -> None:
        """Forget everything that happened: back to one empty app, with the same credentials, and to real time."""

        def change() -> None:
            self.store.clear()
            self.clock = Clock()
            self.store.set_meta("ahead_seconds", 0.0)
            self.new_app("Emulator", id=self.app_id)
            self._requests.clear()

        self._change(change)

    def requests(self) -> list[dict[str, Any]]:
        """The requests to the API so far, oldest first: at, method, path, query, status, milliseconds. No bodies."""
        with self._lock:
            return list(self._requests)

    def _live(self, meeting_id: str) -> Row:
        self.lifecycle.meeting(meeting_id)
        if (session := self.lifecycle.live_session(meeting_id)) is None:
            raise Refusal(404, f"No active session found for meeting_id {meeting_id}")
        return session

    def _open(self, session_id: str) -> None:
        session = self.store.row("select status from sessions where id = ?", session_id)
        if session is None:
            raise not_found()
        if session["status"] != "LIVE":
            raise Refusal(409, f"session {session_id} has ended")

    # --- requests --------------------------------------------------------------------------------------------------

    def handle(self, request: Incoming) -> Outgoing:
        """Answer one request. Requests are taken one at a time, from any thread."""
        with self._lock:
            started = time.perf_counter()
            try:
                refuse_foreign(request)
                answer = self._answer(request)
            except Refusal as refusal:
                self.store.roll_back()
                answer = refusal.answer()
            except Exception:
                self.store.roll_back()
                _logger.exception("%s %s", request.method, request.path)
                answer = Refusal(500, "the emulator failed; its log says where").answer()
            if not request.path.startswith(CONTROL_PREFIX):
                self._log(request, answer, time.perf_counter() - started)
            return answer

    def _log(self, request: Incoming, answer: Outgoing, seconds: float) -> None:
        entry: dict[str, Any] = {"at": self.now(), "method": request.method, "path": request.path}
        if not request.path.startswith(files.PREFIX):  # a link's query is what gives access
            entry["query"] = request.query
        self._requests.append({**entry, "status": answer.status, "milliseconds": round(seconds * 1000, 3)})

    def _answer(self, request: Incoming) -> Outgoing:
        if request.path == CONTROL_PREFIX or request.path.startswith(CONTROL_PREFIX + "/"):
            route, ids = CONTROL.match(request.method, request.path)
            body = {} if route.body is None else checked_body(route.body, _json_body(request))
            return as_json(200, route.handler(self, {**ids, **body}))
        if request.path.startswith(files.PREFIX):
            return self.files.serve(request)
        return self._api(request)

    def _api(self, request: Incoming) -> Outgoing:
        scheme, _, token = request.headers.get("authorization", "").partition(" ")
        if scheme.lower() != "bearer" or not hmac.compare_digest(token.encode(), self.api_token.encode()):
            raise GatewayRefusal(401, 10000, "Authentication error")
        route, ids = API.match(request.method, request.path)
        if ids["account_id"] != self.account_id:
            problem = f"Could not route to {request.path}, perhaps your object identifier is invalid?"
            raise GatewayRefusal(404, 7003, problem)
        changing = request.method != "GET"
        if changing or self.lifecycle.due(self.now()):
            self.store.begin()
            self.lifecycle.settle(self.now())
        if "app_id" in ids and self.store.row("select 1 from apps where id = ?", ids["app_id"]) is None:
            raise not_found()
        query = checked_query(route.query, dict(parse_qsl(request.query, keep_blank_values=True)))
        body = {} if route.body is None else checked_body(route.body, _json_body(request))
        origin = f"http://{request.headers.get('host', 'emulator.localhost')}"
        answer: Outgoing = route.handler(Call(self, ids, query, body, self.now(), origin))
        if self.store.in_transaction:
            self.store.commit()
        return answer


def _finite(text: str) -> float:
    number = float(text)
    if not math.isfinite(number):
        raise ValueError(text)  # NaN and Infinity, which Python reads and JSON does not know; 1e999
    return number


def _json_body(request: Incoming) -> Any:
    if not request.body:
        return {}
    try:
        return json.loads(request.body, parse_constant=_finite, parse_float=_finite)
    except (ValueError, RecursionError):
        raise bad_request("the body is no JSON") from None
