"""Build what is published, and prove it: `make dist`.

Wheel and sdist are built twice and must be equal byte for byte. twine and check-wheel-contents judge them, and the
wheel is installed alone in a new environment, for each interpreter that is given.
"""

from __future__ import annotations

import argparse
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).parents[1]

# The core alone: a client can be made, and what needs an extra names it.
_CORE = """
from realtimekit import RealtimeKit

RealtimeKit(api_token="-", account_id="-", app_id="-").close()
try:
    from realtimekit.cli import main
    main()
except SystemExit as error:
    assert "realtimekit[cli]" in str(error), error
else:
    raise AssertionError("the command works without its extra")
"""


def run(*command: str | Path, **environment: str) -> str:
    finished = subprocess.run(  # noqa: S603 - our own commands
        list(map(str, command)),
        env={**os.environ, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        encoding="utf-8",
        check=False,
    )
    if finished.returncode:
        raise SystemExit(f"{' '.join(map(str, command))}\n{finished.stdout}")
    return finished.stdout


def build(folder: Path, *, isolated: bool = True) -> list[Path]:
    """Build the sdist, and the wheel from the sdist; dated by the last commit, not by the clock."""
    dated = run("git", "-C", ROOT, "log", "-1", "--format=%ct").strip() if (ROOT / ".git").exists() else "315532800"
    options = [] if isolated else ["--no-isolation"]
    run(sys.executable, "-m", "build", *options, "--outdir", folder, ROOT, SOURCE_DATE_EPOCH=dated)
    return sorted(folder.iterdir())


def check(files: list[Path]) -> None:
    """Have twine and check-wheel-contents judge the files."""
    run(sys.executable, "-m", "twine", "check", "--strict", *files)
    run(sys.executable, "-m", "check_wheel_contents", *(file for file in files if file.suffix == ".whl"))


def digests(files: list[Path]) -> dict[str, str]:
    return {file.name: hashlib.sha256(file.read_bytes()).hexdigest() for file in files}


def install(wheel: Path, interpreter: str, extras: str) -> str:
    """Install the wheel alone in a new environment, use it, then the same with extras."""
    with tempfile.TemporaryDirectory() as folder:
        run(interpreter, "-m", "venv", folder)
        python = Path(folder) / ("Scripts" if os.name == "nt" else "bin") / "python"
        run(python, "-m", "pip", "install", "--quiet", wheel)
        run(python, "-c", _CORE)
        run(python, "-m", "pip", "install", "--quiet", f"{wheel}[{extras}]")
        run(python, "-m", "pip", "check")
        run(python, "-m", "realtimekit", "demo")
        return run(python, "--version").strip()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--python", action="append", help="an interpreter to install for (default: this one)")
    parser.add_argument("--extras", default="all")
    arguments = parser.parse_args()
    target = ROOT / "dist"
    shutil.rmtree(target, ignore_errors=True)
    files = build(target)
    with tempfile.TemporaryDirectory() as folder:
        again = digests(build(Path(folder)))
    if digests(files) != again:
        raise SystemExit(f"two builds differ: {digests(files)} and {again}")
    check(files)
    print(*(f"{digest}  {name}" for name, digest in again.items()), sep="\n")  # noqa: T201
    wheel = next(file for file in files if file.suffix == ".whl")
    for interpreter in arguments.python or [sys.executable]:
        print(f"installed and used on {install(wheel, interpreter, arguments.extras)}")  # noqa: T201


if __name__ == "__main__":
    main()
