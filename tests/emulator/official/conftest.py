"""The official `cloudflare` package, connected to the emulator, and a scene for its calls."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from cloudflare import Cloudflare

from tests.emulator.world import World

from .reading import Reader, options
from .scene import Scene


@pytest.fixture(scope="module")
def reader(served: World) -> Iterator[Reader]:
    with Cloudflare(**options(served, strict=True)) as strict, Cloudflare(**options(served, strict=False)) as lenient:
        yield Reader(strict.realtime_kit, lenient.realtime_kit)


@pytest.fixture
def scene(world: World) -> Scene:
    return Scene.played(world)
