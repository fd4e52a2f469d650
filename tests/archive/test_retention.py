"""Retention rules: what is older goes, what is kept stays, and nothing comes back."""

from __future__ import annotations

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from realtimekit.archive.errors import ArchiveError
from realtimekit.emulator import Emulator
from tests.cli.command import environment, invoke, invoke_ok

from .traces import traces
from .worlds import DAY, HOUR, Held, World


class Aged(World):
    """A session of a hundred days ago, and one of today."""

    def __init__(self, emulator: Emulator, target: object) -> None:
        super().__init__(emulator, target)
        self.old: Held = self.hold("Ann", title="Quagga")
        self.wait(2 * HOUR)
        assert self.sync().ok
        self.wait(100 * DAY)
        self.new: Held = self.hold("Max", title="Okapi")
        self.wait(2 * HOUR)
        assert self.sync().ok
        self.archive.search("morning")


@pytest.fixture
def aged(tmp_path: Path) -> Iterator[Aged]:
    with Emulator() as emulator:
        yield Aged(emulator, tmp_path / "archive")


def test_what_is_older_goes(aged: Aged) -> None:
    """The clock is the platform's: this machine's is a hundred days behind."""
    receipt = aged.archive.expire(timedelta(days=90))
    assert receipt.sessions == 1
    assert receipt.deleted == 9
    assert set(aged.states(aged.old.session_id).values()) == {"EXPIRED"}
    assert "EXPIRED" not in aged.states(aged.new.session_id).values()
    ids = [peer.peer_id for peer in aged.old.peers]
    assert traces(aged.archive, *ids, "user-ann", "Quagga") == {}
    assert [row["title"] for row in aged.archive.arrow("sessions").to_pylist()] == ["Okapi"]
    assert aged.archive.verify(deep=True).ok
    assert aged.archive.expire(timedelta(days=90)).deleted == 0
    assert aged.sync().ok


def test_what_is_kept_stays(aged: Aged) -> None:
    printed = json.loads(
        invoke_ok(
            "archive", "expire", aged.archive.target, "--after", "90d", "--keep", "transcript", "--keep", "session",
            "--yes", "--json", env=environment(),
        )
    )  # fmt: skip
    assert printed["sessions"] == 1
    states = aged.states(aged.old.session_id)
    assert {name for name, state in states.items() if state == "COPIED"} == {"transcript", "session"}
    assert [match.session_id for match in aged.archive.search("morning", limit=9) if match.title == "Quagga"] == [
        aged.old.session_id
    ]
    assert aged.archive.verify(deep=True).ok


def test_what_expired_does_not_come_back(aged: Aged) -> None:
    """Not with a session that is still looked at, nor with a webhook that comes late."""
    held = aged.hold("Zoe", title="Tapir")
    aged.fail(f"/{held.session_id}/transcript", status=404)
    aged.wait(HOUR / 2)
    aged.sync()
    aged.wait(2 * DAY)
    aged.sync()
    assert aged.states(held.session_id)["transcript"] == "PENDING"
    aged.archive.expire(timedelta(days=1), keep=["transcript"])
    aged.emulator.clear_faults()
    aged.wait(3 * DAY)
    assert aged.sync().ok
    states = aged.states(held.session_id)
    assert states.pop("transcript") == "COPIED"
    assert set(states.values()) == {"EXPIRED"}
    assert aged.manifest(held.session_id).title is None
    assert aged.archive.verify(deep=True).ok


def test_wrong_usage(aged: Aged) -> None:
    with pytest.raises(ArchiveError, match="use any of session, meeting"):
        aged.archive.expire(timedelta(days=1), keep=["chats"])
    with pytest.raises(ArchiveError, match="must be positive"):
        aged.archive.expire(timedelta(0))
    result = invoke("archive", "expire", aged.archive.target, "--after", "90d", env=environment())
    assert result.exit_code != 0  # nobody confirmed
    assert "EXPIRED" not in aged.states(aged.old.session_id).values()
    assert invoke("archive", "erase", aged.archive.target, "--yes", env=environment()).exit_code == 2
