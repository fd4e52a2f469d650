"""Final live transcripts are kept, and stand in where the platform's own transcript never comes."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Callable, Iterator
from datetime import timedelta
from typing import Any

import pytest
from click.testing import CliRunner

from realtimekit import AsyncRealtimeKit, RealtimeKit
from realtimekit.archive import Archive, layout, live_handler
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.live_transcripts import LIVE_TRANSCRIPT, LivePart, stage
from realtimekit.cli.commands import realtimekit
from realtimekit.emulator import Emulator
from realtimekit.live import Gap, connect
from realtimekit.resources.transcript import SuspectTranscriptWarning
from realtimekit.saving.manifest import State

from .storage import Storage
from .traces import traces
from .worlds import DAY, HOUR, World, objects

SAID = ["a quagga", "an okapi, Zoe"]
NOTE = "what a listener heard live"


class Life(World):
    """Zoe and Max talk, and an agent listens."""

    def __init__(self, emulator: Emulator, target: object = None) -> None:
        super().__init__(emulator, target)
        self.client.presets.where().first().update(permissions={"transcription_enabled": True})  # type: ignore[union-attr]

    def talk(self, meeting_id: str, events: Any = None) -> str:
        """Hold a session; the events are closed with it. Returns its id."""
        peers = [self.join(meeting_id, name) for name in ("Zoe", "Max")]
        for number, (peer, text) in enumerate(zip(peers, SAID, strict=True)):
            self.emulator.speak(peer.session_id, peer.peer_id, text, number * 1000, number * 1000 + 900)
        self.emulator.end(meeting_id)
        return peers[0].session_id

    def listen(self, **options: Any) -> Any:
        meeting = self.client.meetings.find(self.meeting(transcribe_on_end=True))
        self.meeting_id = meeting.id
        return meeting.listen(name="Notes bot", preset_name="group_call_host", **options)

    def heard(self, *, asynchronous: bool = False) -> str:
        """Hold a session to which an agent listens, and return its id."""
        if not asynchronous:
            with self.listen() as events:
                self.archive.live_handler(events)
                session_id = self.talk(self.meeting_id)
                assert [segment.text for segment in events.segments()] == SAID
            return session_id

        async def main() -> str:
            async with AsyncRealtimeKit(**self.settings) as client:
                meeting = await client.meetings.find(self.meeting(transcribe_on_end=True))
                async with meeting.listen(name="Notes bot", preset_name="group_call_host") as events:
                    self.archive.live_handler(events)
                    session_id = await asyncio.to_thread(self.talk, meeting.id)
                    assert [segment.text async for segment in events.segments()] == SAID
                return session_id

        return asyncio.run(main())

    def lose(self) -> None:
        """Copy everything when the platform has forgotten the transcripts."""
        self.wait(9 * DAY)
        assert not self.sync().failures

    def staged(self) -> list[str]:
        return [entry.path for entry in self.archive.store.entries(layout.LIVE)]

    def offered(self, session_id: str) -> list[str]:
        """Return what readers get, all marked as live or none."""
        client = RealtimeKit(transport=self.archive.transport())
        transcript = client.sessions.find(session_id).transcript
        rows = [row for row in self.archive.arrow("transcript_segments").to_pylist() if row["session_id"] == session_id]
        texts = [row["text"] for row in rows]
        if transcript.suspect is None:
            assert [segment.text for segment in transcript.segments()] == texts
            assert not any(row["live"] for row in rows)
        else:
            with pytest.warns(SuspectTranscriptWarning, match=NOTE):
                assert [segment.text for segment in transcript.segments()] == texts
            assert all(row["live"] for row in rows)
        return texts

    def note(self, session_id: str) -> str | None:
        client = RealtimeKit(transport=self.archive.transport())
        return client.sessions.find(session_id).transcript.suspect


@pytest.fixture
def life() -> Iterator[Life]:
    with Emulator() as emulator:
        yield Life(emulator)


# --- in place of the platform's ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("asynchronous", [False, True])
def test_it_stands_in_for_a_transcript_that_is_lost(target: str, asynchronous: bool) -> None:
    with Emulator() as emulator:
        life = Life(emulator, target)
        session_id = life.heard(asynchronous=asynchronous)
        assert len(life.staged()) == 1
        life.lose()
        assert not life.staged()
        assert life.state(session_id, "transcript") is State.LOST
        live = life.manifest(session_id).artifacts[LIVE_TRANSCRIPT]
        assert (live.state, live.source, live.reason) == (State.COPIED, "live", None)
        assert life.offered(session_id) == SAID
        assert life.note(session_id) == f"it is {NOTE}, because the platform's is LOST"
        (match,) = life.archive.search("okapi")
        assert (match.kind, match.live, match.speaker) == ("transcript", True, "Max")
        (problem,) = [found for found in life.archive.verify(deep=True).problems if "transcript" in found.where]
        assert (problem.kind, problem.text.partition("; ")[2]) == (
            "lost",
            f"last checked: never; {NOTE} stands in for it",
        )
        life.check_contents()


def test_all_formats_and_the_command_say_what_it_is(tmp_path: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with Emulator() as emulator:
        life = Life(emulator, tmp_path / "archive")
        session_id = life.heard()
        life.lose()
    client = RealtimeKit(transport=life.archive.transport())
    session = client.sessions.find(session_id)
    for form in ("CSV", "SRT", "VTT", "JSON"):
        transcript = session.transcript_as(form)
        assert b"quagga" in transcript.read()
        assert NOTE in str(transcript.suspect)
    result = CliRunner().invoke(
        realtimekit, ["sessions", "transcript", session_id, "--archive", life.archive.target, "--text"]
    )
    assert (result.exit_code, result.stdout) == (0, "Zoe: a quagga\nMax: an okapi, Zoe\n")
    assert result.stderr == f"transcript: it is {NOTE}, because the platform's is LOST\n"
    report = CliRunner().invoke(
        realtimekit,
        ["sessions", "report", session_id, "--archive", life.archive.target, "-o", str(tmp_path / "r.html")],
    )
    assert report.exit_code == 0, report.output
    assert NOTE in report.output


def test_an_empty_transcript_is_suspect_where_somebody_was_heard(life: Life) -> None:
    """Nothing else speaks against it here: the call quality shows no sound."""
    silent = {"success": True, "data": {"participant": {"peer_report": {"quality": {"audio_producer": []}}}}}
    life.fail("/peer-report/*", status=200, body=silent)
    life.fail("/files/*/transcript.json", status=200, body="")
    session_id = life.heard()
    life.wait(2 * HOUR)
    life.sync()
    assert life.state(session_id, "transcript") is State.SUSPECT_EMPTY
    assert life.offered(session_id) == SAID
    assert "SUSPECT_EMPTY" in str(life.note(session_id))
    # The platform has it after all.
    life.emulator.clear_faults()
    life.wait(DAY)
    life.sync()
    assert life.state(session_id, "transcript") is State.COPIED
    assert life.state(session_id, LIVE_TRANSCRIPT) is State.COPIED
    assert life.note(session_id) is None
    assert life.offered(session_id) == SAID


def test_the_platforms_transcript_comes_first(life: Life) -> None:
    session_id = life.heard()
    life.wait(2 * HOUR)
    assert life.sync().ok
    assert life.note(session_id) is None
    assert life.offered(session_id) == SAID
    assert not life.archive.search("quagga")[0].live
    assert life.archive.verify().ok


def test_one_that_is_not_there_yet_is_offered_too(life: Life) -> None:
    session_id = life.heard()
    life.fail("/transcript", status=404)
    life.wait(HOUR)
    life.sync()
    assert life.state(session_id, "transcript") is State.PENDING
    assert life.offered(session_id) == SAID


# --- keeping ----------------------------------------------------------------------------------------------------------


def test_it_is_written_while_the_meeting_goes_on(life: Life, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every two seconds; nobody has to leave for that, or to say more."""
    monkeypatch.setattr(live_handler, "INTERVAL", 0.0)
    with life.listen() as events:
        life.archive.live_handler(events)
        peer = life.join(life.meeting_id, "Zoe")
        life.emulator.speak(peer.session_id, peer.peer_id, SAID[0], 0, 900)
        assert next(events.segments()).text == SAID[0]
        wait_until(lambda: len(life.staged()) == 1)
        (note,) = life.archive.verify().notes
        assert note == "live transcripts of 1 session wait for its end, and the next sync"
    assert len(life.staged()) == 1  # partials are not kept, and nothing is twice


def test_what_was_read_is_kept_however_the_block_ends(life: Life) -> None:
    def fail() -> None:
        with life.listen() as events:
            life.archive.live_handler(events)
            life.talk(life.meeting_id)
            assert next(events.segments()).text == SAID[0]
            raise KeyError

    with pytest.raises(KeyError):
        fail()
    (path,) = life.staged()
    assert [each["sentence"] for each in json.loads(life.archive.store.read(path) or b"")["segments"]] == SAID[:1]


def test_a_canceled_task_keeps_it(life: Life) -> None:
    async def main() -> None:
        async with AsyncRealtimeKit(**life.settings) as client:
            read = asyncio.Event()

            async def listen(meeting: Any) -> None:
                async with meeting.listen(name="Notes bot", preset_name="group_call_host") as events:
                    life.archive.live_handler(events)
                    await asyncio.to_thread(life.talk, meeting.id)
                    async for _ in events.segments():
                        read.set()
                        await asyncio.Event().wait()

            meeting = await client.meetings.find(life.meeting(transcribe_on_end=True))
            task = asyncio.create_task(listen(meeting))
            await read.wait()
            task.cancel()
            with pytest.raises(asyncio.CancelledError):
                await task

    asyncio.run(main())
    assert len(life.staged()) == 1


def test_what_comes_after_the_session_was_copied_is_taken_by_the_next_sync(life: Life) -> None:
    with life.listen() as events:
        life.archive.live_handler(events)
        session_id = life.talk(life.meeting_id)
        life.lose()  # while the listener still has it in memory
        assert LIVE_TRANSCRIPT not in life.manifest(session_id).artifacts
        assert not life.archive.ledger.open_sessions()
        assert [segment.text for segment in events.segments()] == SAID
    for entry in life.archive.ledger.open_sessions():
        life.archive.ledger.close(entry)  # a sync was just closing it
    life.sync()
    assert life.offered(session_id) == SAID
    assert not life.archive.ledger.open_sessions()


def test_two_listeners_and_a_second_copy_change_nothing(life: Life) -> None:
    with (
        life.listen() as first,
        life.client.meetings.find(life.meeting_id).listen(name="Second", preset_name="group_call_host") as second,
    ):
        for events in (first, second):
            life.archive.live_handler(events)
        session_id = life.talk(life.meeting_id)
        for events in (first, second):
            assert len(list(events.segments())) == 2
    assert len(life.staged()) == 2
    left = {path: life.archive.store.read(path) or b"" for path in life.staged()}
    life.lose()
    before = life.content(session_id, LIVE_TRANSCRIPT)
    assert [each["sentence"] for each in json.loads(before)] == SAID
    for path, content in left.items():  # a sync was killed before it deleted them
        life.archive.store.put(path, content)
    life.sync()
    assert life.content(session_id, LIVE_TRANSCRIPT) == before
    assert not life.staged()


class KilledError(BaseException):
    """The program ends here."""


def test_a_sync_that_is_killed_at_any_write_loses_nothing(storage: Storage, life: Life) -> None:
    session_id = life.heard()
    life.lose()
    heard = life.content(session_id, LIVE_TRANSCRIPT)
    base = objects(life.archive)
    old = life.manifest(session_id).artifacts[LIVE_TRANSCRIPT].path
    more = json.dumps([{**json.loads(heard)[0], "sentence": "more", "startTime": 5000}])
    kills = 0
    while True:
        life.archive = Archive(f"memory://killed-{id(life)}-{kills}")
        for path, content in base.items():
            life.archive.store.put(path, content)
        day = layout.day_of(life.manifest(session_id).started_at)
        stage(
            life.archive.store,
            LivePart(session_id, day, json.loads(more), ["queue_overflow since then"]),
            life.archive.ledger.now(),
        )
        storage.clear()

        def kill(verb: str, path: str, at: int = kills) -> None:
            if verb in {"put", "delete"} and len(storage.writes) == at + 1:
                raise KilledError

        storage.before = kill
        try:
            life.sync(concurrency=1)
            ended = True
        except KilledError:
            ended = False
        finally:
            storage.before = lambda _verb, _path: None
        life.check_contents()  # whatever the manifest names is there, and whole
        life.sync()
        assert life.offered(session_id) == [*SAID, "more"]
        assert life.manifest(session_id).artifacts[LIVE_TRANSCRIPT].reason == "queue_overflow since then"
        assert not life.staged()
        if ended:
            break
        kills += 1
    assert kills > 8
    assert old is not None
    assert not [path for path in objects(life.archive) if path.endswith(old)]


def test_a_storage_that_refuses_is_tried_again(
    storage: Storage, life: Life, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setattr(live_handler, "INTERVAL", 0.0)
    monkeypatch.setattr(live_handler, "RETRY", 0.0)
    refused = threading.Event()

    def refuse(verb: str, path: str) -> None:
        if verb == "put" and path.startswith(layout.LIVE) and not refused.is_set():
            refused.set()
            raise OSError(28, "No space left on device")

    storage.before = refuse
    with caplog.at_level(logging.WARNING, "realtimekit"), life.listen() as events:
        life.archive.live_handler(events)
        life.talk(life.meeting_id)
        for _ in events.segments():
            pass
        wait_until(lambda: bool(life.staged()))
    assert "No space left on device" in caplog.text
    said = [each for path in life.staged() for each in json.loads(life.archive.store.read(path) or b"")["segments"]]
    assert sorted(each["sentence"] for each in said) == sorted(SAID)


def test_a_storage_that_refuses_to_the_end_is_an_error(storage: Storage, life: Life) -> None:
    def refuse(verb: str, path: str) -> None:
        if verb == "put" and path.startswith(layout.LIVE):
            raise OSError(28, "No space left on device")

    storage.before = refuse
    with pytest.raises(ArchiveError, match=r"^2 live transcripts could not be kept: .*No space left"):
        life.heard()


def test_gaps_are_told(life: Life) -> None:
    with life.listen() as events:
        handler = life.archive.live_handler(events)
        session_id = life.talk(life.meeting_id)
        event = next(iter(events))
        handler(
            Gap._from_data(
                {"reason": "queue_overflow", "since": "2026-11-29T10:00:00Z"}, "gap", event._session_info, life.client
            )
        )
        assert len(list(events.segments())) == 2
    life.lose()
    assert str(life.note(session_id)).endswith("; events may be missing: queue_overflow since 2026-11-29T10:00:00Z")
    assert any("queue_overflow since" in note for note in life.archive.verify().notes)


# --- people -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("copied", [False, True])
@pytest.mark.parametrize("redact", [False, True])
def test_a_person_is_erased(tmp_path: Any, copied: bool, redact: bool) -> None:
    with Emulator() as emulator:
        life = Life(emulator, tmp_path / "archive")
        session_id = life.heard()
        if copied:
            life.lose()
        assert life.archive.erase(custom_participant_id="user-zoe", redact=redact).changed
        assert not traces(life.archive, "quagga", "user-zoe")
        life.lose()
        assert not traces(life.archive, "quagga", "user-zoe")
        assert life.offered(session_id) == ["[erased]", SAID[1]][not redact :]
        assert life.archive.verify(deep=True).artifacts["LOST"]
        life.check_contents()


def test_a_person_who_was_erased_is_not_heard_again(life: Life) -> None:
    life.heard()
    life.archive.erase(custom_participant_id="user-zoe")
    session_id = life.heard()
    assert not traces(life.archive, "quagga")
    life.lose()
    assert life.offered(session_id) == SAID[1:]


def test_an_erasure_beside_a_listener_leaves_nothing(storage: Storage, life: Life) -> None:
    """It has listed what is there just before the listener writes more."""
    life.heard()
    erased = threading.Event()

    def erase(verb: str, path: str) -> None:
        if verb == "put" and path.startswith(f"{layout.LIVE}/") and not erased.is_set():
            erased.set()
            life.archive.erase(custom_participant_id="user-zoe")

    storage.before = erase
    life.heard()
    assert erased.is_set()
    assert not traces(life.archive, "quagga")


@pytest.mark.parametrize("copied", [False, True])
def test_what_a_person_said_is_handed_to_them(life: Life, copied: bool) -> None:
    session_id = life.heard()
    if copied:
        life.lose()
    found = life.archive.export_subject(custom_participant_id="user-zoe")
    if copied:
        assert found["sessions"][0]["live_transcript"] == [{"start_ms": 0, "text": SAID[0]}]
        assert found["live"] == []
    else:
        (live,) = found["live"]
        assert (live["session_id"], [each["sentence"] for each in live["transcript"]]) == (session_id, SAID[:1])
    assert "okapi" not in json.dumps(found)


def test_ids_that_only_a_live_transcript_links_are_one_person(life: Life) -> None:
    """Somebody is asked for by the id of a stay; the archive has not copied the session."""
    life.heard()
    (path,) = life.staged()
    segments = json.loads(life.archive.store.read(path) or b"")["segments"]
    peer_id = segments[0]["peerData"]["id"]
    life.archive.erase(peer_id=peer_id)
    session_id = life.heard()  # another stay of the same person
    life.lose()
    assert life.offered(session_id) == SAID[1:]


@pytest.mark.parametrize("kept", [[], ["transcript"]])
def test_it_expires_as_a_transcript(life: Life, kept: list[str]) -> None:
    session_id = life.heard()
    life.lose()
    life.archive.expire(timedelta(days=1), keep=["session", *kept])
    assert bool(traces(life.archive, "quagga")) == bool(kept)
    if kept:
        assert life.offered(session_id) == SAID
    assert life.archive.verify(deep=True).artifacts


@pytest.mark.parametrize("kept", [[], ["transcript"]])
def test_what_nobody_copied_expires_too(life: Life, kept: list[str]) -> None:
    life.heard()
    now = life.archive.ledger.now()
    life.archive.expire(timedelta(days=1), keep=kept, now=now)
    assert life.staged()
    life.archive.expire(timedelta(days=1), keep=kept, now=now + timedelta(days=2))
    assert bool(life.staged()) == bool(kept)


def test_an_export_without_people_hides_them(life: Life, tmp_path: Any) -> None:
    life.heard()
    life.lose()
    life.archive.export(tmp_path, file_format="jsonl", tables=["transcript_segments"], anonymize=True)
    (row, other) = map(json.loads, (tmp_path / "transcript_segments.jsonl").read_text().splitlines())
    assert (row["live"], other["live"]) == (True, True)
    assert row["speaker"] == row["peer_id"]
    assert other["text"] == f"an okapi, {row['speaker']}"


# --- damage and mistakes ----------------------------------------------------------------------------------------------


def test_damage_is_found_and_hinders_nothing_else(life: Life) -> None:
    session_id = life.heard()
    (path,) = life.staged()
    life.archive.store.put(path, (life.archive.store.read(path) or b"").replace(b"quagga", b"quaggb"))
    assert [(found.kind, found.where) for found in life.archive.verify().problems] == [("damaged", path)]
    life.wait(9 * DAY)
    result = life.sync()
    assert any("checksum is wrong" in failure for failure in result.failures)
    assert life.state(session_id, "session") is State.COPIED
    assert life.staged() == [path]
    assert life.archive.erase(custom_participant_id="user-zoe").changed
    assert not life.staged()  # nobody could tell who was in it


def test_a_live_transcript_that_is_damaged_is_found(life: Life) -> None:
    session_id = life.heard()
    life.lose()
    manifest = life.manifest(session_id)
    folder = layout.session_folder(manifest.app_id, layout.day_of(manifest.started_at), session_id)
    life.archive.store.put(f"{folder}/{manifest.artifacts[LIVE_TRANSCRIPT].path}", b"{")
    assert "damaged" in [problem.kind for problem in life.archive.verify().problems]
    life.archive.rebuild()  # without its rows
    assert life.archive.arrow("transcript_segments").to_pylist() == []


def test_mistakes_are_one_error_each(life: Life, tmp_path: Any) -> None:
    events: Any = object()
    with pytest.raises(TypeError, match=r"^events must be what `with meeting\.listen\(\.\.\.\) as events` gives"):
        life.archive.live_handler(events)
    other = Archive(tmp_path / "other")
    other.ledger.create("account", "another-app", life.archive.ledger.now())
    with life.listen() as events, pytest.raises(ArchiveError, match="is the archive of app another-app"):
        other.live_handler(events)
    participant = life.client.meetings.find(life.meeting_id).participants.create(
        name="b", custom_participant_id="b", preset_name="group_call_host"
    )
    with (
        life.emulator.serve() as server,
        connect(participant.token.reveal(), agent_url=server.agent_url) as events,
        pytest.raises(ArchiveError, match="there is no archive at"),
    ):
        life.archive.live_handler(events)


def wait_until(condition: Callable[[], bool]) -> None:
    woken = threading.Event()
    for _ in range(1000):
        if condition():
            return
        woken.wait(0.01)
    raise AssertionError("it did not happen")
