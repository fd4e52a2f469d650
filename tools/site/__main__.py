"""Builds the site, and checks it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from tools.site.check import problems
from tools.site.llms import Reference, texts
from tools.site.pages import DOCS, ROOT, config, pages


def main() -> None:
    start = time.monotonic()
    staged, site = ROOT / config()["docs_dir"], ROOT / config()["site_dir"]
    found = pages()
    shutil.rmtree(staged, ignore_errors=True)
    shutil.copytree(DOCS, staged)
    _write(staged, found)
    zensical = Path(sys.executable).with_name("zensical")
    build = subprocess.Popen([zensical, "build", "--clean", "--strict"], cwd=ROOT)  # noqa: S603 - our own tool
    try:
        text = texts(found, Reference())  # meanwhile
    finally:
        failed = build.wait()
    if failed:
        sys.exit("the documentation has warnings: see above")
    _write(site, text)
    if wrong := problems(site, urlsplit(config()["site_url"]).path):
        sys.exit("\n".join(wrong))
    print(f"{site.relative_to(ROOT)}/index.html: {len(found)} pages in {time.monotonic() - start:.0f} s")  # noqa: T201


def _write(folder: Path, files: dict[str, str]) -> None:
    for name, text in files.items():
        path = folder / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main()
