"""Webhook deliveries: signed, sent from threads, and retried by the emulator's clock.

https://developers.cloudflare.com/realtime/realtimekit/webhooks: any 2xx is a delivery; 5xx and network errors are
retried; 3xx and 4xx are final failures. How often, when and in which order is not documented: the choices below are the
emulator's own.
"""

from __future__ import annotations

import base64
import ipaddress
import json
import socket
import threading
import time
import urllib.request
from datetime import timedelta
from http.client import HTTPException
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from realtimekit.emulator.clock import format_time, parse_time
from realtimekit.emulator.http import HTTPError, not_found, ok
from realtimekit.emulator.services.keys import Key

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.http import JSON
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.world import World

WELL_KNOWN = "/.well-known/webhooks.json"
BACKOFF = (10, 60, 300, 1800, 7200)  # seconds of the emulator's clock before each further attempt
TIMEOUT = 10  # seconds for a response
THREADS = 4  # so that one slow receiver does not delay the others; the order is therefore not fixed
MAX_RESPONSE_BYTES = 64 * 1024  # of a receiver's response that are read


# Directly to the receiver: no proxy, no redirects, and no exception for any status.
_OPENER = urllib.request.OpenerDirector()
_OPENER.add_handler(urllib.request.HTTPHandler())
_OPENER.add_handler(urllib.request.HTTPSHandler())


class WebhookDispatcher:
    """Queues deliveries in the store, and sends those that are due.

    Args:
        anywhere: whether to send to other machines than this one.
    """

    def __init__(self, world: World, *, anywhere: bool) -> None:
        self._world = world
        self._store = world.store
        self._anywhere = anywhere
        self._key = Key(world.store, "webhook_key")
        self._woken = threading.Condition()
        self._changes = 0
        self._closed = threading.Event()
        self._in_flight: set[str] = set()  # ids of deliveries
        self._threads: list[threading.Thread] = []

    def public_key(self) -> JSON:
        """Return the body that the platform publishes at its well-known path."""
        with self._world.lock:
            return {**ok({"publicKey": self._key.public_pem()}), "message": ""}

    def sign(self, body: bytes, delivery_id: str, webhook_id: str) -> dict[str, str]:
        """Return the headers of a delivery. The signature covers the body alone."""
        with self._world.lock:
            signature = base64.b64encode(self._key.sign(body)).decode()
        return {
            "content-type": "application/json",
            "rtk-signature": signature,
            "rtk-uuid": delivery_id,
            "rtk-webhook-id": webhook_id,
        }

    # --- queueing ----------------------------------------------------------------------------------------------------

    def publish(self, app_id: str, event: str, payload: Mapping[str, Any], at: str) -> None:
        """Queue a delivery to each enabled webhook of the app that is subscribed to the event."""
        sql = "select * from webhooks where app_id = ? and enabled order by number"
        for webhook in self._store.rows(sql, app_id):
            if event in json.loads(webhook["events"]):
                self.enqueue(webhook["id"], webhook["url"], event, payload, at)

    def enqueue(self, webhook_id: str, url: str, event: str, payload: Mapping[str, Any], at: str) -> str:
        """Queue one delivery. Returns its id."""
        delivery = {
            "id": self._world.new_id(),
            "webhook_id": webhook_id,
            "event": event,
            "url": url,
            "body": encode_event({"event": event, **payload}),
            "state": "pending",
            "due_at": at,
            "attempts": "[]",
            "created_at": at,
        }
        self._store.insert("deliveries", delivery)
        self.wake()
        return str(delivery["id"])

    def redeliver(self, delivery_id: str, at: str) -> None:
        """Send a delivery once more, whether it was delivered or failed before.

        Raises:
            HTTPError: 404, there is no delivery with this id.
        """
        if self._store.row("select 1 from deliveries where id = ?", delivery_id) is None:
            raise not_found()
        self._store.update("deliveries", delivery_id, {"state": "pending", "due_at": at})
        self.wake()

    def deliveries(self) -> list[dict[str, Any]]:
        rows = self._store.rows("select * from deliveries order by number")
        return [_serialize(row) for row in rows]

    # --- sending -----------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Have the threads look again at what is due: a delivery was queued, or the clock was advanced."""
        with self._woken:
            for number in range(len(self._threads), THREADS):
                thread = threading.Thread(target=self._work, name=f"webhooks-{number}", daemon=True)
                self._threads.append(thread)
                thread.start()
            self._changes += 1
            self._woken.notify_all()

    def close(self) -> None:
        self._closed.set()
        with self._woken:
            self._woken.notify_all()

    def wait(self, timeout: float) -> bool:
        """Wait until every delivery that is due has been sent. Returns False after this many seconds."""
        deadline = time.monotonic() + timeout
        while time.monotonic() < deadline:
            with self._world.lock:
                if not self._in_flight and self._next() is None:
                    return True
            time.sleep(0.005)
        return False

    def _next(self) -> Row | None:
        # One more than can be in flight at once: there may be thousands.
        sql = "select * from deliveries where state = 'pending' and due_at <= ? order by due_at, number limit ?"
        rows = self._store.rows(sql, self._world.now(), THREADS + 1)
        return next((row for row in rows if row["id"] not in self._in_flight), None)

    def _work(self) -> None:
        while not self._closed.is_set():
            changes = self._changes
            with self._world.lock:
                if self._closed.is_set():
                    return
                delivery = self._next()
                if delivery is not None:
                    self._in_flight.add(delivery["id"])
                wait = self._until_next()
            if delivery is not None:
                self._attempt(delivery)
                continue
            with self._woken:
                if changes == self._changes and not self._closed.is_set():
                    self._woken.wait(wait)

    def _until_next(self) -> float | None:
        """Return the seconds until a delivery is due, or None if none will be."""
        row = self._store.row("select min(due_at) as at from deliveries where state = 'pending'")
        if row is None or row["at"] is None:
            return None
        return max((parse_time(row["at"]) - self._world.clock.now()).total_seconds(), 0.0) + 0.01

    def _attempt(self, delivery: Row) -> None:
        try:
            result = self._send(delivery)
        except (OSError, ValueError, HTTPException) as error:  # the last two where the response is not HTTP
            result = {"error": str(error) or type(error).__name__}
        except HTTPError as error:
            result = {"error": str(error), "final": True}
        with self._world.lock:
            self._in_flight.discard(delivery["id"])
            if self._closed.is_set():
                return
            now = self._world.now()
            with self._store.transaction():
                self._record(delivery, result, now)

    def _record(self, delivery: Row, result: dict[str, Any], now: str) -> None:
        final = result.pop("final", False)
        attempts = [*json.loads(delivery["attempts"]), {"at": now, **result}]
        changes: Row = {"attempts": json.dumps(attempts)}
        status = result.get("status", 500)
        tries = len(attempts) - 1
        row = self._store.row("select due_at from deliveries where id = ?", delivery["id"])
        if row is not None and row["due_at"] != delivery["due_at"]:
            pass  # it was redelivered meanwhile, and is still to be sent for that
        elif 200 <= status < 300:
            changes["state"] = "delivered"
        elif status < 500 or final or tries >= len(BACKOFF):
            changes["state"] = "failed"
        else:
            changes["due_at"] = format_time(parse_time(now) + timedelta(seconds=BACKOFF[tries]))
        self._store.update("deliveries", delivery["id"], changes)

    def _send(self, delivery: Row) -> dict[str, Any]:
        """Make one attempt. Returns `{"status": ...}`.

        Raises:
            HTTPError: the emulator does not send to this URL.
            OSError: there was no response.
        """
        _check_url(delivery["url"], anywhere=self._anywhere)
        body = delivery["body"].encode()
        with self._world.lock:
            if self._closed.is_set():
                raise HTTPError(503, "the emulator is closed")
            headers = self.sign(body, delivery["id"], delivery["webhook_id"])
        request = urllib.request.Request(delivery["url"], body, headers, method="POST")  # noqa: S310 - checked above
        with _OPENER.open(request, timeout=TIMEOUT) as response:
            response.read(MAX_RESPONSE_BYTES)
            return {"status": response.status}


def encode_event(event: Mapping[str, Any]) -> str:
    """Return the body of a delivery."""
    return json.dumps(event, ensure_ascii=False)


def _serialize(delivery: Row) -> dict[str, Any]:
    """Return a delivery as the control plane lists it, with the decoded body."""
    attempts = json.loads(delivery["attempts"])
    names = ("id", "webhook_id", "event", "url", "state", "due_at", "created_at")
    return {**{name: delivery[name] for name in names}, "attempts": attempts, "body": json.loads(delivery["body"])}


def _check_url(url: str, *, anywhere: bool) -> None:
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
    except ValueError:
        scheme, host = "", None
    if scheme not in {"http", "https"} or not host:
        raise HTTPError(400, f"{url} is not an http or https URL")
    if anywhere:
        return
    addresses = {str(found[4][0]).partition("%")[0] for found in socket.getaddrinfo(host, None)}
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        cure = "deliver_anywhere=True (--deliver-anywhere) delivers elsewhere, too"
        raise HTTPError(403, f"{host} is not this machine: {cure}")
