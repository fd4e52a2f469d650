"""A served emulator with one session, for each file of tests."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import pytest

from realtimekit import RealtimeKit
from realtimekit.emulator import Emulator
from realtimekit.emulator.server import Server
from tests.conftest import settings_of

from .command import environment_for

if TYPE_CHECKING:
    from collections.abc import Iterator


class Served(NamedTuple):
    """A served emulator, and the environment that points commands at it."""

    emulator: Emulator
    server: Server
    env: dict[str, str]

    def client(self) -> RealtimeKit:
        return RealtimeKit(**settings_of(self.emulator, self.server.base_url), transport="httpcore2")

    def session(self, title: str | None, name: str, said: str, written: str, custom_id: str = "user-1") -> str:
        """Simulate a session with one participant, and return its id after it has ended."""
        with self.client() as client:
            meeting = client.meetings.create(
                title=title, live_stream_on_start=True, transcribe_on_end=True, summarize_on_end=True
            )
            person = meeting.participants.create(
                name=name, custom_participant_id=custom_id, preset_name="group_call_host"
            )
        joined = self.emulator.join(meeting.id, person.id)
        self.emulator.speak(joined.session_id, joined.peer_id, said, 1000, 2000)
        self.emulator.chat(joined.session_id, joined.peer_id, written)
        self.emulator.advance(60)
        session_id = self.emulator.end(meeting.id)
        self.emulator.advance(10)  # until its summary is ready
        return session_id


@pytest.fixture(scope="module")
def module_served() -> Iterator[Served]:
    with Emulator() as emulator, emulator.serve() as server:
        yield Served(emulator, server, environment_for(emulator, server))


@pytest.fixture
def served(module_served: Served) -> Iterator[Served]:
    yield module_served
    module_served.emulator.reset()
