"""A pytest plugin for code that uses this package. pytest loads it wherever the package is installed.

    def test_who_was_there(realtimekit_emulator, realtimekit_client):
        meeting = realtimekit_client.meetings.create(title="Weekly")
        alice = meeting.participants.create(
            name="Alice", custom_participant_id="user-1", preset_name="group_call_host"
        )
        joined = realtimekit_emulator.join(meeting.id, alice.id)
        realtimekit_emulator.end(meeting.id)
        assert [p.display_name for p in Session.find(joined.session_id).participants] == ["Alice"]

Needs the extra `emulator`. No socket is used, unless a test uses `realtimekit_server`. For webhook services there is
`signed_delivery`: docs/testing-webhooks.md.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit.lazy import LazyModule

if TYPE_CHECKING:
    from realtimekit import AsyncRealtimeKit, RealtimeKit
    from realtimekit import emulator as emulators
    from realtimekit.emulator.server import Server
else:
    emulators = LazyModule("realtimekit.emulator")


@pytest.fixture
def realtimekit_emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[emulators.Emulator]:
    """A new emulator in this process. The default client (`Session.find(...)`) uses it during the test."""
    # Imported here, because pytest loads this file in every run, even if it is not used.
    from realtimekit import client, settings
    from realtimekit.emulator import Emulator
    from realtimekit.transports.emulator import connected

    with Emulator() as emulator:
        monkeypatch.setattr(settings, "_configured", dict(connected(emulator)))
        monkeypatch.setattr(client, "_default", None)
        yield emulator


@pytest.fixture
def realtimekit_async_client(realtimekit_emulator: emulators.Emulator) -> AsyncRealtimeKit:  # noqa: ARG001 - it configures
    """An async client of `realtimekit_emulator`."""
    from realtimekit import AsyncRealtimeKit

    return AsyncRealtimeKit()


@pytest.fixture
def realtimekit_client(realtimekit_emulator: emulators.Emulator) -> RealtimeKit:  # noqa: ARG001 - it configures
    """A client of `realtimekit_emulator`."""
    from realtimekit import RealtimeKit

    return RealtimeKit()


@pytest.fixture
def realtimekit_server(realtimekit_emulator: emulators.Emulator, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    """`realtimekit_emulator`, also over HTTP: the environment variables of the SDK point other processes to it."""
    from realtimekit.settings import ENVIRONMENT

    with realtimekit_emulator.serve() as server:
        monkeypatch.setenv(ENVIRONMENT["base_url"], server.base_url)
        for name in ("api_token", "account_id", "app_id"):
            monkeypatch.setenv(ENVIRONMENT[name], getattr(realtimekit_emulator, name))
        yield server


def signed_delivery(
    event: str | Mapping[str, Any],
    *,
    delivery_id: str | None = None,
    webhook_id: str | None = None,
    emulator: emulators.Emulator | None = None,
) -> tuple[bytes, dict[str, str]]:
    """Return the body and headers of a webhook delivery, to post to your service with the test client of its framework.

        body, headers = signed_delivery("meeting.ended")
        assert client.post("/webhooks", content=body, headers=headers).status_code == 200

    The emulator signs it, so a receiver that uses the same emulator accepts it.

    Args:
        event: the name of an event, for a sample about the newest meeting that had it (or a simulated one); or a whole
            event, as a dict with its name in "event".
        delivery_id: the header `rtk-uuid`; a new one by default.
        webhook_id: the header `rtk-webhook-id`; the same for all deliveries by default.
        emulator: the emulator that signs; by default that of the fixture `realtimekit_emulator`.

    Raises:
        ConfigurationError: there is no emulator, because the test uses none of the fixtures.
        HTTPError: 400, no event has this name.
        TypeError: the event is neither a name nor a dict.
    """
    from realtimekit import ConfigurationError, settings
    from realtimekit.transports.emulator import EmulatorTransport

    if emulator is None:
        transport = settings._configured.get("transport")
        if not isinstance(transport, EmulatorTransport):
            raise ConfigurationError("signed_delivery() needs the fixture realtimekit_emulator, or emulator=")
        emulator = transport.emulator
    return emulator.signed_delivery(event, delivery_id=delivery_id, webhook_id=webhook_id)
