"""The database file: foreign files, concurrent use, and atomic changes."""

from __future__ import annotations

import gc
import sqlite3
from typing import TYPE_CHECKING, Any

import pytest

from realtimekit import RealtimeKit, ServerError
from realtimekit.emulator import Emulator, HTTPError
from realtimekit.transports.emulator import connected

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

CREDENTIALS: dict[str, Any] = {"account_id": "acc", "app_id": "app", "api_token": "emulator-x"}


def test_credentials_stay_and_others_are_refused(tmp_path: Path) -> None:
    file = tmp_path / "kit.db"
    with Emulator(file, api_token="one") as first:
        app_id = first.app_id
    ways: list[dict[str, Any]] = [{}, {"api_token": "one"}, {"app_id": app_id}]
    for given in ways:
        with Emulator(file, **given) as again:
            assert (again.api_token, again.app_id) == ("one", app_id)
    with pytest.raises(ValueError, match="the file already has another account_id and api_token") as caught:
        Emulator(file, api_token="two", account_id="x")
    assert "one" not in str(caught.value)
    with Emulator(file) as after:
        assert after.api_token == "one"


def test_one_emulator_at_a_time(tmp_path: Path) -> None:
    file = tmp_path / "kit.db"
    with Emulator(file):
        for _ in range(2):
            with pytest.raises(ValueError, match="another emulator is using it"):
                Emulator(file)
    Emulator(file).close()


def other_program(database: sqlite3.Connection) -> None:
    database.execute("create table meetings (who text)")


def older_version(database: sqlite3.Connection) -> None:
    database.execute("create table meetings (who text)")
    database.execute("pragma application_id = 0x52544B45")
    database.execute("pragma user_version = 1")


@pytest.mark.parametrize("make", [other_program, older_version])
def test_a_file_of_something_else_is_left_alone(tmp_path: Path, make: Any) -> None:
    file = tmp_path / "users.db"
    database = sqlite3.connect(file)
    make(database)
    database.commit()
    database.close()
    before = file.read_bytes()
    with pytest.raises(ValueError, match="not a database of this version of the emulator"):
        Emulator(file)
    assert file.read_bytes() == before


@pytest.mark.parametrize("interruption", [KeyboardInterrupt, MemoryError, RuntimeError])
def test_an_interrupted_change_is_rolled_back(
    monkeypatch: pytest.MonkeyPatch, interruption: type[BaseException]
) -> None:
    with Emulator() as emulator:
        client = RealtimeKit(**connected(emulator))
        meeting = client.meetings.create(title="kept")
        person = meeting.participants.create(custom_participant_id="a", preset_name="group_call_host")
        insert = emulator.world.store.insert

        def interrupted(table: str, row: dict[str, Any]) -> None:
            insert(table, row)
            raise interruption

        with monkeypatch.context() as patch:
            patch.setattr(emulator.world.store, "insert", interrupted)
            with pytest.raises(Exception if issubclass(interruption, Exception) else interruption):
                client.meetings.create(title="lost")
            with pytest.raises(interruption):
                emulator.join(meeting.id, person.id)
        assert client.meetings.count() == 1
        assert client.sessions.count() == 0
        emulator.advance(1)
        emulator.join(meeting.id, person.id)
        assert client.sessions.count() == 1


@pytest.mark.parametrize(
    ("change", "part", "name"),
    [
        (lambda emulator: emulator.advance(60), "webhooks", "wake"),
        (lambda emulator: emulator.reset(), "faults", "clear"),
    ],
    ids=["advance", "reset"],
)
def test_the_clock_is_rolled_back_with_the_store(
    monkeypatch: pytest.MonkeyPatch, change: Callable[[Emulator], object], part: str, name: str
) -> None:
    def interrupted() -> None:
        raise KeyboardInterrupt

    with Emulator() as emulator:
        emulator.advance(3600)
        with monkeypatch.context() as patch:
            patch.setattr(getattr(emulator.services, part), name, interrupted)
            with pytest.raises(KeyboardInterrupt):
                change(emulator)
        assert emulator.world.clock.ahead.total_seconds() == emulator.world.store.meta("ahead_seconds") == 3600


def test_python_methods_validate_as_http_does() -> None:
    from realtimekit.emulator import HTTPError

    with Emulator() as emulator:
        client = RealtimeKit(**connected(emulator))
        meeting = client.meetings.create()
        person = meeting.participants.create(custom_participant_id="a", preset_name="group_call_host")
        session, peer = emulator.join(meeting.id, person.id)
        odd: Any
        for odd in (None, 1, "\ud800", person):
            for attempt in (
                lambda odd=odd: emulator.chat(session, peer, odd),
                lambda odd=odd: emulator.speak(session, peer, odd, 0, 1),
                lambda odd=odd: emulator.join(meeting.id, odd),
                lambda odd=odd: emulator.enter(odd),
            ):
                with pytest.raises(HTTPError):
                    attempt()
        for start, end in ((0.5, 1), ("0", "9"), (-1, 1), (2, 1), (2**53 - 1, 2**53 - 1), (True, True)):
            with pytest.raises(HTTPError, match=r'"(start|end)_ms" must'):
                emulator.speak(session, peer, "x", start, end)  # type: ignore[arg-type]
        client.session_participants.find(peer, session_id=session)
        client.sessions.find_participant_by_peer_id(peer)


def test_an_unclosed_emulator_leaves_nothing_open() -> None:
    emulator = Emulator()
    database = emulator.world.store._db
    del emulator
    gc.collect()
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        database.execute("select 1")


def damage(file: Path, pages: range) -> None:
    with file.open("r+b") as stream:
        for page in pages:
            stream.seek(page * 4096)
            stream.write(b"\xa5" * 4096)


def filled(file: Path) -> None:
    with Emulator(file, **CREDENTIALS) as emulator:
        client = RealtimeKit(**connected(emulator))
        for number in range(300):
            client.meetings.create(title=f"{number} " + "x" * 200)


def test_a_damaged_file_is_refused_at_once(tmp_path: Path) -> None:
    file = tmp_path / "kit.db"
    filled(file)
    pages = file.stat().st_size // 4096
    for page in (range(pages // 2, pages // 2 + 1), range(pages - 1, pages), range(1, 2), range(1)):
        copy = tmp_path / "copy.db"
        copy.write_bytes(file.read_bytes())
        damage(copy, page)
        before = copy.read_bytes()
        with pytest.raises(ValueError, match=r"the file is damaged|not a database of this version of the emulator"):
            Emulator(copy)
        assert copy.read_bytes() == before


def test_a_file_that_is_damaged_later_is_named_in_the_error(tmp_path: Path) -> None:
    file = tmp_path / "kit.db"
    filled(file)
    with Emulator(file) as emulator:
        emulator.world.store.run("pragma cache_size = 1")
        client = RealtimeKit(**connected(emulator), max_retries=0)
        damage(file, range(20, file.stat().st_size // 4096))
        with pytest.raises(ServerError, match="the emulator cannot read its database: the file is damaged"):
            client.meetings.page_size(1000).all()
        with pytest.raises(HTTPError, match="the file is damaged") as caught:
            emulator.reset()
        assert caught.value.status == 500
