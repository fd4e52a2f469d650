"""The environments of the contenders, below `.venv-bench`. Each is installed as its users would install it."""

from __future__ import annotations

import functools
import subprocess
import sys
import venv
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

ROOT = Path(__file__).parents[1]
HERE = ROOT / ".venv-bench"

# Environment -> what is installed into it; "." is this package, built from the working tree.
CONTENTS = {
    "cloudflare": ["cloudflare==5.9.0"],
    "realtimekit": ["."],
    "fast": [".[fast]"],
    "emulator": [".[fast,emulator,cli]"],
}

# The same for the programs that keep sessions: benchmarks.archivers.
ARCHIVERS = {
    "archive": [".[archive]"],
    "archive-fast": [".[archive,fast]"],
    "archive-script": ["cloudflare==5.9.0", "requests>=2.34", "pandas>=3", "pyarrow>=22"],
    "archive-dlt": ["dlt[filesystem,parquet]>=1.31"],
}


def python(name: str) -> Path:
    """Return the interpreter of an environment."""
    return HERE / name / "bin" / "python"


def prepare(contents: Mapping[str, list[str]] = CONTENTS) -> None:
    """Create missing environments, and install the working tree again."""
    wheel = _build_wheel()
    for name, wanted in contents.items():
        if not python(name).exists():
            venv.create(HERE / name, symlinks=True)  # without pip, so that it does not count in any size
            _install(name, *(item.replace(".", str(wheel), 1) if item.startswith(".") else item for item in wanted))
        elif wanted[0].startswith("."):
            _install(name, "--force-reinstall", "--no-deps", str(wheel))


@functools.cache
def size(name: str) -> float:
    """Return the bytes of everything that is installed in an environment, including compiled files."""
    (packages,) = (HERE / name / "lib").glob("python*/site-packages")
    return float(sum(path.stat().st_size for path in packages.rglob("*") if path.is_file()))


def _build_wheel() -> Path:
    _pip("wheel", "--no-deps", "--wheel-dir", str(HERE / "wheel"), str(ROOT))
    return max((HERE / "wheel").glob("*.whl"), key=lambda path: path.stat().st_mtime)


def _install(name: str, *what: str) -> None:
    _pip("--python", str(python(name)), "install", *what)


def _pip(*arguments: str) -> None:
    subprocess.run([sys.executable, "-m", "pip", "--quiet", *arguments], check=True)
