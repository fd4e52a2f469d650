"""Receiver: is this delivery from RealtimeKit, and for us? Then it is an event."""

from __future__ import annotations

import base64
import binascii
import time
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar

from realtimekit import protocol
from realtimekit.errors import ConfigurationError
from realtimekit.flow import Async, ClientBound, F, Flow, Runner, Sync
from realtimekit.operation import operation
from realtimekit.resource import _DefaultClient
from realtimekit.webhooks import headers as header
from realtimekit.webhooks import keys
from realtimekit.webhooks.engines import AsyncKeyClient, KeyClient, NoClient
from realtimekit.webhooks.errors import (
    BodyTooLargeError,
    ForeignEventError,
    InvalidSignatureError,
    MalformedEventError,
    MissingSignatureError,
)
from realtimekit.webhooks.events import Event, event_from

if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPublicKey

    from realtimekit.webhooks.headers import Headers

MAX_BODY = 1024 * 1024  # bytes
REFRESH_INTERVAL = 5.0  # seconds: what comes with a new key meanwhile is refused, and so lost


class BaseReceiver(ClientBound[F]):
    """What both receivers have.

    Args:
        public_key: the key in PEM, if it is not to be fetched.
        key_url: where the key is; the platform's well-known address, or an emulator's where the client (or the
            environment) points to one on this machine. https, or plain http on this machine.
        app_id: refuse events that say they are of another app. A valid signature proves the platform, not the
            account: one key signs for everybody.
        webhook_ids: refuse deliveries of other webhooks than these. The header that names it is not signed.
        max_body: the largest body, in bytes (1 MiB).
        refresh_interval: after a signature that does not fit, the key is read again; if it is still the same, then
            not once more for so many seconds (5).
        client: what `event.session` and its like ask; the default client where none is given.
        clock: seconds that never go back, for tests.

    Raises:
        ConfigurationError: an argument cannot be right, or the extra `webhooks` is not installed.
    """

    def __init__(
        self,
        public_key: str | bytes | None = None,
        *,
        key_url: str | None = None,
        app_id: str | None = None,
        webhook_ids: Collection[str] | None = None,
        max_body: int = MAX_BODY,
        refresh_interval: float = REFRESH_INTERVAL,
        client: Runner[F] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if find_spec("cryptography") is None:
            raise ConfigurationError("webhooks need the extra `webhooks`: pip install 'realtimekit[webhooks]'")
        if isinstance(webhook_ids, str):
            raise ConfigurationError("webhook_ids is one text: give a list of ids, even of one")
        if public_key is not None and key_url is not None:
            raise ConfigurationError("give public_key= or key_url=, not both")
        _check_positive("max_body", max_body)
        _check_positive("refresh_interval", refresh_interval)
        if client is not None and client.asynchronous != self.asynchronous:
            kind = "an AsyncRealtimeKit" if self.asynchronous else "a RealtimeKit"
            raise ConfigurationError(f"{type(self).__name__} takes {kind}, not {client!r}")
        self.max_body = max_body
        self.app_id = app_id
        self.webhook_ids: frozenset[str] | None = None if webhook_ids is None else frozenset(webhook_ids)
        url = None if key_url is None else keys.checked_url(key_url)
        self._keys = keys.Keys(_given(public_key), url, refresh_interval, clock)
        self._events_client: Runner[F] = self._no_client() if client is None else client
        self._client: Runner[F] = self._driver(client)

    asynchronous: ClassVar[bool]
    _driver: ClassVar[type[Any]]  # of its flows
    _no_client: ClassVar[type[Runner[Any]]]  # stands in the events

    @property
    def key_url(self) -> str | None:
        """Where the key is read; None where one was given."""
        return None if self._keys.fixed else self._keys.url(self._client)

    @operation
    def current_key(self) -> Flow[RSAPublicKey]:
        """The key in force: given, kept, or fetched now.

        Raises:
            PublicKeyUnavailableError: it could not be had.
        """
        return self._keys.get(self._client)

    @operation
    def verify(self, body: bytes, headers: Headers) -> Flow[Event[F]]:
        """The event in a delivery.

        The signature is RSASSA-PKCS1-v1_5 with SHA-256 over the exact bytes of the body, in base64.

        Args:
            body: the raw body, as it came.
            headers: any mapping, or pairs; names in any case; text or bytes. `rtk-*` and the older `dyte-*` are read.

        Raises:
            WebhookError: it is not to be acted on; `.status` is the HTTP status to answer.
            TypeError: the body is text or parsed JSON, or these are no headers.
        """
        body = hidden(body)
        _check_bytes(body)
        if len(body) > self.max_body:
            raise too_large(self.max_body)
        delivery = header.read(headers)
        signature = _decoded(delivery.signature)
        key = yield from self._keys.get(self._client)
        if not _fits(key, signature, body):
            newer = yield from self._keys.get(self._client, instead_of=key)
            if newer is key or not _fits(newer, signature, body):
                raise InvalidSignatureError(
                    "RealtimeKit did not sign these bytes: pass the raw body, before anything decodes or rewrites it"
                )
        event = event_from(
            _parsed(body),
            delivery_id=delivery.delivery_id,
            webhook_id=delivery.webhook_id,
            client=self._events_client,
        )
        self._check_ours(event)
        return event

    def _check_ours(self, event: Event[Any]) -> None:
        if self.webhook_ids is not None and event.webhook_id not in self.webhook_ids:
            raise ForeignEventError(
                f"the delivery is of the webhook {protocol.sanitize(repr(event.webhook_id))}, "
                "which is not among webhook_ids="
            )
        # Some events name no app at all (a recording that is UPLOADING may be one): those pass.
        if self.app_id is not None and event.app_id not in (None, self.app_id):
            raise ForeignEventError(f"the event is of the app {protocol.sanitize(repr(event.app_id))}, not of app_id=")

    def __repr__(self) -> str:
        return f"<{type(self).__name__} app_id={self.app_id!r}>"


class Receiver(BaseReceiver[Sync]):
    """Verifies deliveries: `Receiver().verify(body, headers)`. Thread-safe; make one and keep it."""

    asynchronous = False
    _driver = KeyClient
    _no_client = _DefaultClient


class AsyncReceiver(BaseReceiver[Async]):
    """Verifies deliveries: `await AsyncReceiver().verify(body, headers)`. Make one and keep it."""

    asynchronous = True
    _driver = AsyncKeyClient
    _no_client = NoClient


class Body(bytes):
    """A body that shows itself in no traceback and no debugger: there are stream keys and signed links in it."""

    __slots__ = ()

    def __repr__(self) -> str:
        return f"<{len(self)} bytes>"


def hidden(body: Any) -> Any:
    """The body as a `Body`. What is no bytes cannot be hidden: its type is enough to refuse it."""
    if isinstance(body, bytes):
        return body if isinstance(body, Body) else Body(body)
    return body if isinstance(body, type) else type(body)


def _check_positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigurationError(f"{name}={value!r}: must be a number above 0")


def too_large(limit: int) -> BodyTooLargeError:
    """What to raise of a body that is."""
    return BodyTooLargeError(f"the body has more than {limit} bytes; the limit is max_body= of the receiver")


def _given(pem: str | bytes | None) -> RSAPublicKey | None:
    if pem is None:
        return None
    try:
        return keys.parse(pem)
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(f"public_key: {error}; leave it out to fetch the platform's own") from None


def _check_bytes(body: bytes | type) -> None:
    if isinstance(body, bytes):
        return
    if issubclass(body, str):
        why = "text that was decoded may not be the bytes that were signed"
    else:
        why = "the signature is of the bytes as they came, and JSON written again has others"
    raise TypeError(f"body must be the raw bytes, not {body.__name__}: {why}")


def _decoded(signature: str | None) -> bytes:
    if signature is None:
        raise MissingSignatureError("no rtk-signature header: RealtimeKit sends one with every event")
    try:
        raw = base64.b64decode(signature, validate=True)
    except (ValueError, binascii.Error):
        raw = b""
    # Of the several texts that decode to the same bytes, only the one that an encoder writes.
    if base64.b64encode(raw).decode() != signature:
        raise InvalidSignatureError("the signature header is no base64")
    return raw


def _fits(key: RSAPublicKey, signature: bytes, body: bytes) -> bool:
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.padding import PKCS1v15
    from cryptography.hazmat.primitives.hashes import SHA256

    try:
        key.verify(signature, body, PKCS1v15(), SHA256())
    except InvalidSignature:
        return False
    return True


def _parsed(body: bytes) -> dict[str, Any]:
    try:
        data = protocol.loads(body)
    except (ValueError, RecursionError):
        raise MalformedEventError("the body is no JSON") from None
    if not isinstance(data, dict) or not isinstance(data.get("event"), str):
        del data  # as hidden as the body
        raise MalformedEventError('the body is no JSON object with the name of its event as "event"')
    return data
