"""The site as text, for language models: each page as Markdown, `llms.txt` (which lists them) and `llms-full.txt`.

The form of `llms.txt` is that of https://llmstxt.org.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import groupby

import griffe

from tools.site.operations import CLASS_METHOD, rewrite
from tools.site.pages import ROOT, config, navigation

_DIRECTIVE = re.compile(r"^::: (\S+)\n", re.MULTILINE)
_CROSS_REFERENCE = re.compile(r"\[([^\]]+)\]\[[^\]]*\]")


def texts(pages: dict[str, str], reference: Reference) -> dict[str, str]:
    """Return the files, by their paths in the site.

    Args:
        pages: the Markdown of each page, by its path.
        reference: what the pages name with `:::`.
    """
    plain = {page: reference.expand(text) for page, text in pages.items()}
    return plain | {"llms.txt": _index(plain), "llms-full.txt": _full(plain)}


def _index(pages: dict[str, str]) -> str:
    site = config()
    lines = [f"# {site['site_name']}", "", f"> {site['site_description']}", ""]
    lines += [f"Everything below in one file: {site['site_url']}llms-full.txt", ""]
    for section, entries in groupby(navigation(), key=lambda entry: entry[0]):
        lines += [f"## {section}", ""] if section else []
        for _, _, page in entries:
            title, first = _beginning(pages[page])
            lines.append(f"- [{title}]({site['site_url']}{page})" + (f": {first}" if first else ""))
        lines.append("")
    return "\n".join(lines)


def _full(pages: dict[str, str]) -> str:
    url = config()["site_url"]
    return "\n".join(f"<!-- {url}{page} -->\n\n{pages[page].strip()}\n" for _, _, page in navigation())


def _beginning(text: str) -> tuple[str, str]:
    """Return the title of a page, and the first sentence of its text, without links."""
    title, _, rest = text.removeprefix("# ").partition("\n")
    paragraph = rest.strip().partition("\n\n")[0]
    if re.match(r"[#|~>!:-]|```", paragraph):
        return title, ""
    unlinked = re.sub(r"\[([^\]]+)\]\([^)]*\)", r"\1", " ".join(paragraph.split()))
    return title, re.split(r"(?<=\.)\s", unlinked, maxsplit=1)[0].removesuffix(":")


class Reference:
    """The classes and functions of the package, as Markdown."""

    def __init__(self) -> None:
        options = config()["plugins"]["mkdocstrings"]["handlers"]["python"]["options"]["docstring_options"]
        package = griffe.load(
            "realtimekit", search_paths=[str(ROOT / "src")], docstring_parser="google", docstring_options=options
        )
        assert isinstance(package, griffe.Module)
        rewrite(package)
        self.package = package

    def expand(self, text: str) -> str:
        """Return the text of a page with what its `:::` name."""
        described = _DIRECTIVE.sub(lambda match: "\n".join(self._describe(match[1])), text)
        return _CROSS_REFERENCE.sub(r"\1", described)

    def _describe(self, path: str) -> Iterator[str]:
        target = self.package[path.removeprefix("realtimekit.")]
        if isinstance(target, griffe.Alias):
            target = target.final_target
        if isinstance(target, griffe.Function):
            yield from self._signature(target, path, "##")
            return
        yield from [f"## {path}", ""]
        if isinstance(target, griffe.Class):
            bases = ", ".join(str(base) for base in target.bases)
            yield from ["```python", f"class {target.name}({bases})" if bases else f"class {target.name}", "```", ""]
        yield from self._docstring(target)
        for member in target.members.values():
            if member.name.startswith("_") or isinstance(member, griffe.Alias) or member.docstring is None:
                continue
            if isinstance(member, griffe.Function):
                yield from self._signature(member, f"{target.name}.{member.name}", "###")
            elif isinstance(member, griffe.Attribute):
                yield from [f"### {target.name}.{member.name}: `{member.annotation}`{_labels(member)}", ""]
                yield from self._docstring(member)

    def _signature(self, function: griffe.Function, name: str, level: str) -> Iterator[str]:
        yield from [f"{level} {name}{_labels(function)}", "", "```python", function.signature(name=name), "```", ""]
        yield from self._docstring(function)

    @staticmethod
    def _docstring(target: griffe.Object) -> Iterator[str]:
        if target.docstring is None:
            return
        yield from [target.docstring.value, ""]
        for section in target.docstring.parsed:
            if isinstance(section, griffe.DocstringSectionAttributes) and "Attributes:" not in target.docstring.value:
                for field in section.value:
                    about = f": {' '.join(field.description.split())}" if field.description else ""
                    yield f"- `{field.name}: {field.annotation}`{about}"
                yield ""


def _labels(member: griffe.Object) -> str:
    shown = sorted(label for label in member.labels if label in {CLASS_METHOD, "await if async"})
    return f" ({', '.join(shown)})" if shown else ""
