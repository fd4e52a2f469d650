"""Builds the site, and checks it."""

from __future__ import annotations

import shutil
import subprocess
import sys
import time
from pathlib import Path
from urllib.parse import urlsplit

from tools.site.check import problems
from tools.site.pages import DOCS, ROOT, config, pages


def main() -> None:
    start = time.monotonic()
    staged, site = ROOT / config()["docs_dir"], ROOT / config()["site_dir"]
    shutil.rmtree(staged, ignore_errors=True)
    shutil.copytree(DOCS, staged)
    found = pages()
    for page, text in found.items():
        path = staged / page
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    zensical = Path(sys.executable).with_name("zensical")
    if subprocess.run([zensical, "build", "--clean", "--strict"], cwd=ROOT, check=False).returncode:  # noqa: S603 - ours
        sys.exit("the documentation has warnings: see above")
    if wrong := problems(site, urlsplit(config()["site_url"]).path):
        sys.exit("\n".join(wrong))
    print(f"{site.relative_to(ROOT)}/index.html: {len(found)} pages in {time.monotonic() - start:.0f} s")  # noqa: T201


if __name__ == "__main__":
    main()
