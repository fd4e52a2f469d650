"""What is wrong with a built site: links that lead nowhere, and what its pages load from elsewhere."""

from __future__ import annotations

import os
import re
from collections import Counter
from collections.abc import Iterator
from html.parser import HTMLParser
from pathlib import Path
from urllib.parse import unquote, urlsplit

# attribute -> the elements on which it loads something, rather than leads somewhere
LOADS = {
    "src": {"audio", "embed", "iframe", "img", "input", "script", "source", "track", "video"},
    "srcset": {"img", "source"},
    "href": {"link", "image", "use"},
    "xlink:href": {"image", "use"},
    "data": {"object"},
    "poster": {"video"},
}
NOT_LOADED = {"alternate", "canonical", "next", "prev", "edit"}  # values of <link rel>
_CSS_LOAD = re.compile(r"""(?:url\(\s*|@import\s+)["']?((?:https?:)?//[^"')\s]+)""", re.IGNORECASE)


class Page(HTMLParser):
    """The ids of a page, where its links lead, and what it loads."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.ids: Counter[str] = Counter()
        self.links: list[str] = []
        self.loads: list[str] = []
        self.untold: list[str] = []  # pictures without a text for those who do not see them
        self.feed(html)
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        given = {name: value or "" for name, value in attrs}
        if "id" in given:
            self.ids[given["id"]] += 1
        if tag == "a" and "href" in given:
            self.links.append(given["href"])
        if tag == "img" and "alt" not in given:
            self.untold.append(given.get("src", ""))
        self.loads += _CSS_LOAD.findall(given.get("style", ""))
        for name, tags in LOADS.items():
            if name not in given or tag not in tags:
                continue
            if tag == "link" and NOT_LOADED & set(given.get("rel", "").split()):
                continue
            values = [part.split()[0] for part in given[name].split(",") if part.strip()]
            self.loads += values if name == "srcset" else [given[name]]

    def handle_data(self, data: str) -> None:
        if self.cdata_elem == "style":
            self.loads += _CSS_LOAD.findall(data)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)


def problems(site: Path, base: str = "/") -> list[str]:
    """Return what is wrong with the site, a line each; nothing is requested.

    Args:
        site: the folder of the site.
        base: the path of its root in absolute URLs.
    """
    pages = {path: Page(path.read_text(encoding="utf-8")) for path in sorted(site.rglob("*.html"))}
    found = []
    for path, page in pages.items():
        name = path.relative_to(site).as_posix()
        found += [f"{name}: {problem}" for problem in _page_problems(path, page, (site, base), pages)]
    for path in sorted(site.rglob("*.css")):
        name = path.relative_to(site).as_posix()
        found += [f"{name}: loads {url}" for url in _CSS_LOAD.findall(path.read_text(encoding="utf-8"))]
    return found


def _page_problems(path: Path, page: Page, root: tuple[Path, str], pages: dict[Path, Page]) -> Iterator[str]:
    yield from (f"has the id {name!r} twice" for name, count in page.ids.items() if count > 1)
    yield from (f"the picture {source} has no alt text" for source in page.untold)
    for url in page.loads:
        if _is_elsewhere(url):
            yield f"loads {url}"
        elif (target := _target(path, url, *root)) is not None and not target.is_file():
            yield f"{url} does not exist"
    for url in page.links:
        target = _target(path, url, *root)
        if target is None:
            continue
        if not target.is_file():
            yield f"the link {url} leads nowhere"
        elif (anchor := unquote(urlsplit(url).fragment)) and target in pages and anchor not in pages[target].ids:
            yield f"the link {url} leads to no heading"


def _is_elsewhere(url: str) -> bool:
    return bool(urlsplit(url).netloc)


def _target(page: Path, url: str, site: Path, base: str) -> Path | None:
    """Return the file that a link of the page leads to; None if it leads out of the site."""
    parts = urlsplit(url)
    if parts.scheme or parts.netloc:
        return None
    if not parts.path:
        return page
    path = unquote(parts.path)
    if path.startswith("/") and not path.startswith(base):
        return None  # another site on the same host
    start = site if path.startswith("/") else page.parent
    target = Path(os.path.normpath(start / path.removeprefix(base)))
    return target / "index.html" if target.is_dir() else target
