"""A pytest plugin for code that uses this package. pytest loads it wherever the package is installed.

    def test_who_was_there(realtimekit_emulator, realtimekit_client):
        meeting = realtimekit_client.meetings.create(title="Weekly")
        alice = meeting.participants.create(
            name="Alice", custom_participant_id="user-1", preset_name="group_call_host"
        )
        joined = realtimekit_emulator.join(meeting.id, alice.id)
        realtimekit_emulator.end(meeting.id)
        assert [p.display_name for p in Session.find(joined.session_id).participants] == ["Alice"]

Needs the extra `emulator`. No socket is used; `realtimekit_emulator.serve()` starts a real server if a test needs
one.
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from realtimekit import AsyncRealtimeKit, RealtimeKit
    from realtimekit.emulator import Emulator


@pytest.fixture
def realtimekit_emulator(monkeypatch: pytest.MonkeyPatch) -> Iterator[Emulator]:
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
def realtimekit_async_client(realtimekit_emulator: Emulator) -> AsyncRealtimeKit:  # noqa: ARG001 - it configures
    """An async client of `realtimekit_emulator`."""
    from realtimekit import AsyncRealtimeKit

    return AsyncRealtimeKit()


@pytest.fixture
def realtimekit_client(realtimekit_emulator: Emulator) -> RealtimeKit:  # noqa: ARG001 - it configures
    """A client of `realtimekit_emulator`."""
    from realtimekit import RealtimeKit

    return RealtimeKit()
