"""A receiver on this machine for the webhooks of an emulator: shows what comes, and forwards it."""

from __future__ import annotations

import itertools
import json
import re
import secrets
import signal
import threading
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.error import HTTPError

import click

from realtimekit.cli.output import clean, note
from realtimekit.errors import NotFoundError
from realtimekit.webhooks.errors import WebhookError
from realtimekit.webhooks.events import session_id_of
from realtimekit.webhooks.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from realtimekit import RealtimeKit

LARGEST = 1024 * 1024  # bytes of a body
TIMEOUT = 8  # seconds for the other end; the emulator itself waits for 10
NOTHING_ANSWERS = 502
FORWARDED = ("content-type", "rtk-signature", "rtk-uuid", "rtk-webhook-id")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """RealtimeKit takes a redirect for a failure."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())


def forward(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str | None]:
    """Send a delivery on as it came. Returns the status of the answer, and what went wrong where nothing answered."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - http(s), checked by the command
    try:
        with _OPENER.open(request, timeout=TIMEOUT) as answer:
            return answer.status, None
    except HTTPError as error:
        with error:
            return error.code, None
    except (OSError, HTTPException, ValueError) as error:
        return NOTHING_ANSWERS, str(getattr(error, "reason", error)) or type(error).__name__


class Kept:
    """A folder of deliveries: `0001-meeting.ended.json`, the body as it came, and `0001-meeting.ended.headers`.

    `realtimekit webhooks verify` reads the two, and so does curl, which can send them again.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # bodies hold links, and keys of livestreams
        numbers = (re.match(r"[0-9]{4,9}(?=-)", path.name) for path in self._folder.iterdir())
        self._numbers = itertools.count(max((int(found[0]) for found in numbers if found), default=0) + 1)

    def add(self, event: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Keep one. Returns the path of its body."""
        word = event if re.fullmatch(r"[A-Za-z][A-Za-z.]{0,60}", event) else "unknown"
        while True:
            path = self._folder / f"{next(self._numbers):04}-{word}.json"
            with suppress(FileExistsError), path.open("xb") as file:  # of another listener
                file.write(body)
                break
        lines = "".join(f"{name}: {' '.join(value.split())}\n" for name, value in headers.items())
        path.with_suffix(".headers").write_text(lines, encoding="latin-1", errors="replace", newline="\n")
        return str(path)


class Listener(ThreadingHTTPServer):
    """Listens on a free port of this machine, at a path that no web page can guess.

    Args:
        receiver: verifies.
        forward_to: where each delivery goes on to; None answers it here.
        kept: where each delivery is kept; None forgets it.
        tell: is given what became of each, from several threads.
    """

    daemon_threads = True

    def __init__(
        self, receiver: Receiver, forward_to: str | None, kept: Kept | None, tell: Callable[[dict[str, Any]], None]
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.path: str = f"/{secrets.token_urlsafe(16)}"
        self.url: str = f"http://127.0.0.1:{self.server_port}{self.path}"
        self._receiver, self._forward_to, self._kept, self._tell = receiver, forward_to, kept, tell

    def take(self, body: bytes, headers: Mapping[str, str]) -> int:
        """One delivery. Returns the status to answer with."""
        given = {name.lower(): value for name, value in headers.items()}
        told: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
        try:
            event = self._receiver.verify(body, given)
        except WebhookError as error:
            told |= {"event": _named(body), "session_id": None, "verified": False, "problem": str(error)}
            status = error.status
        else:
            told |= {"event": event.type, "session_id": session_id_of(event), "verified": True, "problem": None}
            status = 200
        told["delivery_id"] = given.get("rtk-uuid")
        sent = {name: given[name] for name in FORWARDED if name in given}
        if self._kept:
            try:
                told["saved"] = self._kept.add(str(told["event"]), body, sent)
            except OSError as error:
                told["saved"] = None
                note(f"Not saved: {error.strerror or error}")
        if self._forward_to:
            status, told["error"] = forward(self._forward_to, body, sent)
        self._tell({**told, "status": status})
        return status


def _named(body: bytes) -> str:
    """What a body that does not verify says it is."""
    with suppress(ValueError, RecursionError):
        found = json.loads(body)
        if isinstance(found, dict) and isinstance(found.get("event"), str):
            return str(found["event"])
    return "?"


class _Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds for a body that does not come

    def do_POST(self) -> None:
        listener = cast("Listener", self.server)
        length = self.headers.get("content-length", "")
        if self.path != listener.path:
            status = 404
        elif not length.isascii() or not length.isdigit():
            status = 411
        elif int(length) > LARGEST:
            status = 413
        else:
            status = listener.take(self.rfile.read(int(length)), dict(self.headers.items()))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - its name in the standard library
        """What comes is shown as events are."""


def listen(
    client: RealtimeKit,
    emulator: str,
    forward_to: str | None,
    events: Sequence[str],
    folder: str | None = None,
    *,
    as_json: bool,
) -> None:
    """Register a receiver, and show what it is sent until SIGINT or SIGTERM; then unregister it.

    Args:
        client: of the emulator.
        emulator: its origin, where its public key is.
        forward_to: where deliveries go on to.
        events: which; none means all.
        folder: where deliveries are kept, for `webhooks verify`; None keeps none.
        as_json: whether each is a line of JSON.
    """
    stop, turn = threading.Event(), threading.Lock()
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, lambda *_: stop.set())

    def tell(told: dict[str, Any]) -> None:
        with turn:
            try:
                click.echo(json.dumps(told) if as_json else _line(told, forward_to))
            except OSError:  # nobody reads any more
                stop.set()

    receiver = Receiver(key_url=f"{emulator}/.well-known/webhooks.json", app_id=client.settings.app_id, client=client)
    names = list(events) or client.webhooks.events()
    kept = Kept(folder) if folder else None
    with Listener(receiver, forward_to, kept, tell) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            webhook = client.webhooks.create(name="realtimekit webhooks listen", url=listener.url, events=names)
            try:
                goal = f", forwarding to {forward_to}" if forward_to else ""
                place = f", saving to {folder}" if folder else ""
                note(f"Listening for {len(names)} kinds of events{goal}{place}. Ctrl-C stops it.")
                stop.wait()
            finally:
                with suppress(NotFoundError):  # the emulator was reset meanwhile
                    webhook.destroy()
        finally:
            listener.shutdown()
            thread.join()


def _line(told: Mapping[str, Any], forward_to: str | None) -> str:
    verdict = "verified" if told["verified"] else f"NOT verified: {told['problem']}"
    parts = [told["at"][11:19], f"{told['event']:<28}", told["session_id"] or "-", verdict]
    if forward_to:
        parts.append(f"-> {told['status']}" + (f" (nothing answers: {told['error']})" if told["error"] else ""))
    return clean("  ".join(parts).replace("\n", " ")).plain
