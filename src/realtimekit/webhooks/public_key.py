"""The platform's public key: one for all customers, fetched from its well-known URL and cached."""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Any, cast
from urllib.parse import urlsplit

from realtimekit import error_responses, responses
from realtimekit.errors import APIConnectionError, ConfigurationError
from realtimekit.flow import Flow, Runner, Sleep
from realtimekit.interfaces import Request, Response
from realtimekit.kwargs import validate_type
from realtimekit.lazy import LazyModule
from realtimekit.settings import Settings, is_loopback
from realtimekit.webhooks.errors import PublicKeyUnavailableError

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa
else:
    rsa = LazyModule("cryptography.hazmat.primitives.asymmetric.rsa")

KEY_URL = "https://api.realtime.cloudflare.com/.well-known/webhooks.json"
MAX_AGE = 24 * 3600.0  # seconds; a key that was withdrawn must not be trusted forever
TIMEOUT = 5.0  # seconds per phase of a fetch: RealtimeKit waits for our response meanwhile
FAILURE_BACKOFF = 60.0  # seconds from a failed fetch to the next: each can hold up a delivery for `TIMEOUT`
MISSING_KEY_BACKOFF = 2.0  # the same, as long as there is no key at all
MAX_FETCH_TIME = 3 * TIMEOUT  # seconds; after that another caller may fetch
MAX_KEY_RESPONSE_BYTES = 64 * 1024
_POLL_INTERVAL = 0.02  # seconds between checks whether another caller has finished fetching


def parse_public_key(pem: str | bytes) -> rsa.RSAPublicKey:
    """Return the RSA public key in a PEM string.

    Raises:
        ValueError: it is not an RSA public key in PEM.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_public_key

    text = pem if isinstance(pem, bytes) else pem.encode()
    if b"PRIVATE KEY" in text:
        raise ValueError("this is a private key")
    try:
        # Environment variables and .env files often hold newlines as a backslash and an n; PEM has no backslashes.
        key = load_pem_public_key(text.replace(b"\\n", b"\n").strip())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("this is not a public key in PEM (-----BEGIN PUBLIC KEY-----)") from None
    if not isinstance(key, rsa.RSAPublicKey):
        raise ValueError("this is a public key, but not an RSA key")  # noqa: TRY004 - the argument has the right type
    return key


def validate_key_url(url: str) -> str:
    """Return the URL if it is https, or http on this machine: a key that could be replaced in transit is worthless.

    Raises:
        ConfigurationError: it is not such a URL.
    """
    try:
        parts = urlsplit(validate_type("key_url", url, str, "a string"))
        host, _port = parts.hostname or "", parts.port
    except (AttributeError, TypeError, ValueError):
        raise ConfigurationError(f"key_url={url!r} is not a URL; the default is {KEY_URL}") from None
    plain = url.isprintable() and " " not in url and "\\" not in url and "@" not in parts.netloc
    if not plain or not host or not (parts.scheme == "https" or (parts.scheme == "http" and is_loopback(host))):
        raise ConfigurationError("key_url must be a plain https:// URL (http:// only on this machine)")
    return url


def default_key_url(settings: Settings) -> str:
    """Return the platform's URL, or the emulator's for a client of an emulator on this machine."""
    parts = urlsplit(settings.base_url)
    if is_loopback(parts.hostname or ""):
        return f"{parts.scheme}://{parts.netloc}/.well-known/webhooks.json"
    return KEY_URL


class PublicKeyCache:
    """The current key, shared by all threads and tasks. `get` is a flow, so that both modes share it.

    Args:
        given: the key, if it must never be fetched.
        url: where to fetch it; None for `default_key_url`.
        refresh_interval: seconds; see `get`.
        clock: monotonic seconds.
    """

    def __init__(
        self,
        given: rsa.RSAPublicKey | None,
        url: str | None,
        refresh_interval: float,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        self.fixed: bool = given is not None
        self._key, self._url, self._refresh_interval, self._clock = given, url, refresh_interval, clock
        self._lock = threading.Lock()
        self._pid = os.getpid()
        self._source: object = None
        self._clear()

    def _clear(self) -> None:
        if not self.fixed:
            self._key = None
        # When the last fetch succeeded, was attempted, and returned the same key as before.
        self._fetched_at = self._tried_at = self._unchanged_at = float("-inf")
        self._fetching_until = float("-inf")
        self._failure = ""

    def url(self, client: Runner[Any]) -> str:
        """Return the URL that the key is fetched from."""
        return self._url or default_key_url(client.settings)

    def get(self, client: Runner[Any], *, instead_of: rsa.RSAPublicKey | None = None) -> Flow[rsa.RSAPublicKey]:
        """Return the key, fetched if necessary.

        One caller fetches at a time. The others wait, or use the key that is already cached.

        Args:
            client: what runs this flow.
            instead_of: a key that did not match a signature. The key is fetched again, and is returned even if it is
                still the same. After that it is not fetched again within `refresh_interval` seconds, however many
                signatures do not match; nor within `FAILURE_BACKOFF` seconds of a failed fetch.

        Raises:
            PublicKeyUnavailableError: there is no key, or it could not be checked whether the key has changed.
        """
        if self._pid != os.getpid():  # a forked child does not have the thread that held the lock or was fetching
            self._lock, self._fetching_until, self._pid = threading.Lock(), float("-inf"), os.getpid()
        while not self.fixed:
            source = (self.url(client), client.settings.transport)
            with self._lock:
                now = self._clock()
                if source != self._source:  # `configure()`, or the emulator of another test
                    self._source = source
                    self._clear()
                if not self._must_fetch(now, instead_of):
                    break
                is_fetcher = now >= self._fetching_until
                if is_fetcher:
                    self._fetching_until = now + MAX_FETCH_TIME
            if is_fetcher:
                yield from self._refresh(client, instead_of)
                break
            if self._key is not None and instead_of is None:
                break
            yield Sleep(_POLL_INTERVAL)
        return cast("rsa.RSAPublicKey", self._key)

    def _must_fetch(self, now: float, instead_of: rsa.RSAPublicKey | None) -> bool:
        since_attempt = now - self._tried_at
        if self._key is None:
            if self._failure and since_attempt < min(MISSING_KEY_BACKOFF, self._refresh_interval):
                raise PublicKeyUnavailableError(self._failure)
            return True
        if instead_of is None:
            return now - self._fetched_at >= MAX_AGE and since_attempt >= FAILURE_BACKOFF
        if self._key is not instead_of or now - self._unchanged_at < self._refresh_interval:
            return False
        if self._failure and since_attempt < FAILURE_BACKOFF:
            raise PublicKeyUnavailableError(self._failure)
        return True

    def _refresh(self, client: Runner[Any], instead_of: rsa.RSAPublicKey | None) -> Flow[None]:
        try:
            key = yield from _fetch(self.url(client))
        except PublicKeyUnavailableError as error:
            with self._lock:
                self._tried_at, self._failure = self._clock(), str(error)
            if instead_of is not None or self._key is None:
                raise
        else:
            with self._lock:
                self._fetched_at = self._tried_at = self._clock()
                self._failure = ""
                if key == self._key:
                    self._unchanged_at = self._fetched_at
                else:
                    self._key = key
        finally:
            self._fetching_until = float("-inf")


def _fetch(url: str) -> Flow[rsa.RSAPublicKey]:
    """`GET /.well-known/webhooks.json`, without a token: `{"success": true, "data": {"publicKey": "<PEM>"}}`."""
    failure = f"the public key at {url} could not be read"
    try:
        response: Response = yield Request("GET", url, {"accept": "application/json"}, None, TIMEOUT)
    except APIConnectionError as error:
        raise PublicKeyUnavailableError(f"{failure}: {error}") from error
    if len(response.content) > MAX_KEY_RESPONSE_BYTES:
        raise PublicKeyUnavailableError(f"{failure}: the response has {len(response.content)} bytes")
    body = responses.decode(response)
    if error_responses.is_error(response, body):
        raise PublicKeyUnavailableError(f"{failure}: the response has status {response.status}")
    data = responses.unwrap(body)
    pem = data.get("publicKey") if isinstance(data, dict) else None
    if not isinstance(pem, str):
        raise PublicKeyUnavailableError(f"{failure}: the response has no data.publicKey")
    try:
        return parse_public_key(pem)
    except ValueError as error:
        raise PublicKeyUnavailableError(f"{failure}: {error}") from None
