"""`realtimekit archive`: what ends `sync --every` and what does not, and wrong usage."""

from __future__ import annotations

import signal
import threading
import time
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result

from realtimekit.archive import ArchiveError
from realtimekit.archive.sync_result import SyncResult
from realtimekit.cli import archive_sync
from realtimekit.cli.archive_sync import _stopped_by_signals, _wait

from .command import environment, invoke


def test_a_signal_in_another_thread_ends_the_wait() -> None:
    before = signal.getsignal(signal.SIGTERM)

    def send() -> None:
        time.sleep(0.2)
        signal.pthread_kill(threading.get_ident(), signal.SIGTERM)

    with _stopped_by_signals() as stop:
        sender = threading.Thread(target=send)
        sender.start()
        started = time.monotonic()
        assert _wait(stop, 30)
        assert time.monotonic() - started < 10
        sender.join()
    assert signal.getsignal(signal.SIGTERM) == before


def test_without_a_signal_it_waits_for_so_long() -> None:
    with _stopped_by_signals() as stop:
        started = time.monotonic()
        assert not _wait(stop, 0.1)
        assert time.monotonic() - started >= 0.1
        assert not _wait(stop, -1)


DONE = SyncResult(0, 0, 0, 0, 0, 0, {}, 0, [], [], None, interrupted=False)
FULL = ArchiveError("meetings: cannot write raw/x: No space left on device")
SETTINGS = {"CLOUDFLARE_API_TOKEN": "t", "CLOUDFLARE_ACCOUNT_ID": "a", "REALTIMEKIT_APP_ID": "b"}


def sync_every(
    monkeypatch: pytest.MonkeyPatch,
    target: Path,
    *outcomes: SyncResult | ArchiveError,
    arguments: Sequence[str] = (),
    since: list[datetime | None] | None = None,
) -> Result:
    """Run `--every` until there are no more outcomes of its syncs, which are prepared; `since` gets that of each."""
    left = list(outcomes)

    def sync_once(*given: Any) -> SyncResult:
        if since is not None:
            since.append(given[-1].get("since"))
        outcome = left.pop(0)
        if isinstance(outcome, ArchiveError):
            raise outcome
        return outcome

    monkeypatch.setattr(archive_sync, "_sync_once", sync_once)
    monkeypatch.setattr(archive_sync, "_wait", lambda *_: not left)
    return invoke("archive", "sync", str(target), "--every", "15m", *arguments, env=environment(**SETTINGS))


def test_a_storage_that_is_out_of_order_later_does_not_end_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = sync_every(monkeypatch, tmp_path / "a", DONE, FULL, DONE)
    assert (result.exit_code, result.stdout.count("0 new")) == (0, 2)
    assert result.stderr == f"{FULL}; the next sync is in 0:15:00\n"


def test_an_earlier_start_is_listed_until_a_sync_succeeds(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    since: list[datetime | None] = []
    failed = DONE._replace(failures=["s1: the network is down"])
    arguments = ["--since", "2026-06-01"]
    sync_every(monkeypatch, tmp_path / "a", failed, DONE, DONE, arguments=arguments, since=since)
    first = datetime(2026, 6, 1, tzinfo=UTC)
    assert since == [first, first, None]


def test_a_target_that_never_worked_ends_it(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    result = sync_every(monkeypatch, tmp_path / "a", FULL, DONE)
    assert (result.exit_code, result.stdout, result.stderr) == (1, "", f"Error: {FULL}\n")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["erase", "--yes"], "give one id of the person: --custom-participant-id, --user-id or --peer-id"),
        (["erase", "--user-id", "a", "--peer-id", "b"], "give one id of the person"),  # and does not ask
        (["export-subject"], "give one id of the person"),
        (["expire", "--after", "1d", "--keep", "nothing"], "Invalid value for '--keep': 'nothing' is not one of"),
        (["sync", "--workers", "0"], "Invalid value for '--workers': '0' is not a whole number above 0\n"),
        (["export", "-o", "x", "--table", "nope"], "there is no table 'nope': use any of sessions, "),
    ],
)
def test_wrong_usage_changes_nothing(arguments: list[str], message: str, tmp_path: Path) -> None:
    result = invoke("archive", *arguments, env=environment(REALTIMEKIT_ARCHIVE=str(tmp_path), **SETTINGS))
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr
    assert list(tmp_path.iterdir()) == []
