"""Nights with an emulator: a good one, and bad ones."""

from __future__ import annotations

import configparser
import shutil
import threading
from pathlib import Path

import pytest
from realtimekit import RealtimeKit
from realtimekit.archive import Archive
from realtimekit.emulator import Emulator

import nightly


@pytest.fixture
def target(realtimekit_emulator: Emulator, realtimekit_client: RealtimeKit, tmp_path: Path) -> Path:
    """Where to archive the one session that there was, yesterday."""
    meeting = realtimekit_client.meetings.create(title="Weekly", transcribe_on_end=True)
    alice = meeting.participants.create(name="Alice", custom_participant_id="user-1", preset_name="group_call_host")
    peer = realtimekit_emulator.join(meeting.id, alice.id)
    realtimekit_emulator.speak(peer.session_id, peer.peer_id, "We ship on Friday", start_ms=0, end_ms=1500)
    realtimekit_emulator.advance(60)
    realtimekit_emulator.end(meeting.id)
    realtimekit_emulator.advance(24 * 3600)
    return tmp_path / "meetings"


def test_a_good_night(target: Path, tmp_path: Path) -> None:
    metrics = tmp_path / "meetings.prom"
    assert nightly.main([str(target), "--metrics", str(metrics)]) == nightly.OK
    assert nightly.main([str(target), "--metrics", str(metrics)]) == nightly.OK, "nothing is new"
    (segment,) = Archive(target).arrow("transcript_segments", ["speaker", "text"]).to_pylist()
    assert segment == {"speaker": "Alice", "text": "We ship on Friday"}
    lines = metrics.read_text().splitlines()
    assert {"nightly_archive_exit_code 0", "realtimekit_archive_sessions 1"} <= {*lines}
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == ["meetings.prom"]


def test_what_is_damaged_is_named(target: Path, caplog: pytest.LogCaptureFixture) -> None:
    nightly.main([str(target)])
    shutil.rmtree(next(target.glob("raw/*/*")))
    assert nightly.main([str(target)]) == nightly.PROBLEMS
    assert "missing: " in caplog.text


def test_an_outage_is_worth_another_try(
    target: Path, tmp_path: Path, realtimekit_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    realtimekit_emulator.add_fault(status=429, headers={"Retry-After": "300"})
    metrics = tmp_path / "meetings.prom"
    assert nightly.main([str(target), "--metrics", str(metrics)]) == nightly.TRY_AGAIN
    assert "429" in caplog.text
    assert "nightly_archive_exit_code 75" in metrics.read_text()
    realtimekit_emulator.clear_faults()
    assert nightly.main([str(target), "--metrics", str(metrics)]) == nightly.OK


def test_a_token_that_is_not_valid_is_not(
    target: Path, realtimekit_emulator: Emulator, caplog: pytest.LogCaptureFixture
) -> None:
    realtimekit_emulator.add_fault(status=401)
    assert nightly.main([str(target)]) == nightly.CONFIGURATION
    assert "401" in caplog.text


def test_a_night_that_is_stopped_is_not_over(target: Path) -> None:
    stop = threading.Event()
    stop.set()  # as SIGTERM does
    assert nightly.archive_and_verify(str(target), stop) == nightly.TRY_AGAIN


def test_without_a_target(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.delenv("REALTIMEKIT_ARCHIVE", raising=False)
    with pytest.raises(SystemExit, match="2"):
        nightly.main([])
    assert "REALTIMEKIT_ARCHIVE" in capsys.readouterr().err


def test_the_service_tries_again_only_what_is_worth_it() -> None:
    service = configparser.RawConfigParser(strict=False)
    service.read(Path(__file__).with_name("nightly-archive.service"))
    final = {int(code) for code in service["Service"]["RestartPreventExitStatus"].split()}
    assert {nightly.PROBLEMS, nightly.CONFIGURATION} <= final
    assert nightly.TRY_AGAIN not in final
