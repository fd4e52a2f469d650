"""The summary, Markdown in and safe HTML out: no HTML of its own, no image, no link but to the web."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markupsafe import Markup

from realtimekit.report.text import clean, is_web_link

if TYPE_CHECKING:
    from markdown_it.token import Token


def rendered(text: str) -> Markup:
    """The HTML of a summary; its headings are below those of the page's sections."""
    parser = _parser()
    tokens = parser.parse(clean(text))
    for token in tokens:
        for one in (token, *(token.children or ())):
            _adapt(one)
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - escaped by the parser, html=False


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])
    # The library's own way to say which links are links: it looks the method up on the parser.
    setattr(parser, "validateLink", is_web_link)  # noqa: B010 - an assignment is what mypy refuses
    return parser


def _adapt(token: Token) -> None:
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(6, int(token.tag[1:]) + 2)}"
    if token.type == "link_open":
        token.attrSet("rel", "noopener noreferrer nofollow")
    token.attrs.pop("style", None)  # alignment in tables: the page's policy allows no style but its own sheet
