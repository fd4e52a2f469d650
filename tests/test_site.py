"""The documentation site: its navigation, its reference, and what `make docs` finds wrong with a page."""

from __future__ import annotations

from pathlib import Path

import pytest
from tools.site.check import problems
from tools.site.pages import DOCS, GENERATED, ROOT_PAGES, navigation


def test_every_page_is_in_the_navigation_once() -> None:
    listed = [path for _, _, path in navigation()]
    pages = [path.relative_to(DOCS).as_posix() for path in DOCS.rglob("*.md")]
    assert sorted(listed) == sorted([*pages, *GENERATED, *ROOT_PAGES.values()])


GOOD = (
    '<h1 id="a">A</h1><img src="p.png" alt=""><a href="#a"></a><a href="b.html#b"></a><a href="https://example.com/">'
)


@pytest.mark.parametrize(
    ("html", "wrong"),
    {
        GOOD: None,
        '<link rel="canonical" href="https://example.com/"><a href="/base/b.html">': None,
        '<a href="/other/x.html">': None,
        '<a href="c.html">': "the link c.html leads nowhere",
        '<a href="/base/c.html">': "the link /base/c.html leads nowhere",
        '<a href="b.html#c">': "the link b.html#c leads to no heading",
        '<a href="#c">': "the link #c leads to no heading",
        '<p id="a"><p id="a">': "has the id 'a' twice",
        '<img src="p.png">': "the picture p.png has no alt text",
        '<img src="q.png" alt="">': "q.png does not exist",
        '<script src="//cdn.example.com/a.js"></script>': "loads //cdn.example.com/a.js",
        '<link rel="stylesheet" href="https://example.com/a.css"/>': "loads https://example.com/a.css",
        '<link rel="preconnect" href="https://example.com">': "loads https://example.com",
        '<img srcset="p.png 1x, https://example.com/p.png 2x" alt="">': "loads https://example.com/p.png",
        "<p style='background: url(\"http://example.com/p.png\")'>": "loads http://example.com/p.png",
        "<style>@import 'https://example.com/a.css';</style>": "loads https://example.com/a.css",
    }.items(),
)
def test_what_is_wrong_with_a_page_is_found(html: str, wrong: str | None, tmp_path: Path) -> None:
    (tmp_path / "a.html").write_text(html, encoding="utf-8")
    (tmp_path / "b.html").write_text('<h2 id="b">B</h2>', encoding="utf-8")
    (tmp_path / "p.png").touch()
    assert problems(tmp_path, "/base/") == ([f"a.html: {wrong}"] if wrong else [])


def test_what_a_style_sheet_loads_is_found(tmp_path: Path) -> None:
    sheet = "@import url(//example.com/a.css); a { background: url(data:image/png;base64,AA) }"
    (tmp_path / "a.css").write_text(sheet, encoding="utf-8")
    assert problems(tmp_path) == ["a.css: loads //example.com/a.css"]
