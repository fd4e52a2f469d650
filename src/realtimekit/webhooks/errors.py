"""Why a delivery is refused, and the HTTP status to respond with.

RealtimeKitError
└── WebhookError
    ├── MissingSignatureError       401  there is no signature header
    ├── InvalidSignatureError       401  the signature does not match this body
    ├── ForeignEventError           401  signed by RealtimeKit, but for another app or webhook
    ├── MalformedEventError         400  signed by RealtimeKit, but the body is not an event
    ├── BodyTooLargeError           413  the body is larger than `max_body`
    ├── UnreadableBodyError         503  the server does not say where the body ends
    └── PublicKeyUnavailableError   503  the public key could not be fetched, so nothing can be verified

RealtimeKit treats any 2xx as delivered, retries after a 5xx, and drops the event after a 3xx or 4xx
(https://developers.cloudflare.com/realtime/realtimekit/, webhooks). So only a delivery that can never become valid is
refused with a 4xx.
"""

from __future__ import annotations

from typing import ClassVar

from realtimekit.errors import RealtimeKitError


class WebhookError(RealtimeKitError):
    """A delivery that must not be processed.

    Attributes:
        status: the HTTP status to respond with.
    """

    status: ClassVar[int] = 400


class MissingSignatureError(WebhookError):
    """401: the delivery has no signature header."""

    status: ClassVar[int] = 401


class InvalidSignatureError(WebhookError):
    """401: RealtimeKit did not sign this body. Raised only if the public key was fetched recently."""

    status: ClassVar[int] = 401


class ForeignEventError(WebhookError):
    """401: RealtimeKit signed the event, with the key that all its customers share, but for another app or webhook."""

    status: ClassVar[int] = 401


class MalformedEventError(WebhookError):
    """400: the body is signed, but is not a JSON object with the name of an event."""

    status: ClassVar[int] = 400


class BodyTooLargeError(WebhookError):
    """413: the body is larger than `max_body`."""

    status: ClassVar[int] = 413


class UnreadableBodyError(WebhookError):
    """503: the WSGI server neither passes the length of the body nor says where it ends. RealtimeKit sends it again."""

    status: ClassVar[int] = 503


class PublicKeyUnavailableError(WebhookError):
    """503: the public key could not be fetched or refreshed. RealtimeKit sends the event again."""

    status: ClassVar[int] = 503
