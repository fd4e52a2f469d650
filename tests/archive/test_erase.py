"""A person is erased: nothing of them is left, in any file, and they do not come back."""

from __future__ import annotations

import contextlib
import copy
import io
import json
import os
import shutil
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.archive.claims import Claims
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.ledger import ChangedSession
from realtimekit.archive.tables.update import update_tables
from realtimekit.emulator import Emulator
from realtimekit.errors import ArtifactNotReadyError
from realtimekit.saving.manifest import State

from .traces import traces
from .worlds import HOUR, Held, World

ZOE, MAX = "user-zoe", "user-max"
WORDS = ("quagga", "okapi")  # what Zoe says, and writes


class Life(World):
    """Zoe meets Max twice, with other ids each time, and Max meets Ann."""

    def __init__(self, emulator: Emulator, target: object = None) -> None:
        super().__init__(emulator, target)
        self.first = self.meet("Zoe", "Max", summarize_on_end=True, record_on_start=True)
        self.second = self.meet("Max", "Zoe")
        self.other = self.meet("Max", "Ann")
        self.wait(2 * HOUR)

    def meet(self, *names: str, tracks: bool = True, **fields: Any) -> Held:
        meeting_id = self.meeting(transcribe_on_end=True, **fields)
        peers = [self.join(meeting_id, name) for name in names]
        if tracks:
            self.client.recordings.create_track(meeting_id=meeting_id, layers={"default": {}})
        self.wait(10)
        for number, (name, peer) in enumerate(zip(names, peers, strict=True)):
            spoken, written = WORDS if name == "Zoe" else (f"{name} says", f"{name} writes")
            self.emulator.speak(peer.session_id, peer.peer_id, f"a {spoken}", number * 1000, number * 1000 + 900)
            self.emulator.chat(peer.session_id, peer.peer_id, f"an {written}, really")
        self.wait(60)
        self.emulator.end(meeting_id)
        return Held(peers[0].session_id, meeting_id, peers)

    def ids_of(self, custom_id: str) -> list[str]:
        """Return all ids that a person has had, from the API."""
        ids = {custom_id}
        for session in self.client.sessions:
            for participant in session.participants:
                if participant.custom_participant_id == custom_id:
                    ids |= {str(participant.id), str(participant.user_id)}
        return sorted(ids)


@pytest.fixture(scope="module")
def base(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Life]:
    with Emulator() as emulator:
        life = Life(emulator, tmp_path_factory.mktemp("life") / "archive")
        assert life.sync().ok
        life.archive.search("quagga")  # makes the index
        yield life


@pytest.fixture
def life(base: Life, tmp_path: Path) -> Iterator[Life]:
    """The same life for all tests, each with a copy of the archive. Some add sessions to it."""
    life = copy.copy(base)
    life.archive = Archive(shutil.copytree(base.archive.target, tmp_path / "archive"))
    yield life
    life.emulator.clear_faults()


def assert_erased(life: World, ids: list[str], *, undecided: tuple[str, ...] = ()) -> None:
    """Check that nothing of Zoe is left but in these files, and that everything else is in order."""
    found = traces(life.archive, *ids, "Zoe", *WORDS)
    assert {path for path in found if not path.endswith(undecided or ("/nothing",))} == set(), found
    verified = life.archive.verify(deep=True)
    assert verified.ok, verified.problems


@pytest.mark.parametrize("kind", ["custom_participant_id", "user_id", "peer_id"])
@pytest.mark.parametrize("redact", [False, True])
def test_nothing_is_left(life: Life, kind: str, *, redact: bool) -> None:
    ids = life.ids_of(ZOE)
    assert len(ids) >= 5
    max_before = traces(life.archive, "Max says", "Max writes")
    participants = life.client.sessions.find(life.second.session_id).participants
    zoe = next(each for each in participants if each.display_name == "Zoe")
    given: Any = {"custom_participant_id": ZOE, "user_id": zoe.user_id, "peer_id": zoe.id}[kind]
    receipt = life.archive.erase(**{kind: given}, redact=redact, delete_summaries=True)
    assert receipt.sessions == 2
    assert receipt.deleted == 2 + 2 + 1  # reports, tracks, a summary
    assert_erased(life, ids)
    # One composite is left for somebody to decide on; the tracks of Max are his alone.
    (composite,) = receipt.undecided
    assert composite.startswith(f"session {life.first.session_id}: recordings/")
    assert composite.endswith(".mp4")
    assert len(traces(life.archive, "Max says", "Max writes")) >= len(max_before) - 2
    texts = sorted(row["text"] for row in life.archive.arrow("transcript_segments").to_pylist())
    assert texts.count("a Max says") == 3
    assert texts.count("[erased]") == (2 if redact else 0)
    names = [row["display_name"] for row in life.archive.arrow("participants").to_pylist()]
    assert sorted(names) == sorted([*["Ann"], *["Max"] * 3, *(["[erased]"] * 2 if redact else [])])
    assert life.archive.search("okapi") == []


def test_the_receipt_names_nobody(life: Life) -> None:
    receipt = life.archive.erase(custom_participant_id=ZOE)
    (path,) = [entry.path for entry in life.archive.store.entries("ledger/receipts")]
    content = json.loads(life.archive.store.read(path) or b"")
    assert content["sessions"] == receipt.sessions == 2
    text = json.dumps(content)
    for one in [*life.ids_of(ZOE), *life.ids_of(MAX), "Zoe", "Max", *WORDS]:
        assert one not in text
    assert "API" in content["platform"]
    assert sorted(line.rpartition("/")[2].rpartition(".")[2] for line in receipt.undecided) == [
        "mp4",
        f"session {life.first.session_id}: summary",
    ]


def test_composites_go_when_asked_and_tracks_of_others_stay(life: Life) -> None:
    receipt = life.archive.erase(custom_participant_id=ZOE, delete_composites=True)
    assert [line for line in receipt.undecided if "recordings/" in line] == []
    states = [
        (name.rpartition(".")[2], state)
        for held in (life.first, life.second)
        for name, state in life.states(held.session_id).items()
        if name.startswith("recordings/")
    ]
    assert states.count(("webm", "COPIED")) == 2  # Max's
    assert states.count(("mp4", "ERASED")) == 1
    # In the archive's answers, each link that is left leads to its own file, and that of the erased track to none.
    with RealtimeKit(transport=life.archive.transport()) as client:
        (recording,) = [each for each in client.recordings if each.session_id == life.second.session_id]
        sizes: list[int | None] = []
        for track in recording.tracks:
            file = io.BytesIO()
            with contextlib.suppress(ArtifactNotReadyError):
                track.download(file)
            sizes.append(len(file.getvalue()) or None)
    artifacts = life.manifest(life.second.session_id).artifacts.values()
    (copied,) = [a for a in artifacts if a.state is State.COPIED and a.name.endswith(".webm")]
    assert sizes == [copied.bytes]  # of Max


def test_the_person_does_not_come_back(life: Life) -> None:
    """Not in later sessions either, under new ids, nor with what appears late."""
    life.archive.erase(custom_participant_id=ZOE, delete_summaries=True, delete_composites=True)
    late = life.meet("Ann", "Zoe")
    life.fail(f"/sessions/{late.session_id}/chat", status=404, times=1)
    life.wait(60)
    life.sync()
    life.wait(2 * HOUR)
    assert life.sync().ok
    assert life.states(late.session_id)["chat"] == "COPIED"
    assert messages(life, late) == ["an Ann writes, really"]
    assert_erased(life, life.ids_of(ZOE))
    assert life.archive.erase(custom_participant_id=ZOE).changed == 0


def messages(life: World, held: Held) -> list[str]:
    with RealtimeKit(transport=life.archive.transport()) as client:
        return [str(message.payload) for message in client.sessions.find(held.session_id).chat.messages()]


def test_peers_that_were_still_to_come_are_copied_after_an_erasure(life: Life) -> None:
    """The participants' file has another name then."""
    held = life.meet("Max", "Zoe", "Ann")
    ann = next(p.id for p in life.client.sessions.find(held.session_id).participants if p.display_name == "Ann")
    life.fail(f"/peer-report/{ann}", status=500)
    life.wait(HOUR / 2)
    life.sync()
    assert life.state(held.session_id, f"peers/{ann}") is State.PENDING
    life.archive.erase(custom_participant_id=ZOE)
    life.emulator.clear_faults()
    life.wait(2 * HOUR)
    assert life.sync().ok
    assert life.state(held.session_id, f"peers/{ann}") is State.COPIED


def test_others_who_name_the_person_are_not_changed(life: Life) -> None:
    held = life.start("Max", meeting_id=life.meeting(transcribe_on_end=True))
    peer = held.peers[0]
    life.emulator.chat(peer.session_id, peer.peer_id, "ask Ann, she knows")
    life.emulator.end(held.meeting_id)
    life.wait(2 * HOUR)
    life.sync()
    life.archive.erase(custom_participant_id="user-ann")
    assert "ask Ann, she knows" in [row["payload"] for row in life.archive.arrow("chat_messages").to_pylist()]


def test_similar_ids_are_other_people(life: Life) -> None:
    """An id that is part of another, or of a file's name, is nobody else's."""
    for custom_id in ("user", "user-", "1", "webm", "default", life.first.meeting_id):
        receipt = life.archive.erase(custom_participant_id=custom_id)
        assert (receipt.sessions, receipt.changed, receipt.deleted) == (0, 0, 0)
    life.wait(HOUR)
    late = life.meet("Ann", "Max")
    life.wait(2 * HOUR)
    assert life.sync().ok
    assert "ERASED" not in life.states(late.session_id).values()


@pytest.mark.parametrize("given", [{}, {"custom_participant_id": "a", "peer_id": "b"}, {"user_id": ""}])
def test_one_id_must_be_given(life: Life, given: Any) -> None:
    with pytest.raises(ArchiveError, match="give one id of the person"):
        life.archive.erase(**given)
    with pytest.raises(ArchiveError, match="give one id of the person"):
        life.archive.export_subject(**given)


# --- at the same time as copies ---------------------------------------------------------------------------------------


def test_a_copy_that_began_before_the_tombstones_is_waited_for(life: Life) -> None:
    """Its sync has not heard of the erasure, and commits the person when the erasure has looked at the tables."""
    held = life.meet("Zoe", "Ann")
    life.wait(2 * HOUR)
    claimed, go_on = threading.Event(), threading.Event()

    def hold_up(_: object) -> None:
        claimed.set()
        assert go_on.wait(20)

    client = RealtimeKit(
        **life.settings, on_response=lambda e: hold_up(e) if "/chat" in str(e) and not claimed.is_set() else None
    )
    results: list[Any] = []
    sync = threading.Thread(target=lambda: results.append(Archive(life.archive.target).sync(client, concurrency=1)))
    sync.start()
    assert claimed.wait(20)
    erasing = threading.Thread(
        target=lambda: results.append(
            Archive(life.archive.target).erase(custom_participant_id=ZOE, delete_summaries=True, delete_composites=True)
        )
    )
    erasing.start()
    erasing.join(0.5)
    assert erasing.is_alive()
    go_on.set()
    sync.join(30)
    erasing.join(30)
    assert life.sync().ok
    assert len(results) == 2
    assert {manifest.session_id for manifest in life.archive.manifests()} >= {held.session_id}
    assert_erased(life, life.ids_of(ZOE))


def test_what_a_killed_copy_left_is_deleted(life: Life) -> None:
    """A session whose files are there, and whose manifest is not."""
    held = life.meet("Zoe", "Ann")
    life.wait(2 * HOUR)
    life.sync()
    manifest = life.manifest(held.session_id)
    folder = f"raw/app={manifest.app_id}/day={manifest.started_at:%Y-%m-%d}/session={held.session_id}"
    life.archive.store.delete([f"{folder}/manifest.json"])
    life.archive.store.put(
        f"ledger/open/99990101T000000Z_20000101T000000Z_{manifest.started_at:%Y-%m-%d}_{held.session_id}", b""
    )
    life.archive.rebuild()
    assert traces(life.archive, "quagga")
    life.archive.erase(custom_participant_id=ZOE, delete_summaries=True, delete_composites=True)
    assert traces(life.archive, *life.ids_of(ZOE), "Zoe", *WORDS) == {}
    assert life.sync().ok
    assert_erased(life, life.ids_of(ZOE))


def test_a_claim_of_a_process_that_is_gone_does_not_hold_up(life: Life) -> None:
    claims = Claims(life.archive.store, life.archive.ledger.now)
    claims._owner = claims._owner.replace(f":{os.getpid()}:", ":4194303:")
    assert claims.acquire(life.first.session_id)
    assert life.archive.erase(custom_participant_id=ZOE).sessions == 2
    assert life.archive.store.entries("ledger/claims") == []


def test_tables_stay_whole_while_others_update_them(life: Life) -> None:
    """An erasure deletes every file that no snapshot lists: not those of an update that is just being written."""
    stop = threading.Event()
    errors: list[BaseException] = []

    def update() -> None:
        archive = Archive(life.archive.target)
        try:
            while not stop.is_set():
                for manifest in [*archive.manifests()][:2]:
                    day = f"{manifest.started_at:%Y-%m-%d}"
                    archive.store.put(ChangedSession(day, manifest.revision, manifest.session_id).path, b"")
                update_tables(archive.store, archive.ledger, archive.ledger.now())
        except BaseException as error:
            errors.append(error)

    threads = [threading.Thread(target=update)]
    for thread in threads:
        thread.start()
    try:
        life.archive.erase(custom_participant_id=ZOE, delete_summaries=True, delete_composites=True)
    finally:
        stop.set()
        for thread in threads:
            thread.join(30)
    assert errors == []
    life.sync()
    assert_erased(life, life.ids_of(ZOE))
