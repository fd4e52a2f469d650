"""Receiver: verifies that a delivery comes from RealtimeKit and is meant for this app, and returns its event."""

from __future__ import annotations

import time
from collections.abc import Callable, Collection
from enum import Enum
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, ClassVar, Final, Literal

from realtimekit import settings
from realtimekit.error_responses import sanitize
from realtimekit.errors import ConfigurationError
from realtimekit.flow import Async, ClientBound, F, Flow, Runner, Sync
from realtimekit.kwargs import name_constructor
from realtimekit.lazy import LazyModule
from realtimekit.operation import operation
from realtimekit.resource import _DefaultClient
from realtimekit.settings import validate_ids
from realtimekit.webhooks.body import hide_body, parse_body, validate_body
from realtimekit.webhooks.clients import AsyncKeyClient, KeyClient, NoClient
from realtimekit.webhooks.errors import ForeignEventError, InvalidSignatureError
from realtimekit.webhooks.events import Event, parse_event
from realtimekit.webhooks.headers import Headers, parse_headers
from realtimekit.webhooks.public_key import PublicKeyCache, parse_public_key, validate_key_url
from realtimekit.webhooks.signature import decode_signature, is_signed_by

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric import rsa
else:
    rsa = LazyModule("cryptography.hazmat.primitives.asymmetric.rsa")


class Configured(Enum):
    """The type of `CONFIGURED`, for type checkers."""

    APP = "the configured app"

    def __repr__(self) -> str:
        return "CONFIGURED"


CONFIGURED: Final = Configured.APP
"""The app of the client, or of `configure()` or the environment: the default of `app_id=`."""

MAX_BODY = 1024 * 1024  # bytes
REFRESH_INTERVAL = 5.0  # seconds; deliveries signed with a new key within it are refused, and so lost


class BaseReceiver(ClientBound[F]):
    """What both receivers share.

    Args:
        public_key: the public key in PEM, to be used instead of fetching it.
        key_url: where to fetch the key: https, or http on this machine. By default the platform's well-known URL, or
            the emulator's if the client (or the environment) points to one on this machine.
        app_id: refuse events that name another app. A valid signature proves that RealtimeKit sent the event, but not
            for which account: one key signs for all customers. By default the app of `client`, or else of `configure()`
            or REALTIMEKIT_APP_ID when a delivery arrives; if none is set, or with None, any app is accepted.
        webhook_ids: refuse deliveries of any other webhook. The signature does not cover the header that names it.
        max_body: the largest body, in bytes (default 1 MiB).
        refresh_interval: seconds (default 5). After a signature that does not match, the key is fetched again; if it
            has not changed, it is not fetched once more within this time.
        client: the client for `event.session` and the like; by default the default client.
        clock: monotonic seconds, for tests.

    Raises:
        ConfigurationError: an argument is invalid, or the extra `webhooks` is not installed.
    """

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        name_constructor(cls)

    asynchronous: ClassVar[bool]
    _key_client: ClassVar[type[Any]]  # runs the flows of the receiver
    _event_client: ClassVar[type[Runner[Any]]]  # the client of the events, if none is given

    def __init__(
        self,
        public_key: str | bytes | None = None,
        *,
        key_url: str | None = None,
        app_id: str | Literal[Configured.APP] | None = CONFIGURED,
        webhook_ids: Collection[str] | None = None,
        max_body: int = MAX_BODY,
        refresh_interval: float = REFRESH_INTERVAL,
        client: Runner[F] | None = None,
        clock: Callable[[], float] = time.monotonic,
    ) -> None:
        if find_spec("cryptography") is None:
            raise ConfigurationError("webhooks need the extra `webhooks`: pip install 'realtimekit[webhooks]'")
        if isinstance(webhook_ids, str):
            raise ConfigurationError("webhook_ids is a string: pass a list of ids, even for a single one")
        if webhook_ids is not None and not hasattr(webhook_ids, "__iter__"):
            raise ConfigurationError(f"webhook_ids must be a list of ids, not {type(webhook_ids).__name__}")
        if public_key is not None and key_url is not None:
            raise ConfigurationError("pass public_key= or key_url=, not both")
        validate_ids({"app_id": None if app_id is CONFIGURED else app_id})
        _validate_positive("max_body", max_body)
        _validate_positive("refresh_interval", refresh_interval)
        if client is not None and getattr(client, "asynchronous", None) != self.asynchronous:
            kind = "an AsyncRealtimeKit" if self.asynchronous else "a RealtimeKit"
            raise ConfigurationError(f"{type(self).__name__} takes {kind}, not {client!r}")
        self.max_body = max_body
        self._app_id: str | Literal[Configured.APP] | None = app_id
        self._given_client: Runner[F] | None = client
        self.webhook_ids: frozenset[str] | None = None if webhook_ids is None else frozenset(webhook_ids)
        url = None if key_url is None else validate_key_url(key_url)
        self._public_key = PublicKeyCache(_parse_given_key(public_key), url, refresh_interval, clock)
        self._events_client: Runner[F] = self._event_client() if client is None else client
        self._client: Runner[F] = self._key_client(client)

    @property
    def app_id(self) -> str | None:
        """The app whose events are accepted; None for any."""
        if self._app_id is not CONFIGURED:
            return self._app_id
        client = self._given_client
        return settings.configured("app_id") if client is None else client.settings.app_id

    @property
    def key_url(self) -> str | None:
        """The URL that the public key is fetched from; None if the key was given."""
        return None if self._public_key.fixed else self._public_key.url(self._client)

    @operation
    def current_key(self) -> Flow[rsa.RSAPublicKey]:
        """Return the public key: given, cached, or fetched now.

        Raises:
            PublicKeyUnavailableError: it could not be fetched.
        """
        return self._public_key.get(self._client)

    @operation
    def verify(self, body: bytes, headers: Headers) -> Flow[Event[F]]:
        """Verify a delivery and return its event.

        The signature is RSASSA-PKCS1-v1_5 with SHA-256 over the exact bytes of the body, in base64.

        Args:
            body: the raw body, exactly as received.
            headers: a mapping or pairs; names in any case; str or bytes. `rtk-*` and the older `dyte-*` are read.

        Raises:
            WebhookError: the delivery must not be processed; `.status` is the HTTP status to respond with.
            TypeError: the body is a string or parsed JSON, or `headers` is neither a mapping nor pairs.
        """
        body = hide_body(body)
        validate_body(body, self.max_body)
        delivery = parse_headers(headers)
        signature = decode_signature(delivery.signature)
        key = yield from self._public_key.get(self._client)
        if not is_signed_by(key, signature, body):
            newer = yield from self._public_key.get(self._client, instead_of=key)
            if newer is key or not is_signed_by(newer, signature, body):
                raise InvalidSignatureError(
                    "RealtimeKit did not sign these bytes: pass the raw body, before anything decodes or rewrites it"
                )
        event = parse_event(
            parse_body(body),
            delivery_id=delivery.delivery_id,
            webhook_id=delivery.webhook_id,
            client=self._events_client,
        )
        self._reject_foreign(event)
        return event

    def _reject_foreign(self, event: Event[Any]) -> None:
        if self.webhook_ids is not None and event.webhook_id not in self.webhook_ids:
            raise ForeignEventError(
                f"the delivery is for the webhook {sanitize(repr(event.webhook_id))}, which is not in webhook_ids="
            )
        # Some events name no app (a recording that is UPLOADING may be one): accept those.
        app_id = self.app_id
        if app_id is not None and event.app_id not in (None, app_id):
            raise ForeignEventError(
                f"the event is for the app {sanitize(repr(event.app_id))}, not for app_id={sanitize(repr(app_id))}"
            )

    def __repr__(self) -> str:
        return f"<{type(self).__name__} app_id={self.app_id!r}>"


class Receiver(BaseReceiver[Sync]):
    """Verifies deliveries: `Receiver().verify(body, headers)`. Thread-safe; create one and keep it."""

    asynchronous = False
    _key_client = KeyClient
    _event_client = _DefaultClient


class AsyncReceiver(BaseReceiver[Async]):
    """Verifies deliveries: `await AsyncReceiver().verify(body, headers)`. Create one and keep it."""

    asynchronous = True
    _key_client = AsyncKeyClient
    _event_client = NoClient


def _validate_positive(name: str, value: object) -> None:
    if isinstance(value, bool) or not isinstance(value, int | float) or not value > 0:
        raise ConfigurationError(f"{name}={value!r}: must be a positive number")


def _parse_given_key(pem: str | bytes | None) -> rsa.RSAPublicKey | None:
    if pem is None:
        return None
    try:
        return parse_public_key(pem)
    except (ValueError, AttributeError) as error:
        raise ConfigurationError(f"public_key: {error}; leave it out to fetch the platform's own key") from None
