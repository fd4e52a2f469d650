"""Run all cases, print their tables, and write results.json, chart.svg and the tables in README.md."""

from __future__ import annotations

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path

from benchmarks import cases, environments, result_tables
from benchmarks.contenders import CONTENDERS, FAST, INSTALLED, OURS
from benchmarks.runner import Rounds, measure, server

HERE = Path(__file__).parent


def main() -> None:
    """Run the selected cases."""
    options = _options()
    if not options.keep:
        environments.prepare()
    with server() as base_url:
        if options.profile:
            for contender in options.contender or (OURS, FAST):
                _profile(options.profile, contender, base_url)
            return
        results: dict[str, Rounds] = {}
        for name in options.only or cases.NAMES:
            results[name] = measure(name, base_url, options.rounds)
            print(result_tables.table(name, results[name]), flush=True)
    if not options.only:
        _write(results)


def _options() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m benchmarks", description=__doc__)
    parser.add_argument("--only", action="append", choices=cases.NAMES, help="only this case (repeatable)")
    parser.add_argument("--rounds", type=int, help="number of rounds (each case has its own default)")
    parser.add_argument(
        "--keep", action="store_true", help="measure what is installed instead of installing the working tree"
    )
    profiled = [name for name in cases.NAMES if name != "cold_start"]
    parser.add_argument("--profile", choices=profiled, help="profile a case instead of measuring it")
    parser.add_argument(
        "--contender", action="append", choices=CONTENDERS, help="contender to profile (default: this package)"
    )
    return parser.parse_args()


def _profile(name: str, contender: str, base_url: str) -> None:
    interpreter = str(environments.python(INSTALLED[contender].environment))
    command = [interpreter, "-m", "benchmarks.profiling", name, contender, base_url]
    subprocess.run(command, cwd=environments.ROOT, check=True)


def _write(results: dict[str, Rounds]) -> None:
    from benchmarks.chart import draw  # needs matplotlib

    about = {"python": platform.python_version(), "system": platform.system(), "cores": os.cpu_count()}
    document = {"about": about, "packages": _packages(), "rounds": results}
    (HERE / "results.json").write_text(json.dumps(document, indent=1) + "\n", encoding="utf-8")
    draw(results, HERE / "chart.svg")
    machine = f"Python {about['python']}, {about['system']}, {about['cores']} cores"
    tables = "\n".join(result_tables.table(name, rounds) for name, rounds in results.items())
    result_tables.write(HERE / "README.md", f"{machine}; {', '.join(_packages()['fast'])}.\n\n{tables}")


def _packages() -> dict[str, list[str]]:
    """Return the installed packages of each environment, with their versions."""
    installed = {}
    for name in environments.CONTENTS:
        command = [sys.executable, "-m", "pip", "--python", str(environments.python(name)), "freeze"]
        frozen = subprocess.run(command, check=True, capture_output=True, text=True).stdout
        installed[name] = [line.partition(" @ ")[0] for line in frozen.splitlines()]
    return installed


if __name__ == "__main__":
    main()
