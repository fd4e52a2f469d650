"""The protocol of a live meeting: connect, listen, resume. A generator of steps, without I/O.

Source: https://developers.cloudflare.com/realtime/realtimekit/, AI, agent participant.
"""

from __future__ import annotations

import logging
import random
import time
from collections.abc import Callable, Generator
from datetime import UTC, datetime
from itertools import count
from typing import Any, Literal, TypeAlias

from realtimekit.agent.duplicates import Duplicates
from realtimekit.agent.errors import ConnectionReplacedError, UpstreamRejectedError
from realtimekit.agent.frames import Frame, UnreadableFrameError, parse_frame, request_frame
from realtimekit.agent.refusals import CONNECTION_NOT_FOUND, PATH, error_of, is_retryable, refusal_code
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
    SessionInfo,
    Step,
)
from realtimekit.errors import APIConnectionError, RealtimeKitError
from realtimekit.flow import Sleep

# Documented, in seconds.
PING_INTERVAL = 20.0
RESULT_TIMEOUT = 10.0
GRACE = 5.0
# Ours, in seconds.
MAX_OUTAGE = 300.0  # without a connection that works, before it is given up
FIRST_ATTEMPTS = 3  # to connect at all
SETTLED = 10.0  # a connection that lasts this long works
HEARTBEAT_CLOSE_CODE = 3008  # "timeout", by the registry of close codes; any but 1000 keeps the agent for the grace

GAP = "gap"

EndReason: TypeAlias = Literal["session_ended", "idle"]
GapReason: TypeAlias = Literal[
    "queue_overflow", "grace_expired", "connection_lost", "session_started_again", "unreadable_frame"
]
Steps: TypeAlias = Generator[Step, Any, None]

_logger = logging.getLogger("realtimekit.live")


class Protocol:
    """One listener: all its connections, until the session ends, nobody else is present, or an error is permanent.

    Args:
        subscriptions: "transcript", "participant", "broadcast".
        max_idle: seconds alone in the meeting after which the agent leaves; None to stay.
        token_hint: what is known about the token, for the message of a 401.
        clock: seconds, for everything that waits.
        now: Unix seconds, for the times in events.
        jitter: as `random.uniform`.
    """

    def __init__(
        self,
        subscriptions: tuple[str, ...],
        *,
        max_idle: float | None = None,
        token_hint: str = "",
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], float] = time.time,
        jitter: Callable[[float, float], float] = random.uniform,
    ) -> None:
        self._subscriptions = subscriptions
        self._max_idle = max_idle
        self._token_hint = token_hint
        self._clock, self._now, self._jitter = clock, now, jitter
        self._connection_id: str | None = None
        self._session = SessionInfo()
        self._started = False  # a session.started has arrived
        self._over = False  # the session has ended, or everybody was removed: connecting again would start another one
        self._in_another_session = False
        self._joined = False
        self._attempt = 0  # connections since one has worked
        self._worked_at = 0.0
        self._lost_at: float | None = None
        self._loss: GapReason | None = None
        self._gap_reported = False  # the next session.started belongs to a gap that was already reported
        self._last_frame_at = now()
        self._request_ids = count(1)
        self._deadlines: dict[str, float] = {}  # of requests without a result
        self._next_ping = 0.0
        self._duplicates = Duplicates()
        self._present: set[str] = set()  # peers
        self._alone_since = 0.0

    def run(self) -> Generator[Step, Any, EndReason]:
        """Listen. The result: why it ended.

        Raises:
            APIError: the server refused the connection.
            APIConnectionError: the server cannot be reached, or no longer.
            LiveError: the server closed the connection for good.
        """
        self._worked_at = self._clock()
        while True:
            if not (yield from self._connect()):
                return "session_ended"
            closed = yield from self._listen()
            if closed is None:
                return "idle"
            if self._ends(closed):
                return "session_ended"

    # --- connecting ---------------------------------------------------------------------------------------------------

    def _connect(self) -> Generator[Step, Any, bool]:
        """Open a connection, and report what was lost. The result: False if there is nothing left to connect to."""
        while True:
            if delay := self._backoff():
                yield Sleep(delay)
            self._attempt += 1
            query = {"subscriptions": ",".join(self._subscriptions)}
            if self._connection_id is not None:
                query["connection_id"] = self._connection_id
            try:
                refusal: Refusal | None = yield Connect(query)
            except APIConnectionError as error:
                self._raise_if_permanent(error)
                continue
            if refusal is None:
                break
            if self._connection_id is not None and refusal_code(refusal) == CONNECTION_NOT_FOUND:
                if self._over:
                    return False
                self._connection_id, self._loss = None, "grace_expired"
            else:
                self._raise_if_permanent(
                    error_of(refusal, token_hint=self._token_hint), final=not is_retryable(refusal)
                )
        if not self._joined:
            self._joined, self._alone_since = True, self._clock()
            yield Joined()
        if self._lost_at is not None:
            yield from self._report_loss(self._lost_at, resumed=self._connection_id is not None)
        return True

    def _backoff(self) -> float:
        """Return the seconds to wait before the next connection. The first one is in time for the grace period."""
        if not self._attempt:
            return 0.0
        longest: float = min(30.0, 0.25 * 2.0 ** min(self._attempt - 1, 10))
        return self._jitter(longest / 2, longest)

    def _raise_if_permanent(self, error: RealtimeKitError, *, final: bool = False) -> None:
        outage = self._clock() - self._worked_at
        if final or (outage > MAX_OUTAGE if self._joined else self._attempt >= FIRST_ATTEMPTS):
            raise error

    def _report_loss(self, lost_at: float, *, resumed: bool) -> Steps:
        if resumed:
            self._duplicates.resumed()
            self._loss = "grace_expired" if self._clock() - lost_at > GRACE else None
        elif self._loss is None:
            self._loss = "connection_lost"
        self._lost_at = None
        if self._loss is not None:
            loss, self._loss = self._loss, None
            yield from self._report_gap(loss)
            self._gap_reported = True

    def _ends(self, closed: Closed) -> bool:
        """Return whether a close ends it all; otherwise, prepare the next connection.

        Raises:
            LiveError: it does, and should not have happened.
            APIConnectionError: no connection has worked for too long.
        """
        code, reason = closed
        if code == 1000:
            return True
        _logger.info("the connection was closed with %d %.40a", code, reason)
        if code == 4403:
            raise UpstreamRejectedError(
                f"the meeting rejected the agent (close code 4403 {reason[:40]!a}): its token is for another meeting, "
                "or the participant was removed; add a participant and use its token",
                close_code=code,
                reason=reason,
            )
        if code == 4409:
            raise ConnectionReplacedError(
                "another connection of this participant took over (close code 4409)", close_code=code, reason=reason
            )
        if self._over:
            return True
        if self._clock() - self._worked_at > MAX_OUTAGE:
            raise APIConnectionError(
                f"the server closed each connection for {MAX_OUTAGE:g} s, with {code} {reason[:40]!a}",
                maybe_processed=True,
                method="GET",
                path=PATH,
            )
        self._lost_at = self._clock()
        if reason == "queue_overflow":
            self._connection_id, self._loss = None, "queue_overflow"
        elif reason == "upstream_unavailable":
            self._attempt = max(self._attempt, 1)
        return False

    # --- a connection -------------------------------------------------------------------------------------------------

    def _listen(self) -> Generator[Step, Any, Closed | None]:
        """Read a connection to its end. The result: how it was closed; None if the agent left because it was alone."""
        self._deadlines.clear()
        opened_at, received = self._clock(), False
        self._next_ping = opened_at + PING_INTERVAL
        yield from self._request("connection.get")
        closed: Closed | None = None
        while closed is None:
            now = self._clock()
            if now >= self._next_ping:
                yield from self._ping()
            due = min(self._next_ping, self._next_deadline(), self._idle_at())
            frame: bytes | Closed | None = yield Receive(max(0.0, due - now))
            if isinstance(frame, bytes):
                received = True
                yield from self._handle(frame)
                if self._in_another_session:
                    yield Disconnect(1000, "")
                    return Closed(1000, "session_ended")
            elif frame is not None:
                closed = frame
            elif self._clock() >= self._next_deadline():  # nothing waits to be read, either
                yield Disconnect(HEARTBEAT_CLOSE_CODE, "no result")
                closed = Closed(1006, "")
            elif self._clock() >= self._idle_at() and (yield from self._is_alone()):
                yield Disconnect(1000, "")
                return None
        if received and self._clock() - opened_at >= SETTLED:
            self._note_that_it_works()
        return closed

    def _note_that_it_works(self) -> None:
        self._attempt, self._worked_at = 0, self._clock()

    def _request(self, name: str) -> Steps:
        request_id = f"{name}-{next(self._request_ids)}"
        self._deadlines[request_id] = self._clock() + RESULT_TIMEOUT
        yield Send(request_frame(request_id, name))

    def _ping(self) -> Steps:
        self._next_ping = self._clock() + PING_INTERVAL
        yield from self._request("connection.ping" if self._connection_id else "connection.get")

    def _next_deadline(self) -> float:
        return min(self._deadlines.values(), default=float("inf"))

    def _handle(self, raw: bytes) -> Steps:
        try:
            frame = parse_frame(raw)
        except UnreadableFrameError as error:
            _logger.warning("a frame cannot be read: %s", error)
            yield from self._report_gap("unreadable_frame")
        else:
            if frame.category == "message":
                if frame.name != "session.started":  # that one comes with each connection
                    self._note_that_it_works()
                yield from self._handle_event(raw, frame)
            elif frame.category == "result":
                self._handle_result(frame)
        self._last_frame_at = self._now()

    def _handle_result(self, frame: Frame) -> None:
        if frame.request_id is not None:
            self._deadlines.pop(frame.request_id, None)
        connection = frame.data.get("connection")
        if isinstance(connection, dict) and isinstance(connection.get("id"), str) and connection["id"]:
            self._connection_id = connection["id"]

    def _handle_event(self, raw: bytes, frame: Frame) -> Steps:
        name, data = frame.name, frame.data
        if self._duplicates.is_duplicate(name, data):
            return
        if name == "session.started":
            session = _session_info(data)
            if self._started:
                if not self._gap_reported:
                    yield from self._report_gap("session_started_again")
                if session.id != self._session.id and session.id and self._session.id:
                    # The agent joined again when the session was over, and started another one, maybe alone.
                    self._in_another_session = True
                    return
            else:
                self._alone_since = self._clock()
            self._started, self._gap_reported, self._over = True, False, False
            self._session = session
        else:
            self._gap_reported = False
            if name in {"session.ended", "participant.kick_all"}:
                self._over = True
            elif self._max_idle is not None:
                self._notice_presence(name, data)
        yield from self._deliver(Message(self._session, raw, (name, data)))

    def _deliver(self, message: Message) -> Steps:
        """Queue a message. While there is no room, pings go on, but results, which nobody reads, have time."""
        began = self._clock()
        while not (yield Deliver(message, max(0.0, self._next_ping - self._clock()))):
            yield from self._ping()
        if blocked := self._clock() - began:
            for request_id in self._deadlines:
                self._deadlines[request_id] += blocked

    def _report_gap(self, reason: GapReason) -> Steps:
        since = datetime.fromtimestamp(self._last_frame_at, UTC).isoformat().replace("+00:00", "Z")
        _logger.warning("events since %s may be missing: %s", since, reason)
        self._present.clear()
        self._alone_since = self._clock()
        yield from self._deliver(Message(self._session, b"", (GAP, {"reason": reason, "since": since})))

    # --- alone? -------------------------------------------------------------------------------------------------------

    def _notice_presence(self, name: str, data: dict[str, Any]) -> None:
        participant = data.get("speaker" if name == "transcript.received" else "participant")
        peer_id = participant.get("peer_id") if isinstance(participant, dict) else None
        self._alone_since = self._clock()
        if isinstance(participant, dict) and isinstance(peer_id, str):
            if name == "participant.leave" or participant.get("waitlisted") is True:
                self._present.discard(peer_id)
            else:
                self._present.add(peer_id)

    def _idle_at(self) -> float:
        if self._max_idle is None or self._present:
            return float("inf")
        # Before `session.started` the agent is not in the meeting yet.
        return self._alone_since + (self._max_idle if self._started else max(self._max_idle, RESULT_TIMEOUT))

    def _is_alone(self) -> Generator[Step, Any, bool]:
        """Ask the API, because who was there before the agent is not in the events."""
        others: bool | None = yield CheckForOthers(self._session.id)
        self._alone_since = self._clock()
        return not others


def _session_info(data: dict[str, Any]) -> SessionInfo:
    session = data.get("session")
    found = session if isinstance(session, dict) else {}
    return SessionInfo(*(value if isinstance(value := found.get(name), str) else None for name in SessionInfo._fields))
