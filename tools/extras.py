"""What each extra costs: packages, size on disk and import time, as installed here. `make extras` writes the table.
With `--wheels` it also writes the table of the platforms for which there are wheels (`tools/wheels.py`).

Import time is the CPU time of the modules that need the extra, with everything below them, in a new interpreter: the
median of five. What the core brings counts for the core alone.
"""

from __future__ import annotations

import argparse
import re
import statistics
import subprocess
import sys
from importlib.metadata import PackageNotFoundError, distribution
from pathlib import Path
from typing import NamedTuple

from packaging.requirements import Requirement

from tools import wheels

ROOT = Path(__file__).parents[1]
PAGE = ROOT / "docs" / "extras.md"
RUNS = 5

# extra -> what a program imports that uses it
IMPORTS = {
    "": "import realtimekit; realtimekit.RealtimeKit(api_token='-', account_id='-', app_id='-', transport='httpcore2')",
    "fast": "import realtimekit.transports.pyreqwest, orjson",
    "cli": "import realtimekit.cli.commands, realtimekit.cli.sessions, rich.table",
    "emulator": "import realtimekit.emulator, uvicorn, jwt",
    "webhooks": "import realtimekit.webhooks, cryptography.hazmat.primitives.asymmetric.rsa",
    "report": "import realtimekit.report, jinja2, markdown_it, pygal",
    "live": "import realtimekit.live, websockets.sync.client, websockets.asyncio.client",
    "archive": "import realtimekit.archive, obstore, pyarrow.parquet, duckdb",
    "console": "import realtimekit.console, starlette.applications, uvicorn, jinja2, pygal",
    "mcp": "import realtimekit.mcp_server, mcp.server",
    "metrics": "import realtimekit.metrics, prometheus_client",
    "cluster": "import realtimekit.archive, obstore, pyarrow.parquet, duckdb, distributed",
}


class Cost(NamedTuple):
    """What one extra adds to the core."""

    extra: str
    packages: list[str]
    megabytes: float
    milliseconds: float


def installed(requirement: str, extras: frozenset[str] = frozenset()) -> set[str]:
    """The names of the distribution and of all that it needs here, with these extras."""
    found: set[str] = set()
    waiting = [(requirement, extras)]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, wanted = waiting.pop()
        name = re.sub(r"[-_.]+", "-", name).lower()
        if (name, wanted) in seen:
            continue
        seen.add((name, wanted))
        try:
            needs = distribution(name).requires or []
        except PackageNotFoundError:
            raise SystemExit(f"{name} is not installed: make {PAGE.relative_to(ROOT)} needs everything") from None
        found.add(name)
        waiting += [
            (need.name, frozenset(need.extras))
            for need in map(Requirement, needs)
            if need.marker is None or any(need.marker.evaluate({"extra": extra}) for extra in (*wanted, ""))
        ]
    return found


def megabytes(name: str) -> float:
    """The size of the files of a distribution, without compiled bytecode."""
    if name == "realtimekit":  # installed in place: its distribution lists none of its modules
        paths = list((ROOT / "src").rglob("*"))
    else:
        paths = [Path(str(file.locate())) for file in distribution(name).files or []]
    return sum(path.stat().st_size for path in paths if path.is_file() and path.suffix != ".pyc") / 1e6


def milliseconds(program: str) -> float:
    """The CPU time of the program in a new interpreter, above an empty one."""

    def once(code: str) -> float:
        timed = f"import time; start = time.process_time()\n{code}\nprint(time.process_time() - start)"
        command = [sys.executable, "-c", timed]
        return float(subprocess.run(command, capture_output=True, text=True, check=True).stdout)  # noqa: S603 - our own

    once(program)  # compiles what was never imported
    return statistics.median(once(program) for _ in range(RUNS)) * 1000


def extras() -> list[str]:
    return sorted(distribution("realtimekit").metadata.get_all("Provides-Extra") or [])


def costs() -> list[Cost]:
    core = installed("realtimekit")
    found = [Cost("", sorted(core - {"realtimekit"}), sum(map(megabytes, core)), milliseconds(IMPORTS[""]))]
    for extra in extras():
        if extra in IMPORTS:
            packages = installed("realtimekit", frozenset({extra})) - core
            size = sum(map(megabytes, packages))
            found.append(Cost(extra, sorted(packages), size, milliseconds(IMPORTS[extra])))
    return found


def table(before: dict[str, float]) -> str:
    """The table of the costs. An import time that is near the one before stays: no two runs measure the same."""
    rows = ["| extra | packages | size | import | brings |", "|---|---:|---:|---:|---|"]
    for cost in costs():
        name = f"`{cost.extra}`" if cost.extra else "(the core)"
        brings = ", ".join(cost.packages)
        old = before.get(name, 0)
        spent = old if old * 0.7 < cost.milliseconds < old * 1.4 else cost.milliseconds
        rows.append(f"| {name} | {len(cost.packages)} | {cost.megabytes:.1f} MB | {spent:.0f} ms | {brings} |")
    return "\n".join(rows)


def replaced(page: str, name: str, text: str) -> str:
    """Return the page with a text between the marks of this name."""
    before, begin, rest = page.partition(f"<!-- begin: {name} -->\n")
    _, end, after = rest.partition(f"<!-- end: {name} -->")
    if not (begin and end):
        raise SystemExit(f"{PAGE} has no place for {name}")
    return f"{before}{begin}{text}\n{end}{after}"


def main() -> None:
    parser = argparse.ArgumentParser(description="Write the tables of docs/extras.md.")
    parser.add_argument("--wheels", action="store_true", help="also ask the package index which wheels there are")
    arguments = parser.parse_args()
    page = PAGE.read_text(encoding="utf-8")
    times = re.findall(r"^\| ([^|]+) \|[^|]+\|[^|]+\| (\d+) ms \|", page, re.MULTILINE)
    page = replaced(page, "make extras", table({name: float(spent) for name, spent in times}))
    if arguments.wheels:
        page = replaced(page, "make extras ARGS=--wheels", wheels.table(["", *extras()]))
    PAGE.write_text(page, encoding="utf-8")


if __name__ == "__main__":
    main()
