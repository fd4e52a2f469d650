"""An emulator whose sessions are archived, and what an archive of it holds."""

from __future__ import annotations

import hashlib
import itertools
import json
from typing import TYPE_CHECKING, Any, NamedTuple

from realtimekit import RealtimeKit
from realtimekit.archive import Archive, layout
from realtimekit.archive.compression import decompressed
from realtimekit.archive.sync_result import SyncResult
from realtimekit.emulator import Emulator, Peer
from realtimekit.interfaces import Transport
from realtimekit.saving.manifest import Manifest, State
from realtimekit.transports.emulator import connected

if TYPE_CHECKING:
    from collections.abc import Iterable

MINUTE, HOUR, DAY = 60.0, 3600.0, 86400.0


class Held(NamedTuple):
    """A session that was held."""

    session_id: str
    meeting_id: str
    peers: list[Peer]


class World:
    """An emulator in this process, its client, and an archive in memory that nobody else uses (or any other)."""

    _numbers = itertools.count()

    def __init__(self, emulator: Emulator, target: object = None, **settings: Any) -> None:
        self.emulator = emulator
        self.settings: dict[str, Any] = {**connected(emulator), "max_retries": 0, **settings}
        self.client = RealtimeKit(**self.settings)
        self.archive = Archive(str(target) if target else f"memory://test-{next(World._numbers)}")

    def client_with(self, **changes: Any) -> RealtimeKit:
        """Return a client with other settings."""
        settings: dict[str, Any] = {**self.settings, **changes}
        return RealtimeKit(**settings)

    @property
    def transport(self) -> Transport:
        """What the client sends with."""
        transport: Transport = self.settings["transport"]
        return transport

    # --- what happens at the platform

    def meeting(self, **fields: Any) -> str:
        given: dict[str, Any] = {"title": "Planning", **fields}
        return str(self.client.meetings.create(**given).id)

    def join(self, meeting_id: str, name: str = "Alice") -> Peer:
        meeting = self.client.meetings.find(meeting_id)
        participant = meeting.participants.create(
            name=name, custom_participant_id=f"user-{name.lower()}", preset_name="group_call_host"
        )
        return self.emulator.join(meeting_id, participant.id)

    def start(self, *names: str, meeting_id: str | None = None, **fields: Any) -> Held:
        """Begin a session: the first participant says and writes something."""
        meeting_id = meeting_id or self.meeting(**fields)
        peers = [self.join(meeting_id, name) for name in names or ("Alice",)]
        first = peers[0]
        self.emulator.speak(first.session_id, first.peer_id, "Good morning", 0, 1000)
        self.emulator.chat(first.session_id, first.peer_id, "a message")
        return Held(first.session_id, meeting_id, peers)

    def hold(self, *names: str, minutes: float = 5, **fields: Any) -> Held:
        """Hold a session of so many minutes, with everything that a session can leave behind."""
        whole: dict[str, Any] = {"transcribe_on_end": True, "summarize_on_end": True, "record_on_start": True, **fields}
        held = self.start(*names, **whole)
        self.emulator.advance(minutes * 60)
        self.emulator.end(held.meeting_id)
        return held

    def wait(self, seconds: float) -> None:
        self.emulator.advance(seconds)

    # --- the archive

    def sync(self, **options: Any) -> SyncResult:
        return self.archive.sync(self.client, **options)

    def manifest(self, session_id: str) -> Manifest:
        (found,) = [manifest for manifest in self.archive.manifests() if manifest.session_id == session_id]
        return found

    def states(self, session_id: str) -> dict[str, str]:
        """Return the state of each artifact, by its name."""
        return {name: found.state.value for name, found in self.manifest(session_id).artifacts.items()}

    def state(self, session_id: str, name: str) -> State:
        return self.manifest(session_id).artifacts[name].state

    def content(self, session_id: str, name: str) -> bytes:
        manifest = self.manifest(session_id)
        folder = layout.session_folder(manifest.app_id, layout.day_of(manifest.started_at), session_id)
        file = manifest.artifacts[name].path
        assert file is not None, manifest.artifacts[name]
        found = self.archive.store.read(f"{folder}/{file}")
        assert found is not None
        return decompressed(found) if file.endswith(".zst") else found

    def check_contents(self) -> int:
        """Check every object that a manifest names, and return how many there are."""
        count = 0
        for manifest in self.archive.manifests():
            for name, artifact in manifest.artifacts.items():
                if artifact.path is not None:
                    content = self.content(manifest.session_id, name)
                    assert (len(content), hashlib.sha256(content).hexdigest()) == (artifact.bytes, artifact.sha256)
                    count += 1
        return count

    # --- requests

    def requests(self, since: int = 0) -> list[str]:
        """Return the paths of the requests to the API so far, below the app, and of files."""
        app = f"/accounts/{self.emulator.account_id}/realtime/kit/{self.emulator.app_id}"
        return [entry["path"].removeprefix("/client/v4").removeprefix(app) for entry in self.log()[since:]]

    def log(self) -> list[dict[str, Any]]:
        return self.emulator.requests()

    def requests_of(self, **options: Any) -> tuple[SyncResult, list[str]]:
        """Sync, and return the result and the requests that it sent."""
        before = len(self.log())
        result = self.sync(**options)
        return result, self.requests(before)

    def fail(self, path: str, **fault: Any) -> None:
        """Let requests to a path below the app fail; `*` in it stands for anything."""
        self.emulator.add_fault(path=f"*{path}", **fault)


def objects(archive: Archive) -> dict[str, bytes]:
    """Return all objects of an archive."""
    return {entry.path: archive.store.read(entry.path) or b"" for entry in archive.store.entries("")}


TIMES = ("checked_at", "saved_at", "read_at", "revision", "created_at", "erasure_key", "checksum")


def comparable(archive: Archive) -> dict[str, Any]:
    """Return all objects of an archive, without what differs between two that hold the same."""
    return {
        path: _timeless(json.loads(content)) if path.endswith(("manifest.json", "archive.json")) or "windows/" in path
        else content
        for path, content in objects(archive).items()
        if not path.startswith(("tables/", "ledger/changed/"))  # made of the others; what is still to be made
    }  # fmt: skip


def _timeless(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _timeless(child) for name, child in value.items() if name not in TIMES}
    return [_timeless(child) for child in value] if isinstance(value, list) else value


def below(paths: Iterable[str], part: str) -> list[str]:
    return [path for path in paths if part in path]
