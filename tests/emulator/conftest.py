"""One served emulator for each file of tests, reset after each test."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from realtimekit.emulator import Emulator

from .agents import Agents, InProcess, WebSocket
from .world import World

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture(scope="module")
def served() -> Iterator[World]:
    with Emulator() as emulator, emulator.serve() as server:
        yield World(emulator, server)


@pytest.fixture
def world(served: World) -> Iterator[World]:
    yield served
    served.emulator.reset()


@pytest.fixture(params=[WebSocket, InProcess])
def agents(request: pytest.FixtureRequest, world: World) -> Iterator[Agents]:
    agents = Agents(world, request.param)
    yield agents
    agents.close()
