"""Kill -9 before every write of a sync, rebuild, erasure or retention rule, and run again: as if nothing had happened.

The points are those of `kill_points.py`. Each run of the tests kills once at each point, in one of the programs that
reach it, in turn; with KILL_POINTS=all, at every write of every program. `python -m tests.archive.test_killed` does
that, and prints how often at which point.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import sys
import tempfile
from collections import Counter
from collections.abc import Callable, Generator, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path
from typing import Any

import pytest

from realtimekit.archive import Archive
from realtimekit.archive.ledger import Window

from .kill_points import ERASE, KILL_POINTS, LATER, PROGRAMS, REBUILD, SYNC, markdown, point_of
from .killed import Killed
from .traces import tables
from .worlds import below, comparable, objects

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="the program forks")

ALL = os.environ.get("KILL_POINTS") == "all"
ON_S3 = (SYNC, LATER, REBUILD, ERASE)
# What the requests for an artifact end with.
REQUESTS = {
    "chat": "/chat",
    "transcript": "/transcript",
    "summary": "/summary",
    "participants": "/participants",
    "livestream_sessions": "/livestream-sessions",
}
Kill = tuple[str, int]  # the name of a point, and which of the writes there


class Bench:
    """The program, and the archive that it is run on: copies of it.

    Args:
        killed: the program.
        folder: for archives in folders.
    """

    def __init__(self, killed: Killed, folder: Path) -> None:
        self.killed, self.folder = killed, folder
        self.base = Archive(folder / "base")
        first = killed.run(SYNC, self.base.target)
        assert first["result"]["ok"], first
        self.base.search("good")  # makes the index
        self.base.rebuild()  # so that a later sync finds old Parquet files

    def copy(self, target: str, program: str) -> Archive:
        """Return an archive at a target as it is before the program: empty, or a copy."""
        if program == SYNC:
            return Archive(target)
        if "://" not in target:
            archive = Archive(shutil.copytree(self.base.target, target))
        else:
            archive = Archive(target)
            with ThreadPoolExecutor(8) as pool:
                list(pool.map(lambda item: archive.store.put(*item), objects(self.base).items()))
        if program == LATER:  # and a time that was read in vain
            (window,) = archive.ledger.windows()
            archive.ledger.add_window(in_vain(window))
        return archive

    def local(self, archive: Archive) -> Archive:
        """Return an archive in a folder with the same objects, because reading from S3 is slow: this one if it is."""
        if archive.store.is_folder:
            return archive
        local = Archive(self.folder / "local" / archive.target.rpartition("//")[2])
        for path, content in objects(archive).items():
            file = Path(local.store.location(path) or "")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_bytes(content)
        return local


def in_vain(window: Window) -> Window:
    """Return a window after another whose sessions were counted differently than read."""
    end = window.end.replace(microsecond=0)
    return window._replace(start=end, end=end.replace(second=(end.second + 1) % 60), proven=False, continues=True)


@contextlib.contextmanager
def opened(environment: dict[str, str], folder: Path) -> Generator[Bench]:
    with Killed(environment) as killed:
        yield Bench(killed, folder)


@pytest.fixture(scope="module")
def bench(s3_environment: dict[str, str], tmp_path_factory: pytest.TempPathFactory) -> Iterator[Bench]:
    cache = str(tmp_path_factory.mktemp("cache"))
    with opened(
        {**os.environ, **s3_environment, "XDG_CACHE_HOME": cache}, tmp_path_factory.mktemp("archives")
    ) as bench:
        yield bench


# --- what must be the same --------------------------------------------------------------------------------------------


def state_of(archive: Archive, local: Archive) -> dict[str, Any]:
    """Return what an archive holds, without its receipts, and without what differs between two that hold the same.

    Args:
        archive: it.
        local: the same in a folder.
    """
    kept = {
        path: content
        for path, content in comparable(local).items()
        if not path.startswith(("tables/", "ledger/receipts/", "ledger/erasure", "search/"))
    }
    found = sorted((match.session_id, match.snippet) for match in archive.search("good OR message OR a"))
    return {"raw": kept, "tables": tables(local), "found": found}


def committed(archive: Archive) -> dict[str, dict[str, str]]:
    return {
        manifest.session_id: {name: artifact.state.value for name, artifact in manifest.artifacts.items()}
        for manifest in archive.manifests()
    }


def check_requests(again: Any, before: dict[str, dict[str, str]]) -> None:
    """Check that what was committed before was not fetched again."""
    assert again["result"]["failures"] == again["result"]["lost"] == []
    for session_id, states in before.items():
        requests = below(again["requests"], session_id)
        if "PENDING" not in states.values():
            assert requests == [], session_id
        for name, state in states.items():
            if state != "PENDING" and (end := REQUESTS.get(name)):
                assert f"/sessions/{session_id}{end}" not in requests
            if state == "COPIED" and name.startswith("peers/"):
                assert below(again["requests"], name.partition("/")[2]) == []


def check_clean(archive: Archive, program: str) -> None:
    """Check that nothing is left of what was under way."""
    ledger = [entry.path for entry in archive.store.entries("ledger")]
    names = ("claims", "erasing", "rewriting", "changed")
    assert [path for path in ledger if path.split("/")[1] in names] == []
    assert len(below(ledger, "/receipts/")) >= (program not in {SYNC, LATER, REBUILD})
    verified = archive.verify(deep=True)
    assert verified.ok, verified.problems
    for folder in ("raw", "tables"):
        if (location := archive.store.location(folder)) is not None and folder in CLEANED[program]:
            assert list(Path(location).rglob("*#*")) == []


# Where no half-written files may be left: an erasure leaves nothing of anybody, wherever it is.
CLEANED = {program: ("raw",) if program in {SYNC, LATER} else ("raw", "tables") for program in PROGRAMS}


def kill_at(bench: Bench, targets: Callable[[str], str], program: str, kills: list[Kill] | None, **options: Any) -> Any:
    """Kill a program on one archive after another, run it again, and compare with one that was not killed.

    Args:
        bench: where from.
        targets: makes a target from a name.
        program: of `PROGRAMS`.
        kills: where; None for everywhere.
        options: of the program.

    Returns:
        How often it was killed before each point.
    """
    whole = bench.copy(targets("whole"), program)
    ran = bench.killed.run(program, whole.target)
    reached = Counter(ran["points"])
    indexed = whole.store.is_folder or program == REBUILD  # others follow an index that is there
    assert set(reached) == {
        point.name for point in KILL_POINTS if program in point.programs and (indexed or point.verb != "index")
    }
    local = bench.local(whole)
    wanted = state_of(whole, local)
    check_clean(local, program)
    times = Counter[str]()
    for number, (name, occurrence) in enumerate(every(reached) if kills is None else kills):
        if name not in reached:
            continue
        archive = bench.copy(targets(str(number)), program)
        kill = name, (occurrence - 1) % reached[name] + 1
        killed = bench.killed.run(program, archive.target, kill, **options)
        # With several sessions in hand, there may be fewer writes of one kind.
        assert "killed" in killed or options, kill
        times[name if "killed" not in killed else point_of(*killed["killed"])] += 1
        before = committed(archive)
        again = bench.killed.run(program, archive.target, **options)
        if program in {SYNC, LATER}:
            check_requests(again, before)
        local = bench.local(archive)
        assert state_of(archive, local) == wanted, (program, kill, killed)
        check_clean(local, program)
        shutil.rmtree(local.target)
    return times


def every(reached: Counter[str]) -> list[Kill]:
    return [(name, number) for name, count in reached.items() for number in range(1, count + 1)]


def in_turn(program: str, programs: tuple[str, ...], share: int = 1) -> list[Kill] | None:
    """Return where to kill a program: at each point one of the programs that reach it is killed, in turn.

    Args:
        program: one of these.
        programs: those that are killed.
        share: of so many points, at one.
    """
    if ALL:
        return None
    kills: list[Kill] = []
    for number, point in enumerate(KILL_POINTS):
        able = [each for each in programs if each in point.programs]
        if able and number % share == 0 and able[number // share % len(able)] == program:
            kills.append((point.name, 7 * number + 1))
    return kills


@pytest.mark.parametrize("program", PROGRAMS)
def test_in_a_folder(bench: Bench, tmp_path: Path, program: str) -> None:
    kill_at(bench, lambda name: str(tmp_path / name), program, in_turn(program, PROGRAMS))


@pytest.mark.parametrize("program", PROGRAMS if ALL else ON_S3)
def test_on_s3(bench: Bench, s3: str, program: str) -> None:
    """With several sessions in hand."""
    kill_at(bench, lambda name: f"{s3}/{name}", program, in_turn(program, ON_S3, 4), concurrency=3)


def test_each_point_has_its_turn() -> None:
    kills = [name for program in PROGRAMS for name, _ in in_turn(program, PROGRAMS) or []]
    if not ALL:
        assert sorted(kills) == sorted(point.name for point in KILL_POINTS)


def test_a_sync_with_nothing_new_copies_nothing(bench: Bench, tmp_path: Path) -> None:
    target = bench.copy(str(tmp_path / "archive"), REBUILD).target
    nothing = bench.killed.run(SYNC, target)
    assert nothing["result"]["artifacts"] == {}
    assert len(below(nothing["requests"], "/sessions/")) == 1  # the live one, and never what is complete


def test_the_table_in_the_documents_is_the_one_that_is_tested() -> None:
    text = (Path(__file__).parents[2] / "docs" / "archive-proof.md").read_text(encoding="utf-8")
    documented = text.partition("<!-- kill points -->\n")[2].partition("\n<!-- /kill points -->")[0]
    assert documented.strip().splitlines() == list(markdown())


def main() -> None:
    """Kill at every write, in folders, and print how often at which point."""
    with tempfile.TemporaryDirectory() as folder:
        environment = {**os.environ, "XDG_CACHE_HOME": f"{folder}/cache"}
        with opened(environment, Path(folder)) as bench:
            for program in sys.argv[1:] or PROGRAMS:
                times = kill_at(bench, partial("{}/{}-{}".format, folder, program), program, None)
                for point in KILL_POINTS:
                    if point.name in times:
                        print(f"| {point.name} | {program} | {times[point.name]} |", flush=True)


if __name__ == "__main__":
    main()
