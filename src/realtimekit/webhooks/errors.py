"""Why a delivery was refused, and which HTTP status to answer.

RealtimeKitError
└── WebhookError
    ├── MissingSignatureError  401  no signature header
    ├── InvalidSignatureError  401  the signature is not one of these bytes by this key
    ├── ForeignEventError      401  truly from RealtimeKit, but of another app or webhook
    ├── MalformedEventError         400  truly from RealtimeKit, but no event; or no readable HTTP body
    ├── BodyTooLargeError      413
    └── PublicKeyUnavailableError    503  nobody can tell: the public key could not be had

The platform takes any 2xx for delivered, tries 5xx again, and gives an event up for good on 3xx and 4xx
(https://developers.cloudflare.com/realtime/realtimekit/, webhooks). So only what can never become right is a 4xx.
"""

from __future__ import annotations

from typing import ClassVar

from realtimekit.errors import RealtimeKitError


class WebhookError(RealtimeKitError):
    """A delivery that is not to be acted on.

    Attributes:
        status: the HTTP status to answer with.
    """

    status: ClassVar[int] = 400


class MissingSignatureError(WebhookError):
    """401: nothing says that RealtimeKit sent it."""

    status: ClassVar[int] = 401


class InvalidSignatureError(WebhookError):
    """401: RealtimeKit did not sign these bytes. Said only of a key that was read a short while ago."""

    status: ClassVar[int] = 401


class ForeignEventError(WebhookError):
    """401: RealtimeKit signed it, with the one key that it has for everybody, but for another app or webhook."""

    status: ClassVar[int] = 401


class MalformedEventError(WebhookError):
    """400: no JSON object with the name of an event."""

    status: ClassVar[int] = 400


class BodyTooLargeError(WebhookError):
    """413: the body is larger than `max_body`."""

    status: ClassVar[int] = 413


class PublicKeyUnavailableError(WebhookError):
    """503: the public key could not be had, or not again. The platform sends the event once more."""

    status: ClassVar[int] = 503
