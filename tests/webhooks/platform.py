"""The sender: the emulator, and a key made by openssl to sign what no emulator would send."""

from __future__ import annotations

import base64
import json
import subprocess
import threading
import time
import uuid
from collections.abc import Generator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import uvicorn
from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey
from cryptography.hazmat.primitives.hashes import SHA256
from cryptography.hazmat.primitives.serialization import load_pem_private_key

from realtimekit import RealtimeKit
from realtimekit.cli import demo_scenario
from realtimekit.emulator import Emulator, Peer
from realtimekit.resources.webhook import Webhook
from tests.conftest import Demo
from tests.emulator.receiver import Receiver as Capture


def openssl(*arguments: str, stdin: bytes = b"") -> bytes:
    return subprocess.run(["openssl", *arguments], input=stdin, check=True, capture_output=True).stdout


@dataclass
class Signer:
    """A key pair made by openssl."""

    private: Path
    public: Path

    @classmethod
    def made_in(cls, folder: Path, bits: int = 2048) -> Signer:
        signer = cls(folder / "private.pem", folder / "public.pem")
        openssl("genrsa", "-out", str(signer.private), str(bits))
        openssl("pkey", "-in", str(signer.private), "-pubout", "-out", str(signer.public))
        return signer

    @cached_property
    def pem(self) -> str:
        return self.public.read_text(encoding="ascii")

    @cached_property
    def _key(self) -> RSAPrivateKey:
        key = load_pem_private_key(self.private.read_bytes(), None)
        assert isinstance(key, RSAPrivateKey)
        return key

    def signature(self, body: bytes) -> str:
        return base64.b64encode(self._key.sign(body, PKCS1v15(), SHA256())).decode()

    def signed_by_openssl(self, body: bytes) -> str:
        return base64.b64encode(openssl("dgst", "-sha256", "-sign", str(self.private), stdin=body)).decode()

    def headers(self, body: bytes, *, delivery_id: str | None = None, webhook_id: str = "hook-1") -> dict[str, str]:
        return {
            "rtk-signature": self.signature(body),
            "rtk-uuid": delivery_id or str(uuid.uuid4()),
            "rtk-webhook-id": webhook_id,
            "content-type": "application/json",
        }

    def delivery(self, event: dict[str, Any], **names: Any) -> tuple[bytes, dict[str, str]]:
        """The body and headers of an event."""
        body = json.dumps(event).encode()
        return body, self.headers(body, **names)

    @property
    def well_known(self) -> bytes:
        """`/.well-known/webhooks.json`, as the platform serves it."""
        return json.dumps({"success": True, "data": {"publicKey": self.pem}, "message": ""}).encode()


@contextmanager
def served(app: Any, **options: Any) -> Generator[str]:
    """Serve an ASGI application on a free port of 127.0.0.1; yields its URL."""
    config = uvicorn.Config(
        app, port=0, log_config=None, access_log=False, ws="none", timeout_graceful_shutdown=2, **options
    )
    server = uvicorn.Server(config)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    while not server.started:
        assert thread.is_alive(), "the server did not start"
        time.sleep(0.005)
    port = server.servers[0].sockets[0].getsockname()[1]
    try:
        yield f"http://127.0.0.1:{port}"
    finally:
        server.should_exit = True
        thread.join()


class Platform(Demo):
    """The emulator over HTTP, still empty, and a client for it."""

    @cached_property
    def client(self) -> RealtimeKit:
        return RealtimeKit(**self.settings)

    @property
    def port(self) -> int:
        return urlsplit(self.base_url).port or 0

    def subscribe(self, url: str, *events: str) -> Webhook:
        """Create a webhook for these events, or for all."""
        return self.client.webhooks.create(name="mine", url=url, events=events or self.client.webhooks.events())

    def meet(self, **fields: Any) -> Peer:
        """Alice joins a meeting of her own."""
        meeting = self.client.meetings.create(title="Weekly", **fields)
        alice = meeting.participants.create(name="Alice", custom_participant_id="user-1", preset_name="group_call_host")
        return self.emulator.join(meeting.id, alice.id)

    def ended(self, **fields: Any) -> Peer:
        """Alice joined, and left again."""
        joined = self.meet(**fields)
        self.end(joined)
        return joined

    def end(self, joined: Peer) -> None:
        meeting_id = self.client.sessions.find(joined.session_id).associated_id
        assert meeting_id is not None
        self.emulator.end(meeting_id)

    def settled(self) -> list[tuple[str, list[Any]]]:
        """Wait until everything due was sent; return the state of each delivery and the statuses of its attempts."""
        assert self.emulator.wait_for_deliveries(30)
        return [
            (delivery["state"], [attempt.get("status", "error") for attempt in delivery["attempts"]])
            for delivery in self.emulator.webhook_deliveries()
        ]

    @property
    def last_id(self) -> str:
        """Of the newest delivery."""
        return str(self.emulator.webhook_deliveries()[-1]["id"])

    def captured(self, event: str) -> tuple[bytes, dict[str, str]]:
        """The body and headers of such an event, as the emulator sends it after Alice joined."""
        with Capture() as capture:
            webhook = self.subscribe(capture.url, event)
            self.ended()
            self.settled()
            webhook.destroy()
        (arrived,) = capture.arrived
        return arrived.body, arrived.headers


@contextmanager
def emulated(signer: Signer, port: int = 0) -> Generator[Platform]:
    """A platform whose key was made by openssl, in app-1."""
    with Emulator(**demo_scenario.CREDENTIALS) as emulator, emulator.serve(port=port) as server:
        for name in ("webhook_key", "token_key"):  # as if it had been started before
            emulator.world.store.set_meta(name, signer.private.read_text(encoding="ascii"))
        platform = Platform(emulator, server.base_url, server.control_url)
        with platform.client:
            yield platform


class Clock:
    """A clock that a test sets."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        return self.now
