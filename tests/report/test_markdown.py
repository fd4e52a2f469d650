"""The summary's Markdown: what is allowed, and what is not."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from realtimekit.report.markdown import render_markdown

from .meeting import Page

ALLOWED = {
    "a", "blockquote", "br", "code", "em", "h3", "h4", "h5", "h6", "hr", "li", "ol", "p", "pre", "strong", "table",
    "tbody", "td", "th", "thead", "tr", "ul",
}  # fmt: skip


@pytest.mark.parametrize(
    ("source", "html"),
    [
        ("# One\n## Two", "<h3>One</h3>\n<h4>Two</h4>\n"),
        ("###### Six", "<h6>Six</h6>\n"),
        ("**bold** and `code`", "<p><strong>bold</strong> and <code>code</code></p>\n"),
        ("- a\n- b", "<ul>\n<li>a</li>\n<li>b</li>\n</ul>\n"),
        (
            "[x](https://example.com)",
            '<p><a href="https://example.com" rel="noopener noreferrer nofollow">x</a></p>\n',
        ),
        ("<b>x</b>", "<p>&lt;b&gt;x&lt;/b&gt;</p>\n"),
        ("<script>alert(1)</script>", "<p>&lt;script&gt;alert(1)&lt;/script&gt;</p>\n"),
    ],
)
def test_markdown_is_render_markdown(source: str, html: str) -> None:
    assert render_markdown(source) == html


HOSTILE = (
    "[x](javascript:alert(1))",
    "[x](JaVaScRiPt:alert(1))",
    "[x](java\nscript:alert(1))",
    "[x](&#106;avascript:alert(1))",
    "[x](data:text/html,x)",
    "[x](//example.com)",
    "[x](file:///etc/passwd)",
    "<javascript:alert(1)>",
    "[x]: javascript:alert(1)\n\n[x]",
    "![x](https://example.com/x.png)",
    "![x][y]\n\n[y]: https://example.com/x.png",
    "<img src=x onerror=alert(1)>",
    "<!-- <script>alert(1)</script> -->",
    "<![CDATA[<script>]]>",
    '[x](https://example.com "\\" onclick=\\"alert(1)")',
    "```html onclick=alert(1)\n<script>alert(1)</script>\n```",
    "| a |\n|:-:|\n| <b onclick=alert(1)> |",
    '[a](https://example.com/"onclick="alert(1))',
    "# <svg/onload=alert(1)>",
)


def check(source: str) -> None:
    page = Page(render_markdown(source))
    for element in page.elements:
        assert element.tag in ALLOWED
        assert element.attributes.keys() <= {"href", "rel", "title", "class", "start"}
        if element.tag == "a":
            assert (element.attributes["href"] or "").startswith(("https://", "http://"))
            assert element.attributes["rel"] == "noopener noreferrer nofollow"


@pytest.mark.parametrize("source", HOSTILE)
def test_nothing_hostile_comes_through(source: str) -> None:
    check(source)


@given(st.lists(st.sampled_from([*HOSTILE, "\n", "\n\n", "> ", "- ", "`", "*", "](", "<", ">", "&"])).map("".join))
def test_nor_in_any_mixture(source: str) -> None:
    check(source)


@given(st.text())
def test_nor_from_any_text(source: str) -> None:
    check(source)
