"""A server of live meetings that does what a script says: one act for each connection, in their order."""

from __future__ import annotations

import json
import socket
import struct
import threading
from collections.abc import Callable
from contextlib import suppress
from http import HTTPStatus
from typing import Any, NamedTuple, Self
from urllib.parse import parse_qs, urlsplit

from websockets.exceptions import ConnectionClosed
from websockets.http11 import Request, Response
from websockets.sync.server import ServerConnection, serve

TOKEN = "participant-token-7f3a"
SESSION = {"id": "s-1", "meeting_id": "m-1", "started_at": "2026-11-29T10:00:00.000Z", "ended_at": None}
CONNECTION_ID = "connection-1"


def transcript(text: str = "hello", *, second: int = 1, final: bool = True, speaker: str = "Alice") -> dict[str, Any]:
    """Return the data of a `transcript.received`."""
    return {
        "text": text,
        "is_final": final,
        "started_at": f"2026-11-29T10:{second // 60:02}:{second % 60:02}.250Z",
        "ended_at": f"2026-11-29T10:{second // 60:02}:{second % 60:02}Z",
        "confidence": 0.9,
        "speaker": person(speaker),
    }


def person(name: str) -> dict[str, Any]:
    """Return a speaker."""
    return {
        "peer_id": f"peer-{name}",
        "participant_id": f"part-{name}",
        "custom_participant_id": name.lower(),
        "display_name": name,
    }


def participant(name: str, *, waitlisted: bool = False) -> dict[str, Any]:
    """Return the data of a `participant.join`."""
    fields = {"meeting_id": "m-1", "picture_url": None, "preset_id": "pr-1", "preset_name": "host"}
    return {"participant": {**person(name), **fields, "waitlisted": waitlisted}}


def kicked(name: str) -> dict[str, Any]:
    """Return the data of a `participant.leave` after a kick."""
    known = {"peer_id": f"peer-{name}", "meeting_id": "m-1"}
    return {"participant": {**dict.fromkeys(participant(name)["participant"]), **known}}


class Refuse(NamedTuple):
    """An act: refuse the upgrade."""

    status: int
    code: str | None = None
    message: str = "no"
    retryable: bool | None = False
    body: bytes | None = None


class Visit:
    """One connection, from the server's side. Requests are answered, unless `mute`."""

    def __init__(self, connection: ServerConnection) -> None:
        self._connection = connection
        self.requests: list[dict[str, Any]] = []
        self.mute = False
        self.id = CONNECTION_ID
        self._ended = threading.Event()
        self._received = threading.Condition()
        self._sending = threading.Lock()  # results are sent while an act sends fragments
        threading.Thread(target=self._answer, daemon=True).start()

    def _answer(self) -> None:
        with suppress(ConnectionClosed, OSError):
            for text in self._connection:
                request = json.loads(text)
                if not self.mute:
                    self.result(request)
                with self._received:
                    self.requests.append(request)
                    self._received.notify_all()
        self._ended.set()

    def result(self, request: dict[str, Any], error: dict[str, Any] | None = None) -> None:
        """Answer a request."""
        data: dict[str, Any] | None = {}
        if request["name"] == "connection.get":
            data = {"connection": {"id": self.id, "subscriptions": ["transcript"]}}
        fields = {"request_id": request["request_id"], "name": request["name"]}
        self.send({"category": "result", **fields, "data": None if error else data, "error": error})

    def wait_for_request(self, name: str = "connection.get") -> None:
        """Wait until the client has sent this request (and it was answered: frames are in order)."""
        with self._received:
            assert self._received.wait_for(lambda: any(each["name"] == name for each in self.requests), 5)

    def send(self, frame: dict[str, Any]) -> None:
        self.send_raw(json.dumps(frame))

    def send_raw(self, frame: str | bytes | list[str]) -> None:
        """Send any frame; a list of strings is sent in as many fragments."""
        with self._sending:
            self._connection.send(frame)

    def event(self, name: str, data: Any = None, **more: Any) -> None:
        """Send an event."""
        self.send({"category": "message", "name": name, "data": {} if data is None else data, **more})

    def started(self) -> None:
        self.event("session.started", {"session": SESSION})

    def said(self, text: str, **fields: Any) -> None:
        self.event("transcript.received", transcript(text, **fields))

    def ended(self, reason: str = "all_participants_left") -> None:
        """End the session, and close with 1000."""
        session = {**SESSION, "ended_at": "2026-11-29T11:00:00.000Z"}
        self.event("session.ended", {"session": session, "reason": reason})
        self.close(1000, "session_ended")

    def close(self, code: int, reason: str = "") -> None:
        self._connection.close(code, reason)

    def cut(self) -> None:
        """End the TCP connection without a close frame. What was sent before arrives."""
        with suppress(OSError):
            self._connection.socket.shutdown(socket.SHUT_RDWR)

    def send_half_a_frame(self) -> None:
        """Send the head of a frame of 100 bytes, and ten of them."""
        self._connection.socket.sendall(b"\x81\x64" + b"{" * 10)

    def send_close_frame_only(self, code: int, reason: str) -> None:
        """Send a close frame, and keep the TCP connection open until the client ends it."""
        payload = struct.pack("!H", code) + reason.encode()
        self._connection.socket.sendall(bytes([0x88, len(payload)]) + payload)
        self._keep_open = True

    def wait_closed(self, timeout: float = 10) -> int | None:
        """Wait until the client has closed the connection, and return its close code."""
        assert self._ended.wait(timeout), "the client has not closed the connection"
        return self._connection.close_code


class Hold:
    """An act: respond to the upgrade only when it is released. The connection then stays open until it is closed."""

    def __init__(self) -> None:
        self.arrived = threading.Event()
        self.released = threading.Event()

    def __call__(self, visit: Visit) -> None:
        visit.wait_closed()


Act = Refuse | Hold | Callable[[Visit], None]


class ScriptedServer:
    """Performs one act for each connection; the last one again and again.

    Attributes:
        queries: the query of each connection.
        headers: the request headers of each connection.
        close_codes: how each connection that was not refused was closed, by whichever side.
        errors: what went wrong in the acts.
    """

    def __init__(self, *acts: Act) -> None:
        self._acts = list(acts)
        self._lock = threading.Condition()
        self._running = 0  # acts
        self.queries: list[dict[str, str]] = []
        self.headers: list[dict[str, str]] = []
        self.close_codes: list[int | None] = []
        self.errors: list[BaseException] = []
        self._server = serve(
            self._handle,
            "127.0.0.1",
            0,
            process_request=self._process_request,
            select_subprotocol=lambda _, offered: offered[0] if offered else None,
            compression=None,
            ping_interval=None,
            close_timeout=1,
        )
        port = self._server.socket.getsockname()[1]
        self.url = f"ws://127.0.0.1:{port}/agent-ws/v1"
        self.base_url = f"http://127.0.0.1:{port}/client/v4"

    def _process_request(self, connection: ServerConnection, request: Request) -> Response | None:
        query = {name: values[-1] for name, values in parse_qs(urlsplit(request.path).query).items()}
        with self._lock:
            self.queries.append(query)
            self.headers.append({name.lower(): value for name, value in request.headers.raw_items()})
            act = self._acts.pop(0) if len(self._acts) > 1 else self._acts[0]
        if isinstance(act, Hold):
            act.arrived.set()
            assert act.released.wait(10)
        connection.act = act  # type: ignore[attr-defined]
        if not isinstance(act, Refuse):
            with self._lock:
                self._running += 1
            return None
        error: dict[str, Any] = {"code": act.code, "message": act.message, "retryable": act.retryable}
        body = json.dumps({"success": False, "error": error}) if act.body is None else act.body.decode()
        return connection.respond(HTTPStatus(act.status), body)

    def _handle(self, connection: ServerConnection) -> None:
        visit = Visit(connection)
        try:
            connection.act(visit)  # type: ignore[attr-defined]
            if visit._connection.close_code is None:
                visit.wait_closed(30)
        except (ConnectionClosed, OSError):
            pass
        except BaseException as error:  # told to the test
            self.errors.append(error)
        with self._lock:
            self.close_codes.append(connection.close_code)
            self._running -= 1
            self._lock.notify_all()

    def __enter__(self) -> Self:
        self._thread = threading.Thread(target=self._server.serve_forever, daemon=True)
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._server.shutdown()
        self._thread.join()
        with self._lock:  # before version 16, the library does not wait for them
            self._lock.wait_for(lambda: not self._running, 2)
        assert not self.errors, self.errors
