"""The pages of the site as Markdown: those of `docs/`, those from the root of the repository, and what is generated."""

from __future__ import annotations

import os
import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tools.site.commands import commands_page

ROOT = Path(__file__).parents[2]
DOCS = ROOT / "docs"
REPOSITORY = "https://github.com/realtimekit-python/realtimekit/blob/main/"

ROOT_PAGES = {  # file of the repository -> its page
    "ARCHITECTURE.md": "architecture.md",
    "CHANGELOG.md": "changelog.md",
    "CONTRIBUTING.md": "contributing.md",
}
GENERATED = {"commands.md": commands_page}

_FENCE = re.compile(r"^(```|~~~).*?^\1", re.MULTILINE | re.DOTALL)
_LINK = re.compile(r"(?<=\]\()(?!https?:|mailto:|#)([^)#\s]+)")


def config() -> dict[str, Any]:
    """Return `zensical.toml`."""
    project: dict[str, Any] = tomllib.loads((ROOT / "zensical.toml").read_text(encoding="utf-8"))["project"]
    return project


def navigation(entries: list[Any] | None = None, section: str = "") -> Iterator[tuple[str, str, str]]:
    """Yield the section, the title and the path of each page, in the order of the navigation."""
    for entry in config()["nav"] if entries is None else entries:
        ((title, target),) = entry.items()
        if isinstance(target, list):
            yield from navigation(target, section or title)
        else:
            yield section, title, target


def pages() -> dict[str, str]:
    """Return the Markdown of each page, by its path in the site, with links that lead to pages of the site."""
    sources = {path.relative_to(DOCS).as_posix(): path for path in sorted(DOCS.rglob("*.md"))}
    sources |= {page: ROOT / name for name, page in ROOT_PAGES.items()}
    found = {page: with_links_for(page, path.read_text(encoding="utf-8"), path) for page, path in sources.items()}
    return found | {page: make() for page, make in GENERATED.items()}


def with_links_for(page: str, text: str, source: Path) -> str:
    """Return the text of a file with links that are right on its page: to other pages, or into the repository."""

    def link(match: re.Match[str]) -> str:
        target = Path(os.path.normpath(source.parent / match[1]))
        name = target.relative_to(ROOT).as_posix()
        if target.is_relative_to(DOCS):
            wanted = target.relative_to(DOCS).as_posix()
        elif name in ROOT_PAGES:
            wanted = ROOT_PAGES[name]
        else:
            return REPOSITORY + name
        return os.path.relpath(wanted, Path(page).parent).replace(os.sep, "/")

    return outside_fences(text, lambda part: _LINK.sub(link, part))


def outside_fences(text: str, change: Any) -> str:
    """Return the text, of which everything but its code blocks was changed."""
    parts, end = [], 0
    for fence in _FENCE.finditer(text):
        parts += [change(text[end : fence.start()]), fence[0]]
        end = fence.end()
    return "".join([*parts, change(text[end:])])
