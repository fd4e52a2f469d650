"""What every test can have: an environment of its own, and an emulator with a session to look at."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import realtimekit.client
import realtimekit.settings
from realtimekit import RealtimeKit
from realtimekit.cli import demo_scenario
from realtimekit.emulator import Emulator
from realtimekit.transports.emulator import connected


@pytest.fixture(autouse=True)
def _own_settings(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """No setting of the machine, and none of another test, reaches a test."""
    for variable in realtimekit.settings.ENVIRONMENT.values():
        monkeypatch.delenv(variable, raising=False)
    for variable in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "NO_PROXY", "SSL_CERT_FILE", "SSL_CERT_DIR"):
        monkeypatch.delenv(variable, raising=False)
        monkeypatch.delenv(variable.lower(), raising=False)
    monkeypatch.setattr(realtimekit.settings, "_configured", {})
    monkeypatch.setattr(realtimekit.client, "_default", None)
    yield
    if realtimekit.client._default is not None:
        realtimekit.client._default.close()


@dataclass
class Demo:
    """An emulator after the demo scenario: session sess-1 in app-1, peers peer-1 to peer-3."""

    emulator: Emulator
    base_url: str
    control_url: str

    @property
    def settings(self) -> dict[str, Any]:
        """What a client is made with."""
        return {
            "base_url": self.base_url,
            "api_token": self.emulator.api_token,
            "account_id": self.emulator.account_id,
            "app_id": self.emulator.app_id,
        }

    @property
    def environment(self) -> dict[str, str]:
        return {realtimekit.settings.ENVIRONMENT[name]: value for name, value in self.settings.items()}


@pytest.fixture
def demo() -> Iterator[Demo]:
    """The meeting's emulator, served over HTTP."""
    with Emulator(**demo_scenario.CREDENTIALS) as emulator:
        client = RealtimeKit(**connected(emulator))
        emulator.next_ids.extend(demo_scenario.FIXED_IDS)
        demo_scenario.run(client, emulator)
        assert not emulator.next_ids, "the scenario fixes every id that it makes"
        with emulator.serve() as server:
            yield Demo(emulator, server.base_url, server.control_url)


@pytest.fixture(params=["httpcore2", "pyreqwest"])
def transport(request: pytest.FixtureRequest) -> str:
    """Each transport of this package."""
    return str(request.param)


@pytest.fixture
def demo_environment(demo: Demo, monkeypatch: pytest.MonkeyPatch) -> Demo:
    """The environment points at the meeting's emulator."""
    for name, value in demo.environment.items():
        monkeypatch.setenv(name, value)
    return demo
