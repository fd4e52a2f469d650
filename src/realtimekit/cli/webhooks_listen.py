"""`realtimekit webhooks listen`: a local receiver for the webhooks of an emulator, which shows and forwards them."""

from __future__ import annotations

import itertools
import json
import re
import secrets
import threading
import urllib.request
from contextlib import suppress
from datetime import UTC, datetime
from http.client import HTTPException
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast
from urllib.error import HTTPError

from realtimekit.cli.console import echo
from realtimekit.cli.shutdown import OUTPUT_TIMEOUT, Shutdown, exit_without_output
from realtimekit.errors import NotFoundError
from realtimekit.files import create_file
from realtimekit.readable import pluralize
from realtimekit.webhooks.errors import WebhookError
from realtimekit.webhooks.events import session_id_of
from realtimekit.webhooks.receiver import Receiver

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from realtimekit import RealtimeKit

MAX_BODY_BYTES = 1024 * 1024
FORWARD_TIMEOUT = 8  # seconds; the emulator itself waits for 10
BAD_GATEWAY = 502
FORWARDED_HEADERS = ("content-type", "rtk-signature", "rtk-uuid", "rtk-webhook-id")


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Follows no redirects: RealtimeKit treats a redirect as a failure."""

    def redirect_request(self, *_: Any, **__: Any) -> None:
        return None


_OPENER = urllib.request.build_opener(urllib.request.ProxyHandler({}), _NoRedirects())


def forward_delivery(url: str, body: bytes, headers: Mapping[str, str]) -> tuple[int, str | None]:
    """Forward a delivery unchanged, and return the status and, if there was no response, what went wrong."""
    request = urllib.request.Request(url, body, dict(headers), method="POST")  # noqa: S310 - http(s), checked by the command
    try:
        with _OPENER.open(request, timeout=FORWARD_TIMEOUT) as response:
            return response.status, None
    except HTTPError as error:
        with error:
            return error.code, None
    except (OSError, HTTPException, ValueError) as error:
        return BAD_GATEWAY, str(getattr(error, "reason", error)) or type(error).__name__


class DeliveryFolder:
    """A folder with deliveries: `0001-meeting.ended.json` is the body, `0001-meeting.ended.headers` the headers.

    `realtimekit webhooks verify` reads them, and curl can send them again.
    """

    def __init__(self, folder: str) -> None:
        self._folder = Path(folder)
        self._folder.mkdir(mode=0o700, parents=True, exist_ok=True)  # bodies contain links and stream keys
        matches = (re.match(r"[0-9]{4,9}(?=-)", path.name) for path in self._folder.iterdir())
        self._numbers = itertools.count(max((int(match[0]) for match in matches if match), default=0) + 1)

    def add(self, event: str, body: bytes, headers: Mapping[str, str]) -> str:
        """Save a delivery, and return the path of its body."""
        name = event if re.fullmatch(r"[A-Za-z][A-Za-z.]{0,60}", event) else "unknown"
        lines = "".join(f"{header}: {' '.join(value.split())}\n" for header, value in headers.items())
        while True:
            path = self._folder / f"{next(self._numbers):04}-{name}.json"
            with suppress(FileExistsError):  # written by another listener
                create_file(path.with_suffix(".headers"), lines.encode("latin-1", "replace"))
                try:
                    create_file(path, body)  # last: a body has its headers
                except OSError:
                    path.with_suffix(".headers").unlink()
                    raise
                return str(path)


class WebhookListener(ThreadingHTTPServer):
    """Listens on a free port of this machine, at a path that no web page can guess.

    Args:
        receiver: verifies the deliveries.
        forward_to: the URL to which deliveries are forwarded; None responds to them here.
        folder: where deliveries are saved; None saves none.
        report: called with the outcome of each delivery, from several threads.
    """

    daemon_threads = True

    def __init__(
        self,
        receiver: Receiver,
        forward_to: str | None,
        folder: DeliveryFolder | None,
        report: Callable[[dict[str, Any]], None],
    ) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.path: str = f"/{secrets.token_urlsafe(16)}"
        self.url: str = f"http://127.0.0.1:{self.server_port}{self.path}"
        self._receiver, self._forward_to, self._folder, self._report = receiver, forward_to, folder, report

    def receive(self, body: bytes, headers: Mapping[str, str]) -> int:
        """Handle one delivery, and return the status to respond with."""
        lower = {name.lower(): value for name, value in headers.items()}
        outcome: dict[str, Any] = {"at": datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")}
        try:
            event = self._receiver.verify(body, lower)
        except WebhookError as error:
            outcome |= {"event": _claimed_event(body), "session_id": None, "verified": False, "problem": str(error)}
            status = error.status
        else:
            outcome |= {"event": event.type, "session_id": session_id_of(event), "verified": True, "problem": None}
            status = 200
        outcome["delivery_id"] = lower.get("rtk-uuid")
        forwarded = {name: lower[name] for name in FORWARDED_HEADERS if name in lower}
        if self._folder:
            try:
                outcome["saved"] = self._folder.add(str(outcome["event"]), body, forwarded)
            except OSError as error:
                outcome["saved"] = None
                echo(f"Not saved: {error.strerror or error}", err=True)
        if self._forward_to:
            status, outcome["error"] = forward_delivery(self._forward_to, body, forwarded)
        self._report({**outcome, "status": status})
        return status


def _claimed_event(body: bytes) -> str:
    """Return the event that a body claims to be, if it does not verify."""
    with suppress(ValueError, RecursionError):
        document = json.loads(body)
        if isinstance(document, dict) and isinstance(document.get("event"), str):
            return str(document["event"])
    return "?"


class _Handler(BaseHTTPRequestHandler):
    timeout = 10  # seconds to wait for a body

    def do_POST(self) -> None:
        listener = cast("WebhookListener", self.server)
        length = self.headers.get("content-length", "")
        if self.path != listener.path:
            status = 404
        elif not length.isascii() or not length.isdigit():
            status = 411
        elif int(length) > MAX_BODY_BYTES:
            status = 413
        else:
            status = listener.receive(self.rfile.read(int(length)), dict(self.headers.items()))
        self.send_response(status)
        self.send_header("content-length", "0")
        self.end_headers()

    def log_message(self, format: str, *args: object) -> None:
        """Log nothing: deliveries are shown as events."""


def listen(
    client: RealtimeKit,
    emulator: str,
    forward_to: str | None,
    events: Sequence[str],
    folder: str | None = None,
    *,
    as_json: bool,
) -> None:
    """Register a receiver as a webhook, show its deliveries until SIGINT or SIGTERM, and unregister it.

    Args:
        client: a client of the emulator.
        emulator: the origin of the emulator, where its public key is.
        forward_to: the URL to which deliveries are forwarded; None forwards none.
        events: the names of the events; if empty, all.
        folder: where deliveries are saved for `webhooks verify`; None saves none.
        as_json: whether to print a line of JSON for each delivery.
    """
    shutdown, lock = Shutdown(), threading.Lock()

    def report(outcome: dict[str, Any]) -> None:
        with lock:
            try:
                echo(json.dumps(outcome) if as_json else _format_line(outcome, forward_to))
            except OSError:  # the reader of the pipe is gone
                shutdown.request()

    receiver = Receiver(key_url=f"{emulator}/.well-known/webhooks.json", app_id=client.settings.app_id, client=client)
    names = list(events) or client.webhooks.events()
    deliveries = DeliveryFolder(folder) if folder else None
    with shutdown, WebhookListener(receiver, forward_to, deliveries, report) as listener:
        thread = threading.Thread(target=listener.serve_forever, kwargs={"poll_interval": 0.05}, daemon=True)
        thread.start()
        try:
            webhook = client.webhooks.create(name="realtimekit webhooks listen", url=listener.url, events=names)
            try:
                forwarding = f", forwarding to {forward_to}" if forward_to else ""
                saving = f", saving to {folder}" if folder else ""
                kinds = pluralize(len(names), "kind")
                echo(f"Listening for {kinds} of events{forwarding}{saving}. Press Ctrl-C to stop.", err=True)
                shutdown.wait()
            finally:
                with suppress(NotFoundError):  # the emulator was reset in the meantime
                    webhook.destroy()
        finally:
            listener.shutdown()
            thread.join()
    if not lock.acquire(timeout=OUTPUT_TIMEOUT):
        exit_without_output()


def _format_line(outcome: Mapping[str, Any], forward_to: str | None) -> str:
    verdict = "verified" if outcome["verified"] else f"NOT verified: {outcome['problem']}"
    parts = [outcome["at"][11:19], f"{outcome['event']:<28}", outcome["session_id"] or "-", verdict]
    if forward_to:
        parts.append(f"-> {outcome['status']}" + (f" (no response: {outcome['error']})" if outcome["error"] else ""))
    return "  ".join(parts).replace("\n", " ")
