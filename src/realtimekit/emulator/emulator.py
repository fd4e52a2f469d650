"""`Emulator`: all of it behind one object, as Python methods and over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple, Self, Unpack

from realtimekit.emulator import control
from realtimekit.emulator.dispatch import Dispatcher
from realtimekit.emulator.extras import missing_extra
from realtimekit.emulator.services import Services
from realtimekit.emulator.world import World

if TYPE_CHECKING:
    import os
    from collections import deque
    from collections.abc import Iterable

    from realtimekit.emulator.faults import Fault
    from realtimekit.emulator.http import JSON, Request, Response
    from realtimekit.emulator.routes import Handler
    from realtimekit.emulator.server import Server


class Peer(NamedTuple):
    """One stay of a participant in a session, from joining to leaving."""

    session_id: str
    peer_id: str


class Emulator:
    """A local RealtimeKit, with no account and no network.

    `serve()` starts a real HTTP server; `realtimekit.transports.emulator` is a transport in this process. The methods
    simulate people and advance the clock; over HTTP they are the control plane (`POST /_emulator/...`).

    Args:
        db: a SQLite file to keep everything in; without one it is kept in memory.
        account_id, app_id, api_token: what the API is to be called with; generated where not given. A file keeps its
            own.
        deliver_anywhere: whether webhooks may be sent to other machines than this one.

    Attributes:
        world, services: its parts, for tests of the emulator itself.
        next_ids: ids to use before generated ones, for reproducible examples.

    Raises:
        ValueError: the file is not the emulator's, is in use, or has credentials other than those given.

    A method raises `HTTPError` where its request would be refused: for an unknown id, or a peer that has left.
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
        self.world: World = World(db, account_id=account_id, app_id=app_id, api_token=api_token)
        self.account_id: str = self.world.credentials.account_id
        self.app_id: str = self.world.credentials.app_id
        self.api_token: str = self.world.credentials.api_token
        self.next_ids: deque[str] = self.world.next_ids
        self.services: Services = Services(self.world, deliver_anywhere=deliver_anywhere)
        self._dispatcher = Dispatcher(self.world, self.services)

    def close(self) -> None:
        with self.world.lock:
            self.services.webhooks.close()
            self.world.store.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Emulator account_id={self.account_id!r} app_id={self.app_id!r}>"

    # --- requests ----------------------------------------------------------------------------------------------------

    def handle(self, request: Request) -> Response:
        """Answer one request. Requests are handled one at a time, from any thread."""
        return self._dispatcher.handle(request)

    def serve(self, host: str = "127.0.0.1", port: int = 0) -> Server:
        """Serve over HTTP from a thread of this process, until the returned server's `close()` or `with` block ends.

        Args:
            host: the address to bind to. Anything but loopback opens the emulator to the network.
            port: 0 takes a free one.
        """
        try:
            from realtimekit.emulator.server import Server  # uvicorn, only where it is used
        except ImportError as error:
            raise missing_extra(error) from None
        server = Server(self.handle, host, port)
        self.world.origin = server.origin
        return server

    def requests(self) -> list[dict[str, Any]]:
        """Return the requests to the API so far, oldest first: at, method, path, query, status, milliseconds.

        The status is that of the response, whether it arrived or not; None where a fault left no response.
        """
        return list(self._call(control.requests)["requests"])

    def _call(self, handler: Handler, path_params: dict[str, str] | None = None, **body: Any) -> JSON:
        return self._dispatcher.call(handler, path_params or {}, body)

    # --- what people do ----------------------------------------------------------------------------------------------

    def join(self, meeting_id: str, participant_id: str) -> Peer:
        """Let a participant join; the first one opens the session."""
        return Peer(**self._call(control.join, {"meeting_id": meeting_id}, participant_id=participant_id))

    def enter(self, token: str) -> Peer:
        """Let a participant join with their token, as a browser does. Raises `HTTPError` where it is not valid."""
        return Peer(**self._call(control.enter, token=token))

    def leave(self, meeting_id: str, peer_id: str) -> None:
        """Let a peer leave the live session of a meeting."""
        self._call(control.leave, {"meeting_id": meeting_id}, peer_id=peer_id)

    def chat(self, session_id: str, peer_id: str, text: str) -> str:
        """Let a peer write in the chat. Returns the id of the message."""
        return str(self._call(control.chat, {"session_id": session_id}, peer_id=peer_id, text=text)["message_id"])

    def speech(self, session_id: str, peer_id: str, text: str, start_ms: int, end_ms: int) -> None:
        """Let a peer speak between two times, in milliseconds after the start of the session."""
        path_params = {"session_id": session_id}
        self._call(control.speech, path_params, peer_id=peer_id, text=text, start_ms=start_ms, end_ms=end_ms)

    def end(self, meeting_id: str) -> str:
        """End the live session of a meeting; its files are written. Returns the id of the session."""
        return str(self._call(control.end, {"meeting_id": meeting_id})["session_id"])

    # --- the emulator ------------------------------------------------------------------------------------------------

    def now(self) -> str:
        """Return the emulator's time, as the API writes it."""
        return self.world.now()

    def advance(self, seconds: float) -> str:
        """Advance the clock, and let happen what is due by then. Returns the new time."""
        return str(self._call(control.advance, advance_seconds=seconds)["now"])

    def reset(self) -> None:
        """Delete everything: back to one empty app, with the same credentials, and to real time."""
        self._call(control.reset)

    # --- faults ------------------------------------------------------------------------------------------------------

    def add_fault(self, **rule: Unpack[Fault]) -> None:
        """From now on let requests go wrong, as the rule says: see `faults.Fault`."""
        self.add_faults([rule])

    def add_faults(self, faults: Iterable[Fault]) -> None:
        """Add several rules. Of those that apply to a request, only the first does."""
        self._call(control.add_faults, faults=list(faults))

    def faults(self) -> list[dict[str, Any]]:
        """Return the rules in force, each with how many requests it `matched` and how many it was `applied` to."""
        return list(self._call(control.faults)["faults"])

    def clear_faults(self) -> None:
        """Remove all rules."""
        self._call(control.clear_faults)

    # --- webhook deliveries ------------------------------------------------------------------------------------------

    def webhook_deliveries(self) -> list[dict[str, Any]]:
        """Return the deliveries to webhooks, sent or queued, oldest first.

        Each: id, webhook_id, event, url, state ("pending", "delivered", "failed"), due_at, attempts (each with at, and
        status or error), created_at, and the decoded body.
        """
        return list(self._call(control.webhook_deliveries)["deliveries"])

    def redeliver(self, delivery_id: str) -> None:
        """Deliver once more, with the same id and body, now."""
        self._call(control.redeliver, {"delivery_id": delivery_id})

    def trigger(self, event: str, url: str) -> str:
        """Send one signed sample of an event to a URL, about the newest meeting of the app that had one.

        Returns the id of the delivery.
        """
        return str(self._call(control.trigger, event=event, url=url)["delivery_id"])

    def wait_for_deliveries(self, timeout: float = 10.0) -> bool:
        """Wait until every delivery that is due has been sent. Returns False after this many seconds."""
        return self.services.webhooks.wait(timeout)
