"""What drives a receiver's flows, and what stands in an event that has no client."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING, Any

from realtimekit.client import AsyncRealtimeKit, RealtimeKit
from realtimekit.errors import ConfigurationError
from realtimekit.flow import Async, Flow, Runner, Sync

if TYPE_CHECKING:
    from realtimekit.settings import Settings

_NO_TOKEN = "not-needed"  # noqa: S105 - the public key is public: the request for it carries no token


class KeyClient(Runner[Sync]):
    """The given client, or one that fetches the public key and nothing else: made on first use.

    It closes a flow that ended early, so that a receiver that gives up fetching leaves that to the next one.
    """

    asynchronous = False

    def __init__(self, given: Runner[Sync] | None) -> None:
        self._given = given

    @cached_property
    def _client(self) -> Runner[Sync]:
        return RealtimeKit(api_token=_NO_TOKEN) if self._given is None else self._given

    @property
    def settings(self) -> Settings:
        return self._client.settings

    def run(self, flow: Flow[Any], /) -> Any:
        try:
            return self._client.run(flow)
        finally:
            flow.close()


class AsyncKeyClient(Runner[Async]):
    """As KeyClient."""

    asynchronous = True

    def __init__(self, given: Runner[Async] | None) -> None:
        self._given = given

    @cached_property
    def _client(self) -> Runner[Async]:
        return AsyncRealtimeKit(api_token=_NO_TOKEN) if self._given is None else self._given

    @property
    def settings(self) -> Settings:
        return self._client.settings

    async def run(self, flow: Flow[Any], /) -> Any:
        try:
            return await self._client.run(flow)
        finally:
            flow.close()


class NoClient(Runner[Async]):
    """Stands in an async event that has no client: there is no default async client."""

    asynchronous = True

    @property
    def settings(self) -> Settings:
        raise ConfigurationError("this event has no client: use AsyncReceiver(client=...), or event.bind(client)")

    async def run(self, flow: Flow[Any], /) -> Any:
        flow.close()
        return self.settings
