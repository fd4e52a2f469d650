"""Renders the summary's Markdown as safe HTML: without raw HTML, without images, with links only to http and https."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING

from markdown_it import MarkdownIt
from markupsafe import Markup

from realtimekit.report.sanitize import clean, is_web_link

if TYPE_CHECKING:
    from markdown_it.token import Token


def render_markdown(text: str) -> Markup:
    """Return the HTML of a summary; its headings are two levels lower, below those of the page's sections."""
    parser = _parser()
    tokens = parser.parse(clean(text))
    for block in tokens:
        for token in (block, *(block.children or ())):
            _adapt(token)
    return Markup(parser.renderer.render(tokens, parser.options, {}))  # noqa: S704 - escaped by the parser, html=False


@cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(["image", "html_block", "html_inline"])
    # This is how to say which links are allowed: the library looks up the method on the parser.
    setattr(parser, "validateLink", is_web_link)  # noqa: B010 - mypy refuses an assignment
    return parser


def _adapt(token: Token) -> None:
    if token.type in {"heading_open", "heading_close"}:
        token.tag = f"h{min(6, int(token.tag[1:]) + 2)}"
    if token.type == "link_open":
        token.attrSet("rel", "noopener noreferrer nofollow")
    token.attrs.pop("style", None)  # alignment in tables: the page's policy allows only its own style sheet
