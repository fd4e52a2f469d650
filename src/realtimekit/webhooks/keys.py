"""The platform's public key: one for everybody, read from its well-known address and kept."""

from __future__ import annotations

import os
import threading
import time
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from realtimekit import protocol
from realtimekit.errors import APIConnectionError, ConfigurationError
from realtimekit.flow import Flow, Sleep
from realtimekit.interfaces import Request
from realtimekit.settings import is_loopback
from realtimekit.webhooks.errors import PublicKeyUnavailableError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from realtimekit.flow import Runner
    from realtimekit.interfaces import Response
    from realtimekit.settings import Settings

KEY_URL = "https://api.realtime.cloudflare.com/.well-known/webhooks.json"
MAX_AGE = 24 * 3600.0  # seconds; a key that was withdrawn is not trusted for ever
AFTER_FAILURE = 60.0  # seconds after a failed read: whoever makes one waits, for as long as `TIMEOUT`
PAUSE = 2.0  # seconds after a failed read, while there is no key at all
TIMEOUT = 5.0  # seconds for each part of a read: the platform waits for our answer all the while
LONGEST_READ = 3 * TIMEOUT  # after that, somebody else may try
LARGEST_ANSWER = 64 * 1024  # bytes
_LOOK_AGAIN = 0.02  # seconds between looks at somebody else's read


def parse(pem: str | bytes) -> RSAPublicKey:
    """An RSA public key in PEM.

    Raises:
        ValueError: it is none.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    text = pem if isinstance(pem, bytes) else pem.encode()
    if b"PRIVATE KEY" in text:
        raise ValueError("this is a private key")
    try:
        # Environment variables and .env files often hold the line ends as a backslash and an n; PEM has no backslash.
        key = load_pem_public_key(text.replace(b"\\n", b"\n").strip())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this is no public key in PEM (-----BEGIN PUBLIC KEY-----)") from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("this is a public key, but no RSA key")  # noqa: TRY004 - the type of a key is its value
    return key


def checked_url(url: str) -> str:
    """A key that anyone on the way could exchange is worth nothing: https, or plain http on this machine.

    Raises:
        ConfigurationError: it is no such URL.
    """
    try:
        parts = urlsplit(url)
        host, _port = parts.hostname or "", parts.port
    except (AttributeError, TypeError, ValueError):
        raise ConfigurationError(f"key_url={url!r} is no URL; the default is {KEY_URL}") from None
    plain = url.isprintable() and " " not in url and "\\" not in url and "@" not in parts.netloc
    if not plain or not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        raise ConfigurationError("key_url must be a plain https:// URL (http:// only for this machine)")
    return url


def default_url(settings: Settings) -> str:
    """The platform's; or the emulator's own, for a client that talks to an emulator on this machine."""
    parts = urlsplit(settings.base_url)
    if is_loopback(parts.hostname or ""):
        return f"{parts.scheme}://{parts.netloc}/.well-known/webhooks.json"
    return KEY_URL


class Keys:
    """The key in force, for all threads and tasks. `get` is a flow: either flavour of client can drive it.

    Args:
        given: the key, if it is never to be fetched.
        url: where it is; None for `default_url`.
        refresh_interval: seconds; see `get`.
        clock: seconds that never go back.
    """

    def __init__(
        self,
        given: RSAPublicKey | None,
        url: str | None,
        refresh_interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fixed: bool = given is not None
        self._key, self._url, self._interval, self._clock = given, url, refresh_interval, clock
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._read_at = self._tried_at = self._same_at = self._busy_until = float("-inf")
        self._failure = ""

    def url(self, client: Runner[Any]) -> str:
        """Where it is read."""
        return self._url or default_url(client.settings)

    def get(self, client: Runner[Any], *, instead_of: RSAPublicKey | None = None) -> Flow[RSAPublicKey]:
        """The key.

        One reads it at a time; the others wait, or go on with the key that there is.

        Args:
            client: what drives this flow.
            instead_of: a key that a signature does not fit: it is read again, and comes back if it is still the key.
                Then it is not read once more within `refresh_interval` seconds, however many signatures do not fit;
                nor within `AFTER_FAILURE` seconds of a read that failed.

        Raises:
            PublicKeyUnavailableError: there is none, or nobody can tell whether it is still the key.
        """
        if self._pid != os.getpid():  # in a fork, where whoever held the lock or read the key is not
            self._lock, self._busy_until, self._pid = threading.Lock(), float("-inf"), os.getpid()
        while not self.fixed:
            with self._lock:
                now = self._clock()
                if not self._due(now, instead_of):
                    break
                mine = now >= self._busy_until
                if mine:
                    self._busy_until = now + LONGEST_READ
            if mine:
                yield from self._refresh(client, instead_of)
                break
            if self._key is not None and instead_of is None:
                break
            yield Sleep(_LOOK_AGAIN)
        return cast("RSAPublicKey", self._key)

    def _due(self, now: float, instead_of: RSAPublicKey | None) -> bool:
        """Whether it is time to read the key."""
        since = now - self._tried_at
        if self._key is None:
            if self._failure and since < min(PAUSE, self._interval):
                raise PublicKeyUnavailableError(self._failure)
            return True
        if instead_of is None:
            return now - self._read_at >= MAX_AGE and since >= AFTER_FAILURE
        if self._key is not instead_of or now - self._same_at < self._interval:
            return False
        if self._failure and since < AFTER_FAILURE:
            raise PublicKeyUnavailableError(self._failure)
        return True

    def _refresh(self, client: Runner[Any], instead_of: RSAPublicKey | None) -> Flow[None]:
        try:
            key = yield from _fetch(self.url(client))
        except PublicKeyUnavailableError as error:
            with self._lock:
                self._tried_at, self._failure = self._clock(), str(error)
            if instead_of is not None or self._key is None:
                raise
        else:
            with self._lock:
                self._read_at = self._tried_at = self._clock()
                self._failure = ""
                if key == self._key:
                    self._same_at = self._read_at
                else:
                    self._key = key
        finally:
            self._busy_until = float("-inf")


def _fetch(url: str) -> Flow[RSAPublicKey]:
    """`GET /.well-known/webhooks.json`: `{"success": true, "data": {"publicKey": "<PEM>"}}`. No token goes with it."""
    wrong = f"the public key at {url} could not be read"
    try:
        response: Response = yield Request("GET", url, {"accept": "application/json"}, None, TIMEOUT)
    except APIConnectionError as error:
        raise PublicKeyUnavailableError(f"{wrong}: {error}") from error
    if len(response.content) > LARGEST_ANSWER:
        raise PublicKeyUnavailableError(f"{wrong}: the answer has {len(response.content)} bytes")
    body = protocol.decode(response)
    if protocol.is_error(response, body):
        raise PublicKeyUnavailableError(f"{wrong}: it answered {response.status}")
    data = protocol.unwrap(body)
    pem = data.get("publicKey") if isinstance(data, dict) else None
    if not isinstance(pem, str):
        raise PublicKeyUnavailableError(f"{wrong}: the answer has no data.publicKey")
    try:
        return parse(pem)
    except ValueError as error:
        raise PublicKeyUnavailableError(f"{wrong}: {error}") from None
