"""Fixtures: every test starts without settings, and nothing sleeps."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import realtimekit.client
from realtimekit.settings import ENVIRONMENT, _configured
from tests.sleeps import record_sleeps

from .scripted import Mode


@pytest.fixture(autouse=True)
def isolated(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Remove configured settings, environment variables and the default client, before and after the test."""
    for variable in ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)
    monkeypatch.setattr(realtimekit.client, "_default", None)
    before = dict(_configured)
    _configured.clear()
    yield
    _configured.clear()
    _configured.update(before)


@pytest.fixture(autouse=True)
def waits(monkeypatch: pytest.MonkeyPatch) -> list[float]:
    """The seconds of each sleep that was requested."""
    return record_sleeps(monkeypatch)


@pytest.fixture(params=[False, True], ids=["sync", "async"])
def mode(request: pytest.FixtureRequest) -> Mode:
    return Mode(asynchronous=request.param)
