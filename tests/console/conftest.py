"""One emulator, one archive of it, and a console on each, for all tests that only read."""

from __future__ import annotations

import io
import wave
from collections.abc import Generator, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any, NamedTuple

import pytest

from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.cli import demo_scenario
from realtimekit.console import Server, create_app
from realtimekit.emulator import Emulator
from realtimekit.emulator.remote import RemoteEmulator
from realtimekit.emulator.services import media
from realtimekit.transports.emulator import connected
from tests.archive.raw import put_session, update
from tests.conftest import settings_of
from tests.report.meeting import meet

from .browser import Plain, opened

RATE = 3000  # samples a second


def sound(seconds: float, *_: int) -> bytes:
    """Return silence as WAV, in which every browser can jump; the emulator's own video is one picture."""
    file = io.BytesIO()
    with wave.open(file, "wb") as written:
        written.setnchannels(1)
        written.setsampwidth(1)
        written.setframerate(RATE)
        written.writeframes(b"\x80" * round(RATE * seconds))
    return file.getvalue()


@dataclass
class World:
    """What the consoles show.

    Attributes:
        emulator: with the demo (sess-1) and a meeting of hostile people.
        hostile: the session of these.
        archive: of both.
        live, kept: clients of a console over the emulator and of one over the archive, which have opened their links.
    """

    emulator: Emulator
    hostile: str
    archive: Archive
    live: Plain
    kept: Plain


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[World]:
    with pytest.MonkeyPatch.context() as patch, Emulator(**demo_scenario.CREDENTIALS) as emulator:
        patch.setattr(media, "mp4", sound)
        emulator.next_ids.extend(demo_scenario.FIXED_IDS)
        client = RealtimeKit(**connected(emulator))
        demo_scenario.run(client, emulator)
        emulator.advance(demo_scenario.PROOF_TIME)
        archive = Archive(tmp_path_factory.mktemp("archive"))
        archive.sync(client)
        hostile = meet(emulator).session
        put_session(
            archive, hostile.id, hostile.started_at, session=dict(hostile._data),  # a copy would take seconds
            participants={"success": True, "data": {"participants": [one._data for one in hostile.participants]}},
            transcript=hostile.transcript.read(), chat=hostile.chat.read(), summary=hostile.summary.text(),
        )  # fmt: skip
        update(archive)
        with (
            emulator.serve() as api,
            client_of(emulator, api.base_url) as client,
            Server(create_app(client, control=RemoteEmulator(api.base_url))) as live,
            over(archive) as kept,
        ):
            yield World(emulator, hostile.id, archive, opened(live), opened(kept))


def client_of(emulator: Emulator, base_url: str, **options: Any) -> RealtimeKit:
    return RealtimeKit(**settings_of(emulator, base_url), **options)


class Controls(NamedTuple):
    """An emulator of its own, with a client of its API, and one of a console that controls it."""

    emulator: Emulator
    client: RealtimeKit
    plain: Plain


@contextmanager
def simulated() -> Generator[Controls]:
    with (
        Emulator() as emulator,
        emulator.serve() as api,
        client_of(emulator, api.base_url) as client,
        Server(create_app(client, control=RemoteEmulator(api.base_url))) as server,
    ):
        yield Controls(emulator, client, opened(server))


def over(archive: Archive) -> Server:
    """Return a console over an archive."""
    app = create_app(RealtimeKit(transport=archive.transport()), archive=archive)
    app.state.console.load()
    return Server(app)
