"""The clients behind a receiver and its events if the caller passed none."""

from __future__ import annotations

from typing import Any, ClassVar

from realtimekit.client import AsyncRealtimeKit, RealtimeKit
from realtimekit.flow import Async, F, Flow, Runner, Sync
from realtimekit.resource import _NoClient
from realtimekit.settings import Settings, resolve

_NO_TOKEN = "not-needed"  # noqa: S105 - the public key is public: the request for it carries no token


class BaseKeyClient(Runner[F]):
    """The given client, or one that only fetches the public key: a new one if the settings in force have changed."""

    _client_class: ClassVar[type[RealtimeKit | AsyncRealtimeKit]]

    def __init__(self, given: Runner[F] | None) -> None:
        self._given: Runner[F] | None = given
        self._own: RealtimeKit | AsyncRealtimeKit | None = None

    @property
    def _client(self) -> Runner[Any]:
        if self._given is not None:
            return self._given
        client, current = self._own, resolve(api_token=_NO_TOKEN)
        if client is None or client.settings != current:
            client = self._own = self._client_class(api_token=_NO_TOKEN)
        return client

    @property
    def settings(self) -> Settings:
        return self._client.settings

    def run(self, flow: Flow[Any], /) -> Any:
        return self._client.run(flow)


class KeyClient(BaseKeyClient[Sync]):
    """Runs the flows of a `Receiver`."""

    asynchronous = False
    _client_class = RealtimeKit


class AsyncKeyClient(BaseKeyClient[Async]):
    """Runs the flows of an `AsyncReceiver`."""

    asynchronous = True
    _client_class = AsyncRealtimeKit


class NoClient(_NoClient):
    """The client of an async event that was given none: there is no default async client."""

    _problem = "this event has no client: use AsyncReceiver(client=...), or event.bind(client)"
