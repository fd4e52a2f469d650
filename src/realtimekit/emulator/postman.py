"""Webhooks on their way: signed, sent from threads, and tried again by the emulator's clock.

https://developers.cloudflare.com/realtime/realtimekit/webhooks: any 2xx is delivered; 5xx and network errors are tried
again; 3xx and 4xx are failures for good. How often, when and in which order is not documented; what stands here is
chosen.
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

from realtimekit.emulator.clock import iso, moment
from realtimekit.emulator.keys import Key
from realtimekit.emulator.wire import Refusal, not_found, ok

if TYPE_CHECKING:
    from collections.abc import Mapping

    from realtimekit.emulator.emulator import Emulator
    from realtimekit.emulator.store import Row
    from realtimekit.emulator.wire import Answer

WELL_KNOWN = "/.well-known/webhooks.json"
BACKOFF = (10, 60, 300, 1800, 7200)  # seconds of the emulator's clock before each further attempt
TIMEOUT = 10  # seconds for an answer
THREADS = 4  # several at once, so that one slow receiver does not hold up the others; hence in no certain order
LARGEST_ANSWER = 64 * 1024  # bytes of a receiver's answer that are read


# Straight to the receiver: through no proxy, after no redirect, and with any status as an answer like any other.
_OPENER = urllib.request.OpenerDirector()
_OPENER.add_handler(urllib.request.HTTPHandler())
_OPENER.add_handler(urllib.request.HTTPSHandler())


class Postman:
    def __init__(self, emulator: Emulator, *, anywhere: bool) -> None:
        self._emulator = emulator
        self._anywhere = anywhere
        self._key = Key(emulator.store, "webhook_key")
        self._woken = threading.Condition()
        self._changes = 0
        self._closed = threading.Event()
        self._out: set[str] = set()  # being sent now
        self._threads: list[threading.Thread] = []

    def public_key(self) -> Answer:
        """What the platform publishes at its well-known path."""
        with self._emulator.lock:
            return {**ok({"publicKey": self._key.public_pem()}), "message": ""}

    # --- writing -------------------------------------------------------------------------------------------------

    def tell(self, app_id: str, event: str, payload: Mapping[str, Any], at: str) -> None:
        """Something happened: it goes to each webhook of the app that asked for it."""
        sql = "select * from webhooks where app_id = ? and enabled order by number"
        for webhook in self._emulator.store.rows(sql, app_id):
            if event in json.loads(webhook["events"]):
                self.post(webhook["id"], webhook["url"], event, payload, at)

    def post(self, webhook_id: str, url: str, event: str, payload: Mapping[str, Any], at: str) -> str:
        """Put one delivery on its way. Returns its id."""
        delivery = {
            "id": self._emulator.new_id(),
            "webhook_id": webhook_id,
            "event": event,
            "url": url,
            "body": json.dumps({"event": event, **payload}, ensure_ascii=False),
            "state": "pending",
            "due_at": at,
            "attempts": "[]",
            "created_at": at,
        }
        self._emulator.store.insert("deliveries", delivery)
        self.wake()
        return str(delivery["id"])

    def again(self, delivery_id: str, at: str) -> None:
        """Deliver once more what was delivered, or failed, before.

        Raises:
            Refusal: 404, there is none with this id.
        """
        if self._emulator.store.row("select 1 from deliveries where id = ?", delivery_id) is None:
            raise not_found()
        self._emulator.store.update("deliveries", delivery_id, {"state": "pending", "due_at": at})
        self.wake()

    def listed(self) -> list[dict[str, Any]]:
        rows = self._emulator.store.rows("select * from deliveries order by number")
        return [shown(row) for row in rows]

    # --- sending -------------------------------------------------------------------------------------------------

    def wake(self) -> None:
        """Look again at what is due: something was added, or the clock was moved."""
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
        """Wait until nothing that is due is left to be sent. Returns whether that came about in so many seconds."""
        give_up = time.monotonic() + timeout
        while time.monotonic() < give_up:
            with self._emulator.lock:
                if not self._out and self._next() is None:
                    return True
            time.sleep(0.005)
        return False

    def _next(self) -> Row | None:
        # As many as can be out, and one: there may be thousands.
        sql = "select * from deliveries where state = 'pending' and due_at <= ? order by due_at, number limit ?"
        rows = self._emulator.store.rows(sql, self._emulator.now(), THREADS + 1)
        return next((row for row in rows if row["id"] not in self._out), None)

    def _work(self) -> None:
        while not self._closed.is_set():
            seen = self._changes
            with self._emulator.lock:
                if self._closed.is_set():
                    return
                delivery = self._next()
                if delivery is not None:
                    self._out.add(delivery["id"])
                wait = self._until_next()
            if delivery is not None:
                self._attempt(delivery)
                continue
            with self._woken:
                if seen == self._changes and not self._closed.is_set():
                    self._woken.wait(wait)

    def _until_next(self) -> float | None:
        """Seconds until something is due; None where nothing will be."""
        row = self._emulator.store.row("select min(due_at) as at from deliveries where state = 'pending'")
        if row is None or row["at"] is None:
            return None
        return max((moment(row["at"]) - self._emulator.clock.now()).total_seconds(), 0.0) + 0.01

    def _attempt(self, delivery: Row) -> None:
        try:
            result = self._send(delivery)
        except (OSError, ValueError, HTTPException) as error:  # the last two: of an answer that is none
            result = {"error": str(error) or type(error).__name__}
        except Refusal as refusal:
            result = {"error": str(refusal), "final": True}
        with self._emulator.lock:
            self._out.discard(delivery["id"])
            if self._closed.is_set():
                return
            now = self._emulator.now()
            with self._emulator.store.transaction():
                self._record(delivery, result, now)

    def _record(self, delivery: Row, result: dict[str, Any], now: str) -> None:
        final = result.pop("final", False)
        attempts = [*json.loads(delivery["attempts"]), {"at": now, **result}]
        changes: Row = {"attempts": json.dumps(attempts)}
        status = result.get("status", 500)
        tries = len(attempts) - 1
        row = self._emulator.store.row("select due_at from deliveries where id = ?", delivery["id"])
        if row is not None and row["due_at"] != delivery["due_at"]:
            pass  # meanwhile it was told to go out again, which it still is to do
        elif 200 <= status < 300:
            changes["state"] = "delivered"
        elif status < 500 or final or tries >= len(BACKOFF):
            changes["state"] = "failed"
        else:
            changes["due_at"] = iso(moment(now) + timedelta(seconds=BACKOFF[tries]))
        self._emulator.store.update("deliveries", delivery["id"], changes)

    def _send(self, delivery: Row) -> dict[str, Any]:
        """One attempt: `{"status": ...}`.

        Raises:
            Refusal: the emulator does not send there.
            OSError: nothing answered.
        """
        _refuse_odd(delivery["url"], anywhere=self._anywhere)
        body = delivery["body"].encode()
        with self._emulator.lock:
            if self._closed.is_set():
                raise Refusal(503, "the emulator is closed")
            signature = base64.b64encode(self._key.sign(body)).decode()
        headers = {
            "content-type": "application/json",
            "rtk-signature": signature,
            "rtk-uuid": delivery["id"],
            "rtk-webhook-id": delivery["webhook_id"],
        }
        request = urllib.request.Request(delivery["url"], body, headers, method="POST")  # noqa: S310 - checked above
        with _OPENER.open(request, timeout=TIMEOUT) as answer:
            answer.read(LARGEST_ANSWER)
            return {"status": answer.status}


def shown(delivery: Row) -> dict[str, Any]:
    """A delivery as the control plane lists it. Its body holds what the webhook was told, links included."""
    attempts = json.loads(delivery["attempts"])
    names = ("id", "webhook_id", "event", "url", "state", "due_at", "created_at")
    return {**{name: delivery[name] for name in names}, "attempts": attempts, "body": json.loads(delivery["body"])}


def _refuse_odd(url: str, *, anywhere: bool) -> None:
    try:
        scheme, host = urlsplit(url).scheme, urlsplit(url).hostname
    except ValueError:
        scheme, host = "", None
    if scheme not in {"http", "https"} or not host:
        raise Refusal(400, f"{url} is not an http or https URL")
    if anywhere:
        return
    addresses = {str(found[4][0]).partition("%")[0] for found in socket.getaddrinfo(host, None)}
    if not all(ipaddress.ip_address(address).is_loopback for address in addresses):
        raise Refusal(403, f"{host} is not this machine: the emulator delivers elsewhere only when it is told to")
