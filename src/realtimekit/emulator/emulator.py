"""The emulator: a function from request to response over a store; and the people who use it, as methods."""

from __future__ import annotations

import secrets
import threading
import time
import uuid
from collections import deque
from email.utils import format_datetime
from typing import TYPE_CHECKING, Any, NamedTuple, Self, Unpack

from realtimekit.emulator import answering, control, files, samples, tokens
from realtimekit.emulator.agenda import Agenda
from realtimekit.emulator.broadcasts import Broadcasts
from realtimekit.emulator.clock import Clock, iso
from realtimekit.emulator.events import Events
from realtimekit.emulator.faults import Faults, with_headers
from realtimekit.emulator.lifecycle import Lifecycle
from realtimekit.emulator.operations import (
    active_session,
    analytics,
    apps,
    livestreams,
    meetings,
    participants,
    presets,
    recordings,
    sessions,
    webhooks,
)
from realtimekit.emulator.postman import Postman
from realtimekit.emulator.recorder import Recorder
from realtimekit.emulator.shapes import checked_body
from realtimekit.emulator.store import Row, Store
from realtimekit.emulator.wire import Refusal, bad_request, missing_extra, not_found

if TYPE_CHECKING:
    import os
    from collections.abc import Callable, Iterable, Mapping

    from realtimekit.emulator.faults import Fault
    from realtimekit.emulator.server import Server
    from realtimekit.emulator.wire import Incoming, Outgoing

# Importing the operations fills the table of routes.
OPERATIONS = (
    active_session,
    analytics,
    apps,
    livestreams,
    meetings,
    participants,
    presets,
    recordings,
    sessions,
    webhooks,
)

LOGGED_REQUESTS = 10_000


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
        deliver_anywhere: whether webhooks may lead to other machines than this one.

    Raises:
        ValueError: the file is not the emulator's, or in use, or has other credentials than those given.

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
        deliver_anywhere: bool = False,
    ) -> None:
        self.lock: threading.RLock = threading.RLock()
        given = {"account_id": account_id, "app_id": app_id, "api_token": api_token}
        self.store: Store = Store(db)
        self.next_ids: deque[str] = deque()
        self.clock: Clock = Clock(self.store.meta("ahead_seconds", 0.0))
        self.files: files.Files = files.Files(self)
        self.tokens: tokens.Tokens = tokens.Tokens(self)
        self.agenda: Agenda = Agenda(self.store)
        self.origin: str = "http://emulator.localhost"  # until it is served; links in what webhooks are told lead there
        self.postman: Postman = Postman(self, anywhere=deliver_anywhere)
        self.events: Events = Events(self, self.postman.tell)
        self.lifecycle: Lifecycle = Lifecycle(self)
        self.broadcasts: Broadcasts = Broadcasts(self)
        self.recorder: Recorder = Recorder(self)
        self._happenings = {**self.lifecycle.due, **self.files.due, **self.broadcasts.due, **self.recorder.due}
        self._faults: Faults = Faults()
        self._requests: deque[dict[str, Any]] = deque(maxlen=LOGGED_REQUESTS)
        credentials = self.store.meta("credentials") or self._begin(given)
        self.account_id: str = credentials["account_id"]
        self.app_id: str = credentials["app_id"]
        self.api_token: str = credentials["api_token"]
        if different := [name for name, value in given.items() if value not in {None, credentials[name]}]:
            self.close()
            raise ValueError(
                f"the file has another {' and '.join(different)} already: leave it out, or take a new file"
            )

    def _begin(self, given: Mapping[str, str | None]) -> dict[str, str]:
        """Credentials, and one app."""
        credentials = {
            "account_id": given["account_id"] or uuid.uuid4().hex,
            "app_id": given["app_id"] or str(uuid.uuid4()),
            "api_token": given["api_token"] or f"emulator-{secrets.token_hex(8)}",
        }
        with self.store.transaction():
            self.store.set_meta("credentials", credentials)
            self.new_app("Emulator", id=credentials["app_id"])
        return credentials

    def close(self) -> None:
        with self.lock:
            self.postman.close()
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
        for preset in presets.defaults():
            self.store.insert("presets", presets.new_row(str(uuid.uuid4()), app["id"], preset, app["created_at"]))
        return app

    def settle(self, now: str) -> None:
        """Let happen what has become due since the last request, one thing after another."""
        while due := self.agenda.take(now):
            self._happenings[due.what](due.id, due.at)

    # --- the control plane -----------------------------------------------------------------------------------------

    def _change(self, change: Callable[[], Any]) -> Any:
        """Carry out a change as a whole or not at all, after what had become due before it."""
        with self.lock, self.store.transaction():
            self.settle(self.now())
            return change()

    def join(self, meeting_id: str, participant_id: str) -> Joined:
        """A participant joins; the first opens the session. Returns the ids of the session and of the peer."""
        checked_body(control.JOIN, {"participant_id": participant_id})
        peer = self._change(lambda: self.lifecycle.join(meeting_id, participant_id))
        return Joined(peer["session_id"], peer["id"])

    def enter(self, token: str) -> Joined:
        """Somebody joins with a participant's token, as a browser does. Raises `Refusal` where it does not open."""
        checked_body(control.ENTER, {"token": token})
        claims = self.tokens.read(token)
        return self.join(claims["meetingId"], claims["participantId"])

    def leave(self, meeting_id: str, peer_id: str) -> None:
        """A peer leaves the live session of a meeting."""
        self._change(lambda: self.lifecycle.leave(self.lifecycle.peer(self._live(meeting_id)["id"], peer_id)))

    def chat(self, session_id: str, peer_id: str, text: str) -> str:
        """A peer writes in the chat. Returns the id of the message."""
        checked_body(control.CHAT, {"peer_id": peer_id, "text": text})

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
        checked_body(control.SPEECH, {"peer_id": peer_id, "text": text, "start_ms": start_ms, "end_ms": end_ms})

        def change() -> None:
            self._open(session_id)
            if start_ms > end_ms:
                raise bad_request('"end_ms" must be greater than or equal to "start_ms"')
            peer = self.lifecycle.peer(session_id, peer_id)
            row = {"session_id": session_id, "peer_id": peer["id"], "text": text}
            self.store.insert("speech", {**row, "start_ms": start_ms, "end_ms": end_ms})

        self._change(change)

    def end(self, meeting_id: str) -> str:
        """The live session of a meeting ends, and leaves its files. Returns the id of the session."""

        def change() -> str:
            session = self._live(meeting_id)
            self.lifecycle.close(session["id"], self.now(), "HOST_ENDED_MEETING")
            return str(session["id"])

        return str(self._change(change))

    def advance(self, seconds: float) -> str:
        """Move the clock on. Returns the new time."""

        def change() -> str:
            before = self.clock
            self.clock = before.advanced(seconds)
            try:
                self.store.set_meta("ahead_seconds", self.clock.ahead.total_seconds())
                self.settle(self.now())
            except BaseException:
                self.clock = before  # as the store, which is rolled back
                raise
            return self.now()

        now = str(self._change(change))
        self.postman.wake()
        return now

    def reset(self) -> None:
        """Forget everything that happened: back to one empty app, with the same credentials, and to real time."""

        def change() -> None:
            self.store.clear()
            self.clock = Clock()
            self.store.set_meta("ahead_seconds", 0.0)
            self.new_app("Emulator", id=self.app_id)
            self._requests.clear()
            self._faults.clear()

        self._change(change)

    def add_fault(self, **rule: Unpack[Fault]) -> None:
        """From now on something goes wrong with the requests that the rule names, as it says: see `faults.Fault`."""
        self.add_faults([rule])

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Several rules: the first that strikes a request is the only one that does."""
        with self.lock:
            self._faults.add(faults)

    def faults(self) -> list[dict[str, Any]]:
        """The rules in force; of each also how many requests it fitted (`seen`) and how many it struck (`struck`)."""
        with self.lock:
            return self._faults.listed()

    def clear_faults(self) -> None:
        """All goes well again."""
        with self.lock:
            self._faults.clear()

    def webhook_deliveries(self) -> list[dict[str, Any]]:
        """What webhooks were told or are to be told, oldest first.

        Each: id, webhook_id, event, url, state ("pending", "delivered", "failed"), due_at, attempts (each with at, and
        status or error), created_at, and the decoded body.
        """
        with self.lock:
            return self.postman.listed()

    def redeliver(self, delivery_id: str) -> None:
        """Deliver once more, with the same id and body, now."""
        self._change(lambda: self.postman.again(delivery_id, self.now()))

    def trigger(self, event: str, url: str) -> str:
        """Send one signed sample of an event to a URL, about the newest of the app that it can be of.

        Returns the id of the delivery.
        """
        checked_body(control.TRIGGER, {"event": event, "url": url})
        return samples.send(self, event, url)

    def wait_for_deliveries(self, timeout: float = 10.0) -> bool:
        """Wait until every delivery that is due has been sent. Returns whether that came about in so many seconds."""
        return self.postman.wait(timeout)

    def requests(self) -> list[dict[str, Any]]:
        """The requests to the API so far, oldest first: at, method, path, query, status, milliseconds. No bodies.

        The status is that of the answer, whether it arrived or not; None where a fault left none.
        """
        with self.lock:
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
        with self.lock:
            started = time.perf_counter()
            if request.path.startswith(control.PREFIX):
                answer = answering.answer(self, request)
            else:
                answer = self._faults.answer(request, lambda: answering.answer(self, request), self.clock.now())
                self._log(request, answer, time.perf_counter() - started)
            # Its own time, moved on or not: callers tell from it what is over.
            date = format_datetime(self.clock.now(), usegmt=True)
            return with_headers(answer, {"date": date, **answer.headers})

    def _log(self, request: Incoming, answer: Outgoing, seconds: float) -> None:
        entry: dict[str, Any] = {"at": self.now(), "method": request.method, "path": request.path}
        if not request.path.startswith(files.PREFIX):  # a link's query is what gives access
            entry["query"] = request.query
        self._requests.append({**entry, "status": answer.status or None, "milliseconds": round(seconds * 1000, 3)})
