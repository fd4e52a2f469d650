"""Clients in both modes over each transport, which record how long they would sleep instead of sleeping."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from functools import partial
from typing import Any, TypeVar

from realtimekit import APIConnectionError, AsyncRealtimeKit, RealtimeKit
from realtimekit.emulator import Emulator
from realtimekit.emulator.server import Server
from realtimekit.flow import Flow, Sleep
from realtimekit.transports.emulator import connected
from tests.conftest import settings_of

T = TypeVar("T")

CALLERS = [
    f"{mode} {transport}" for transport in ("httpcore2", "pyreqwest", "in process") for mode in ("sync", "async")
]


def awake(flow: Flow[T], waits: list[float]) -> Flow[T]:
    """Return the same flow, which records its sleeps instead of yielding them."""
    go_on: Any = partial(next, flow)
    while True:
        try:
            step = go_on()
        except StopIteration as stop:
            result: T = stop.value
            return result
        if isinstance(step, Sleep):
            waits.append(step.seconds)
            go_on = partial(flow.send, None)
            continue
        try:
            response = yield step
        except APIConnectionError as error:
            go_on = partial(flow.throw, error)
        else:
            go_on = partial(flow.send, response)


class Awake(RealtimeKit):
    waits: list[float]

    def run(self, flow: Flow[T], /) -> T:
        return super().run(awake(flow, self.waits))


class AsyncAwake(AsyncRealtimeKit):
    waits: list[float]

    async def run(self, flow: Flow[T], /) -> T:
        return await super().run(awake(flow, self.waits))


def unlimited_settings(emulator: Emulator, server: Server) -> dict[str, Any]:
    """Return the settings of a client whose limiter does not remember the 429 of one test in all others."""
    return {**settings_of(emulator, server.base_url), "limiter": "off"}


class Caller:
    """A client in either mode, used as a blocking one.

    Attributes:
        waits: the seconds that it wanted to sleep.
    """

    def __init__(self, name: str, emulator: Emulator, server: Server) -> None:
        mode, _, transport = name.partition(" ")
        self.name = name
        self.over_http = transport != "in process"
        settings: Any = connected(emulator)
        if self.over_http:
            settings = {**unlimited_settings(emulator, server), "transport": transport}
        self.waits: list[float] = []
        self._runner = asyncio.Runner()
        self.client: Any = (Awake if mode == "sync" else AsyncAwake)(**settings)
        self.client.waits = self.waits

    def at(self, base_url: str) -> Any:
        """Return the client with another base URL."""
        other = self.client.with_options(base_url=base_url)
        other.waits = self.waits
        return other

    def get(self, value: Any) -> Any:
        """Return the result of a call, awaited if necessary."""
        return self.run(value) if asyncio.iscoroutine(value) else value

    async def awaited(self, call: Callable[..., Any], **options: Any) -> Any:
        """Return the result of a call, inside a coroutine that `run` runs."""
        value = call(**options)
        return await value if asyncio.iscoroutine(value) else value

    def run(self, coroutine: Coroutine[Any, Any, T]) -> T:
        """Run a coroutine in the event loop that the client belongs to."""
        return self._runner.run(coroutine)

    def close(self) -> None:
        self.get(self.client.close())
        self._runner.close()
