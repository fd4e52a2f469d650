"""The ledger: what is still open, who is at work on it, which times are proven."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from realtimekit.archive import claims, layout
from realtimekit.archive.claims import LEASE, Claims
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.ledger import AT_ONCE, NEVER, Ledger, OpenSession, Window
from realtimekit.archive.store import Store
from realtimekit.archive.targets import open_store

NOW = datetime(2026, 11, 1, 12, 0, 0, tzinfo=UTC)
HOSTILE = [
    "plain",
    "",
    ".",
    "..",
    "../../etc/passwd",
    "a/b\\c",
    "a_b_c",
    "ü-漢字-🙂",
    "with space\nand line",
    "half \ud83d surrogate",
    "100%2F",
    "=equals",
    "talk#1",
    "CON",
    "x" * 300,
    "漢" * 300,
]


@pytest.fixture
def store(target: str) -> Store:
    return open_store(target, create=True)


# --- paths ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("id", HOSTILE)
def test_any_id_is_one_part_of_a_path_and_comes_back(store: Store, id: str) -> None:
    part = layout.encode_id(id)
    assert "/" not in part
    assert part not in {"", ".", ".."}
    assert len(part.encode()) <= layout.MAX_SEGMENT
    assert layout.is_digest(part) == (len(id) == 300)
    book = Ledger(store)
    entry = OpenSession(NEVER, AT_ONCE, "2026-11-01", id)
    book.open(entry)
    assert book.open_sessions() == [entry]
    assert book.is_open(entry)
    folder = layout.session_folder(id, "2026-11-01", id)
    store.put(f"{folder}/manifest.json", b"{}")
    assert store.folders(layout.day_folder(id, "2026-11-01")) == [folder]
    assert [found.path for found in store.entries(layout.RAW)] == [f"{folder}/manifest.json"]
    book.close(entry)
    assert book.open_sessions() == []


def test_different_ids_have_different_paths() -> None:
    assert len({layout.encode_id(id) for id in HOSTILE}) == len(HOSTILE)  # noqa: A001
    assert layout.encode_id("x" * 300) != layout.encode_id("x" * 301)


# --- open sessions ----------------------------------------------------------------------------------------------------


def test_the_earliest_deadline_comes_first_and_each_session_once() -> None:
    book = Ledger(open_store("memory://ledger-order"))
    hour = timedelta(hours=1)
    entries = [OpenSession(NOW + number * hour, NOW, "2026-11-01", f"s{number}") for number in (2, 0, 1)]
    for entry in [*entries, OpenSession(NEVER, AT_ONCE, "2026-11-01", "s0")]:
        book.open(entry)
    assert [entry.session_id for entry in book.open_sessions()] == ["s0", "s1", "s2"]


def test_reopening_at_the_same_second_does_not_close(store: Store) -> None:
    """Paths have seconds: two times that differ by less are one entry, which must stay."""
    book = Ledger(store)
    old = OpenSession(NOW, NOW, "2026-11-01", "s")
    book.open(old)
    book.reopen(old, old._replace(deadline=NOW + timedelta(milliseconds=3)))
    assert book.open_sessions() == [old]
    new = old._replace(next_check=NOW + timedelta(hours=1))
    book.reopen(old, new)
    assert book.open_sessions() == [new]


def test_a_foreign_file_in_the_ledger_is_named() -> None:
    store = open_store("memory://ledger-foreign")
    store.put(f"{layout.OPEN}/notes.txt", b"mine")
    with pytest.raises(ArchiveError, match=r"ledger/open/notes\.txt is not an entry of the ledger"):
        Ledger(store).open_sessions()


# --- windows ----------------------------------------------------------------------------------------------------------


def window(start: datetime, minutes: float, *, proven: bool = True) -> Window:
    return Window(start, start + timedelta(minutes=minutes), proven, 1, 1, 1, start, start)


def test_the_frontier_is_the_end_of_the_last_proven_window(store: Store) -> None:
    book = Ledger(store)
    assert book.proven_until() is None
    book.add_window(window(NOW, 60, proven=False))
    assert book.proven_until() is None
    book.add_window(window(NOW, 75))
    assert [found.end for found in book.windows()] == [NOW + timedelta(minutes=75)]  # in place of the vain one
    book.add_window(window(NOW + timedelta(minutes=75), 60, proven=False))
    book.add_window(window(NOW + timedelta(minutes=75), 90, proven=False))
    assert book.proven_until() == NOW + timedelta(minutes=75)
    assert len(book.windows()) == 3
    book.add_window(window(NOW + timedelta(minutes=75), 80))
    assert book.proven_until() == NOW + timedelta(minutes=155)
    assert len(book.windows()) == 2


def test_years_of_windows_cost_no_more_than_days(storage: Any) -> None:
    """A window a quarter of an hour: the proven time is found among the last days' windows, where one is added."""
    store = open_store("memory://ledger-years")
    book = Ledger(store)
    start = datetime.now(UTC) - timedelta(days=30)
    for number in range(30 * 24):
        store.put(window(start + timedelta(hours=number), 60).path, b"{}")  # nobody reads these
    last = window(start + timedelta(hours=30 * 24), 5)
    book.add_window(last)
    storage.clear()
    assert book.proven_until() == last.end.replace(microsecond=last.end.microsecond // 1000 * 1000)
    book.add_window(window(last.end, 60, proven=False))
    book.add_window(window(last.end, 90))
    assert storage.counts == {"list": 2, "get": 2, "put": 2, "delete": 1}


def test_a_window_that_is_replaced_while_others_read_is_no_error(monkeypatch: pytest.MonkeyPatch) -> None:
    store = open_store("memory://ledger-replaced")
    book = Ledger(store)
    book.add_window(window(NOW, 60, proven=False))
    monkeypatch.setattr(Store, "read", lambda *_: None)
    assert book.windows() == []
    assert book.proven_until() is None


# --- identity ---------------------------------------------------------------------------------------------------------


def test_an_archive_is_made_once(store: Store) -> None:
    book = Ledger(store)
    assert book.identity() is None
    made = book.create("account", "app", NOW)
    assert book.create("account", "app", NOW + timedelta(days=1)) == made == book.identity()
    with pytest.raises(ArchiveError, match="is the archive of app app, not of other: use another target"):
        book.create("account", "other", NOW)


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b'{"format": "realtimekit-archive", "version": 99, "app_id": "app"}', "has version 99, and this release"),
        (b'{"version": 1}', "is not that of an archive"),
        (b'{"format": "something", "version": 1, "app_id": "app"}', "is not that of an archive"),
        (b"[]", "is not that of an archive"),
        (b"half a fi", "is not that of an archive"),
        (b"", "is not that of an archive"),
        (b"\xff\xfe", "is not that of an archive"),
    ],
)
def test_what_is_no_archive(store: Store, content: bytes, message: str) -> None:
    store.put(layout.IDENTITY, content)
    for action in (Ledger(store).identity, lambda: Ledger(store).check("app")):
        with pytest.raises(ArchiveError, match=message) as caught:
            action()
        assert "\n" not in str(caught.value)
    assert store.read(layout.IDENTITY) == content


@pytest.mark.parametrize("path", ["thesis.doc", "photos/1.jpg"])
def test_a_folder_with_something_else_in_it(store: Store, path: str) -> None:
    store.put(path, b"mine")
    with pytest.raises(ArchiveError, match="is not empty and holds no archive"):
        Ledger(store).create("account", "app", NOW)
    assert [entry.path for entry in store.entries("")] == [path]


# --- claims -----------------------------------------------------------------------------------------------------------


class Clock:
    def __init__(self) -> None:
        self.time = NOW

    def now(self) -> datetime:
        return self.time


def test_a_session_is_claimed_by_one_only(store: Store) -> None:
    clock = Clock()
    first, second = Claims(store, clock.now), Claims(store, clock.now)
    assert first.acquire("s")
    assert not second.acquire("s")
    assert second.acquire("another")
    second.release("s")  # not its own
    assert not second.acquire("s")
    first.release("s")
    assert second.acquire("s")


def test_a_claim_is_renewed_and_taken_over_when_it_is_not(store: Store) -> None:
    clock = Clock()
    first, second = Claims(store, clock.now), Claims(store, clock.now)
    assert first.acquire("s")
    clock.time += LEASE
    first.renew()
    clock.time += LEASE
    assert not second.acquire("s")
    clock.time += timedelta(seconds=1)
    assert second.acquire("s")
    # The first was asleep: what it wakes up to is not its own any more.
    first.renew()
    first.release("s")
    assert not Claims(store, clock.now).acquire("s")
    second.renew()
    second.release("s")
    assert store.entries(layout.CLAIMS) == []


def test_the_claim_of_a_process_that_is_gone_from_this_machine_is_taken_over_at_once(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock = Clock()
    dead = subprocess.Popen([sys.executable, "-c", ""])
    dead.wait()
    with monkeypatch.context() as patch:
        patch.setattr(os, "getpid", lambda: dead.pid)
        assert Claims(store, clock.now).acquire("s")
        patch.setattr(claims, "_machine_id", lambda: "another machine, or container")
        assert Claims(store, clock.now).acquire("far")
    assert Claims(store, clock.now).acquire("s")
    assert not Claims(store, clock.now).acquire("far")  # process ids mean something else there


def test_a_claim_whose_response_was_lost_is_ones_own(store: Store, monkeypatch: pytest.MonkeyPatch) -> None:
    """Object storage wrote it, answered 503, was asked again, and then said that it exists."""
    claims = Claims(store, Clock().now)
    create = Store.create

    def unlucky(self: Store, path: str, content: bytes) -> bool:
        assert create(self, path, content)
        return create(self, path, content)

    monkeypatch.setattr(Store, "create", unlucky)
    assert claims.acquire("s")
    claims.release("s")
    assert store.entries(layout.CLAIMS) == []


def test_a_damaged_claim_holds_nobody_up(store: Store) -> None:
    store.put(f"{layout.CLAIMS}/s", b"half a cl")
    assert Claims(store, Clock().now).acquire("s")


def test_abandoned_claims_are_removed(store: Store) -> None:
    clock = Clock()
    assert Claims(store, clock.now).acquire("old")
    clock.time += LEASE + timedelta(seconds=1)
    assert Claims(store, clock.now).acquire("new")
    Claims(store, clock.now).remove_abandoned()
    assert [entry.path for entry in store.entries(layout.CLAIMS)] == [f"{layout.CLAIMS}/new"]
