"""Search in what was said, written and summarized."""

from __future__ import annotations

import json
import os
import sqlite3
import subprocess
import sys
import threading
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from click.testing import CliRunner

from realtimekit.archive import Archive
from realtimekit.archive import search as search_module
from realtimekit.archive.errors import ArchiveError
from realtimekit.archive.search import MAX_RANKED, index_path, search_passages, update_index
from realtimekit.archive.tables.update import purge, rebuild_tables
from realtimekit.cli.commands import realtimekit

from .raw import CHAT, START, make_archive, people, put_session, transcript, update
from .rich_world import make_rich
from .worlds import World

DAY = timedelta(days=1)


LINES = [
    (0, "Alice", "The budget of next year is too small"),
    (61_000, "Bob", "Next, the year: our budgets grew"),
    (62_000, "Zoë", "Crème brûlée for everybody"),
    (63_000, "Bob", "I do not like to be OR not to be"),
]


def chat(*texts: str) -> str:
    lines = [
        f"m{n},user-carol,s1,meeting-1,Carol,false,false,TEXT_MESSAGE,{text},2026-06-04T10:0{n}:00Z\r\n"
        for n, text in enumerate(texts)
    ]
    return CHAT + "".join(lines)


def fill(archive: Archive) -> Archive:
    put_session(archive, "s1", transcript=transcript(*LINES), session={"meeting_display_name": "Money"})
    put_session(
        archive, "s2", START + DAY, chat=chat("budget?", "lunch"), summary="# Summary\n\nThe *budget* was agreed.",
        session={"associated_id": "meeting-2", "meeting_display_name": "Lunch"},
    )  # fmt: skip
    update(archive)
    return archive


@pytest.fixture(scope="module")
def archive(tmp_path_factory: pytest.TempPathFactory) -> Archive:
    return fill(make_archive(tmp_path_factory.mktemp("archive")))


def found(archive: Archive, words: str, **filters: Any) -> list[str]:
    """Return the sessions and kinds that match, sorted."""
    return sorted(f"{match.session_id} {match.kind}" for match in archive.search(words, **filters))


T, C, S = "s1 transcript", "s2 chat", "s2 summary"


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ("budget", [T, C, S]), ("BUDGET", [T, C, S]), ("budget*", [T, T, C, S]), ("budgets", [T]), ("bud", []),
        ("next year", [T, T]), ('"next year"', [T]), ('"year next"', []), ('budget "next year"', [T]),
        ("creme", [T]), ("CRÈME", [T]), ("brulee", [T]), ("budget -year", [C, S]), ('budget -"next year"', [C, S]),
        ("lunch OR creme", [T, C]), ("OR", [T]), ("lunch OR", [C]), ("budget agreed OR small", [T, S]),
        ("not", [T]), ("like AND", []), ("NEAR(budget)", []), ("text:budget", []), ("budget^2", []), ("bud*get", []),
        ("budget)", [T, C, S]), ("(budget", [T, C, S]), ("{budget}", [T, C, S]), ("budget;", [T, C, S]),
        ("budget 🎉", [T, C, S]), ("-budget lunch", [C]), ("budget\0", [T, C, S]), ("budget\ud800", [T, C, S]),
        ("'; drop table items; --", []), ("budget - year", [T]), ("*budget", [T, C, S]), ("don't", []),
    ],
)  # fmt: skip
def test_what_somebody_types(archive: Archive, words: str, expected: list[str]) -> None:
    assert found(archive, words) == sorted(expected)


@pytest.mark.parametrize(
    ("words", "problem"),
    [
        ("", "contains no words"), ("   ", "no word"), ("***", "no word"), ("-budget", "no word"), ('""', "no word"),
        ('"', "unclosed quotation mark"), ('budget "next', "unclosed"), ("\0", "no word"),
        (" ".join(f"word{n}" for n in range(10_000)), "more than 200 words"), ("\ud800", "no word"), ("🎉", "no word"),
    ],
)  # fmt: skip
def test_what_makes_no_sense_is_one_clear_line(archive: Archive, words: str, problem: str) -> None:
    with pytest.raises(ArchiveError, match=problem) as caught:
        archive.search(words)
    assert len(str(caught.value)) < 300
    assert "\n" not in str(caught.value)


def test_two_hundred_words_and_a_very_long_one(archive: Archive) -> None:
    assert found(archive, " OR ".join(["budget", *(f"word{n}" for n in range(198))])) == sorted([T, C, S])
    assert found(archive, " ".join(["budget"] * 200)) == sorted([T, C, S])
    assert found(archive, "x" * 100_000) == []


def test_what_a_match_says(archive: Archive) -> None:
    (said,) = archive.search("grew")
    assert (said.session_id, said.title, said.meeting_id, said.kind) == ("s1", "Money", "meeting-1", "transcript")
    assert (said.speaker, said.start_ms, said.at) == ("Bob", 61_000, START + timedelta(seconds=61))
    assert (said.snippet, said.marks) == ("Next, the year: our budgets grew", [(28, 32)])
    assert said.pieces() == [("Next, the year: our budgets ", False), ("grew", True)]
    (written,) = archive.search("lunch")
    assert (written.kind, written.speaker, written.start_ms) == ("chat", "Carol", None)
    assert written.at == START.replace(day=4, minute=1)
    (summed,) = archive.search("agreed")
    assert (summed.kind, summed.speaker, summed.start_ms, summed.at) == ("summary", None, None, START + DAY)
    assert (summed.snippet, summed.marks) == ("# Summary The *budget* was agreed.", [(27, 33)])
    assert said.to_dict()["at"] == "2026-06-03T10:01:01.000Z"


def test_marks_are_those_of_the_search_whatever_a_text_holds(tmp_path: Path) -> None:
    """A text may hold what looks like a mark: only the words that were looked for are marked."""
    archive = make_archive(tmp_path)
    text = "**not** this \x02this\x03 <mark>nor</mark>  this,\n\tbut the **budget** of the budget 🎉 財務報告"
    put_session(archive, "s", transcript=transcript((0, "Eve", text)))
    update(archive)
    (match,) = archive.search("budget")
    assert [piece for piece, marked in match.pieces() if marked] == ["budget", "budget"]
    assert "".join(piece for piece, _ in match.pieces()) == match.snippet
    assert "<mark>nor</mark> this, but the **budget** of the budget 🎉 財務報告" in match.snippet
    (match,) = archive.search("財務")
    assert [match.snippet[start:end] for start, end in match.marks] == ["財務"]
    (match,) = archive.search('"the budget"')
    assert [match.snippet[start:end] for start, end in match.marks] == ["the **budget", "the budget"]


def test_passages_in_memory_are_searched_by_the_same_rules() -> None:
    passages = [("Ann", "the budget"), ("Zoë", "no **budget**, 財務報告"), (None, "half \ud800 nul \0 budget")]
    assert [one.number for one in search_passages(passages, "budget")] == [0, 1, 2]
    (only,) = search_passages(passages, "務報", "zoe")
    assert (only.number, only.snippet[slice(*only.marks[0])]) == (1, "務報")
    assert search_passages(passages, "budget -the", "ann") == []
    with pytest.raises(ArchiveError, match="no word"):
        search_passages([], "-")


def test_filters(archive: Archive) -> None:
    assert found(archive, "budget", speaker="ali") == [T]
    assert found(archive, "creme", speaker="ZOE") == [T]  # as words: without case and accents
    assert found(archive, "creme", speaker="zoë") == [T]
    assert found(archive, "budget", speaker="%") == found(archive, "budget", speaker="_") == []
    assert found(archive, "budget", meeting_id="meeting-2") == [C, S]
    assert found(archive, "budget", since=START + DAY) == [C, S]
    assert found(archive, "budget", until=START + timedelta(hours=1)) == [T]
    assert found(archive, "budget", since=START + DAY, until=START + DAY, speaker="Carol") == [C]
    assert len(archive.search("budget", limit=1)) == 1
    with pytest.raises(ValueError, match="limit"):
        archive.search("budget", limit=0)
    with pytest.raises(ValueError, match="time zone"):
        archive.search("budget", since=START.replace(tzinfo=None))
    text: Any = "2026-06-03"
    for search in (archive.search, lambda _words, **since: archive.attendance(**since)):
        with pytest.raises(TypeError, match="since must be a datetime with a time zone, not str"):
            search("budget", since=text)


def test_the_best_match_comes_first() -> None:
    archive = make_archive(f"memory://search-{next(World._numbers)}")
    put_session(archive, "long", transcript=transcript((0, "A", "budget " + "and other words " * 30)))
    put_session(archive, "twice", transcript=transcript((0, "A", "budget, budget")))
    update(archive)
    assert [match.session_id for match in archive.search("budget")] == ["twice", "long"]


def test_of_very_many_matches_those_of_the_latest_days_come_first() -> None:
    archive = make_archive(f"memory://search-{next(World._numbers)}")
    put_session(archive, "late", START + 9 * DAY, transcript=transcript((0, "A", "budget and a long text after it")))
    update(archive)
    update_index(archive.store)
    put_session(archive, "early", transcript=transcript(*[(n, "A", "budget") for n in range(MAX_RANKED + 1)]))
    update(archive)
    assert archive.search("budget", limit=1)[0].session_id == "late"


def test_a_beginning_of_many_words_is_looked_up_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """For ee* all words that begin so are put together: not again for each snippet, and once if there are many."""
    archive = make_archive(tmp_path)
    put_session(archive, "s1", transcript=transcript(*((n, "Alice", f"oo{n} ee{n}") for n in range(40))))
    update(archive)
    update_index(archive.store)
    statements: list[str] = []
    connect = sqlite3.connect

    def traced(*arguments: Any, **options: Any) -> sqlite3.Connection:
        connection: sqlite3.Connection = connect(*arguments, **options)
        if arguments[0] == index_path(archive.store):
            connection.set_trace_callback(statements.append)
        return connection

    monkeypatch.setattr("realtimekit.archive.search.sqlite3.connect", traced)
    for ranked, lookups in ((MAX_RANKED, 2), (39, 1)):
        monkeypatch.setattr("realtimekit.archive.search.MAX_RANKED", ranked)
        statements.clear()
        assert len(archive.search("ee* oo*", limit=30)) == 30
        assert len([sql for sql in statements if " match " in sql]) == lookups


def test_a_world(world: World) -> None:
    rich = make_rich(world)
    world.sync()
    matches = world.archive.search('"second line"')
    match = next(match for match in matches if match.kind == "transcript")
    assert (match.session_id, match.speaker, match.start_ms) == (rich.weekly.session_id, "Bob", 61_000)
    assert match.title == "Weekly: budget"


# --- the index --------------------------------------------------------------------------------------------------------


def fresh(tmp_path: Path) -> Archive:
    return fill(make_archive(tmp_path / "archive"))


def test_it_follows_the_tables(tmp_path: Path) -> None:
    archive = fresh(tmp_path)
    assert found(archive, "budget") == [T, C, S]
    put_session(archive, "s1", revision=2, transcript=transcript((0, "Alice", "nothing to see")))
    put_session(archive, "s3", START + 2 * DAY, transcript=transcript((0, "Alice", "a new budget")))
    update(archive)
    assert found(archive, "budget") == [C, S, "s3 transcript"]
    rebuild_tables(archive.store, archive.ledger, START)
    assert found(archive, "budget") == [C, S, "s3 transcript"]
    assert found(archive, "nothing") == [T]


@pytest.mark.parametrize("where", ["all", "head", "middle", "empty", "version", "tables", "wal"])
def test_it_is_made_anew_when_it_is_lost_or_damaged(tmp_path: Path, where: str) -> None:
    archive = fresh(tmp_path)
    assert found(archive, "budget") == [T, C, S]
    path = index_path(archive.store)
    content = path.read_bytes()
    match where:
        case "all":
            path.unlink()
        case "head":
            path.write_bytes(b"not a database" + content[14:])
        case "middle":  # every page but the first two
            path.write_bytes(content[:8192] + b"\xff" * (len(content) - 8192))
        case "empty":
            path.write_bytes(b"")
        case "version" | "tables":
            with sqlite3.connect(path) as connection:
                connection.execute("pragma user_version = 99" if where == "version" else "drop table texts")
            connection.close()
        case _:
            path.unlink()
            path.with_name(f"{path.name}-wal").write_bytes(os.urandom(5000))
    assert found(archive, "budget") == [T, C, S]
    archive.rebuild()
    assert found(archive, "budget") == [T, C, S]


def test_what_was_erased_is_not_in_its_bytes(tmp_path: Path) -> None:
    archive = make_archive(tmp_path / "archive")
    for number in range(40):  # segments of FTS5 are merged from time to time
        words = " ".join(f"filler{n}" for n in range(number))
        name = "Mallory" if number == 7 else "Alice"
        said = transcript((0, name, f"xylophone{number} {words}"))
        put_session(archive, f"s{number}", participants=people(name), transcript=said)
        update(archive)
        update_index(archive.store)
    path = index_path(archive.store)
    assert b"xylophone7" in path.read_bytes()
    other = archive.search("xylophone7")  # another process has read it, too
    assert len(other) == 1
    put_session(archive, "s7", revision=2)
    update(archive)
    purge(archive.store)
    update_index(archive.store)
    everything = b"".join(file.read_bytes() for file in path.parent.iterdir())
    for word in (b"xylophone7", b"ylophone7 ", b"Mallory", b"mallory"):
        assert word not in everything, word
    assert found(archive, "xylophone8") == ["s8 transcript"]
    assert found(archive, "xylophone7") == []


def test_an_erasure_reaches_it(world: World, tmp_path: Path) -> None:
    world = World(world.emulator, tmp_path / "archive")
    held = world.start("Mallory", "Bob", persist_chat=True, transcribe_on_end=True)
    world.emulator.speak(held.session_id, held.peers[0].peer_id, "supercalifragilistic", 2000, 3000)
    world.wait(300)
    world.emulator.end(held.meeting_id)
    world.wait(3600)
    world.sync()
    assert len(world.archive.search("supercalifragilistic")) == 1
    world.archive.erase(custom_participant_id="user-mallory")
    assert world.archive.search("supercalifragilistic") == []
    content = b"".join(file.read_bytes() for file in index_path(world.archive.store).parent.iterdir())
    assert b"supercali" not in content
    assert b"mallory" not in content.lower()


def test_a_lock_for_which_sqlite_does_not_wait(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The first connection of all processes has the file to itself for a moment, and the last that closes."""
    archive = fresh(tmp_path)
    opened, failures = search_module._open, iter([sqlite3.SQLITE_BUSY, sqlite3.SQLITE_BUSY_RECOVERY])

    def busy(path: Path) -> sqlite3.Connection:
        if (code := next(failures, None)) is None:
            return opened(path)
        error = sqlite3.OperationalError("database is locked")
        error.sqlite_errorcode = code
        raise error

    monkeypatch.setattr(search_module, "_open", busy)
    assert {match.session_id for match in archive.search("budget")} == {"s1", "s2"}


def test_searches_at_once_while_the_tables_change(tmp_path: Path) -> None:
    archive = fresh(tmp_path)
    failures: list[BaseException] = []
    stop = threading.Event()

    def search() -> None:
        own = Archive(archive.target)
        try:
            while not stop.is_set():
                assert {"s1", "s2"} <= {match.session_id for match in own.search("budget", limit=500)}
        except BaseException as error:
            failures.append(error)

    threads = [threading.Thread(target=search) for _ in range(3)]
    for thread in threads:
        thread.start()
    for number in range(8):
        put_session(archive, f"new{number}", transcript=transcript((0, "Alice", "budget")))
        update(archive)
        if number % 3 == 0:
            purge(archive.store)
    stop.set()
    for thread in threads:
        thread.join()
    assert failures == []
    assert len(archive.search("budget", limit=500)) == 11


def test_processes_make_it_at_once(tmp_path: Path) -> None:
    archive = fresh(tmp_path)
    program = "import sys; from realtimekit.archive import Archive; print(len(Archive(sys.argv[1]).search('budget')))"
    runs = [
        subprocess.Popen([sys.executable, "-c", program, archive.target], stdout=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    assert [run.communicate(timeout=60)[0] for run in runs] == ["3\n"] * 3


def test_killed_while_it_is_made_the_next_search_makes_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = fresh(tmp_path)
    import realtimekit.archive.search as module

    add, calls = module._add, []

    def killed(*arguments: Any) -> None:
        add(*arguments)
        calls.append(1)
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(module, "_add", killed)
    with pytest.raises(KeyboardInterrupt):
        archive.search("budget")
    assert found(archive, "budget") == [T, C, S]


def test_of_object_storage_it_is_in_the_cache_of_this_machine() -> None:
    archive = fill(make_archive(f"memory://search-{next(World._numbers)}"))
    assert found(archive, "budget") == [T, C, S]
    path = index_path(archive.store)
    assert path.parent == Path(os.environ["XDG_CACHE_HOME"], "realtimekit")
    assert path.stat().st_mode & 0o777 == 0o600
    assert [entry.path for entry in archive.store.entries("search")] == []


def test_of_a_folder_that_cannot_be_written_it_is_in_the_cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    archive = fresh(tmp_path)
    access = os.access
    monkeypatch.setattr(
        os, "access", lambda path, mode: not str(path).startswith(archive.target) and access(path, mode)
    )
    assert found(archive, "budget") == [T, C, S]
    assert index_path(archive.store).parent == Path(os.environ["XDG_CACHE_HOME"], "realtimekit")
    assert not Path(archive.target, "search").exists()
    monkeypatch.setenv("XDG_CACHE_HOME", str(Path(archive.target, "archive.json")))  # a file
    with pytest.raises(ArchiveError, match=r"the search index .* cannot be used: Not a directory"):
        archive.search("budget")


# --- the command ------------------------------------------------------------------------------------------------------


def invoke(*arguments: str, **environment: str) -> Any:
    return CliRunner().invoke(realtimekit, ["archive", "search", *arguments], env=environment)


def test_the_command(archive: Archive) -> None:
    environment = {"REALTIMEKIT_ARCHIVE": archive.target}
    rows = json.loads(invoke("grew", "--json", **environment).stdout)
    assert rows == [
        {"session_id": "s1", "title": "Money", "meeting_id": "meeting-1", "kind": "transcript", "speaker": "Bob",
         "start_ms": 61_000, "at": "2026-06-03T10:01:01.000Z", "snippet": "Next, the year: our budgets grew",
         "marks": [[28, 32]], "live": False}
    ]  # fmt: skip
    assert "Crème" in invoke("creme", "brulee", **environment).output
    filters = ["--speaker", "carol", "--meeting", "meeting-2", "--since", "2026-06-04T00:00:00Z", "--limit", "5"]
    assert [row["kind"] for row in json.loads(invoke("budget", *filters, "--json", **environment).stdout)] == ["chat"]
    assert invoke("grew", "--csv", **environment).stdout.splitlines()[0].startswith("at,title,speaker,snippet")
    failed = invoke('"open', **environment)
    assert (failed.exit_code, failed.stdout) == (1, "")
    assert failed.stderr.startswith("Error: the search ")
    assert failed.stderr.count("\n") == 1
    assert json.loads(invoke("nothinglikethis", "--json", **environment).stdout) == []


def test_hostile_text_does_not_reach_the_terminal(tmp_path: Path) -> None:
    archive = make_archive(tmp_path)
    hostile = "budget \x1b]0;owned\x07\x1b[31m \u202eevil [bold red]markup[/] " + "`rm -rf`"
    put_session(
        archive, "s", transcript=transcript((0, "\x1b[2JEve", hostile)), session={"meeting_display_name": hostile}
    )
    update(archive)
    output = invoke("budget", "--archive", str(tmp_path)).output
    assert not {"\x1b", "\u202e", "\x07"} & set(output)
    assert "[bold" in output
    (row,) = json.loads(invoke("budget", "--archive", str(tmp_path), "--json").output)
    assert row["speaker"] == "\x1b[2JEve"
    assert row["snippet"].startswith("budget \x1b]0;owned")
