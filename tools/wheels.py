"""For which platforms each extra can be installed from wheels alone, as the package index has them today.

Only what is compiled can lack a wheel. pip is asked for all of it at once, for each platform and version of Python, and
again without what it does not find: some minutes.
"""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Iterable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, distribution

from packaging.requirements import Requirement

PYTHONS = ["3.11", "3.12", "3.13", "3.14", "3.14t"]  # the last is the free-threaded build


@dataclass(frozen=True, eq=False)
class Platform:
    """A platform: its name, the tags of its wheels, and what the markers of requirements say of it."""

    name: str
    tags: list[str]
    markers: dict[str, str]


def _linux(name: str, libc: str, versions: Iterable[str], machine: str) -> Platform:
    markers = {"sys_platform": "linux", "platform_system": "Linux", "os_name": "posix", "platform_machine": machine}
    return Platform(name, [f"{libc}_{version}_{machine}" for version in versions], markers)


_GLIBC = [f"2_{minor}" for minor in range(28, 4, -1)]
_WINDOWS = {"sys_platform": "win32", "platform_system": "Windows", "os_name": "nt", "platform_machine": "AMD64"}
_MACOS = {"sys_platform": "darwin", "platform_system": "Darwin", "os_name": "posix", "platform_machine": "arm64"}
PLATFORMS = [
    _linux("Linux, x86-64", "manylinux", _GLIBC, "x86_64"),
    _linux("Linux, ARM", "manylinux", _GLIBC, "aarch64"),
    _linux("Alpine, x86-64", "musllinux", ["1_2", "1_1"], "x86_64"),
    _linux("Alpine, ARM", "musllinux", ["1_2", "1_1"], "aarch64"),
    Platform("Windows, x86-64", ["win_amd64"], _WINDOWS),
    Platform("macOS 12, ARM", ["macosx_12_0_arm64"], _MACOS),
]


def needs(extra: str, markers: dict[str, str]) -> dict[str, str]:
    """The requirements of the package with an extra, and theirs: name -> the versions that our package asks for."""
    found: dict[str, str] = {}
    waiting = [("realtimekit", frozenset({extra}))]
    seen: set[tuple[str, frozenset[str]]] = set()
    while waiting:
        name, extras = waiting.pop()
        if (name, extras) in seen:
            continue
        seen.add((name, extras))
        found.setdefault(name, "")
        try:
            requires = distribution(name).requires or []
        except PackageNotFoundError:  # what only another platform needs
            continue
        for need in map(Requirement, requires):
            if need.marker is None or any(need.marker.evaluate({**markers, "extra": one}) for one in (*extras, "")):
                needed = re.sub(r"[-_.]+", "-", need.name).lower()
                waiting.append((needed, frozenset(need.extras)))
                if name == "realtimekit":
                    found[needed] = str(need.specifier)
    return found


def is_compiled(name: str) -> bool:
    try:
        return "Root-Is-Purelib: false" in (distribution(name).read_text("WHEEL") or "")
    except PackageNotFoundError:
        return True


def missing(requirements: dict[str, str], platform: Platform, python: str) -> set[str]:
    """Return the names of the requirements without a wheel."""
    version = python.removesuffix("t")
    abi = f"cp{version.replace('.', '')}"
    abis = [f"{abi}t", "none"] if python.endswith("t") else [abi, "abi3", "none"]
    options = [f"--platform={tag}" for tag in platform.tags] + [f"--abi={name}" for name in abis]
    command = [sys.executable, "-m", "pip", "install", "--dry-run", "--ignore-installed", "--no-deps", "--quiet"]
    command += ["--disable-pip-version-check", "--only-binary=:all:", "--target=unused", "--implementation=cp"]
    found: set[str] = set()
    while wanted := [name + versions for name, versions in sorted(requirements.items()) if name not in found]:
        asked = [*command, f"--python-version={version}", *options, *wanted]
        finished = subprocess.run(asked, capture_output=True, text=True, check=False)  # noqa: S603 - our own
        if finished.returncode == 0:
            break
        lacking = re.search(r"No matching distribution found for ([\w.-]+)", finished.stderr)
        if lacking is None or lacking[1] in found:
            raise SystemExit(f"{' '.join(asked)}\n{finished.stderr}")
        found.add(lacking[1])
    return found


def _cell(without: dict[str, set[str]]) -> str:
    """Return what the table says of a platform, of the packages without a wheel for each version of Python."""
    usual = [python for python in PYTHONS if not python.endswith("t")]
    complete = [python for python in PYTHONS if not without[python]]
    names = sorted(set().union(*(without[python] for python in usual)))
    versions = ", ".join(complete) or "-"
    versions = versions.replace(", ".join(usual), f"{usual[0]} to {usual[-1]}")
    return versions + (f" (no {', '.join(f'`{name}`' for name in names)})" if names else "")


def table(extras: list[str]) -> str:
    """The table of `docs/extras.md`: a row for the extras of which the same is true."""
    wanted = {(extra, platform): needs(extra, platform.markers) for extra in extras for platform in PLATFORMS}
    compiled = {
        platform: {
            name: versions
            for extra in extras
            for name, versions in wanted[extra, platform].items()
            if name != "realtimekit" and is_compiled(name)
        }
        for platform in PLATFORMS
    }
    pairs = [(platform, python) for platform in PLATFORMS for python in PYTHONS]
    with ThreadPoolExecutor(4) as pool:  # most of the time is the index's
        lacking = dict(zip(pairs, pool.map(lambda pair: missing(compiled[pair[0]], *pair), pairs), strict=True))
    rows: dict[tuple[str, ...], list[str]] = {}
    for extra in extras:
        cells = tuple(
            _cell({python: lacking[platform, python] & wanted[extra, platform].keys() for python in PYTHONS})
            for platform in PLATFORMS
        )
        rows.setdefault(cells, []).append(f"`{extra}`" if extra else "the core")
    lines = [["extras", *(platform.name for platform in PLATFORMS)], ["---"] * (len(PLATFORMS) + 1)]
    lines += [[", ".join(names), *cells] for cells, names in rows.items()]
    return "\n".join(f"| {' | '.join(line)} |" for line in lines).replace("| --- |", "|---|").replace(" --- |", "---|")
